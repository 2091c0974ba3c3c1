/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table: the rows of a snapshot that a selection chooses, in its order.
 */
#ifndef IOASID_TOP_TABLE_H
#define IOASID_TOP_TABLE_H

#include "column.h"
#include "term.h"

/**
 * struct line - a row with its place in the table
 * @row: what is shown
 * @depth: in the tree, 0 at its root; 0 in other views
 * @has_children: there is, or can be, something below it
 * @is_unfolded: and that follows
 * @is_last: of its siblings
 * @is_alarm: its pressure is at or above the alarm
 */
struct line {
	const struct row *row;
	unsigned int depth;
	bool has_children;
	bool is_unfolded;
	bool is_last;
	bool is_alarm;
};

/**
 * struct table - lines, which live as long as the snapshot and the selection
 * @count: lines
 * @line: these
 * @all: rows of the view before filter and pid; of the tree: processes
 */
struct table {
	const struct snapshot *snapshot;
	const struct selection *selection;
	size_t count;
	struct line *line;
	size_t all;
};

/* Pressure in percent from which on a limit is near; may be changed. */
extern double table_alarm;

/**
 * table_make - choose and order
 */
struct table table_make(const struct snapshot *snapshot, const struct selection *selection);

void table_free(struct table *table);

/**
 * table_text - column_text() of a line: the tree's first column with text is indented, and has
 * "+ " or "- " before what has something below it
 */
struct cell table_text(const struct table *table, const struct line *line,
		       const struct column *column, const struct style *style, unsigned int width);

/* Lines that a header has at most. */
#define HEADER_MOST 5

/**
 * struct header - what stands above a table
 * @count: lines
 * @line: these, each at most as wide as was asked for
 * @alarm: which of them is the alarm, -1 when there is none
 */
struct header {
	int count;
	int alarm;
	char line[HEADER_MOST][512];
};

/**
 * header_make - totals, rates, policies, versions, the tool's cost, what is lost; then what is
 * there seldom: ejections, and the alarm
 * @width: characters of a line
 */
struct header header_make(const struct table *table, const struct style *style, unsigned int width);

#endif /* IOASID_TOP_TABLE_H */
