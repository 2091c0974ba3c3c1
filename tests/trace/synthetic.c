/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * synthetic - a recording of calls that never were, and what has to come of it.
 *
 *	synthetic FILE CALLS [PAGE_SIZE]
 *
 * Two threads of a process and one of another map pages one by one in two address spaces, CALLS
 * times in all, and unmap what they mapped; each seventh map call is refused. Calls of the two
 * threads overlap. Each call that maps has a pin in it and each that unmaps an unpin. One pin is
 * older than the recording. Times are by lot, the same ones each time.
 *
 * Prints the sums as JSON: of each operation the events, those that failed, the nanoseconds of the
 * others, and of their phases; and the bytes that are pinned in the end, by process.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recording.h"
#include "tool.h"

#define THREADS 3
#define CPUS 2
#define START_NS 5000000000ULL
#define STAGE_CHARGE 2

static const struct {
	uint32_t tgid;
	uint32_t tid;
	uint64_t ioas;
	const char *name;
} threads[THREADS] = {
	{ 101, 101, 1, "alpha" },
	{ 101, 102, 1, "alpha" },
	{ 202, 202, 2, "be;ta \"2\"" },
};

static struct sum {
	uint64_t events;
	uint64_t failed;
	uint64_t total_ns;
	uint64_t phases_ns[PHASES];
} sums[OPERATIONS];

static const char *const operations[OPERATIONS] = {
	"map", "unmap", "attach", "detach", "pin", "unpin",
};

static const char *const phases[PHASES] = {
	"policy", "charge", "pinning", "placement", "table", "flush",
};

static struct recording *recording;
static uint64_t pinned[THREADS];
static uint64_t clocks[THREADS];
static uint64_t page_size = 4096;

static uint64_t draw(uint64_t below)
{
	static uint64_t state = 23;

	state = state * 6364136223846793005 + 1442695040888963407;
	return (state >> 33) % below;
}

static void add(const struct event *event)
{
	struct sum *sum = &sums[event->operation];

	sum->events++;
	sum->failed += event->error != 0;
	for (unsigned int i = 0; i < PHASES && !event->error; i++)
		sum->phases_ns[i] += event->phases_ns[i];
	if (!event->error)
		sum->total_ns += event->total_ns;
	recording_add(recording, event);
}

static void add_stack(const struct event *event, bool of_user, const char *outer, const char *inner)
{
	struct frame frames[2] = { { .address = 0x7f0000001000 }, { .address = 0x7f0000002000 } };

	if (recording_has_stack(recording, event, of_user))
		return;
	snprintf(frames[0].name, sizeof(frames[0].name), "%s", inner);
	snprintf(frames[1].name, sizeof(frames[1].name), "%s", outer);
	snprintf(frames[0].object, sizeof(frames[0].object), "%s",
		 of_user ? "libdma.so" : "ioasid");
	recording_add_stack(recording, event, of_user, frames, 2);
}

static struct event event_of(unsigned int thread, enum operation operation, uint64_t end_ns)
{
	struct event event = {
		.operation = operation,
		.time_ns = end_ns,
		.tgid = threads[thread].tgid,
		.tid = threads[thread].tid,
		.cpu = thread % CPUS,
		.domain = threads[thread].tgid,
		.pages = 1,
		.runs = 1,
		.va = 0x7f1234500000,
		.kernel_stack = -1,
		.user_stack = -1,
	};

	snprintf(event.comm, sizeof(event.comm), "thread-%u", thread);
	return event;
}

/* The last of two threads has no frames of its own functions. */
static void give_stacks(struct event *event, unsigned int thread)
{
	event->kernel_stack = event->operation;
	event->user_stack = thread;
	add_stack(event, true, "main", thread == 1 ? "" : "work");
	add_stack(event, false, "ioasid_ioctl", operations[event->operation]);
}

static void pin(unsigned int thread, uint64_t end_ns, uint64_t ns, uint64_t id)
{
	struct event event = event_of(thread, OPERATION_PIN, end_ns);

	event.total_ns = ns;
	event.phases_ns[PHASE_CHARGE] = ns / 4;
	event.phases_ns[PHASE_PIN] = ns / 2;
	event.pin = id;
	event.run_sizes[0] = 1;
	pinned[thread]++;
	add(&event);
}

static void unpin(unsigned int thread, uint64_t end_ns, uint64_t ns, uint64_t id, uint64_t lived)
{
	struct event event = event_of(thread, OPERATION_UNPIN, end_ns);

	event.total_ns = ns;
	event.pin = id;
	event.lived_ns = lived;
	add(&event);
}

