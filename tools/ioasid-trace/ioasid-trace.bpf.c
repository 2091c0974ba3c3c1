/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's own tracepoints: each call is counted, its phases are added up, it is passed on, as
 * wished.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"
#include "count.bpf.h"

#define STAGE_CHARGE 2 /* enum ioasid_stage */

/* A thread's last charge that was refused: the pin, and then the map call, that fail for it. */
struct refusal {
	__u64 asked;
	__u64 used;
	__u64 limit;
	__u32 reason;
	__u32 told; /* to the pin */
	char policy[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct refusal);
} refusals SEC(".maps");

static void tell_limit(struct event *event, const struct refusal *refusal)
{
	event->flags |= EVENT_LIMITED;
	event->asked = refusal->asked;
	event->used = refusal->used;
	event->limit = refusal->limit;
	if (!event->reason)
		event->reason = refusal->reason;
	__builtin_memcpy(event->account, refusal->policy, sizeof(event->account));
}

static void tell_limit_of_map(struct event *event)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct refusal *refusal = bpf_map_lookup_elem(&refusals, &thread);

	if (!refusal)
		return;
	tell_limit(event, refusal);
	bpf_map_delete_elem(&refusals, &thread);
}

static void tell_limit_of_pin(struct event *event)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct refusal *refusal = bpf_map_lookup_elem(&refusals, &thread);

	if (!refusal || refusal->told)
		return;
	refusal->told = 1;
	tell_limit(event, refusal);
}

/* The events are never NULL, but the verifier wants to see that of any tracepoint of a module. */

SEC("tp_btf/ioasid_map")
int BPF_PROG(on_map, const struct ioasid_event_map *map)
{
	struct phase_sum *sum;
	struct event *event;

	if (!map || !wanted(map->tgid, map->ioas))
		return 0;

	struct call call = {
		.operation = OPERATION_MAP,
		.ret = map->ret,
		.tgid = map->tgid,
		.ioas = map->ioas,
		.pages = map->pages,
		.reused = map->reused,
		.ns = map->total_ns,
		.policy = map->policy,
	};

	count(&call);
	sum = find_phases(&call);
	if (sum) {
		add(&sum->phases_ns[PHASE_POLICY], map->policy_ns);
		add(&sum->phases_ns[PHASE_PIN], map->pin_ns);
		add(&sum->phases_ns[PHASE_PLACE], map->place_ns);
		add(&sum->phases_ns[PHASE_TABLE], map->table_ns);
	}
	event = passes(&call) ? new_call_event(ctx, &call) : NULL;
	if (!event)
		return 0;
	event->phases_ns[PHASE_POLICY] = map->policy_ns;
	event->phases_ns[PHASE_PIN] = map->pin_ns;
	event->phases_ns[PHASE_PLACE] = map->place_ns;
	event->phases_ns[PHASE_TABLE] = map->table_ns;
	event->iova = map->iova;
	event->va = map->va;
	event->pages = map->pages;
	event->pins = map->pins;
	event->runs = map->runs;
	event->stage = map->stage;
	event->reason = map->reason;
	if (event->stage == STAGE_CHARGE)
		tell_limit_of_map(event);
	submit(event);
	return 0;
}

SEC("tp_btf/ioasid_unmap")
int BPF_PROG(on_unmap, const struct ioasid_event_unmap *unmap)
{
	struct phase_sum *sum;
	struct event *event;

	if (!unmap || !wanted(unmap->tgid, unmap->ioas))
		return 0;

	struct call call = {
		.operation = OPERATION_UNMAP,
		.ret = unmap->ret,
		.tgid = unmap->tgid,
		.ioas = unmap->ioas,
		.pages = unmap->unmapped,
		.ns = unmap->total_ns,
	};

	count(&call);
	sum = find_phases(&call);
	if (sum) {
		add(&sum->phases_ns[PHASE_PIN], unmap->pin_ns);
		add(&sum->phases_ns[PHASE_PLACE], unmap->place_ns);
		add(&sum->phases_ns[PHASE_TABLE], unmap->table_ns);
		add(&sum->phases_ns[PHASE_FLUSH], unmap->flush_ns);
	}
	event = passes(&call) ? new_call_event(ctx, &call) : NULL;
	if (!event)
		return 0;
	event->phases_ns[PHASE_PIN] = unmap->pin_ns;
	event->phases_ns[PHASE_PLACE] = unmap->place_ns;
	event->phases_ns[PHASE_TABLE] = unmap->table_ns;
	event->phases_ns[PHASE_FLUSH] = unmap->flush_ns;
	event->iova = unmap->iova;
	event->pages = unmap->pages;
	event->unmapped = unmap->unmapped;
	submit(event);
	return 0;
}

static void tell_run_sizes(struct event *event, const struct ioasid_event_pin *pin)
{
	if (!bpf_core_field_exists(pin->run_sizes))
		return;
	for (int i = 0; i < RUN_SIZES; i++)
		event->run_sizes[i] = pin->run_sizes[i];
}

