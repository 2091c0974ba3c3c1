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

/* Flags of a policy. */
#define IOASID_POLICY_WATCHDOG (1ULL << 0) /* eject it when it refuses all for timeout_ms */
#define IOASID_POLICY_NAMED (1ULL << 1) /* place: only for address spaces that ask for it by name */

#define IOASID_POLICY_TIMEOUT_MS 30000 /* with IOASID_POLICY_WATCHDOG and no timeout_ms */

#define IOASID_EXIT_TEXT_LEN 128
#define IOASID_EXIT_DUMP_LEN 256

/**
 * enum ioasid_exit_kind - why a policy left
 * @IOASID_EXIT_NONE: it has not
 * @IOASID_EXIT_UNREGISTERED: its owner detached or replaced it, or ended while it was not pinned
 * @IOASID_EXIT_OPERATOR: an operator ejected it, by "ioasidctl policy eject" or the file eject in
 *	sysfs; the text says who
 * @IOASID_EXIT_SYSFS: all BPF policies were switched off by the file builtin_only in sysfs
 * @IOASID_EXIT_IOVA: place() chose an IOVA that can't be used; the code is the IOVA
 * @IOASID_EXIT_ERRNO: a callback returned what it may not; the code is the value
 * @IOASID_EXIT_LENGTH: group() returned what it may not; the code is the value
 * @IOASID_EXIT_TIMEOUT: it refused everything for longer than its timeout; the code is how long, in
 *	milliseconds
 * @IOASID_EXIT_ERROR: it reported an error itself; code and text are its own
 *
 * Numbers are not reused.
 */
enum ioasid_exit_kind {
	IOASID_EXIT_NONE = 0,
	IOASID_EXIT_UNREGISTERED = 1,
	IOASID_EXIT_ERRNO = 2,
	IOASID_EXIT_IOVA = 3,
	IOASID_EXIT_LENGTH = 4,
	IOASID_EXIT_OPERATOR = 5,
	IOASID_EXIT_SYSFS = 6,
	IOASID_EXIT_TIMEOUT = 7,
	IOASID_EXIT_ERROR = 8,
};

/**
 * struct ioasid_exit_info - how a policy left
 * @code: see enum ioasid_exit_kind; 0 where it says nothing
 * @kind: enum ioasid_exit_kind
 * @text: the same in words
 * @dump: the request that brought it to light; empty where there was none
 */
struct ioasid_exit_info {
	s64 code;
	u32 kind;
	char text[IOASID_EXIT_TEXT_LEN];
	char dump[IOASID_EXIT_DUMP_LEN];
};

/* Whose pages: for ioasid_ledger_pages() and ioasid_account_refuse(). */
enum ioasid_owner_kind {
	IOASID_OWNER_PROCESS = 0, /* number: of the process (tgid) */
	IOASID_OWNER_USER = 1, /* number: uid, as the initial user namespace has it */
	IOASID_OWNER_CGROUP = 2, /* number: id of the cgroup */
	IOASID_OWNER_ALL = 3, /* all together; for ioasid_account_refuse() only */
};

/**
 * struct ioasid_charge_request - pages are about to be charged, or were given back, or are charged
 *	already
 * @pages: pages asked for (charge), given back (uncharge), or charged (adopt, limit)
 * @mm_pages: pages charged to this process, @pages not counted
 * @user_pages: pages charged to this user by all processes, @pages not counted
 * @cgroup_pages: pages charged to this cgroup itself, @pages not counted
 * @limit_pages: hard limit that holds whatever the policy says; all ones when there is none, and
 *	in uncharge and adopt
 * @cgroup: id of the cgroup (of the cgroup v2 hierarchy)
 * @tgid: process
 * @uid: user, as the initial user namespace numbers it
 * @domain: number of the pin domain, the process's memory or a file; 0 in adopt, and where a charge
 *	moves to another owner
 *
 * Limit, too, gets the counts without @pages.
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
	u64 domain;
};

/**
 * struct ioasid_account_ops - who may pin how much; one at a time, system-wide
 * @charge: called for each new pin within the hard limit. 0 grants; -ENOMEM, -EDQUOT, -EPERM or
 *	-EAGAIN refuses; anything else ejects the policy. Absent: grants.
 * @uncharge: called once for each pin that this policy granted or adopted, when its pages are let
 *	go or could not be pinned after all. Absent: nothing.
 * @adopt: called when the policy takes over, once for each owner (a process, as a user, in a
 *	cgroup) that has pages charged; none is charged or given back meanwhile. From then on the
 *	policy hears of the end of these, too, so its books are right from the start. Absent: it
 *	hears of no pin that it has not granted.
 * @limit: the most pages that the owner could have charged now, by this policy; what tools and
 *	refusals show, no higher than the hard limit. Absent: the hard limit.
 * @init: called before the policy takes over. Returns 0, or a negative errno, with which loading
 *	fails. Absent: nothing.
 * @exit: called last, and told why. Absent: nothing.
 * @name: what tools and errors call it; mandatory, [A-Za-z0-9_.-]
 * @flags: IOASID_POLICY_WATCHDOG
 * @timeout_ms: with IOASID_POLICY_WATCHDOG: milliseconds that it may refuse everything; 0 stands
 *	for IOASID_POLICY_TIMEOUT_MS
 *
 * All may sleep when they are of section struct_ops.s.
 */
