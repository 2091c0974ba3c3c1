/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ARMv8-A VMSA stage 2, granule 4 KiB, 3 or 4 levels: 39 or 48 bits, or up to 43 bits with 3
 * levels, when up to 16 top tables are put one behind the other.
 *
 * Arm Architecture Reference Manual for A-profile, section D8.3.1 "VMSAv8-64 descriptor formats",
 * stage 2 attributes; D8.2 for concatenated tables; D8.4 for rights, D8.5 for the dirty state:
 *
 *	bits 5:2	MemAttr		15: Normal Write-Back; 5: Normal Non-cacheable
 *	bit 6		S2AP[0]		may be read
 *	bit 7		S2AP[1]		may be written; with DBM: was written
 *	bits 54:53	XN		2: no execution
 */
#ifndef IOASID_FMT_ARM_S2_H
#define IOASID_FMT_ARM_S2_H

#include "table/fmt/arm.h"

#define FMT_NAME "ARMv8 stage 2"
#define FMT_NUMBER IOASID_FORMAT_ARM_S2
#define FMT_FORMAT ioasid_format_arm_s2
#define FMT_MORE_BITS 4

#define ARM_WRITE_BACK (15ULL << 2)
#define ARM_NON_CACHEABLE (5ULL << 2)
#define ARM_RIGHT_READ BIT_ULL(6)

static inline u64 fmt_attributes(unsigned int access, unsigned int features)
{
	u64 bits = ARM_NO_EXECUTE;

	bits |= features & IOASID_TABLE_COHERENT ? ARM_WRITE_BACK | ARM_INNER_SHAREABLE :
						   ARM_NON_CACHEABLE | ARM_OUTER_SHAREABLE;
	bits |= access & IOASID_TABLE_SOFTWARE ? ARM_SOFTWARE : 0;
	bits |= access & IOASID_TABLE_READ ? ARM_RIGHT_READ : 0;
	if (!(features & IOASID_TABLE_TRACK))
		return bits | ARM_ACCESSED | (access & IOASID_TABLE_WRITE ? ARM_RIGHT_WRITE : 0);
	return bits | (access & IOASID_TABLE_WRITE ? ARM_DIRTY_MANAGED : 0);
}

static inline unsigned int fmt_access(u64 entry)
{
	bool written = entry & ARM_RIGHT_WRITE;

	return (entry & ARM_RIGHT_READ ? IOASID_TABLE_READ : 0) |
	       (written || entry & ARM_DIRTY_MANAGED ? IOASID_TABLE_WRITE : 0) |
	       (entry & ARM_ACCESSED ? IOASID_TABLE_ACCESSED : 0) |
	       (written ? IOASID_TABLE_DIRTY : 0) |
	       (entry & ARM_SOFTWARE ? IOASID_TABLE_SOFTWARE : 0);
}

static inline u64 fmt_mark(u64 entry, unsigned int marks)
{
	if (marks & IOASID_TABLE_DIRTY && entry & ARM_DIRTY_MANAGED)
		entry |= ARM_RIGHT_WRITE;
	return entry | (marks & IOASID_TABLE_ACCESSED ? ARM_ACCESSED : 0);
}

/* Only of a table with IOASID_TABLE_TRACK: hardware faults where it has to set what it can't. */
static inline u64 fmt_clear(u64 entry, unsigned int marks)
{
	if (marks & IOASID_TABLE_DIRTY && entry & ARM_DIRTY_MANAGED)
		entry &= ~ARM_RIGHT_WRITE;
	return entry & ~(marks & IOASID_TABLE_ACCESSED ? ARM_ACCESSED : 0);
}

#endif /* IOASID_FMT_ARM_S2_H */
