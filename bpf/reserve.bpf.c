/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reserve - a limit for everybody together, of which a part is kept free for those who matter.
 *
 * Demonstrates a decision that depends on what all have, and a list that is kept in maps: users,
 * and cgroups with all that is below them. These may have the whole of total_pages pinned; all
 * others leave reserve_pages of it free.
 *
 *	ioasidctl policy load reserve.bpf.o --set total_pages=1M --set reserve_pages=256K
 *	ioasidctl policy map reserve users 107 important=1
 *	ioasidctl policy map reserve cgroups /vms/router important=1
 *	ioasidctl policy map reserve usage 0
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "cgroup_path.h"
#include "ioasid.bpf.h"

#define EAGAIN 11
#define EINVAL 22
#define EDQUOT 122

#define TRIES 1024

/* Most pages that all together may have pinned, 4 GiB, and how many of these are kept free. */
const volatile __u64 total_pages = 1 << 20;
const volatile __u64 reserve_pages = 1 << 18;

struct owner {
	__u64 important;
};

/* By uid. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct owner);
} users SEC(".maps");

/* By id of the cgroup. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct owner);
} cgroups SEC(".maps");

/**
 * struct usage - what all together have, in pages
 * @used: pinned
 * @refused: refusals
 */
struct usage {
	__u64 used;
	__u64 refused;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct usage);
} usage SEC(".maps");

static struct usage *everybody(void)
{
	__u32 first = 0;

	return bpf_map_lookup_elem(&usage, &first);
}

static bool is_important_cgroup(__u64 id)
{
	struct cgroup_path path = {};
	struct owner *owner;
	__u64 above;
	__u32 level;

	if (cgroup_path_fill(&path, id))
		return false;
	bpf_for(level, 0, CGROUP_LEVELS) {
		if (level >= path.depth)
			break;
		above = path.ids[level & (CGROUP_LEVELS - 1)];
		owner = bpf_map_lookup_elem(&cgroups, &above);
		if (owner && owner->important)
			return true;
	}
	return false;
}

static bool is_important(const struct ioasid_charge_request *request)
{
	__u32 uid = request->uid;
	struct owner *owner = bpf_map_lookup_elem(&users, &uid);

	return (owner && owner->important) || is_important_cgroup(request->cgroup);
}

/* Return 0; -EDQUOT, and set @used; -EAGAIN when others never let us. */
static int take(struct usage *usage, __u64 pages, __u64 limit, __u64 *used)
{
	bpf_repeat(TRIES) {
		*used = *(volatile __u64 *)&usage->used;
		if (*used > limit || pages > limit - *used)
			return -EDQUOT;
		if (__sync_val_compare_and_swap(&usage->used, *used, *used + pages) == *used)
			return 0;
	}
	return -EAGAIN;
}

SEC("struct_ops/charge")
int BPF_PROG(reserve_charge, struct ioasid_charge_request *request)
{
	__u64 limit = total_pages - reserve_pages, used = 0;
	struct usage *usage = everybody();
	int ret;

	if (!usage)
		return -EAGAIN;
	ret = take(usage, request->pages, limit, &used);
	/* Who somebody is matters only when it is scarce. */
	if (ret == -EDQUOT && is_important(request)) {
		limit = total_pages;
		ret = take(usage, request->pages, limit, &used);
	}
	if (ret == -EDQUOT) {
		__sync_fetch_and_add(&usage->refused, 1);
		ioasid_account_refuse(request, used, limit, IOASID_OWNER_ALL);
	}
	return ret;
}

SEC("struct_ops/uncharge")
void BPF_PROG(reserve_uncharge, struct ioasid_charge_request *request)
{
	struct usage *usage = everybody();

	if (usage)
		__sync_fetch_and_add(&usage->used, -request->pages);
}

SEC("struct_ops/adopt")
void BPF_PROG(reserve_adopt, struct ioasid_charge_request *request)
{
	struct usage *usage = everybody();

	if (usage)
		__sync_fetch_and_add(&usage->used, request->pages);
}

SEC("struct_ops/init")
int BPF_PROG(reserve_init)
{
	return reserve_pages <= total_pages ? 0 : -EINVAL;
}

SEC(".struct_ops.link")
struct ioasid_account_ops reserve = {
	.charge = (void *)reserve_charge,
	.uncharge = (void *)reserve_uncharge,
	.adopt = (void *)reserve_adopt,
	.init = (void *)reserve_init,
	.name = "reserve",
};

char LICENSE[] SEC("license") = "GPL";
