/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What BPF programs see of live objects: the counters that the open-coded iterators yield.
 */
#ifndef _LINUX_IOASID_STAT_H
#define _LINUX_IOASID_STAT_H

#include <linux/types.h>
#include <uapi/linux/ioasid.h>

#define IOASID_DEVICE_LEN 32

/* Where a domain's pages come from. */
enum ioasid_source_kind {
	IOASID_SOURCE_MEMORY, /* the process's memory */
	IOASID_SOURCE_FILE, /* a memfd, a file on tmpfs or hugetlbfs */
	IOASID_SOURCE_BUFFER, /* a dma-buf */
};

/**
 * struct ioasid_domain_stat - counters of the pins of one source, mostly a process
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
 * @source: enum ioasid_source_kind; of a file or a buffer, @tgid and @comm are of the process that
 *	pinned first
 * @metadata: bytes of memory that ioasid takes for the pins
 * @suspected: how often a change of the page table touched a pin, ever. Rises with munmap, madvise,
 *	swap, migration and the like over pinned memory
 * @rechecked: how often a pin that was touched so was looked up again, ever. Each costs a walk of
 *	the pages touched; rises when such memory is mapped again
 * @turned_stale: how often pages were found to be others, ever. Rises when a process unmaps or
 *	replaces memory that a device still uses
 * @huge: of @pinned, pages in runs of 2 MiB or more
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
	u8 source;
	u64 metadata;
	u64 suspected;
	u64 rechecked;
	u64 turned_stale;
	u64 huge;
};

/**
 * struct ioasid_device_stat - a device that is attached to an address space, with its IOMMU group
 * @ioas: number of the address space, system-wide, as in the tracepoints
 * @table: number of the table that it goes by; devices with the same one share it
 * @container: number of the VFIO container that the group belongs to, 0 for none
 * @mappings: mappings of the address space, which the device reaches
 * @mapped: pages of these
 * @sizes: entry sizes of the table: a bitmap, in bytes
 * @since_ns: when the group was attached, on CLOCK_BOOTTIME
 * @group: number of the group
 * @devices: devices of the group; 0 when the last one has gone and the group is attached still
 * @tgid: process that attached the group
 * @comm: its name when it did
 * @device: the device's name: its PCI address, if it is on that bus; empty when @devices is 0
 */
struct ioasid_device_stat {
	u64 ioas;
	u64 table;
	u64 container;
	u64 mappings;
	u64 mapped;
	u64 sizes;
	u64 since_ns;
	u32 group;
	u32 devices;
	u32 tgid;
	char comm[16];
	char device[IOASID_DEVICE_LEN];
};

/**
 * struct ioasid_owner_stat - one who has pages charged: a process, as a user, in a cgroup
 * @cgroup: id of the cgroup (of the cgroup v2 hierarchy)
 * @pages: pages charged
 * @granted: of these, pages that the account policy has granted; the rest is on its way. More than
 *	@pages while some are given back
 * @tgid: the process, which may have gone
 * @uid: the user, as the initial user namespace has it
 *
 * A process that pinned as several users, or in several cgroups, is several owners.
 * ioasid_ledger_pages() has the sums.
 */
struct ioasid_owner_stat {
	u64 cgroup;
	u64 pages;
	u64 granted;
	u32 tgid;
	u32 uid;
};

/**
 * struct ioasid_pin_stat - a pin: some pages of a domain
 * @pin: its number, system-wide, as in the tracepoints
 * @va: first address of the memory, or offset in the file
 * @pages: pages from there on
 * @charged: pages charged for it
 * @references: its mappings, ids of IOASID_PIN, and calls at work
 * @mappings: mappings that use it
 * @mapped: pages of these mappings, each counted
 * @flags: IOASID_ENTRY_READ, IOASID_ENTRY_WRITE, IOASID_ENTRY_BUSY, IOASID_ENTRY_STALE
 * @runs: physically contiguous runs; 0 while it is being pinned or let go
 */
struct ioasid_pin_stat {
	u64 pin;
	u64 va;
	u64 pages;
	u64 charged;
	u64 references;
	u64 mappings;
	u64 mapped;
	u32 flags;
	u64 runs;
};

/**
 * struct ioasid_ioas_stat - an address space
 * @ioas: its number, system-wide, as in the tracepoints
 * @mappings: mappings
 * @mapped: pages of these
 * @tables: page tables and groups of devices that use it
 * @policy: name of the place policy that it asks for, empty for the default one
 * @tgid: process that made it
 * @comm: its name when it did
 */
struct ioasid_ioas_stat {
	u64 ioas;
	u64 mappings;
	u64 mapped;
	u64 tables;
	char policy[IOASID_NAME_LEN];
	u32 tgid;
	char comm[16];
};

/**
 * struct ioasid_mapping_stat - a mapping, or a reserved range, of an address space
 * @iova: first IOVA
 * @last: last IOVA
 * @va: address of the memory, or offset in the file
 * @pin: number of the pin; 0 for a reserved range
 * @pin_offset: where in the pin the mapping begins, in bytes
 * @flags: IOASID_ENTRY_READ, IOASID_ENTRY_WRITE, IOASID_ENTRY_BUSY, IOASID_ENTRY_RESERVED
 */
struct ioasid_mapping_stat {
	u64 iova;
	u64 last;
	u64 va;
	u64 pin;
	u64 pin_offset;
	u32 flags;
};

#endif /* _LINUX_IOASID_STAT_H */
