/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x86-64 paging as an IOMMU's first stage.
 *
 * Intel SDM volume 3A, section 5.5 "4-Level Paging and 5-Level Paging" (tables 5-14 to 5-20) has
 * the entries; Intel VT-d specification, section 3.6 "First-Stage Translation" and 9.8 "First-Stage
 * Paging Entries" has what an IOMMU makes of them:
 *
 *	bit 0		P	present
 *	bit 1		R/W	may be written
 *	bit 2		U/S	user; DMA requests without supervisor privilege need it on all
 *	levels bit 5		A	accessed; set beforehand, hardware need not write it
 *	bit 6		D	dirty, in leaves; likewise
 *	bit 7		PS	a leaf, on level 2 (2 MiB) and 3 (1 GiB)
 *	bits 51:12	address of the table or the page
 *
 * A present entry can always be read. With 4 levels an IOVA must be canonical: bits 63:47 are
 * equal. We offer the lower half, IOVAs 0 to 2^47 - 1.
 */
#ifndef IOASID_FMT_X86_64_H
#define IOASID_FMT_X86_64_H

#include <linux/bits.h>

#include "table/format.h"

#define FMT_NAME "x86-64"
#define FMT_FORMAT ioasid_format_x86_64
#define FMT_MIN_LEVELS 4
#define FMT_MAX_LEVELS 4
#define FMT_PAGE_SIZES (BIT_ULL(12) | BIT_ULL(21) | BIT_ULL(30))

#define X86_PRESENT BIT_ULL(0)
#define X86_WRITE BIT_ULL(1)
#define X86_USER BIT_ULL(2)
#define X86_ACCESSED BIT_ULL(5)
#define X86_DIRTY BIT_ULL(6)
#define X86_LEAF BIT_ULL(7)
#define X86_ADDRESS GENMASK_ULL(51, 12)

/* Levels count from 1, the table whose entries are 4 KiB pages. */

static inline u64 fmt_last(unsigned int levels)
{
	return BIT_ULL(12 + 9 * levels - 1) - 1;
}

/* log2 of the bytes that an entry of this level covers. */
static inline unsigned int fmt_shift(unsigned int level)
{
	return 12 + 9 * (level - 1);
}

static inline unsigned int fmt_index(u64 iova, unsigned int level)
{
	return iova >> fmt_shift(level) & 511;
}

static inline bool fmt_can_leaf(unsigned int level)
{
	return level <= 3;
}

static inline u64 fmt_leaf(u64 phys, unsigned int level, unsigned int access)
{
	return phys | X86_PRESENT | X86_USER | X86_ACCESSED |
	       (access & IOASID_TABLE_WRITE ? X86_WRITE | X86_DIRTY : 0) |
	       (level > 1 ? X86_LEAF : 0);
}

static inline u64 fmt_table(u64 phys)
{
	return phys | X86_PRESENT | X86_WRITE | X86_USER | X86_ACCESSED;
}

static inline bool fmt_present(u64 entry)
{
	return entry & X86_PRESENT;
}

static inline bool fmt_is_leaf(u64 entry, unsigned int level)
{
	return level == 1 || entry & X86_LEAF;
}

static inline u64 fmt_address(u64 entry)
{
	return entry & X86_ADDRESS;
}

static inline unsigned int fmt_access(u64 entry)
{
	return IOASID_TABLE_READ | (entry & X86_WRITE ? IOASID_TABLE_WRITE : 0);
}

#endif /* IOASID_FMT_X86_64_H */
