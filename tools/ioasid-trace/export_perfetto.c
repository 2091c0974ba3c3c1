/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trace event format. A track is a process and a thread in it; those of the address spaces are
 * in a process of their own, whose number no process has. On a track slices lie in each other or
 * one after another, and begin in the order of the file.
 *
 * Events come when a call ends: pins first, then the map call that made them. So pins of a thread
 * wait until the call comes that they are part of.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "lookup.h"
#include "tool.h"

#define SPACES_PID (1u << 30)

struct track {
	uint32_t pid;
	uint32_t tid;
	uint64_t end_ns; /* nothing may begin before */
};

struct thread {
	struct track track;
	struct event *waiting; /* pins */
	size_t waits;
	size_t room;
};

/* Calls that overlap in an address space have a lane each. */
struct lane {
	struct track track;
	struct lane *next;
};

/* Of a process. */
struct counter {
	uint64_t pages;
	uint64_t last_ns;
};

static const struct export_options *options;
static struct recording *recording;
static struct json json;
static bool has_events;
static struct lookup processes, threads, spaces, domains, counters;
static uint32_t lanes;

/* The order of the steps of each call. */
static const enum phase steps[OPERATIONS][PHASES + 1] = {
	[OPERATION_MAP] = { PHASE_PIN, PHASE_POLICY, PHASE_PLACE, PHASE_TABLE, PHASES },
	[OPERATION_UNMAP] = { PHASE_PLACE, PHASE_TABLE, PHASE_FLUSH, PHASE_PIN, PHASES },
	[OPERATION_PIN] = { PHASE_CHARGE, PHASE_PIN, PHASES },
	[OPERATION_ATTACH] = { PHASES },
	[OPERATION_DETACH] = { PHASES },
	[OPERATION_UNPIN] = { PHASES },
};

