/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Values: bytes with a BTF type, of constants and of maps.
 */
#ifndef IOASIDCTL_VALUE_H
#define IOASIDCTL_VALUE_H

#include <bpf/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "json.h"

/**
 * struct value - bytes and what they are
 * @btf: has the type
 * @type: number of the type
 * @bytes: size of these
 */
struct value {
	const struct btf *btf;
	__u32 type;
	void *bytes;
	size_t size;
};

/**
 * value_type - its type, without typedefs, const and volatile
 */
const struct btf_type *value_type(const struct value *value);

/**
 * value_is_compound - has it members, as a struct, a union and a section of variables have?
 */
bool value_is_compound(const struct value *value);

/**
 * value_member - the member of this name
 *
 * Returns false when there is none, or it is a bit field.
 */
bool value_member(const struct value *value, const char *name, struct value *member);

/**
 * value_set - store what the text says: a number, true, false, or text for an array of char
 *
 * Returns false when it says nothing that fits.
 */
bool value_set(const struct value *value, const char *text);

/**
 * value_print - on one line: a number, true, text, or "name=value name=value"
 */
void value_print(const struct value *value, FILE *out);

/**
 * value_json - the same as a member @key of what is open, NULL in an array
 */
void value_json(const struct value *value, struct json *json, const char *key);

#endif /* IOASIDCTL_VALUE_H */
