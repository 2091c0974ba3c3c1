/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "size.h"
#include "tally.h"
#include "tool.h"

#define BAR_WIDTH 40

/**
 * struct pinned - what one process, or all together, has pinned and let go
 * @pins: pins that were made, with what follows
 * @pages: of these
 * @largest: pages of the largest
 * @runs: of these
 * @run_sizes: runs by length
 * @reuses: calls that found the pages pinned already
 * @reused: pages of them
 * @failed: calls that were refused
 * @stale: of those let go, whose address had got other memory
 * @unpinned: pages that were let go
 * @lived: pins that were let go, by the time they lived
 */
struct pinned {
	uint32_t tgid;
	char comm[16];
	uint64_t pins;
	uint64_t pages;
	uint64_t largest;
	uint64_t runs;
	uint64_t run_sizes[RUN_SIZES];
	uint64_t reuses;
	uint64_t reused;
	uint64_t failed;
	uint64_t stale;
	uint64_t unpinned;
	struct tally lived;
};

struct pins {
	struct pinned all;
	void *tree;
	struct pinned **processes;
	size_t count;
};

static void *create(const struct model_options *options)
{
	struct pins *pins = calloc(1, sizeof(*pins));

	(void)options;
	if (!pins)
		tool_die("no memory");
	return pins;
}

static void leave_alone(void *process)
{
	(void)process;
}

static void destroy(void *context)
{
	struct pins *pins = context;

	tdestroy(pins->tree, leave_alone);
	for (size_t i = 0; i < pins->count; i++)
		free(pins->processes[i]);
	free(pins->processes);
	free(pins);
}

static int compare_tgids(const void *a, const void *b)
{
	const struct pinned *one = a, *other = b;

	return one->tgid < other->tgid ? -1 : one->tgid > other->tgid;
}

static void keep(struct pins *pins, struct pinned *process)
{
	struct pinned **processes =
		reallocarray(pins->processes, pins->count + 1, sizeof(*processes));

	if (!processes)
		tool_die("no memory");
	pins->processes = processes;
	processes[pins->count++] = process;
}

static struct pinned *process_of(struct pins *pins, const struct event *event)
{
	const struct pinned like = { .tgid = event->tgid };
	struct pinned **found = tfind(&like, &pins->tree, compare_tgids), *process;

	if (found)
		return *found;
	process = calloc(1, sizeof(*process));
	if (!process)
		tool_die("no memory");
	process->tgid = event->tgid;
	memcpy(process->comm, event->comm, sizeof(process->comm));
	if (!tsearch(process, &pins->tree, compare_tgids))
		tool_die("no memory");
	keep(pins, process);
	return process;
}

static void add_pin(struct pinned *pinned, const struct event *event)
{
	if (event->error) {
		pinned->failed++;
		return;
	}
	if (event->reused) {
		pinned->reuses++;
		pinned->reused += event->reused;
		return;
	}
	pinned->pins++;
	pinned->pages += event->pages;
	pinned->runs += event->runs;
	if (pinned->largest < event->pages)
		pinned->largest = event->pages;
	for (unsigned int i = 0; i < RUN_SIZES; i++)
		pinned->run_sizes[i] += event->run_sizes[i];
}

static void add_unpin(struct pinned *pinned, const struct event *event)
{
	pinned->unpinned += event->pages;
	pinned->stale += (event->flags & EVENT_STALE) != 0;
	tally_time(&pinned->lived, event->lived_ns);
}

static void add_to(struct pinned *pinned, const struct event *event)
{
	if (event->operation == OPERATION_PIN)
		add_pin(pinned, event);
	else if (event->operation == OPERATION_UNPIN)
		add_unpin(pinned, event);
}

static void add(void *context, const struct event *event)
{
	struct pins *pins = context;

	if (event->operation != OPERATION_PIN && event->operation != OPERATION_UNPIN)
		return;
	add_to(&pins->all, event);
	add_to(process_of(pins, event), event);
}

/* Text. */

static uint64_t run_average(const struct pinned *pinned)
{
	return pinned->runs ? bytes_of(pinned->pages) / pinned->runs : 0;
}

static void show_sums(const struct pinned *all, FILE *out)
{
	fprintf(out, "\npins: %" PRIu64 " made, %s in %" PRIu64 " runs", all->pins,
		text_size(bytes_of(all->pages)).s, all->runs);
	fprintf(out, " of %s on average\n", text_size(run_average(all)).s);
	fprintf(out, "  reused %" PRIu64 " times (%s), refused %" PRIu64 " times\n", all->reuses,
		text_size(bytes_of(all->reused)).s, all->failed);
	fprintf(out, "  let go %llu (%s), of these %" PRIu64 " stale\n", all->lived.calls,
		text_size(bytes_of(all->unpinned)).s, all->stale);
}

static void show_process(const struct pinned *process, FILE *out)
{
	fprintf(out, "  %6u %-8.8s %6s %5s %5s %6s %5s %6s %6s %6s %6s\n", process->tgid,
		process->comm, size_count(process->pins).s, text_size(bytes_of(process->pages)).s,
		text_size(bytes_of(process->largest)).s, size_count(process->runs).s,
		text_size(run_average(process)).s, size_count(process->reuses).s,
		size_count(process->lived.calls).s,
		text_time(tally_percentile(&process->lived, 500)).s,
		text_time(process->lived.max_ns).s);
}

