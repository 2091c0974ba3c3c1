/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <linux/ioasid.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "report.h"
#include "text.h"

#define BAR_WIDTH 40

static const char *const stage_names[] = {
	[IOASID_STAGE_CHECK] = "check", [IOASID_STAGE_CHARGE] = "charge",
	[IOASID_STAGE_PIN] = "pin",	[IOASID_STAGE_PLACE] = "place",
	[IOASID_STAGE_TABLE] = "table", [IOASID_STAGE_USE] = "use",
};

static const char *const reason_names[] = {
	[IOASID_REASON_FORMAT] = "format",
	[IOASID_REASON_LEVELS] = "levels",
	[IOASID_REASON_ADDRESS_BITS] = "address bits",
	[IOASID_REASON_COHERENT] = "coherent",
	[IOASID_REASON_TRACK] = "track",
	[IOASID_REASON_PAGE_SIZES] = "page sizes",
	[IOASID_REASON_WINDOW] = "window",
	[IOASID_REASON_CUT] = "cut",
	[IOASID_REASON_INTERRUPTS] = "interrupts",
	[IOASID_REASON_PROCESS] = "process",
	[IOASID_REASON_USER] = "user",
	[IOASID_REASON_CGROUP] = "cgroup",
	[IOASID_REASON_ALL] = "all",
};

/* NULL for none, and for one that a later module may have. */
#define NAME(names, number) ((number) < sizeof(names) / sizeof(*(names)) ? (names)[number] : NULL)

static uint64_t bytes_of(uint64_t pages)
{
	return pages == UINT64_MAX ? UINT64_MAX : pages * sysconf(_SC_PAGESIZE);
}

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
		if (i <= OPERATION_UNMAP || reading->tallies[i].calls || reading->tallies[i].errors)
			show_tally(operation_names[i], &reading->tallies[i]);
	printf("\nlost events: %" PRIu64 "\n", reading->lost);
}

/* "EDQUOT charge/uid_quota, 20K of 20K used by user", "ERANGE table/window" */
static void show_refusal(const struct event *event)
{
	const char *stage = NAME(stage_names, event->stage);
	const char *reason = NAME(reason_names, event->reason);
	const char *by = event->limited ? event->policy : reason;
	const char *error = strerrorname_np(event->error);

	printf("%s", error ? error : "?");
	if (stage || by)
		printf(" %s%s%s", stage ? stage : "", stage && by ? "/" : "", by ? by : "");
	if (event->limited)
		printf(", %s of %s used%s%s", text_size(bytes_of(event->used)).s,
		       text_size(bytes_of(event->limit)).s, reason ? " by " : "",
		       reason ? reason : "");
}

/* "0000:00:04.0 group 5 container 2", with "+1" when there is one more device in the group */
static void show_group(const struct event *event)
{
	if (!event->devices) {
		printf("table %llu", event->table);
		return;
	}
	printf("%s", event->device);
	if (event->devices > 1)
		printf("+%u", event->devices - 1);
	printf(" group %u", event->group);
	if (event->container)
		printf(" container %llu", event->container);
}

/* What it is of, how much, and how it went. */
static void show_text_event(const struct event *event, uint64_t time_ns)
{
	printf("%9.3f %-6s %7u %5llu ", time_ns / 1e9, operation_names[event->operation],
	       event->tgid, event->ioas);
	if (event->operation >= OPERATION_ATTACH)
		show_group(event);
	else
		printf("%s",
		       event->pages == UINT64_MAX ? "all" : text_size(bytes_of(event->pages)).s);
	printf(": ");
	if (event->error)
		show_refusal(event);
	else
		printf("%s, %s", text_size(bytes_of(event->pages)).s,
		       text_time(event->duration_ns).s);
	putchar('\n');
}

const struct report report_text = { .show_event = show_text_event, .show = show_text };

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

static void put_name(const char *key, const char *name)
{
	if (name)
		json_string(&json, key, name);
	else
		json_null(&json, key);
}

static void put_group(const struct event *event)
{
	json_number(&json, "table", event->table);
	if (!event->devices)
		return;
	json_string(&json, "device", event->device);
	json_number(&json, "devices", event->devices);
	json_number(&json, "group", event->group);
	if (event->container)
		json_number(&json, "container", event->container);
	else
		json_null(&json, "container");
}

static void put_refusal(const struct event *event)
{
	json_string(&json, "errno", strerrorname_np(event->error) ?: "?");
	put_name("stage", NAME(stage_names, event->stage));
	put_name("reason", NAME(reason_names, event->reason));
	if (!event->limited)
		return;
	json_string(&json, "policy", event->policy);
	json_number(&json, "used", event->used);
	if (event->limit == UINT64_MAX)
		json_null(&json, "limit");
	else
		json_number(&json, "limit", event->limit);
}

static void show_json_event(const struct event *event, uint64_t time_ns)
{
	json_open(&json, NULL);
	json_string(&json, "record", "event");
	json_number(&json, "time", time_ns);
	json_string(&json, "operation", operation_names[event->operation]);
	json_number(&json, "pid", event->tgid);
	json_number(&json, "ioas", event->ioas);
	if (event->operation >= OPERATION_ATTACH)
		put_group(event);
	if (event->pages == UINT64_MAX)
		json_null(&json, "pages");
	else
		json_number(&json, "pages", event->pages);
	json_number(&json, "duration", event->duration_ns);
	if (event->error)
		put_refusal(event);
	else
		json_null(&json, "errno");
	json_close(&json);
}

const struct report report_json = {
	.start = start_json,
	.show_event = show_json_event,
	.show = show_json,
};
