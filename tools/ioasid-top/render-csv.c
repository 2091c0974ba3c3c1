/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Comma-separated values as RFC 4180 has them: one line of names, then a line a row. What is not
 * known is empty, numbers have all their digits.
 */
#include <inttypes.h>
#include <stdio.h>

#include "json.h"
#include "render.h"

static const char *const records[KINDS] = {
	[KIND_PROCESS] = "process", [KIND_CGROUP] = "cgroup",	[KIND_USER] = "user",
	[KIND_IOAS] = "ioas",	    [KIND_DEVICE] = "device",	[KIND_PIN] = "pin",
	[KIND_POLICY] = "policy",   [KIND_MAPPING] = "mapping",
};

/* In quotes; text that is no sound UTF-8 would make the file unreadable for many. */
static void put_text(FILE *out, const char *text)
{
	putc('"', out);
	for (const unsigned char *c = (const unsigned char *)text; *c;) {
		unsigned int length = *c < 0x80 ? 1 : utf8_length(c);

		if (*c == '"')
			putc('"', out);
		if (length)
			fwrite(c, 1, length, out);
		else
			putc('?', out);
		c += length ? length : 1;
	}
	putc('"', out);
}

static void put_sizes(FILE *out, uint64_t sizes)
{
	for (; sizes; sizes &= sizes - 1)
		fprintf(out, "%" PRIu64 "%s", sizes & -sizes, sizes & (sizes - 1) ? " " : "");
}

static void put_value(FILE *out, const struct column *column, struct value value)
{
	if (!value.is_known)
		return;
	switch (column->unit) {
	case UNIT_TEXT:
		put_text(out, value.text);
		return;
	case UNIT_PERCENT:
	case UNIT_RATIO:
	case UNIT_RATE:
		fprintf(out, "%.3f", value.fraction);
		return;
	case UNIT_SIZES:
		put_sizes(out, value.number);
		return;
	default:
		fprintf(out, "%" PRIu64, value.number);
		return;
	}
}

static void put_names(FILE *out, enum view view)
{
	const struct column *column;

	fputs(view == VIEW_TREE ? "time,record,depth" : "time,record", out);
	for (size_t i = 0; (column = column_of(view, i)); i++)
		fprintf(out, ",%s", column->key);
	fputs("\r\n", out);
}

static void put_row(FILE *out, const struct table *table, const struct line *line)
{
	const struct selection *selection = table->selection;
	const struct column *column;

	fprintf(out, "%" PRIu64 ",%s", table->snapshot->time_ms, records[line->row->kind]);
	if (selection->view == VIEW_TREE)
		fprintf(out, ",%u", line->depth);
	for (size_t i = 0; (column = column_of(selection->view, i)); i++) {
		putc(',', out);
		put_value(out, column, column_value(column, table->snapshot, line->row));
	}
	fputs("\r\n", out);
}

static void show_csv(const struct writing *writing, const struct table *table)
{
	static bool is_next;

	if (!is_next)
		put_names(writing->out, table->selection->view);
	is_next = true;
	for (size_t i = 0; i < table->count; i++)
		put_row(writing->out, table, &table->line[i]);
}

const struct renderer render_csv = { .show = show_csv };
