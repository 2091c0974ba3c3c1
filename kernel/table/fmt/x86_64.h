/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x86-64 paging as an IOMMU's first stage, with 4 or 5 levels.
 *
 * Intel SDM volume 3A, section 5.5 "4-Level Paging and 5-Level Paging" (tables 5-14 to 5-20) has
 * the entries; Intel VT-d specification, section 3.6 "First-Stage Translation" and 9.8 "First-Stage
 * Paging Entries" has what an IOMMU makes of them:
 *
 *	bit 0		P	present
 *	bit 1		R/W	may be written
 *	bit 2		U/S	user; requests without supervisor privilege need it on all levels
 *	bit 5		A	accessed; set beforehand where an entry leads to a table
 *	bit 6		D	dirty, in leaves
 *	bit 7		PS	a leaf, on level 2 (2 MiB) and 3 (1 GiB)
 *	bit 9			ignored
 *	bits 51:12	address of the table or the page
 *
 * A present entry can always be read. Snooping is decided per device (PGSNP of its PASID entry),
 * not here. IOVAs must be canonical: bits 63:47 (63:56 with 5 levels) are equal. We offer the
 * lower half.
 */
#ifndef IOASID_FMT_X86_64_H
#define IOASID_FMT_X86_64_H

#include <linux/bits.h>

#include "table/format.h"

#define FMT_NAME "x86-64"
#define FMT_NUMBER IOASID_FORMAT_X86_64
#define FMT_FORMAT ioasid_format_x86_64
#define FMT_MIN_LEVELS 4
#define FMT_USUAL_LEVELS 4
#define FMT_MAX_LEVELS 5
#define FMT_MORE_BITS 0
#define FMT_PAGE_SIZES (BIT_ULL(12) | BIT_ULL(21) | BIT_ULL(30))
#define FMT_FEATURES IOASID_TABLE_TRACK

#define X86_PRESENT BIT_ULL(0)
#define X86_WRITE BIT_ULL(1)
#define X86_USER BIT_ULL(2)
#define X86_ACCESSED BIT_ULL(5)
#define X86_DIRTY BIT_ULL(6)
#define X86_LEAF BIT_ULL(7)
#define X86_SOFTWARE BIT_ULL(9)
#define X86_ADDRESS GENMASK_ULL(51, 12)

static inline unsigned int fmt_bits(unsigned int levels)
{
	return 12 + 9 * levels - 1;
}

static inline u64 fmt_sizes(unsigned int levels)
{
	return FMT_PAGE_SIZES;
}

static inline u64 fmt_marks(unsigned int access)
{
	return (access & IOASID_TABLE_ACCESSED ? X86_ACCESSED : 0) |
	       (access & IOASID_TABLE_DIRTY ? X86_DIRTY : 0);
}

static inline u64 fmt_attributes(unsigned int access, unsigned int features)
{
	return X86_PRESENT | X86_USER | (access & IOASID_TABLE_WRITE ? X86_WRITE : 0) |
	       (access & IOASID_TABLE_SOFTWARE ? X86_SOFTWARE : 0);
}

static inline u64 fmt_leaf(u64 attributes, u64 phys, unsigned int level, unsigned int shift)
{
	return attributes | phys | (level > 1 ? X86_LEAF : 0);
}

static inline u64 fmt_leaf_attributes(u64 entry, unsigned int level)
{
	return entry & ~(X86_ADDRESS | X86_LEAF);
}

static inline unsigned int fmt_leaf_shift(u64 entry, unsigned int level)
{
	return 12 + 9 * (level - 1);
}

static inline u64 fmt_leaf_phys(u64 entry, unsigned int level)
{
	return entry & X86_ADDRESS;
}

static inline u64 fmt_table(u64 phys, unsigned int level)
{
	return phys | X86_PRESENT | X86_WRITE | X86_USER | X86_ACCESSED;
}

static inline bool fmt_is_table(u64 entry, unsigned int level)
{
	return level > 1 && (entry & (X86_PRESENT | X86_LEAF)) == X86_PRESENT;
}

static inline u64 fmt_table_phys(u64 entry)
{
	return entry & X86_ADDRESS;
}

static inline unsigned int fmt_access(u64 entry)
{
	return IOASID_TABLE_READ | (entry & X86_WRITE ? IOASID_TABLE_WRITE : 0) |
	       (entry & X86_ACCESSED ? IOASID_TABLE_ACCESSED : 0) |
	       (entry & X86_DIRTY ? IOASID_TABLE_DIRTY : 0) |
	       (entry & X86_SOFTWARE ? IOASID_TABLE_SOFTWARE : 0);
}

static inline u64 fmt_mark(u64 entry, unsigned int marks)
{
	return entry | fmt_marks(marks);
}

static inline u64 fmt_clear(u64 entry, unsigned int marks)
{
	return entry & ~fmt_marks(marks);
}

#endif /* IOASID_FMT_X86_64_H */
