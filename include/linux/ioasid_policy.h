/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies: what a BPF program may decide, and what it is told.
 *
 * Whatever a policy does, nothing it returns is trusted: a refusal must be one of a list of errnos,
 * a grant never exceeds the caller's hard limit, an IOVA must lie in range, be aligned and be free.
 * A policy that breaks this is ejected, the built-in one takes over at once and the operation goes
 * on under it; no pin, charge or mapping is lost.
 *
 * Every callback may be left out; the built-in behaviour applies then, exactly. Callbacks run with
 * no lock of ioasid held.
 */
#ifndef _LINUX_IOASID_POLICY_H
#define _LINUX_IOASID_POLICY_H

#include <linux/types.h>
#include <uapi/linux/ioasid.h>

/**
 * struct ioasid_charge_request - pages are about to be charged, or were given back
 * @pages: pages asked for (charge) or given back (uncharge)
 * @mm_pages: pages charged to this process, those asked for not counted
 * @user_pages: pages charged to this user by all processes, those asked for not counted
 * @cgroup_pages: pages charged to this cgroup itself, those asked for not counted
 * @limit_pages: hard limit that holds whatever the policy says, all ones when there is none
 * @cgroup: id of the cgroup (of the cgroup v2 hierarchy)
 * @tgid: process
 * @uid: user, as the initial user namespace numbers it
 */
struct ioasid_charge_request {
	u64 pages;
	u64 mm_pages;
	u64 user_pages;
	u64 cgroup_pages;
	u64 limit_pages;
	u64 cgroup;
	u32 tgid;
	u32 uid;
};

/**
 * struct ioasid_account_ops - who may pin how much; one at a time, system-wide
 * @charge: called for each new pin within the hard limit. 0 grants; -ENOMEM, -EDQUOT, -EPERM or
 *	-EAGAIN refuses; anything else ejects the policy. Absent: grants.
 * @uncharge: called once for each pin that this policy granted, when its pages are let go or could
 *	not be pinned after all. Absent: nothing.
 * @name: what tools and errors call it; mandatory, [A-Za-z0-9_.-]
 */
struct ioasid_account_ops {
	int (*charge)(struct ioasid_charge_request *request);
	void (*uncharge)(struct ioasid_charge_request *request);
	char name[IOASID_NAME_LEN];
};

/**
 * struct ioasid_place_request - a range wants an IOVA
 * @length: bytes
 * @va: first address of the memory
 * @iova: the answer; set with ioasid_place_at() or ioasid_place_find()
 * @first: lowest usable IOVA of the address space, never 0
 * @last: highest usable IOVA of the address space
 * @ioas: number of the address space, system-wide
 * @tgid: process of the caller
 */
struct ioasid_place_request {
	u64 length;
	u64 va;
	u64 iova;
	u64 first;
	u64 last;
	u64 ioas;
	u32 tgid;
};

/*
 * Search downward from the highest IOVA instead of upward from the lowest; find an IOVA that is
 * congruent with the request's va modulo align, instead of a multiple of align.
 */
#define IOASID_FIND_TOP_DOWN	(1ULL << 0)
#define IOASID_FIND_CONGRUENT	(1ULL << 1)

/**
 * struct ioasid_place_ops - where mappings go that ask for no IOVA of their own
 * @place: sets the request's answer and returns 0, or refuses with -ENOSPC, -EPERM or -EAGAIN;
 *	anything else, or an IOVA that is unaligned, out of range or in use, ejects the policy.
 *	Absent: first fit.
 * @name: what tools and errors call it; mandatory, [A-Za-z0-9_.-]
 */
struct ioasid_place_ops {
	int (*place)(struct ioasid_place_request *request);
	char name[IOASID_NAME_LEN];
};

#endif /* _LINUX_IOASID_POLICY_H */
