/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "report.h"
#include "text.h"

#define BAR_WIDTH 40

/* One line of the picture is a power of two: sixteen buckets, or what lies below the first. */
static uint64_t line_count(const struct tally *tally, unsigned int line)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < HIST_STEPS; i++)
		count += tally->buckets[line * HIST_STEPS + i];
	return count;
}

static void show_line(const struct tally *tally, unsigned int line, uint64_t most)
{
	static const char bar[] = "****************************************";
	struct text from = text_time(hist_from(line * HIST_STEPS));
	struct text below = text_time(hist_from((line + 1) * HIST_STEPS));
	uint64_t count = line_count(tally, line);
	int length = (count * BAR_WIDTH + most - 1) / most;

	printf("  %7s - %-7s %10" PRIu64 " |%-*.*s|\n", from.s, below.s, count, BAR_WIDTH, length,
	       bar);
}

static void show_picture(const struct tally *tally)
{
	unsigned int lines = HIST_BUCKETS / HIST_STEPS, first = lines, last = 0;
	uint64_t most = 0;

	for (unsigned int line = 0; line < lines; line++) {
		uint64_t count = line_count(tally, line);

		if (!count)
			continue;
		if (first == lines)
			first = line;
		last = line;
		if (most < count)
			most = count;
	}
	if (!most)
		return;
	printf("  %17s %10s  distribution\n", "time     ", "calls");
	for (unsigned int line = first; line <= last; line++)
		show_line(tally, line, most);
}

static void show_times(const struct tally *tally)
{
	printf("  avg %s  p50 %s  p90 %s  p99 %s  max %s\n",
	       text_time(tally->sum_ns / tally->calls).s, text_time(tally_percentile(tally, 50)).s,
	       text_time(tally_percentile(tally, 90)).s, text_time(tally_percentile(tally, 99)).s,
	       text_time(tally->max_ns).s);
}

static void show_tally(const char *name, const struct tally *tally)
{
	printf("\n%s: %llu calls, %llu errors, %llu pages", name, tally->calls, tally->errors,
	       tally->pages);
	if (tally->reused)
		printf(", %llu of them reused", tally->reused);
	putchar('\n');
	if (!tally->calls)
		return;
	show_times(tally);
	show_picture(tally);
}

static void show_text(const struct reading *reading, uint64_t interval)
{
	if (interval)
		printf("\ninterval %" PRIu64 ", %.1f s\n", interval, reading->time_ns / 1e9);
	else
		printf("\nin all, %.1f s\n", reading->time_ns / 1e9);
	for (enum operation i = 0; i < OPERATIONS; i++)
		show_tally(operation_names[i], &reading->tallies[i]);
	printf("\nlost events: %" PRIu64 "\n", reading->lost);
}

const struct report report_text = { .show = show_text };

/* JSON: first what the lines are, then for each reading a line an operation and one for losses. */

static struct json json;

static void start_json(void)
{
	json.out = stdout;
	json_open(&json, NULL);
	json_string(&json, "record", "schema");
	json_string(&json, "tool", "ioasid-trace");
	json_number(&json, "version", 1);
	json_string(&json, "time", "nanoseconds");
	json_close(&json);
}

static void put_buckets(const struct tally *tally)
{
	json_open_array(&json, "buckets");
	for (unsigned int i = 0; i < HIST_BUCKETS; i++) {
		if (!tally->buckets[i])
			continue;
		json_open(&json, NULL);
		json_number(&json, "from", hist_from(i));
		json_number(&json, "below", hist_from(i + 1));
		json_number(&json, "count", tally->buckets[i]);
		json_close(&json);
	}
	json_close_array(&json);
}

static void put_interval(const struct reading *reading, uint64_t interval)
{
	json_string(&json, "scope", interval ? "interval" : "total");
	if (interval)
		json_number(&json, "interval", interval);
	json_number(&json, "duration", reading->time_ns);
}

static void put_tally(const struct reading *reading, uint64_t interval, enum operation operation)
{
	const struct tally *tally = &reading->tallies[operation];

	json_open(&json, NULL);
	json_string(&json, "record", "hist");
	put_interval(reading, interval);
	json_string(&json, "operation", operation_names[operation]);
	json_number(&json, "count", tally->calls);
	json_number(&json, "errors", tally->errors);
	json_number(&json, "pages", tally->pages);
	json_number(&json, "reused", tally->reused);
	json_number(&json, "sum", tally->sum_ns);
	json_number(&json, "p50", tally_percentile(tally, 50));
	json_number(&json, "p90", tally_percentile(tally, 90));
	json_number(&json, "p99", tally_percentile(tally, 99));
	json_number(&json, "max", tally->max_ns);
	put_buckets(tally);
	json_close(&json);
}

static void show_json(const struct reading *reading, uint64_t interval)
{
	for (enum operation i = 0; i < OPERATIONS; i++)
		put_tally(reading, interval, i);
	json_open(&json, NULL);
	json_string(&json, "record", "lost");
	put_interval(reading, interval);
	json_number(&json, "events", reading->lost);
	json_close(&json);
}

const struct report report_json = { .start = start_json, .show = show_json };
