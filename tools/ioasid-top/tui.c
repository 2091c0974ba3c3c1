/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "details.h"
#include "help.h"
#include "menu.h"
#include "prompt.h"
#include "settings.h"
#include "snapshot.h"
#include "terminal.h"
#include "text.h"
#include "tool.h"
#include "tui.h"

#define NSEC_PER_SEC 1e9
#define CTRL(letter) ((letter) - '@')

/* What the keys are for. */
enum mode {
	MODE_BOARD,
	MODE_HELP,
	MODE_DETAILS,
	MODE_REFUSALS,
	MODE_SORT,
	MODE_COLUMNS,
};

/* What is asked for at the bottom. */
enum question {
	ASK_SEARCH,
	ASK_FILTER,
	ASK_DELAY,
};

/**
 * tui - all that there is
 * @selection: what is shown
 * @pid: of the command line, which the view of pins overrides
 * @settings: what W saves
 * @snapshot: the last one
 * @board: the table
 * @places: where the user is in each view, or was
 * @mode: what the keys are for
 * @page: what is read in it
 * @kind: of the row whose details are shown
 * @id: of that row
 * @menu: what is chosen in it
 * @is_shown: columns that are marked in it
 * @prompt: what is asked for
 * @question: and why
 * @filter: what selection->filter is
 * @filter_before: it began with that
 * @search: what was searched for last
 * @search_from: line at which that began
 * @before_tree: view to which 't' goes back
 * @note: said at the bottom until the next key
 * @is_paused: no snapshots by themselves
 * @is_over: end
 * @count: snapshots taken
 * @began_ns: when it began
 * @taken_ns: when the last one was
 */
static struct {
	struct selection *selection;
	uint32_t pid;
	struct settings settings;
	const struct snapshot *snapshot;
	struct board board;
	struct place places[VIEWS];
	enum mode mode;
	struct page page;
	enum kind kind;
	uint64_t id;
	struct menu menu;
	bool is_shown[SETTINGS_COLUMNS];
	struct prompt prompt;
	enum question question;
	char filter[PROMPT_MOST];
	char filter_before[PROMPT_MOST];
	char search[PROMPT_MOST];
	size_t search_from;
	enum view before_tree;
	struct settings_note note;
	bool is_paused;
	bool is_over;
	uint64_t count;
	uint64_t began_ns;
	uint64_t taken_ns;
} tui;

static void say(const char *text)
{
	snprintf(tui.note.s, sizeof(tui.note.s), "%s", text);
}

/* What is shown from the last snapshot has changed. */
static void choose(void)
{
	board_set(&tui.board, tui.snapshot, tui.selection);
}

static void take(void)
{
	tui.taken_ns = tool_now_ns();
	tui.snapshot = snapshot_take(tui.selection);
	tui.count++;
	choose();
}

/* Drawing. */

/* Returns the next free row. */
static int draw_header(void)
{
	struct header header = header_make(&tui.board.table, &tui.board.style, terminal_columns());

	for (int i = 0; i < header.count; i++)
		terminal_put(i, 0, terminal_columns(), i == header.alarm ? LOOK_ALARM : LOOK_PLAIN,
			     header.line[i]);
	return header.count;
}

static void draw_views(int row)
{
	int column = 0;

	for (enum view view = 0; view < VIEWS; view++) {
		bool is_this = view == tui.selection->view;
		char text[32];

		if (view == VIEW_TREE)
			snprintf(text, sizeof(text), " t %s ", view_name(view));
		else
			snprintf(text, sizeof(text), " %u %s ", view + 1, view_name(view));
		column = terminal_put(row, column, terminal_length(text),
				      is_this ? LOOK_KEY : LOOK_FAINT, text);
	}
}

/* At the right end of the bottom line: where the user is. Returns the column where it begins. */
static int draw_place(int row)
{
	const struct selection *selection = tui.selection;
	struct settings_note place = { "" };
	size_t length = 0;
	int width;

	if (tui.is_paused)
		length += snprintf(place.s, sizeof(place.s), " paused");
	if (selection->pid)
		length += snprintf(place.s + length, sizeof(place.s) - length, " pid:%u",
				   selection->pid);
	if (*tui.filter)
		length += snprintf(place.s + length, sizeof(place.s) - length, " filter:%s",
				   tui.filter);
	snprintf(place.s + length, sizeof(place.s) - length, " %zu/%zu",
		 tui.board.table.count ? tui.board.place.selected + 1 : 0, tui.board.table.count);
	width = terminal_length(place.s);
	if (width > terminal_columns())
		width = terminal_columns();
	terminal_put(row, terminal_columns() - width, width, LOOK_STRONG, place.s);
	return terminal_columns() - width;
}

