/* SPDX-License-Identifier: GPL-2.0-only */
#define NCURSES_WIDECHAR 1
#include <errno.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termcap.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "terminal.h"
#include "tool.h"

#define NSEC_PER_MSEC 1000000ULL
#define ESCAPE_MS 25 /* what follows ESC within this time belongs to it */

static struct {
	bool is_open;
	bool has_colours;
	bool is_ascii;
	int signals;
	int stderr_before;
	FILE *kept; /* what was written to stderr */
	int cursor_row;
	int cursor_column;
	attr_t looks[LOOKS];
} terminal = {
	.signals = -1,
};

/* Foreground, background (-1: the terminal's own), and what is added to them; then without. */
static const struct {
	short ink;
	short paper;
	attr_t more;
	attr_t without;
} paints[LOOKS] = {
	[LOOK_PLAIN] = { -1, -1, A_NORMAL, A_NORMAL },
	[LOOK_STRONG] = { -1, -1, A_BOLD, A_BOLD },
	[LOOK_FAINT] = { -1, -1, A_DIM, A_NORMAL },
	[LOOK_GOOD] = { COLOR_GREEN, -1, A_NORMAL, A_NORMAL },
	[LOOK_FAIR] = { COLOR_YELLOW, -1, A_NORMAL, A_NORMAL },
	[LOOK_BAD] = { COLOR_RED, -1, A_BOLD, A_BOLD },
	[LOOK_HEAD] = { COLOR_BLACK, COLOR_GREEN, A_NORMAL, A_REVERSE },
	[LOOK_SORTED] = { COLOR_BLACK, COLOR_CYAN, A_NORMAL, A_REVERSE | A_BOLD },
	[LOOK_SELECTED] = { COLOR_BLACK, COLOR_CYAN, A_NORMAL, A_REVERSE },
	[LOOK_ALARM] = { COLOR_WHITE, COLOR_RED, A_BOLD, A_REVERSE | A_BOLD },
	[LOOK_KEY] = { COLOR_BLACK, COLOR_CYAN, A_NORMAL, A_REVERSE },
};

bool terminal_is_able(void)
{
	const char *name = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || !name)
		return false;
	return tgetent(NULL, name) == 1 && tgetstr("cm", NULL) && tgetstr("cl", NULL);
}

/* What is said while the screen is ours would be drawn into it. */
static void keep_stderr(void)
{
	terminal.kept = tmpfile();
	if (!terminal.kept)
		return;
	fflush(stderr);
	terminal.stderr_before = dup(STDERR_FILENO);
	dup2(fileno(terminal.kept), STDERR_FILENO);
}

static void release_stderr(void)
{
	char text[512];
	size_t length;

	if (!terminal.kept)
		return;
	fflush(stderr);
	dup2(terminal.stderr_before, STDERR_FILENO);
	close(terminal.stderr_before);
	rewind(terminal.kept);
	while ((length = fread(text, 1, sizeof(text), terminal.kept)))
		fwrite(text, 1, length, stderr);
	fclose(terminal.kept);
	terminal.kept = NULL;
}

static void set_looks(void)
{
	for (short look = 0; look < LOOKS; look++) {
		terminal.looks[look] = paints[look].without;
		if (!terminal.has_colours)
			continue;
		init_pair(look + 1, paints[look].ink, paints[look].paper);
		terminal.looks[look] = COLOR_PAIR(look + 1) | paints[look].more;
	}
}

/* Blocked, and read as they come, so that none can come between looking and waiting. */
static void catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	terminal.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (terminal.signals < 0)
		tool_die("signals cannot be read: %m");
}

void terminal_open(bool colour, bool ascii)
{
	static bool is_registered;

	setlocale(LC_CTYPE, "");
	if (!newterm(NULL, stdout, stdin))
		tool_die("the terminal '%s' is not known; try: ioasid-top -b", getenv("TERM"));
	terminal.is_open = true;
	if (!is_registered)
		atexit(terminal_close);
	is_registered = true;
	keep_stderr();
	catch_signals();
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	terminal.is_ascii = ascii || strcmp(nl_langinfo(CODESET), "UTF-8");
	terminal.has_colours = colour && has_colors() && start_color() == OK;
	if (terminal.has_colours)
		use_default_colors();
	set_looks();
	terminal_place_cursor(-1, 0);
}

void terminal_close(void)
{
	if (!terminal.is_open)
		return;
	terminal.is_open = false;
	endwin();
	close(terminal.signals);
	release_stderr();
}

bool terminal_is_ascii(void)
{
	return terminal.is_ascii;
}

int terminal_rows(void)
{
	return LINES;
}

