/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/bpf.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "histogram.h"
#include "phases.h"
#include "tool.h"
#include "tracer.h"

#define NSEC_PER_MSEC 1000000ULL
/* Signals, and events that woke nobody, are looked for so often. */
#define LOOK_EVERY_NS (100 * NSEC_PER_MSEC)
#define LINKS_MOST 32

static const struct backend *backend;
static struct bpf_object *object;
static struct bpf_link *links[LINKS_MOST];
static unsigned int link_count;
static struct ring_buffer *ring; /* NULL: nothing is passed on */
static bool has_keys;
static unsigned int cpus;
static uint64_t started_ns;

static struct {
	void (*take)(const struct event *event, void *context);
	void *context;
} taker;

static int take_event(void *context, void *data, size_t size)
{
	(void)context;
	(void)size;
	taker.take(data, taker.context);
	return 0;
}

void tracer_events(void (*take)(const struct event *event, void *context), void *context)
{
	taker.take = take;
	taker.context = context;
	if (ring)
		ring_buffer__consume(ring);
}

bool tracer_wait(uint64_t deadline_ns)
{
	uint64_t now = tool_now_ns();
	uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
	struct pollfd fd = { .events = POLLIN };

	if (!ring)
		return tool_wait(deadline_ns);
	if (left > LOOK_EVERY_NS)
		left = LOOK_EVERY_NS;
	fd.fd = ring_buffer__epoll_fd(ring);
	poll(&fd, 1, (left + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC);
	return tool_wait(0);
}

static struct bpf_map *map_of(const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map)
		tool_die("the BPF programs have no map '%s'", name);
	return map;
}

static bool passes_on(const struct wish *wish)
{
	return wish->pass || wish->pass_failed || wish->pass_from_ns || wish->devices;
}

/* What is not used is small. */
static void size_maps(const struct wish *wish, size_t buffer)
{
	bpf_map__set_max_entries(map_of("events"), passes_on(wish) ? buffer : BUFFER_LEAST);
	if (!wish->by)
		bpf_map__set_max_entries(map_of("keyed"), 1);
	if (!wish->stacks)
		bpf_map__set_max_entries(map_of("stacks"), 1);
}

static void attach(void)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object) {
		if (!bpf_program__autoload(program) ||
		    bpf_program__type(program) == BPF_PROG_TYPE_SYSCALL)
			continue;
		if (link_count == LINKS_MOST)
			tool_die("there are too many BPF programs");
		links[link_count] = bpf_program__attach(program);
		if (!links[link_count])
			tool_die_bpf(-errno, "the tracepoints cannot be attached to");
		link_count++;
	}
}

static void walk(void)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, "walk");
	LIBBPF_OPTS(bpf_test_run_opts, options);
	int error;

	if (!program || !bpf_program__autoload(program))
		return;
	error = bpf_prog_test_run_opts(bpf_program__fd(program), &options) ?: (int)options.retval;
	if (error)
		tool_die("the devices that are attached cannot be walked: %s", strerror(-error));
}

void tracer_start(const struct backend *wanted, const struct wish *wish, size_t buffer)
{
	int error;

	backend = wanted;
	has_keys = wish->by;
	cpus = libbpf_num_possible_cpus();
	object = backend->open(wish);
	if (!object)
		tool_die_bpf(-errno, "the BPF programs cannot be opened");
	size_maps(wish, buffer);
	error = bpf_object__load(object);
	if (error)
		tool_die_bpf(error, "the kernel does not take the BPF programs");
	if (passes_on(wish)) {
		ring = ring_buffer__new(bpf_map__fd(map_of("events")), take_event, NULL, NULL);
		if (!ring)
			tool_die_bpf(-errno, "the events cannot be read");
	}
	started_ns = tool_now_ns();
	attach();
	walk();
}

void tracer_stop(void)
{
	while (link_count)
		bpf_link__destroy(links[--link_count]);
}

void tracer_end(void)
{
	tracer_stop();
	ring_buffer__free(ring);
	ring = NULL;
	backend->close();
}

uint64_t tracer_started_ns(void)
{
	return started_ns;
}

static void *read_buffer(size_t size)
{
	void *buffer = calloc(cpus, size);

	if (!buffer)
		tool_die("no memory");
	return buffer;
}

static void look_up(const struct bpf_map *map, const void *key, void *values)
{
	int error = bpf_map_lookup_elem(bpf_map__fd(map), key, values);

	if (error)
		tool_die_bpf(error, "the counters cannot be read");
}

static uint64_t missed(void)
{
	struct bpf_program *program;
	uint64_t sum = 0;

	bpf_object__for_each_program(program, object) {
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);

		/* One that was not loaded has none. */
		if (!bpf_prog_get_info_by_fd(bpf_program__fd(program), &info, &size))
			sum += info.recursion_misses;
	}
	return sum;
}

void tracer_losses(struct losses *losses)
{
	const struct bpf_map *map = map_of("lost");
	uint64_t *uncounted = read_buffer(sizeof(*uncounted));

	if (!losses->of_cpu)
		losses->of_cpu = read_buffer(sizeof(*losses->of_cpu));
	losses->cpus = cpus;
	look_up(map, &(__u32){ LOST_EVENTS }, losses->of_cpu);
	look_up(map, &(__u32){ LOST_UNCOUNTED }, uncounted);
	losses->uncounted = 0;
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		losses->uncounted += uncounted[cpu];
	losses->missed = missed();
	free(uncounted);
}

static void read_keyed(struct histogram *histogram)
{
	struct tally *tally = read_buffer(sizeof(*tally));
	int fd = bpf_map__fd(map_of("keyed"));
	struct tally_key key, *before = NULL;

	/* What is added meanwhile may be seen or not; nothing is ever removed. */
	while (!bpf_map_get_next_key(fd, before, &key)) {
		if (!bpf_map_lookup_elem(fd, &key, tally))
			histogram_add_tally(histogram, &key, tally);
		before = &key;
	}
	free(tally);
}

static void read_tallies(struct histogram *histogram)
{
	struct tally *tallies = read_buffer(sizeof(*tallies));
	const struct bpf_map *map = map_of("tallies");

	for (__u32 operation = 0; operation < OPERATIONS; operation++) {
		struct tally_key key = { .operation = operation };

		look_up(map, &operation, tallies);
		for (unsigned int cpu = 0; cpu < cpus; cpu++)
			histogram_add_tally(histogram, &key, &tallies[cpu]);
	}
	free(tallies);
}

void tracer_histogram(struct histogram *histogram)
{
	if (has_keys)
		read_keyed(histogram);
	else
		read_tallies(histogram);
}

void tracer_phases(struct phases *phases)
{
	struct phase_sum *sums = read_buffer(sizeof(*sums));
	const struct bpf_map *map = map_of("phase_sums");

	for (__u32 i = 0; i < OPERATIONS * SIZE_CLASSES; i++) {
		look_up(map, &i, sums);
		for (unsigned int cpu = 0; cpu < cpus; cpu++)
			phases_add_sum(&phases->sums[i / SIZE_CLASSES][i % SIZE_CLASSES],
				       &sums[cpu]);
	}
	free(sums);
}

unsigned int tracer_stack(int32_t number, uint64_t addresses[STACK_DEPTH])
{
	unsigned int depth = 0;

	memset(addresses, 0, STACK_DEPTH * sizeof(*addresses));
	if (number < 0 || bpf_map_lookup_elem(bpf_map__fd(map_of("stacks")), &number, addresses))
		return 0;
	while (depth < STACK_DEPTH && addresses[depth])
		depth++;
	return depth;
}