static void draw_keys(int row, int end)
{
	static const char *const keys[][2] = {
		{ "F1", "help" },    { "/", "search" },	     { "\\", "filter" }, { "F6", "sort" },
		{ "t", "tree" },     { "Enter", "details" }, { "p", "pause" },	 { "q", "quit" },
		{ "r", "refusals" }, { "c", "columns" },     { "d", "delay" },	 { "W", "save" },
	};
	int column = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		int width = terminal_length(keys[i][0]) + terminal_length(keys[i][1]);

		if (column + width >= end)
			return;
		column = terminal_put(row, column, terminal_length(keys[i][0]), LOOK_STRONG,
				      keys[i][0]);
		column = terminal_put(row, column, terminal_length(keys[i][1]), LOOK_KEY,
				      keys[i][1]);
		column++;
	}
}

static void draw_bottom(int row)
{
	int end;

	terminal_place_cursor(-1, 0);
	if (tui.prompt.title) {
		prompt_draw(&tui.prompt, row);
		return;
	}
	if (*tui.note.s) {
		terminal_put(row, 0, terminal_columns(), LOOK_STRONG, tui.note.s);
		return;
	}
	switch (tui.mode) {
	case MODE_BOARD:
		end = draw_place(row);
		draw_keys(row, end);
		return;
	case MODE_SORT:
		terminal_put(row, 0, terminal_columns(), LOOK_KEY, "Enter: sort by it   Esc: back");
		return;
	case MODE_COLUMNS:
		terminal_put(row, 0, terminal_columns(), LOOK_KEY,
			     "Space: show or hide   Enter: done   Esc: as it was");
		return;
	default:
		terminal_put(row, 0, terminal_columns(), LOOK_KEY,
			     "Up Down PageUp PageDown: scroll   Esc q: back");
	}
}

static void draw(void)
{
	int row = 0, rows = terminal_rows() - 1;

	terminal_clear();
	if (tui.mode == MODE_HELP || tui.mode == MODE_DETAILS || tui.mode == MODE_REFUSALS) {
		page_draw(&tui.page, 0, rows);
	} else {
		row = draw_header();
		draw_views(row++);
		if (tui.mode == MODE_BOARD)
			board_draw(&tui.board, row, rows - row);
		else
			menu_draw(&tui.menu, row, rows - row);
	}
	draw_bottom(rows);
	terminal_show();
}

/* What is read is written anew with each snapshot. */
static void write_page(void)
{
	if (tui.mode == MODE_HELP)
		help_write(&tui.page, tui.selection->view);
	else if (tui.mode == MODE_DETAILS)
		details_write(&tui.page, tui.snapshot, tui.kind, tui.id, &tui.board.style);
	else if (tui.mode == MODE_REFUSALS)
		details_write_refusals(&tui.page, tui.snapshot);
}

static void open_page(enum mode mode)
{
	tui.mode = mode;
	tui.page.top = 0;
	write_page();
}

/* Views. */

static void use_view(enum view view)
{
	struct selection *selection = tui.selection;

	tui.places[selection->view] = tui.board.place;
	selection->view = view;
	selection->sort = tui.settings.sort[view];
	selection->is_inverted = tui.settings.is_inverted[view];
	tui.board.is_hidden = tui.settings.is_hidden[view];
	tui.board.place = tui.places[view];
}

static void show_view(enum view view)
{
	const struct line *line = board_line(&tui.board);
	uint32_t pid = tui.pid;

	if (view == tui.selection->view)
		return;
	if (view == VIEW_PINS && line && line->row->pid)
		pid = line->row->pid;
	if (view == VIEW_PINS && !pid) {
		say("Pins are those of a process: select one, or something of one, first");
		return;
	}
	if (view == VIEW_TREE)
		tui.before_tree = tui.selection->view;
	if (tui.before_tree == VIEW_PINS)
		tui.before_tree = VIEW_PROCESSES;
	tui.selection->pid = pid;
	use_view(view);
	if (view == VIEW_PINS || (view == VIEW_TREE && tui.selection->fold_count))
		take();
	else
		choose();
}

