/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "histogram.h"
#include "live.h"
#include "phases.h"
#include "refusal.h"
#include "symbols.h"
#include "tool.h"

/**
 * struct feed - how a mode gets what it shows
 * @start: once
 * @take: an event of the ring buffer
 * @pause: events have been taken, more may come
 * @show: what there is, of the interval or the whole
 * @end: once
 */
struct feed {
	void (*start)(void);
	void (*take)(const struct event *event);
	void (*pause)(void);
	void (*show)(const struct view *view);
	void (*end)(void);
};

static const struct live *live;
static const struct feed *feed;
static struct view view;

unsigned int live_stack(const struct event *event, bool of_user, struct frame *frames)
{
	int32_t number = of_user ? event->user_stack : event->kernel_stack;
	uint64_t addresses[STACK_DEPTH];
	unsigned int depth = tracer_stack(number, addresses);

	if (of_user)
		symbols_process(event->tgid);
	for (unsigned int i = 0; i < depth; i++) {
		frames[i].address = addresses[i];
		if (of_user)
			symbols_user(event->tgid, &frames[i]);
		else
			symbols_kernel(&frames[i]);
	}
	return of_user ? depth : symbols_trim(frames, depth);
}

static void check_output(void)
{
	if (fflush(stdout))
		tool_die("the output cannot be written: %m");
}

/* hist: what the BPF programs have counted; events tell devices. */

static struct {
	struct devices *devices;
	struct histogram *before;
} hist;

static void start_hist(void)
{
	hist.devices = devices_new();
	hist.before = histogram_new(live->options.by, live->options.operations, hist.devices);
}

static void take_for_hist(const struct event *event)
{
	devices_add(hist.devices, event);
}

static void show_hist(const struct view *how)
{
	struct histogram *now =
		histogram_new(live->options.by, live->options.operations, hist.devices);
	struct histogram *shown;

	tracer_histogram(now);
	shown = histogram_copy(now);
	if (how->interval && !how->cumulative)
		histogram_subtract(shown, hist.before);
	histogram_show(shown, how);
	histogram_free(shown);
	histogram_free(hist.before);
	hist.before = now;
}

static void end_hist(void)
{
	histogram_free(hist.before);
	devices_free(hist.devices);
}

static const struct feed feed_hist = {
	.start = start_hist,
	.take = take_for_hist,
	.show = show_hist,
	.end = end_hist,
};

/* phases: the same, without events. */

static void show_phases(const struct view *how)
{
	static struct phases before, now, shown;

	memset(&now, 0, sizeof(now));
	now.operations = live->options.operations;
	tracer_phases(&now);
	shown = now;
	if (how->interval && !how->cumulative)
		phases_subtract(&shown, &before);
	phases_show(&shown, how);
	before = now;
}

static const struct feed feed_phases = {
	.show = show_phases,
};

/* The others: events. */

static struct {
	void *interval;
	void *whole;
} models;

static void start_models(void)
{
	models.whole = live->model->create(&live->options);
	if (live->interval_ns)
		models.interval = live->model->create(&live->options);
}

static void take_for_models(const struct event *event)
{
	live->model->add(models.whole, event);
	if (models.interval)
		live->model->add(models.interval, event);
}

/* A mode of single events shows them at once. */
static void show_single(void)
{
	live->model->show(models.whole, &view);
	check_output();
}

static void show_models(const struct view *how)
{
	if (!how->interval || how->cumulative) {
		live->model->show(models.whole, how);
		return;
	}
	live->model->show(models.interval, how);
	live->model->destroy(models.interval);
	models.interval = live->model->create(&live->options);
}

static void end_models(void)
{
	live->model->destroy(models.whole);
	if (models.interval)
		live->model->destroy(models.interval);
	symbols_end();
}

static const struct feed feed_models = {
	.start = start_models,
	.take = take_for_models,
	.show = show_models,
	.end = end_models,
};

static const struct feed feed_single = {
	.start = start_models,
	.take = take_for_models,
	.pause = show_single,
	.show = show_models,
	.end = end_models,
};

static const struct feed *feed_of(const struct model *model)
{
	if (model == &model_hist)
		return &feed_hist;
	if (model == &model_phases)
		return &feed_phases;
	return model == &model_slow ? &feed_single : &feed_models;
}

