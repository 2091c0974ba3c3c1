/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands in for the kernel where its sources are compiled in user space: memory that can be
 * told to fail, and table pages that are counted.
 */
#ifndef SHIM_H
#define SHIM_H

#include <stdbool.h>

/* The allocation after this many more fails, once; -1: none does. */
extern long shim_allocations_left;

bool shim_allocation_fails(void);

/* Table pages that are allocated now. */
extern long shim_table_pages;

#endif
