/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ioasid-trace's BPF programs and the tool share: what is wished for, what is counted, and the
 * events that are passed on one by one.
 *
 * Counters are only ever added to: what happened in an interval is the difference of two readings,
 * so no event falls between.
 */
#ifndef IOASID_TRACE_H
#define IOASID_TRACE_H

#include "hist.h"

enum operation {
	OPERATION_MAP,
	OPERATION_UNMAP,
	OPERATION_ATTACH, /* of a group of devices, or of a table that user space walks */
	OPERATION_DETACH,
	OPERATION_PIN,
	OPERATION_UNPIN, /* of the last reference */
	OPERATIONS,
};

/* Where the time of an operation goes. What is in none of them is called "other". */
enum phase {
	PHASE_POLICY, /* map: the place policy */
	PHASE_CHARGE, /* pin: the ledger and the account policy */
	PHASE_PIN, /* map: finding and making pins; unmap: dropping them; pin: looking pages up */
	PHASE_PLACE, /* map, unmap: the tree of mappings */
	PHASE_TABLE, /* map, unmap: page tables */
	PHASE_FLUSH, /* unmap: until no device uses the old entries */
	PHASES,
};

/* What a histogram is made for each of. */
enum by {
	BY_NOTHING,
	BY_PROCESS,
	BY_IOAS,
	BY_DEVICE,
	BY_SIZE,
	BY_POLICY, /* of a map: the place policy */
	BYS,
};

#define RUN_SIZES 20
#define STACK_DEPTH 48

/* Flags of an event. */
#define EVENT_ASIDE (1u << 0) /* attach, detach: only says which devices there are; not counted */
#define EVENT_LIMITED (1u << 1) /* refused for a limit: asked, used, limit and account are set */
#define EVENT_WRITE (1u << 2) /* pin: for writing */
#define EVENT_STALE (1u << 3) /* unpin: the address had got other memory */

/**
 * struct event - one operation; what an operation has not is 0
 * @time_ns: when it ended, on CLOCK_MONOTONIC
 * @total_ns: time that it took
 * @phases_ns: of that, by enum phase
 * @ioas: map, unmap, attach, detach: the address space
 * @iova: map, unmap: first IOVA
 * @va: map, pin, unpin: first address
 * @domain: pin, unpin: the pin domain
 * @pin: pin, unpin: the pin
 * @table: attach, detach: number of the table
 * @container: of a group of devices: its VFIO container, or 0
 * @pages: asked for (unmap: all ones for everything); attach, detach: entered
 * @unmapped: unmap: pages that were mapped
 * @pins: map: pins that it uses
 * @runs: map, pin, unpin: physically contiguous runs
 * @reused: map, pin: pages that were pinned already
 * @lived_ns: unpin: time since it was pinned
 * @asked: pages of the charge that was refused
 * @used: pages in use by the one who is limited
 * @limit: the limit in pages, all ones without
 * @operation: enum operation
 * @error: 0 or an errno, positive
 * @tgid: process of the caller; unpin: whose memory it is
 * @tid: thread
 * @stage: enum ioasid_stage, of a map call
 * @reason: enum ioasid_reason
 * @group: of a group of devices: its number
 * @devices: how many there are in the group; 0: it is a table that user space walks
 * @flags: EVENT_...
 * @cpu: where it ended
 * @epoch: attach, detach of devices: how often those of the address space had come or gone then
 * @kernel_stack: number of the kernel's stack, negative for none
 * @user_stack: number of the caller's stack, negative for none
 * @run_sizes: pin: runs by length: [i] of 2^i to 2^(i+1)-1 pages, the last all longer ones; zeros
 *	when nothing was pinned
 * @comm: name of the thread
 * @policy: map: the place policy
 * @account: the account policy that refused
 * @device: of a group of devices: name of the first
 */
struct event {
	__u64 time_ns;
	__u64 total_ns;
	__u64 phases_ns[PHASES];
	__u64 ioas;
	__u64 iova;
	__u64 va;
	__u64 domain;
	__u64 pin;
	__u64 table;
	__u64 container;
	__u64 pages;
	__u64 unmapped;
	__u64 pins;
	__u64 runs;
	__u64 reused;
	__u64 lived_ns;
	__u64 asked;
	__u64 used;
	__u64 limit;
	__u32 operation;
	__u32 error;
	__u32 tgid;
	__u32 tid;
	__u32 stage;
	__u32 reason;
	__u32 group;
	__u32 devices;
	__u32 flags;
	__u32 cpu;
	__s32 kernel_stack;
	__s32 user_stack;
	__u32 epoch;
	__u32 unused;
	__u32 run_sizes[RUN_SIZES];
	char comm[16];
	char policy[16];
	char account[16];
	char device[32];
};

/**
 * struct wish - what the BPF programs shall do; set before they are loaded
 * @ioas: this address space only, 0 for all
 * @pass_from_ns: pass operations on that took so long, 0 for none
 * @wake_from: wake the tool when there are so many bytes in the ring buffer; it looks ten times a
 *	second itself. 0: at once
 * @tgid: this process only, 0 for all
 * @operations: bits of enum operation: look at these only
 * @pass: bits: pass each on
 * @pass_failed: bits: pass each on that failed
 * @by: enum by: of the histograms
 * @histograms: count in them
 * @phases: add phases up
 * @stacks: events have stacks
 * @devices: pass each attach and detach on, and what is attached already; with EVENT_ASIDE what is
 *	not asked for
 */
struct wish {
	__u64 ioas;
	__u64 pass_from_ns;
	__u64 wake_from;
	__u32 tgid;
	__u32 operations;
	__u32 pass;
	__u32 pass_failed;
	__u32 by;
	__u8 histograms;
	__u8 phases;
	__u8 stacks;
	__u8 devices;
};

/**
 * struct tally - calls of one operation
 * @calls: that succeeded; only these are in what follows
 * @errors: that failed
 * @pages: that were mapped, unmapped or pinned; of a table: that were in it
 * @reused: of these, pinned already
 * @sum_ns: time of all
 * @max_ns: time of the longest
 * @comm: name of the thread that was counted first, if told apart
 * @buckets: calls by their time
 */
struct tally {
	__u64 calls;
	__u64 errors;
	__u64 pages;
	__u64 reused;
	__u64 sum_ns;
	__u64 max_ns;
	char comm[16];
	__u64 buckets[HIST_BUCKETS];
};

/**
 * struct tally_key - whose tally it is
 * @operation: enum operation
 * @epoch: by device: how often devices of the address space had come or gone
 * @value: by process: its number; by ioas, device: the address space; by size: number of bits of
 *	the pages; by policy: the first half of its name
 * @more: by policy: the second half
 */
struct tally_key {
	__u32 operation;
	__u32 epoch;
	__u64 value;
	__u64 more;
};

/**
 * struct phase_sum - map, unmap and pin calls of one size that succeeded
 * @calls: how many
 * @total_ns: their time
 * @phases_ns: of that, by enum phase
 */
struct phase_sum {
	__u64 calls;
	__u64 total_ns;
	__u64 phases_ns[PHASES];
};

/* Why a call is not in what was counted or passed on. */
enum loss {
	LOST_EVENTS, /* the ring buffer was full */
	LOST_UNCOUNTED, /* there were too many keys */
	LOSSES,
};

/* Sizes in classes: number of bits of the pages; 1 is a page, 2 are two or three. */
#define SIZE_CLASSES 65

#endif /* IOASID_TRACE_H */
