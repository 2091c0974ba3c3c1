/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "phases.h"
#include "size.h"
#include "tool.h"

#define BAR_WIDTH 72
#define OTHER PHASES
#define PARTS (PHASES + 1)

#define ALL_SIZES SIZE_CLASSES

/* How a part is drawn: a letter, on a ground of its colour. */
static const struct {
	const char *name;
	const char *title;
	char letter;
	char colour;
} parts[PARTS] = {
	[PHASE_POLICY] = { "policy", "POLICY", 'y', '5' },
	[PHASE_CHARGE] = { "charge", "CHARGE", 'c', '3' },
	[PHASE_PIN] = { "pinning", "PINNING", 'p', '1' },
	[PHASE_PLACE] = { "placement", "PLACEMENT", 'l', '4' },
	[PHASE_TABLE] = { "table", "TABLE", 't', '2' },
	[PHASE_FLUSH] = { "flush", "FLUSH", 'f', '6' },
	[OTHER] = { "other", "OTHER", '.', '7' },
};

/* Which parts an operation has. */
static const uint32_t parts_of[OPERATIONS] = {
	[OPERATION_MAP] = 1 << PHASE_POLICY | 1 << PHASE_PIN | 1 << PHASE_PLACE | 1 << PHASE_TABLE |
			  1 << OTHER,
	[OPERATION_UNMAP] = 1 << PHASE_PIN | 1 << PHASE_PLACE | 1 << PHASE_TABLE |
			    1 << PHASE_FLUSH | 1 << OTHER,
	[OPERATION_PIN] = 1 << PHASE_CHARGE | 1 << PHASE_PIN | 1 << OTHER,
};

uint64_t phases_other(uint64_t total_ns, const __u64 phases_ns[PHASES])
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < PHASES; i++)
		sum += phases_ns[i];
	return sum < total_ns ? total_ns - sum : 0;
}

void phases_add_sum(struct phase_sum *sum, const struct phase_sum *part)
{
	sum->calls += part->calls;
	sum->total_ns += part->total_ns;
	for (unsigned int i = 0; i < PHASES; i++)
		sum->phases_ns[i] += part->phases_ns[i];
}

void phases_add(struct phases *phases, const struct event *event)
{
	struct phase_sum part = { .calls = 1, .total_ns = event->total_ns };

	if (event->error || event->flags & EVENT_ASIDE)
		return;
	memcpy(part.phases_ns, event->phases_ns, sizeof(part.phases_ns));
	phases_add_sum(&phases->sums[event->operation][size_class(event_size(event))], &part);
}

static void subtract_sum(struct phase_sum *now, const struct phase_sum *before)
{
	now->calls -= before->calls;
	now->total_ns -= before->total_ns;
	for (unsigned int i = 0; i < PHASES; i++)
		now->phases_ns[i] -= before->phases_ns[i];
}

void phases_subtract(struct phases *now, const struct phases *before)
{
	for (unsigned int i = 0; i < OPERATIONS; i++)
		for (unsigned int j = 0; j < SIZE_CLASSES; j++)
			subtract_sum(&now->sums[i][j], &before->sums[i][j]);
}

static uint64_t part_ns(const struct phase_sum *sum, unsigned int part)
{
	return part == OTHER ? phases_other(sum->total_ns, sum->phases_ns) : sum->phases_ns[part];
}

static uint64_t parts_ns(const struct phase_sum *sum)
{
	uint64_t all = 0;

	for (unsigned int i = 0; i < PARTS; i++)
		all += part_ns(sum, i);
	return all;
}

/* Columns up to and with a part, so that the parts always fill the bar. */
static void draw_bar(const struct phase_sum *sum, const struct view *view)
{
	uint64_t all = parts_ns(sum), until = 0;
	unsigned int column = 0;

	if (!all)
		return;
	fputs("  |", view->out);
	for (unsigned int i = 0; i < PARTS; i++) {
		unsigned int end;

		until += part_ns(sum, i);
		end = (double)until / all * BAR_WIDTH + 0.5;
		if (view->colours && column < end)
			fprintf(view->out, "\033[30;4%cm", parts[i].colour);
		for (; column < end; column++)
			fputc(parts[i].letter, view->out);
		if (view->colours)
			fputs("\033[0m", view->out);
	}
	fputs("|\n", view->out);
}

static void show_title(enum operation operation, const struct view *view)
{
	fprintf(view->out, "  %-12s %6s %6s", "SIZE", "CALLS", "AVG");
	for (unsigned int i = 0; i < PARTS; i++)
		if (parts_of[operation] & 1 << i)
			fprintf(view->out, " %9s", parts[i].title);
	fputc('\n', view->out);
}

