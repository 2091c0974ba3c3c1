/* SPDX-License-Identifier: GPL-2.0-only */
/* trivial_charge - grants: what asking an account policy costs. For make bench-policy. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

SEC("struct_ops/charge")
int BPF_PROG(trivial_charge, struct ioasid_charge_request *request)
{
	return 0;
}

SEC(".struct_ops.link")
struct ioasid_account_ops trivial = {
	.charge = (void *)trivial_charge,
	.name = "trivial_charge",
};

char LICENSE[] SEC("license") = "GPL";