static void show_next_view(void)
{
	enum view view = tui.selection->view;
	const struct line *line = board_line(&tui.board);

	do
		view = (view + 1) % VIEWS;
	while (view == VIEW_PINS && !tui.pid && !(line && line->row->pid));
	show_view(view);
}

static void toggle_tree(void)
{
	if (tui.selection->view == VIEW_TREE) {
		show_view(tui.before_tree);
		return;
	}
	show_view(VIEW_TREE);
}

static void fold(bool unfold)
{
	const struct line *line = board_line(&tui.board);

	if (tui.selection->view != VIEW_TREE) {
		say("Rows are folded in the tree: t");
		return;
	}
	if (!line || !line->has_children || line->is_unfolded == unfold)
		return;
	tui.board.place.follows = true;
	selection_fold(tui.selection, line->row->kind, line->row->id, unfold);
	if (unfold && line->row->kind == KIND_IOAS)
		take();
	else
		choose();
}

/* To the address spaces, and from there to the processes. */
static void fold_all(void)
{
	struct selection *selection = tui.selection;

	selection->level = selection->level == LEVEL_IOAS ? LEVEL_PROCESS : LEVEL_IOAS;
	selection->fold_count = 0;
	tui.board.place.follows = true;
	choose();
}

/* Order. */

static void sort_by(const struct column *column)
{
	enum view view = tui.selection->view;

	tui.settings.sort[view] = tui.selection->sort = column;
	tui.settings.is_inverted[view] = tui.selection->is_inverted = false;
	choose();
}

static const struct column *sorted_by(void)
{
	const struct column *sort = tui.selection->sort;

	return sort ? sort : column_default(tui.selection->view);
}

/* By the column beside it, of those that are seen. */
static void sort_beside(int step)
{
	const struct layout *layout = &tui.board.layout;
	size_t i = 0;

	while (i < layout->count && layout->column[i] != sorted_by())
		i++;
	if (i == layout->count)
		i = step > 0 ? 0 : layout->count - 1;
	else if ((step < 0 && i) || (step > 0 && i + 1 < layout->count))
		i += step;
	if (layout->count)
		sort_by(layout->column[i]);
}

static void invert(void)
{
	enum view view = tui.selection->view;

	tui.selection->is_inverted = !tui.selection->is_inverted;
	tui.settings.is_inverted[view] = tui.selection->is_inverted;
	tui.settings.sort[view] = tui.selection->sort = sorted_by();
	choose();
}

/* Menus. */

static void open_menu(enum mode mode, const char *title, bool *is_marked)
{
	const struct column *column;

	tui.mode = mode;
	tui.menu = (struct menu){ .title = title, .is_marked = is_marked };
	for (size_t i = 0; i < MENU_MOST && (column = column_of(tui.selection->view, i)); i++) {
		tui.menu.names[i] = column->name;
		tui.menu.texts[i] = column->help;
		if (column == sorted_by())
			tui.menu.selected = i;
		tui.menu.count++;
	}
}

static void open_columns(void)
{
	const bool *is_hidden = tui.settings.is_hidden[tui.selection->view];

	for (size_t i = 0; i < SETTINGS_COLUMNS; i++)
		tui.is_shown[i] = !is_hidden[i];
	open_menu(MODE_COLUMNS, " Columns to show, where there is room", tui.is_shown);
}

static void show_columns(void)
{
	bool *is_hidden = tui.settings.is_hidden[tui.selection->view];

	if (!memchr(tui.is_shown, true, tui.menu.count)) {
		say("One column must remain");
		return;
	}
	for (size_t i = 0; i < tui.menu.count; i++)
		is_hidden[i] = !tui.is_shown[i];
}

static void type_in_menu(int key)
{
	enum menu_state state = menu_key(&tui.menu, key);

	if (state == MENU_OPEN)
		return;
	if (state == MENU_CHOSEN && tui.mode == MODE_SORT)
		sort_by(column_of(tui.selection->view, tui.menu.selected));
	if (state == MENU_CHOSEN && tui.mode == MODE_COLUMNS)
		show_columns();
	tui.mode = MODE_BOARD;
}

/* What is asked for at the bottom. */

