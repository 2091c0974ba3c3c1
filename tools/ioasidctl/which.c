/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "tool.h"
#include "which.h"

static void die_of_state(enum policy_kind kind, int error)
{
	tool_die("the state of the %s policies cannot be read: %s; the loaded ioasid module is "
		 "probably of another version",
		 policy_kind_names[kind], strerror(-error));
}

void which_state(enum policy_kind kind, struct policy_state *state)
{
	int error = policy_state_read(kind, state);

	if (error)
		die_of_state(kind, error);
}

int which_all(struct policy_attached **attached)
{
	int count = 0;

	*attached = calloc(POLICY_KINDS * POLICY_ATTACHED_MOST, sizeof(**attached));
	if (!*attached)
		tool_die("no memory");
	for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++) {
		int more = policy_attached_read(kind, *attached + count);

		if (more < 0)
			die_of_state(kind, more);
		count += more;
	}
	return count;
}

static bool is_default_of(const struct policy_attached *policy, const char *which)
{
	return !strcmp(which, policy_kind_names[policy->kind]) && !strcmp(policy->state, "default");
}

static bool find(const char *which, struct policy_attached *found)
{
	struct policy_attached *all;
	int count = which_all(&all), i;

	for (i = 0; i < count && !is_default_of(&all[i], which); i++)
		;
	if (i == count)
		for (i = 0; i < count && strcmp(which, all[i].name); i++)
			;
	if (i < count)
		*found = all[i];
	free(all);
	return i < count;
}

void which_one(const char *which, struct policy_attached *attached)
{
	if (find(which, attached))
		return;
	for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++)
		if (!strcmp(which, policy_kind_names[kind]))
			tool_die("no %s policy is loaded", which);
	tool_die("there is no policy '%s'; 'ioasidctl policy list' shows what is loaded", which);
}
