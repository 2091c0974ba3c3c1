/* SPDX-License-Identifier: GPL-2.0-only */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "details.h"
#include "sparkline.h"
#include "text.h"

/* Of a cell with its column's name, two in a line. */
#define NAME_WIDTH 11
#define FIELD_WIDTH 40

/* The last ones; a page has all of everybody's. */
#define REFUSALS_IN_DETAILS 5

static const char *const kind_words[KINDS] = {
	[KIND_PROCESS] = "process",    [KIND_CGROUP] = "cgroup",   [KIND_USER] = "user",
	[KIND_IOAS] = "address space", [KIND_DEVICE] = "device",   [KIND_PIN] = "pin",
	[KIND_POLICY] = "policy",      [KIND_MAPPING] = "mapping",
};

static void write_title(struct page *page, const struct row *row)
{
	const char *word = kind_words[row->kind];

	switch (row->kind) {
	case KIND_PROCESS:
		page_add(page, LOOK_STRONG, "%s %u: %s%s", word, row->pid, row->name,
			 row->exited ? ", which has ended; its pages are still in use" : "");
		return;
	case KIND_IOAS:
		page_add(page, LOOK_STRONG, "%s %llu of process %u: %s", word,
			 (unsigned long long)row->ioas, row->pid, row->command);
		return;
	case KIND_PIN:
		page_add(page, LOOK_STRONG, "%s %llu of process %u: %s", word,
			 (unsigned long long)row->pin, row->pid, row->command);
		return;
	case KIND_MAPPING:
		page_add(page, LOOK_STRONG, "%s at %#llx of address space %llu", word,
			 (unsigned long long)row->iova, (unsigned long long)row->ioas);
		return;
	default:
		page_add(page, LOOK_STRONG, "%s %s", word, row->name);
	}
}

/* Two in a line; long ones have one to themselves. */
static void write_cells(struct page *page, const struct snapshot *snapshot, const struct row *row,
			const struct style *style)
{
	const struct column *column, *left = NULL;
	struct cell left_cell;

	for (size_t i = 0; (column = column_of_kind(row->kind, i)); i++) {
		struct cell cell = column_text(column, snapshot, row, style, 0);

		if (NAME_WIDTH + 1 + terminal_length(cell.s) >= FIELD_WIDTH) {
			page_add(page, LOOK_PLAIN, "%-*s %s", NAME_WIDTH, column->name, cell.s);
		} else if (!left) {
			left = column;
			left_cell = cell;
		} else {
			int gap = FIELD_WIDTH - NAME_WIDTH - 1 - terminal_length(left_cell.s);

			page_add(page, LOOK_PLAIN, "%-*s %s%*s%-*s %s", NAME_WIDTH, left->name,
				 left_cell.s, gap, "", NAME_WIDTH, column->name, cell.s);
			left = NULL;
		}
	}
	if (left)
		page_add(page, LOOK_PLAIN, "%-*s %s", NAME_WIDTH, left->name, left_cell.s);
}

static enum look look_of_pressure(const struct row *row)
{
	if (isnan(row->pressure))
		return LOOK_PLAIN;
	return row->pressure >= table_alarm ? LOOK_BAD : LOOK_GOOD;
}

static void write_history(struct page *page, const struct row *row, const struct style *style)
{
	const struct history *history = row->history;
	uint64_t least = UINT64_MAX, most = 0;
	size_t count = history->count, room = terminal_columns() > 0 ? terminal_columns() : 1;
	const uint64_t *values;

	if (!count)
		return;
	if (count > room)
		count = room;
	values = history->pinned + history->count - count;
	for (size_t i = 0; i < count; i++) {
		least = values[i] < least ? values[i] : least;
		most = values[i] > most ? values[i] : most;
	}
	page_add(page, LOOK_PLAIN, "%s", "");
	page_add(page, LOOK_STRONG, "%s in %zu snapshot%s: from %s to %s",
		 row->kind == KIND_IOAS ? "Mapped" : "Pinned", count, count == 1 ? "" : "s",
		 text_size(least).s, text_size(most).s);
	page_add(page, look_of_pressure(row), "%s",
		 sparkline(values, count, most, style->is_ascii).s);
}