static void ask(enum question question)
{
	char delay[32];

	tui.question = question;
	switch (question) {
	case ASK_SEARCH:
		tui.search_from = tui.board.place.selected;
		prompt_open(&tui.prompt, "Search:", "");
		return;
	case ASK_FILTER:
		strcpy(tui.filter_before, tui.filter);
		prompt_open(&tui.prompt, "Only rows with:", tui.filter);
		return;
	case ASK_DELAY:
		snprintf(delay, sizeof(delay), "%g", tui.settings.delay_ns / NSEC_PER_SEC);
		prompt_open(&tui.prompt, "Seconds between two snapshots:", delay);
	}
}

static void set_filter(const char *text)
{
	snprintf(tui.filter, sizeof(tui.filter), "%s", text);
	tui.selection->filter = *tui.filter ? tui.filter : NULL;
	choose();
}

static void set_delay(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= 0.01 && seconds <= 1e6))
		say("That is no number of seconds (0.01 or more)");
	else
		tui.settings.delay_ns = seconds * NSEC_PER_SEC;
}

static void search(size_t from, bool is_upwards)
{
	if (!*tui.search || !board_search(&tui.board, tui.search, from, is_upwards))
		say(*tui.search ? "There is no such row" : "Search with / first");
}

static void search_again(bool is_upwards)
{
	size_t count = tui.board.table.count;

	if (count)
		search(tui.board.place.selected + (is_upwards ? count - 1 : 1), is_upwards);
}

static void type_search(enum prompt_state state)
{
	bool is_found;

	if (state == PROMPT_CHANGED || state == PROMPT_DONE)
		strcpy(tui.search, tui.prompt.text);
	is_found = state != PROMPT_CANCELLED && *tui.search &&
		   board_search(&tui.board, tui.search, tui.search_from, false);
	if (!is_found)
		board_select(&tui.board, tui.search_from);
	if (!is_found && *tui.search && state == PROMPT_DONE)
		say("There is no such row");
}

static void type_in_prompt(int key)
{
	enum prompt_state state = prompt_key(&tui.prompt, key);

	if (state == PROMPT_SAME)
		return;
	if (tui.question == ASK_SEARCH)
		type_search(state);
	else if (tui.question == ASK_FILTER)
		set_filter(state == PROMPT_CANCELLED ? tui.filter_before : tui.prompt.text);
	else if (state == PROMPT_DONE)
		set_delay(tui.prompt.text);
}

/* Keys. */

static void open_details(void)
{
	const struct line *line = board_line(&tui.board);

	if (!line)
		return;
	tui.kind = line->row->kind;
	tui.id = line->row->id;
	open_page(MODE_DETAILS);
}

static void toggle_bytes(void)
{
	tui.board.style.all_digits = !tui.board.style.all_digits;
	tui.settings.all_digits = tui.board.style.all_digits;
}

/* Pins of a process that is there no more are of no use. */
static void save(void)
{
	struct settings settings = tui.settings;

	settings.view = tui.selection->view;
	if (settings.view == VIEW_PINS)
		settings.view = VIEW_PROCESSES;
	tui.note = settings_write(&settings);
}

static void type_in_page(int key)
{
	if (page_key(&tui.page, key))
		return;
	switch (key) {
	case KEYS_ESCAPE:
	case KEYS_ENTER:
	case KEYS_F10:
	case 'q':
		tui.mode = MODE_BOARD;
		return;
	case 'p':
		tui.is_paused = !tui.is_paused;
		say(tui.is_paused ? "Paused" : "");
	}
}

static void type_view_key(int key)
{
	if (key >= '1' && key <= '7')
		show_view(key - '1');
}

static void type_in_board(int key)
{
	if (board_key(&tui.board, key))
		return;
	switch (key) {
	case 'q':
	case KEYS_F10:
		tui.is_over = true;
		return;
	case 'h':
	case '?':
	case KEYS_F1:
		open_page(MODE_HELP);
		return;
	case KEYS_ENTER:
		open_details();
		return;
	case 'r':
		open_page(MODE_REFUSALS);
		return;
	case '\t':
		show_next_view();
		return;
	case 't':
	case KEYS_F5:
		toggle_tree();
		return;
	case '+':
	case KEYS_RIGHT:
		fold(true);
		return;
	case '-':
	case KEYS_LEFT:
		fold(false);
		return;
	case '*':
		fold_all();
		return;
	case '/':
	case KEYS_F3:
		ask(ASK_SEARCH);
		return;
	case 'n':
		search_again(false);
		return;
	case 'N':
		search_again(true);
		return;
	case '\\':
	case KEYS_F4:
		ask(ASK_FILTER);
		return;
	case '<':
		sort_beside(-1);
		return;
	case '>':
		sort_beside(1);
		return;
	case KEYS_F6:
		open_menu(MODE_SORT, " Sort by", NULL);
		return;
	case 'I':
		invert();
		return;
	case 'c':
	case KEYS_F2:
		open_columns();
		return;
	case 'p':
		tui.is_paused = !tui.is_paused;
		return;
	case ' ':
		take();
		return;
	case 'd':
		ask(ASK_DELAY);
		return;
	case 'b':
		toggle_bytes();
		return;
	case 'W':
		save();
		return;
	default:
		type_view_key(key);
	}
}

