/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "page.h"
#include "tool.h"

struct page_line {
	enum look look;
	char *text;
};

void page_clear(struct page *page)
{
	for (size_t i = 0; i < page->count; i++)
		free(page->lines[i].text);
	page->count = 0;
}

void page_add(struct page *page, enum look look, const char *format, ...)
{
	struct page_line line = { .look = look };
	va_list args;

	page->lines = reallocarray(page->lines, page->count + 1, sizeof(line));
	va_start(args, format);
	if (!page->lines || vasprintf(&line.text, format, args) < 0)
		tool_die("no memory for a page");
	va_end(args);
	page->lines[page->count++] = line;
}

static size_t last_top(const struct page *page)
{
	return page->count > page->seen ? page->count - page->seen : 0;
}

static void scroll(struct page *page, long lines)
{
	size_t most = last_top(page);

	if (lines < 0 && page->top < (size_t)-lines)
		page->top = 0;
	else
		page->top += lines;
	if (page->top > most)
		page->top = most;
}

bool page_key(struct page *page, int key)
{
	switch (key) {
	case KEYS_UP:
	case 'k':
		scroll(page, -1);
		return true;
	case KEYS_DOWN:
	case 'j':
		scroll(page, 1);
		return true;
	case KEYS_PAGE_UP:
		scroll(page, -(long)page->seen);
		return true;
	case KEYS_PAGE_DOWN:
	case ' ':
		scroll(page, page->seen);
		return true;
	case KEYS_HOME:
		page->top = 0;
		return true;
	case KEYS_END:
		page->top = last_top(page);
		return true;
	default:
		return false;
	}
}

void page_draw(struct page *page, int row, int rows)
{
	page->seen = rows > 0 ? rows : 0;
	scroll(page, 0);
	for (int i = 0; i < rows && page->top + i < page->count; i++) {
		const struct page_line *line = &page->lines[page->top + i];

		terminal_put(row + i, 0, terminal_columns(), line->look, line->text);
	}
}

void page_free(struct page *page)
{
	page_clear(page);
	free(page->lines);
	page->lines = NULL;
}
