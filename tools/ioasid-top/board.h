/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table on the screen: scrolled, with a line that is selected.
 */
#ifndef IOASID_TOP_BOARD_H
#define IOASID_TOP_BOARD_H

#include "table.h"

/**
 * struct place - where the user is in a table
 * @selected: number of the selected line
 * @top: number of the first line that is seen
 * @follows: the selection stays on its row, wherever that goes: since the user moved it
 * @kind: of that row
 * @id: of that row
 */
struct place {
	size_t selected;
	size_t top;
	bool follows;
	enum kind kind;
	uint64_t id;
};

/**
 * struct board - a table on the screen
 * @table: what there is
 * @layout: its columns on this screen
 * @style: of cells
 * @is_hidden: columns that the user doesn't want, numbered as column_of() does; NULL: none
 * @place: where the user is
 * @seen: how many lines were, when it was drawn last
 */
struct board {
	struct table table;
	struct layout layout;
	struct style style;
	const bool *is_hidden;
	struct place place;
	size_t seen;
};

/**
 * board_set - another snapshot, or another choice from the same one
 */
void board_set(struct board *board, const struct snapshot *snapshot,
	       const struct selection *selection);

/**
 * board_line - the selected line, NULL when there is none
 */
const struct line *board_line(const struct board *board);

/**
 * board_select - go to a line
 */
void board_select(struct board *board, size_t number);

/**
 * board_key - move, if it is a key for that
 */
bool board_key(struct board *board, int key);

/**
 * board_search - go to the next line with a text in it, case ignored
 * @from: the first line that is looked at; after the last comes the first
 * @is_upwards: go upwards from there
 *
 * Returns false, and stays, when there is none.
 */
bool board_search(struct board *board, const char *text, size_t from, bool is_upwards);

/**
 * board_draw - on the screen's rows from @row on, @rows of them
 */
void board_draw(struct board *board, int row, int rows);

void board_free(struct board *board);

#endif /* IOASID_TOP_BOARD_H */
