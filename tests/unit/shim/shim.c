// SPDX-License-Identifier: GPL-2.0-only
/* See shim.h. */
#include "shim.h"
#include "step.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "table/page.h"

long shim_allocations_left = -1;
long shim_table_pages;
bool shim_frees_early;
long shim_readers;

#ifdef SHIM_STEPS
void (*shim_step)(void);
#endif

/* Tables that wait for readers. */
static void *waiting;

bool shim_allocation_fails(void)
{
	if (shim_allocations_left < 0)
		return false;
	return shim_allocations_left-- == 0;
}

static void *alloc_pages(unsigned long pages)
{
	/* Aligned to its size, with one page in front. */
	unsigned long size = pages * SHIM_PAGE;
	char *memory = aligned_alloc(size, 2 * size);

	if (!memory)
		abort();
	memset(memory, 0, 2 * size);
	__atomic_fetch_add(&shim_table_pages, pages, __ATOMIC_RELAXED);
	return memory + size;
}

void *ioasid_table_page_alloc(bool must)
{
	if (!must && shim_allocation_fails())
		return NULL;
	return alloc_pages(1);
}

void ioasid_table_page_free(void *table)
{
	__atomic_fetch_sub(&shim_table_pages, 1, __ATOMIC_RELAXED);
	free(shim_page(table));
}

void *ioasid_top_table_alloc(unsigned int order)
{
	return shim_allocation_fails() ? NULL : alloc_pages(1UL << order);
}

void ioasid_top_table_free(void *table, unsigned int order)
{
	unsigned long pages = 1UL << order;

	__atomic_fetch_sub(&shim_table_pages, pages, __ATOMIC_RELAXED);
	free((char *)table - pages * SHIM_PAGE);
}

void ioasid_garbage_free(struct ioasid_garbage *garbage)
{
	void *table, *next;

	for (table = garbage->first; table; table = next) {
		next = shim_page(table)->next;
		__atomic_fetch_sub(&shim_table_pages, 1, __ATOMIC_RELAXED);
		shim_page(table)->next = __atomic_load_n(&waiting, __ATOMIC_RELAXED);
		while (!__atomic_compare_exchange_n(&waiting, &shim_page(table)->next, table, false,
						    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
			;
	}
	if (garbage->owed)
		atomic64_sub(garbage->owed, &garbage->root->unflushed);
	*garbage = (struct ioasid_garbage){};
	if (shim_frees_early && !shim_readers)
		shim_quiesce();
}

void shim_quiesce(void)
{
	void *table, *next;

	for (table = __atomic_exchange_n(&waiting, NULL, __ATOMIC_ACQUIRE); table; table = next) {
		next = shim_page(table)->next;
		free(shim_page(table));
	}
}
