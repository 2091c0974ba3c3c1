// SPDX-License-Identifier: GPL-2.0-only
/* Table page: see page.h. Table pages are charged to the memory cgroup of whoever maps. */
#include "table/page.h"

#include <linux/gfp.h>

#include "fault.h"

/**
 * ioasid_table_page_alloc() - a new table, empty, with a count of 0
 * @must: don't fail, wait for memory instead: unmapping can't fail
 *
 * Context: may sleep.
 * Return: the table, or NULL, never NULL with @must.
 */
void *ioasid_table_page_alloc(bool must)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | (must ? __GFP_NOFAIL : 0);
	struct page *page = !must && ioasid_fault() ? NULL : alloc_page(gfp);

	if (!page)
		return NULL;
	set_page_private(page, 0);
	return page_address(page);
}

/**
 * ioasid_table_page_free() - give a table back that was never linked
 * @table: the table
 */
void ioasid_table_page_free(void *table)
{
	set_page_private(virt_to_page(table), 0);
	free_page((unsigned long)table);
}

/**
 * ioasid_top_table_alloc() - a new top table, empty
 * @order: its pages, as a power of two; they are contiguous, and aligned to their size
 *
 * Context: may sleep.
 * Return: the table, or NULL.
 */
void *ioasid_top_table_alloc(unsigned int order)
{
	if (ioasid_fault())
		return NULL;
	return (void *)__get_free_pages(GFP_KERNEL_ACCOUNT | __GFP_ZERO, order);
}

/**
 * ioasid_top_table_free() - give a top table back
 * @table: the table; no hardware walks it any more
 * @order: as it was allocated
 */
void ioasid_top_table_free(void *table, unsigned int order)
{
	set_page_private(virt_to_page(table), 0);
	free_pages((unsigned long)table, order);
}

static void free_after_readers(struct rcu_head *head)
{
	struct page *page = container_of(head, struct page, rcu_head);

	ioasid_table_page_free(page_address(page));
}

/**
 * ioasid_garbage_free() - free tables that no hardware walks any more
 * @garbage: the tables; empty afterwards
 *
 * Context: after the flush. They go when all who look into the page table at this moment are done.
 */
void ioasid_garbage_free(struct ioasid_garbage *garbage)
{
	struct page *page;
	void *table, *next;

	for (table = garbage->first; table; table = next) {
		page = virt_to_page(table);
		next = page->lru.next;
		call_rcu(&page->rcu_head, free_after_readers);
	}
	if (garbage->owed)
		atomic64_sub(garbage->owed, &garbage->root->unflushed);
	*garbage = (struct ioasid_garbage){};
}
