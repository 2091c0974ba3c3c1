/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uid_quota - a limit per user, over all of the user's processes.
 *
 * Demonstrates an account policy: charge() sees what the user has pinned already, in whatever
 * process, and refuses what goes beyond. It keeps no books of its own, so it needs no uncharge()
 * and may be loaded and unloaded at any time. The built-in limit, RLIMIT_MEMLOCK, holds as well and
 * is asked first.
 *
 *	ioasidctl policy load uid_quota.bpf.o --set quota_pages=65536
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

#define EDQUOT 122

/* Most pages that one user may have pinned: 1 GiB. */
const volatile __u64 quota_pages = 1 << 18;

SEC("struct_ops/charge")
int BPF_PROG(uid_quota_charge, struct ioasid_charge_request *request)
{
	__u64 used = request->user_pages;

	if (used > quota_pages || request->pages > quota_pages - used)
		return -EDQUOT;
	return 0;
}

SEC(".struct_ops.link")
struct ioasid_account_ops uid_quota = {
	.charge = (void *)uid_quota_charge,
	.name = "uid_quota",
};

char LICENSE[] SEC("license") = "GPL";
