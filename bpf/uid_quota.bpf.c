/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uid_quota - a limit per user, over all of the user's processes, that may be exceeded for a while.
 *
 * Demonstrates an account policy that needs no books: charge() sees what the user has pinned
 * already, in whatever process, and refuses what goes beyond. So it may be loaded, replaced and
 * unloaded at any time. Only of those who are beyond their quota it notes since when: a burst may
 * take burst_pages more for burst_ms; then nothing more is granted until the user is within the
 * quota again. The built-in limit, RLIMIT_MEMLOCK, holds as well and is asked first.
 *
 *	ioasidctl policy load uid_quota.bpf.o --set quota_pages=65536 \
 *		--set burst_pages=8192 --set burst_ms=5000
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

#define EDQUOT 122

/* Most pages that one user may have pinned: 1 GiB. */
const volatile __u64 quota_pages = 1 << 18;

/* So many more for so long. */
const volatile __u64 burst_pages = 0;
const volatile __u64 burst_ms = 10000;

/* When users, by uid, went beyond their quota, in ns. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u64);
} bursts SEC(".maps");

static bool fits(const struct ioasid_charge_request *request, __u64 limit)
{
	return request->pages <= limit && request->user_pages <= limit - request->pages;
}

/* Is the user in a burst, or may one begin? */
static bool may_burst(__u32 uid, bool begins)
{
	__u64 *since = bpf_map_lookup_elem(&bursts, &uid);
	__u64 now = bpf_ktime_get_ns();

	if (since && !begins)
		return now - *since <= burst_ms * 1000000;
	return !bpf_map_update_elem(&bursts, &uid, &now, BPF_ANY);
}

SEC("struct_ops/charge")
int BPF_PROG(uid_quota_charge, struct ioasid_charge_request *request)
{
	__u64 limit = quota_pages;

	if (fits(request, quota_pages))
		return 0;
	if (burst_pages && fits(request, quota_pages + burst_pages)) {
		if (may_burst(request->uid, request->user_pages <= quota_pages))
			return 0;
	} else {
		limit += burst_pages;
	}
	ioasid_account_refuse(request, request->user_pages, limit, IOASID_OWNER_USER);
	return -EDQUOT;
}

SEC("struct_ops/limit")
u64 BPF_PROG(uid_quota_limit, struct ioasid_charge_request *request)
{
	return quota_pages + burst_pages;
}

SEC(".struct_ops.link")
struct ioasid_account_ops uid_quota = {
	.charge = (void *)uid_quota_charge,
	.limit = (void *)uid_quota_limit,
	.name = "uid_quota",
};

char LICENSE[] SEC("license") = "GPL";
