/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ioasid-trace's BPF programs count, once per CPU and operation. Only ever added to: what
 * happened in an interval is the difference of two readings, so no event falls between. And the
 * events that they pass on one by one.
 */
#ifndef IOASID_TRACE_H
#define IOASID_TRACE_H

#include "hist.h"

enum operation {
	OPERATION_MAP,
	OPERATION_UNMAP,
	OPERATION_ATTACH, /* of a group of devices, or of a table that user space walks */
	OPERATION_DETACH,
	OPERATIONS,
};

/**
 * struct tally - calls of one operation
 * @calls: that succeeded; only these are in what follows
 * @errors: that failed
 * @pages: that were mapped or unmapped; that were in a table when it was attached or detached
 * @reused: of these, pinned already
 * @sum_ns: time of all
 * @max_ns: time of the longest
 * @buckets: calls by their time
 */
struct tally {
	__u64 calls;
	__u64 errors;
	__u64 pages;
	__u64 reused;
	__u64 sum_ns;
	__u64 max_ns;
	__u64 buckets[HIST_BUCKETS];
};

/**
 * struct event - one attach, one detach, or a call that was refused
 * @time_ns: on CLOCK_MONOTONIC
 * @ioas: the address space
 * @table: attach, detach: number of the table
 * @container: of a group of devices: its VFIO container, or 0
 * @pages: asked for, or entered
 * @duration_ns: time that it took
 * @operation: enum operation
 * @error: 0 or an errno, positive
 * @tgid: process of the caller
 * @stage: enum ioasid_stage, of a map call
 * @reason: enum ioasid_reason
 * @group: of a group of devices: its number
 * @devices: how many there are in the group; 0: it is a table that user space walks
 * @device: name of the first
 * @limited: refused for a limit (stage charge), with what follows
 * @used: pages in use by the one who is limited
 * @limit: the limit in pages, all ones without
 * @policy: name of the account policy that was asked
 */
struct event {
	__u64 time_ns;
	__u64 ioas;
	__u64 table;
	__u64 container;
	__u64 pages;
	__u64 duration_ns;
	__u32 operation;
	__u32 error;
	__u32 tgid;
	__u32 stage;
	__u32 reason;
	__u32 group;
	__u32 devices;
	__u32 limited;
	char device[32];
	__u64 used;
	__u64 limit;
	char policy[16];
};

#endif /* IOASID_TRACE_H */
