/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An account policy whose own books are wrong: it counts each charge twice and forgets what is
 * given back, and refuses by that.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

#define EDQUOT 122

const volatile __u64 most = 1000;

__u64 counted;

SEC("struct_ops/charge")
int BPF_PROG(account_unbalanced_charge, struct ioasid_charge_request *request)
{
	__u64 pages = 2 * request->pages;

	if (__sync_fetch_and_add(&counted, pages) + pages <= most)
		return 0;
	ioasid_account_refuse(request, counted, most, IOASID_OWNER_CGROUP);
	return -EDQUOT;
}

SEC(".struct_ops.link")
struct ioasid_account_ops unbalanced = {
	.charge = (void *)account_unbalanced_charge,
	.name = "unbalanced",
};

char LICENSE[] SEC("license") = "GPL";
