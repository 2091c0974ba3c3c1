/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A place policy that returns an IOVA out of the reach of the address space.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

/* 0 is the first page behind the last usable one, 1 a range that begins in reach and ends out. */
const volatile __u32 across;

SEC("struct_ops/place")
int BPF_PROG(place_out_place, struct ioasid_place_request *request)
{
	ioasid_place_at(request, request->last + 1 - (across ? 4096 : 0));
	return 0;
}

SEC(".struct_ops.link")
struct ioasid_place_ops place_out = {
	.place = (void *)place_out_place,
	.name = "place_out",
};

char LICENSE[] SEC("license") = "GPL";
