/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ways to write tables one after another. All show the same rows, in the same order.
 */
#ifndef IOASID_TOP_RENDER_H
#define IOASID_TOP_RENDER_H

#include "table.h"

/**
 * struct writing - where to, and how
 * @out: where to
 * @style: of cells in a table
 * @width: of a table's lines, 0: as wide as it gets
 * @is_once: nothing follows the first table
 */
struct writing {
	FILE *out;
	struct style style;
	int width;
	bool is_once;
};

/**
 * struct renderer - one way
 * @start: once, before the first; may be NULL
 * @show: a table
 * @replaces: each table is a whole file, which replaces the one before
 */
struct renderer {
	void (*start)(const struct writing *writing);
	void (*show)(const struct writing *writing, const struct table *table);
	bool replaces;
};

extern const struct renderer render_table;
extern const struct renderer render_json;
extern const struct renderer render_csv;
extern const struct renderer render_prometheus; /* Prometheus's text format */
extern const struct renderer render_openmetrics; /* OpenMetrics 1.0 */

#endif /* IOASID_TOP_RENDER_H */
