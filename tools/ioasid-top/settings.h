/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the user wants to find again the next time, in $XDG_CONFIG_HOME/ioasid/top or
 * ~/.config/ioasid/top.
 */
#ifndef IOASID_TOP_SETTINGS_H
#define IOASID_TOP_SETTINGS_H

#include "column.h"

/* Columns that a view has at most. */
#define SETTINGS_COLUMNS 64

/**
 * struct settings - what is saved
 * @view: shown first
 * @delay_ns: between two snapshots
 * @all_digits: sizes in bytes
 * @is_ascii: no other characters
 * @no_colour: no colours
 * @sort: what each view is sorted by; NULL: the view's own
 * @is_inverted: and whether the other way round
 * @is_hidden: columns that are not shown, numbered as column_of() does
 */
struct settings {
	enum view view;
	uint64_t delay_ns;
	bool all_digits;
	bool is_ascii;
	bool no_colour;
	const struct column *sort[VIEWS];
	bool is_inverted[VIEWS];
	bool is_hidden[VIEWS][SETTINGS_COLUMNS];
};

struct settings_note {
	char s[256];
};

/**
 * settings_read - read them, if there are any
 * @settings: changed when all of the file makes sense, and else left as they are
 *
 * Returns what the user should know, or an empty note.
 */
struct settings_note settings_read(struct settings *settings);

/**
 * settings_write - save them
 *
 * Returns what came of it, for the user.
 */
struct settings_note settings_write(const struct settings *settings);

#endif /* IOASID_TOP_SETTINGS_H */
