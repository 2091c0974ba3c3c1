/* SPDX-License-Identifier: GPL-2.0-only */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "terminal.h"

/* Of the alarm: from here on pressure is worth a look. */
#define FAIR_PART 0.75

static size_t find_row(const struct table *table, enum kind kind, uint64_t id)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->line[i].row->kind == kind && table->line[i].row->id == id)
			return i;
	return table->count;
}

static void keep_inside(struct board *board)
{
	size_t count = board->table.count;

	if (board->place.selected >= count)
		board->place.selected = count ? count - 1 : 0;
}

static void remember(struct board *board)
{
	const struct line *line = board_line(board);

	if (!line)
		return;
	board->place.kind = line->row->kind;
	board->place.id = line->row->id;
}

void board_set(struct board *board, const struct snapshot *snapshot,
	       const struct selection *selection)
{
	size_t found;

	table_free(&board->table);
	board->table = table_make(snapshot, selection);
	found = find_row(&board->table, board->place.kind, board->place.id);
	if (board->place.follows && found < board->table.count)
		board->place.selected = found;
	keep_inside(board);
	remember(board);
}

const struct line *board_line(const struct board *board)
{
	if (board->place.selected >= board->table.count)
		return NULL;
	return &board->table.line[board->place.selected];
}

void board_select(struct board *board, size_t number)
{
	board->place.selected = number;
	board->place.follows = true;
	keep_inside(board);
	remember(board);
}

static void move(struct board *board, size_t lines, bool is_upwards)
{
	if (!is_upwards)
		board_select(board, board->place.selected + lines);
	else
		board_select(board,
			     board->place.selected > lines ? board->place.selected - lines : 0);
}

bool board_key(struct board *board, int key)
{
	switch (key) {
	case KEYS_UP:
	case 'k':
		move(board, 1, true);
		return true;
	case KEYS_DOWN:
	case 'j':
		move(board, 1, false);
		return true;
	case KEYS_PAGE_UP:
		move(board, board->seen, true);
		return true;
	case KEYS_PAGE_DOWN:
		move(board, board->seen, false);
		return true;
	case KEYS_HOME:
		board_select(board, 0);
		return true;
	case KEYS_END:
		board_select(board, board->table.count);
		return true;
	default:
		return false;
	}
}

static bool line_has(const struct board *board, const struct line *line, const char *text)
{
	enum view view = board->table.selection->view;
	const struct column *column;

	for (size_t i = 0; (column = column_of(view, i)); i++) {
		if (column->unit != UNIT_TEXT && column->unit != UNIT_ID)
			continue;
		if (strcasestr(column_text(column, board->table.snapshot, line->row, &board->style,
					   0)
				       .s,
			       text))
			return true;
	}
	return false;
}

bool board_search(struct board *board, const char *text, size_t from, bool is_upwards)
{
	size_t count = board->table.count;

	for (size_t i = 0; i < count; i++) {
		size_t number = is_upwards ? from + count - i : from + i;

		number %= count;
		if (!line_has(board, &board->table.line[number], text))
			continue;
		board_select(board, number);
		return true;
	}
	return false;
}

static size_t column_number(enum view view, const struct column *column)
{
	size_t i = 0;

	while (column_of(view, i) && column_of(view, i) != column)
		i++;
	return i;
}

/* Take out what is hidden. */
static void drop_hidden(const struct board *board, struct layout *layout)
{
	enum view view = board->table.selection->view;
	size_t count = 0;

	layout->total = -1;
	for (size_t i = 0; i < layout->count; i++) {
		if (board->is_hidden[column_number(view, layout->column[i])])
			continue;
		layout->column[count] = layout->column[i];
		layout->width[count] = layout->width[i];
		layout->total += abs(layout->width[count++]) + 1;
	}
	layout->count = count;
}

static bool hides_any(const struct board *board)
{
	for (size_t i = 0; board->is_hidden && column_of(board->table.selection->view, i); i++)
		if (board->is_hidden[i])
			return true;
	return false;
}

/*
 * What is hidden makes room for others: ask for the columns of a wider screen, as wide as is still
 * right when they are gone.
 */
static struct layout fit(const struct board *board)
{
	const struct table *table = &board->table;
	int columns = terminal_columns();
	int wider = 2 * columns;
	struct layout layout;

	if (!hides_any(board))
		return layout_fit(table->snapshot, table->selection->view, &board->style, columns);
	do {
		layout = layout_fit(table->snapshot, table->selection->view, &board->style, wider);
		drop_hidden(board, &layout);
	} while (layout.total > columns && wider-- > columns);
	return layout;
}

static void draw_names(const struct board *board, int row)
{
	const struct selection *selection = board->table.selection;
	const struct column *sort = selection->sort ? selection->sort :
						      column_default(selection->view);
	int column = 0;

	terminal_put(row, 0, terminal_columns(), LOOK_HEAD, "");
	for (size_t i = 0; i < board->layout.count; i++) {
		const struct column *this = board->layout.column[i];
		int width = board->layout.width[i];

		terminal_put(row, column, -width, this == sort ? LOOK_SORTED : LOOK_HEAD,
			     this->name);
		column += abs(width) + 1;
	}
}

static enum look look_of(const struct column *column, const struct row *row)
{
	if (strcmp(column->key, "pressure") || isnan(row->pressure))
		return LOOK_PLAIN;
	if (row->pressure >= table_alarm)
		return LOOK_BAD;
	return row->pressure >= table_alarm * FAIR_PART ? LOOK_FAIR : LOOK_GOOD;
}

static void draw_line(const struct board *board, size_t number, int row)
{
	const struct line *line = &board->table.line[number];
	const struct layout *layout = &board->layout;
	bool is_selected = number == board->place.selected;
	int column = 0;

	if (is_selected)
		terminal_put(row, 0, terminal_columns(), LOOK_SELECTED, "");
	for (size_t i = 0; i < layout->count; i++) {
		int width = layout->width[i];
		struct cell cell = table_text(&board->table, line, layout->column[i], &board->style,
					      abs(width));

		terminal_put(row, column, -width,
			     is_selected ? LOOK_SELECTED : look_of(layout->column[i], line->row),
			     cell.s);
		column += abs(width) + 1;
	}
}

static void scroll_to_selected(struct board *board)
{
	size_t count = board->table.count;

	if (board->place.top + board->seen > count)
		board->place.top = count > board->seen ? count - board->seen : 0;
	if (board->place.selected < board->place.top)
		board->place.top = board->place.selected;
	if (board->seen && board->place.selected >= board->place.top + board->seen)
		board->place.top = board->place.selected - board->seen + 1;
}

void board_draw(struct board *board, int row, int rows)
{
	board->layout = fit(board);
	board->seen = rows > 1 ? rows - 1 : 0;
	scroll_to_selected(board);
	if (rows > 0)
		draw_names(board, row);
	for (size_t i = 0; i < board->seen && board->place.top + i < board->table.count; i++)
		draw_line(board, board->place.top + i, row + 1 + i);
}

void board_free(struct board *board)
{
	table_free(&board->table);
}
