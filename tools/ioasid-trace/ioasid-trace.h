/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ioasid-trace's BPF programs count, once per CPU and operation. Only ever added to: what
 * happened in an interval is the difference of two readings, so no event falls between.
 */
#ifndef IOASID_TRACE_H
#define IOASID_TRACE_H

#include "hist.h"

enum operation {
	OPERATION_MAP,
	OPERATION_UNMAP,
	OPERATIONS,
};

/**
 * struct tally - calls of one operation
 * @calls: that succeeded; only these are in what follows
 * @errors: that failed
 * @pages: that were mapped or unmapped
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

#endif /* IOASID_TRACE_H */
