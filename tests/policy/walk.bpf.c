/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * No policy: programs that walk everything with the iterators and write down what they are told, a
 * row for each.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "ioasid.bpf.h"
#include "walk.h"

/* Of which domain, or address space. */
__u64 of;

__u64 rows[ROWS][FIELDS];
__u32 count;

static __u64 *row(void)
{
	__u32 at = count;

	if (at >= ROWS)
		return NULL;
	count = at + 1;
	return rows[at];
}

SEC("syscall")
int walk_owners(void *unused)
{
	struct bpf_iter_ioasid_owner it;
	const struct ioasid_owner_stat *stat;
	__u64 *to;

	count = 0;
	bpf_iter_ioasid_owner_new(&it);
	while ((stat = bpf_iter_ioasid_owner_next(&it)) && (to = row())) {
		to[0] = stat->tgid;
		to[1] = stat->uid;
		to[2] = stat->cgroup;
		to[3] = stat->pages;
		to[4] = stat->granted;
	}
	bpf_iter_ioasid_owner_destroy(&it);
	return 0;
}

SEC("syscall")
int walk_domains(void *unused)
{
	struct bpf_iter_ioasid_domain it;
	const struct ioasid_domain_stat *stat;
	__u64 *to;

	count = 0;
	bpf_iter_ioasid_domain_new(&it);
	while ((stat = bpf_iter_ioasid_domain_next(&it)) && (to = row())) {
		to[0] = stat->domain;
		to[1] = stat->tgid;
		to[2] = stat->pins;
		to[3] = stat->pinned;
		to[4] = stat->runs;
		to[5] = stat->huge;
	}
	bpf_iter_ioasid_domain_destroy(&it);
	return 0;
}

SEC("syscall")
int walk_pins(void *unused)
{
	struct bpf_iter_ioasid_pin it;
	const struct ioasid_pin_stat *stat;
	__u64 *to;

	count = 0;
	bpf_iter_ioasid_pin_new(&it, of);
	while ((stat = bpf_iter_ioasid_pin_next(&it)) && (to = row())) {
		to[0] = stat->pin;
		to[1] = stat->va;
		to[2] = stat->pages;
		to[3] = stat->charged;
		to[4] = stat->references;
		to[5] = stat->mappings;
		to[6] = stat->mapped;
		to[7] = stat->flags;
		to[8] = stat->runs;
	}
	bpf_iter_ioasid_pin_destroy(&it);
	return 0;
}

SEC("syscall")
int walk_ioases(void *unused)
{
	struct bpf_iter_ioasid_ioas it;
	const struct ioasid_ioas_stat *stat;
	__u64 *to;

	count = 0;
	bpf_iter_ioasid_ioas_new(&it);
	while ((stat = bpf_iter_ioasid_ioas_next(&it)) && (to = row())) {
		to[0] = stat->ioas;
		to[1] = stat->mappings;
		to[2] = stat->mapped;
		to[3] = stat->tables;
		bpf_probe_read_kernel(&to[4], IOASID_NAME_LEN, stat->policy);
		to[6] = stat->tgid;
		bpf_probe_read_kernel(&to[7], sizeof(stat->comm), stat->comm);
	}
	bpf_iter_ioasid_ioas_destroy(&it);
	return 0;
}

SEC("syscall")
int walk_mappings(void *unused)
{
	struct bpf_iter_ioasid_mapping it;
	const struct ioasid_mapping_stat *stat;
	__u64 *to;

	count = 0;
	bpf_iter_ioasid_mapping_new(&it, of);
	while ((stat = bpf_iter_ioasid_mapping_next(&it)) && (to = row())) {
		to[0] = stat->iova;
		to[1] = stat->last;
		to[2] = stat->va;
		to[3] = stat->pin;
		to[4] = stat->pin_offset;
		to[5] = stat->flags;
	}
	bpf_iter_ioasid_mapping_destroy(&it);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
