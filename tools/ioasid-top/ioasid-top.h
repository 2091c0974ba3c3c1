/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ioasid-top's BPF programs hand to ioasid-top: the kernel's structures in a layout of our
 * own. Those may grow in the module; these are the same for the BPF programs and their reader.
 * Amounts of memory are in pages.
 */
#ifndef IOASID_TOP_H
#define IOASID_TOP_H

#include "hist.h"

/* Of a field that the loaded module has not. */
#define RAW_NONE (~0ULL)

/* The histogram's buckets, two to one: at most an eighth as wide as their values are large. */
#define TRAFFIC_BUCKETS (HIST_BUCKETS / 2)

/* Processes, and address spaces, whose calls can be counted at a time. */
#define TRAFFIC_MOST 65536

/**
 * struct raw_domain - struct ioasid_domain_stat
 */
struct raw_domain {
	__u64 domain;
	__u64 pins;
	__u64 pinned;
	__u64 charged;
	__u64 limit;
	__u64 mappings;
	__u64 mapped;
	__u64 shared;
	__u64 runs;
	__u64 huge;
	__u64 stale;
	__u64 cgroup;
	__u32 tgid;
	__u32 uid;
	char comm[16];
	__u32 exited;
	__u32 source;
	__u64 suspected;
	__u64 rechecked;
	__u64 turned_stale;
};

/**
 * struct raw_ioas - struct ioasid_ioas_stat
 */
struct raw_ioas {
	__u64 ioas;
	__u64 mappings;
	__u64 mapped;
	__u64 tables;
	__u32 tgid;
	__u32 padding;
	char comm[16];
	char policy[16];
};

/**
 * struct raw_device - struct ioasid_device_stat
 */
struct raw_device {
	__u64 ioas;
	__u64 table;
	__u64 container;
	__u64 mappings;
	__u64 mapped;
	__u64 sizes;
	__u64 since_ns;
	__u32 group;
	__u32 tgid;
	char comm[16];
	char device[32];
};

/**
 * struct raw_pin - struct ioasid_pin_stat
 */
struct raw_pin {
	__u64 domain;
	__u64 pin;
	__u64 va;
	__u64 pages;
	__u64 charged;
	__u64 references;
	__u64 mappings;
	__u64 mapped;
	__u64 runs;
	__u32 flags;
	__u32 padding;
};

/**
 * struct raw_mapping - struct ioasid_mapping_stat
 */
struct raw_mapping {
	__u64 ioas;
	__u64 iova;
	__u64 last;
	__u64 va;
	__u64 pin;
	__u32 flags;
	__u32 padding;
};

/**
 * struct raw_traffic - calls of one process, or for one address space, since it was seen first
 * @cgroup: in which the process made its first one; 0 of an address space
 * @uid: as which user
 * @comm: what it was called
 * @maps: map calls that succeeded
 * @unmaps: unmap calls
 * @pages: pages that were mapped
 * @reused: of @maps, those that pinned nothing
 * @refused: map and pin calls that failed
 * @took: map calls by their nanoseconds
 */
struct raw_traffic {
	__u64 cgroup;
	__u32 uid;
	__u32 padding;
	char comm[16];
	__u64 maps;
	__u64 unmaps;
	__u64 pages;
	__u64 reused;
	__u64 refused;
	__u32 took[TRAFFIC_BUCKETS];
};

/**
 * struct raw_refusal - a call that failed, because of a limit or otherwise
 * @time_ns: on CLOCK_BOOTTIME
 * @ioas: number of the address space, 0 when a charge was refused
 * @cgroup: in which the caller is, or that was to be charged
 * @pages: asked for
 * @used: of the one who is limited, RAW_NONE when it was no limit
 * @limit: likewise
 * @tgid: caller
 * @uid: its user
 * @code: negative errno
 * @stage: enum ioasid_stage
 * @reason: enum ioasid_reason
 * @comm: caller's name
 * @policy: that decided, or empty
 */
struct raw_refusal {
	__u64 time_ns;
	__u64 ioas;
	__u64 cgroup;
	__u64 pages;
	__u64 used;
	__u64 limit;
	__u32 tgid;
	__u32 uid;
	__s32 code;
	__u32 stage;
	__u32 reason;
	__u32 padding;
	char comm[16];
	char policy[16];
};

#endif /* IOASID_TOP_H */
