/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Table page: a page of memory that is one table of a page table, zeroed when it is new.
 *
 * With each goes a count: the entries that are in use, and the walks that are in it. A table whose
 * count has come to 0 is dead: nobody enters it again, and it is unlinked and freed. Who only reads
 * needs no count, as a page is freed only when all who were in an RCU section are out of it.
 *
 * In user space, for the unit tests, a header of the same name stands in for this one.
 */
#ifndef IOASID_TABLE_PAGE_H
#define IOASID_TABLE_PAGE_H

#include <linux/atomic.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>

#include "table/format.h"

void *ioasid_table_page_alloc(bool must);
void ioasid_table_page_free(void *table);
void *ioasid_top_table_alloc(unsigned int order);
void ioasid_top_table_free(void *table, unsigned int order);
void ioasid_garbage_free(struct ioasid_garbage *garbage);

/* Where the hardware finds it. */
static inline u64 ioasid_table_page_phys(const void *table)
{
	return virt_to_phys((void *)table);
}

/* The table at a physical address. */
static inline void *ioasid_table_page_at(u64 phys)
{
	return phys_to_virt(phys);
}

static inline atomic_long_t *ioasid_table_page_count(void *table)
{
	struct page *page = virt_to_page(table);

	static_assert(sizeof(page->private) == sizeof(atomic_long_t));
	return (atomic_long_t *)&page->private;
}

/* Put an unlinked table on a list. */
static inline void ioasid_garbage_add(struct ioasid_garbage *garbage, void *table)
{
	virt_to_page(table)->lru.next = garbage->first;
	garbage->first = table;
}

#endif /* IOASID_TABLE_PAGE_H */
