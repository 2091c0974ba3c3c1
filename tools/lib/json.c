/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>

#include "json.h"

unsigned int utf8_length(const unsigned char *text)
{
	unsigned int length = *text >= 0xf0 ? 4 : *text >= 0xe0 ? 3 : *text >= 0xc2 ? 2 : 0;

	if (*text > 0xf4 || (*text == 0xe0 && text[1] < 0xa0) || (*text == 0xed && text[1] > 0x9f))
		return 0;
	if ((*text == 0xf0 && text[1] < 0x90) || (*text == 0xf4 && text[1] > 0x8f))
		return 0;
	for (unsigned int i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

/* Bytes that are not ASCII pass when they are well-formed UTF-8 and become '?' when not. */
static void put_string(FILE *out, const char *string)
{
	const unsigned char *text = (const unsigned char *)string;

	fputc('"', out);
	while (*text) {
		unsigned int length = *text < 0x80 ? 1 : utf8_length(text);

		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if (*text < 0x20 || *text == 0x7f)
			fprintf(out, "\\u%04x", *text);
		else if (length)
			fwrite(text, 1, length, out);
		else
			fputc('?', out);
		text += length ? length : 1;
	}
	fputc('"', out);
}

static void put_key(struct json *json, const char *key)
{
	if (json->filled)
		fputc(',', json->out);
	json->filled = true;
	if (!key)
		return;
	put_string(json->out, key);
	fputc(':', json->out);
}

static void enter(struct json *json, const char *key, char bracket)
{
	put_key(json, key);
	fputc(bracket, json->out);
	json->depth++;
	json->filled = false;
}

static void leave(struct json *json, char bracket)
{
	fputc(bracket, json->out);
	json->depth--;
	json->filled = json->depth;
	if (!json->depth)
		fputc('\n', json->out);
}

void json_open(struct json *json, const char *key)
{
	enter(json, key, '{');
}

void json_close(struct json *json)
{
	leave(json, '}');
}

void json_open_array(struct json *json, const char *key)
{
	enter(json, key, '[');
}

void json_close_array(struct json *json)
{
	leave(json, ']');
}

void json_string(struct json *json, const char *key, const char *value)
{
	put_key(json, key);
	put_string(json->out, value);
}

void json_number(struct json *json, const char *key, uint64_t value)
{
	put_key(json, key);
	fprintf(json->out, "%" PRIu64, value);
}

void json_signed(struct json *json, const char *key, int64_t value)
{
	put_key(json, key);
	fprintf(json->out, "%" PRId64, value);
}

void json_decimal(struct json *json, const char *key, double value)
{
	put_key(json, key);
	fprintf(json->out, "%.3f", value);
}

void json_bool(struct json *json, const char *key, bool value)
{
	put_key(json, key);
	fputs(value ? "true" : "false", json->out);
}

void json_null(struct json *json, const char *key)
{
	put_key(json, key);
	fputs("null", json->out);
}

void json_thousandths(struct json *json, const char *key, uint64_t value)
{
	put_key(json, key);
	fprintf(json->out, "%" PRIu64 ".%03" PRIu64, value / 1000, value % 1000);
}