static bool concerns(const struct refusal *refusal, const struct row *row)
{
	switch (row->kind) {
	case KIND_PROCESS:
	case KIND_PIN:
		return refusal->pid == row->pid;
	case KIND_CGROUP:
		return refusal->cgroup == row->cgroup;
	case KIND_USER:
		return refusal->uid == row->uid;
	case KIND_POLICY:
		return !strcmp(refusal->policy, row->name);
	default:
		return refusal->ioas == row->ioas;
	}
}

static struct text clock_text(uint64_t time_ms)
{
	time_t seconds = time_ms / 1000;
	struct text text = { "" };
	struct tm time;

	if (localtime_r(&seconds, &time))
		strftime(text.s, sizeof(text.s), "%H:%M:%S", &time);
	return text;
}

static struct text error_text(int code)
{
	const char *name = strerrorname_np(code);
	struct text text;

	if (name)
		snprintf(text.s, sizeof(text.s), "%.23s", name);
	else
		snprintf(text.s, sizeof(text.s), "%d", code);
	return text;
}

static const char *or_dash(const char *text)
{
	return text && *text ? text : "-";
}

static void write_refusal(struct page *page, const struct refusal *refusal)
{
	page_add(page, LOOK_PLAIN, "%s %7u %-11.11s %6s %6s %6s %-7s %-6s %-6s %.15s",
		 clock_text(refusal->time_ms).s, refusal->pid, refusal->command,
		 text_size(refusal->asked).s, text_size(refusal->used).s,
		 text_size(refusal->limit).s, or_dash(refusal->whose), or_dash(refusal->stage),
		 error_text(refusal->code).s, or_dash(refusal->policy));
}

/* The last ones of a row, or all when that is NULL. */
static void write_refusals(struct page *page, const struct snapshot *snapshot,
			   const struct row *row)
{
	size_t count = 0, most = row ? REFUSALS_IN_DETAILS : SIZE_MAX;

	for (size_t i = 0; i < snapshot->refusal_count; i++)
		count += !row || concerns(&snapshot->refusals[i], row);
	if (!count) {
		page_add(page, LOOK_FAINT, "Nothing was refused since ioasid-top began, %s",
			 clock_text(snapshot->began_ms).s);
		return;
	}
	page_add(page, LOOK_STRONG, "The last %zu of %zu refusal%s that %s kept, the latest first",
		 count < most ? count : most, count, count == 1 ? "" : "s",
		 count == 1 ? "is" : "are");
	page_add(page, LOOK_HEAD, "%-8s %7s %-11s %6s %6s %6s %-7s %-6s %-6s %-15s", "TIME", "PID",
		 "COMMAND", "ASKED", "USED", "LIMIT", "WHOSE", "STEP", "ERROR", "POLICY");
	for (size_t i = 0; i < snapshot->refusal_count && most; i++) {
		if (row && !concerns(&snapshot->refusals[i], row))
			continue;
		write_refusal(page, &snapshot->refusals[i]);
		most--;
	}
}

void details_write(struct page *page, const struct snapshot *snapshot, enum kind kind, uint64_t id,
		   const struct style *style)
{
	const struct row *row = snapshot_row(snapshot, kind, id);

	page_clear(page);
	if (!row) {
		page_add(page, LOOK_STRONG, "This %s is gone.", kind_words[kind]);
		return;
	}
	write_title(page, row);
	write_history(page, row, style);
	page_add(page, LOOK_PLAIN, "%s", "");
	write_refusals(page, snapshot, row);
	page_add(page, LOOK_PLAIN, "%s", "");
	write_cells(page, snapshot, row, style);
}

void details_write_refusals(struct page *page, const struct snapshot *snapshot)
{
	page_clear(page);
	write_refusals(page, snapshot, NULL);
}
