/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * process_limit - a limit per process. A template: copy the directory and change this.
 *
 *	ioasidctl policy load process_limit.bpf.o --set limit_pages=64K
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

/* Most pages that one process may have pinned: 1 GiB. */
const volatile __u64 limit_pages = 1 << 18;

/* May these pages be pinned? What exceeds the hard limit has been refused already. */
SEC("struct_ops/charge")
int BPF_PROG(process_limit_charge, struct ioasid_charge_request *request)
{
	__u64 used = request->mm_pages;

	if (used <= limit_pages && request->pages <= limit_pages - used)
		return 0;
	if (ioasid_has_kfunc(ioasid_account_refuse))
		ioasid_account_refuse(request, used, limit_pages, IOASID_OWNER_PROCESS);
	return -EDQUOT;
}

/* What tools show as the limit. */
SEC("struct_ops/limit")
__u64 BPF_PROG(process_limit_limit, struct ioasid_charge_request *request)
{
	return limit_pages;
}

/* When it has refused everything for 30 seconds, something is wrong: it is ejected. */
IOASID_ACCOUNT_OPS(process_limit, .charge = (void *)process_limit_charge,
		   .limit = (void *)process_limit_limit, .flags = IOASID_POLICY_WATCHDOG);

char LICENSE[] SEC("license") = "GPL";
