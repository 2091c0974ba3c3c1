/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ARMv8-A VMSA stage 1, granule 4 KiB, 3 or 4 levels: 39 or 48 bits.
 *
 * Arm Architecture Reference Manual for A-profile, section D8.3.1 "VMSAv8-64 descriptor formats",
 * stage 1 attributes; section D8.4 for rights, D8.5 for the dirty state:
 *
 *	bits 4:2	AttrIndx	which byte of MAIR is meant
 *	bit 6		AP[1]		unprivileged, as DMA is
 *	bit 7		AP[2]		may not be written; with DBM: not written yet
 *	bit 11		nG		for this address space only
 *	bits 54, 53	UXN, PXN	no execution
 *
 * The device's MAIR must have Normal Non-cacheable (0x44) in byte 0 and Normal Write-Back (0xff) in
 * byte 1. What may be mapped may be read.
 */
#ifndef IOASID_FMT_ARM_S1_H
#define IOASID_FMT_ARM_S1_H

#include "table/fmt/arm.h"

#define FMT_NAME "ARMv8 stage 1"
#define FMT_NUMBER IOASID_FORMAT_ARM_S1
#define FMT_FORMAT ioasid_format_arm_s1
#define FMT_MORE_BITS 0

#define ARM_WRITE_BACK (1ULL << 2)
#define ARM_UNPRIVILEGED BIT_ULL(6)
#define ARM_NOT_GLOBAL BIT_ULL(11)

static inline u64 fmt_attributes(unsigned int access, unsigned int features)
{
	u64 bits = ARM_UNPRIVILEGED | ARM_NOT_GLOBAL | ARM_NO_PRIVILEGED_EXECUTE | ARM_NO_EXECUTE;

	bits |= features & IOASID_TABLE_COHERENT ? ARM_WRITE_BACK | ARM_INNER_SHAREABLE :
						   ARM_OUTER_SHAREABLE;
	bits |= access & IOASID_TABLE_SOFTWARE ? ARM_SOFTWARE : 0;
	if (!(features & IOASID_TABLE_TRACK))
		return bits | ARM_ACCESSED | (access & IOASID_TABLE_WRITE ? 0 : ARM_RIGHT_WRITE);
	return bits | ARM_RIGHT_WRITE | (access & IOASID_TABLE_WRITE ? ARM_DIRTY_MANAGED : 0);
}

static inline unsigned int fmt_access(u64 entry)
{
	bool written = !(entry & ARM_RIGHT_WRITE);

	return IOASID_TABLE_READ | (written || entry & ARM_DIRTY_MANAGED ? IOASID_TABLE_WRITE : 0) |
	       (entry & ARM_ACCESSED ? IOASID_TABLE_ACCESSED : 0) |
	       (written ? IOASID_TABLE_DIRTY : 0) |
	       (entry & ARM_SOFTWARE ? IOASID_TABLE_SOFTWARE : 0);
}

static inline u64 fmt_mark(u64 entry, unsigned int marks)
{
	if (marks & IOASID_TABLE_DIRTY && entry & ARM_DIRTY_MANAGED)
		entry &= ~ARM_RIGHT_WRITE;
	return entry | (marks & IOASID_TABLE_ACCESSED ? ARM_ACCESSED : 0);
}

/* Only of a table with IOASID_TABLE_TRACK: hardware faults where it has to set what it can't. */
static inline u64 fmt_clear(u64 entry, unsigned int marks)
{
	if (marks & IOASID_TABLE_DIRTY && entry & ARM_DIRTY_MANAGED)
		entry |= ARM_RIGHT_WRITE;
	return entry & ~(marks & IOASID_TABLE_ACCESSED ? ARM_ACCESSED : 0);
}

#endif /* IOASID_FMT_ARM_S1_H */
