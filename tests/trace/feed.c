/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * feed - make events up, feed ioasid-trace's models with them, and show these; or show the events.
 *
 *	feed raw SEED N			the events, a line each, fields between tabs
 *	feed MODE SEED N [OPTION...]	what the mode makes of them
 *
 * OPTIONs: json, by WHAT, pid PID, ioas IOAS, op NAME, from NS, addresses, stack, colour, interval I
 * (how it is shown), after K (of hist and phases, what came after the first K of them). Devices
 * come and go in the middle: what has which is a column of raw.
 */
#include <linux/ioasid.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "histogram.h"
#include "model.h"
#include "phases.h"
#include "tool.h"

static uint64_t state;

static uint64_t draw(uint64_t below)
{
	state = state * 6364136223846793005 + 1442695040888963407;
	return (state >> 33) % below;
}

static void set_name(char *field, size_t size, const char *name)
{
	strncpy(field, name, size - 1);
}

static void fill_map(struct event *event)
{
	static const char *const policies[] = { "builtin", "fixed", "huge_align_15ch" };

	set_name(event->policy, sizeof(event->policy), policies[draw(3)]);
	event->iova = draw(1 << 30) << 12;
	event->va = 0x7f0000000000 + (draw(1 << 20) << 12);
	event->pins = 1 + draw(3);
	event->runs = event->pins + draw(20);
	event->reused = draw(3) ? 0 : event->pages;
	if (!event->error)
		return;
	event->stage = 1 + draw(6);
	if (event->stage != IOASID_STAGE_CHARGE)
		return;
	event->flags |= EVENT_LIMITED;
	event->asked = event->pages;
	event->used = draw(100);
	event->limit = draw(2) ? UINT64_MAX : 100;
	event->reason = IOASID_REASON_PROCESS + draw(4);
	set_name(event->account, sizeof(event->account), "uid_quota");
}

static void fill_pin(struct event *event)
{
	event->va = 0x7f0000000000 + (draw(1 << 20) << 12);
	event->domain = 1 + draw(3);
	event->pin = draw(1 << 20);
	event->reused = draw(4) ? 0 : event->pages;
	if (event->error || event->reused)
		return;
	for (unsigned int i = 0; i < RUN_SIZES; i++)
		event->run_sizes[i] = draw(4) ? 0 : draw(5);
	for (unsigned int i = 0; i < RUN_SIZES; i++)
		event->runs += event->run_sizes[i];
}

static void fill_phases(struct event *event)
{
	uint64_t left = event->total_ns;
	uint32_t phases = event->operation == OPERATION_MAP   ? 0x1d :
			  event->operation == OPERATION_UNMAP ? 0x3c :
			  event->operation == OPERATION_PIN   ? 0x06 :
								0;

	for (unsigned int i = 0; i < PHASES; i++) {
		if (!(phases & 1 << i))
			continue;
		event->phases_ns[i] = draw(left + 1);
		left -= event->phases_ns[i];
	}
}

static void make(struct event *event, uint64_t number)
{
	memset(event, 0, sizeof(*event));
	event->time_ns = 1000000 * number;
	event->operation = draw(OPERATIONS);
	event->error = draw(11) || event->operation == OPERATION_UNPIN ? 0 : ENOMEM;
	event->total_ns = draw(1ULL << (4 + draw(27)));
	event->tgid = 101 + draw(7);
	event->tid = event->tgid;
	snprintf(event->comm, sizeof(event->comm), "worker-%u", event->tgid);
	event->pages = 1 + draw(1ULL << draw(12));
	event->kernel_stack = event->user_stack = -1;
	if (event->operation < OPERATION_PIN)
		event->ioas = 1 + draw(5);
	if (event->operation == OPERATION_MAP)
		fill_map(event);
	if (event->operation == OPERATION_UNMAP) {
		event->unmapped = event->error ? 0 : event->pages;
		event->pages = draw(2) ? event->pages : UINT64_MAX;
	}
	if (event->operation == OPERATION_PIN)
		fill_pin(event);
	if (event->operation == OPERATION_UNPIN) {
		event->lived_ns = draw(1ULL << (10 + draw(30)));
		event->runs = 1 + draw(9);
		event->flags |= draw(5) ? 0 : EVENT_STALE;
	}
	fill_phases(event);
}

