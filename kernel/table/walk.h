/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walk: the operations on a page table, written once for all formats. A source under fmt/ includes
 * a format's header and then this one.
 *
 * Words. A table has 512 entries of 8 bytes, each for as many bytes of IOVA as its level says; the
 * top table may have more. An entry is empty (0), leads to a table of the next lower level, or is
 * (part of) a leaf. Several neighbours in a table, a group, can be one leaf that is larger than
 * each.
 *
 * A walk goes along a table, and from there to the next one down from the top, so the cost is per
 * entry and per table. It handles as many entries at a time as are alike.
 *
 * Nothing locks. A walk that changes entries counts itself in the table that it is in, unless that
 * is the top one, and gives that back, together with the number of entries that came and went, when
 * it leaves the table: two atomic operations per table. The tables above need no count of it, for
 * each has the entry that leads to the one below. When the count comes to 0 the table is dead:
 * whoever brought it there unlinks it, or whoever meets it sooner, which may be the end of the
 * table above, too. Two who want a table at the same place, or want to cut the same leaf, each
 * build one; a compare-and-exchange settles whose is taken.
 *
 * Hardware may have in mind that an entry leads to a table which is dead since, until the flush of
 * whoever killed it. Another table may stand there by then, so whoever maps in between asks for a
 * flush of its own. Who takes a dead table out owes a flush as well as who killed it.
 *
 * Invariants.
 *  - The count of a table is the number of its entries that aren't empty, plus the walks that are
 *    in it. No table other than the top one is empty when nobody walks.
 *  - A leaf that is to be cut gets a full table of smaller ones first, which then replaces it with
 *    one store, so what stays mapped is mapped at every moment. The leaves of a group become leaves
 *    of their own one by one; each leads to the same page before and after.
 *  - No mark that hardware sets gets lost, but with the leaf.
 *  - A table is read only inside an RCU section or by who is counted in it.
 */
#ifndef FMT_FORMAT
#error "include a format's header first"
#endif

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "table/page.h"

#define WALK_PAGE_SHIFT 12
#define WALK_INDEX_BITS 9
#define WALK_ENTRIES (1U << WALK_INDEX_BITS)
/* Tables that a visit looks into before it lets others run. */
#define WALK_VISIT_TABLES 64

/**
 * struct walk - a walk that changes entries
 * @root: the page table
 * @iova: where it has come to
 * @last: where it ends
 * @garbage: takes tables that die
 * @table: the table that it is in, or NULL
 * @level: of that table
 * @end: last IOVA of the walk that the table is for
 * @change: what is to be added to its count when the walk leaves it
 */
struct walk {
	struct ioasid_root *root;
	u64 iova;
	u64 last;
	struct ioasid_garbage *garbage;
	u64 *table;
	unsigned int level;
	u64 end;
	long change;
};

/* log2 of the bytes that an entry of this level is for. */
static inline unsigned int walk_shift(unsigned int level)
{
	return WALK_PAGE_SHIFT + WALK_INDEX_BITS * (level - 1);
}

static inline u64 walk_size(unsigned int level)
{
	return 1ULL << walk_shift(level);
}

/* The level whose entries can make a leaf of that size. */
static inline unsigned int walk_level(unsigned int shift)
{
	return (shift - WALK_PAGE_SHIFT) / WALK_INDEX_BITS + 1;
}

/* Number of entries that make a leaf. */
static inline unsigned int walk_group(unsigned int shift, unsigned int level)
{
	return 1U << (shift - walk_shift(level));
}

static inline u64 *walk_slot(const struct ioasid_root *root, u64 *table, u64 iova,
			     unsigned int level)
{
	u64 index = iova >> walk_shift(level);

	/* The top table has no other beside it; it may have more entries than one page. */
	return table + (level == root->levels ? index : index % WALK_ENTRIES);
}

static inline bool walk_replace(u64 *slot, u64 old, u64 new)
{
	return cmpxchg(slot, old, new) == old;
}

