/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text to read, longer than the screen maybe.
 */
#ifndef IOASID_TOP_PAGE_H
#define IOASID_TOP_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "terminal.h"

/**
 * struct page - lines
 * @count: how many
 * @lines: these
 * @top: the first one that is seen
 * @seen: how many were, when it was drawn last
 */
struct page {
	size_t count;
	struct page_line *lines;
	size_t top;
	size_t seen;
};

/**
 * page_clear - begin to write it anew; where it was scrolled to stays
 */
void page_clear(struct page *page);

/**
 * page_add - a line
 */
void page_add(struct page *page, enum look look, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * page_key - scroll, if it is a key for that
 */
bool page_key(struct page *page, int key);

/**
 * page_draw - on the screen's rows from @row on, @rows of them
 */
void page_draw(struct page *page, int row, int rows);

void page_free(struct page *page);

#endif /* IOASID_TOP_PAGE_H */