static void type(int key)
{
	if (key == KEYS_RESIZED || key == CTRL('L')) {
		terminal_redraw();
		return;
	}
	*tui.note.s = '\0';
	if (tui.prompt.title)
		type_in_prompt(key);
	else if (tui.mode == MODE_BOARD)
		type_in_board(key);
	else if (tui.mode == MODE_SORT || tui.mode == MODE_COLUMNS)
		type_in_menu(key);
	else
		type_in_page(key);
}

/* The first snapshot, and what is shown of it. */
static void start(const struct tui_options *options)
{
	struct settings *settings = &tui.settings;

	tui.selection = options->selection;
	tui.pid = tui.selection->pid;
	*settings = (struct settings){ .view = tui.selection->view, .delay_ns = options->delay_ns };
	tui.note = settings_read(settings);
	if (options->given & TUI_GIVEN_DELAY)
		settings->delay_ns = options->delay_ns;
	if (options->given & (TUI_GIVEN_VIEW | TUI_GIVEN_SORT))
		settings->view = tui.selection->view;
	if (options->given & TUI_GIVEN_SORT) {
		settings->sort[settings->view] = tui.selection->sort;
		settings->is_inverted[settings->view] = tui.selection->is_inverted;
	}
	settings->all_digits |= options->style.all_digits;
	snprintf(tui.filter, sizeof(tui.filter), "%s",
		 tui.selection->filter ? tui.selection->filter : "");
	if (settings->view == VIEW_PINS && !tui.pid) {
		settings->view = VIEW_PROCESSES;
		say("Whose pins? Select a process, then 6");
	}
	use_view(settings->view);
	tui.before_tree = settings->view == VIEW_TREE ? VIEW_PROCESSES : settings->view;
}

/* Until the next snapshot is due, or somebody ends it. */
static void wait_and_draw(void)
{
	for (;;) {
		uint64_t next = tui.taken_ns + tui.settings.delay_ns;
		int key;

		draw();
		key = terminal_key(tui.is_paused ? UINT64_MAX : next);
		if (key == WAIT_TIME)
			return;
		if (key == WAIT_SIGNAL)
			tui.is_over = true;
		else
			type(key);
		if (tui.is_over)
			return;
	}
}

static void sum_up(void)
{
	const struct row *all = &tui.snapshot->all;
	double seconds = (tool_now_ns() - tui.began_ns) / NSEC_PER_SEC;

	printf("ioasid-top: %" PRIu64 " snapshot%s, %.0f s: %" PRIu64 " map%s, %" PRIu64
	       " refused, %s pinned, %" PRIu64 " event%s lost\n",
	       tui.count, tui.count == 1 ? "" : "s", seconds, all->total.maps,
	       all->total.maps == 1 ? "" : "s", all->total.refused, text_size(all->pinned).s,
	       tui.snapshot->lost, tui.snapshot->lost == 1 ? "" : "s");
}

void tui_run(const struct tui_options *options)
{
	bool may_colour = !options->no_colour;

	start(options);
	tui.board.style = (struct style){ .all_digits = tui.settings.all_digits };
	terminal_open(may_colour && !tui.settings.no_colour,
		      options->style.is_ascii || tui.settings.is_ascii);
	tui.board.style.is_ascii = terminal_is_ascii();
	tui.began_ns = tool_now_ns();
	while (!tui.is_over) {
		take();
		write_page();
		if (options->count && tui.count >= options->count)
			break;
		wait_and_draw();
	}
	terminal_close();
	sum_up();
	board_free(&tui.board);
	page_free(&tui.page);
}
