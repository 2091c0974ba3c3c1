/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The terminal while it is ours: looks, text that cannot harm it, and keys. The only file
 * that knows of ncurses.
 */
#ifndef IOASID_TOP_TERMINAL_H
#define IOASID_TOP_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

/* How text looks. Without colours they are told apart by bold and reverse where that matters. */
enum look {
	LOOK_PLAIN,
	LOOK_STRONG,
	LOOK_FAINT,
	LOOK_GOOD,
	LOOK_FAIR,
	LOOK_BAD,
	LOOK_HEAD, /* names of columns */
	LOOK_SORTED, /* the one that rows are sorted by */
	LOOK_SELECTED,
	LOOK_ALARM,
	LOOK_KEY, /* names of keys at the bottom */
	LOOKS,
};

/* Keys that are no characters. */
enum key {
	KEYS_FIRST = 0x110000, /* beyond all of Unicode */
	KEYS_UP,
	KEYS_DOWN,
	KEYS_LEFT,
	KEYS_RIGHT,
	KEYS_PAGE_UP,
	KEYS_PAGE_DOWN,
	KEYS_HOME,
	KEYS_END,
	KEYS_ENTER,
	KEYS_ESCAPE,
	KEYS_ERASE,
	KEYS_RESIZED, /* the terminal has another size: draw all of it */
	KEYS_F1 = KEYS_FIRST + 0x100,
	KEYS_F2,
	KEYS_F3,
	KEYS_F4,
	KEYS_F5,
	KEYS_F6,
	KEYS_F7,
	KEYS_F8,
	KEYS_F9,
	KEYS_F10,
};

/* What ended a wait for a key, beside a key. */
enum {
	WAIT_TIME = -1, /* the time has come */
	WAIT_SIGNAL = -2, /* SIGINT, SIGTERM or SIGHUP, or the terminal has gone */
};

/**
 * terminal_is_able - is this one that a screen can be drawn on?
 *
 * Both standard input and output must be a terminal, and TERM one with a cursor that can be moved.
 */
bool terminal_is_able(void);

/**
 * terminal_open - take the terminal
 * @colour: use colours, if it has any
 * @ascii: use no other characters; so it is as well when the locale has none
 *
 * From here on until terminal_close(), which exit() does by itself, what is written to standard
 * error is kept, and written when the terminal is as it was again.
 */
void terminal_open(bool colour, bool ascii);

/**
 * terminal_close - give it back, as it was
 */
void terminal_close(void);

/**
 * terminal_is_ascii - are no other characters used?
 */
bool terminal_is_ascii(void);

int terminal_rows(void);
int terminal_columns(void);

/**
 * terminal_clear - begin a picture
 */
void terminal_clear(void);

/**
 * terminal_show - end it: what has changed is written
 */
void terminal_show(void);

/**
 * terminal_redraw - somebody else has written on it: draw all of it the next time
 */
void terminal_redraw(void);

/**
 * terminal_put - text in a field, cut at its end
 * @row: from 0 at the top
 * @column: from 0 at the left
 * @width: of the field; negative ones put the text to the right end
 * @look: of the whole field
 * @text: a character that does not print, or is none, shows as '?'
 *
 * Returns the column after the text, or after the field when the text is at its right end.
 */
int terminal_put(int row, int column, int width, enum look look, const char *text);

/**
 * terminal_length - columns that a text takes as terminal_put() shows it
 */
int terminal_length(const char *text);

/**
 * terminal_place_cursor - show the cursor there after terminal_show(); a negative row hides it
 */
void terminal_place_cursor(int row, int column);

/**
 * terminal_key - wait for a key
 * @deadline_ns: on CLOCK_MONOTONIC
 *
 * Returns a character, one of enum key, WAIT_TIME or WAIT_SIGNAL.
 */
int terminal_key(uint64_t deadline_ns);

#endif /* IOASID_TOP_TERMINAL_H */
