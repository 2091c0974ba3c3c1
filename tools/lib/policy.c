/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
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

int policy_state_read(enum policy_kind kind, struct policy_state *state)
{
	char path[64], line[512];
	FILE *file;

	*state = (struct policy_state){ .name = BUILTIN, .last_exit = "none" };
	snprintf(path, sizeof(path), "/sys/class/misc/ioasid/policy/%s", policy_kind_names[kind]);
	file = fopen(path, "r");
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

bool policy_is_builtin(const struct policy_state *state)
{
	return !strcmp(state->name, BUILTIN);
}
