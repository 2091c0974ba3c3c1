/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An account policy that refuses with an errno that means nothing.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

/* What it returns instead of 0 or one of the errnos that refuse. */
const volatile int error = 5;

SEC("struct_ops/charge")
int BPF_PROG(account_errno_charge, struct ioasid_charge_request *request)
{
	return error;
}

SEC(".struct_ops.link")
struct ioasid_account_ops account_errno = {
	.charge = (void *)account_errno_charge,
	.name = "account_errno",
};

char LICENSE[] SEC("license") = "GPL";
