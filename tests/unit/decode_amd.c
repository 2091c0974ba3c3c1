// SPDX-License-Identifier: GPL-2.0-only
/*
 * AMD I/O Virtualization Technology (IOMMU) specification, section 2.2.3: "I/O Page Table Entry"
 * with PDE and PTE, and the example page size encodings.
 */
#include "decode.h"

#define AMD_MARKS 0x60ULL

/* Of a PTE with NextLevel = 7: the size is twice the lowest address bit that is 0. */
static u64 amd_size(u64 entry, unsigned int level)
{
	unsigned int bit = 12;

	if (!(entry & 0xe00))
		return 1ULL << decode_shift(level);
	while (bit < 51 && entry >> bit & 1)
		bit++;
	return 2ULL << bit;
}

/* All entries that a leaf covers say the same but for A and D; returns what any is marked with. */
static bool amd_replicas(const u64 *table, u64 index, u64 count, u64 *marks)
{
	u64 first = index & ~(count - 1), i;

	*marks = 0;
	for (i = first; i < first + count; i++) {
		*marks |= table[i] & AMD_MARKS;
		if ((table[i] ^ table[index]) & ~AMD_MARKS)
			return false;
	}
	return true;
}

static struct decoded amd_leaf(const u64 *table, u64 index, unsigned int level, u64 iova)
{
	u64 entry = table[index], size = amd_size(entry, level), marks, count;
	/* FC and 1, which is ignored, are in use; U, 58:52, 63, 4:2 and 8:7 aren't. */
	struct decoded seen = { .slot = (u64 *)&table[index], .entry = entry, .size = size };

	if (entry & ~(decode_bits(~0ULL, 51, 12) | 0x7000000000000e63))
		return decode_fault(entry, "a leaf has bits of another meaning");
	if ((entry & 0xe00) == 0xe00 && size <= 1ULL << decode_shift(level))
		return decode_fault(entry, "a leaf is too small for its level");
	if (size >= 1ULL << decode_shift(level + 1))
		return decode_fault(entry, "a leaf is too large for its level");
	if (!(entry & 0xe00) && decode_bits(entry, 51, 12) & (size - 1))
		return decode_fault(entry, "a leaf isn't aligned");
	count = size >> decode_shift(level);
	if (!amd_replicas(table, index, count, &marks))
		seen.fault = "a leaf isn't repeated in all entries";
	seen.present = true;
	seen.phys = (decode_bits(entry, 51, 12) & ~(size - 1)) + (iova & (size - 1));
	seen.accessed = marks & 0x20;
	seen.dirty = marks & 0x40;
	seen.software = entry & 0x2;
	seen.coherent = entry >> 60 & 1;
	return seen;
}

struct decoded decode_amd_v1(const void *top, unsigned int levels, unsigned int bits, u64 iova)
{
	unsigned int level = levels, next;
	const u64 *table = top;
	u64 granted = ~0ULL, parent = 0, index, entry;
	struct decoded seen;

	for (;; level = next) {
		index = (iova >> decode_shift(level)) % 512;
		entry = table[index];
		if (!(entry & 1))
			return decode_empty(entry);
		granted &= entry;
		next = entry >> 9 & 7;
		if (!next || next == 7)
			break;
		if (next != level - 1)
			return decode_fault(entry, "NextLevel isn't that of the next level");
		if (entry & ~(decode_bits(~0ULL, 51, 12) | 0x6000000000000e01))
			return decode_fault(entry, "a table's entry has bits of another meaning");
		table = decode_table(decode_bits(entry, 51, 12));
		parent = entry & ~decode_bits(~0ULL, 51, 12);
	}
	seen = amd_leaf(table, index, level, iova);
	seen.parent = parent;
	seen.readable = granted >> 61 & 1;
	seen.writable = granted >> 62 & 1;
	return seen;
}
