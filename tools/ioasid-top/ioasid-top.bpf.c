/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two things, of which ioasid-top loads one or the other: programs that walk all that there is and
 * leave a row for each where ioasid-top has it mapped; and programs that count calls as they end.
 * The first ones are loaded anew when there is more than they have room for, the counters stay.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"
#include "ioasid-top.h"

#define STAGE_CHARGE 2 /* enum ioasid_stage */

/* As many rows as ioasid-top has made room for; it sees from the counts when they were too few. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct raw_domain);
} domain_rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct raw_ioas);
} ioas_rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct raw_device);
} device_rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct raw_pin);
} pin_rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct raw_mapping);
} mapping_rows SEC(".maps");

/* In memory, not locals: the verifier must not follow their values from turn to turn of a loop. */
__u64 domains;
__u64 ioases;
__u64 devices;
__u64 pins; /* of all domains that were walked since ioasid-top set it to 0 */
__u64 mappings; /* likewise */

/* Whose pins, or mappings, are walked next. */
__u64 walked;

static void fill_domain(struct raw_domain *row, const struct ioasid_domain_stat *stat)
{
	row->domain = stat->domain;
	row->pins = stat->pins;
	row->pinned = stat->pinned;
	row->charged = stat->charged;
	row->limit = stat->limit;
	row->mappings = stat->mappings;
	row->mapped = stat->mapped;
	row->shared = stat->shared;
	row->runs = stat->runs;
	row->huge = ioasid_has_field(struct ioasid_domain_stat, huge) ? stat->huge : RAW_NONE;
	row->stale = stat->stale;
	row->cgroup = stat->cgroup;
	row->tgid = stat->tgid;
	row->uid = stat->uid;
	row->exited = stat->exited;
	row->source = stat->source;
	row->suspected = stat->suspected;
	row->rechecked = stat->rechecked;
	row->turned_stale = stat->turned_stale;
	bpf_probe_read_kernel_str(row->comm, sizeof(row->comm), stat->comm);
}

SEC("syscall")
int walk_domains(void *unused)
{
	const struct ioasid_domain_stat *stat;
	struct bpf_iter_ioasid_domain it;

	domains = 0;
	bpf_iter_ioasid_domain_new(&it);
	while ((stat = bpf_iter_ioasid_domain_next(&it))) {
		__u32 index = domains++;
		struct raw_domain *row = bpf_map_lookup_elem(&domain_rows, &index);

		if (row)
			fill_domain(row, stat);
	}
	bpf_iter_ioasid_domain_destroy(&it);
	return 0;
}

static void fill_ioas(struct raw_ioas *row, const struct ioasid_ioas_stat *stat)
{
	row->ioas = stat->ioas;
	row->mappings = stat->mappings;
	row->mapped = stat->mapped;
	row->tables = stat->tables;
	row->tgid = 0;
	row->comm[0] = '\0';
	bpf_probe_read_kernel_str(row->policy, sizeof(row->policy), stat->policy);
	if (!ioasid_has_field(struct ioasid_ioas_stat, tgid))
		return;
	row->tgid = stat->tgid;
	bpf_probe_read_kernel_str(row->comm, sizeof(row->comm), stat->comm);
}

/* This and the following return 1, 0 when the module does not tell, or a negative errno. */
SEC("syscall")
int walk_ioases(void *unused)
{
	const struct ioasid_ioas_stat *stat;
	struct bpf_iter_ioasid_ioas it;
	int error;

	ioases = 0;
	if (!bpf_ksym_exists(bpf_iter_ioasid_ioas_new))
		return 0;
	error = bpf_iter_ioasid_ioas_new(&it);
	while ((stat = bpf_iter_ioasid_ioas_next(&it))) {
		__u32 index = ioases++;
		struct raw_ioas *row = bpf_map_lookup_elem(&ioas_rows, &index);

		if (row)
			fill_ioas(row, stat);
	}
	bpf_iter_ioasid_ioas_destroy(&it);
	return error ?: 1;
}

static void fill_device(struct raw_device *row, const struct ioasid_device_stat *stat)
{
	row->ioas = stat->ioas;
	row->table = stat->table;
	row->container = stat->container;
	row->mappings = stat->mappings;
	row->mapped = stat->mapped;
	row->sizes = stat->sizes;
	row->since_ns = stat->since_ns;
	row->group = stat->group;
	row->tgid = stat->tgid;
	bpf_probe_read_kernel_str(row->comm, sizeof(row->comm), stat->comm);
	bpf_probe_read_kernel_str(row->device, sizeof(row->device), stat->device);
}

