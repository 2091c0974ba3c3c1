// SPDX-License-Identifier: GPL-2.0-only
/* Table page: see page.h. Table pages are charged to the memory cgroup of whoever maps. */
#include "table/page.h"

#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>

/**
 * ioasid_table_page_alloc() - a new table, empty
 * @must: don't fail, wait for memory instead: unmapping can't fail
 *
 * Context: may sleep.
 * Return: the table, or NULL, never NULL with @must.
 */
void *ioasid_table_page_alloc(bool must)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | (must ? __GFP_NOFAIL : 0);
	struct page *page = alloc_page(gfp);

	if (!page)
		return NULL;
	set_page_private(page, 0);
	return page_address(page);
}

/**
 * ioasid_table_page_free() - give a table back
 * @page: the table; no hardware may walk it any more
 */
void ioasid_table_page_free(void *page)
{
	set_page_private(virt_to_page(page), 0);
	free_page((unsigned long)page);
}

/**
 * ioasid_table_page_phys() - where the hardware finds it
 * @page: the table
 */
u64 ioasid_table_page_phys(const void *page)
{
	return virt_to_phys((void *)page);
}

/**
 * ioasid_table_page_at() - the table at a physical address
 * @phys: from ioasid_table_page_phys()
 */
void *ioasid_table_page_at(u64 phys)
{
	return phys_to_virt(phys);
}

/**
 * ioasid_table_page_used() - its count of entries in use
 * @page: the table
 */
unsigned long *ioasid_table_page_used(void *page)
{
	return &page_private(virt_to_page(page));
}
