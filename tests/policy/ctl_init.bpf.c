/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An account policy whose init() refuses.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

const volatile int error = -ENOSPC;

SEC("struct_ops/init")
int BPF_PROG(ctl_init_init)
{
	return error;
}

IOASID_ACCOUNT_OPS(ctl_init, .init = (void *)ctl_init_init);

char LICENSE[] SEC("license") = "GPL";
