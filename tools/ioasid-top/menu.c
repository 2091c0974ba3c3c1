/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include "menu.h"
#include "terminal.h"

enum menu_state menu_key(struct menu *menu, int key)
{
	switch (key) {
	case KEYS_UP:
	case 'k':
		menu->selected -= menu->selected > 0;
		return MENU_OPEN;
	case KEYS_DOWN:
	case 'j':
		menu->selected += menu->selected + 1 < menu->count;
		return MENU_OPEN;
	case KEYS_HOME:
	case KEYS_PAGE_UP:
		menu->selected = 0;
		return MENU_OPEN;
	case KEYS_END:
	case KEYS_PAGE_DOWN:
		menu->selected = menu->count - 1;
		return MENU_OPEN;
	case ' ':
		if (menu->is_marked)
			menu->is_marked[menu->selected] ^= true;
		return MENU_OPEN;
	case KEYS_ENTER:
		return MENU_CHOSEN;
	case KEYS_ESCAPE:
	case 'q':
		return MENU_CANCELLED;
	default:
		return MENU_OPEN;
	}
}

static void draw_item(const struct menu *menu, size_t item, int row)
{
	enum look look = item == menu->selected ? LOOK_SELECTED : LOOK_PLAIN;
	const char *mark = "";
	char text[160];

	if (menu->is_marked)
		mark = menu->is_marked[item] ? "[x] " : "[ ] ";
	snprintf(text, sizeof(text), " %s%-10s %s", mark, menu->names[item], menu->texts[item]);
	terminal_put(row, 0, terminal_columns(), look, text);
}

void menu_draw(struct menu *menu, int row, int rows)
{
	size_t seen = rows > 1 ? rows - 1 : 1;

	if (menu->selected < menu->top)
		menu->top = menu->selected;
	if (menu->selected >= menu->top + seen)
		menu->top = menu->selected - seen + 1;
	terminal_put(row, 0, terminal_columns(), LOOK_HEAD, menu->title);
	for (size_t i = 0; i < seen && menu->top + i < menu->count; i++)
		draw_item(menu, menu->top + i, row + 1 + i);
}
