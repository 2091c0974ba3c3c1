/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What both stages of ARMv8-A VMSA have in common, with a granule of 4 KiB.
 *
 * Arm Architecture Reference Manual for A-profile, sections D8.2 "Translation process" and D8.3
 * "Translation table descriptor formats":
 *
 *	bits 1:0		1: a block (levels 1 and 2 of Arm's count); 3: a table, or on
 *				Arm's level 3 a page
 *	bits 9:8	SH	3: inner shareable
 *	bit 10		AF	accessed
 *	bits 47:12		address of the table, block or page
 *	bit 51		DBM	hardware sets the dirty state (FEAT_HAFDBS); it is then bit 7
 *	bit 52		Contiguous	one of 16 entries of one leaf
 *	bit 55			ignored
 *
 * Where a leaf is cut, its entries change without having been empty in between. Hardware has to
 * take that (FEAT_BBM level 2; of an SMMU: SMMU_IDR3.BBML = 2), or large entries are forbidden.
 *
 * Arm counts levels from the top: our level 1 is its level 3. A header of a stage says what its
 * attribute bits are: ARM_READ_WRITE, ARM_CLEAN (bit 7 means it may not be written, or it may),
 * ARM_COHERENT, ARM_PLAIN.
 */
#ifndef IOASID_FMT_ARM_H
#define IOASID_FMT_ARM_H

#include <linux/bits.h>

#include "table/format.h"

#define FMT_MIN_LEVELS 3
#define FMT_USUAL_LEVELS 4
#define FMT_MAX_LEVELS 4
#define FMT_PAGE_SIZES \
	(BIT_ULL(12) | BIT_ULL(16) | BIT_ULL(21) | BIT_ULL(25) | BIT_ULL(30) | BIT_ULL(34))
#define FMT_FEATURES (IOASID_TABLE_COHERENT | IOASID_TABLE_TRACK)

#define ARM_TYPE GENMASK_ULL(1, 0)
#define ARM_BLOCK 1ULL
#define ARM_TABLE 3ULL
#define ARM_PAGE 3ULL
#define ARM_RIGHT_WRITE BIT_ULL(7)
#define ARM_INNER_SHAREABLE (3ULL << 8)
#define ARM_OUTER_SHAREABLE (2ULL << 8)
#define ARM_ACCESSED BIT_ULL(10)
#define ARM_ADDRESS GENMASK_ULL(47, 12)
#define ARM_DIRTY_MANAGED BIT_ULL(51)
#define ARM_CONTIGUOUS BIT_ULL(52)
#define ARM_CONTIGUOUS_BITS 4
#define ARM_NO_PRIVILEGED_EXECUTE BIT_ULL(53)
#define ARM_NO_EXECUTE BIT_ULL(54)
#define ARM_SOFTWARE BIT_ULL(55)

static inline unsigned int fmt_bits(unsigned int levels)
{
	return 12 + 9 * levels;
}

static inline u64 fmt_sizes(unsigned int levels)
{
	return FMT_PAGE_SIZES;
}

static inline u64 fmt_leaf(u64 attributes, u64 phys, unsigned int level, unsigned int shift)
{
	return attributes | phys | (level > 1 ? ARM_BLOCK : ARM_PAGE) |
	       (shift == 12 + 9 * (level - 1) ? 0 : ARM_CONTIGUOUS);
}

static inline u64 fmt_leaf_attributes(u64 entry, unsigned int level)
{
	return entry & ~(ARM_ADDRESS | ARM_TYPE | ARM_CONTIGUOUS);
}

static inline unsigned int fmt_leaf_shift(u64 entry, unsigned int level)
{
	return 12 + 9 * (level - 1) + (entry & ARM_CONTIGUOUS ? ARM_CONTIGUOUS_BITS : 0);
}

static inline u64 fmt_leaf_phys(u64 entry, unsigned int level)
{
	return entry & ARM_ADDRESS & -(1ULL << fmt_leaf_shift(entry, level));
}

static inline u64 fmt_table(u64 phys, unsigned int level)
{
	return phys | ARM_TABLE;
}

static inline bool fmt_is_table(u64 entry, unsigned int level)
{
	return level > 1 && (entry & ARM_TYPE) == ARM_TABLE;
}

static inline u64 fmt_table_phys(u64 entry)
{
	return entry & ARM_ADDRESS;
}

#endif /* IOASID_FMT_ARM_H */
