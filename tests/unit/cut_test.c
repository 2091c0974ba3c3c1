// SPDX-License-Identifier: GPL-2.0-only
/* Where a range can be cut (kernel/table/cut.c) against a list of entries, made one by one. */
#include <criterion/criterion.h>
#include <string.h>

#include "random.h"
#include "table/cut.h"

#define PAGE 4096ULL
#define LENGTH 40 /* pages */

/* Where entries end, and pieces of entries that are alike, in pages. */
struct ends {
	bool entry[LENGTH + 1];
	bool piece[LENGTH + 1];
};

/* The largest that begins and ends within the range, and is aligned. All in pages. */
static unsigned int largest(unsigned int sizes, unsigned int iova, unsigned int phys,
			    unsigned int left)
{
	unsigned int size;

	for (size = 16; size > 1; size /= 2)
		if (sizes & size && iova % size == 0 && phys % size == 0 && size <= left)
			break;
	return size;
}

static void find_ends(unsigned int sizes, unsigned int iova, unsigned int phys, unsigned int length,
		      struct ends *ends)
{
	unsigned int at = 0, size, before = 0;

	memset(ends, 0, sizeof(*ends));
	while (at < length) {
		size = largest(sizes, iova + at, phys + at, length - at);
		ends->entry[at] = true;
		ends->piece[at] = size != before;
		at += size;
		before = size;
	}
}

static bool fits(unsigned int sizes, bool whole, unsigned int iova, unsigned int phys,
		 unsigned int length, unsigned int offset)
{
	return ioasid_cut_fits(sizes * PAGE, whole, iova * PAGE, phys * PAGE, length * PAGE,
			       offset * PAGE);
}

static void check(unsigned int sizes, unsigned int iova, unsigned int phys, unsigned int length)
{
	struct ends ends;
	unsigned int at;

	find_ends(sizes, iova, phys, length, &ends);
	for (at = 0; at < length; at++) {
		cr_assert_eq(fits(sizes, false, iova, phys, length, at), ends.entry[at],
			     "entry: sizes 0x%x iova %u phys %u length %u at %u", sizes, iova, phys,
			     length, at);
		cr_assert_eq(fits(sizes, true, iova, phys, length, at), ends.piece[at],
			     "piece: sizes 0x%x iova %u phys %u length %u at %u", sizes, iova, phys,
			     length, at);
	}
}

/* All sets of five sizes that have the smallest, all places, all lengths. */
Test(cut, agrees_with_entries_made_one_by_one)
{
	unsigned int sizes, iova, phys, length;

	for (sizes = 1; sizes < 32; sizes += 2)
		for (iova = 0; iova < 16; iova++)
			for (phys = 0; phys < 16; phys++)
				for (length = 1; length <= LENGTH; length++)
					check(sizes, iova, phys, length);
}

/* Both sides of a cut, alone, have the ends that they had together. */
static void check_sides(unsigned int sizes, bool whole, unsigned int iova, unsigned int phys,
			unsigned int length, unsigned int cut)
{
	unsigned int at;

	for (at = 1; at < length; at++) {
		if (at < cut)
			cr_assert_eq(fits(sizes, whole, iova, phys, cut, at),
				     fits(sizes, whole, iova, phys, length, at));
		else
			cr_assert_eq(fits(sizes, whole, iova + cut, phys + cut, length - cut,
					  at - cut),
				     fits(sizes, whole, iova, phys, length, at) || at == cut);
	}
}

Test(cut, leaves_the_other_ends_where_they_are)
{
	unsigned long step, steps = from_env("STEPS", 100000);
	unsigned int sizes, iova, phys, length, cut;
	bool whole;

	random_begin();
	for (step = 0; step < steps; step++) {
		sizes = below(16) * 2 + 1;
		iova = below(16);
		phys = below(16);
		length = 2 + below(LENGTH - 1);
		cut = 1 + below(length - 1);
		whole = below(2);
		if (fits(sizes, whole, iova, phys, length, cut))
			check_sides(sizes, whole, iova, phys, length, cut);
	}
}

#define K (1ULL << 10)
#define M (1ULL << 20)
#define G (1ULL << 30)

Test(cut, examples)
{
	u64 intel = 4 * K | 2 * M | G;
	u64 amd = ~(4 * K - 1);

	/* A page before and behind two large entries. */
	cr_assert(
		ioasid_cut_fits(intel, false, 2 * M - 4 * K, 4 * M - 4 * K, 4 * M + 8 * K, 4 * K));
	cr_assert(ioasid_cut_fits(intel, false, 2 * M - 4 * K, 4 * M - 4 * K, 4 * M + 8 * K,
				  2 * M + 4 * K));
	cr_assert_not(ioasid_cut_fits(intel, true, 2 * M - 4 * K, 4 * M - 4 * K, 4 * M + 8 * K,
				      2 * M + 4 * K));
	cr_assert_not(
		ioasid_cut_fits(intel, false, 2 * M - 4 * K, 4 * M - 4 * K, 4 * M + 8 * K, 2 * M));
	cr_assert(ioasid_cut_fits(intel, true, 2 * M - 4 * K, 4 * M - 4 * K, 4 * M + 8 * K,
				  4 * M + 4 * K));
	/* Memory that is not aligned as the IOVA is. */
	cr_assert(ioasid_cut_fits(intel, false, 0, 4 * K, G, G / 2 + 4 * K));
	cr_assert_not(ioasid_cut_fits(intel, true, 0, 4 * K, G, G / 2 + 4 * K));
	/* The end of all there is. */
	cr_assert(ioasid_cut_fits(intel, true, -2 * M, 0, 2 * M - 4 * K, 0));
	cr_assert(ioasid_cut_fits(amd, true, -8 * K, 0, 8 * K, 0));
	cr_assert_not(ioasid_cut_fits(amd, false, -8 * K, 0, 8 * K, 4 * K));
	/* Sizes below the page, and all sizes that a word can tell. */
	cr_assert(ioasid_cut_fits(~0ULL, true, 0, 0, 12 * K, 8 * K));
	cr_assert_not(ioasid_cut_fits(~0ULL, false, 0, 0, 12 * K, 4 * K));
	cr_assert(ioasid_cut_fits(1ULL << 63 | 4 * K, false, 0, 0, 12 * K, 4 * K));
}
