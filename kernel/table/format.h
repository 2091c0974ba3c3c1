/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Format: what a page table looks like to the hardware, and the operations on a table of one
 * format.
 *
 * A format is a header under fmt/ with a handful of small functions, and a source of about ten
 * lines that includes it and walk.h. The walk is written once, in walk.h, and compiled for each
 * format.
 */
#ifndef IOASID_TABLE_FORMAT_H
#define IOASID_TABLE_FORMAT_H

#include <linux/types.h>

#include "pin/run.h"

#define IOASID_TABLE_READ (1U << 0)
#define IOASID_TABLE_WRITE (1U << 1)

/**
 * struct ioasid_root - one page table
 * @page: its top table
 * @levels: how many tables a walk passes through
 * @pages: table pages it has, with the top one
 */
struct ioasid_root {
	void *page;
	unsigned int levels;
	u64 pages;
};

/**
 * struct ioasid_entry - what a look-up finds
 * @phys: physical address that the IOVA leads to
 * @left: bytes from there to the end of the entry
 * @access: IOASID_TABLE_READ, IOASID_TABLE_WRITE
 */
struct ioasid_entry {
	u64 phys;
	u64 left;
	unsigned int access;
};

/**
 * struct ioasid_garbage - tables that were unlinked and may be walked until the flush
 * @first: the first; each begins with a pointer to the next
 */
struct ioasid_garbage {
	void *first;
};

/**
 * struct ioasid_table_format - operations on tables of one format
 * @name: what it is called
 * @page_sizes: bitmap of entry sizes in bytes
 * @min_levels: fewest levels
 * @max_levels: most levels
 * @last: highest IOVA with that many levels
 * @map: enter a part of a run list at an IOVA where nothing is; 0, or -ENOMEM: the caller unmaps
 *	what may have been entered; -EEXIST: the caller was wrong
 * @unmap: remove all entries of a range, splitting those that reach out of it; unlinked tables are
 *	added to the garbage; returns bytes that were mapped
 * @look_up: 0, or -ENOENT when nothing is there
 *
 * The caller serialises all operations on one table. Ranges are page-aligned and within @last.
 */
struct ioasid_table_format {
	const char *name;
	u64 page_sizes;
	unsigned int min_levels;
	unsigned int max_levels;
	u64 (*last)(unsigned int levels);
	int (*map)(struct ioasid_root *root, u64 iova, u64 pages, struct ioasid_run_iter *from,
		   unsigned int access);
	u64 (*unmap)(struct ioasid_root *root, u64 iova, u64 pages, struct ioasid_garbage *garbage);
	int (*look_up)(const struct ioasid_root *root, u64 iova, struct ioasid_entry *entry);
};

extern const struct ioasid_table_format ioasid_format_x86_64;

int ioasid_root_init(struct ioasid_root *root, unsigned int levels);
void ioasid_garbage_free(struct ioasid_garbage *garbage);

#endif /* IOASID_TABLE_FORMAT_H */