struct ioasid_account_ops {
	int (*charge)(struct ioasid_charge_request *request);
	void (*uncharge)(struct ioasid_charge_request *request);
	void (*adopt)(struct ioasid_charge_request *request);
	u64 (*limit)(struct ioasid_charge_request *request);
	int (*init)(void);
	void (*exit)(struct ioasid_exit_info *info);
	char name[IOASID_NAME_LEN];
	u64 flags;
	u32 timeout_ms;
};

/* Flags of a place request. */
#define IOASID_PLACE_READ (1ULL << 0) /* devices may read */
#define IOASID_PLACE_WRITE (1ULL << 1) /* devices may write */

/**
 * struct ioasid_place_request - a range wants an IOVA
 * @length: bytes
 * @va: first address of the memory
 * @iova: the answer; set with ioasid_place_at(), ioasid_place_find() or ioasid_place_search()
 * @first: lowest usable IOVA of the address space, never 0
 * @last: highest usable IOVA of the address space
 * @ioas: number of the address space, system-wide
 * @tgid: process of the caller
 * @node: NUMA node of the memory's first page, -1 when there is none
 * @contiguous: bytes from the range's start on that are contiguous in memory
 * @flags: IOASID_PLACE_READ, IOASID_PLACE_WRITE
 */
struct ioasid_place_request {
	u64 length;
	u64 va;
	u64 iova;
	u64 first;
	u64 last;
	u64 ioas;
	u32 tgid;
	s32 node;
	u64 contiguous;
	u64 flags;
};

/*
 * Search downward from the highest IOVA instead of upward from the lowest; find an IOVA that is
 * congruent with the request's va modulo align, instead of a multiple of align; take the smallest
 * of the free ranges that are large enough, of those among the first IOASID_BEST_FIT_RANGES.
 */
#define IOASID_FIND_TOP_DOWN (1ULL << 0)
#define IOASID_FIND_CONGRUENT (1ULL << 1)
#define IOASID_FIND_BEST_FIT (1ULL << 2)

#define IOASID_BEST_FIT_RANGES 1024

/**
 * struct ioasid_place_search - what free range is wanted
 * @first: lowest IOVA that it may start at
 * @last: highest IOVA that it may end at
 * @length: bytes, at least a page; a multiple of the page size
 * @align: power of two, at least a page
 * @skew: it starts at a multiple of @align plus this, which is less than @align
 * @flags: IOASID_FIND_TOP_DOWN, IOASID_FIND_BEST_FIT
 */
struct ioasid_place_search {
	u64 first;
	u64 last;
	u64 length;
	u64 align;
	u64 skew;
	u64 flags;
};

/**
 * struct ioasid_place_usage - what an address space has
 * @mappings: mappings
 * @mapped: bytes of these
 * @tables: page tables and groups of devices that use it
 */
struct ioasid_place_usage {
	u64 mappings;
	u64 mapped;
	u64 tables;
};

/**
 * struct ioasid_group_request - a range is about to be pinned
 * @va: first address of the memory, or offset in the file
 * @length: bytes, a multiple of the page size
 * @tgid: process of the caller
 * @write: devices may write
 * @domain: number of the pin domain
 */
struct ioasid_group_request {
	u64 va;
	u64 length;
	u32 tgid;
	u32 write;
	u64 domain;
};

/**
 * struct ioasid_place_ops - where mappings go that ask for no IOVA of their own, and how memory is
 *	cut into pins. One is the default; others can be loaded for address spaces that ask for them
 *	by name (IOASID_OPTION_PLACE_POLICY)
 * @place: sets the request's answer and returns 0, or refuses with -ENOSPC, -EPERM or -EAGAIN;
 *	anything else, or an IOVA that is unaligned, out of range or in use, ejects the policy.
 *	Absent: first fit.
 * @group: how many bytes, from the range's start on, become one pin; asked again for what is left.
 *	A multiple of the page size, from one page to the range's length and 64 GiB; anything else
 *	ejects the policy. Only the default policy is asked, as a pin belongs to no address space.
 *	Absent: all of the range, or as many GiB of it as end at a multiple of 1 GiB when it has
 *	more than 64, so that no large folio is cut.
 * @init: as of struct ioasid_account_ops
 * @exit: as of struct ioasid_account_ops
 * @name: what tools and errors call it; mandatory, [A-Za-z0-9_.-], not "builtin"
 * @flags: IOASID_POLICY_WATCHDOG, IOASID_POLICY_NAMED
 * @timeout_ms: as of struct ioasid_account_ops
 */
struct ioasid_place_ops {
	int (*place)(struct ioasid_place_request *request);
	u64 (*group)(struct ioasid_group_request *request);
	int (*init)(void);
	void (*exit)(struct ioasid_exit_info *info);
	char name[IOASID_NAME_LEN];
	u64 flags;
	u32 timeout_ms;
};

#endif /* _LINUX_IOASID_POLICY_H */
