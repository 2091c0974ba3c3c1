/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walk all pin domains, and all attached devices, and leave a row for each where ioasid-top has it
 * mapped. One run of both programs is one snapshot.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "ioasid.bpf.h"
#include "ioasid-top.h"

/* As many rows as ioasid-top has made room for; it sees from the counts when they were too few. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct domain_row);
} domain_rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct device_row);
} device_rows SEC(".maps");

/* In memory, not locals: the verifier must not follow their values from turn to turn of a loop. */
__u64 domains;
__u64 devices;

static void fill_domain(struct domain_row *row, const struct ioasid_domain_stat *stat)
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
	row->stale = stat->stale;
	row->cgroup = stat->cgroup;
	row->tgid = stat->tgid;
	row->uid = stat->uid;
	row->exited = stat->exited;
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
		struct domain_row *row = bpf_map_lookup_elem(&domain_rows, &index);

		if (row)
			fill_domain(row, stat);
	}
	bpf_iter_ioasid_domain_destroy(&it);
	return 0;
}

static void fill_device(struct device_row *row, const struct ioasid_device_stat *stat)
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

/* Returns 1, 0 when the module does not tell of devices, or a negative errno. */
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
		struct device_row *row = bpf_map_lookup_elem(&device_rows, &index);

		if (row)
			fill_device(row, stat);
	}
	bpf_iter_ioasid_device_destroy(&it);
	return error ?: 1;
}

char LICENSE[] SEC("license") = "GPL";
