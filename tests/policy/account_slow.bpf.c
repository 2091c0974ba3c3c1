/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An account policy that takes as long as the verifier permits.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

/* At most 1 << 23, which is as many as bpf_loop() makes. */
const volatile __u32 times = 1 << 23;

__u64 passes;

static long pass(__u32 number, void *unused)
{
	passes++;
	return 0;
}

SEC("struct_ops/charge")
int BPF_PROG(account_slow_charge, struct ioasid_charge_request *request)
{
	return bpf_loop(times, pass, NULL, 0) == times ? 0 : 5;
}

SEC(".struct_ops.link")
struct ioasid_account_ops account_slow = {
	.charge = (void *)account_slow_charge,
	.name = "account_slow",
};

char LICENSE[] SEC("license") = "GPL";
