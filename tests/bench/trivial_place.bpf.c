/* SPDX-License-Identifier: GPL-2.0-only */
/* trivial_place - always the same IOVA: what asking a place policy costs. For make bench-policy. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

SEC("struct_ops/place")
int BPF_PROG(trivial_place, struct ioasid_place_request *request)
{
	ioasid_place_at(request, 1 << 30);
	return 0;
}

SEC(".struct_ops.link")
struct ioasid_place_ops trivial = {
	.place = (void *)trivial_place,
	.name = "trivial_place",
};

char LICENSE[] SEC("license") = "GPL";
