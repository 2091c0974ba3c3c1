/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "phases.h"
#include "refusal.h"
#include "text.h"
#include "tool.h"

#define LINE_WIDTH 80

/* A stack, named as soon as the event has come: later its process may have gone. */
struct stack {
	unsigned int depth;
	struct frame *frames;
};

struct call {
	struct event event;
	struct stack kernel;
	struct stack user;
};

/* Calls that were not shown yet. */
struct slow {
	struct model_options options;
	struct call *calls;
	size_t count;
	uint64_t shown;
	uint64_t failed;
};

static void *create(const struct model_options *options)
{
	struct slow *slow = calloc(1, sizeof(*slow));

	if (!slow)
		tool_die("no memory");
	slow->options = *options;
	return slow;
}

static void forget(struct slow *slow)
{
	for (size_t i = 0; i < slow->count; i++) {
		free(slow->calls[i].kernel.frames);
		free(slow->calls[i].user.frames);
	}
	free(slow->calls);
	slow->calls = NULL;
	slow->count = 0;
}

static void destroy(void *context)
{
	forget(context);
	free(context);
}

static struct stack stack_of(const struct slow *slow, const struct event *event, bool of_user)
{
	struct stack stack = { 0 };

	if (!slow->options.stack)
		return stack;
	stack.frames = calloc(STACK_DEPTH, sizeof(*stack.frames));
	if (!stack.frames)
		tool_die("no memory");
	stack.depth = slow->options.stack(event, of_user, stack.frames);
	return stack;
}

static void add(void *context, const struct event *event)
{
	struct slow *slow = context;
	struct call *calls;

	if (event->flags & EVENT_ASIDE)
		return;
	if (!event->error && event->total_ns < slow->options.from_ns)
		return;
	calls = reallocarray(slow->calls, slow->count + 1, sizeof(*calls));
	if (!calls)
		tool_die("no memory");
	slow->calls = calls;
	calls += slow->count++;
	calls->event = *event;
	calls->user = stack_of(slow, event, true);
	calls->kernel = stack_of(slow, event, false);
}

/* Text: a line of items, more lines where it gets too long. */
struct line {
	FILE *out;
	unsigned int column;
};

static void say(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct line *line, const char *format, ...)
{
	char item[LINE_WIDTH - 10];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(item, sizeof(item), format, args);
	va_end(args);
	if (line->column && line->column + 2 + length < LINE_WIDTH) {
		line->column += fprintf(line->out, ", %s", item);
		return;
	}
	line->column = fprintf(line->out, "%s    %s", line->column ? ",\n" : "", item) -
		       (line->column ? 2 : 0);
}

static void say_addresses(struct line *line, const struct event *event, const struct view *view)
{
	bool has_iova = event->operation == OPERATION_UNMAP ||
			(event->operation == OPERATION_MAP && (event->iova || !event->error));

	if (has_iova)
		say(line, "iova 0x%llx", event->iova);
	if (event->va && view->addresses)
		say(line, "va 0x%llx", event->va);
}

static void say_amounts(struct line *line, const struct event *event)
{
	say(line, "%s", event->pages == UINT64_MAX ? "all" : text_size(bytes_of(event->pages)).s);
	if (event->operation == OPERATION_UNMAP)
		say(line, "%s unmapped", text_size(bytes_of(event->unmapped)).s);
	if (event->devices)
		say(line, "%s", event->device);
	if (event->pins)
		say(line, "%llu pins", event->pins);
	if (event->runs)
		say(line, "%llu runs", event->runs);
	if (event->operation == OPERATION_MAP || event->operation == OPERATION_PIN)
		say(line, "%s reused", text_size(bytes_of(event->reused)).s);
	if (event->flags & EVENT_STALE)
		say(line, "stale");
	if (event->operation == OPERATION_UNPIN)
		say(line, "lived %s", text_time(event->lived_ns).s);
	if (*event->policy)
		say(line, "policy %s", event->policy);
}

static void say_phases(FILE *out, const struct event *event)
{
	uint64_t other = phases_other(event->total_ns, event->phases_ns);
	struct line line = { .out = out };

	for (unsigned int i = 0; i < PHASES; i++)
		if (event->phases_ns[i])
			say(&line, "%s %s", phase_names[i], text_time(event->phases_ns[i]).s);
	if (!line.column)
		return;
	say(&line, "other %s", text_time(other).s);
	fputc('\n', out);
}

static void say_refusal(FILE *out, const struct event *event)
{
	fputs("    refused: ", out);
	refusal_say(event, out);
	if (event->flags & EVENT_LIMITED)
		fprintf(out, ", asked %s", text_size(bytes_of(event->asked)).s);
	fputc('\n', out);
}

static bool is_known(const struct stack *stack)
{
	for (unsigned int i = 0; i < stack->depth; i++)
		if (*stack->frames[i].name || *stack->frames[i].object)
			return true;
	return false;
}

static void say_frame(FILE *out, const char *whose, const struct frame *frame, bool addresses)
{
	fprintf(out, "    %-6s ", whose);
	if (*frame->name)
		fprintf(out, "%.40s+0x%" PRIx64 " [%.16s]\n", frame->name, frame->offset,
			frame->object);
	else if (*frame->object)
		fprintf(out, "%.40s+0x%" PRIx64 "\n", frame->object, frame->offset);
	else if (addresses)
		fprintf(out, "0x%" PRIx64 "\n", frame->address);
	else
		fputs("?\n", out);
}

