/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A line that the user types.
 */
#ifndef IOASID_TOP_PROMPT_H
#define IOASID_TOP_PROMPT_H

#include <stdbool.h>

#define PROMPT_MOST 64

/**
 * struct prompt - the line so far
 * @title: what is asked for; NULL while nothing is
 * @text: typed so far, in the locale's encoding
 */
struct prompt {
	const char *title;
	char text[PROMPT_MOST];
};

/* What became of it by a key. */
enum prompt_state {
	PROMPT_SAME,
	PROMPT_CHANGED,
	PROMPT_DONE, /* Enter */
	PROMPT_CANCELLED, /* Escape */
};

/**
 * prompt_open - ask for a line
 * @title: what for
 * @text: it begins with that
 */
void prompt_open(struct prompt *prompt, const char *title, const char *text);

/**
 * prompt_key - a key was typed
 */
enum prompt_state prompt_key(struct prompt *prompt, int key);

/**
 * prompt_draw - draw it, with the cursor at its end
 */
void prompt_draw(const struct prompt *prompt, int row);

#endif /* IOASID_TOP_PROMPT_H */
