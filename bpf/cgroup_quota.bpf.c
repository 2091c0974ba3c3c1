/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cgroup_quota - limits for cgroups, each for all that is below it: a limit per VM or container.
 *
 * Demonstrates an account policy with books of its own, which are right from the start, because
 * adopt() tells of what is pinned already, and exact at any time: a charge takes its share in the
 * cgroup and in each above it by compare-and-exchange, or gives back what it took and refuses. A
 * cgroup may be removed while its memory is pinned, so where it was is remembered. Limits are in a
 * map, and may be changed at any time:
 *
 *	ioasidctl policy load cgroup_quota.bpf.o
 *	ioasidctl policy map cgroup_quota limits /vm1 hard=64M soft=48M
 *	ioasidctl policy map cgroup_quota usage /vm1
 *
 * Beyond the hard limit pins are refused with EDQUOT. Beyond the soft limit they are granted, and
 * counted. 0, or nothing in the map, is no limit.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "cgroup_path.h"
#include "ioasid.bpf.h"

#define EAGAIN 11
#define ENOMEM 12
#define EDQUOT 122

#define PAGE_SHIFT 12
#define CGROUPS_MOST 65536
/* So often may others change what we are about to change. */
#define TRIES 1024

/**
 * struct limit - what a cgroup and all below it may have pinned
 * @hard: bytes; more is refused
 * @soft: bytes; more is counted
 */
struct limit {
	__u64 hard;
	__u64 soft;
};

/**
 * struct usage - what a cgroup and all below it have pinned
 * @used: bytes
 * @peak: the most that it was, ever
 * @soft_exceeded: grants that went beyond the soft limit, or added to what was beyond
 * @refused: refusals because of this cgroup's hard limit
 */
struct usage {
	__u64 used;
	__u64 peak;
	__u64 soft_exceeded;
	__u64 refused;
};

/* By id of the cgroup. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CGROUPS_MOST);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct limit);
} limits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CGROUPS_MOST);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct usage);
} usage SEC(".maps");

/* Those that were charged. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CGROUPS_MOST);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct cgroup_path);
} paths SEC(".maps");

static struct usage *usage_of(__u64 id)
{
	struct usage none = {};
	struct usage *there = bpf_map_lookup_elem(&usage, &id);

	if (there)
		return there;
	bpf_map_update_elem(&usage, &id, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&usage, &id);
}

/* Where the cgroup is; when it has been removed before it was known, all by itself. */
static struct cgroup_path *path_of(__u64 id)
{
	struct cgroup_path *there = bpf_map_lookup_elem(&paths, &id);
	struct cgroup_path path = {};

	if (there)
		return there;
	if (cgroup_path_fill(&path, id)) {
		path.depth = 1;
		path.ids[0] = id;
	}
	bpf_map_update_elem(&paths, &id, &path, BPF_NOEXIST);
	return bpf_map_lookup_elem(&paths, &id);
}

static void note_peak(struct usage *usage, __u64 used)
{
	__u64 peak;

	bpf_repeat(TRIES) {
		peak = *(volatile __u64 *)&usage->peak;
		if (used <= peak || __sync_val_compare_and_swap(&usage->peak, peak, used) == peak)
			break;
	}
}

/* Return 0; -EDQUOT beyond the hard limit, and set @used; -EAGAIN when others never let us. */
static int take(struct usage *usage, __u64 bytes, const struct limit *limit, __u64 *used)
{
	__u64 hard = limit && limit->hard ? limit->hard : ~0ULL;
	__u64 old;

	bpf_repeat(TRIES) {
		old = *(volatile __u64 *)&usage->used;
		if (old > hard || bytes > hard - old) {
			__sync_fetch_and_add(&usage->refused, 1);
			*used = old;
			return -EDQUOT;
		}
		if (__sync_val_compare_and_swap(&usage->used, old, old + bytes) == old) {
			note_peak(usage, old + bytes);
			return 0;
		}
	}
	return -EAGAIN;
}

static void give_back(const struct cgroup_path *path, __u32 from, __u64 bytes)
{
	struct usage *usage;
	__u32 level;

	bpf_for(level, from, CGROUP_LEVELS) {
		if (level >= path->depth)
			break;
		usage = usage_of(path->ids[level & (CGROUP_LEVELS - 1)]);
		if (usage)
			__sync_fetch_and_add(&usage->used, -bytes);
	}
}