static inline u64 *walk_table_at(u64 entry)
{
	return ioasid_table_page_at(fmt_table_phys(entry));
}

static u64 *walk_new_table(struct ioasid_root *root, bool must)
{
	u64 *table = ioasid_table_page_alloc(must);

	if (table)
		atomic64_inc(&root->pages);
	return table;
}

/* One that nobody else has seen. */
static void walk_free_table(struct ioasid_root *root, u64 *table)
{
	atomic64_dec(&root->pages);
	ioasid_table_page_free(table);
}

/* A table is about to be taken out. Whoever finds its place empty, or taken, finds this out too. */
static void walk_owe_flush(struct walk *walk)
{
	atomic64_inc(&walk->root->unflushed);
	smp_mb__after_atomic();
	walk->garbage->root = walk->root;
	walk->garbage->owed++;
}

/* A table is dead. Who brought it there has to see to that, and to its being taken out. */
static void walk_dispose(struct walk *walk, u64 *table)
{
	atomic64_dec(&walk->root->pages);
	walk_owe_flush(walk);
	ioasid_garbage_add(walk->garbage, table);
}

/* Empty the entry that leads to a dead table, unless somebody did. */
static bool walk_unlink(u64 *slot, const u64 *table, unsigned int level)
{
	u64 entry;

	do {
		entry = READ_ONCE(*slot);
		if (!fmt_is_table(entry, level) || walk_table_at(entry) != table)
			return false;
	} while (!walk_replace(slot, entry, 0));
	return true;
}

/* Be in a table; but for the top one, the walk is counted in it. */
static inline void walk_be_in(struct walk *walk, u64 *table, unsigned int level)
{
	walk->table = table;
	walk->level = level;
	walk->end = walk->last;
	if (level < walk->root->levels)
		walk->end = min(walk->last, walk->iova | (walk_size(level + 1) - 1));
	walk->change = -1;
}

/* Find the lowest table on the way, but none below a level. It may be dead. */
static inline u64 *walk_find(const struct ioasid_root *root, u64 iova, unsigned int lowest,
			     unsigned int *level)
{
	u64 *table = root->page, *slot = walk_slot(root, table, iova, root->levels), entry;
	unsigned int shift = walk_shift(root->levels);

	for (*level = root->levels; *level > lowest; --*level) {
		entry = READ_ONCE(*slot);
		if (!fmt_is_table(entry, *level))
			break;
		table = walk_table_at(entry);
		shift -= WALK_INDEX_BITS;
		slot = table + (iova >> shift) % WALK_ENTRIES;
	}
	return table;
}

/*
 * Take out a table on the way that is dead, unless somebody did; and those above that die of it, of
 * which we have to dispose. The walk is in none of them.
 */
static void walk_take_out(struct walk *walk, u64 *table, unsigned int level)
{
	unsigned int above;
	u64 *parent;

	while (level++ < walk->root->levels) {
		parent = walk_find(walk->root, walk->iova, level, &above);
		if (above != level ||
		    !walk_unlink(walk_slot(walk->root, parent, walk->iova, level), table, level))
			return;
		if (level == walk->root->levels ||
		    atomic_long_add_return(-1, ioasid_table_page_count(parent)))
			return;
		walk_dispose(walk, parent);
		table = parent;
	}
}

/* Enter the lowest table on the way, but none below a level. */
static inline void walk_enter(struct walk *walk, unsigned int lowest)
{
	unsigned int level;
	u64 *table;

	rcu_read_lock();
	for (;;) {
		table = walk_find(walk->root, walk->iova, lowest, &level);
		if (level == walk->root->levels ||
		    atomic_long_inc_not_zero(ioasid_table_page_count(table)))
			break;
		walk_owe_flush(walk);
		walk_take_out(walk, table, level);
	}
	rcu_read_unlock();
	walk_be_in(walk, table, level);
}