static void *allocate(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		tool_die("no memory");
	return memory;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void open_entry(const char *kind, const char *name, uint32_t pid, uint32_t tid)
{
	if (has_events)
		fputc(',', json.out);
	has_events = true;
	json_open(&json, NULL);
	json_string(&json, "ph", kind);
	json_string(&json, "name", name);
	json_number(&json, "pid", pid);
	json_number(&json, "tid", tid);
}

static void put_name(const char *what, uint32_t pid, uint32_t tid, const char *name)
{
	open_entry("M", what, pid, tid);
	json_open(&json, "args");
	json_string(&json, "name", name);
	json_close(&json);
	json_close(&json);
}

/* Microseconds, with fractions. */
static void put_slice_times(uint64_t start_ns, uint64_t ns)
{
	json_thousandths(&json, "ts", start_ns);
	json_thousandths(&json, "dur", ns);
}

static void put_hex(const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	json_string(&json, key, text);
}

static void put_pages(const struct event *event)
{
	if (event->pages == UINT64_MAX)
		json_string(&json, "pages", "all");
	else
		json_number(&json, "pages", event->pages);
	if (event->operation == OPERATION_UNMAP)
		json_number(&json, "unmapped", event->unmapped);
}

static void put_map_arguments(const struct event *event)
{
	json_number(&json, "ioas", event->ioas);
	put_hex("iova", event->iova);
	if (event->operation == OPERATION_UNMAP)
		return;
	json_number(&json, "pins", event->pins);
	json_number(&json, "runs", event->runs);
	json_number(&json, "reused", event->reused);
	if (event->policy[0])
		json_string(&json, "policy", event->policy);
}

static void put_pin_arguments(const struct event *event)
{
	json_number(&json, "domain", event->domain);
	json_number(&json, "pin", event->pin);
	json_number(&json, "runs", event->runs);
	if (event->operation == OPERATION_UNPIN)
		json_number(&json, "lived_ns", event->lived_ns);
	else
		json_number(&json, "reused", event->reused);
}

static void put_device_arguments(const struct event *event)
{
	json_number(&json, "ioas", event->ioas);
	json_number(&json, "table", event->table);
	if (!event->devices)
		return;
	json_string(&json, "device", event->device);
	json_number(&json, "group", event->group);
}

static void put_refusal(const struct event *event)
{
	const char *stage = event_stage(event), *reason = event_reason(event);

	json_string(&json, "errno", strerrorname_np(event->error) ?: "?");
	if (stage)
		json_string(&json, "stage", stage);
	if (reason)
		json_string(&json, "reason", reason);
	if (!(event->flags & EVENT_LIMITED))
		return;
	json_string(&json, "account", event->account);
	json_number(&json, "asked_pages", event->asked);
	json_number(&json, "used_pages", event->used);
	if (event->limit != UINT64_MAX)
		json_number(&json, "limit_pages", event->limit);
}

static void put_arguments(const struct event *event)
{
	json_open(&json, "args");
	switch (event->operation) {
	case OPERATION_MAP:
	case OPERATION_UNMAP:
		put_map_arguments(event);
		break;
	case OPERATION_PIN:
	case OPERATION_UNPIN:
		put_pin_arguments(event);
		break;
	default:
		put_device_arguments(event);
	}
	put_pages(event);
	if (options->addresses && event->va)
		put_hex("va", event->va);
	if (event->error)
		put_refusal(event);
	json_number(&json, "total_ns", event->total_ns);
	json_close(&json);
}

static void put_slice(const struct track *track, const struct event *event, uint64_t start_ns,
		      uint64_t ns)
{
	open_entry("X", operation_names[event->operation], track->pid, track->tid);
	json_string(&json, "cat", "call");
	put_slice_times(start_ns, ns);
	put_arguments(event);
	json_close(&json);
}

static void put_phase(const struct track *track, enum phase phase, uint64_t start_ns, uint64_t ns)
{
	open_entry("X", phase_names[phase], track->pid, track->tid);
	json_string(&json, "cat", "phase");
	put_slice_times(start_ns, ns);
	json_close(&json);
}

static void put_failure(struct track *track, const struct event *event, uint64_t time_ns)
{
	char name[64];

	snprintf(name, sizeof(name), "%s: %s", operation_names[event->operation],
		 strerrorname_np(event->error) ?: "error");
	track->end_ns = later(track->end_ns, time_ns);
	open_entry("i", name, track->pid, track->tid);
	json_string(&json, "cat", "failure");
	json_string(&json, "s", "t");
	json_thousandths(&json, "ts", time_ns);
	put_arguments(event);
	json_close(&json);
}

static void put_inner(struct track *track, const struct event *pins, size_t count, uint64_t at,
		      uint64_t end_ns);

/* The phases of a call that lies from @at to @end_ns, and the pins that it made. */
static void put_phases(struct track *track, const struct event *event, uint64_t at, uint64_t end_ns,
		       const struct event *pins, size_t count)
{
	for (const enum phase *step = steps[event->operation]; *step != PHASES; step++) {
		uint64_t ns = earlier(event->phases_ns[*step], end_ns - at);

		if (!ns)
			continue;
		put_phase(track, *step, at, ns);
		if (*step == PHASE_PIN) {
			put_inner(track, pins, count, at, at + ns);
			count = 0;
		}
		at += ns;
	}
	put_inner(track, pins, count, at, end_ns);
}

/* Pins within a call, one after another. */
static void put_inner(struct track *track, const struct event *pins, size_t count, uint64_t at,
		      uint64_t end_ns)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t ns = earlier(pins[i].total_ns, end_ns - at);

		if (pins[i].error) {
			put_failure(track, &pins[i], at);
			continue;
		}
		put_slice(track, &pins[i], at, ns);
		put_phases(track, &pins[i], at, at + ns, NULL, 0);
		at += ns;
	}
}

static uint64_t began_ns(const struct event *event)
{
	return event->time_ns - earlier(event->total_ns, event->time_ns);
}

