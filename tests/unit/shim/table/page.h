/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stands in for kernel/table/page.h in user space: a table is where its address says, and has a
 * page in front of it with its count.
 */
#ifndef SHIM_TABLE_PAGE_H
#define SHIM_TABLE_PAGE_H

#include <linux/atomic.h>
#include <linux/rcupdate.h>

#include "table/format.h"

#define SHIM_PAGE 4096

struct shim_page {
	atomic_long_t count;
	void *next;
};

void *ioasid_table_page_alloc(bool must);
void ioasid_table_page_free(void *table);
void *ioasid_top_table_alloc(unsigned int order);
void ioasid_top_table_free(void *table, unsigned int order);
void ioasid_garbage_free(struct ioasid_garbage *garbage);

static inline struct shim_page *shim_page(void *table)
{
	return (struct shim_page *)((char *)table - SHIM_PAGE);
}

static inline u64 ioasid_table_page_phys(const void *table)
{
	return (uintptr_t)table;
}

static inline void *ioasid_table_page_at(u64 phys)
{
	return (void *)(uintptr_t)phys;
}

static inline atomic_long_t *ioasid_table_page_count(void *table)
{
	return &shim_page(table)->count;
}

static inline void ioasid_garbage_add(struct ioasid_garbage *garbage, void *table)
{
	shim_page(table)->next = garbage->first;
	garbage->first = table;
}

#endif
