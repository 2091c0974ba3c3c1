/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "sample.h"
#include "tool.h"

struct name {
	uint64_t number;
	char text[];
};

static void *users;
static void *cgroups;

static int compare(const void *a, const void *b)
{
	const struct name *left = a, *right = b;

	return (left->number > right->number) - (left->number < right->number);
}

static const char *known(void *const *names, uint64_t number)
{
	const struct name wanted = { .number = number };
	struct name *const *found = tfind(&wanted, names, compare);

	return found ? (*found)->text : NULL;
}

static const char *keep(void **names, uint64_t number, const char *text)
{
	struct name *name = malloc(sizeof(*name) + strlen(text) + 1);

	if (!name)
		tool_die("no memory for names");
	name->number = number;
	strcpy(name->text, text);
	if (!tsearch(name, names, compare))
		tool_die("no memory for names");
	return name->text;
}

const char *name_of_user(uint32_t uid)
{
	const char *name = known(&users, uid);
	char number[16];

	if (name)
		return name;
	snprintf(number, sizeof(number), "%u", uid);
	name = probe_user(uid);
	return keep(&users, uid, name ? name : number);
}

const char *name_of_cgroup(uint64_t cgroup)
{
	const char *name = known(&cgroups, cgroup);
	char number[32];

	if (name)
		return name;
	snprintf(number, sizeof(number), "#%" PRIu64, cgroup);
	name = probe_cgroup(cgroup);
	return keep(&cgroups, cgroup, name ? name : number);
}

void names_end(void)
{
	tdestroy(users, free);
	tdestroy(cgroups, free);
	users = cgroups = NULL;
}
