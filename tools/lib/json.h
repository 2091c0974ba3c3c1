/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON, one object a line, written as it comes. Commas and quotes are its business; that what is
 * opened gets closed is the caller's.
 */
#ifndef TOOLS_LIB_JSON_H
#define TOOLS_LIB_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	unsigned int depth;
	bool filled; /* the innermost object or array has something in it */
};

/* In an array the key is NULL, and for the object that is the line itself. */
void json_open(struct json *json, const char *key);
void json_close(struct json *json);
void json_open_array(struct json *json, const char *key);
void json_close_array(struct json *json);

void json_string(struct json *json, const char *key, const char *value);
void json_number(struct json *json, const char *key, uint64_t value);
void json_signed(struct json *json, const char *key, int64_t value);
void json_decimal(struct json *json, const char *key,
		  double value); /* three digits after the point */
void json_thousandths(struct json *json, const char *key, uint64_t value); /* value / 1000 */
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

/* Bytes of the character, which is not ASCII, that the text begins with; 0 when it is not sound. */
unsigned int utf8_length(const unsigned char *text);

#endif /* TOOLS_LIB_JSON_H */
