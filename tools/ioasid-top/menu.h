/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Some things of which one is chosen, or several are marked.
 */
#ifndef IOASID_TOP_MENU_H
#define IOASID_TOP_MENU_H

#include <stdbool.h>
#include <stddef.h>

#define MENU_MOST 64

/**
 * struct menu - what there is to choose from
 * @title: what for
 * @count: of items
 * @names: of these
 * @texts: what they mean
 * @is_marked: if not NULL: which ones are; Space changes it
 * @selected: where the user is
 * @top: the first one that is seen
 */
struct menu {
	const char *title;
	size_t count;
	const char *names[MENU_MOST];
	const char *texts[MENU_MOST];
	bool *is_marked;
	size_t selected;
	size_t top;
};

/* What became of it by a key. */
enum menu_state {
	MENU_OPEN,
	MENU_CHOSEN,
	MENU_CANCELLED,
};

/**
 * menu_key - a key was typed
 */
enum menu_state menu_key(struct menu *menu, int key);

/**
 * menu_draw - on the screen's rows from @row on, @rows of them
 */
void menu_draw(struct menu *menu, int row, int rows);

#endif /* IOASID_TOP_MENU_H */
