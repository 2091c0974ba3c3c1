/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Count calls by the time they took, and pass on what is rare: attach, detach, refusals.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"
#include "ioasid-trace.h"

#define STAGE_CHARGE 2 /* enum ioasid_stage */

/* Set before loading: count this process only, 0 counts all. */
const volatile __u32 only_tgid;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OPERATIONS);
	__type(key, __u32);
	__type(value, struct tally);
} tallies SEC(".maps");

/* Set before loading: pass events on. */
const volatile bool wants_events;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

/* Events that did not fit in there. */
__u64 events_lost;

/* A thread's last charge that was refused: a map call that fails for it ends in that thread. */
struct refusal {
	__u64 used;
	__u64 limit;
	char policy[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct refusal);
} refusals SEC(".maps");

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

static bool is_wanted(__u32 tgid)
{
	return !only_tgid || only_tgid == tgid;
}

static void count(__u32 operation, __s32 ret, __u64 pages, __u64 reused, __u64 ns)
{
	struct tally *tally = bpf_map_lookup_elem(&tallies, &operation);

	if (!tally)
		return;
	if (ret) {
		add(&tally->errors, 1);
		return;
	}
	add(&tally->calls, 1);
	add(&tally->pages, pages);
	add(&tally->reused, reused);
	count_time(tally, ns);
}

/* An event to fill in and to submit, or NULL. */
static struct event *new_event(__u32 operation)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		add(&events_lost, 1);
		return NULL;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = bpf_ktime_get_ns();
	event->operation = operation;
	return event;
}

static void tell_limit(struct event *event)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct refusal *refusal = bpf_map_lookup_elem(&refusals, &thread);

	if (!refusal)
		return;
	event->limited = 1;
	event->used = refusal->used;
	event->limit = refusal->limit;
	__builtin_memcpy(event->policy, refusal->policy, sizeof(event->policy));
	bpf_map_delete_elem(&refusals, &thread);
}

static void tell_map(const struct ioasid_event_map *map)
{
	struct event *event = new_event(OPERATION_MAP);

	if (!event)
		return;
	event->ioas = map->ioas;
	event->pages = map->pages;
	event->duration_ns = map->total_ns;
	event->error = -map->ret;
	event->tgid = map->tgid;
	event->stage = map->stage;
	event->reason = map->reason;
	if (event->stage == STAGE_CHARGE)
		tell_limit(event);
	bpf_ringbuf_submit(event, 0);
}

static void tell_unmap(const struct ioasid_event_unmap *unmap)
{
	struct event *event = new_event(OPERATION_UNMAP);

	if (!event)
		return;
	event->ioas = unmap->ioas;
	event->pages = unmap->pages;
	event->duration_ns = unmap->total_ns;
	event->error = -unmap->ret;
	event->tgid = unmap->tgid;
	bpf_ringbuf_submit(event, 0);
}

static void tell_table(__u32 operation, const struct ioasid_event_table *table)
{
	struct event *event = new_event(operation);

	if (!event)
		return;
	event->ioas = table->ioas;
	event->table = table->table;
	event->container = table->container;
	event->pages = table->pages;
	event->duration_ns = table->total_ns;
	event->error = -table->ret;
	event->tgid = table->tgid;
	event->reason = table->reason;
	event->group = table->group;
	event->devices = table->devices;
	bpf_probe_read_kernel_str(event->device, sizeof(event->device), table->device);
	bpf_ringbuf_submit(event, 0);
}

/* The event is never NULL, but the verifier wants to see that of any tracepoint of a module. */

SEC("tp_btf/ioasid_map")
int BPF_PROG(on_map, const struct ioasid_event_map *event)
{
	if (!event || !is_wanted(event->tgid))
		return 0;
	count(OPERATION_MAP, event->ret, event->pages, event->reused, event->total_ns);
	if (wants_events && event->ret)
		tell_map(event);
	return 0;
}

SEC("tp_btf/ioasid_unmap")
int BPF_PROG(on_unmap, const struct ioasid_event_unmap *event)
{
	if (!event || !is_wanted(event->tgid))
		return 0;
	count(OPERATION_UNMAP, event->ret, event->unmapped, 0, event->total_ns);
	if (wants_events && event->ret)
		tell_unmap(event);
	return 0;
}

SEC("tp_btf/ioasid_table_attach")
int BPF_PROG(on_attach, const struct ioasid_event_table *event)
{
	if (!event || !is_wanted(event->tgid))
		return 0;
	count(OPERATION_ATTACH, event->ret, event->pages, 0, event->total_ns);
	if (wants_events)
		tell_table(OPERATION_ATTACH, event);
	return 0;
}

SEC("tp_btf/ioasid_table_detach")
int BPF_PROG(on_detach, const struct ioasid_event_table *event)
{
	if (!event || !is_wanted(event->tgid))
		return 0;
	count(OPERATION_DETACH, event->ret, event->pages, 0, event->total_ns);
	if (wants_events)
		tell_table(OPERATION_DETACH, event);
	return 0;
}

/* Loaded when events are wanted. */
SEC("tp_btf/ioasid_charge")
int BPF_PROG(on_charge, const struct ioasid_event_charge *event)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct refusal refusal = {};

	if (!event || !event->ret)
		return 0;
	refusal.used = event->used;
	refusal.limit = event->limit;
	bpf_probe_read_kernel_str(refusal.policy, sizeof(refusal.policy), event->policy);
	bpf_map_update_elem(&refusals, &thread, &refusal, BPF_ANY);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
