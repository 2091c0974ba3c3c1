/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * random_iova - mappings are where nobody guesses.
 *
 * Demonstrates a bounded search: a few places are drawn by lot and the first that is free is taken,
 * be it not quite there, so that a large page-table entry can fit. When none of them is free, as
 * in an address space that is nearly full, it is the lowest free place.
 *
 *	ioasidctl policy load random_iova.bpf.o --set tries=16
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

#define PAGE (1ULL << 12)
#define MEGA (2ULL << 20)
#define GIGA (1ULL << 30)

/* So many places are drawn. */
const volatile __u32 tries = 8;

static __u64 align_of(__u64 length)
{
	if (length >= GIGA)
		return GIGA;
	return length >= MEGA ? MEGA : PAGE;
}

/* Somewhere in the address space, a page; below its end by @room at least. */
static __u64 draw(const struct ioasid_place_request *request, __u64 room)
{
	__u64 random = (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32();
	__u64 starts = (request->last - request->first - (room - 1)) / PAGE + 1;

	return request->first + random % starts * PAGE;
}

SEC("struct_ops/place")
int BPF_PROG(random_iova_place, struct ioasid_place_request *request)
{
	__u64 align = align_of(request->length);
	__u64 room = request->length + align - PAGE;
	__u64 iova;
	__u32 i;

	bpf_for(i, 0, tries) {
		if (request->last - request->first < room - 1)
			break;
		iova = draw(request, room);
		if (!ioasid_place_find(request, iova, iova + room - 1, align,
				       IOASID_FIND_CONGRUENT))
			return 0;
	}
	return ioasid_place_find(request, request->first, request->last, PAGE, 0);
}

SEC(".struct_ops.link")
struct ioasid_place_ops random_iova = {
	.place = (void *)random_iova_place,
	.name = "random_iova",
};

char LICENSE[] SEC("license") = "GPL";
