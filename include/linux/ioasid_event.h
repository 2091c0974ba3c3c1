/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tracepoints are given: one structure per event, passed by pointer.
 *
 * A BPF program attached to tp_btf/ioasid_NAME reads the structure itself; perf, trace-cmd and
 * bpftrace see the same fields in the event's format (include/trace/events/ioasid.h). The fields
 * are ABI: more may be added at the end, none goes away or changes its meaning.
 *
 * Units: addresses in bytes, amounts of memory in pages, times in nanoseconds. The times are 0 when
 * nobody listened to the event as the operation began. Numbers of domains, address spaces and pins
 * are system-wide and never used twice.
 */
#ifndef _LINUX_IOASID_EVENT_H
#define _LINUX_IOASID_EVENT_H

#include <linux/ioasid_stat.h>
#include <linux/types.h>

/* Lengths of runs that are told apart, powers of two from one page on. */
#define IOASID_RUN_SIZES 20

/**
 * struct ioasid_event_pin - a group of pages was pinned, found pinned already, or refused
 * @domain: the pin domain
 * @pin: the pin, 0 when refused
 * @va: first address
 * @pages: pages of the range
 * @runs: physically contiguous runs of the pin
 * @reused: pages that were pinned already: 0 or all
 * @total_ns: the whole step
 * @charge_ns: of that, charging (ledger and account policy)
 * @gup_ns: of that, looking the pages up and pinning them
 * @tgid: process of the caller
 * @ret: 0 or a negative errno
 * @write: pinned for writing
 * @run_sizes: the runs by length: [n] counts those of 2^n pages or more that are shorter than
 *	2^(n+1), the last one all that are longer; zeros when refused, and of pages reused
 */
struct ioasid_event_pin {
	u64 domain;
	u64 pin;
	u64 va;
	u64 pages;
	u64 runs;
	u64 reused;
	u64 total_ns;
	u64 charge_ns;
	u64 gup_ns;
	u32 tgid;
	s32 ret;
	bool write;
	u32 run_sizes[IOASID_RUN_SIZES];
};

/**
 * struct ioasid_event_unpin - the last reference to a pin is gone and its pages are let go
 * @domain: the pin domain
 * @pin: the pin
 * @va: first address
 * @pages: pages
 * @runs: physically contiguous runs
 * @lived_ns: time since it was pinned (taken always)
 * @total_ns: time that letting the pages go took
 * @tgid: process whose memory it is
 * @stale: the address had got other memory meanwhile
 */
struct ioasid_event_unpin {
	u64 domain;
	u64 pin;
	u64 va;
	u64 pages;
	u64 runs;
	u64 lived_ns;
	u64 total_ns;
	u32 tgid;
	bool stale;
};

/**
 * struct ioasid_event_charge - pages were charged or refused, or (uncharge) given back
 * @domain: the pin domain
 * @cgroup: id of the cgroup charged
 * @pages: pages asked for, or given back
 * @used: pages charged to the one who is limited, before
 * @limit: the hard limit in pages, all ones without; 0 in uncharge
 * @tgid: process charged
 * @uid: user charged
 * @ret: 0 or a negative errno
 * @policy: name of the account policy that was asked
 * @reason: refused: enum ioasid_reason, whose limit it was; 0 when nobody told
 */
struct ioasid_event_charge {
	u64 domain;
	u64 cgroup;
	u64 pages;
	u64 used;
	u64 limit;
	u32 tgid;
	u32 uid;
	s32 ret;
	const char *policy;
	u32 reason;
};

/**
 * struct ioasid_event_map - a map call ended
 * @ioas: the address space
 * @iova: where it was mapped, or should have been
 * @va: first address of the memory (of a pin: in the process that pinned it)
 * @pages: pages asked for
 * @pins: pins that the mapping uses
 * @runs: physically contiguous runs in the range
 * @reused: pages that were pinned already
 * @total_ns: the whole call
 * @pin_ns: of that, finding and making pins
 * @policy_ns: of that, the place policy
 * @place_ns: of that, inserting the mappings
 * @table_ns: of that, writing page tables
 * @tgid: process of the caller
 * @ret: 0 or a negative errno
 * @policy: name of the place policy that was asked, "fixed" when the caller chose the IOVA
 * @stage: enum ioasid_stage: which step refused; 0 when none did
 * @reason: enum ioasid_reason: more on what is refused by a table, or by hardware
 */