/*
 * The table is on the way still. If one entry came, it takes the walk's place in the count; and as
 * what came is the walk's own, the table doesn't come to 0 meanwhile.
 */
static inline void walk_leave(struct walk *walk)
{
	u64 *table = walk->table;

	walk->table = NULL;
	if (walk->level == walk->root->levels || !walk->change)
		return;
	rcu_read_lock();
	if (!atomic_long_add_return(walk->change, ioasid_table_page_count(table))) {
		walk_dispose(walk, table);
		walk_take_out(walk, table, walk->level);
	}
	rcu_read_unlock();
}

/* Leave the table for one that its entry leads to, in which the walk is counted. */
static void walk_leave_to(struct walk *walk, u64 *table)
{
	/* With that entry it doesn't come to 0. */
	if (walk->change && walk->level < walk->root->levels)
		atomic_long_add_return(walk->change, ioasid_table_page_count(walk->table));
	walk_be_in(walk, table, walk->level - 1);
}

static void walk_give_up(struct walk *walk)
{
	if (walk->table)
		walk_leave(walk);
}

/* Go on by some bytes, at most to where the table ends; false when that was the end. */
static inline bool walk_advance(struct walk *walk, u64 bytes)
{
	if (walk->end - walk->iova >= bytes) {
		walk->iova += bytes;
		return true;
	}
	walk_leave(walk);
	if (walk->end == walk->last)
		return false;
	walk->iova = walk->end + 1;
	return true;
}

static inline u64 *walk_here(const struct walk *walk)
{
	return walk_slot(walk->root, walk->table, walk->iova, walk->level);
}

/*
 * Mapping
 */

/* log2 of the largest leaf that fits. */
static inline unsigned int walk_fit(u64 sizes, u64 addresses, u64 length)
{
	/* Up to the lowest bit of the addresses, and up to the highest of the length. */
	u64 aligned = addresses ^ (addresses - 1), fitting = (2ULL << __fls(length)) - 1;

	return __fls(sizes & aligned & fitting);
}

/* Make the table that an empty entry is to lead to, and enter it. */
static int walk_install(struct walk *walk, u64 *slot)
{
	u64 *table = walk_new_table(walk->root, false);
	u64 entry;

	if (!table)
		return -ENOMEM;
	atomic_long_set(ioasid_table_page_count(table), 1);
	entry = fmt_table(ioasid_table_page_phys(table), walk->level);
	/* This also lets the hardware see what is in it before it sees the table. */
	if (!walk_replace(slot, 0, entry)) {
		walk_free_table(walk->root, table);
		return 0;
	}
	walk->change++;
	walk_leave_to(walk, table);
	return 0;
}

/* Come to a table of that level; the walk is in none, in that, or in one above. */
static inline int walk_come_to(struct walk *walk, unsigned int level)
{
	u64 *slot, entry;
	int ret;

	if (!walk->table)
		walk_enter(walk, level);
	while (walk->level > level) {
		slot = walk_here(walk);
		entry = READ_ONCE(*slot);
		if (!entry) {
			ret = walk_install(walk, slot);
			if (ret)
				return ret;
		} else if (fmt_is_table(entry, walk->level)) {
			walk_leave(walk);
			walk_enter(walk, level);
		} else {
			return -EEXIST;
		}
	}
	return 0;
}

/* Fill empty entries, each @step larger than the one before; returns how many were empty. */
static inline u64 walk_fill(u64 *slot, u64 count, u64 value, u64 step)
{
	u64 i;

	for (i = 0; i < count && !READ_ONCE(slot[i]); i++, value += step)
		WRITE_ONCE(slot[i], value);
	return i;
}