static void say_stack(FILE *out, const struct stack *stack, bool of_user, const struct view *view)
{
	const char *whose = of_user ? "user" : "kernel";

	if (stack->depth && !is_known(stack) && (!view->addresses || !of_user)) {
		fprintf(out, "    %-6s %s\n", whose,
			of_user ? "unknown: the process has gone" :
				  "unknown: /proc/kallsyms tells no addresses");
		return;
	}
	for (unsigned int i = 0; i < stack->depth; i++)
		say_frame(out, i ? "" : whose, &stack->frames[i], view->addresses && of_user);
}

static void show_call(const struct call *call, uint64_t time_ns, const struct view *view)
{
	const struct event *event = &call->event;
	struct line line = { .out = view->out };

	fprintf(view->out, "\n%9.3f %s %s  %s %u/%u", time_ns / 1e9,
		operation_names[event->operation], text_time(event->total_ns).s, event->comm,
		event->tgid, event->tid);
	if (event->ioas)
		fprintf(view->out, "  ioas %llu", event->ioas);
	fputc('\n', view->out);
	say_amounts(&line, event);
	say_addresses(&line, event, view);
	fputc('\n', view->out);
	say_phases(view->out, event);
	if (event->error)
		say_refusal(view->out, event);
	say_stack(view->out, &call->kernel, false, view);
	say_stack(view->out, &call->user, true, view);
}

/* JSON. */

static void put_phases(const struct event *event, struct json *json)
{
	json_open(json, "phases");
	for (unsigned int i = 0; i < PHASES; i++)
		if (event->phases_ns[i])
			json_number(json, phase_names[i], event->phases_ns[i]);
	json_number(json, "other", phases_other(event->total_ns, event->phases_ns));
	json_close(json);
}

static void put_stack(const struct stack *stack, const char *key, bool addresses, struct json *json)
{
	json_open_array(json, key);
	for (unsigned int i = 0; i < stack->depth; i++) {
		const struct frame *frame = &stack->frames[i];

		json_open(json, NULL);
		if (addresses)
			json_number(json, "address", frame->address);
		if (*frame->name)
			json_string(json, "function", frame->name);
		else
			json_null(json, "function");
		json_string(json, "object", frame->object);
		json_number(json, "offset", frame->offset);
		json_close(json);
	}
	json_close_array(json);
}

static void put_amounts(const struct event *event, struct json *json)
{
	if (event->pages == UINT64_MAX)
		json_null(json, "pages");
	else
		json_number(json, "pages", event->pages);
	if (event->operation == OPERATION_UNMAP)
		json_number(json, "unmapped", event->unmapped);
	if (event->operation == OPERATION_MAP)
		json_number(json, "pins", event->pins);
	json_number(json, "runs", event->runs);
	json_number(json, "reused", event->reused);
	if (event->operation == OPERATION_UNPIN)
		json_number(json, "lived", event->lived_ns);
	if (event->devices)
		json_string(json, "device", event->device);
	if (*event->policy)
		json_string(json, "place", event->policy);
}

static void put_call(const struct call *call, uint64_t time_ns, const struct view *view)
{
	const struct event *event = &call->event;
	struct json *json = view->json;

	json_open(json, NULL);
	json_string(json, "record", "slow");
	json_number(json, "time", time_ns);
	json_string(json, "operation", operation_names[event->operation]);
	json_number(json, "pid", event->tgid);
	json_number(json, "thread", event->tid);
	json_string(json, "command", event->comm);
	if (event->ioas)
		json_number(json, "ioas", event->ioas);
	if (event->operation == OPERATION_MAP || event->operation == OPERATION_UNMAP)
		json_number(json, "iova", event->iova);
	if (event->va)
		view_address(view, "va", event->va);
	put_amounts(event, json);
	json_number(json, "duration", event->total_ns);
	put_phases(event, json);
	if (event->error)
		refusal_put(event, json);
	else
		json_null(json, "errno");
	put_stack(&call->kernel, "kernel", false, json);
	put_stack(&call->user, "user", view->addresses, json);
	json_close(json);
}

/* In the end. */
static void show_sum(const struct slow *slow, const struct view *view)
{
	if (!view->json) {
		view_heading(view);
		fprintf(view->out, "%" PRIu64 " calls shown, %" PRIu64 " of them failed\n",
			slow->shown, slow->failed);
		return;
	}
	json_open(view->json, NULL);
	json_string(view->json, "record", "slow_sum");
	view_span(view);
	json_number(view->json, "count", slow->shown);
	json_number(view->json, "errors", slow->failed);
	json_close(view->json);
}

/* While it goes on there is no duration yet. */
static void show(void *context, const struct view *view)
{
	struct slow *slow = context;

	for (size_t i = 0; i < slow->count; i++) {
		const struct event *event = &slow->calls[i].event;
		uint64_t time_ns =
			event->time_ns > view->start_ns ? event->time_ns - view->start_ns : 0;

		if (view->json)
			put_call(&slow->calls[i], time_ns, view);
		else
			show_call(&slow->calls[i], time_ns, view);
		slow->shown++;
		slow->failed += event->error != 0;
	}
	forget(slow);
	if (view->duration_ns)
		show_sum(slow, view);
}

const struct model model_slow = {
	.name = "slow",
	.operations = OPERATION_BIT(OPERATION_MAP) | OPERATION_BIT(OPERATION_UNMAP) |
		      OPERATION_BIT(OPERATION_ATTACH) | OPERATION_BIT(OPERATION_DETACH),
	.possible = OPERATION_BIT(OPERATIONS) - 1,
	.create = create,
	.destroy = destroy,
	.add = add,
	.show = show,
};
