/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/ioasid-pt: a page table of ours beside one of the kernel's generic_pt, both of the same
 * format, for a test that compares what they do and what that costs. Each open file has its pair.
 */
#ifndef IOASID_PT_H
#define IOASID_PT_H

#include <linux/ioctl.h>
#include <linux/types.h>

enum pt_format {
	PT_AMD_V1,
	PT_VTD_SS,
	PT_X86_64,
	PT_FORMATS,
};

/* Rights, of a run and in PT_LOOK_UP; the same bits as IOASID_TABLE_READ and _WRITE. */
#define PT_READ 1
#define PT_WRITE 2

#define PT_RUNS_MAX 1024

/**
 * struct pt_make - argument of MAKE, which replaces the pair by an empty one
 * @format: enum pt_format
 * @levels: of both
 * @coherent: whether entries make the hardware snoop; theirs always does in AMD's format
 * @bits: returned: width of an IOVA in the lower half
 * @sizes: returned: entry sizes that theirs has; ours is told to use no others
 * @our_sizes: returned: those that ours would use
 */
struct pt_make {
	__u32 format;
	__u32 levels;
	__u32 coherent;
	__u32 bits;
	__u64 sizes;
	__u64 our_sizes;
};

/**
 * struct pt_run - contiguous physical memory
 * @phys: where
 * @length: bytes
 */
struct pt_run {
	__u64 phys;
	__u64 length;
};

/**
 * struct pt_map - argument of MAP: ours gets all runs in one call, theirs each in a call
 * @iova: where
 * @runs: user address of struct pt_run
 * @count: of those
 * @access: PT_READ, PT_WRITE
 */
struct pt_map {
	__u64 iova;
	__u64 runs;
	__u32 count;
	__u32 access;
};

/**
 * struct pt_unmap - argument of UNMAP
 * @iova: where; all is mapped there, by whole MAPs
 * @length: bytes
 * @ours: returned: bytes that ours says it unmapped
 * @theirs: the same, of theirs
 */
struct pt_unmap {
	__u64 iova;
	__u64 length;
	__u64 ours;
	__u64 theirs;
};

/**
 * struct pt_look_up - argument of LOOK_UP
 * @iova: where
 * @ours: returned: the physical address, or 0
 * @left: returned: bytes from there to the end of our entry
 * @theirs: returned: the physical address, or 0
 * @access: returned: rights of our entry
 */
struct pt_look_up {
	__u64 iova;
	__u64 ours;
	__u64 left;
	__u64 theirs;
	__u32 access;
	__u32 unused;
};

/**
 * struct pt_compare - what COMPARE, a walk through the entries of both trees, returns
 * @leaves: leaf entries, which are the same in both
 * @tables: tables that both have
 * @spare: empty tables that only theirs has, as it keeps them
 * @pages: table pages that ours says it has
 * @differ: entries that are not the same
 * @level: of the first of those
 * @iova: of the first
 * @ours: the first, in ours
 * @theirs: the first, in theirs
 */
struct pt_compare {
	__u64 leaves;
	__u64 tables;
	__u64 spare;
	__u64 pages;
	__u64 differ;
	__u64 level;
	__u64 iova;
	__u64 ours;
	__u64 theirs;
};

/**
 * struct pt_cost - ticks of the processor's counter
 * @map: of a map
 * @unmap: of an unmap
 */
struct pt_cost {
	__u64 map;
	__u64 unmap;
};

/**
 * struct pt_time - argument of TIME: map and unmap something many times
 * @map: what; nothing is mapped there
 * @length: bytes of it
 * @times: how often
 * @cold: in a pair of empty tables; else in the file's pair
 * @ours: returned: what it costs, the mean of the middle half
 * @theirs: the same
 *
 * An unmap is over when all memory is given back that can be. That is, ours includes what RCU's
 * callbacks do later. Theirs, when cold, includes what giving back a table takes more than giving
 * back an empty one, for its unmap keeps tables that reach out of the range.
 */
struct pt_time {
	struct pt_map map;
	__u64 length;
	__u32 times;
	__u32 cold;
	struct pt_cost ours;
	struct pt_cost theirs;
};

#define PT_MAKE _IO('p', 0)
#define PT_MAP _IO('p', 1)
#define PT_UNMAP _IO('p', 2)
#define PT_LOOK_UP _IO('p', 3)
#define PT_COMPARE _IO('p', 4)
#define PT_TIME _IO('p', 5)
/* Returns the ticks that 1000 instructions take. */
#define PT_TICKS _IO('p', 6)

#endif /* IOASID_PT_H */
