/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An account policy whose loop ends, but in more ways than the verifier follows.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

SEC("struct_ops/charge")
int BPF_PROG(account_long_charge, struct ioasid_charge_request *request)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < 2000000; i++) {
		if (bpf_get_prandom_u32() & 1)
			asm volatile("%0 += 1" : "+r"(sum));
	}
	return sum == 4711;
}

SEC(".struct_ops.link")
struct ioasid_account_ops account_long = {
	.charge = (void *)account_long_charge,
	.name = "account_long",
};

char LICENSE[] SEC("license") = "GPL";
