/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Intel VT-d second stage, with 3, 4 or 5 levels: 39, 48 or 57 bits.
 *
 * Intel VT-d specification, section 3.7 "Second-Stage Translation" has the walk, and 9.9
 * "Second-Stage Paging Entries" (tables 9-x SS-PTE to SS-PML5E) the entries:
 *
 *	bit 0		R	may be read; an entry with neither R nor W is empty
 *	bit 1		W	may be written
 *	bit 7		PS	a leaf, on level 2 (2 MiB) and 3 (1 GiB)
 *	bit 8		A	accessed, where the device's context enables it (SSADE)
 *	bit 9		D	dirty, in leaves, likewise
 *	bit 11		SNP	snoop, in leaves; reserved where the hardware has no snoop control
 *	bits 51:12	address of the table or the page
 *	bit 52			ignored
 *
 * Bits 2 and 10 are execute rights, which DMA does not ask for.
 */
#ifndef IOASID_FMT_VTD_SS_H
#define IOASID_FMT_VTD_SS_H

#include <linux/bits.h>

#include "table/format.h"

#define FMT_NAME "VT-d second stage"
#define FMT_NUMBER IOASID_FORMAT_VTD_SS
#define FMT_FORMAT ioasid_format_vtd_ss
#define FMT_MIN_LEVELS 3
#define FMT_USUAL_LEVELS 4
#define FMT_MAX_LEVELS 5
#define FMT_MORE_BITS 0
#define FMT_PAGE_SIZES (BIT_ULL(12) | BIT_ULL(21) | BIT_ULL(30))
#define FMT_FEATURES (IOASID_TABLE_COHERENT | IOASID_TABLE_TRACK)

#define VTD_READ BIT_ULL(0)
#define VTD_WRITE BIT_ULL(1)
#define VTD_LEAF BIT_ULL(7)
#define VTD_ACCESSED BIT_ULL(8)
#define VTD_DIRTY BIT_ULL(9)
#define VTD_SNOOP BIT_ULL(11)
#define VTD_ADDRESS GENMASK_ULL(51, 12)
#define VTD_SOFTWARE BIT_ULL(52)

static inline unsigned int fmt_bits(unsigned int levels)
{
	return 12 + 9 * levels;
}

static inline u64 fmt_sizes(unsigned int levels)
{
	return FMT_PAGE_SIZES;
}

static inline u64 fmt_marks(unsigned int access)
{
	return (access & IOASID_TABLE_ACCESSED ? VTD_ACCESSED : 0) |
	       (access & IOASID_TABLE_DIRTY ? VTD_DIRTY : 0);
}

static inline u64 fmt_attributes(unsigned int access, unsigned int features)
{
	return (access & IOASID_TABLE_READ ? VTD_READ : 0) |
	       (access & IOASID_TABLE_WRITE ? VTD_WRITE : 0) |
	       (access & IOASID_TABLE_SOFTWARE ? VTD_SOFTWARE : 0) |
	       (features & IOASID_TABLE_COHERENT ? VTD_SNOOP : 0);
}

static inline u64 fmt_leaf(u64 attributes, u64 phys, unsigned int level, unsigned int shift)
{
	return attributes | phys | (level > 1 ? VTD_LEAF : 0);
}

static inline u64 fmt_leaf_attributes(u64 entry, unsigned int level)
{
	return entry & ~(VTD_ADDRESS | VTD_LEAF);
}

static inline unsigned int fmt_leaf_shift(u64 entry, unsigned int level)
{
	return 12 + 9 * (level - 1);
}

static inline u64 fmt_leaf_phys(u64 entry, unsigned int level)
{
	return entry & VTD_ADDRESS;
}

static inline u64 fmt_table(u64 phys, unsigned int level)
{
	return phys | VTD_READ | VTD_WRITE;
}

static inline bool fmt_is_table(u64 entry, unsigned int level)
{
	return level > 1 && entry && !(entry & VTD_LEAF);
}

static inline u64 fmt_table_phys(u64 entry)
{
	return entry & VTD_ADDRESS;
}

static inline unsigned int fmt_access(u64 entry)
{
	return (entry & VTD_READ ? IOASID_TABLE_READ : 0) |
	       (entry & VTD_WRITE ? IOASID_TABLE_WRITE : 0) |
	       (entry & VTD_ACCESSED ? IOASID_TABLE_ACCESSED : 0) |
	       (entry & VTD_DIRTY ? IOASID_TABLE_DIRTY : 0) |
	       (entry & VTD_SOFTWARE ? IOASID_TABLE_SOFTWARE : 0);
}

static inline u64 fmt_mark(u64 entry, unsigned int marks)
{
	return entry | fmt_marks(marks);
}

static inline u64 fmt_clear(u64 entry, unsigned int marks)
{
	return entry & ~fmt_marks(marks);
}

#endif /* IOASID_FMT_VTD_SS_H */
