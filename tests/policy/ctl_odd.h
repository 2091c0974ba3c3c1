/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Account policies that make no sense, one for each who includes this.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

SEC("struct_ops/charge")
int BPF_PROG(ctl_odd_charge, struct ioasid_charge_request *request)
{
	return 0;
}

#if defined(ODD_TWO)
IOASID_ACCOUNT_OPS(one, .charge = (void *)ctl_odd_charge);
IOASID_ACCOUNT_OPS(other, .charge = (void *)ctl_odd_charge);
#elif defined(ODD_NAMELESS)
SEC(".struct_ops.link")
struct ioasid_account_ops nameless = { .charge = (void *)ctl_odd_charge };
#elif defined(ODD_BLANK)
SEC(".struct_ops.link")
struct ioasid_account_ops blank = { .charge = (void *)ctl_odd_charge, .name = "a blank" };
#elif defined(ODD_FLAGS)
IOASID_ACCOUNT_OPS(flags, .charge = (void *)ctl_odd_charge, .flags = 1ULL << 40);
#elif defined(ODD_UNLINKED)
SEC(".struct_ops")
struct ioasid_account_ops unlinked = { .charge = (void *)ctl_odd_charge, .name = "unlinked" };
#endif

char LICENSE[] SEC("license") = "GPL";
