/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * top_down - mappings grow down from the highest I/O virtual address.
 *
 * Demonstrates a place policy: ioasid_place_find() searches and stores the answer, the policy says
 * where and how aligned. Low addresses, which some devices alone can reach, stay free for those who
 * ask for them; what is large enough for a large page-table entry is aligned as its memory is, so
 * that it can have one.
 *
 *	ioasidctl policy load top_down.bpf.o
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

#define PAGE (1ULL << 12)
#define MEGA (2ULL << 20)
#define GIGA (1ULL << 30)

static int find(struct ioasid_place_request *request, __u64 align)
{
	return ioasid_place_find(request, request->first, request->last, align,
				 IOASID_FIND_TOP_DOWN | IOASID_FIND_CONGRUENT);
}

SEC("struct_ops/place")
int BPF_PROG(top_down_place, struct ioasid_place_request *request)
{
	if (request->length >= GIGA && !find(request, GIGA))
		return 0;
	if (request->length >= MEGA && !find(request, MEGA))
		return 0;
	return find(request, PAGE);
}

SEC(".struct_ops.link")
struct ioasid_place_ops top_down = {
	.place = (void *)top_down_place,
	.name = "top_down",
};

char LICENSE[] SEC("license") = "GPL";