SEC("syscall")
int walk_devices(void *unused)
{
	const struct ioasid_device_stat *stat;
	struct bpf_iter_ioasid_device it;
	int error;

	devices = 0;
	if (!bpf_ksym_exists(bpf_iter_ioasid_device_new))
		return 0;
	error = bpf_iter_ioasid_device_new(&it);
	while ((stat = bpf_iter_ioasid_device_next(&it))) {
		__u32 index = devices++;
		struct raw_device *row = bpf_map_lookup_elem(&device_rows, &index);

		if (row)
			fill_device(row, stat);
	}
	bpf_iter_ioasid_device_destroy(&it);
	return error ?: 1;
}

static void fill_pin(struct raw_pin *row, const struct ioasid_pin_stat *stat)
{
	row->domain = walked;
	row->pin = stat->pin;
	row->va = stat->va;
	row->pages = stat->pages;
	row->charged = stat->charged;
	row->references = stat->references;
	row->mappings = stat->mappings;
	row->mapped = stat->mapped;
	row->flags = stat->flags;
	row->runs = ioasid_has_field(struct ioasid_pin_stat, runs) ? stat->runs : RAW_NONE;
}

SEC("syscall")
int walk_pins(void *unused)
{
	const struct ioasid_pin_stat *stat;
	struct bpf_iter_ioasid_pin it;
	int error;

	if (!bpf_ksym_exists(bpf_iter_ioasid_pin_new))
		return 0;
	error = bpf_iter_ioasid_pin_new(&it, walked);
	while ((stat = bpf_iter_ioasid_pin_next(&it))) {
		__u32 index = pins++;
		struct raw_pin *row = bpf_map_lookup_elem(&pin_rows, &index);

		if (row)
			fill_pin(row, stat);
	}
	bpf_iter_ioasid_pin_destroy(&it);
	return error ?: 1;
}

static void fill_mapping(struct raw_mapping *row, const struct ioasid_mapping_stat *stat)
{
	row->ioas = walked;
	row->iova = stat->iova;
	row->last = stat->last;
	row->va = stat->va;
	row->pin = stat->pin;
	row->flags = stat->flags;
}

SEC("syscall")
int walk_mappings(void *unused)
{
	const struct ioasid_mapping_stat *stat;
	struct bpf_iter_ioasid_mapping it;
	int error;

	if (!bpf_ksym_exists(bpf_iter_ioasid_mapping_new))
		return 0;
	error = bpf_iter_ioasid_mapping_new(&it, walked);
	while ((stat = bpf_iter_ioasid_mapping_next(&it))) {
		__u32 index = mappings++;
		struct raw_mapping *row = bpf_map_lookup_elem(&mapping_rows, &index);

		if (row)
			fill_mapping(row, stat);
	}
	bpf_iter_ioasid_mapping_destroy(&it);
	return error ?: 1;
}

/* Counting. */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TRAFFIC_MOST);
	__type(key, __u64); /* tgid */
	__type(value, struct raw_traffic);
} by_process SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TRAFFIC_MOST);
	__type(key, __u64); /* address space */
	__type(value, struct raw_traffic);
} by_ioas SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct raw_traffic);
} by_all SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} refusals SEC(".maps");

/* What could not be counted, or did not fit into the ring. */
__u64 lost;

/* Too large for a stack. */
static const volatile struct raw_traffic nothing;

/* A tracepoint's program may be preempted on newer kernels: add in one instruction. */
static void add(__u64 *counter, __u64 amount)
{
	__sync_fetch_and_add(counter, amount);
}

static struct raw_traffic *traffic_of(void *map, __u64 key)
{
	struct raw_traffic *traffic = bpf_map_lookup_elem(map, &key);

	if (traffic)
		return traffic;
	bpf_map_update_elem(map, &key, (const void *)&nothing, BPF_NOEXIST);
	traffic = bpf_map_lookup_elem(map, &key);
	if (!traffic)
		add(&lost, 1);
	return traffic;
}

static struct raw_traffic *traffic_of_process(__u32 tgid)
{
	struct raw_traffic *traffic = traffic_of(&by_process, tgid);

