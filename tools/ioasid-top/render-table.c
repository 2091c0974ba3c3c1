/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>

#include "render.h"

/* A line that is being written: blanks wait until something follows them. */
struct pen {
	FILE *out;
	int blanks;
};

static void put_cell(struct pen *pen, const char *text, int width)
{
	int blanks = abs(width) - (int)text_columns(text);

	if (blanks < 0)
		blanks = 0;
	if (width > 0)
		pen->blanks += blanks;
	if (*text) {
		fprintf(pen->out, "%*s%s", pen->blanks, "", text);
		pen->blanks = 0;
	}
	pen->blanks += width < 0 ? blanks + 1 : 1;
}

static void put_line(const struct writing *writing, const struct table *table,
		     const struct layout *layout, const struct line *line)
{
	struct pen pen = { .out = writing->out };

	for (size_t i = 0; i < layout->count; i++)
		put_cell(&pen,
			 table_text(table, line, layout->column[i], &writing->style,
				    abs(layout->width[i]))
				 .s,
			 layout->width[i]);
	putc('\n', writing->out);
}

static void put_names(const struct writing *writing, const struct layout *layout)
{
	struct pen pen = { .out = writing->out };

	for (size_t i = 0; i < layout->count; i++)
		put_cell(&pen, layout->column[i]->name, layout->width[i]);
	putc('\n', writing->out);
}

static void show_table(const struct writing *writing, const struct table *table)
{
	static bool is_next;
	struct layout layout = layout_fit(table->snapshot, table->selection->view, &writing->style,
					  writing->width);
	struct header header = header_make(table, &writing->style, writing->width);

	if (is_next)
		putc('\n', writing->out);
	is_next = true;
	for (int i = 0; i < header.count; i++)
		fprintf(writing->out, "%s\n", header.line[i]);
	put_names(writing, &layout);
	for (size_t i = 0; i < table->count; i++)
		put_line(writing, table, &layout, &table->line[i]);
}

const struct renderer render_table = { .show = show_table };
