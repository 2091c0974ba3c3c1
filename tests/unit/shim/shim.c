// SPDX-License-Identifier: GPL-2.0-only
/* See shim.h. Table pages have their count in front of them, and are where their address says. */
#include "shim.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "table/format.h"
#include "table/page.h"

#define PAGE 4096

long shim_allocations_left = -1;
long shim_table_pages;

bool shim_allocation_fails(void)
{
	if (shim_allocations_left < 0)
		return false;
	return shim_allocations_left-- == 0;
}

void *ioasid_table_page_alloc(bool must)
{
	char *memory;

	if (!must && shim_allocation_fails())
		return NULL;
	memory = aligned_alloc(PAGE, 2 * PAGE);
	if (!memory)
		abort();
	memset(memory, 0, 2 * PAGE);
	shim_table_pages++;
	return memory + PAGE;
}

void ioasid_table_page_free(void *page)
{
	shim_table_pages--;
	free((char *)page - PAGE);
}

u64 ioasid_table_page_phys(const void *page)
{
	return (uintptr_t)page;
}

void *ioasid_table_page_at(u64 phys)
{
	return (void *)(uintptr_t)phys;
}

unsigned long *ioasid_table_page_used(void *page)
{
	return (unsigned long *)((char *)page - PAGE);
}