static void show_processes(const struct pins *pins, FILE *out)
{
	if (!pins->count)
		return;
	fprintf(out, "\n  %6s %-8s %6s %5s %5s %6s %5s %6s %6s %6s %6s\n", "PID", "COMMAND", "PINS",
		"SIZE", "MOST", "RUNS", "RUN", "REUSED", "LET GO", "LIVED", "MAX");
	for (size_t i = 0; i < pins->count; i++)
		show_process(pins->processes[i], out);
}

static void show_run_sizes(const struct pinned *all, FILE *out)
{
	static const char bar[] = "****************************************";
	uint64_t most = 0;

	for (unsigned int i = 0; i < RUN_SIZES; i++)
		if (most < all->run_sizes[i])
			most = all->run_sizes[i];
	if (!most)
		return;
	fprintf(out, "\n  %-17s %10s  distribution\n", "run", "runs");
	for (unsigned int i = 0; i < RUN_SIZES; i++) {
		int length = (all->run_sizes[i] * BAR_WIDTH + most - 1) / most;

		if (all->run_sizes[i])
			fprintf(out, "  %-17s %10" PRIu64 " |%-*.*s|\n",
				i == RUN_SIZES - 1 ? "2048M and more" : size_text(i + 1).s,
				all->run_sizes[i], BAR_WIDTH, length, bar);
	}
}

static void show_lives(const struct tally *lived, FILE *out)
{
	if (!lived->calls)
		return;
	fprintf(out, "\n  lived p50 %s  p90 %s  p99 %s  max %s\n",
		text_time(tally_percentile(lived, 500)).s,
		text_time(tally_percentile(lived, 900)).s,
		text_time(tally_percentile(lived, 990)).s, text_time(lived->max_ns).s);
	tally_draw(lived, out, "pins");
}

static void show_text(const struct pins *pins, const struct view *view)
{
	show_sums(&pins->all, view->out);
	show_processes(pins, view->out);
	show_run_sizes(&pins->all, view->out);
	show_lives(&pins->all.lived, view->out);
}

/* JSON. */

static void put_run_sizes(const struct pinned *pinned, struct json *json)
{
	json_open_array(json, "run_sizes");
	for (unsigned int i = 0; i < RUN_SIZES; i++) {
		if (!pinned->run_sizes[i])
			continue;
		json_open(json, NULL);
		json_number(json, "from_pages", 1ULL << i);
		if (i < RUN_SIZES - 1)
			json_number(json, "to_pages", (2ULL << i) - 1);
		else
			json_null(json, "to_pages");
		json_number(json, "count", pinned->run_sizes[i]);
		json_close(json);
	}
	json_close_array(json);
}

static void put_lived(const struct tally *lived, struct json *json)
{
	json_open(json, "lived");
	json_number(json, "count", lived->calls);
	tally_put_times(lived, json);
	tally_put_buckets(lived, json);
	json_close(json);
}

static void put_pinned(const struct pinned *pinned, const struct view *view)
{
	struct json *json = view->json;

	json_open(json, NULL);
	json_string(json, "record", "pins");
	view_span(view);
	if (pinned->tgid) {
		json_number(json, "pid", pinned->tgid);
		json_string(json, "command", pinned->comm);
	}
	json_number(json, "pins", pinned->pins);
	json_number(json, "pages", pinned->pages);
	json_number(json, "largest", pinned->largest);
	json_number(json, "runs", pinned->runs);
	put_run_sizes(pinned, json);
	json_number(json, "reuses", pinned->reuses);
	json_number(json, "reused", pinned->reused);
	json_number(json, "errors", pinned->failed);
	json_number(json, "unpinned", pinned->unpinned);
	json_number(json, "stale", pinned->stale);
	put_lived(&pinned->lived, json);
	json_close(json);
}

/* Who has pinned most comes first. */
static int compare_pages(const void *a, const void *b)
{
	const struct pinned *one = *(struct pinned *const *)a, *other = *(struct pinned *const *)b;

	if (one->pages != other->pages)
		return one->pages > other->pages ? -1 : 1;
	return compare_tgids(one, other);
}

static void show(void *context, const struct view *view)
{
	struct pins *pins = context;

	view_heading(view);
	if (pins->count)
		qsort(pins->processes, pins->count, sizeof(*pins->processes), compare_pages);
	if (!view->json) {
		show_text(pins, view);
		return;
	}
	put_pinned(&pins->all, view);
	for (size_t i = 0; i < pins->count; i++)
		put_pinned(pins->processes[i], view);
}

const struct model model_pins = {
	.name = "pins",
	.operations = OPERATION_BIT(OPERATION_PIN) | OPERATION_BIT(OPERATION_UNPIN),
	.possible = OPERATION_BIT(OPERATION_PIN) | OPERATION_BIT(OPERATION_UNPIN),
	.create = create,
	.destroy = destroy,
	.add = add,
	.show = show,
};
