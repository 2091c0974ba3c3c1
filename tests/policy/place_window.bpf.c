/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A good place policy: first fit from an IOVA of the test's choice on, or what else the flags of
 * ioasid_place_find() say. One that the test gives another name and IOASID_POLICY_NAMED is only
 * asked by who wants it.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

const volatile __u64 from, flags;

SEC("struct_ops/place")
int BPF_PROG(place_window_place, struct ioasid_place_request *request)
{
	return ioasid_place_find(request, from, request->last, 4096, flags);
}

SEC(".struct_ops.link")
struct ioasid_place_ops place_window = {
	.place = (void *)place_window_place,
	.name = "place_window",
};

char LICENSE[] SEC("license") = "GPL";
