/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/btf.h>
#include <stdio.h>
#include <string.h>

#include "constants.h"
#include "tool.h"
#include "value.h"

bool constants_are(const char *map)
{
	size_t length = strlen(map);

	return length >= 7 && !strcmp(map + length - 7, ".rodata");
}

static struct bpf_map *rodata_map(struct bpf_object *object)
{
	struct bpf_map *map = NULL;

	while ((map = bpf_object__next_map(object, map)))
		if (constants_are(bpf_map__name(map)))
			return map;
	return NULL;
}

/* Returns false when there is none of this name. */
static bool find(struct bpf_object *object, const char *name, struct value *constant)
{
	struct btf *btf = bpf_object__btf(object);
	struct bpf_map *map = rodata_map(object);
	__s32 id = btf ? btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC) : -1;
	struct value section = { .btf = btf, .type = id };

	if (!map || id < 0)
		return false;
	section.bytes = bpf_map__initial_value(map, &section.size);
	return value_member(&section, name, constant);
}

void constant_set(struct bpf_object *object, const char *assignment)
{
	const char *text = strchr(assignment, '=');
	struct value constant;
	char name[128];

	if (!text)
		tool_die("--set takes NAME=VALUE, not '%s'", assignment);
	snprintf(name, sizeof(name), "%.*s", (int)(text - assignment), assignment);
	text++;
	if (!find(object, name, &constant))
		tool_die("the policy has no constant '%s' (const volatile in its source)", name);
	if (!value_set(&constant, text))
		tool_die("'%s' is no value for the constant '%s' of %zu bytes", text, name,
			 constant.size);
}
