/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An account policy that writes to what it is given; the verifier does not take it.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

SEC("struct_ops/charge")
int BPF_PROG(account_writes_charge, struct ioasid_charge_request *request)
{
	request->pages = 0;
	return 0;
}

SEC(".struct_ops.link")
struct ioasid_account_ops account_writes = {
	.charge = (void *)account_writes_charge,
	.name = "account_writes",
};

char LICENSE[] SEC("license") = "GPL";
