/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Folded stacks: sums by text, in the end a line for each.
 */
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "tool.h"

/* Calls of programs; pins are made in them. */
#define CALLS                                                            \
	(OPERATION_BIT(OPERATION_MAP) | OPERATION_BIT(OPERATION_UNMAP) | \
	 OPERATION_BIT(OPERATION_ATTACH) | OPERATION_BIT(OPERATION_DETACH))

struct line {
	uint64_t ns;
	char text[];
};

static void *lines; /* tree of struct line, by text */

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->text, ((const struct line *)b)->text);
}

static void add(const char *stack, const char *phase, uint64_t ns)
{
	size_t size = strlen(stack) + strlen(phase) + 1;
	struct line *line = calloc(1, sizeof(*line) + size);
	struct line **kept;

	if (!line)
		tool_die("no memory");
	snprintf(line->text, size, "%s%s", stack, phase);
	kept = tsearch(line, &lines, compare);
	if (!kept)
		tool_die("no memory");
	(*kept)->ns += ns;
	if (*kept != line)
		free(line);
}

/* A name, without what ends names. */
static void put_name(FILE *out, const char *name, const char *kind)
{
	for (; *name; name++)
		fputc(*name == ';' || *name == '\n' ? ':' : *name, out);
	fprintf(out, "%s;", kind);
}

static void put_frame(FILE *out, const struct frame *frame, bool of_user, bool addresses)
{
	char unknown[128];

	snprintf(unknown, sizeof(unknown), "[%s]", frame->object[0] ? frame->object : "unknown");
	if (!frame->name[0] && addresses)
		snprintf(unknown, sizeof(unknown), "0x%" PRIx64, frame->address);
	put_name(out, frame->name[0] ? frame->name : unknown, of_user ? "" : "_[k]");
}

/* Outermost first, and so the other way round than they are kept. */
static void put_stack(FILE *out, const struct recording *recording, const struct event *event,
		      bool of_user, bool addresses)
{
	struct frame frames[STACK_DEPTH];
	unsigned int count = recording_stack(recording, event, of_user, frames);

	while (count--)
		put_frame(out, &frames[count], of_user, addresses);
}

static void fold(const struct recording *recording, const struct event *event, bool addresses)
{
	uint64_t rest = event->total_ns;
	char *stack = NULL;
	size_t size;
	FILE *out = open_memstream(&stack, &size);

	if (!out)
		tool_die("no memory");
	put_name(out, recording_process(recording, event->tgid), "");
	put_stack(out, recording, event, true, addresses);
	put_stack(out, recording, event, false, addresses);
	put_name(out, operation_names[event->operation], event->error ? " (failed)" : "");
	if (fclose(out))
		tool_die("no memory");
	for (enum phase i = 0; i < PHASES; i++) {
		uint64_t ns = event->phases_ns[i] < rest ? event->phases_ns[i] : rest;

		if (ns)
			add(stack, phase_names[i], ns);
		rest -= ns;
	}
	if (rest)
		add(stack, "other", rest);
	free(stack);
}

static void print(const void *node, VISIT visit, void *out)
{
	const struct line *line = *(const struct line *const *)node;

	if (visit == postorder || visit == leaf)
		fprintf(out, "%s %" PRIu64 "\n", line->text, line->ns);
}

void export_folded(struct recording *recording, const struct export_options *options)
{
	struct filter filter = options->filter;
	struct event *event;

	if (!filter.operations)
		filter.operations = CALLS;
	while ((event = recording_next(recording)))
		if (filter_takes(&filter, event) && !(event->flags & EVENT_ASIDE))
			fold(recording, event, options->addresses);
	twalk_r(lines, print, options->out);
	tdestroy(lines, free);
	lines = NULL;
}