static void refuse(struct event *event)
{
	event->error = ENOMEM;
	event->stage = STAGE_CHARGE;
	event->flags = EVENT_LIMITED;
	event->asked = 1;
	event->used = event->limit = 23;
	strcpy(event->account, "builtin");
}

static void map(unsigned int thread, uint64_t number)
{
	uint64_t ns = 1000 + draw(100000), start_ns = clocks[thread] + draw(2000);
	struct event event = event_of(thread, OPERATION_MAP, start_ns + ns);

	clocks[thread] = event.time_ns;
	event.total_ns = ns;
	event.ioas = threads[thread].ioas;
	event.iova = number * page_size;
	event.phases_ns[PHASE_PIN] = ns / 2;
	event.phases_ns[PHASE_POLICY] = ns / 8;
	event.phases_ns[PHASE_PLACE] = ns / 16;
	event.phases_ns[PHASE_TABLE] = ns / 5;
	event.pins = 1;
	strcpy(event.policy, "builtin");
	if (number % 7 == 6)
		refuse(&event);
	else
		pin(thread, start_ns + ns / 2, ns / 3, number + 1);
	give_stacks(&event, thread);
	add(&event);
}

static void unmap(unsigned int thread, uint64_t number)
{
	uint64_t ns = 500 + draw(50000), start_ns = clocks[thread] + draw(2000);
	struct event event = event_of(thread, OPERATION_UNMAP, start_ns + ns);

	if (number % 7 == 6)
		return;
	clocks[thread] = event.time_ns;
	event.va = 0;
	event.total_ns = ns;
	event.ioas = threads[thread].ioas;
	event.iova = number * page_size;
	event.unmapped = 1;
	event.phases_ns[PHASE_PLACE] = ns / 8;
	event.phases_ns[PHASE_TABLE] = ns / 4;
	event.phases_ns[PHASE_FLUSH] = ns / 4;
	event.phases_ns[PHASE_PIN] = ns / 4;
	unpin(thread, start_ns + ns, ns / 5, number + 1, 1000);
	pinned[thread]--;
	give_stacks(&event, thread);
	add(&event);
}

/* A device that was attached before. */
static void say_device(void)
{
	struct event event = event_of(0, OPERATION_ATTACH, START_NS);

	event.flags = EVENT_ASIDE;
	event.ioas = 1;
	event.devices = 1;
	event.group = 5;
	strcpy(event.device, "0000:00:04.0");
	recording_add(recording, &event);
}

static void say_sums(void)
{
	printf("{");
	for (unsigned int i = 0; i < OPERATIONS; i++) {
		printf("\"%s\":{\"events\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"total_ns\":%" PRIu64
		       ",\"phases\":{",
		       operations[i], sums[i].events, sums[i].failed, sums[i].total_ns);
		for (unsigned int j = 0; j < PHASES; j++)
			printf("%s\"%s\":%" PRIu64, j ? "," : "", phases[j], sums[i].phases_ns[j]);
		printf("}},");
	}
	printf("\"pinned\":{\"101\":%" PRIu64 ",\"202\":%" PRIu64 "}}\n",
	       (pinned[0] + pinned[1]) * page_size, pinned[2] * page_size);
}

int main(int argc, char **argv)
{
	struct recording_header header = {
		.cpus = CPUS,
		.start_ns = START_NS,
		.start_wall_ns = 1700000000000000000ULL,
		.kernel = "6.12.0",
		.module = "0.1",
		.backend = "ioasid",
		.command = "ioasid-trace record -o FILE",
	};
	struct losses losses = { .cpus = CPUS, .of_cpu = (uint64_t[CPUS]){ 0 } };
	uint64_t calls, end_ns = 0;

	tool_start("synthetic");
	if (argc < 3)
		tool_die("say FILE and CALLS");
	if (argc > 3)
		page_size = strtoull(argv[3], NULL, 0);
	header.page_size = page_size;
	calls = strtoull(argv[2], NULL, 0);
	recording = recording_create(argv[1], &header);
	for (unsigned int i = 0; i < THREADS; i++) {
		clocks[i] = START_NS + 1000000;
		if (!recording_has_process(recording, threads[i].tgid))
			recording_add_process(recording, threads[i].tgid, threads[i].name);
	}
	say_device();
	unpin(2, START_NS + 1000, 500, 1000000, 2000000);
	for (uint64_t i = 0; i < calls; i++)
		map(i % THREADS, i);
	for (uint64_t i = 0; i < calls; i++)
		if (i % 5)
			unmap(i % THREADS, i);
	for (unsigned int i = 0; i < THREADS; i++)
		end_ns = clocks[i] > end_ns ? clocks[i] : end_ns;
	recording_finish(recording, &losses, end_ns - START_NS);
	say_sums();
	return 0;
}
