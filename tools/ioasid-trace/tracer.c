/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ioasid-trace.skel.h"
#include "tool.h"
#include "tracer.h"

const char *const operation_names[OPERATIONS] = { "map", "unmap", "attach", "detach" };

static struct ioasid_trace_bpf *bpf;
static struct tally *per_cpu;
static int cpus;
static struct ring_buffer *ring; /* NULL: no events are wanted */
static uint64_t started_ns;

static void (*show_event)(const struct event *event, uint64_t time_ns);

static int take_event(void *context, void *data, size_t size)
{
	const struct event *event = data;

	(void)context;
	(void)size;
	show_event(event, event->time_ns - started_ns);
	return 0;
}

void tracer_events(void (*show)(const struct event *event, uint64_t time_ns))
{
	show_event = show;
	if (ring)
		ring_buffer__consume(ring);
}

static void open_ring(void)
{
	ring = ring_buffer__new(bpf_map__fd(bpf->maps.events), take_event, NULL, NULL);
	if (!ring)
		tool_die_bpf(-errno, "the events cannot be read");
}

void tracer_start(pid_t pid, bool wants_events)
{
	int error;

	tool_need_bpf();
	cpus = libbpf_num_possible_cpus();
	per_cpu = calloc(cpus > 0 ? cpus : 1, sizeof(*per_cpu));
	if (!per_cpu)
		tool_die("no memory");
	bpf = ioasid_trace_bpf__open();
	if (!bpf)
		tool_die_bpf(-errno, "the BPF programs cannot be opened");
	bpf->rodata->only_tgid = pid;
	bpf->rodata->wants_events = wants_events;
	bpf_program__set_autoload(bpf->progs.on_charge, wants_events);
	error = ioasid_trace_bpf__load(bpf);
	if (error)
		tool_die_bpf(error, "the kernel does not take the BPF programs");
	if (wants_events)
		open_ring();
	started_ns = tool_now_ns();
	error = ioasid_trace_bpf__attach(bpf);
	if (error)
		tool_die_bpf(error, "the tracepoints cannot be attached to");
}

void tracer_stop(void)
{
	ioasid_trace_bpf__detach(bpf);
}

void tracer_end(void)
{
	ring_buffer__free(ring);
	ioasid_trace_bpf__destroy(bpf);
	free(per_cpu);
}

static void add_tally(struct tally *total, const struct tally *part)
{
	total->calls += part->calls;
	total->errors += part->errors;
	total->pages += part->pages;
	total->reused += part->reused;
	total->sum_ns += part->sum_ns;
	if (total->max_ns < part->max_ns)
		total->max_ns = part->max_ns;
	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		total->buckets[i] += part->buckets[i];
}

static uint64_t missed(const struct bpf_program *program)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	/* One that was not loaded has none. */
	if (bpf_prog_get_info_by_fd(bpf_program__fd(program), &info, &size))
		return 0;
	return info.recursion_misses;
}

void tracer_read(struct reading *reading)
{
	struct bpf_program *program;

	memset(reading, 0, sizeof(*reading));
	for (__u32 operation = 0; operation < OPERATIONS; operation++) {
		int map = bpf_map__fd(bpf->maps.tallies);
		int error = bpf_map_lookup_elem(map, &operation, per_cpu);

		if (error)
			tool_die_bpf(error, "the counters cannot be read");
		for (int cpu = 0; cpu < cpus; cpu++)
			add_tally(&reading->tallies[operation], &per_cpu[cpu]);
	}
	reading->lost = bpf->bss->events_lost;
	bpf_object__for_each_program(program, bpf->obj) reading->lost += missed(program);
	reading->time_ns = tool_now_ns() - started_ns;
}

static uint64_t longest_bucket(const struct tally *tally)
{
	unsigned int i = HIST_BUCKETS;

	while (i && !tally->buckets[i - 1])
		i--;
	return i ? hist_from(i) - 1 : 0;
}

static void tally_since(struct tally *now, const struct tally *before)
{
	now->calls -= before->calls;
	now->errors -= before->errors;
	now->pages -= before->pages;
	now->reused -= before->reused;
	now->sum_ns -= before->sum_ns;
	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		now->buckets[i] -= before->buckets[i];
	if (now->max_ns == before->max_ns && longest_bucket(now) < now->max_ns)
		now->max_ns = longest_bucket(now);
}

void reading_since(struct reading *now, const struct reading *before)
{
	for (unsigned int i = 0; i < OPERATIONS; i++)
		tally_since(&now->tallies[i], &before->tallies[i]);
	now->lost -= before->lost;
	now->time_ns -= before->time_ns;
}

uint64_t tally_percentile(const struct tally *tally, unsigned int percent)
{
	uint64_t wanted = 0, seen = 0;
	unsigned int i;

	/* The buckets are read after the number of calls and may hold a call more. */
	for (i = 0; i < HIST_BUCKETS; i++)
		wanted += tally->buckets[i];
	if (!wanted)
		return 0;
	wanted = (wanted * percent + 99) / 100;
	for (i = 0; i < HIST_BUCKETS - 1; i++) {
		seen += tally->buckets[i];
		if (seen >= wanted)
			break;
	}
	seen = (hist_from(i) + hist_from(i + 1) - 1) / 2;
	return seen < tally->max_ns ? seen : tally->max_ns;
}
