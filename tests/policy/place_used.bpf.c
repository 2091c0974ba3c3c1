/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A place policy that returns the same IOVA each time: in use, the second time.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

SEC("struct_ops/place")
int BPF_PROG(place_used_place, struct ioasid_place_request *request)
{
	ioasid_place_at(request, 1ULL << 32);
	return 0;
}

SEC(".struct_ops.link")
struct ioasid_place_ops place_used = {
	.place = (void *)place_used_place,
	.name = "place_used",
};

char LICENSE[] SEC("license") = "GPL";
