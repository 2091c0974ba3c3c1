/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>

#include "render.h"

/* Blanks are on the side that the width says; none at the end of a line. */
static void put_cell(FILE *out, const char *text, int width, bool is_last)
{
	int blanks = abs(width) - (int)text_columns(text);

	if (width > 0 && blanks > 0)
		fprintf(out, "%*s", blanks, "");
	fputs(text, out);
	if (is_last)
		putc('\n', out);
	else
		fprintf(out, "%*s", width < 0 && blanks > 0 ? blanks + 1 : 1, "");
}

static void put_line(const struct writing *writing, const struct table *table,
		     const struct layout *layout, const struct line *line)
{
	for (size_t i = 0; i < layout->count; i++) {
		struct cell cell = table_text(table, line, layout->column[i], &writing->style,
					      abs(layout->width[i]));

		put_cell(writing->out, cell.s, layout->width[i], i + 1 == layout->count);
	}
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
	for (size_t i = 0; i < layout.count; i++)
		put_cell(writing->out, layout.column[i]->name, layout.width[i],
			 i + 1 == layout.count);
	for (size_t i = 0; i < table->count; i++)
		put_line(writing, table, &layout, &table->line[i]);
}

const struct renderer render_table = { .show = show_table };
