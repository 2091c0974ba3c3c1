/* SPDX-License-Identifier: GPL-2.0-only */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "prompt.h"
#include "terminal.h"

void prompt_open(struct prompt *prompt, const char *title, const char *text)
{
	prompt->title = title;
	snprintf(prompt->text, sizeof(prompt->text), "%s", text);
}

static enum prompt_state erase_last(struct prompt *prompt)
{
	size_t length = strlen(prompt->text);

	if (!length)
		return PROMPT_SAME;
	/* Bytes 10xxxxxx go on with a character of UTF-8. */
	do
		length--;
	while (length && (prompt->text[length] & 0xc0) == 0x80);
	prompt->text[length] = '\0';
	return PROMPT_CHANGED;
}

static enum prompt_state append(struct prompt *prompt, int key)
{
	size_t length = strlen(prompt->text);
	mbstate_t state = { 0 };
	char bytes[MB_LEN_MAX];
	size_t count;

	if (key < ' ' || key >= KEYS_FIRST || !iswprint(key))
		return PROMPT_SAME;
	count = wcrtomb(bytes, key, &state);
	if (count > sizeof(bytes) || length + count >= sizeof(prompt->text))
		return PROMPT_SAME;
	memcpy(prompt->text + length, bytes, count);
	prompt->text[length + count] = '\0';
	return PROMPT_CHANGED;
}

enum prompt_state prompt_key(struct prompt *prompt, int key)
{
	switch (key) {
	case KEYS_ENTER:
		prompt->title = NULL;
		return PROMPT_DONE;
	case KEYS_ESCAPE:
		prompt->title = NULL;
		return PROMPT_CANCELLED;
	case KEYS_ERASE:
		return erase_last(prompt);
	case 'U' - '@': /* Ctrl-U */
		*prompt->text = '\0';
		return PROMPT_CHANGED;
	default:
		return append(prompt, key);
	}
}

void prompt_draw(const struct prompt *prompt, int row)
{
	int column = terminal_put(row, 0, terminal_length(prompt->title), LOOK_KEY, prompt->title);

	column = terminal_put(row, column + 1, terminal_columns(), LOOK_PLAIN, prompt->text);
	terminal_place_cursor(row, column);
}
