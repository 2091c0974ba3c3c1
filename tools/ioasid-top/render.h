/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ways to show a snapshot.
 */
#ifndef IOASID_TOP_RENDER_H
#define IOASID_TOP_RENDER_H

#include "snapshot.h"

/**
 * struct renderer - one way
 * @start: once, before the first; may be NULL
 * @show: each snapshot
 */
struct renderer {
	void (*start)(void);
	void (*show)(const struct snapshot *snapshot);
};

extern const struct renderer render_table;
extern const struct renderer render_bytes; /* the table with all digits, as wide as it gets */
extern const struct renderer render_screen; /* the table, each on a cleared terminal */
extern const struct renderer render_json;

/**
 * render_column - the column of a view that a user calls so, COLUMNS when there is none
 */
enum column render_column(enum view view, const char *name);

/**
 * render_list_columns - print what the columns of a view are called, a line each
 */
void render_list_columns(enum view view);

#endif /* IOASID_TOP_RENDER_H */
