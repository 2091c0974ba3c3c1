/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AMD v1: the host page table of AMD's IOMMU, with 1 to 6 levels and every page size between.
 *
 * AMD I/O Virtualization Technology (IOMMU) specification, section 2.2.3 "I/O Page Tables for Host
 * Translations" has the walk and the entries (PDE and PTE formats, and "Example Page Size
 * Encodings"):
 *
 *	bit 0		PR	present
 *	bit 1			ignored
 *	bit 5		A	accessed, where the device's entry enables it (HAD)
 *	bit 6		D	dirty, in leaves, likewise
 *	bits 11:9	Next	level of the table that it leads to; 0: a leaf of the level's own
 *				size; 7: a leaf of another size
 *	bits 51:12	address of the table or the page
 *	bit 60		FC	force coherent: snoop, in leaves
 *	bit 61		IR	may be read
 *	bit 62		IW	may be written
 *
 * With Next = 7 the size is in the address: its lowest 0 bit, n, means 2^(n + 1) bytes; the bits
 * below are 1. The leaf is repeated in all entries that it covers.
 */
#ifndef IOASID_FMT_AMD_V1_H
#define IOASID_FMT_AMD_V1_H

#include <linux/bitops.h>
#include <linux/bits.h>
#include <linux/minmax.h>

#include "table/format.h"

#define FMT_NAME "AMD v1"
#define FMT_NUMBER IOASID_FORMAT_AMD_V1
#define FMT_FORMAT ioasid_format_amd_v1
#define FMT_MIN_LEVELS 1
#define FMT_USUAL_LEVELS 4
#define FMT_MAX_LEVELS 6
#define FMT_MORE_BITS 0
#define FMT_PAGE_SIZES GENMASK_ULL(51, 12)
#define FMT_FEATURES (IOASID_TABLE_COHERENT | IOASID_TABLE_TRACK)

#define AMD_PRESENT BIT_ULL(0)
#define AMD_SOFTWARE BIT_ULL(1)
#define AMD_ACCESSED BIT_ULL(5)
#define AMD_DIRTY BIT_ULL(6)
#define AMD_NEXT_SHIFT 9
#define AMD_NEXT GENMASK_ULL(11, 9)
#define AMD_OTHER_SIZE 7ULL
#define AMD_ADDRESS GENMASK_ULL(51, 12)
#define AMD_COHERENT BIT_ULL(60)
#define AMD_READ BIT_ULL(61)
#define AMD_WRITE BIT_ULL(62)

static inline unsigned int fmt_bits(unsigned int levels)
{
	return min(12 + 9 * levels, 64U);
}

static inline u64 fmt_sizes(unsigned int levels)
{
	return FMT_PAGE_SIZES & GENMASK_ULL(fmt_bits(levels) - 1, 12);
}

static inline u64 fmt_marks(unsigned int access)
{
	return (access & IOASID_TABLE_ACCESSED ? AMD_ACCESSED : 0) |
	       (access & IOASID_TABLE_DIRTY ? AMD_DIRTY : 0);
}

static inline u64 fmt_attributes(unsigned int access, unsigned int features)
{
	return AMD_PRESENT | (access & IOASID_TABLE_READ ? AMD_READ : 0) |
	       (access & IOASID_TABLE_WRITE ? AMD_WRITE : 0) |
	       (access & IOASID_TABLE_SOFTWARE ? AMD_SOFTWARE : 0) |
	       (features & IOASID_TABLE_COHERENT ? AMD_COHERENT : 0);
}

static inline unsigned int fmt_shift(unsigned int level)
{
	return 12 + 9 * (level - 1);
}

static inline u64 fmt_leaf(u64 attributes, u64 phys, unsigned int level, unsigned int shift)
{
	u64 size = 1ULL << shift;

	if (shift == fmt_shift(level))
		return attributes | phys;
	return attributes | (phys & -size) | (((size >> 1) - 1) & AMD_ADDRESS) |
	       AMD_OTHER_SIZE << AMD_NEXT_SHIFT;
}

static inline u64 fmt_leaf_attributes(u64 entry, unsigned int level)
{
	return entry & ~(AMD_ADDRESS | AMD_NEXT);
}

static inline unsigned int fmt_leaf_shift(u64 entry, unsigned int level)
{
	if (!(entry & AMD_NEXT))
		return fmt_shift(level);
	return __ffs64(~entry & AMD_ADDRESS) + 1;
}

static inline u64 fmt_leaf_phys(u64 entry, unsigned int level)
{
	return entry & AMD_ADDRESS & -(1ULL << fmt_leaf_shift(entry, level));
}

static inline u64 fmt_table(u64 phys, unsigned int level)
{
	return phys | AMD_PRESENT | AMD_READ | AMD_WRITE | (u64)(level - 1) << AMD_NEXT_SHIFT;
}

static inline bool fmt_is_table(u64 entry, unsigned int level)
{
	u64 next = (entry & AMD_NEXT) >> AMD_NEXT_SHIFT;

	return level > 1 && next && next != AMD_OTHER_SIZE;
}

static inline u64 fmt_table_phys(u64 entry)
{
	return entry & AMD_ADDRESS;
}

static inline unsigned int fmt_access(u64 entry)
{
	return (entry & AMD_READ ? IOASID_TABLE_READ : 0) |
	       (entry & AMD_WRITE ? IOASID_TABLE_WRITE : 0) |
	       (entry & AMD_ACCESSED ? IOASID_TABLE_ACCESSED : 0) |
	       (entry & AMD_DIRTY ? IOASID_TABLE_DIRTY : 0) |
	       (entry & AMD_SOFTWARE ? IOASID_TABLE_SOFTWARE : 0);
}

static inline u64 fmt_mark(u64 entry, unsigned int marks)
{
	return entry | fmt_marks(marks);
}

static inline u64 fmt_clear(u64 entry, unsigned int marks)
{
	return entry & ~fmt_marks(marks);
}

#endif /* IOASID_FMT_AMD_V1_H */