/* How many leaves of one size, one after the other, before a larger one may fit. */
static inline u64 walk_alike(const struct walk *walk, u64 phys, u64 length, unsigned int shift)
{
	u64 larger = walk->root->sizes & (-2ULL << shift), next = larger & -larger;
	u64 rest = walk->end - walk->iova;

	if (length >> shift == 1)
		return 1;
	if (next && !((walk->iova ^ phys) & (next - 1)))
		rest = min(rest, ~walk->iova & (next - 1));
	return (min(length - 1, rest) + 1) >> shift;
}

/* Enter leaves that take a group each; returns how many. */
static u64 walk_map_groups(struct walk *walk, u64 attributes, u64 phys, u64 count,
			   unsigned int shift)
{
	unsigned int level = walk->level, group = walk_group(shift, level);
	u64 *slot = walk_here(walk);
	u64 done, value, step, filled;

	for (done = 0; done < count; done++, slot += group, phys += 1ULL << shift) {
		value = fmt_leaf(attributes, phys, level, shift);
		step = fmt_leaf(attributes, phys + walk_size(level), level, shift) - value;
		filled = walk_fill(slot, group, value, step);
		if (filled < group) {
			memset(slot, 0, filled * sizeof(*slot));
			break;
		}
		walk->change += group;
	}
	return done;
}

/* Enter leaves of one size in the table where the walk is; returns how many. */
static inline u64 walk_map_leaves(struct walk *walk, u64 attributes, u64 phys, u64 count,
				  unsigned int shift)
{
	unsigned int level = walk->level;
	u64 value, step, done;

	if (shift != walk_shift(level))
		return walk_map_groups(walk, attributes, phys, count, shift);
	value = fmt_leaf(attributes, phys, level, shift);
	step = fmt_leaf(attributes, phys + walk_size(level), level, shift) - value;
	done = walk_fill(walk_here(walk), count, value, step);
	walk->change += done;
	return done;
}

/* Enter what comes next of the run list; returns bytes entered, or an errno. */
static s64 walk_map_some(struct walk *walk, const struct ioasid_run_iter *from, u64 attributes)
{
	u64 phys = ioasid_run_iter_pfn(from) << WALK_PAGE_SHIFT;
	u64 left = ioasid_run_iter_left(from) << WALK_PAGE_SHIFT;
	u64 length = min(left - 1, walk->last - walk->iova) + 1;
	unsigned int shift = walk_fit(walk->root->sizes, walk->iova | phys, length);
	u64 count;
	int ret;

	ret = walk_come_to(walk, walk_level(shift));
	if (ret)
		return ret;
	count = walk_alike(walk, phys, length, shift);
	count = walk_map_leaves(walk, attributes, phys, count, shift);
	return count ? count << shift : -EEXIST;
}

/*
 * Enter one page, which is what is asked for most often, if there is a table for it. It is counted
 * before it is there, so that the walk needs no count of its own.
 */
static inline bool walk_map_page(struct ioasid_root *root, u64 iova, u64 value)
{
	bool entered = false;
	unsigned int level;
	u64 *table, *slot;

	rcu_read_lock();
	table = walk_find(root, iova, 1, &level);
	slot = table + (iova >> WALK_PAGE_SHIFT) % WALK_ENTRIES;
	if (level == 1 && root->levels > 1 && !READ_ONCE(*slot) &&
	    atomic_long_inc_not_zero(ioasid_table_page_count(table))) {
		WRITE_ONCE(*slot, value);
		entered = true;
	}
	rcu_read_unlock();
	return entered;
}

static int walk_map_range(struct ioasid_root *root, u64 iova, u64 last,
			  struct ioasid_run_iter *from, unsigned int access,
			  struct ioasid_garbage *garbage)
{
	u64 attributes = fmt_attributes(access, root->features), phys;
	struct walk walk;
	s64 done;

