// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compare: walk through the entries of both trees of a pair, from the top tables down, and see that
 * they are the same. What an entry is gets decided here once more, and not by our formats' code.
 */
#include <linux/bits.h>
#include <linux/io.h>
#include <linux/mm.h>

#include "pt/pair.h"

#define ENTRIES 512
#define ADDRESS GENMASK_ULL(51, 12)

/*
 * Bits of leaves in which the two may differ. In the x86-64 format, theirs are entered as if the
 * device had accessed and written the memory; ours leave that to the device.
 */
static const u64 ignored[PT_FORMATS] = {
	[PT_X86_64] = BIT_ULL(5) | BIT_ULL(6),
};

struct comparison {
	unsigned int format;
	struct pt_compare *result;
};

static const u64 empty[ENTRIES];

static bool leads_to_table(const struct comparison *c, u64 entry, unsigned int level)
{
	unsigned int next = (entry >> 9) & 7;

	if (level == 1 || !entry)
		return false;
	if (c->format == PT_AMD_V1)
		return next && next != 7;
	return !(entry & BIT_ULL(7));
}

static const u64 *table_at(u64 entry)
{
	return phys_to_virt(entry & ADDRESS);
}

static void differ(const struct comparison *c, unsigned int level, u64 iova, u64 ours, u64 theirs)
{
	if (c->result->differ++)
		return;
	c->result->level = level;
	c->result->iova = iova;
	c->result->ours = ours;
	c->result->theirs = theirs;
}

static void compare_tables(const struct comparison *c, unsigned int level, u64 iova,
			   const u64 *ours, const u64 *theirs);

static void compare_entries(const struct comparison *c, unsigned int level, u64 iova, u64 ours,
			    u64 theirs)
{
	bool our_table = leads_to_table(c, ours, level);
	bool their_table = leads_to_table(c, theirs, level);
	if (their_table && !ours) {
		c->result->spare++;
		compare_tables(c, level - 1, iova, empty, table_at(theirs));
	} else if (our_table && their_table) {
		if ((ours ^ theirs) & ~ADDRESS)
			differ(c, level, iova, ours, theirs);
		c->result->tables++;
		compare_tables(c, level - 1, iova, table_at(ours), table_at(theirs));
	} else if ((ours ^ theirs) & ~(our_table || their_table ? 0 : ignored[c->format])) {
		differ(c, level, iova, ours, theirs);
	} else if (ours) {
		c->result->leaves++;
	}
}

static void compare_tables(const struct comparison *c, unsigned int level, u64 iova,
			   const u64 *ours, const u64 *theirs)
{
	unsigned int i;

	for (i = 0; i < ENTRIES; i++)
		compare_entries(c, level, iova + ((u64)i << (12 + 9 * (level - 1))),
				READ_ONCE(ours[i]), READ_ONCE(theirs[i]));
}

/**
 * pair_compare() - compare both trees, entry by entry
 * @pair: the page tables, which nobody changes meanwhile
 * @result: filled
 */
void pair_compare(struct pair *pair, struct pt_compare *result)
{
	struct comparison c = { .format = pair->make.format, .result = result };

	*result = (struct pt_compare){ .pages = atomic64_read(&pair->root.pages) };
	compare_tables(&c, pair->root.levels, 0, pair->root.page, pair->peer.top);
}
