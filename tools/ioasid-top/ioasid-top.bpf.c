/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walk all pin domains and leave a row for each where ioasid-top has it mapped. One run is one
 * snapshot.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "ioasid.bpf.h"
#include "ioasid-top.h"

/* As many rows as ioasid-top has made room for; it sees from domains when they were too few. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct domain_row);
} rows SEC(".maps");

/* In memory, not a local: the verifier must not follow its values from turn to turn of the loop. */
__u64 domains;

static void fill(struct domain_row *row, const struct ioasid_domain_stat *stat)
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
		struct domain_row *row = bpf_map_lookup_elem(&rows, &index);

		if (row)
			fill(row, stat);
	}
	bpf_iter_ioasid_domain_destroy(&it);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
