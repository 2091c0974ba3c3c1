/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A place policy that returns an IOVA of the test's choice, and cuts pins as it says.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

__u64 at;
/* Bytes of a pin; 0: all there is. */
__u64 bytes;

SEC("struct_ops/place")
int BPF_PROG(place_fixed_place, struct ioasid_place_request *request)
{
	ioasid_place_at(request, at);
	return 0;
}

SEC("struct_ops/group")
__u64 BPF_PROG(place_fixed_group, struct ioasid_group_request *request)
{
	return bytes ?: request->length;
}

SEC(".struct_ops.link")
struct ioasid_place_ops place_fixed = {
	.place = (void *)place_fixed_place,
	.group = (void *)place_fixed_group,
	.name = "place_fixed",
};

char LICENSE[] SEC("license") = "GPL";