static void put_call(struct track *track, const struct event *event, const struct event *pins,
		     size_t count)
{
	uint64_t start_ns = later(began_ns(event), track->end_ns);
	uint64_t end_ns = start_ns + event->total_ns;

	if (event->error) {
		put_failure(track, event, later(event->time_ns, track->end_ns));
		return;
	}
	put_slice(track, event, start_ns, event->total_ns);
	put_phases(track, event, start_ns, end_ns, pins, count);
	track->end_ns = later(end_ns, track->end_ns);
}

/* Processes and threads get their names when they are seen first. */

static void name_process(uint32_t pid, const char *name)
{
	static char known;
	void **slot = lookup_slot(&processes, pid);

	if (*slot)
		return;
	*slot = &known;
	put_name("process_name", pid, 0, name);
}

static struct thread *thread_of(const struct event *event)
{
	uint64_t key = (uint64_t)event->tgid << 32 | event->tid;
	struct thread **slot = (struct thread **)lookup_slot(&threads, key);

	if (*slot)
		return *slot;
	*slot = allocate(sizeof(**slot));
	(*slot)->track.pid = event->tgid;
	(*slot)->track.tid = event->tid;
	name_process(event->tgid, recording_process(recording, event->tgid));
	put_name("thread_name", event->tgid, event->tid, event->comm);
	return *slot;
}

static struct lane *new_lane(const struct event *event, bool is_first)
{
	struct lane *lane = allocate(sizeof(*lane));
	char name[64];

	lane->track.pid = SPACES_PID;
	lane->track.tid = SPACES_PID + ++lanes;
	name_process(SPACES_PID, "address spaces");
	snprintf(name, sizeof(name), "ioas %llu%s", (unsigned long long)event->ioas,
		 is_first ? "" : ", at the same time");
	put_name("thread_name", SPACES_PID, lane->track.tid, name);
	return lane;
}

/* The first lane of the address space that is free when the call begins. */
static struct lane *lane_of(const struct event *event)
{
	struct lane **link = (struct lane **)lookup_slot(&spaces, event->ioas);
	bool is_first = !*link;

	while (*link && (*link)->track.end_ns > began_ns(event))
		link = &(*link)->next;
	if (!*link)
		*link = new_lane(event, is_first);
	return *link;
}

/* Memory that is pinned. */

static struct counter *counter_of(uint32_t tgid)
{
	struct counter **slot = (struct counter **)lookup_slot(&counters, tgid);

	if (!*slot)
		*slot = allocate(sizeof(**slot));
	return *slot;
}

static uint32_t *owner_of(uint64_t domain)
{
	uint32_t **slot = (uint32_t **)lookup_slot(&domains, domain);

	if (!*slot)
		*slot = allocate(sizeof(**slot));
	return *slot;
}

static void put_counter(uint32_t tgid, uint64_t time_ns)
{
	struct counter *counter = counter_of(tgid);

	counter->last_ns = later(counter->last_ns, time_ns);
	name_process(tgid, recording_process(recording, tgid));
	open_entry("C", "pinned memory", tgid, 0);
	json_thousandths(&json, "ts", counter->last_ns);
	json_open(&json, "args");
	json_number(&json, "bytes", counter->pages * recording_header(recording)->page_size);
	json_close(&json);
	json_close(&json);
}

static void count_pin(const struct event *event)
{
	uint32_t tgid = *owner_of(event->domain);
	struct counter *counter = counter_of(tgid);

	if (event->error || event->reused)
		return;
	if (event->operation == OPERATION_PIN)
		counter->pages += event->pages;
	else
		counter->pages -= earlier(event->pages, counter->pages);
	put_counter(tgid, event->time_ns);
}

/* Whose memory it is, and what of it was pinned before. */
static void see_pin(const struct event *event)
{
	uint32_t *owner = owner_of(event->domain);

	if (event->operation == OPERATION_UNPIN || !*owner)
		*owner = event->tgid;
	if (event->operation == OPERATION_UNPIN &&
	    event->time_ns - event->lived_ns < recording_header(recording)->start_ns)
		counter_of(event->tgid)->pages += event->pages;
}