static void show_sum(const char *size, const struct phase_sum *sum, enum operation operation,
		     const struct view *view)
{
	uint64_t all = parts_ns(sum);

	fprintf(view->out, "  %-12s %6s %6s", size, size_count(sum->calls).s,
		text_time(sum->total_ns / sum->calls).s);
	for (unsigned int i = 0; i < PARTS; i++)
		if (parts_of[operation] & 1 << i)
			fprintf(view->out, " %8.1f%%", all ? 100.0 * part_ns(sum, i) / all : 0);
	fputc('\n', view->out);
	draw_bar(sum, view);
}

static unsigned int add_up(const struct phases *phases, enum operation operation,
			   struct phase_sum *all)
{
	unsigned int classes = 0;

	memset(all, 0, sizeof(*all));
	for (unsigned int i = 0; i < SIZE_CLASSES; i++) {
		phases_add_sum(all, &phases->sums[operation][i]);
		classes += phases->sums[operation][i].calls != 0;
	}
	return classes;
}

static bool is_shown(const struct phases *phases, enum operation operation)
{
	uint32_t operations = phases->operations ?: model_phases.operations;

	return operations & OPERATION_BIT(operation);
}

static void show_operation(const struct phases *phases, enum operation operation,
			   const struct view *view)
{
	struct phase_sum all;
	unsigned int classes = add_up(phases, operation, &all);

	fprintf(view->out, "\n%s: %llu calls, %s\n", operation_names[operation], all.calls,
		text_time(all.total_ns).s);
	if (!all.calls)
		return;
	show_title(operation, view);
	if (classes > 1)
		show_sum("all", &all, operation, view);
	for (unsigned int i = 0; i < SIZE_CLASSES; i++)
		if (phases->sums[operation][i].calls)
			show_sum(size_text(i).s, &phases->sums[operation][i], operation, view);
}

static void show_legend(const struct view *view)
{
	fputs("\n ", view->out);
	for (unsigned int i = 0; i < PARTS; i++)
		fprintf(view->out, " %c %s", parts[i].letter, parts[i].name);
	fputc('\n', view->out);
}

static void show_text(const struct phases *phases, const struct view *view)
{
	for (enum operation i = 0; i < OPERATIONS; i++)
		if (is_shown(phases, i))
			show_operation(phases, i, view);
	show_legend(view);
}

static void put_sum(const struct phase_sum *sum, enum operation operation, unsigned int size_class,
		    const struct view *view)
{
	struct json *json = view->json;

	json_open(json, NULL);
	json_string(json, "record", "phases");
	view_span(view);
	json_string(json, "operation", operation_names[operation]);
	if (size_class != ALL_SIZES)
		size_put(json, size_class);
	json_number(json, "count", sum->calls);
	json_number(json, "sum", sum->total_ns);
	json_open(json, "phases");
	for (unsigned int i = 0; i < PARTS; i++)
		if (parts_of[operation] & 1 << i)
			json_number(json, parts[i].name, part_ns(sum, i));
	json_close(json);
	json_close(json);
}

static void put_operation(const struct phases *phases, enum operation operation,
			  const struct view *view)
{
	struct phase_sum all;

	add_up(phases, operation, &all);
	put_sum(&all, operation, ALL_SIZES, view);
	for (unsigned int i = 0; i < SIZE_CLASSES; i++)
		if (phases->sums[operation][i].calls)
			put_sum(&phases->sums[operation][i], operation, i, view);
}

void phases_show(const struct phases *phases, const struct view *view)
{
	view_heading(view);
	if (!view->json) {
		show_text(phases, view);
		return;
	}
	for (enum operation i = 0; i < OPERATIONS; i++)
		if (is_shown(phases, i))
			put_operation(phases, i, view);
}

/* The mode. */

static void *create(const struct model_options *options)
{
	struct phases *phases = calloc(1, sizeof(*phases));

	if (!phases)
		tool_die("no memory");
	phases->operations = options->operations;
	return phases;
}

static void add(void *phases, const struct event *event)
{
	phases_add(phases, event);
}

static void show(void *phases, const struct view *view)
{
	phases_show(phases, view);
}

const struct model model_phases = {
	.name = "phases",
	.operations = OPERATION_BIT(OPERATION_MAP) | OPERATION_BIT(OPERATION_UNMAP),
	.possible = OPERATION_BIT(OPERATION_MAP) | OPERATION_BIT(OPERATION_UNMAP) |
		    OPERATION_BIT(OPERATION_PIN),
	.create = create,
	.destroy = free,
	.add = add,
	.show = show,
};
