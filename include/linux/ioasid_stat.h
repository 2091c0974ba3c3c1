/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What BPF programs see of live objects: the counters that the open-coded iterators yield.
 */
#ifndef _LINUX_IOASID_STAT_H
#define _LINUX_IOASID_STAT_H

#include <linux/types.h>

/**
 * struct ioasid_domain_stat - counters of one process's pins
 * @domain: number of the pin domain, system-wide, as in the tracepoints
 * @pins: pins
 * @pinned: pages of them
 * @charged: pages charged for them
 * @limit: most pages the process might have charged, as of its last charge; all ones without limit
 * @mappings: mappings that use them
 * @mapped: pages of these mappings, each counted
 * @shared: pages mapped beyond the first time, which cost no pin
 * @runs: physically contiguous runs of the pins
 * @stale: pages pinned whose address has got other memory since; seen when somebody wants to share
 *	the pin the next time, or when the process ends
 * @cgroup: id of the cgroup charged last
 * @tgid: the process
 * @uid: user charged last
 * @comm: its name when it pinned first
 * @exited: the process has gone, its pages are still in use
 */
struct ioasid_domain_stat {
	u64 domain;
	u64 pins;
	u64 pinned;
	u64 charged;
	u64 limit;
	u64 mappings;
	u64 mapped;
	u64 shared;
	u64 runs;
	u64 stale;
	u64 cgroup;
	u32 tgid;
	u32 uid;
	char comm[16];
	bool exited;
};

#endif /* _LINUX_IOASID_STAT_H */