int terminal_columns(void)
{
	return COLS;
}

void terminal_clear(void)
{
	erase();
}

void terminal_show(void)
{
	curs_set(terminal.cursor_row >= 0);
	if (terminal.cursor_row >= 0)
		move(terminal.cursor_row, terminal.cursor_column);
	refresh();
}

void terminal_redraw(void)
{
	clearok(stdscr, TRUE);
}

void terminal_place_cursor(int row, int column)
{
	terminal.cursor_row = row;
	terminal.cursor_column = column;
}

/* The next character of a text as it may be shown, and how long it is in the text; 0 at its end. */
static size_t next_character(const char *text, wchar_t *character)
{
	mbstate_t state = { 0 };
	size_t length;

	if (!*text)
		return 0;
	length = mbrtowc(character, text, strnlen(text, MB_LEN_MAX), &state);
	if (length > MB_LEN_MAX) {
		*character = L'?';
		return 1;
	}
	if (!iswprint(*character) || wcwidth(*character) < 1)
		*character = L'?';
	if (terminal.is_ascii && *character > 0x7e)
		*character = L'?';
	return length;
}

int terminal_length(const char *text)
{
	wchar_t character;
	size_t length;
	int width = 0;

	for (; (length = next_character(text, &character)); text += length)
		width += wcwidth(character);
	return width;
}

static void fill(int row, int column, int width)
{
	if (width > 0)
		mvhline(row, column, ' ' | getattrs(stdscr), width);
}

int terminal_put(int row, int column, int width, enum look look, const char *text)
{
	int end, at = column;
	wchar_t character;
	size_t length;

	if (row < 0 || row >= LINES || column >= COLS)
		return column;
	end = column + abs(width) < COLS ? column + abs(width) : COLS;
	attrset(terminal.looks[look]);
	fill(row, column, end - column);
	if (width < 0 && terminal_length(text) < end - column)
		at = end - terminal_length(text);
	for (; (length = next_character(text, &character)); text += length) {
		if (at + wcwidth(character) > end)
			break;
		mvaddnwstr(row, at, &character, 1);
		at += wcwidth(character);
	}
	attrset(A_NORMAL);
	return at;
}

static int translate(wint_t key)
{
	/* clang-format off */
	static const struct {
		wint_t from;
		int to;
	} keys[] = {
		{ KEY_UP, KEYS_UP }, { KEY_DOWN, KEYS_DOWN }, { KEY_LEFT, KEYS_LEFT },
		{ KEY_RIGHT, KEYS_RIGHT }, { KEY_PPAGE, KEYS_PAGE_UP },
		{ KEY_NPAGE, KEYS_PAGE_DOWN }, { KEY_HOME, KEYS_HOME }, { KEY_END, KEYS_END },
		{ KEY_FIND, KEYS_HOME }, { KEY_SELECT, KEYS_END }, { KEY_ENTER, KEYS_ENTER },
		{ KEY_BACKSPACE, KEYS_ERASE }, { KEY_RESIZE, KEYS_RESIZED },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].from == key)
			return keys[i].to;
	if (key >= KEY_F(1) && key <= KEY_F(10))
		return KEYS_F1 + key - KEY_F(1);
	return 0;
}

/* What was typed and not yet read; ERR when nothing was. */
static int read_key(void)
{
	wint_t key;

	switch (get_wch(&key)) {
	case ERR:
		return ERR;
	case KEY_CODE_YES:
		return translate(key);
	}
	switch (key) {
	case '\r':
	case '\n':
		return KEYS_ENTER;
	case 0x1b:
		return KEYS_ESCAPE;
	case 0x08:
	case 0x7f:
		return KEYS_ERASE;
	default:
		return key;
	}
}

static int time_left_ms(uint64_t deadline_ns)
{
	uint64_t now = tool_now_ns();
	uint64_t left = deadline_ns > now ? (deadline_ns - now) / NSEC_PER_MSEC + 1 : 0;

	return left < 1000000 ? left : 1000000;
}

int terminal_key(uint64_t deadline_ns)
{
	struct pollfd files[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = terminal.signals, .events = POLLIN },
	};

	for (;;) {
		int left = time_left_ms(deadline_ns);
		int key = read_key();

		if (key != ERR)
			return key;
		if (poll(files, 2, left) < 0 && errno != EINTR)
			return WAIT_SIGNAL;
		if (files[1].revents || files[0].revents & (POLLHUP | POLLERR | POLLNVAL))
			return WAIT_SIGNAL;
		if (!left && !files[0].revents)
			return WAIT_TIME;
		files[0].revents = files[1].revents = 0;
	}
}
