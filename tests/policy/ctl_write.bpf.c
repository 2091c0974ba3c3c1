/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An account policy that writes to its argument: the verifier refuses it.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

SEC("struct_ops/charge")
int BPF_PROG(ctl_write_charge, struct ioasid_charge_request *request)
{
	request->pages = 0;
	return 0;
}

IOASID_ACCOUNT_OPS(ctl_write, .charge = (void *)ctl_write_charge);

char LICENSE[] SEC("license") = "GPL";
