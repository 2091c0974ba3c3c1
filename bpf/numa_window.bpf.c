/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * numa_window - the IOVA tells the memory's node.
 *
 * Demonstrates the use of a hint: memory of node n is mapped in the n-th window of IOVAs, so that a
 * device, or a switch on the way, can tell by address which way is short. What is of no node, or
 * finds its window full or out of reach, goes behind the windows of all nodes, or else anywhere.
 *
 *	ioasidctl policy load numa_window.bpf.o --set window_bytes=1T
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

#define EINVAL 22

#define PAGE (1ULL << 12)
#define MEGA (2ULL << 20)
#define GIGA (1ULL << 30)
#define NODES_MOST 1024

/* Bytes of a window, 1 TiB, and how many there are, from IOVA 0 on. */
const volatile __u64 window_bytes = 1ULL << 40;
const volatile __s32 nodes = 8;

static int find_aligned(struct ioasid_place_request *request, __u64 first, __u64 last)
{
	__u64 length = request->length;

	if (length >= GIGA && !ioasid_place_find(request, first, last, GIGA, IOASID_FIND_CONGRUENT))
		return 0;
	if (length >= MEGA && !ioasid_place_find(request, first, last, MEGA, IOASID_FIND_CONGRUENT))
		return 0;
	return ioasid_place_find(request, first, last, PAGE, 0);
}

SEC("struct_ops/place")
int BPF_PROG(numa_window_place, struct ioasid_place_request *request)
{
	__u64 start = request->node * window_bytes;
	__u64 behind = nodes * window_bytes;

	if (request->node >= 0 && request->node < nodes &&
	    !find_aligned(request, start, start + window_bytes - 1))
		return 0;
	if (!find_aligned(request, behind, request->last))
		return 0;
	return find_aligned(request, request->first, request->last);
}

SEC("struct_ops/init")
int BPF_PROG(numa_window_init)
{
	if (nodes <= 0 || nodes > NODES_MOST)
		return -EINVAL;
	return window_bytes >= PAGE && window_bytes < ~0ULL / NODES_MOST ? 0 : -EINVAL;
}

SEC(".struct_ops.link")
struct ioasid_place_ops numa_window = {
	.place = (void *)numa_window_place,
	.init = (void *)numa_window_init,
	.name = "numa_window",
};

char LICENSE[] SEC("license") = "GPL";
