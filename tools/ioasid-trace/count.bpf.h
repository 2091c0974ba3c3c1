/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the BPF programs of every backend do with a call that has ended: count it, add its phases
 * up, pass it on. Included once, after vmlinux.h.
 */
#ifndef IOASID_TRACE_COUNT_BPF_H
#define IOASID_TRACE_COUNT_BPF_H

#include <bpf/bpf_helpers.h>

#include "ioasid-trace.h"

#define KEYS_MOST 4096

/* Set before loading. */
const volatile struct wish wish;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OPERATIONS);
	__type(key, __u32);
	__type(value, struct tally);
} tallies SEC(".maps");

/* With --by. Not per CPU: with as many keys that would be too much memory on large machines. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KEYS_MOST);
	__type(key, struct tally_key);
	__type(value, struct tally);
} keyed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OPERATIONS *SIZE_CLASSES);
	__type(key, __u32);
	__type(value, struct phase_sum);
} phase_sums SEC(".maps");

/* By address space: how often its devices have come or gone. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KEYS_MOST);
	__type(key, __u64);
	__type(value, __u32);
} epochs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 8192);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, STACK_DEPTH * sizeof(__u64));
} stacks SEC(".maps");

/* Not passed on, as the ring buffer was full; not counted, as there were too many keys. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LOSSES);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

static const struct tally no_tally;

/* A tracepoint's program may be preempted on newer kernels: add in one instruction. */
static void add(__u64 *counter, __u64 amount)
{
	__sync_fetch_and_add(counter, amount);
}

static void lose(__u32 why)
{
	__u64 *counter = bpf_map_lookup_elem(&lost, &why);

	if (counter)
		add(counter, 1);
}

static inline bool wanted(__u32 tgid, __u64 ioas)
{
	return (!wish.tgid || wish.tgid == tgid) && (!wish.ioas || wish.ioas == ioas);
}

/* A call that has ended. */
struct call {
	__u32 operation;
	__s32 ret;
	__u32 tgid;
	__u64 ioas;
	__u64 pages;
	__u64 reused;
	__u64 ns;
	const char *policy;
};

static void raise_to(__u64 *most, __u64 value)
{
	__u64 seen = *most;

	/* Whoever else raises it meanwhile: a few turns are enough for all but the unluckiest. */
	for (int i = 0; i < 4 && seen < value; i++) {
		__u64 found = __sync_val_compare_and_swap(most, seen, value);

		if (found == seen)
			break;
		seen = found;
	}
}

static void count_time(struct tally *tally, __u64 ns)
{
	__u32 bucket = hist_bucket(ns);

	add(&tally->sum_ns, ns);
	raise_to(&tally->max_ns, ns);
	if (bucket < HIST_BUCKETS)
		add(&tally->buckets[bucket], 1);
}

static __u32 epoch_of(__u64 ioas)
{
	__u32 *epoch = bpf_map_lookup_elem(&epochs, &ioas);

	return epoch ? *epoch : 0;
}

/* Devices of the address space have come or gone; they are known by the new number from now on. */
static inline __u32 next_epoch(__u64 ioas)
{
	__u32 first = 1, *epoch = bpf_map_lookup_elem(&epochs, &ioas);

	if (epoch)
		return __sync_fetch_and_add(epoch, 1) + 1;
	if (bpf_map_update_elem(&epochs, &ioas, &first, BPF_ANY))
		lose(LOST_UNCOUNTED);
	return first;
}

static __always_inline void set_key(struct tally_key *key, const struct call *call)
{
	key->operation = call->operation;
	switch (wish.by) {
	case BY_PROCESS:
		key->value = call->tgid;
		break;
	case BY_DEVICE:
		key->epoch = epoch_of(call->ioas);
		key->value = call->ioas;
		break;
	case BY_IOAS:
		key->value = call->ioas;
		break;
	case BY_SIZE:
		key->value = hist_bits(call->pages);
		break;
	case BY_POLICY:
		if (call->policy)
			bpf_probe_read_kernel_str(&key->value, sizeof(key->value) * 2,
						  call->policy);
		break;
	}
}