static bool is_pin(const struct event *event)
{
	return event->operation == OPERATION_PIN || event->operation == OPERATION_UNPIN;
}

static bool is_wanted(struct event *event)
{
	return filter_takes(&options->filter, event) && !(event->flags & EVENT_ASIDE);
}

/* Before anything is put: the counters have to begin right. */
static void look_through(void)
{
	uint64_t start_ns = recording_header(recording)->start_ns;
	struct event *event;

	while ((event = recording_next(recording)))
		if (is_pin(event) && is_wanted(event))
			see_pin(event);
	recording_rewind(recording);
	for (size_t i = 0; i < counters.size; i++)
		if (counters.entries[i].taken)
			put_counter(counters.entries[i].key, start_ns);
}

/* Calls. */

static void let_wait(struct thread *thread, const struct event *event)
{
	if (thread->waits == thread->room) {
		thread->room = 2 * thread->room + 16;
		thread->waiting = realloc(thread->waiting, thread->room * sizeof(*event));
		if (!thread->waiting)
			tool_die("no memory");
	}
	thread->waiting[thread->waits++] = *event;
}

/* Pins that ended before the call began are none of its own; and none are when it failed. */
static void put_thread_call(struct thread *thread, const struct event *event)
{
	uint64_t start_ns = event->error ? UINT64_MAX : began_ns(event);
	size_t first = 0;

	while (first < thread->waits && thread->waiting[first].time_ns <= start_ns)
		put_call(&thread->track, &thread->waiting[first++], NULL, 0);
	put_call(&thread->track, event, &thread->waiting[first], thread->waits - first);
	thread->waits = 0;
}

static void put_event(const struct event *event)
{
	struct thread *thread = thread_of(event);

	if (is_pin(event)) {
		count_pin(event);
		let_wait(thread, event);
		return;
	}
	put_thread_call(thread, event);
	put_call(&lane_of(event)->track, event, NULL, 0);
}

/* Pins that no call came after. */
static void put_waiting(void)
{
	for (size_t i = 0; i < threads.size; i++) {
		struct thread *thread = threads.entries[i].value;

		for (size_t pin = 0; thread && pin < thread->waits; pin++)
			put_call(&thread->track, &thread->waiting[pin], NULL, 0);
	}
}

static void put_other_data(void)
{
	const struct recording_header *header = recording_header(recording);
	const struct losses *losses = recording_losses(recording);
	uint64_t lost = losses->missed;

	for (unsigned int i = 0; i < losses->cpus; i++)
		lost += losses->of_cpu[i];
	fprintf(json.out, "],\"otherData\":");
	json_open(&json, NULL);
	json_string(&json, "tool", "ioasid-trace " TOOL_VERSION);
	json_string(&json, "command", header->command);
	json_string(&json, "kernel", header->kernel);
	json_string(&json, "module", header->module);
	json_string(&json, "backend", header->backend);
	json_string(&json, "clock", "CLOCK_MONOTONIC");
	json_number(&json, "lost_events", lost);
	json_close(&json);
}

static void free_thread(void *value)
{
	struct thread *thread = value;

	free(thread->waiting);
	free(thread);
}

static void free_lanes(void *value)
{
	struct lane *lane = value, *next;

	for (; lane; lane = next) {
		next = lane->next;
		free(lane);
	}
}

void export_perfetto(struct recording *from, const struct export_options *wanted)
{
	static struct export_options all;
	struct event *event;

	recording = from;
	all = *wanted;
	if (!all.filter.operations)
		all.filter.operations = ~0u;
	options = &all;
	json.out = wanted->out;

	fprintf(json.out, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
	look_through();
	while ((event = recording_next(recording)))
		if (is_wanted(event))
			put_event(event);
	put_waiting();
	put_other_data();
	fprintf(json.out, "}\n");

	lookup_clear(&processes, NULL);
	lookup_clear(&threads, free_thread);
	lookup_clear(&spaces, free_lanes);
	lookup_clear(&domains, free);
	lookup_clear(&counters, free);
}
