/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How policies left, as the module keeps it: the last eight of each kind. For programs in C, which
 * need nothing but this header.
 */
#ifndef IOASID_EXIT_H
#define IOASID_EXIT_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define IOASID_POLICY_DIRECTORY "/sys/class/misc/ioasid/policy"
#define IOASID_EXITS_MOST 8

/**
 * struct ioasid_policy_exit - how one policy left
 * @at: when, in seconds since 1970
 * @policy: its name
 * @kind: why, in one word: unregistered, operator, invalid_iova, ...; docs/policies.md has all
 * @code: the value that was wrong, or the policy's own
 * @asked: decisions that it was asked for
 * @refused: of these, refused
 * @text: why, in words
 * @dump: the request that brought it to light; may be empty
 */
struct ioasid_policy_exit {
	int64_t at;
	char policy[16];
	char kind[24];
	int64_t code;
	uint64_t asked;
	uint64_t refused;
	char text[128];
	char dump[256];
};

/* "exit SECONDS NAME KIND CODE ASKED REFUSED TEXT"; returns 0 for another line. */
static inline int ioasid_policy_exit_parse(const char *line, struct ioasid_policy_exit *exit)
{
	long long at, code;
	unsigned long long asked, refused;
	int text = 0;

	memset(exit, 0, sizeof(*exit));
	if (sscanf(line, "exit %lld %15s %23s %lld %llu %llu %n", &at, exit->policy, exit->kind,
		   &code, &asked, &refused, &text) < 6)
		return 0;
	exit->at = at;
	exit->code = code;
	exit->asked = asked;
	exit->refused = refused;
	if (text)
		snprintf(exit->text, sizeof(exit->text), "%.127s", line + text);
	return 1;
}

/**
 * ioasid_policy_exits - how the last policies left, the newest first
 * @kind: "account" or "place"
 * @exits: filled
 *
 * Returns how many there are, or a negative errno.
 */
static inline int ioasid_policy_exits(const char *kind,
				      struct ioasid_policy_exit exits[IOASID_EXITS_MOST])
{
	char path[64], line[512];
	int count = 0;
	FILE *file;

	snprintf(path, sizeof(path), IOASID_POLICY_DIRECTORY "/%s_exits", kind);
	file = fopen(path, "r");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (count && !strncmp(line, "dump ", 5))
			snprintf(exits[count - 1].dump, sizeof(exits[0].dump), "%.255s", line + 5);
		else if (count < IOASID_EXITS_MOST)
			count += ioasid_policy_exit_parse(line, &exits[count]);
	}
	fclose(file);
	return count;
}

/**
 * ioasid_policy_last_exit - how the last policy of this name left
 * @kind: "account" or "place"
 * @name: of the policy
 * @exit: filled
 *
 * Returns 0, -ENOENT when it has not left or that is not kept any more, or another negative errno.
 */
static inline int ioasid_policy_last_exit(const char *kind, const char *name,
					  struct ioasid_policy_exit *exit)
{
	struct ioasid_policy_exit exits[IOASID_EXITS_MOST];
	int count = ioasid_policy_exits(kind, exits);

	for (int i = 0; i < count; i++) {
		if (strcmp(exits[i].policy, name))
			continue;
		*exit = exits[i];
		return 0;
	}
	return count < 0 ? count : -ENOENT;
}

#endif /* IOASID_EXIT_H */
