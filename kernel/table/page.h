/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Table page: a page of memory that is one table of a page table, zeroed when it is new.
 *
 * With each goes a count of the entries that are in use, so that an empty table is seen without
 * reading it. In the unit tests a few lines of user space stand in for page.c.
 */
#ifndef IOASID_TABLE_PAGE_H
#define IOASID_TABLE_PAGE_H

#include <linux/types.h>

void *ioasid_table_page_alloc(bool must);
void ioasid_table_page_free(void *page);
u64 ioasid_table_page_phys(const void *page);
void *ioasid_table_page_at(u64 phys);
unsigned long *ioasid_table_page_used(void *page);

#endif /* IOASID_TABLE_PAGE_H */
