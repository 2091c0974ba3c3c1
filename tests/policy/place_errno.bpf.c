/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A place policy that refuses with an errno that means nothing.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

/* What it returns instead of 0 or one of the errnos that refuse. */
const volatile int error = 5;

SEC("struct_ops/place")
int BPF_PROG(place_errno_place, struct ioasid_place_request *request)
{
	return error;
}

SEC(".struct_ops.link")
struct ioasid_place_ops place_errno = {
	.place = (void *)place_errno_place,
	.name = "place_errno",
};

char LICENSE[] SEC("license") = "GPL";
