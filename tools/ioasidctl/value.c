/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "value.h"

static const struct btf_type *strip(const struct btf *btf, __u32 *id)
{
	const struct btf_type *type = btf__type_by_id(btf, *id);

	while (btf_is_mod(type) || btf_is_typedef(type)) {
		*id = type->type;
		type = btf__type_by_id(btf, *id);
	}
	return type;
}

const struct btf_type *value_type(const struct value *value)
{
	__u32 id = value->type;

	return strip(value->btf, &id);
}

bool value_is_compound(const struct value *value)
{
	const struct btf_type *type = value_type(value);

	return btf_is_composite(type) || btf_is_datasec(type);
}

static const char *type_name(const struct value *value, __u32 offset)
{
	return btf__name_by_offset(value->btf, offset);
}

static bool make_member(const struct value *value, __u32 type, size_t offset, size_t size,
			struct value *member)
{
	if (offset + size > value->size)
		return false;
	*member = (struct value){
		.btf = value->btf,
		.type = type,
		.bytes = (char *)value->bytes + offset,
		.size = size,
	};
	return true;
}

/* The variable at this place in a section; its name is the variable's. */
static bool section_member(const struct value *value, __u32 index, struct value *member,
			   const char **name)
{
	const struct btf_var_secinfo *place = btf_var_secinfos(value_type(value)) + index;
	const struct btf_type *variable = btf__type_by_id(value->btf, place->type);

	*name = type_name(value, variable->name_off);
	return make_member(value, variable->type, place->offset, place->size, member);
}

/* Returns false for what can't be shown: a bit field, or what lies outside. */
static bool member_at(const struct value *value, __u32 index, struct value *member,
		      const char **name)
{
	const struct btf_type *type = value_type(value);
	__s64 size;

	if (btf_is_datasec(type))
		return section_member(value, index, member, name);
	*name = type_name(value, btf_members(type)[index].name_off);
	size = btf__resolve_size(value->btf, btf_members(type)[index].type);
	if (btf_member_bitfield_size(type, index) || size < 0)
		return false;
	return make_member(value, btf_members(type)[index].type,
			   btf_member_bit_offset(type, index) / 8, size, member);
}

bool value_member(const struct value *value, const char *name, struct value *member)
{
	__u32 count = btf_vlen(value_type(value));
	const char *its_name;

	if (!value_is_compound(value))
		return false;
	for (__u32 i = 0; i < count; i++)
		if (member_at(value, i, member, &its_name) && !strcmp(name, its_name))
			return true;
	return false;
}

static bool is_bool(const struct btf_type *type)
{
	return btf_is_int(type) && btf_int_encoding(type) & BTF_INT_BOOL;
}

static bool is_number(const struct value *value)
{
	const struct btf_type *type = value_type(value);

	return (btf_is_int(type) || btf_is_any_enum(type)) && value->size <= sizeof(uint64_t);
}

static bool is_signed(const struct btf_type *type)
{
	return btf_is_int(type) ? btf_int_encoding(type) & BTF_INT_SIGNED : btf_kflag(type);
}

static bool is_text(const struct value *value)
{
	const struct btf_type *type = value_type(value);
	__u32 element;

	if (!btf_is_array(type))
		return false;
	element = btf_array(type)->type;
	type = strip(value->btf, &element);
	return btf_is_int(type) && type->size == 1 &&
	       (btf_int_encoding(type) & (BTF_INT_CHAR | BTF_INT_SIGNED));
}

/* Does the number survive being stored in this many bytes? */
static bool fits(uint64_t number, bool negative, bool with_sign, size_t size)
{
	unsigned int unused = 64 - 8 * size;

	if (!with_sign)
		return !negative && number << unused >> unused == number;
	return (uint64_t)((int64_t)(number << unused) >> unused) == number &&
	       ((int64_t)number < 0) == negative;
}

static bool set_bool(const struct value *value, const char *text)
{
	bool flag = !strcmp(text, "true") || !strcmp(text, "1");

	if (!flag && strcmp(text, "false") && strcmp(text, "0"))
		return false;
	memcpy(value->bytes, &flag, sizeof(flag));
	return true;
}