/* Grants that are final. */
static void note_soft(const struct cgroup_path *path)
{
	struct limit *limit;
	struct usage *usage;
	__u64 id;
	__u32 level;

	bpf_for(level, 0, CGROUP_LEVELS) {
		if (level >= path->depth)
			break;
		id = path->ids[level & (CGROUP_LEVELS - 1)];
		limit = bpf_map_lookup_elem(&limits, &id);
		if (!limit || !limit->soft)
			continue;
		usage = usage_of(id);
		if (usage && usage->used > limit->soft)
			__sync_fetch_and_add(&usage->soft_exceeded, 1);
	}
}

/* Refused by a cgroup, whose limit is what the caller has to know. */
static int refuse(struct ioasid_charge_request *request, __u64 id, __u64 used)
{
	struct limit *limit = bpf_map_lookup_elem(&limits, &id);

	ioasid_account_refuse(request, used >> PAGE_SHIFT, limit ? limit->hard >> PAGE_SHIFT : 0,
			      IOASID_OWNER_CGROUP);
	return -EDQUOT;
}

SEC("struct_ops/charge")
int BPF_PROG(cgroup_quota_charge, struct ioasid_charge_request *request)
{
	struct cgroup_path *path = path_of(request->cgroup);
	__u64 bytes = request->pages << PAGE_SHIFT, used = 0, id;
	struct usage *usage;
	__u32 level, above;
	int ret;

	if (!path)
		return -ENOMEM;
	/* From the cgroup up to the root. */
	bpf_for(above, 0, CGROUP_LEVELS) {
		if (above >= path->depth)
			break;
		level = path->depth - 1 - above;
		id = path->ids[level & (CGROUP_LEVELS - 1)];
		usage = usage_of(id);
		ret = usage ? take(usage, bytes, bpf_map_lookup_elem(&limits, &id), &used) :
			      -ENOMEM;
		if (!ret)
			continue;
		give_back(path, level + 1, bytes);
		return ret == -EDQUOT ? refuse(request, id, used) : ret;
	}
	note_soft(path);
	return 0;
}

SEC("struct_ops/uncharge")
void BPF_PROG(cgroup_quota_uncharge, struct ioasid_charge_request *request)
{
	struct cgroup_path *path = path_of(request->cgroup);

	if (path)
		give_back(path, 0, request->pages << PAGE_SHIFT);
}

/* What is pinned already counts, be it more than the limit. */
SEC("struct_ops/adopt")
void BPF_PROG(cgroup_quota_adopt, struct ioasid_charge_request *request)
{
	char full[] = "there are more cgroups than it can count for";
	struct cgroup_path *path = path_of(request->cgroup);
	struct usage *usage = NULL;
	__u64 unused;
	__u32 level;

	if (path)
		bpf_for(level, 0, CGROUP_LEVELS) {
			if (level >= path->depth)
				break;
			usage = usage_of(path->ids[level & (CGROUP_LEVELS - 1)]);
			if (!usage)
				break;
			take(usage, request->pages << PAGE_SHIFT, NULL, &unused);
		}
	if (!usage)
		ioasid_account_error(request, full, sizeof(full), CGROUPS_MOST);
}

/* The tightest limit of those that hold for the cgroup. */
SEC("struct_ops/limit")
u64 BPF_PROG(cgroup_quota_limit, struct ioasid_charge_request *request)
{
	struct cgroup_path *path = path_of(request->cgroup);
	__u64 most = ~0ULL, id;
	struct limit *limit;
	__u32 level;

	if (!path)
		return most;
	bpf_for(level, 0, CGROUP_LEVELS) {
		if (level >= path->depth)
			break;
		id = path->ids[level & (CGROUP_LEVELS - 1)];
		limit = bpf_map_lookup_elem(&limits, &id);
		if (limit && limit->hard && limit->hard >> PAGE_SHIFT < most)
			most = limit->hard >> PAGE_SHIFT;
	}
	return most;
}

SEC(".struct_ops.link")
struct ioasid_account_ops cgroup_quota = {
	.charge = (void *)cgroup_quota_charge,
	.uncharge = (void *)cgroup_quota_uncharge,
	.adopt = (void *)cgroup_quota_adopt,
	.limit = (void *)cgroup_quota_limit,
	.name = "cgroup_quota",
};

char LICENSE[] SEC("license") = "GPL";
