/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A place policy for those who ask for it, and one more.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

SEC("struct_ops/place")
int BPF_PROG(ctl_named_place, struct ioasid_place_request *request)
{
	return ioasid_place_find(request, request->first, request->last, 4096, 0);
}

IOASID_PLACE_OPS(ctl_named, .place = (void *)ctl_named_place, .flags = IOASID_POLICY_NAMED);

SEC(".struct_ops.link")
struct ioasid_place_ops dotted = {
	.place = (void *)ctl_named_place,
	.name = "ctl.dotted",
	.flags = IOASID_POLICY_NAMED,
};

char LICENSE[] SEC("license") = "GPL";
