/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walk: the operations on a page table, written once for all formats. A source under fmt/ includes
 * a format's header and then this one.
 *
 * A walk goes down and along: each level handles all of its entries in the range before it returns,
 * so the cost is per entry and per table, and never starts again at the top. Entries are 8 bytes
 * and are written with one store; hardware that walks meanwhile sees the old or the new one.
 *
 * Invariants. page_used(table) is the number of present entries. No table other than the top one is
 * empty: it is unlinked with its last entry, and freed after the caller's flush. A large entry that
 * is to be split gets a full table of smaller ones first, which then replaces it with one store, so
 * that what stays mapped is mapped at every moment.
 */
#ifndef FMT_FORMAT
#error "include a format's header first"
#endif

#include <asm/barrier.h>
#include <linux/align.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/minmax.h>

#include "table/page.h"

#define WALK_PAGE_SHIFT 12
#define WALK_PAGE_SIZE (1ULL << WALK_PAGE_SHIFT)
#define WALK_ENTRIES 512

/**
 * struct walk_map - a mapping walk
 * @root: the page table
 * @iova: where it has come to
 * @end: where it ends
 * @from: the pages to enter next
 * @access: rights of all entries
 */
struct walk_map {
	struct ioasid_root *root;
	u64 iova;
	u64 end;
	struct ioasid_run_iter *from;
	unsigned int access;
};

struct walk_unmap {
	struct ioasid_root *root;
	u64 iova;
	u64 end;
	u64 unmapped;
	struct ioasid_garbage *garbage;
};

static inline u64 walk_size(unsigned int level)
{
	return 1ULL << fmt_shift(level);
}

/* First address after the entry that covers @iova. */
static inline u64 walk_next(u64 iova, unsigned int level)
{
	return ALIGN_DOWN(iova, walk_size(level)) + walk_size(level);
}

static inline void walk_store(u64 *entry, u64 value)
{
	WRITE_ONCE(*entry, value);
}

static void *walk_new_table(struct ioasid_root *root, bool must)
{
	void *page = ioasid_table_page_alloc(must);

	if (page)
		root->pages++;
	return page;
}

/* Can the next entry be a leaf of this level? */
static inline bool walk_fits(const struct walk_map *walk, u64 phys, u64 run, unsigned int level)
{
	u64 size = walk_size(level);

	if (!fmt_can_leaf(level))
		return false;
	return !((walk->iova | phys) & (size - 1)) && min(run, walk->end - walk->iova) >= size;
}

static int walk_map_level(struct walk_map *walk, u64 *table, unsigned int level)
{
	unsigned long *used = ioasid_table_page_used(table);
	u64 stop = min(walk_next(walk->iova, level + 1), walk->end);
	u64 *entry = &table[fmt_index(walk->iova, level)];
	u64 phys, run;
	void *child;
	int ret;

	for (; walk->iova < stop; entry++) {
		phys = ioasid_run_iter_pfn(walk->from) << WALK_PAGE_SHIFT;
		run = ioasid_run_iter_left(walk->from) << WALK_PAGE_SHIFT;
		if (!fmt_present(*entry) && walk_fits(walk, phys, run, level)) {
			walk_store(entry, fmt_leaf(phys, level, walk->access));
			++*used;
			ioasid_run_iter_advance(walk->from, walk_size(level) >> WALK_PAGE_SHIFT);
			walk->iova += walk_size(level);
			continue;
		}
		if (!fmt_present(*entry)) {
			child = walk_new_table(walk->root, false);
			if (!child)
				return -ENOMEM;
			walk_store(entry, fmt_table(ioasid_table_page_phys(child)));
			++*used;
		}
		if (fmt_is_leaf(*entry, level))
			return -EEXIST;
		child = ioasid_table_page_at(fmt_address(*entry));
		ret = walk_map_level(walk, child, level - 1);
		if (ret)
			return ret;
	}
	return 0;
}

