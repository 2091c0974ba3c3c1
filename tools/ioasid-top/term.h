/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text of unknown origin for a terminal: sound UTF-8 or ASCII, nothing that a terminal acts on.
 */
#ifndef IOASID_TOP_TERM_H
#define IOASID_TOP_TERM_H

#include <stdbool.h>
#include <stddef.h>

/**
 * term_text - as much of it as fits; what does not show becomes '?'
 * @most: characters; 0: any number
 */
void term_text(char *to, size_t size, const char *from, unsigned int most, bool is_ascii);

/**
 * term_tail - the same, but of a text that is too long its end, with a mark before it
 */
void term_tail(char *to, size_t size, const char *from, unsigned int most, bool is_ascii);

/**
 * text_columns - how many characters wide a sound text is on a terminal
 */
unsigned int text_columns(const char *text);

/**
 * term_has_utf8 - does the locale say so?
 */
bool term_has_utf8(void);

#endif /* IOASID_TOP_TERM_H */
