/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decoder: a walk through a page table as the hardware does it, one IOVA at a time. Written from
 * the formats' public specifications, sharing nothing with the code that it checks, and slower and
 * stricter than hardware: whatever the specification reserves or gives another meaning is a fault.
 *
 * Nothing changes the table meanwhile.
 */
#ifndef UNIT_DECODE_H
#define UNIT_DECODE_H

#include <linux/types.h>

#define DECODE_PAGE 4096ULL

/**
 * struct decoded - what a walk ended at
 * @fault: what is wrong with the table, or NULL
 * @present: there is a leaf, and the rest says what it is
 * @readable: hardware lets a device read
 * @writable: hardware lets a device write, perhaps after it set a mark
 * @accessed: marked so in any entry of the leaf
 * @dirty: likewise
 * @software: a bit is set that hardware ignores
 * @coherent: DMA snoops, where the format can say so
 * @phys: where the IOVA leads to
 * @size: bytes of the leaf
 * @slot: the entry for the IOVA, where hardware sets marks
 * @entry: as it is in memory
 * @parent: the entry that leads to its table, without the address; 0 in the top table
 */
struct decoded {
	const char *fault;
	bool present;
	bool readable;
	bool writable;
	bool accessed;
	bool dirty;
	bool software;
	bool coherent;
	u64 phys;
	u64 size;
	u64 *slot;
	u64 entry;
	u64 parent;
};

/* @top, @levels, @bits: the table; @bits says how many tables are concatenated (Arm stage 2). */
typedef struct decoded decode_fn(const void *top, unsigned int levels, unsigned int bits, u64 iova);

decode_fn decode_x86_64, decode_vtd_ss, decode_amd_v1, decode_arm_s1, decode_arm_s2, decode_riscv;

/* log2 of what an entry is for, in every one of these formats. */
static inline unsigned int decode_shift(unsigned int level)
{
	return 3 + 9 * level;
}

static inline struct decoded decode_fault(u64 entry, const char *fault)
{
	return (struct decoded){ .fault = fault, .entry = entry };
}

/* An entry that hardware takes for empty. It is all zero, as nothing else is ever left there. */
static inline struct decoded decode_empty(u64 entry)
{
	return decode_fault(entry, entry ? "something is left in an empty entry" : NULL);
}

static inline const u64 *decode_table(u64 phys)
{
	return (const u64 *)(uintptr_t)phys;
}

/* Bits @high to @low of a word, where they are. */
static inline u64 decode_bits(u64 word, unsigned int high, unsigned int low)
{
	return word & (~0ULL << low) & (~0ULL >> (63 - high));
}

#endif
