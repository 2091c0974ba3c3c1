// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arm Architecture Reference Manual for A-profile, D8.3.1 "VMSAv8-64 descriptor formats": stage 1
 * and stage 2, granule of 4 KiB, without FEAT_LPA2. Our level 1 is Arm's level 3.
 */
#include "decode.h"

/* What a stage's leaf descriptor says. */
struct arm_stage {
	u64 zero; /* bits that are RES0, or mean what nobody asked for */
	u64 dirty_state; /* AP[2] or S2AP[1]: differs within a group as hardware marks it */
	void (*rights)(struct decoded *seen, u64 entry);
};

/* AP[2:1] in 7:6, DBM in 51; AttrIndx in 4:2, SH in 9:8. */
static void arm_s1_rights(struct decoded *seen, u64 entry)
{
	bool read_only = entry >> 7 & 1, dbm = entry >> 51 & 1;
	unsigned int index = entry >> 2 & 7, share = entry >> 8 & 3;

	/* Unprivileged access needs AP[1]; DMA must not be taken for instructions: UXN, PXN. */
	if (!(entry >> 6 & 1) || (entry >> 53 & 3) != 3 || !(entry >> 11 & 1))
		seen->fault = "AP[1], nG, UXN or PXN isn't set";
	if (!(index == 1 && share == 3) && !(index == 0 && share == 2))
		seen->fault = "neither write-back and inner shareable nor non-cacheable";
	seen->readable = true;
	seen->writable = !read_only || dbm;
	seen->dirty |= !read_only;
	seen->coherent = index == 1;
}

/* S2AP in 7:6, DBM in 51; MemAttr in 5:2, SH in 9:8; XN in 54:53. */
static void arm_s2_rights(struct decoded *seen, u64 entry)
{
	unsigned int attr = entry >> 2 & 15, share = entry >> 8 & 3;
	bool write = entry >> 7 & 1, dbm = entry >> 51 & 1;

	if ((entry >> 53 & 3) != 2)
		seen->fault = "XN isn't 2";
	if (!(attr == 15 && share == 3) && !(attr == 5 && share == 2))
		seen->fault = "neither write-back and inner shareable nor non-cacheable";
	seen->readable = entry >> 6 & 1;
	seen->writable = write || dbm;
	seen->dirty |= write;
	seen->coherent = attr == 15;
}

/* RES0: 50:48, nT (16) by alignment; NS (5); PBHA (62:59), 63. */
static const struct arm_stage stage_1 = { 0xf807000000000020, 0x80, arm_s1_rights };
/* The same with bit 11 (FnXS) instead of 5, which is in MemAttr. */
static const struct arm_stage stage_2 = { 0xf807000000000800, 0x80, arm_s2_rights };

/* Sixteen entries with the hint are one leaf: alike, but for the marks, and contiguous. */
static const char *arm_group(const struct arm_stage *stage, const u64 *table, u64 index, u64 size,
			     struct decoded *seen)
{
	u64 marks = stage->dirty_state | 0x400, base = decode_bits(table[index & ~15ULL], 47, 12);
	u64 i, entry;

	for (i = 0; i < 16; i++) {
		entry = table[(index & ~15ULL) + i];
		if ((entry ^ table[index]) & ~(marks | decode_bits(~0ULL, 47, 12)))
			return "entries of a contiguous leaf differ";
		if (decode_bits(entry, 47, 12) != base + i * size)
			return "entries of a contiguous leaf aren't contiguous";
		stage->rights(seen, entry);
		seen->accessed |= entry >> 10 & 1;
	}
	return base & (16 * size - 1) ? "a contiguous leaf isn't aligned" : NULL;
}

static struct decoded arm_leaf(const struct arm_stage *stage, const u64 *table, u64 index,
			       unsigned int level, u64 iova)
{
	u64 entry = table[index], size = 1ULL << decode_shift(level);
	struct decoded seen = { .slot = (u64 *)&table[index], .entry = entry, .size = size };
	const char *fault = NULL;

	if (entry & stage->zero)
		return decode_fault(entry, "a leaf has bits of another meaning");
	if (decode_bits(entry, 47, 12) & (size - 1))
		return decode_fault(entry, "a leaf isn't aligned");
	seen.present = true;
	seen.phys = decode_bits(entry, 47, 12) + (iova & (size - 1));
	seen.accessed = entry >> 10 & 1;
	seen.software = decode_bits(entry, 58, 55);
	stage->rights(&seen, entry);
	if (entry >> 52 & 1) {
		fault = arm_group(stage, table, index, size, &seen);
		seen.size *= 16;
	}
	if (fault)
		seen.fault = fault;
	return seen;
}

static struct decoded arm_walk(const struct arm_stage *stage, const void *top, unsigned int levels,
			       unsigned int bits, u64 iova)
{
	u64 index = (iova & (~0ULL >> (64 - bits))) >> decode_shift(levels), parent = 0, entry;
	const u64 *table = top;
	struct decoded seen;
	unsigned int level;

	for (level = levels;; level--) {
		entry = table[index];
		if (!(entry & 1))
			return decode_empty(entry);
		if (level == 1 || !(entry & 2))
			break;
		/* NSTable, APTable, UXNTable, PXNTable and the rest: nothing of it. */
		if (entry & ~(decode_bits(~0ULL, 47, 12) | 3))
			return decode_fault(entry, "a table's descriptor has other bits");
		parent = 3;
		table = decode_table(decode_bits(entry, 47, 12));
		index = (iova >> decode_shift(level - 1)) % 512;
	}
	if (level == 1 && !(entry & 2))
		return decode_fault(entry, "bits 1:0 = 1 is reserved on Arm's level 3");
	if (level > 3)
		return decode_fault(entry, "no blocks on Arm's level 0");
	seen = arm_leaf(stage, table, index, level, iova);
	seen.parent = parent;
	return seen;
}

struct decoded decode_arm_s1(const void *top, unsigned int levels, unsigned int bits, u64 iova)
{
	return arm_walk(&stage_1, top, levels, bits, iova);
}

struct decoded decode_arm_s2(const void *top, unsigned int levels, unsigned int bits, u64 iova)
{
	return arm_walk(&stage_2, top, levels, bits, iova);
}
