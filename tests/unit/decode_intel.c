// SPDX-License-Identifier: GPL-2.0-only
/*
 * Intel's two formats.
 *
 * First stage: Intel SDM volume 3A, section 5.5, tables 5-15 to 5-20, and VT-d 9.8.
 * Second stage: VT-d 9.9, "SS-PML5E" to "SS-PTE".
 */
#include "decode.h"

struct intel {
	u64 present; /* an entry without any of these is empty */
	u64 leaf_allowed; /* besides address and PS */
	u64 table_allowed;
	u64 table_wanted;
};

/* Where the walk ends: the last entry, with what all on the way agree on. */
static struct decoded intel_walk(const struct intel *format, const void *top, unsigned int levels,
				 u64 iova, u64 *granted, unsigned int *level)
{
	const u64 *table = top;
	struct decoded seen = {};
	u64 entry, offset;

	*granted = ~0ULL;
	for (*level = levels;; --*level) {
		entry = table[(iova >> decode_shift(*level)) % 512];
		if (!(entry & format->present))
			return decode_empty(entry);
		*granted &= entry;
		if (*level == 1 || entry & 0x80)
			break;
		if (entry & ~(format->table_allowed | decode_bits(~0ULL, 51, 12)))
			return decode_fault(entry, "a table's entry has bits of another meaning");
		if ((entry & format->table_wanted) != format->table_wanted)
			return decode_fault(entry, "a table's entry lacks bits");
		table = decode_table(decode_bits(entry, 51, 12));
		seen.parent = entry & ~decode_bits(~0ULL, 51, 12);
	}
	if (*level > 3)
		return decode_fault(entry, "PS is reserved on this level");
	if (entry & ~(format->leaf_allowed | decode_bits(~0ULL, 51, 12) | (*level > 1 ? 0x80 : 0)))
		return decode_fault(entry, "a leaf has bits of another meaning");
	seen.size = 1ULL << decode_shift(*level);
	offset = iova & (seen.size - 1);
	if (decode_bits(entry, 51, 12) & (seen.size - 1))
		return decode_fault(entry, "a leaf isn't aligned");
	seen.present = true;
	seen.phys = decode_bits(entry, 51, 12) + offset;
	seen.slot = (u64 *)&table[(iova >> decode_shift(*level)) % 512];
	seen.entry = entry;
	return seen;
}

struct decoded decode_x86_64(const void *top, unsigned int levels, unsigned int bits, u64 iova)
{
	/* P; of a leaf R/W, U/S, A, D, and 9, which is ignored; of a table R/W, U/S and A. */
	static const struct intel format = { 0x1, 0x267, 0x27, 0x27 };
	unsigned int level;
	struct decoded seen;
	u64 granted;

	seen = intel_walk(&format, top, levels, iova, &granted, &level);
	if (!seen.present)
		return seen;
	if (!(granted & 0x4))
		return decode_fault(seen.entry, "U/S isn't set on every level");
	seen.readable = true;
	seen.writable = granted & 0x2;
	seen.accessed = seen.entry & 0x20;
	seen.dirty = seen.entry & 0x40;
	seen.software = seen.entry & 0x200;
	return seen;
}

struct decoded decode_vtd_ss(const void *top, unsigned int levels, unsigned int bits, u64 iova)
{
	/* R, W; of a leaf A, D, SNP and 61:52, which are ignored; of a table A. */
	static const struct intel format = { 0x3, 0x3ff0000000000b03, 0x103, 0x3 };
	unsigned int level;
	struct decoded seen;
	u64 granted;

	seen = intel_walk(&format, top, levels, iova, &granted, &level);
	if (!seen.present)
		return seen;
	seen.readable = granted & 0x1;
	seen.writable = granted & 0x2;
	seen.accessed = seen.entry & 0x100;
	seen.dirty = seen.entry & 0x200;
	seen.coherent = seen.entry & 0x800;
	seen.software = decode_bits(seen.entry, 61, 52);
	return seen;
}
