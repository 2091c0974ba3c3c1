/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "table.h"
#include "text.h"

/* Of the longest line that is written before it is cut. */
struct draft {
	char s[1024];
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void put(struct draft *draft, const char *format, ...)
{
	size_t left = sizeof(draft->s) - draft->length;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(draft->s + draft->length, left, format, args);
	va_end(args);
	draft->length += (size_t)length < left ? (size_t)length : left - 1;
}

static const char *plural(uint64_t count, const char *many)
{
	return count == 1 ? "" : many;
}

static struct text size(uint64_t bytes, const struct style *style)
{
	struct text text;

	if (!style->all_digits)
		return text_size(bytes);
	snprintf(text.s, sizeof(text.s), "%" PRIu64, bytes);
	return text;
}

static void put_clock(struct draft *draft, uint64_t time_ms)
{
	time_t seconds = time_ms / 1000;
	char clock[16] = "";
	struct tm time;

	if (localtime_r(&seconds, &time))
		strftime(clock, sizeof(clock), "%H:%M:%S", &time);
	put(draft, "%s  ", clock);
}

static void put_totals(struct draft *draft, const struct table *table, const struct style *style)
{
	const struct snapshot *snapshot = table->snapshot;
	const struct row *all = &snapshot->all;

	put_clock(draft, snapshot->time_ms);
	if (table->selection->view == VIEW_DEVICES)
		put(draft, "%" PRIu64 " device%s in %" PRIu64 " group%s, %" PRIu64 " container%s",
		    all->devices, plural(all->devices, "s"), snapshot->groups,
		    plural(snapshot->groups, "s"), all->containers, plural(all->containers, "s"));
	else
		put(draft, "%s pinned by %" PRIu64 " process%s  account: %s  place: %s",
		    size(all->pinned, style).s, all->processes, plural(all->processes, "es"),
		    snapshot->policies[POLICY_ACCOUNT].name, snapshot->policies[POLICY_PLACE].name);
}

static void put_rate(struct draft *draft, const char *what, uint64_t count, uint64_t interval_ns)
{
	double rate = count * 1e9 / interval_ns;

	put(draft, "  %s %.*f/s", what, rate < 9.95 ? 1 : 0, rate);
}

/* Of all processes: how much of the machine's memory, and what they do. */
static void put_activity(struct draft *draft, const struct snapshot *snapshot,
			 const struct style *style)
{
	const struct row *all = &snapshot->all;

	if (snapshot->ram)
		put(draft, "%.1f%% of %s RAM", 100.0 * all->pinned / snapshot->ram,
		    size(snapshot->ram, style).s);
	if (snapshot->interval_ns) {
		put_rate(draft, "map", all->recent.maps, snapshot->interval_ns);
		put_rate(draft, "unmap", all->recent.unmaps, snapshot->interval_ns);
		put_rate(draft, "refused", all->recent.refused, snapshot->interval_ns);
		put(draft, ", %" PRIu64 " so far", all->total.refused);
	}
}

/* Returns false when none was. */
static bool put_ejections(struct draft *draft, const struct snapshot *snapshot)
{
	for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++) {
		const struct policy_state *state = &snapshot->policies[kind];

		if (state->ejections)
			put(draft, "%s%s policies ejected: %" PRIu64 ", last exit: %s",
			    draft->length ? "  " : "", policy_kind_names[kind], state->ejections,
			    state->last_exit);
	}
	return draft->length;
}

static void put_tool(struct draft *draft, const struct snapshot *snapshot)
{
	put(draft, "ioasid %s, Linux %s", snapshot->module_version, snapshot->kernel);
	if (!isnan(snapshot->cpu_percent))
		put(draft, "  top: %.1f%% CPU", snapshot->cpu_percent);
	if (!isnan(snapshot->bpf_percent))
		put(draft, ", BPF %.1f%%", snapshot->bpf_percent);
	put(draft, "  lost events %" PRIu64, snapshot->lost);
}

/* The processes that are nearest to their limits, as many as a line has. */
static bool put_alarm(struct draft *draft, const struct snapshot *snapshot)
{
	const struct rows *processes = &snapshot->rows[KIND_PROCESS];
	const struct row *nearest[8] = { NULL };

	for (size_t i = 0; i < processes->count; i++) {
		const struct row *row = &processes->row[i];

		if (!(row->pressure >= table_alarm))
			continue;
		for (size_t k = 0; k < 8; k++) {
			const struct row *other = nearest[k];

			if (other && other->pressure >= row->pressure)
				continue;
			nearest[k] = row;
			row = other;
			if (!row)
				break;
		}
	}
	for (size_t k = 0; k < 8 && nearest[k]; k++)
		put(draft, "%s%u %s %.1f%%", k ? ", " : "limit near: ", nearest[k]->pid,
		    nearest[k]->command, nearest[k]->pressure);
	return nearest[0];
}

static void add(struct header *header, const struct draft *draft, const struct style *style,
		unsigned int width)
{
	char *line = header->line[header->count++];

	term_text(line, sizeof(header->line[0]), draft->s, width, style->is_ascii);
}

struct header header_make(const struct table *table, const struct style *style, unsigned int width)
{
	struct header header = { .alarm = -1 };
	struct draft draft = { .length = 0 };

	put_totals(&draft, table, style);
	add(&header, &draft, style, width);
	draft = (struct draft){ .length = 0 };
	put_activity(&draft, table->snapshot, style);
	add(&header, &draft, style, width);
	draft = (struct draft){ .length = 0 };
	put_tool(&draft, table->snapshot);
	add(&header, &draft, style, width);
	draft = (struct draft){ .length = 0 };
	if (put_ejections(&draft, table->snapshot))
		add(&header, &draft, style, width);
	draft = (struct draft){ .length = 0 };
	if (put_alarm(&draft, table->snapshot)) {
		header.alarm = header.count;
		add(&header, &draft, style, width);
	}
	return header;
}
