// SPDX-License-Identifier: GPL-2.0-only
/* Cut: see cut.h. Also compiles in user space. */
#include "table/cut.h"

static u64 lowest_bit(u64 bits)
{
	return bits & -bits;
}

static u64 highest_bit(u64 bits)
{
	return 1ULL << (63 - __builtin_clzll(bits));
}

/* The size of the first entry of a range. */
static u64 entry_size(u64 sizes, u64 iova, u64 phys, u64 length)
{
	u64 alignment = iova | phys;

	sizes &= highest_bit(length) * 2 - 1;
	if (alignment)
		sizes &= lowest_bit(alignment) * 2 - 1;
	return highest_bit(sizes);
}

/* The bytes of the first piece of a range, whose entries are of that size. */
static u64 piece_size(u64 sizes, u64 iova, u64 phys, u64 length, u64 size)
{
	u64 larger = lowest_bit(sizes & ~(size * 2 - 1));
	u64 before;

	if (larger && !((iova ^ phys) & (larger - 1))) {
		before = larger - (iova & (larger - 1));
		if (before < length && length - before >= larger)
			return before;
	}
	return length & ~(size - 1);
}

/**
 * ioasid_cut_fits() - is there an entry's end?
 * @sizes: bitmap of the entry sizes in bytes
 * @whole: pieces are removed as they were entered: is there a piece's end?
 * @iova: first IOVA of a range that was entered by one call
 * @phys: its physical address; both, and @length, are multiples of the smallest size
 * @length: bytes of the range
 * @offset: where to cut, in bytes, less than @length
 */
bool ioasid_cut_fits(u64 sizes, bool whole, u64 iova, u64 phys, u64 length, u64 offset)
{
	u64 size, piece;

	while (offset) {
		size = entry_size(sizes, iova, phys, length);
		piece = piece_size(sizes, iova, phys, length, size);
		if (offset < piece)
			return !whole && !(offset & (size - 1));
		iova += piece;
		phys += piece;
		length -= piece;
		offset -= piece;
	}
	return true;
}