static bool set_number(const struct value *value, const char *text)
{
	bool with_sign = is_signed(value_type(value)), negative = false;
	uint64_t number;

	if (!number_parse(text, &number, with_sign ? &negative : NULL) ||
	    !fits(number, negative, with_sign, value->size))
		return false;
	memcpy(value->bytes, &number, value->size);
	return true;
}

static bool set_text(const struct value *value, const char *text)
{
	size_t length = strlen(text);

	if (length >= value->size)
		return false;
	memset(value->bytes, 0, value->size);
	memcpy(value->bytes, text, length);
	return true;
}

bool value_set(const struct value *value, const char *text)
{
	if (is_bool(value_type(value)))
		return set_bool(value, text);
	if (is_number(value))
		return set_number(value, text);
	return is_text(value) && set_text(value, text);
}

static uint64_t get_number(const struct value *value)
{
	unsigned int unused = 64 - 8 * value->size;
	uint64_t number = 0;

	memcpy(&number, value->bytes, value->size);
	if (is_signed(value_type(value)))
		number = (int64_t)(number << unused) >> unused;
	return number;
}

static void print_compound(const struct value *value, FILE *out)
{
	__u32 count = btf_vlen(value_type(value));
	const char *name, *blank = "";
	struct value member;

	for (__u32 i = 0; i < count; i++) {
		if (!member_at(value, i, &member, &name))
			continue;
		fprintf(out, "%s%s%s", blank, name, *name ? "=" : "");
		if (value_is_compound(&member))
			fputc('{', out);
		value_print(&member, out);
		if (value_is_compound(&member))
			fputc('}', out);
		blank = " ";
	}
}

/* The element at this place of an array. */
static bool element_at(const struct value *value, __u32 index, struct value *element)
{
	const struct btf_type *type = value_type(value);
	__s64 size = btf__resolve_size(value->btf, btf_array(type)->type);

	if (size <= 0 || index >= btf_array(type)->nelems)
		return false;
	return make_member(value, btf_array(type)->type, index * size, size, element);
}

static void print_array(const struct value *value, FILE *out)
{
	struct value element;

	for (__u32 i = 0; element_at(value, i, &element); i++) {
		if (i)
			fputc(',', out);
		value_print(&element, out);
	}
}

static void print_bytes(const struct value *value, FILE *out)
{
	for (size_t i = 0; i < value->size; i++)
		fprintf(out, "%02x", ((unsigned char *)value->bytes)[i]);
}

void value_print(const struct value *value, FILE *out)
{
	if (value_is_compound(value))
		print_compound(value, out);
	else if (is_text(value))
		fprintf(out, "%.*s", (int)value->size, (char *)value->bytes);
	else if (btf_is_array(value_type(value)))
		print_array(value, out);
	else if (!is_number(value))
		print_bytes(value, out);
	else if (is_bool(value_type(value)))
		fputs(get_number(value) ? "true" : "false", out);
	else if (is_signed(value_type(value)))
		fprintf(out, "%" PRId64, (int64_t)get_number(value));
	else
		fprintf(out, "%" PRIu64, get_number(value));
}

static void json_compound(const struct value *value, struct json *json, const char *key)
{
	__u32 count = btf_vlen(value_type(value));
	struct value member;
	const char *name;

	json_open(json, key);
	for (__u32 i = 0; i < count; i++)
		if (member_at(value, i, &member, &name))
			value_json(&member, json, name);
	json_close(json);
}

static void json_array(const struct value *value, struct json *json, const char *key)
{
	struct value element;

	json_open_array(json, key);
	for (__u32 i = 0; element_at(value, i, &element); i++)
		value_json(&element, json, NULL);
	json_close_array(json);
}

/* Text, and what is no number: as it is printed. */
static void json_printed(const struct value *value, struct json *json, const char *key)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	value_print(value, out);
	fclose(out);
	json_string(json, key, text);
	free(text);
}

void value_json(const struct value *value, struct json *json, const char *key)
{
	if (value_is_compound(value))
		json_compound(value, json, key);
	else if (btf_is_array(value_type(value)) && !is_text(value))
		json_array(value, json, key);
	else if (!is_number(value))
		json_printed(value, json, key);
	else if (is_bool(value_type(value)))
		json_bool(json, key, get_number(value));
	else if (is_signed(value_type(value)))
		json_signed(json, key, get_number(value));
	else
		json_number(json, key, get_number(value));
}