struct ioasid_event_map {
	u64 ioas;
	u64 iova;
	u64 va;
	u64 pages;
	u64 pins;
	u64 runs;
	u64 reused;
	u64 total_ns;
	u64 pin_ns;
	u64 policy_ns;
	u64 place_ns;
	u64 table_ns;
	u32 tgid;
	s32 ret;
	const char *policy;
	u32 stage;
	u32 reason;
};

/**
 * struct ioasid_event_unmap - an unmap call ended, or an address space was emptied
 * @ioas: the address space
 * @iova: first IOVA of the range
 * @pages: pages of the range, all ones for everything
 * @unmapped: pages that were mapped in it
 * @total_ns: the whole call
 * @place_ns: of that, finding, splitting and removing the mappings
 * @table_ns: of that, clearing page tables
 * @flush_ns: of that, waiting until no device uses the old entries
 * @pin_ns: of that, dropping pins
 * @tgid: process of the caller
 * @ret: 0 or a negative errno
 */
struct ioasid_event_unmap {
	u64 ioas;
	u64 iova;
	u64 pages;
	u64 unmapped;
	u64 total_ns;
	u64 place_ns;
	u64 table_ns;
	u64 flush_ns;
	u64 pin_ns;
	u32 tgid;
	s32 ret;
};

/**
 * struct ioasid_event_stale - a source was found to have other pages at a pin's address
 * @domain: the pin domain
 * @pin: the pin
 * @va: first address
 * @pages: pages
 * @mapped: pages that are mapped, each mapping counted
 * @tgid: process whose memory it is
 */
struct ioasid_event_stale {
	u64 domain;
	u64 pin;
	u64 va;
	u64 pages;
	u64 mapped;
	u32 tgid;
};

#define IOASID_EVENT_FORMAT_IOMMU U32_MAX

/**
 * struct ioasid_event_table - an address space feeds a table from now on, or (detach) no longer
 * @ioas: the address space
 * @table: the table's number
 * @pages: pages that were entered; detach: that were entered until then
 * @memory: pages of memory that the table takes; 0 when refused
 * @total_ns: the whole step
 * @tgid: process of the caller
 * @format: enum ioasid_format, or IOASID_EVENT_FORMAT_IOMMU: an IOMMU's own, of an attached group
 * @levels: how many; 0 when that is not known
 * @ret: 0 or a negative errno; detach: 0
 * @container: of a group, number of the VFIO container that it belongs to, 0 for none
 * @group: number of the group
 * @devices: how many devices there are in the group; 0: no group, the table is user space's
 * @device: name of the first one: its PCI address, if it is on that bus
 * @reason: enum ioasid_reason: more on why it was refused
 */
struct ioasid_event_table {
	u64 ioas;
	u64 table;
	u64 pages;
	u64 memory;
	u64 total_ns;
	u32 tgid;
	u32 format;
	u32 levels;
	s32 ret;
	u64 container;
	u32 group;
	u32 devices;
	char device[IOASID_DEVICE_LEN];
	u32 reason;
};

/* What became of a policy. */
enum ioasid_policy_action {
	IOASID_POLICY_ATTACHED = 0, /* it decides, or can be asked for */
	IOASID_POLICY_EJECTED = 1, /* it decides no more; why is in the other fields */
	IOASID_POLICY_DETACHED = 2, /* it is out */
};

/**
 * struct ioasid_event_policy - a BPF policy came, was ejected, or went
 * @code: ejected, detached: see enum ioasid_exit_kind; else 0
 * @asked: decisions that it was asked for until now
 * @refused: of these, refused
 * @action: enum ioasid_policy_action
 * @exit: ejected, detached: enum ioasid_exit_kind; else 0
 * @kind: "account" or "place"
 * @policy: its name
 * @text: ejected, detached: why, in words; else empty
 */
struct ioasid_event_policy {
	s64 code;
	u64 asked;
	u64 refused;
	u32 action;
	u32 exit;
	const char *kind;
	const char *policy;
	const char *text;
};

#endif /* _LINUX_IOASID_EVENT_H */
