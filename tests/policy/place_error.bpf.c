/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A place policy that reports an error of its own, in the callback that the test chooses.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

enum where { PLACE, GROUP };

__u32 where;

/* Longer than what is kept, and not terminated. */
#define LENGTH 200

SEC("struct_ops/place")
int BPF_PROG(place_error_place, struct ioasid_place_request *request)
{
	char text[LENGTH];

	__builtin_memset(text, 'x', sizeof(text));
	if (where == PLACE)
		ioasid_place_error(request, text, sizeof(text), 1LL << 40);
	return -1;
}

SEC("struct_ops/group")
__u64 BPF_PROG(place_error_group, struct ioasid_group_request *request)
{
	char text[LENGTH];

	__builtin_memset(text, 'x', sizeof(text));
	if (where == GROUP)
		ioasid_group_error(request, text, sizeof(text), 1LL << 40);
	return 4096;
}

SEC(".struct_ops.link")
struct ioasid_place_ops place_error = {
	.place = (void *)place_error_place,
	.group = (void *)place_error_group,
	.name = "place_error",
};

char LICENSE[] SEC("license") = "GPL";
