/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An account policy that never answers; the verifier does not take it.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

SEC("struct_ops/charge")
int BPF_PROG(account_endless_charge, struct ioasid_charge_request *request)
{
	for (;;)
		asm volatile("");
	return 0;
}

SEC(".struct_ops.link")
struct ioasid_account_ops account_endless = {
	.charge = (void *)account_endless_charge,
	.name = "account_endless",
};

char LICENSE[] SEC("license") = "GPL";