SEC("tp_btf/ioasid_pin")
int BPF_PROG(on_pin, const struct ioasid_event_pin *pin)
{
	struct phase_sum *sum;
	struct event *event;

	if (!pin || !wanted(pin->tgid, 0))
		return 0;

	struct call call = {
		.operation = OPERATION_PIN,
		.ret = pin->ret,
		.tgid = pin->tgid,
		.pages = pin->pages,
		.reused = pin->reused,
		.ns = pin->total_ns,
	};

	count(&call);
	sum = find_phases(&call);
	if (sum) {
		add(&sum->phases_ns[PHASE_CHARGE], pin->charge_ns);
		add(&sum->phases_ns[PHASE_PIN], pin->gup_ns);
	}
	event = passes(&call) ? new_call_event(ctx, &call) : NULL;
	if (!event)
		return 0;
	event->phases_ns[PHASE_CHARGE] = pin->charge_ns;
	event->phases_ns[PHASE_PIN] = pin->gup_ns;
	event->domain = pin->domain;
	event->pin = pin->pin;
	event->va = pin->va;
	event->pages = pin->pages;
	event->runs = pin->runs;
	if (pin->write)
		event->flags |= EVENT_WRITE;
	tell_run_sizes(event, pin);
	if (event->error)
		tell_limit_of_pin(event);
	submit(event);
	return 0;
}

SEC("tp_btf/ioasid_unpin")
int BPF_PROG(on_unpin, const struct ioasid_event_unpin *unpin)
{
	struct event *event;

	if (!unpin || !wanted(unpin->tgid, 0))
		return 0;

	struct call call = {
		.operation = OPERATION_UNPIN,
		.tgid = unpin->tgid,
		.pages = unpin->pages,
		.ns = unpin->total_ns,
	};

	count(&call);
	event = passes(&call) ? new_call_event(ctx, &call) : NULL;
	if (!event)
		return 0;
	event->domain = unpin->domain;
	event->pin = unpin->pin;
	event->va = unpin->va;
	event->pages = unpin->pages;
	event->runs = unpin->runs;
	event->lived_ns = unpin->lived_ns;
	if (unpin->stale)
		event->flags |= EVENT_STALE;
	submit(event);
	return 0;
}

static __always_inline int on_table(void *context, __u32 operation,
				    const struct ioasid_event_table *table)
{
	bool is_asked, has_changed = table->devices && !table->ret;
	__u32 epoch = 0;
	struct event *event;
	struct call call = {
		.operation = operation,
		.ret = table->ret,
		.tgid = table->tgid,
		.ioas = table->ioas,
		.pages = table->pages,
		.ns = table->total_ns,
	};

	is_asked = wish.operations & 1u << operation && wanted(table->tgid, table->ioas);
	if (is_asked)
		count(&call);
	if (wish.devices && has_changed)
		epoch = next_epoch(table->ioas);
	if (!(is_asked && passes(&call)) && !(wish.devices && has_changed))
		return 0;
	event = new_call_event(context, &call);
	if (!event)
		return 0;
	if (!is_asked)
		event->flags |= EVENT_ASIDE;
	event->epoch = epoch;
	event->table = table->table;
	event->container = table->container;
	event->pages = table->pages;
	event->reason = table->reason;
	event->group = table->group;
	event->devices = table->devices;
	bpf_probe_read_kernel_str(event->device, sizeof(event->device), table->device);
	submit(event);
	return 0;
}

SEC("tp_btf/ioasid_table_attach")
int BPF_PROG(on_attach, const struct ioasid_event_table *table)
{
	return table ? on_table(ctx, OPERATION_ATTACH, table) : 0;
}

SEC("tp_btf/ioasid_table_detach")
int BPF_PROG(on_detach, const struct ioasid_event_table *table)
{
	return table ? on_table(ctx, OPERATION_DETACH, table) : 0;
}

SEC("tp_btf/ioasid_charge")
int BPF_PROG(on_charge, const struct ioasid_event_charge *charge)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct refusal refusal = {};

	if (!charge || !charge->ret)
		return 0;
	refusal.asked = charge->pages;
	refusal.used = charge->used;
	refusal.limit = charge->limit;
	if (bpf_core_field_exists(charge->reason))
		refusal.reason = charge->reason;
	bpf_probe_read_kernel_str(refusal.policy, sizeof(refusal.policy), charge->policy);
	bpf_map_update_elem(&refusals, &thread, &refusal, BPF_ANY);
	return 0;
}

static void tell_device(const struct ioasid_device_stat *stat)
{
	struct event *event = new_event(OPERATION_ATTACH);

	if (!event)
		return;
	event->flags = EVENT_ASIDE;
	event->ioas = stat->ioas;
	event->table = stat->table;
	event->container = stat->container;
	event->pages = stat->mapped;
	event->group = stat->group;
	event->devices = stat->devices;
	event->tgid = stat->tgid;
	event->tid = stat->tgid;
	event->epoch = epoch_of(stat->ioas);
	bpf_probe_read_kernel_str(event->comm, sizeof(event->comm), stat->comm);
	bpf_probe_read_kernel_str(event->device, sizeof(event->device), stat->device);
	submit(event);
}

/* Devices that are attached already; run once. Returns 0 or a negative errno. */
SEC("syscall")
int walk(void *unused)
{
	const struct ioasid_device_stat *stat;
	struct bpf_iter_ioasid_device it;
	int error;

	if (!bpf_ksym_exists(bpf_iter_ioasid_device_new))
		return 0;
	error = bpf_iter_ioasid_device_new(&it);
	while ((stat = bpf_iter_ioasid_device_next(&it)))
		tell_device(stat);
	bpf_iter_ioasid_device_destroy(&it);
	return error;
}

char LICENSE[] SEC("license") = "GPL";
