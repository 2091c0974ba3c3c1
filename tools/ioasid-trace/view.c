/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>

#include "view.h"

void view_schema(const struct view *view)
{
	if (!view->json)
		return;
	json_open(view->json, NULL);
	json_string(view->json, "record", "schema");
	json_string(view->json, "tool", "ioasid-trace");
	json_number(view->json, "version", 1);
	json_string(view->json, "time", "nanoseconds");
	json_close(view->json);
}

void view_heading(const struct view *view)
{
	if (view->json)
		return;
	if (view->interval)
		fprintf(view->out, "\ninterval %" PRIu64 ", ", view->interval);
	if (!view->interval || view->cumulative)
		fprintf(view->out, "%sin all, ", view->interval ? "" : "\n");
	fprintf(view->out, "%.1f s\n", view->duration_ns / 1e9);
}

void view_span(const struct view *view)
{
	const char *scope = view->cumulative ? "cumulative" : "interval";

	json_string(view->json, "scope", view->interval ? scope : "total");
	if (view->interval)
		json_number(view->json, "interval", view->interval);
	json_number(view->json, "duration", view->duration_ns);
}

void view_address(const struct view *view, const char *key, uint64_t address)
{
	if (view->addresses)
		json_number(view->json, key, address);
}

static uint64_t sum_of(const struct losses *losses)
{
	uint64_t sum = losses->missed + losses->uncounted;

	for (unsigned int cpu = 0; cpu < losses->cpus; cpu++)
		sum += losses->of_cpu[cpu];
	return sum;
}

static void put_losses(const struct losses *losses, const struct view *view)
{
	json_open(view->json, NULL);
	json_string(view->json, "record", "lost");
	view_span(view);
	json_number(view->json, "events", sum_of(losses));
	json_open_array(view->json, "cpus");
	for (unsigned int cpu = 0; cpu < losses->cpus; cpu++)
		json_number(view->json, NULL, losses->of_cpu[cpu]);
	json_close_array(view->json);
	json_number(view->json, "missed", losses->missed);
	json_number(view->json, "uncounted", losses->uncounted);
	json_close(view->json);
}

static void say_losses(const struct losses *losses, FILE *out)
{
	fprintf(out, "\nlost events: %" PRIu64 "\n", sum_of(losses));
	for (unsigned int cpu = 0; cpu < losses->cpus; cpu++)
		if (losses->of_cpu[cpu])
			fprintf(out, "  CPU %u: %" PRIu64 " found the buffer full (see --buffer)\n",
				cpu, losses->of_cpu[cpu]);
	if (losses->missed)
		fprintf(out, "  %" PRIu64 " came while another was looked at\n", losses->missed);
	if (losses->uncounted)
		fprintf(out, "  %" PRIu64 " are not counted: too many to tell apart (see --by)\n",
			losses->uncounted);
}

void losses_show(const struct losses *losses, const struct view *view)
{
	if (view->json)
		put_losses(losses, view);
	else
		say_losses(losses, view->out);
}
