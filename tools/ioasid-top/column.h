/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Columns: what a row's cells are called, mean and look like, in whatever form they are shown.
 */
#ifndef IOASID_TOP_COLUMN_H
#define IOASID_TOP_COLUMN_H

#include <stdio.h>

#include "snapshot.h"

/* What a cell holds, which says how it is written and ordered. */
enum unit {
	UNIT_TEXT, /* text */
	UNIT_BOOL, /* number: 0 or 1 */
	UNIT_ID, /* number, which is a name */
	UNIT_ADDRESS, /* number, likewise */
	UNIT_COUNT, /* number */
	UNIT_BYTES, /* number */
	UNIT_NS, /* number */
	UNIT_MOMENT, /* number: milliseconds since the epoch */
	UNIT_PERCENT, /* fraction */
	UNIT_RATIO, /* fraction */
	UNIT_RATE, /* fraction: per second */
	UNIT_SIZES, /* number: a bitmap of powers of two, in bytes */
};

/**
 * struct value - what is in a cell
 * @is_known: false when there is nothing: '-', null, an empty field
 */
struct value {
	bool is_known;
	union {
		const char *text;
		uint64_t number;
		double fraction;
	};
};

/**
 * struct column - a column
 * @name: at its head: "PINNED"
 * @key: in JSON and CSV: "pinned"
 * @help: what it means, a line of at most 64 characters
 * @unit: what its cells hold
 * @width: in a table, at least; negative ones align to the left
 * @most: the same, at most; 0: no more than @width
 * @kinds: rows that have it, a bitmap
 * @offset: of what it shows in struct row, if that is a field
 * @get: how to get it, if not
 */
struct column {
	const char *name;
	const char *key;
	const char *help;
	enum unit unit;
	int width;
	int most;
	unsigned int kinds;
	size_t offset;
	struct value (*get)(const struct snapshot *snapshot, const struct row *row);
};

/**
 * struct style - how cells look
 * @all_digits: sizes in bytes
 * @is_ascii: no characters beyond ASCII
 */
struct style {
	bool all_digits;
	bool is_ascii;
};

/* A cell's text, sound UTF-8 (or ASCII) without control characters, whatever was in it. */
struct cell {
	char s[1024];
};

/**
 * column_find - the column of a view that a user calls so: its name or key, in any case; NULL when
 * there is none
 */
const struct column *column_find(enum view view, const char *name);

/**
 * column_of - the columns of a view one after another, from the left; NULL after the last
 */
const struct column *column_of(enum view view, size_t index);

/**
 * column_of_kind - the columns of a row of its own, which JSON has whatever the view
 */
const struct column *column_of_kind(enum kind kind, size_t index);

/**
 * column_has - has the row this column at all? In the tree some have not
 */
bool column_has(const struct column *column, const struct row *row);

/**
 * column_compare - order two rows by a column: amounts from the largest on, text and numbers that
 * are names from the smallest on, what is not known last
 * @invert: the other way round, but for what is not known
 */
int column_compare(const struct column *column, const struct snapshot *snapshot,
		   const struct row *a, const struct row *b, bool invert);

/**
 * column_default - what a view is sorted by when nobody says otherwise
 */
const struct column *column_default(enum view view);

/**
 * column_value - what is in the cell
 */
struct value column_value(const struct column *column, const struct snapshot *snapshot,
			  const struct row *row);

/**
 * column_text - what a table has in the cell: at most @width characters wide, without padding
 * @width: 0: as wide as it is
 */
struct cell column_text(const struct column *column, const struct snapshot *snapshot,
			const struct row *row, const struct style *style, unsigned int width);

/**
 * column_list - print the columns of a view with their help, a line each
 */
void column_list(enum view view, FILE *out);

/**
 * struct layout - the columns of a table, in order, with a blank between any two
 * @count: how many
 * @column: these
 * @width: of each; negative ones align to the left. The first column with text takes what is left
 * @total: characters of a line
 */
struct layout {
	size_t count;
	const struct column *column[64];
	int width[64];
	int total;
};

/**
 * layout_fit - the most important columns of a view that fit into a line; at least one
 * @line: characters of a line; 0: all columns
 */
struct layout layout_fit(const struct snapshot *snapshot, enum view view, const struct style *style,
			 int line);

#endif /* IOASID_TOP_COLUMN_H */
