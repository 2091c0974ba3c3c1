/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trivial_find - the lowest free range, as the built-in policy has it for small ranges: what a
 * search by a place policy costs. For make bench-policy.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

SEC("struct_ops/place")
int BPF_PROG(trivial_find, struct ioasid_place_request *request)
{
	return ioasid_place_find(request, request->first, request->last, 4096, 0);
}

SEC(".struct_ops.link")
struct ioasid_place_ops trivial = {
	.place = (void *)trivial_find,
	.name = "trivial_find",
};

char LICENSE[] SEC("license") = "GPL";
