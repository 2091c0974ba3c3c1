/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A place policy that cuts memory into pins of a set size; of a size that is none, if told so.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

/* Bytes of a pin; more than the range is cut down to it, unless over is set. */
const volatile __u64 bytes = 16384;
const volatile __u32 over;

SEC("struct_ops/group")
__u64 BPF_PROG(group_size_group, struct ioasid_group_request *request)
{
	if (bytes > request->length && !over)
		return request->length;
	return bytes;
}

SEC(".struct_ops.link")
struct ioasid_place_ops group_size = {
	.group = (void *)group_size_group,
	.name = "group_size",
};

char LICENSE[] SEC("license") = "GPL";
