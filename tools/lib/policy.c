/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"

#define BUILTIN "builtin"

const char *const policy_kind_names[POLICY_KINDS] = { "account", "place" };

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

static void take(struct policy_state *state, const char *name, const char *value)
{
	if (!strcmp(name, "name"))
		copy(state->name, sizeof(state->name), value);
	else if (!strcmp(name, "asked"))
		state->asked = strtoull(value, NULL, 10);
	else if (!strcmp(name, "refused"))
		state->refused = strtoull(value, NULL, 10);
	else if (!strcmp(name, "ejections"))
		state->ejections = strtoull(value, NULL, 10);
	else if (!strcmp(name, "last_exit"))
		copy(state->last_exit, sizeof(state->last_exit), value);
}

static FILE *open_file(enum policy_kind kind)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/misc/ioasid/policy/%s", policy_kind_names[kind]);
	return fopen(path, "r");
}

int policy_state_read(enum policy_kind kind, struct policy_state *state)
{
	FILE *file = open_file(kind);
	char line[512];

	*state = (struct policy_state){ .name = BUILTIN, .last_exit = "none" };
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		char *value = strchr(line, ' ');

		line[strcspn(line, "\n")] = '\0';
		if (!value)
			continue;
		*value++ = '\0';
		take(state, line, value);
	}
	fclose(file);
	return 0;
}

/* "policy NAME STATE EPOCH ASKED REFUSED"; returns false for another line. */
static bool parse_attached(const char *line, struct policy_attached *attached)
{
	return sscanf(line, "policy %15s %7s %u %" SCNu64 " %" SCNu64, attached->name,
		      attached->state, &attached->epoch, &attached->asked, &attached->refused) == 5;
}

int policy_attached_read(enum policy_kind kind,
			 struct policy_attached attached[POLICY_ATTACHED_MOST])
{
	FILE *file = open_file(kind);
	char line[512];
	int count = 0;

	if (!file)
		return -errno;
	while (count < POLICY_ATTACHED_MOST && fgets(line, sizeof(line), file)) {
		attached[count].kind = kind;
		count += parse_attached(line, &attached[count]);
	}
	fclose(file);
	return count;
}

bool policy_attached_find(enum policy_kind kind, const char *name, struct policy_attached *attached)
{
	struct policy_attached all[POLICY_ATTACHED_MOST];
	int count = policy_attached_read(kind, all);

	for (int i = 0; i < count; i++) {
		if (strcmp(all[i].name, name))
			continue;
		*attached = all[i];
		return true;
	}
	return false;
}

bool policy_is_builtin(const struct policy_state *state)
{
	return !strcmp(state->name, BUILTIN);
}
