/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guard_gap - IOVAs that lead nowhere before and after each mapping.
 *
 * Demonstrates a search for more than what is mapped: a device that runs over the end of its buffer
 * comes to a fault instead of its neighbour's memory.
 *
 *	ioasidctl policy load guard_gap.bpf.o --set gap_pages=16
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

#define EINVAL 22

#define PAGE (1ULL << 12)
#define MEGA (2ULL << 20)
#define GIGA (1ULL << 30)
#define GAP_MOST (1ULL << 28)

/* Pages, at least, between two mappings. */
const volatile __u64 gap_pages = 1;

static int find(struct ioasid_place_request *request, __u64 align)
{
	__u64 gap = gap_pages * PAGE;
	struct ioasid_place_search search = {
		.first = request->first,
		.last = request->last,
		.length = request->length + 2 * gap,
		.align = align,
		.skew = (request->va - gap) & -PAGE & (align - 1),
	};
	int ret = ioasid_place_search(request, &search);

	if (!ret)
		ioasid_place_at(request, request->iova + gap);
	return ret;
}

SEC("struct_ops/place")
int BPF_PROG(guard_gap_place, struct ioasid_place_request *request)
{
	if (request->length >= GIGA && !find(request, GIGA))
		return 0;
	if (request->length >= MEGA && !find(request, MEGA))
		return 0;
	return find(request, PAGE);
}

SEC("struct_ops/init")
int BPF_PROG(guard_gap_init)
{
	return gap_pages <= GAP_MOST ? 0 : -EINVAL;
}

SEC(".struct_ops.link")
struct ioasid_place_ops guard_gap = {
	.place = (void *)guard_gap_place,
	.init = (void *)guard_gap_init,
	.name = "guard_gap",
};

char LICENSE[] SEC("license") = "GPL";