static __always_inline struct tally *new_tally(const struct tally_key *key)
{
	struct tally *tally;

	bpf_map_update_elem(&keyed, key, &no_tally, BPF_NOEXIST);
	tally = bpf_map_lookup_elem(&keyed, key);
	if (tally)
		bpf_get_current_comm(tally->comm, sizeof(tally->comm));
	else
		lose(LOST_UNCOUNTED);
	return tally;
}

static __always_inline struct tally *find_tally(const struct call *call)
{
	__u32 operation = call->operation;
	struct tally_key key = {};
	struct tally *tally;

	if (!wish.by)
		return bpf_map_lookup_elem(&tallies, &operation);
	set_key(&key, call);
	tally = bpf_map_lookup_elem(&keyed, &key);
	return tally ?: new_tally(&key);
}

static __always_inline void count(const struct call *call)
{
	struct tally *tally = wish.histograms ? find_tally(call) : NULL;

	if (!tally)
		return;
	if (call->ret) {
		add(&tally->errors, 1);
		return;
	}
	add(&tally->calls, 1);
	add(&tally->pages, call->pages);
	if (call->reused)
		add(&tally->reused, call->reused);
	count_time(tally, call->ns);
}

/* Where to add the phases of a call up, or NULL; the call and its time are added. */
static __always_inline struct phase_sum *find_phases(const struct call *call)
{
	__u32 class = hist_bits(call->pages);
	__u32 index = call->operation * SIZE_CLASSES + class;
	struct phase_sum *sum;

	if (!wish.phases || call->ret)
		return NULL;
	sum = bpf_map_lookup_elem(&phase_sums, &index);
	if (!sum)
		return NULL;
	add(&sum->calls, 1);
	add(&sum->total_ns, call->ns);
	return sum;
}

static __always_inline bool passes(const struct call *call)
{
	__u32 bit = 1u << call->operation;

	return wish.pass & bit || (call->ret && wish.pass_failed & bit) ||
	       (wish.pass_from_ns && call->ns >= wish.pass_from_ns);
}

/* An event to fill in and to submit, or NULL. */
static __always_inline struct event *new_event(__u32 operation)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	__u64 thread = bpf_get_current_pid_tgid();

	if (!event) {
		lose(LOST_EVENTS);
		return NULL;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = bpf_ktime_get_ns();
	event->operation = operation;
	event->tid = thread;
	event->cpu = bpf_get_smp_processor_id();
	event->kernel_stack = -1;
	event->user_stack = -1;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	return event;
}

/* The same of a call, with its stacks. */
static __always_inline struct event *new_call_event(void *context, const struct call *call)
{
	struct event *event = new_event(call->operation);

	if (!event)
		return NULL;
	event->total_ns = call->ns;
	event->error = -call->ret;
	event->tgid = call->tgid;
	event->ioas = call->ioas;
	event->reused = call->reused;
	if (call->policy)
		bpf_probe_read_kernel_str(event->policy, sizeof(event->policy), call->policy);
	if (wish.stacks) {
		event->kernel_stack = bpf_get_stackid(context, &stacks, 0);
		event->user_stack = bpf_get_stackid(context, &stacks, BPF_F_USER_STACK);
	}
	return event;
}

/*
 * Waking the tool costs more than the rest: where nothing is urgent it comes by itself every now and
 * then, and is woken by the one event with which the buffer gets too full to wait.
 */
static __always_inline void submit(struct event *event)
{
	__u64 waiting, flags = 0;

	if (wish.wake_from) {
		waiting = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
		flags = waiting >= wish.wake_from && waiting < wish.wake_from + sizeof(*event) +
								       BPF_RINGBUF_HDR_SZ ?
				BPF_RB_FORCE_WAKEUP :
				BPF_RB_NO_WAKEUP;
	}
	bpf_ringbuf_submit(event, flags);
}

#endif /* IOASID_TRACE_COUNT_BPF_H */
