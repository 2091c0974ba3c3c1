/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/btf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "constants.h"
#include "tool.h"

/* A constant: its type, and its bytes in the image of .rodata that will be loaded. */
struct constant {
	const struct btf_type *type;
	void *bytes;
	size_t size;
};

static struct bpf_map *rodata_map(struct bpf_object *object)
{
	struct bpf_map *map = NULL;

	while ((map = bpf_object__next_map(object, map))) {
		const char *name = bpf_map__name(map);
		size_t length = strlen(name);

		if (length >= 7 && !strcmp(name + length - 7, ".rodata"))
			return map;
	}
	return NULL;
}

static const struct btf_type *strip(const struct btf *btf, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (btf_is_mod(type) || btf_is_typedef(type))
		type = btf__type_by_id(btf, type->type);
	return type;
}

/* Returns false when there is none of this name. */
static bool find(struct bpf_object *object, const char *name, struct constant *constant)
{
	struct btf *btf = bpf_object__btf(object);
	struct bpf_map *map = rodata_map(object);
	__s32 id = btf ? btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC) : -1;
	const struct btf_var_secinfo *place;
	const struct btf_type *section;
	size_t size;
	char *image;

	if (!map || id < 0)
		return false;
	image = bpf_map__initial_value(map, &size);
	section = btf__type_by_id(btf, id);
	place = btf_var_secinfos(section);
	for (__u32 i = 0; i < btf_vlen(section); i++, place++) {
		const struct btf_type *variable = btf__type_by_id(btf, place->type);

		if (strcmp(btf__name_by_offset(btf, variable->name_off), name) ||
		    place->offset + place->size > size)
			continue;
		*constant = (struct constant){
			.type = strip(btf, variable->type),
			.bytes = image + place->offset,
			.size = place->size,
		};
		return true;
	}
	return false;
}

static bool parse_number(const char *text, bool is_signed, int64_t *value)
{
	char *end;

	if (!*text || (*text == '-' && !is_signed))
		return false;
	errno = 0;
	*value = is_signed ? strtoll(text, &end, 0) : (int64_t)strtoull(text, &end, 0);
	return !errno && !*end;
}

/* Does the value survive being stored in this many bytes? */
static bool fits(int64_t value, bool is_signed, size_t size)
{
	unsigned int unused = 64 - 8 * size;

	if (is_signed)
		return (int64_t)((uint64_t)value << unused) >> unused == value;
	return (uint64_t)value << unused >> unused == (uint64_t)value;
}

static bool set_bool(struct constant *constant, const char *text)
{
	bool value = !strcmp(text, "true") || !strcmp(text, "1");

	if (!value && strcmp(text, "false") && strcmp(text, "0"))
		return false;
	memcpy(constant->bytes, &value, sizeof(value));
	return true;
}

static bool set_integer(struct constant *constant, const char *text)
{
	bool is_signed = btf_is_int(constant->type) ?
				 btf_int_encoding(constant->type) & BTF_INT_SIGNED :
				 btf_kflag(constant->type);
	int64_t value;

	if (constant->size > sizeof(value) || !parse_number(text, is_signed, &value) ||
	    !fits(value, is_signed, constant->size))
		return false;
	memcpy(constant->bytes, &value, constant->size);
	return true;
}

static bool set_text(struct constant *constant, const char *text)
{
	size_t length = strlen(text);

	if (length >= constant->size)
		return false;
	memset(constant->bytes, 0, constant->size);
	memcpy(constant->bytes, text, length);
	return true;
}

static bool is_text(const struct btf *btf, const struct btf_type *type)
{
	return btf_is_array(type) && strip(btf, btf_array(type)->type)->size == 1;
}

static bool set(const struct btf *btf, struct constant *constant, const char *text)
{
	if (btf_is_int(constant->type) && btf_int_encoding(constant->type) & BTF_INT_BOOL)
		return set_bool(constant, text);
	if (btf_is_int(constant->type) || btf_is_any_enum(constant->type))
		return set_integer(constant, text);
	return is_text(btf, constant->type) && set_text(constant, text);
}

void constant_set(struct bpf_object *object, const char *assignment)
{
	const char *value = strchr(assignment, '=');
	struct constant constant;
	char name[128];

	if (!value)
		tool_die("--set takes NAME=VALUE, not '%s'", assignment);
	snprintf(name, sizeof(name), "%.*s", (int)(value - assignment), assignment);
	value++;
	if (!find(object, name, &constant))
		tool_die("the policy has no constant '%s' (const volatile in its source)", name);
	if (!set(bpf_object__btf(object), &constant, value))
		tool_die("'%s' is no value for the constant '%s' of %zu bytes", value, name,
			 constant.size);
}
