/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A place policy that returns an IOVA that is not page-aligned.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

SEC("struct_ops/place")
int BPF_PROG(place_unaligned_place, struct ioasid_place_request *request)
{
	ioasid_place_at(request, (1ULL << 30) + 8);
	return 0;
}

SEC(".struct_ops.link")
struct ioasid_place_ops place_unaligned = {
	.place = (void *)place_unaligned_place,
	.name = "place_unaligned",
};

char LICENSE[] SEC("license") = "GPL";
