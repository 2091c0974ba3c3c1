/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Format: what a page table looks like to the hardware, and the operations on a table of one
 * format.
 *
 * A format is a header under fmt/ with a handful of small functions, and a source of about ten
 * lines that includes it and walk.h. The walk is written once, in walk.h, and compiled for each
 * format. docs/formats.md says how to write one.
 *
 * Locking. Operations may run at the same time on one table, and none waits for another. map and
 * unmap want their range for themselves: no other map or unmap of the same IOVAs runs meanwhile.
 * The others may run at any time, on any range.
 */
#ifndef IOASID_TABLE_FORMAT_H
#define IOASID_TABLE_FORMAT_H

#include <linux/atomic.h>
#include <linux/types.h>

#include <uapi/linux/ioasid.h>

#include "pin/run.h"

/* Of an entry: rights, marks that hardware sets, and a bit that hardware ignores. */
#define IOASID_TABLE_READ (1U << 0)
#define IOASID_TABLE_WRITE (1U << 1)
#define IOASID_TABLE_ACCESSED (1U << 2)
#define IOASID_TABLE_DIRTY (1U << 3)
#define IOASID_TABLE_SOFTWARE (1U << 4)

#define IOASID_TABLE_MARKS (IOASID_TABLE_ACCESSED | IOASID_TABLE_DIRTY)

/* Of a table: what its entries make the hardware do. */
#define IOASID_TABLE_COHERENT (1U << 0) /* DMA snoops caches, whatever the device asks for */
#define IOASID_TABLE_TRACK (1U << 1) /* hardware marks entries; they start without marks */

/* A table is named by its level: level 1 has the smallest entries, of 4 KiB. */
#define IOASID_TABLE_MAX_LEVELS 6

/**
 * struct ioasid_root - one page table
 * @page: its top table
 * @levels: how many tables a walk passes through
 * @bits: width of an IOVA
 * @order: pages of the top table, as a power of two
 * @features: IOASID_TABLE_COHERENT, IOASID_TABLE_TRACK
 * @sizes: bitmap of the entry sizes in bytes that may be used, of those that the format has with
 *	so many levels
 * @pages: table pages it has, with the top one
 * @unflushed: flushes that are owed for tables that were unlinked and may be walked until then
 */
struct ioasid_root {
	void *page;
	unsigned int levels;
	unsigned int bits;
	unsigned int order;
	unsigned int features;
	u64 sizes;
	atomic64_t pages;
	atomic64_t unflushed;
};

/**
 * struct ioasid_entry - a leaf
 * @phys: physical address that the IOVA leads to
 * @left: bytes from there to the end of the entry
 * @access: IOASID_TABLE_READ, _WRITE, _ACCESSED, _DIRTY, _SOFTWARE
 */
struct ioasid_entry {
	u64 phys;
	u64 left;
	unsigned int access;
};

/**
 * struct ioasid_garbage - what the caller of an operation has to do after it
 * @first: first of the tables that were unlinked, to free after a flush
 * @owed: by how much this has raised the root's count of flushes that are owed
 * @root: which one's
 * @flush: of a map: flush although nothing was removed: a table may have taken the place of one
 *	that hardware still has in mind
 */
struct ioasid_garbage {
	void *first;
	u64 owed;
	struct ioasid_root *root;
	bool flush;
};

/**
 * struct ioasid_visit - what to do at each leaf
 * @set: IOASID_TABLE_ACCESSED, IOASID_TABLE_DIRTY: marks to set
 * @clear: the same: marks to clear
 * @seen: told of each leaf, also of one that begins before the range, from its start, with the
 *	marks that it had; must not sleep; may be NULL
 * @data: handed to @seen
 */
struct ioasid_visit {
	unsigned int set;
	unsigned int clear;
	void (*seen)(void *data, u64 iova, const struct ioasid_entry *entry);
	void *data;
};

/**
 * struct ioasid_table_format - a format, and the operations on a table of it
 * @name: what it is called
 * @number: enum ioasid_format
 * @page_sizes: bitmap of entry sizes in bytes
 * @features: what a table may be asked for: IOASID_TABLE_COHERENT, IOASID_TABLE_TRACK
 * @min_levels: fewest levels
 * @usual_levels: levels when nothing is said
 * @max_levels: most levels
 * @more_bits: by how many bits an IOVA may be wider than the fewest levels give, for the top table
 *	may be several pages then
 * @bits: width of an IOVA with that many levels
 * @sizes: those of @page_sizes that a table with that many levels has
 * @map: enter a part of a run list at IOVAs where nothing is; 0, or what had to be given up:
 *	-ENOMEM; -EEXIST: the caller was wrong. Then the caller unmaps what may have been entered
 * @unmap: remove all entries of a range, splitting those that reach out of it; returns bytes that
 *	were mapped. Never fails
 * @look_up: 0, or -ENOENT when nothing is there
 * @visit: go through the leaves of a range, in order, as far as fits into a short time; moves @iova
 *	on and returns true when that was not all
 *
 * Ranges go from an IOVA to a last one, both within the table's width, and are whole pages but for
 * @look_up and @visit. Tables that @map and @unmap have unlinked are added to the garbage, which
 * the caller frees after it has flushed the range. A @map that worked may ask
 * for a flush, too, and only then is there garbage. @map and @unmap may sleep.
 */
struct ioasid_table_format {
	const char *name;
	unsigned int number;
	u64 page_sizes;
	unsigned int features;
	unsigned int min_levels;
	unsigned int usual_levels;
	unsigned int max_levels;
	unsigned int more_bits;
	unsigned int (*bits)(unsigned int levels);
	u64 (*sizes)(unsigned int levels);
	int (*map)(struct ioasid_root *root, u64 iova, u64 last, struct ioasid_run_iter *from,
		   unsigned int access, struct ioasid_garbage *garbage);
	u64 (*unmap)(struct ioasid_root *root, u64 iova, u64 last, struct ioasid_garbage *garbage);
	int (*look_up)(const struct ioasid_root *root, u64 iova, struct ioasid_entry *entry);
	bool (*visit)(struct ioasid_root *root, u64 *iova, u64 last,
		      const struct ioasid_visit *visit);
};

/* What builds us sets IOASID_FORMATS to FORMAT(x86_64) and so on, for each source under fmt/. */
#define FORMAT(name) extern const struct ioasid_table_format ioasid_format_##name;
IOASID_FORMATS
#undef FORMAT

/**
 * struct ioasid_shape - what a table is to be like
 * @levels: how many, 0 for the format's usual number
 * @bits: width of an IOVA, 0 for what the levels give
 * @features: IOASID_TABLE_COHERENT, IOASID_TABLE_TRACK
 * @sizes: bitmap of entry sizes that may be used, 0 for all
 */
struct ioasid_shape {
	unsigned int levels;
	unsigned int bits;
	unsigned int features;
	u64 sizes;
};

int ioasid_root_init(struct ioasid_root *root, const struct ioasid_table_format *format,
		     const struct ioasid_shape *shape);
void ioasid_root_free(struct ioasid_root *root);

/* Highest IOVA that it reaches. */
static inline u64 ioasid_root_last(const struct ioasid_root *root)
{
	return ~0ULL >> (64 - root->bits);
}

#endif /* IOASID_TABLE_FORMAT_H */