	if (last - iova < walk_size(1)) {
		phys = ioasid_run_iter_pfn(from) << WALK_PAGE_SHIFT;
		if (walk_map_page(root, iova, fmt_leaf(attributes, phys, 1, WALK_PAGE_SHIFT))) {
			ioasid_run_iter_advance(from, 1);
			return 0;
		}
	}
	walk = (struct walk){ .root = root, .iova = iova, .last = last, .garbage = garbage };
	do {
		done = walk_map_some(&walk, from, attributes);
		if (done < 0) {
			walk_give_up(&walk);
			return done;
		}
		ioasid_run_iter_advance(from, done >> WALK_PAGE_SHIFT);
	} while (walk_advance(&walk, done));
	return 0;
}

static int walk_map(struct ioasid_root *root, u64 iova, u64 last, struct ioasid_run_iter *from,
		    unsigned int access, struct ioasid_garbage *garbage)
{
	int ret = walk_map_range(root, iova, last, from, access, garbage);

	garbage->flush = atomic64_read(&root->unflushed);
	return ret;
}

/*
 * Unmapping
 */

/* Set marks in an entry of a group, unless it became something else; returns those it had. */
static unsigned int walk_mark_entry(u64 *slot, unsigned int level, unsigned int shift,
				    unsigned int set, unsigned int clear)
{
	unsigned int had;
	u64 old, new;

	do {
		old = READ_ONCE(*slot);
		if (!old || fmt_is_table(old, level) || fmt_leaf_shift(old, level) != shift)
			return 0;
		had = fmt_access(old);
		new = fmt_mark(fmt_clear(old, clear), set);
	} while (new != old && !walk_replace(slot, old, new));
	return had & IOASID_TABLE_MARKS;
}

/* Set and clear marks in all entries of a leaf; returns those that they had together. */
static unsigned int walk_mark_leaf(u64 *slot, unsigned int level, unsigned int shift,
				   unsigned int set, unsigned int clear)
{
	unsigned int i, had = 0, group = walk_group(shift, level);

	for (i = 0; i < group; i++)
		had |= walk_mark_entry(slot + i, level, shift, set, clear);
	return had;
}

/*
 * Make an entry of a group a leaf of its own, with these marks; @had is given those that it had.
 * False if somebody else did.
 */
static bool walk_part(u64 *slot, unsigned int n, unsigned int level, unsigned int shift,
		      unsigned int marks, unsigned int *had)
{
	u64 old, new, phys;

	do {
		old = READ_ONCE(*slot);
		if (!old || fmt_is_table(old, level) || fmt_leaf_shift(old, level) != shift)
			return false;
		phys = fmt_leaf_phys(old, level) + n * walk_size(level);
		new = fmt_leaf(fmt_leaf_attributes(old, level), phys, level, walk_shift(level));
	} while (!walk_replace(slot, old, fmt_mark(new, marks)));
	*had |= fmt_access(old) & IOASID_TABLE_MARKS;
	return true;
}

static bool walk_visit(struct ioasid_root *root, u64 *iova, u64 last,
		       const struct ioasid_visit *visit);

/* Make the entries of a group leaves of their own. Others may do the same at the same time. */
static void walk_split_group(struct walk *walk, u64 *slot, unsigned int shift)
{
	unsigned int level = walk->level, i, group = walk_group(shift, level), marks, had = 0;
	u64 *first = (u64 *)((uintptr_t)slot & -(uintptr_t)(group * sizeof(*slot)));
	u64 iova = walk->iova & -(1ULL << shift), last = iova + ((1ULL << shift) - 1);
	struct ioasid_visit visit = {};
	bool all = true;

	/* A mark of one entry is a mark of all. */
	marks = walk_mark_leaf(first, level, shift, 0, 0);
	for (i = 0; i < group; i++)
		all &= walk_part(first + i, i, level, shift, marks, &had);
	/*
	 * Also one that came meanwhile, and for an entry that somebody else parted, who may not
	 * have seen it. Entries may have been cut further by then.
	 */
	visit.set = all ? had & ~marks : had | marks;
	while (visit.set && walk_visit(walk->root, &iova, last, &visit))
		;
}