/* Groups of devices: what has which at first, and from the middle on. */
static const struct move {
	uint64_t ioas;
	uint32_t group;
	uint32_t devices;
	const char *device;
	bool leaves; /* in the middle */
	bool arrives; /* in the middle */
} moves[] = {
	{ 1, 5, 1, "0000:00:04.0", .leaves = true },
	{ 1, 6, 2, "0000:00:05.0" },
	{ 2, 7, 1, "0000:00:06.0" },
	{ 3, 5, 1, "0000:00:04.0", .arrives = true },
};

#define MOVES (sizeof(moves) / sizeof(*moves))

static void say_devices(uint64_t ioas, bool is_late)
{
	const char *comma = "";

	for (unsigned int i = 0; i < MOVES; i++) {
		const struct move *move = &moves[i];

		if (move->ioas != ioas || (is_late ? move->leaves : move->arrives))
			continue;
		printf("%s%s", comma, move->device);
		if (move->devices > 1)
			printf("+%u", move->devices - 1);
		comma = ",";
	}
	if (!*comma)
		putchar('-');
}

static void say(const struct event *event, bool is_late)
{
	printf("%s\t%u\t%llu\t%u\t%llu\t%" PRIu64 "\t%llu\t%s\t", operation_names[event->operation],
	       event->error, event->total_ns, event->tgid, event->ioas, event_size(event),
	       event->reused, *event->policy ? event->policy : "-");
	say_devices(event->ioas, is_late);
	for (unsigned int i = 0; i < PHASES; i++)
		printf("\t%llu", event->phases_ns[i]);
	printf("\t%llu\t%llu\t%u", event->lived_ns, event->runs, (event->flags & EVENT_STALE) != 0);
	for (unsigned int i = 0; i < RUN_SIZES; i++)
		printf("\t%u", event->run_sizes[i]);
	putchar('\n');
}

static void fill_move(struct event *event, const struct move *move, enum operation operation)
{
	memset(event, 0, sizeof(*event));
	event->operation = operation;
	event->flags = EVENT_ASIDE;
	event->ioas = move->ioas;
	event->table = move->group;
	event->group = move->group;
	event->devices = move->devices;
	set_name(event->device, sizeof(event->device), move->device);
}

static void feed_moves(const struct model *model, void *target, bool is_late)
{
	struct event event;

	for (unsigned int i = 0; i < MOVES; i++) {
		const struct move *move = &moves[i];

		if (is_late ? move->leaves : !move->arrives) {
			fill_move(&event, move, is_late ? OPERATION_DETACH : OPERATION_ATTACH);
			model->add(target, &event);
		} else if (is_late && move->arrives) {
			fill_move(&event, move, OPERATION_ATTACH);
			model->add(target, &event);
		}
	}
}

static struct {
	const struct model *model;
	struct model_options options;
	struct filter filter;
	struct view view;
	uint64_t count;
	uint64_t after;
} settings;

static void show_raw(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		struct event event;

		make(&event, i);
		say(&event, i >= count / 2);
	}
}

static void feed_model(void)
{
	void *target = settings.model->create(&settings.options);

	feed_moves(settings.model, target, false);
	for (uint64_t i = 0; i < settings.count; i++) {
		struct event event;

		if (i == settings.count / 2)
			feed_moves(settings.model, target, true);
		make(&event, i);
		if (filter_takes(&settings.filter, &event))
			settings.model->add(target, &event);
	}
	settings.model->show(target, &settings.view);
	settings.model->destroy(target);
}