/* What the BPF programs shall do for it. */
static void set_wish(struct wish *wish)
{
	uint32_t tables = OPERATION_BIT(OPERATION_ATTACH) | OPERATION_BIT(OPERATION_DETACH);

	wish->tgid = live->filter.tgid;
	wish->ioas = live->filter.ioas;
	wish->operations = live->filter.operations;
	wish->by = live->options.by;
	wish->histograms = live->model == &model_hist;
	wish->phases = live->model == &model_phases;
	wish->devices = wish->by == BY_DEVICE;
	wish->stacks = live->model == &model_slow;
	if (live->events) {
		wish->pass = wish->operations & tables;
		wish->pass_failed = wish->operations;
	}
	if (live->model == &model_slow) {
		wish->pass_from_ns = live->options.from_ns;
		wish->pass_failed = wish->operations;
		wish->pass = live->options.from_ns ? 0 : wish->operations;
	}
	if (live->model == &model_pins) {
		wish->pass = wish->operations;
		wish->wake_from = live->buffer / 4;
	}
}

static void take_event(const struct event *event, void *context)
{
	(void)context;
	if (live->events && !(event->flags & EVENT_ASIDE))
		refusal_show(event, &view);
	if (feed->take)
		feed->take(event);
}

static void take_events(void)
{
	tracer_events(take_event, NULL);
	if (feed->pause)
		feed->pause();
	if (live->events)
		check_output();
}

/* Returns false when a signal asks to end before. */
static bool wait_until(uint64_t deadline)
{
	bool goes_on = true;

	do {
		goes_on = tracer_wait(deadline);
		take_events();
	} while (goes_on && tool_now_ns() < deadline);
	return goes_on;
}

/* What comes before this is counted and shown; nothing after it. */
static void stop(void)
{
	tracer_stop();
	take_events();
}

static void losses_since(struct losses *now, const struct losses *before)
{
	for (unsigned int cpu = 0; cpu < before->cpus; cpu++)
		now->of_cpu[cpu] -= before->of_cpu[cpu];
	now->missed -= before->missed;
	now->uncounted -= before->uncounted;
}

static void show_losses(const struct view *how)
{
	static struct losses before;
	struct losses now = { 0 }, shown = { 0 };

	tracer_losses(&now);
	tracer_losses(&shown);
	memcpy(shown.of_cpu, now.of_cpu, now.cpus * sizeof(*now.of_cpu));
	shown.missed = now.missed;
	shown.uncounted = now.uncounted;
	if (how->interval && !how->cumulative)
		losses_since(&shown, &before);
	losses_show(&shown, how);
	free(shown.of_cpu);
	free(before.of_cpu);
	before = now;
}

/* The interval, or the whole if that is 0. */
static void show(uint64_t interval)
{
	static uint64_t before;
	uint64_t now = tool_now_ns();
	struct view how = view;

	how.interval = interval;
	how.duration_ns = now - (interval && !how.cumulative && before ? before : view.start_ns);
	before = now;
	feed->show(&how);
	show_losses(&how);
	check_output();
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t end_of(uint64_t start)
{
	uint64_t end = UINT64_MAX;

	if (live->duration_ns)
		end = start + live->duration_ns;
	if (live->count && live->count < (UINT64_MAX - start) / live->interval_ns)
		end = earlier(end, start + live->count * live->interval_ns);
	return end;
}

/*
 * Show intervals until the end has come or a signal asks for it; the last may be a short one. They
 * add up to the whole.
 */
static void show_intervals(uint64_t start, uint64_t end)
{
	uint64_t next = start;
	bool goes_on = true;

	for (uint64_t interval = 1; goes_on && next < end; interval++) {
		next = earlier(next + live->interval_ns, end);
		goes_on = wait_until(next);
		if (!goes_on || next == end)
			stop();
		show(interval);
	}
}

static void wait_for_end(uint64_t end)
{
	wait_until(end);
	stop();
}

void live_run(const struct live *what)
{
	struct wish wish = { 0 };
	uint64_t start;

	live = what;
	feed = feed_of(live->model);
	view = live->view;
	set_wish(&wish);
	if (feed->start)
		feed->start();
	tracer_start(live->backend, &wish, live->buffer);
	view.start_ns = tracer_started_ns();
	tool_catch_signals();
	view_schema(&view);
	check_output();
	start = tool_now_ns();
	tool_warn("tracing... %s", end_of(start) == UINT64_MAX ? "Ctrl-C ends" : "");
	if (live->interval_ns)
		show_intervals(start, end_of(start));
	else
		wait_for_end(end_of(start));
	show(0);
	tracer_end();
	if (feed->end)
		feed->end();
}
