/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Table: a page table that an address space feeds. What kind it is, a native format or (later) a
 * real IOMMU's domain, is known here and not above.
 */
#ifndef IOASID_TABLE_TABLE_H
#define IOASID_TABLE_TABLE_H

#include <linux/list.h>
#include <linux/mutex.h>

#include "table/format.h"

/**
 * struct ioasid_table - a page table
 * @link: for its address space's list
 * @format: its format
 * @last: highest IOVA that it reaches
 * @lock: one operation at a time
 * @root: the table itself, guarded by @lock
 */
struct ioasid_table {
	struct list_head link;
	const struct ioasid_table_format *format;
	u64 last;
	struct mutex lock;
	struct ioasid_root root;
};

u64 ioasid_table_formats(void);
u64 ioasid_table_page_sizes(void);
struct ioasid_table *ioasid_table_alloc(u32 number, u32 levels);
void ioasid_table_free(struct ioasid_table *table);
int ioasid_table_map(struct ioasid_table *table, u64 iova, u64 pages, struct ioasid_run_iter *from,
		     unsigned int access);
void ioasid_table_unmap(struct ioasid_table *table, u64 iova, u64 pages,
			struct ioasid_garbage *garbage);
void ioasid_table_flush(struct ioasid_table *table, u64 iova, u64 pages);
int ioasid_table_look_up(struct ioasid_table *table, u64 iova, struct ioasid_entry *entry);
u64 ioasid_table_memory(struct ioasid_table *table);

#endif /* IOASID_TABLE_TABLE_H */