/* Two readings, and what is between them. */
static void feed_histograms(void)
{
	struct histogram *before, *now = histogram_new(settings.options.by, 0, NULL);

	before = histogram_copy(now);
	for (uint64_t i = 0; i < settings.count; i++) {
		struct event event;

		if (i == settings.after) {
			histogram_free(before);
			before = histogram_copy(now);
		}
		make(&event, i);
		if (filter_takes(&settings.filter, &event))
			histogram_add(now, &event);
	}
	histogram_subtract(now, before);
	histogram_show(now, &settings.view);
	histogram_free(now);
	histogram_free(before);
}

static void feed_phases(void)
{
	static struct phases before, now;

	for (uint64_t i = 0; i < settings.count; i++) {
		struct event event;

		if (i == settings.after)
			before = now;
		make(&event, i);
		if (filter_takes(&settings.filter, &event))
			phases_add(&now, &event);
	}
	phases_subtract(&now, &before);
	phases_show(&now, &settings.view);
}

static unsigned int stack_of(const struct event *event, bool of_user, struct frame *frames)
{
	(void)event;
	for (unsigned int i = 0; i < 3; i++) {
		frames[i].address = 0x4000 + i;
		frames[i].offset = 16 * i;
		snprintf(frames[i].name, sizeof(frames[i].name), "%s_%u",
			 of_user ? "user" : "kernel", i);
		snprintf(frames[i].object, sizeof(frames[i].object), "object");
	}
	/* One of no known function, and one that is not known at all. */
	*frames[1].name = 0;
	*frames[2].name = *frames[2].object = 0;
	return 3;
}

static uint32_t find_name(const char *const *names, uint32_t count, const char *name)
{
	for (uint32_t i = 0; i < count; i++)
		if (name && !strcmp(names[i], name))
			return i;
	fprintf(stderr, "feed: what is '%s'?\n", name);
	exit(2);
}

/* Returns how many words it took. */
static int set_option(const char *word, const char *value)
{
	static struct json json;

	json.out = stdout;
	if (!strcmp(word, "json"))
		settings.view.json = &json;
	else if (!strcmp(word, "addresses"))
		settings.view.addresses = true;
	else if (!strcmp(word, "colour"))
		settings.view.colours = true;
	else if (!strcmp(word, "stack"))
		settings.options.stack = stack_of;
	else if (!strcmp(word, "by"))
		return settings.options.by = find_name(by_names, BYS, value), 2;
	else if (!strcmp(word, "pid"))
		return settings.filter.tgid = atoi(value), 2;
	else if (!strcmp(word, "ioas"))
		return settings.filter.ioas = atoi(value), 2;
	else if (!strcmp(word, "from"))
		return settings.options.from_ns = atoll(value), 2;
	else if (!strcmp(word, "interval"))
		return settings.view.interval = atoi(value), 2;
	else if (!strcmp(word, "after"))
		return settings.after = atoll(value), 2;
	else
		return settings.options.operations |=
		       OPERATION_BIT(find_name(operation_names, OPERATIONS, value)),
		       2;
	return 1;
}

int main(int argc, char **argv)
{
	struct losses losses = { .cpus = 2, .of_cpu = (uint64_t[]){ 0, 7 } };

	tool_start("feed");
	if (argc < 4)
		return 2;
	state = atoll(argv[2]);
	settings.count = atoll(argv[3]);
	if (!strcmp(argv[1], "raw")) {
		show_raw(settings.count);
		return 0;
	}
	settings.model = model_find(argv[1]);
	settings.view.out = stdout;
	settings.view.duration_ns = 1500000000;
	for (int i = 4; i < argc;)
		i += set_option(argv[i], argv[i + 1]);
	settings.filter.operations = settings.options.operations ?: settings.model->operations;
	view_schema(&settings.view);
	if (!settings.after)
		feed_model();
	else if (settings.model == &model_hist)
		feed_histograms();
	else
		feed_phases();
	losses_show(&losses, &settings.view);
	return 0;
}