/* Put a table of smaller leaves in place of a leaf that says the same, and enter it. */
static void walk_split(struct walk *walk, u64 *slot)
{
	unsigned int i, level = walk->level - 1, shift = walk_shift(level);
	u64 *table = walk_new_table(walk->root, true);
	u64 old, value, step, phys;

	atomic_long_set(ioasid_table_page_count(table), WALK_ENTRIES + 1);
	do {
		old = READ_ONCE(*slot);
		if (!old || fmt_is_table(old, walk->level)) {
			walk_free_table(walk->root, table);
			return;
		}
		phys = fmt_leaf_phys(old, walk->level);
		value = fmt_leaf(fmt_leaf_attributes(old, walk->level), phys, level, shift);
		step = fmt_leaf(fmt_leaf_attributes(old, walk->level), phys + walk_size(level),
				level, shift) -
		       value;
		for (i = 0; i < WALK_ENTRIES; i++)
			table[i] = value + i * step;
	} while (!walk_replace(slot, old, fmt_table(ioasid_table_page_phys(table), walk->level)));
	walk_leave_to(walk, table);
}

/* Empty entries that are leaves of one entry each; returns how many in a row were. */
static inline u64 walk_clear(u64 *slot, u64 count, unsigned int level)
{
	u64 i, entry;

	for (i = 0; i < count; i++) {
		entry = READ_ONCE(slot[i]);
		if (!entry || fmt_is_table(entry, level) ||
		    fmt_leaf_shift(entry, level) != walk_shift(level))
			break;
		WRITE_ONCE(slot[i], 0);
	}
	return i;
}

/* Entries of the table, from where the walk is, that lie wholly in the range. */
static inline u64 walk_whole(const struct walk *walk)
{
	u64 size = walk_size(walk->level);

	if (walk->iova & (size - 1))
		return 0;
	/* The last one too, if it ends with the range. */
	return ((walk->end - walk->iova) >> walk_shift(walk->level)) +
	       !((walk->end + 1) & (size - 1));
}

/* Handle what the entry where the walk is says; returns bytes to go on by, 0 to look again. */
static u64 walk_unmap_some(struct walk *walk, u64 *unmapped)
{
	unsigned int level, shift;
	u64 *slot, entry, size, count;

	if (!walk->table)
		walk_enter(walk, 1);
	level = walk->level;
	slot = walk_here(walk);
	entry = READ_ONCE(*slot);
	size = walk_size(level);
	if (!entry)
		return size - (walk->iova & (size - 1));
	if (fmt_is_table(entry, level)) {
		walk_leave(walk);
		return 0;
	}
	shift = fmt_leaf_shift(entry, level);
	size = 1ULL << shift;
	if (walk->iova & (size - 1) || walk->last - walk->iova < size - 1) {
		if (shift == walk_shift(level))
			walk_split(walk, slot);
		else
			walk_split_group(walk, slot, shift);
		return 0;
	}
	if (shift == walk_shift(level)) {
		count = walk_clear(slot, walk_whole(walk), level);
		size = count << shift;
	} else {
		for (count = 0; count < walk_group(shift, level); count++)
			WRITE_ONCE(slot[count], 0);
	}
	walk->change -= count;
	*unmapped += size;
	return size;
}

static u64 walk_unmap(struct ioasid_root *root, u64 iova, u64 last, struct ioasid_garbage *garbage)
{
	struct walk walk = { .root = root, .iova = iova, .last = last, .garbage = garbage };
	u64 unmapped = 0, done;

	do {
		done = walk_unmap_some(&walk, &unmapped);
	} while (!done || walk_advance(&walk, done));
	return unmapped;
}

/*
 * Reading
 */

enum walk_found { WALK_EMPTY, WALK_TABLE, WALK_LEAF };

