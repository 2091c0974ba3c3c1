/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Count map and unmap calls by the time they took.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"
#include "ioasid-trace.h"

/* Set before loading: count this process only, 0 counts all. */
const volatile __u32 only_tgid;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OPERATIONS);
	__type(key, __u32);
	__type(value, struct tally);
} tallies SEC(".maps");

/* A tracepoint's program may be preempted on newer kernels: add in one instruction. */
static void add(__u64 *counter, __u64 amount)
{
	__sync_fetch_and_add(counter, amount);
}

static void count_time(struct tally *tally, __u64 ns)
{
	__u32 bucket = hist_bucket(ns);

	add(&tally->sum_ns, ns);
	if (tally->max_ns < ns)
		tally->max_ns = ns;
	if (bucket < HIST_BUCKETS)
		add(&tally->buckets[bucket], 1);
}

static struct tally *find_tally(__u32 operation, __u32 tgid)
{
	if (only_tgid && only_tgid != tgid)
		return NULL;
	return bpf_map_lookup_elem(&tallies, &operation);
}

/* The event is never NULL, but the verifier wants to see that of any tracepoint of a module. */

SEC("tp_btf/ioasid_map")
int BPF_PROG(on_map, const struct ioasid_event_map *event)
{
	struct tally *tally;

	if (!event)
		return 0;
	tally = find_tally(OPERATION_MAP, event->tgid);
	if (!tally)
		return 0;
	if (event->ret) {
		add(&tally->errors, 1);
		return 0;
	}
	add(&tally->calls, 1);
	add(&tally->pages, event->pages);
	add(&tally->reused, event->reused);
	count_time(tally, event->total_ns);
	return 0;
}

SEC("tp_btf/ioasid_unmap")
int BPF_PROG(on_unmap, const struct ioasid_event_unmap *event)
{
	struct tally *tally;

	if (!event)
		return 0;
	tally = find_tally(OPERATION_UNMAP, event->tgid);
	if (!tally)
		return 0;
	if (event->ret) {
		add(&tally->errors, 1);
		return 0;
	}
	add(&tally->calls, 1);
	add(&tally->pages, event->unmapped);
	count_time(tally, event->total_ns);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
