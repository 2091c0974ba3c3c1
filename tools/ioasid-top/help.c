/* SPDX-License-Identifier: GPL-2.0-only */
#include "help.h"

static const char *const keys[] = {
	"1 ... 7     processes, cgroups, users, address spaces, devices, pins, policies",
	"Tab         the next of these; pins are those of the selected process",
	"t F5        tree: cgroup > process > address space > mapping, and back",
	"+ - * Right Left   unfold, fold; unfold all to the address spaces, and back",
	"Enter       details of the selected row: history, and what it was refused",
	"r           what was refused, whoever it was",
	"/ F3 n N    search as you type; the next one, the one before",
	"\\ F4        filter: only rows with this text; an empty one shows all",
	"< > F6      sort by the column to the left, to the right; choose one",
	"I           the other way round",
	"c F2        choose columns; Space marks those that are shown",
	"p           pause, and go on",
	"Space       another snapshot now",
	"d           seconds between two snapshots",
	"b           sizes in bytes, and back",
	"W           save view, order, columns, delay and b; nothing is saved otherwise",
	"Up Down PageUp PageDown Home End   move; j and k too",
	"Esc q F10   back; from a table q and F10 end ioasid-top, Ctrl-C does anywhere",
};

void help_write(struct page *page, enum view view)
{
	const struct column *column;

	page_clear(page);
	page_add(page, LOOK_STRONG, "Keys");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		page_add(page, LOOK_PLAIN, "%s", keys[i]);
	page_add(page, LOOK_PLAIN, "%s", "");
	page_add(page, LOOK_STRONG, "Columns of the view '%s'; the more the wider the screen is",
		 view_name(view));
	for (size_t i = 0; (column = column_of(view, i)); i++)
		page_add(page, LOOK_PLAIN, "%-11s %s", column->name, column->help);
	page_add(page, LOOK_PLAIN, "%s", "");
	page_add(page, LOOK_PLAIN,
		 "PRESS%% is red from %g on; a line at the top says then who it is", table_alarm);
	page_add(page, LOOK_PLAIN, "Sizes are in units of 1024 bytes. man ioasid-top has more.");
}
