// SPDX-License-Identifier: GPL-2.0-only
/*
 * RISC-V Instruction Set Manual volume II, "Virtual Address Translation Process" with the PTE of
 * Sv39, Sv48 and Sv57, and "Svnapot".
 */
#include "decode.h"

#define RISCV_MARKS 0xc0ULL

static u64 riscv_address(u64 entry)
{
	return decode_bits(entry, 53, 10) << 2;
}

/* A NAPOT leaf of 64 KiB: sixteen entries alike but for A and D. */
static struct decoded riscv_napot(const u64 *table, u64 index, u64 iova, struct decoded seen)
{
	u64 entry = table[index], first = index & ~15ULL, i;

	if ((entry >> 10 & 15) != 8)
		return decode_fault(entry, "N with a PPN that is reserved");
	for (i = first; i < first + 16; i++) {
		if ((table[i] ^ entry) & ~RISCV_MARKS)
			seen.fault = "entries of a NAPOT leaf differ";
		seen.accessed |= table[i] >> 6 & 1;
		seen.dirty |= table[i] >> 7 & 1;
	}
	seen.size = 65536;
	seen.phys = (riscv_address(entry) & ~65535ULL) + (iova & 65535);
	return seen;
}

static struct decoded riscv_leaf(const u64 *table, u64 index, unsigned int level, u64 iova)
{
	u64 entry = table[index], size = 1ULL << decode_shift(level);
	struct decoded seen = {
		.present = true,
		.readable = entry >> 1 & 1,
		.writable = entry >> 2 & 1,
		.accessed = entry >> 6 & 1,
		.dirty = entry >> 7 & 1,
		.software = entry >> 8 & 3,
		.slot = (u64 *)&table[index],
		.entry = entry,
		.size = size,
	};

	if (entry & 0x7fc0000000000028)
		return decode_fault(entry, "a leaf has X, G, PBMT or a reserved bit");
	if (!seen.readable)
		return decode_fault(entry, "W without R is reserved");
	if (!(entry >> 4 & 1))
		return decode_fault(entry, "U isn't set");
	if (entry >> 63)
		return level == 1 ? riscv_napot(table, index, iova, seen) :
				    decode_fault(entry, "N is reserved on this level");
	if (riscv_address(entry) & (size - 1))
		return decode_fault(entry, "a superpage isn't aligned");
	seen.phys = riscv_address(entry) + (iova & (size - 1));
	return seen;
}

struct decoded decode_riscv(const void *top, unsigned int levels, unsigned int bits, u64 iova)
{
	const u64 *table = top;
	u64 index, entry = 0, parent = 0;
	struct decoded seen;
	unsigned int level;

	for (level = levels; level; level--) {
		index = (iova >> decode_shift(level)) % 512;
		entry = table[index];
		if (!(entry & 1))
			return decode_empty(entry);
		if (entry & 0xe) {
			seen = riscv_leaf(table, index, level, iova);
			seen.parent = parent;
			return seen;
		}
		if (entry & ~(decode_bits(~0ULL, 53, 10) | 1))
			return decode_fault(entry, "a pointer has bits that are reserved");
		parent = 1;
		table = decode_table(riscv_address(entry));
	}
	return decode_fault(entry, "a pointer on the lowest level");
}