	if (!traffic || traffic->comm[0])
		return traffic;
	traffic->cgroup = bpf_get_current_cgroup_id();
	traffic->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(traffic->comm, sizeof(traffic->comm));
	return traffic;
}

static struct raw_traffic *traffic_of_all(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&by_all, &zero);
}

/* Of a call that began before anybody listened the time is not known. */
static void count_map(struct raw_traffic *traffic, const struct ioasid_event_map *map)
{
	__u32 bucket;

	if (!traffic)
		return;
	add(&traffic->maps, 1);
	add(&traffic->pages, map->pages);
	if (map->reused == map->pages)
		add(&traffic->reused, 1);
	if (!map->total_ns)
		return;
	bucket = hist_bucket(map->total_ns) / 2;
	if (bucket < TRAFFIC_BUCKETS)
		__sync_fetch_and_add(&traffic->took[bucket], 1);
}

static void count_unmap(struct raw_traffic *traffic)
{
	if (traffic)
		add(&traffic->unmaps, 1);
}

static void count_refusal(struct raw_traffic *traffic)
{
	if (traffic)
		add(&traffic->refused, 1);
}

/* A refusal to fill in and to submit, or NULL. */
static struct raw_refusal *new_refusal(__u32 tgid)
{
	struct raw_refusal *refusal = bpf_ringbuf_reserve(&refusals, sizeof(*refusal), 0);

	if (!refusal) {
		add(&lost, 1);
		return NULL;
	}
	__builtin_memset(refusal, 0, sizeof(*refusal));
	refusal->time_ns = bpf_ktime_get_boot_ns();
	refusal->tgid = tgid;
	bpf_get_current_comm(refusal->comm, sizeof(refusal->comm));
	return refusal;
}

/* That a limit refused was counted, and told, as that happened. */
static void refuse_map(const struct ioasid_event_map *map)
{
	struct raw_refusal *refusal;

	count_refusal(traffic_of(&by_ioas, map->ioas));
	if (map->stage == STAGE_CHARGE)
		return;
	count_refusal(traffic_of_process(map->tgid));
	count_refusal(traffic_of_all());
	refusal = new_refusal(map->tgid);
	if (!refusal)
		return;
	refusal->ioas = map->ioas;
	refusal->cgroup = bpf_get_current_cgroup_id();
	refusal->uid = bpf_get_current_uid_gid();
	refusal->pages = map->pages;
	refusal->used = RAW_NONE;
	refusal->limit = RAW_NONE;
	refusal->code = map->ret;
	refusal->stage = map->stage;
	refusal->reason = map->reason;
	bpf_ringbuf_submit(refusal, 0);
}

SEC("tp_btf/ioasid_map")
int BPF_PROG(on_map, const struct ioasid_event_map *map)
{
	if (!map)
		return 0;
	if (map->ret) {
		refuse_map(map);
		return 0;
	}
	count_map(traffic_of_process(map->tgid), map);
	count_map(traffic_of(&by_ioas, map->ioas), map);
	count_map(traffic_of_all(), map);
	return 0;
}

SEC("tp_btf/ioasid_unmap")
int BPF_PROG(on_unmap, const struct ioasid_event_unmap *unmap)
{
	if (!unmap || unmap->ret)
		return 0;
	count_unmap(traffic_of_process(unmap->tgid));
	count_unmap(traffic_of(&by_ioas, unmap->ioas));
	count_unmap(traffic_of_all());
	return 0;
}

SEC("tp_btf/ioasid_charge")
int BPF_PROG(on_charge, const struct ioasid_event_charge *charge)
{
	struct raw_refusal *refusal;

	if (!charge || !charge->ret)
		return 0;
	count_refusal(traffic_of_process(charge->tgid));
	count_refusal(traffic_of_all());
	refusal = new_refusal(charge->tgid);
	if (!refusal)
		return 0;
	refusal->cgroup = charge->cgroup;
	refusal->uid = charge->uid;
	refusal->pages = charge->pages;
	refusal->used = charge->used;
	refusal->limit = charge->limit;
	refusal->code = charge->ret;
	refusal->stage = STAGE_CHARGE;
	if (ioasid_has_field(struct ioasid_event_charge, reason))
		refusal->reason = charge->reason;
	bpf_probe_read_kernel_str(refusal->policy, sizeof(refusal->policy), charge->policy);
	bpf_ringbuf_submit(refusal, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