/* What the entry for an IOVA says. Of a leaf: from its start, with the marks of all its entries. */
static enum walk_found walk_read(const struct ioasid_root *root, u64 *table, unsigned int level,
				 u64 *iova, const struct ioasid_visit *visit,
				 struct ioasid_entry *leaf)
{
	u64 *slot = walk_slot(root, table, *iova, level);
	u64 entry = READ_ONCE(*slot), start;
	unsigned int shift, marks;

	do {
		if (!entry)
			return WALK_EMPTY;
		if (fmt_is_table(entry, level))
			return WALK_TABLE;
		shift = fmt_leaf_shift(entry, level);
		start = *iova & ~((1ULL << shift) - 1);
		marks = walk_mark_leaf(walk_slot(root, table, start, level), level, shift,
				       visit->set, visit->clear);
		leaf->phys = fmt_leaf_phys(entry, level);
		leaf->left = 1ULL << shift;
		leaf->access = fmt_access(entry) | marks;
		/* A mark that somebody else has cleared meanwhile is somebody else's to tell. */
		if (visit->clear)
			leaf->access &= ~IOASID_TABLE_MARKS | marks;
		/* If it was cut, its parts are to be marked. */
		entry = visit->set ? READ_ONCE(*slot) : 0;
	} while (entry && (fmt_is_table(entry, level) || fmt_leaf_shift(entry, level) != shift));
	*iova = start;
	return WALK_LEAF;
}

static int walk_look_up(const struct ioasid_root *root, u64 iova, struct ioasid_entry *leaf)
{
	const struct ioasid_visit nothing = {};
	enum walk_found found;
	unsigned int level;
	u64 start = iova;
	u64 *table;

	rcu_read_lock();
	do {
		table = walk_find(root, iova, 1, &level);
		found = walk_read(root, table, level, &start, &nothing, leaf);
	} while (found == WALK_TABLE);
	rcu_read_unlock();
	if (found == WALK_EMPTY)
		return -ENOENT;
	leaf->phys += iova - start;
	leaf->left -= iova - start;
	return 0;
}

/* The leaves of one table; moves on to where it ends, or to an entry that leads to another. */
static bool walk_visit_table(const struct ioasid_root *root, u64 *iova, u64 last,
			     const struct ioasid_visit *visit)
{
	enum walk_found found;
	struct ioasid_entry leaf;
	unsigned int level;
	u64 *table = walk_find(root, *iova, 1, &level);
	u64 start, end;

	do {
		start = *iova;
		found = walk_read(root, table, level, &start, visit, &leaf);
		if (found == WALK_TABLE)
			return true;
		end = *iova | (walk_size(level) - 1);
		if (found == WALK_LEAF) {
			end = start + leaf.left - 1;
			if (visit->seen)
				visit->seen(visit->data, start, &leaf);
		}
		if (end >= last)
			return false;
		*iova = end + 1;
	} while (level == root->levels || *iova & (walk_size(level + 1) - 1));
	return true;
}

static bool walk_visit(struct ioasid_root *root, u64 *iova, u64 last,
		       const struct ioasid_visit *visit)
{
	unsigned int tables = WALK_VISIT_TABLES;
	bool more;

	rcu_read_lock();
	do {
		more = walk_visit_table(root, iova, last, visit);
	} while (more && --tables);
	rcu_read_unlock();
	return more;
}

const struct ioasid_table_format FMT_FORMAT = {
	.name = FMT_NAME,
	.number = FMT_NUMBER,
	.page_sizes = FMT_PAGE_SIZES,
	.features = FMT_FEATURES,
	.min_levels = FMT_MIN_LEVELS,
	.usual_levels = FMT_USUAL_LEVELS,
	.max_levels = FMT_MAX_LEVELS,
	.more_bits = FMT_MORE_BITS,
	.bits = fmt_bits,
	.sizes = fmt_sizes,
	.map = walk_map,
	.unmap = walk_unmap,
	.look_up = walk_look_up,
	.visit = walk_visit,
};