static int walk_map(struct ioasid_root *root, u64 iova, u64 pages, struct ioasid_run_iter *from,
		    unsigned int access)
{
	struct walk_map walk = {
		.root = root,
		.iova = iova,
		.end = iova + (pages << WALK_PAGE_SHIFT),
		.from = from,
		.access = access,
	};

	return walk_map_level(&walk, root->page, root->levels);
}

static void walk_discard(struct walk_unmap *walk, void *table)
{
	*(void **)table = walk->garbage->first;
	walk->garbage->first = table;
	walk->root->pages--;
}

/* Replace a large entry by a table of the next smaller ones that says the same. */
static void *walk_split(struct ioasid_root *root, u64 *entry, unsigned int level)
{
	u64 *child = walk_new_table(root, true);
	u64 phys = fmt_address(*entry);
	unsigned int access = fmt_access(*entry);
	unsigned int i;

	for (i = 0; i < WALK_ENTRIES; i++)
		child[i] = fmt_leaf(phys + i * walk_size(level - 1), level - 1, access);
	*ioasid_table_page_used(child) = WALK_ENTRIES;
	/* The hardware must not see the new table before what is in it. */
	smp_wmb();
	walk_store(entry, fmt_table(ioasid_table_page_phys(child)));
	return child;
}

static void walk_unmap_level(struct walk_unmap *walk, u64 *table, unsigned int level)
{
	unsigned long *used = ioasid_table_page_used(table);
	u64 stop = min(walk_next(walk->iova, level + 1), walk->end);
	u64 *entry = &table[fmt_index(walk->iova, level)];
	u64 next, *child;

	for (; walk->iova < stop; entry++) {
		next = walk_next(walk->iova, level);
		if (!fmt_present(*entry)) {
			walk->iova = next;
			continue;
		}
		if (!fmt_is_leaf(*entry, level)) {
			child = ioasid_table_page_at(fmt_address(*entry));
		} else if (next - walk->iova == walk_size(level) && next <= walk->end) {
			walk_store(entry, 0);
			--*used;
			walk->unmapped += walk_size(level);
			walk->iova = next;
			continue;
		} else {
			child = walk_split(walk->root, entry, level);
		}
		walk_unmap_level(walk, child, level - 1);
		if (*ioasid_table_page_used(child))
			continue;
		walk_store(entry, 0);
		--*used;
		walk_discard(walk, child);
	}
}

static u64 walk_unmap(struct ioasid_root *root, u64 iova, u64 pages, struct ioasid_garbage *garbage)
{
	struct walk_unmap walk = {
		.root = root,
		.iova = iova,
		.end = iova + (pages << WALK_PAGE_SHIFT),
		.garbage = garbage,
	};

	walk_unmap_level(&walk, root->page, root->levels);
	return walk.unmapped;
}

static int walk_look_up(const struct ioasid_root *root, u64 iova, struct ioasid_entry *found)
{
	const u64 *table = root->page;
	unsigned int level;
	u64 entry, offset;

	for (level = root->levels;; level--) {
		entry = READ_ONCE(table[fmt_index(iova, level)]);
		if (!fmt_present(entry))
			return -ENOENT;
		if (fmt_is_leaf(entry, level))
			break;
		table = ioasid_table_page_at(fmt_address(entry));
	}
	offset = iova & (walk_size(level) - 1);
	found->phys = fmt_address(entry) + offset;
	found->left = walk_size(level) - offset;
	found->access = fmt_access(entry);
	return 0;
}

const struct ioasid_table_format FMT_FORMAT = {
	.name = FMT_NAME,
	.page_sizes = FMT_PAGE_SIZES,
	.min_levels = FMT_MIN_LEVELS,
	.max_levels = FMT_MAX_LEVELS,
	.last = fmt_last,
	.map = walk_map,
	.unmap = walk_unmap,
	.look_up = walk_look_up,
};
