/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * huge_align - large page-table entries wherever memory has them, and no hole where it has not.
 *
 * Demonstrates a place policy that looks at the request: an entry of 1 GiB or 2 MiB fits when such
 * a piece of memory lies in the range with all its bytes, and the IOVA is congruent with the
 * memory's address. The built-in policy goes by the length alone: it makes holes for ranges that
 * contain no large piece, and gives up all when no place for 1 GiB entries is free.
 *
 *	ioasidctl policy load huge_align.bpf.o
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

#define PAGE (1ULL << 12)
#define MEGA (2ULL << 20)
#define GIGA (1ULL << 30)

/* Does the memory contain an aligned piece of this size? */
static bool contains(const struct ioasid_place_request *request, __u64 size)
{
	__u64 before = -request->va & (size - 1);

	return request->length >= size && before <= request->length - size;
}

static int find(struct ioasid_place_request *request, __u64 align)
{
	return ioasid_place_find(request, request->first, request->last, align,
				 IOASID_FIND_CONGRUENT);
}

SEC("struct_ops/place")
int BPF_PROG(huge_align_place, struct ioasid_place_request *request)
{
	if (contains(request, GIGA) && !find(request, GIGA))
		return 0;
	if (contains(request, MEGA) && !find(request, MEGA))
		return 0;
	return find(request, PAGE);
}

SEC(".struct_ops.link")
struct ioasid_place_ops huge_align = {
	.place = (void *)huge_align_place,
	.name = "huge_align",
};

char LICENSE[] SEC("license") = "GPL";
