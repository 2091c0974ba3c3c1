/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RISC-V Sv39, Sv48 and Sv57 (3, 4, 5 levels), with 64 KiB pages by Svnapot.
 *
 * RISC-V Instruction Set Manual volume II, chapters "Supervisor-Level ISA" (Sv39 and on: address
 * translation and page table entries) and "Svnapot"; RISC-V IOMMU specification, section "Process
 * to translate an IOVA" uses them for its first stage:
 *
 *	bit 0		V	valid
 *	bit 1		R	may be read
 *	bit 2		W	may be written; without R it is reserved
 *	bit 4		U	user; requests without supervisor privilege need it in the leaf
 *	bit 6		A	accessed
 *	bit 7		D	dirty
 *	bit 8		RSW	ignored
 *	bits 53:10	PPN	address of the table or the page, divided by 4096
 *	bit 63		N	a leaf of 64 KiB in 16 entries, when PPN[3:0] = 8
 *
 * Valid without R, W and X, an entry leads to a table; A, D and U are reserved there. Hardware
 * that does not set A and D faults where they are clear. IOVAs must be canonical; we offer the
 * lower half. There is no bit for snooping.
 */
#ifndef IOASID_FMT_RISCV_H
#define IOASID_FMT_RISCV_H

#include <linux/bits.h>

#include "table/format.h"

#define FMT_NAME "RISC-V"
#define FMT_NUMBER IOASID_FORMAT_RISCV
#define FMT_FORMAT ioasid_format_riscv
#define FMT_MIN_LEVELS 3
#define FMT_USUAL_LEVELS 4
#define FMT_MAX_LEVELS 5
#define FMT_MORE_BITS 0
#define FMT_PAGE_SIZES \
	(BIT_ULL(12) | BIT_ULL(16) | BIT_ULL(21) | BIT_ULL(30) | BIT_ULL(39) | BIT_ULL(48))
#define FMT_FEATURES IOASID_TABLE_TRACK

#define RISCV_VALID BIT_ULL(0)
#define RISCV_READ BIT_ULL(1)
#define RISCV_WRITE BIT_ULL(2)
#define RISCV_USER BIT_ULL(4)
#define RISCV_ACCESSED BIT_ULL(6)
#define RISCV_DIRTY BIT_ULL(7)
#define RISCV_SOFTWARE BIT_ULL(8)
#define RISCV_PPN_SHIFT 10
#define RISCV_PPN GENMASK_ULL(53, 10)
#define RISCV_NAPOT BIT_ULL(63)
#define RISCV_NAPOT_SHIFT 16

/* PPN[3:0], and what stands there in a leaf of 64 KiB. */
#define RISCV_NAPOT_PPN GENMASK_ULL(13, 10)
#define RISCV_NAPOT_64K BIT_ULL(13)

static inline unsigned int fmt_bits(unsigned int levels)
{
	return 12 + 9 * levels - 1;
}

static inline u64 fmt_sizes(unsigned int levels)
{
	return FMT_PAGE_SIZES & GENMASK_ULL(fmt_bits(levels), 12);
}

static inline u64 fmt_marks(unsigned int access)
{
	return (access & IOASID_TABLE_ACCESSED ? RISCV_ACCESSED : 0) |
	       (access & IOASID_TABLE_DIRTY ? RISCV_DIRTY : 0);
}

static inline u64 fmt_attributes(unsigned int access, unsigned int features)
{
	return RISCV_VALID | RISCV_USER | RISCV_READ |
	       (access & IOASID_TABLE_WRITE ? RISCV_WRITE : 0) |
	       (access & IOASID_TABLE_SOFTWARE ? RISCV_SOFTWARE : 0) |
	       (features & IOASID_TABLE_TRACK ? 0 : RISCV_ACCESSED | RISCV_DIRTY);
}

static inline u64 fmt_ppn(u64 phys)
{
	return phys >> 12 << RISCV_PPN_SHIFT;
}

static inline u64 fmt_address(u64 entry)
{
	return (entry & RISCV_PPN) >> RISCV_PPN_SHIFT << 12;
}

static inline u64 fmt_leaf(u64 attributes, u64 phys, unsigned int level, unsigned int shift)
{
	if (shift != RISCV_NAPOT_SHIFT)
		return attributes | fmt_ppn(phys);
	return attributes | (fmt_ppn(phys) & ~RISCV_NAPOT_PPN) | RISCV_NAPOT_64K | RISCV_NAPOT;
}

static inline u64 fmt_leaf_attributes(u64 entry, unsigned int level)
{
	return entry & ~(RISCV_PPN | RISCV_NAPOT);
}

static inline unsigned int fmt_leaf_shift(u64 entry, unsigned int level)
{
	return entry & RISCV_NAPOT ? RISCV_NAPOT_SHIFT : 12 + 9 * (level - 1);
}

static inline u64 fmt_leaf_phys(u64 entry, unsigned int level)
{
	return fmt_address(entry & RISCV_NAPOT ? entry & ~RISCV_NAPOT_PPN : entry);
}

static inline u64 fmt_table(u64 phys, unsigned int level)
{
	return fmt_ppn(phys) | RISCV_VALID;
}

static inline bool fmt_is_table(u64 entry, unsigned int level)
{
	return level > 1 && (entry & (RISCV_VALID | RISCV_READ)) == RISCV_VALID;
}

static inline u64 fmt_table_phys(u64 entry)
{
	return fmt_address(entry);
}

static inline unsigned int fmt_access(u64 entry)
{
	return IOASID_TABLE_READ | (entry & RISCV_WRITE ? IOASID_TABLE_WRITE : 0) |
	       (entry & RISCV_ACCESSED ? IOASID_TABLE_ACCESSED : 0) |
	       (entry & RISCV_DIRTY ? IOASID_TABLE_DIRTY : 0) |
	       (entry & RISCV_SOFTWARE ? IOASID_TABLE_SOFTWARE : 0);
}

static inline u64 fmt_mark(u64 entry, unsigned int marks)
{
	return entry | fmt_marks(marks);
}

static inline u64 fmt_clear(u64 entry, unsigned int marks)
{
	return entry & ~fmt_marks(marks);
}

#endif /* IOASID_FMT_RISCV_H */
