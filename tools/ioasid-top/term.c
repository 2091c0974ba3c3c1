/* SPDX-License-Identifier: GPL-2.0-only */
#include <langinfo.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "term.h"

/**
 * struct glyph - one character of a text
 * @length: bytes of the text that it takes
 * @columns: on a terminal
 * @is_good: it can be shown as it is
 */
struct glyph {
	size_t length;
	unsigned int columns;
	bool is_good;
};

static struct glyph next_glyph(const char *text, bool is_ascii)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t length;

	if ((unsigned char)*text < 0x80)
		return (struct glyph){ 1, 1, *text >= ' ' && *text != 0x7f };
	length = is_ascii ? (size_t)-1 : mbrtowc(&c, text, strlen(text), &state);
	if (length > 4)
		return (struct glyph){ 1, 1, false };
	if (!iswprint(c) || wcwidth(c) < 1)
		return (struct glyph){ length, 1, false };
	return (struct glyph){ length, wcwidth(c), true };
}

void term_text(char *to, size_t size, const char *from, unsigned int most, bool is_ascii)
{
	unsigned int columns = 0;

	while (*from) {
		struct glyph glyph = next_glyph(from, is_ascii);

		columns += glyph.columns;
		if ((most && columns > most) || size <= glyph.length)
			break;
		memcpy(to, glyph.is_good ? from : "?", glyph.is_good ? glyph.length : 1);
		to += glyph.is_good ? glyph.length : 1;
		size -= glyph.length;
		from += glyph.length;
	}
	*to = '\0';
}

void term_tail(char *to, size_t size, const char *from, unsigned int most, bool is_ascii)
{
	unsigned int columns = 0;

	for (const char *at = from; *at; at += next_glyph(at, is_ascii).length)
		columns += next_glyph(at, is_ascii).columns;
	if (!most || columns <= most || size < 8) {
		term_text(to, size, from, most, is_ascii);
		return;
	}
	for (; *from && columns > most - 1; from += next_glyph(from, is_ascii).length)
		columns -= next_glyph(from, is_ascii).columns;
	strcpy(to, is_ascii ? "<" : "\u2026");
	term_text(to + strlen(to), size - strlen(to), from, most - 1, is_ascii);
}

unsigned int text_columns(const char *text)
{
	unsigned int columns = 0;

	while (*text) {
		struct glyph glyph = next_glyph(text, false);

		columns += glyph.columns;
		text += glyph.length;
	}
	return columns;
}

bool term_has_utf8(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}
