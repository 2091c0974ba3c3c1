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

/* Table pages that are allocated now, and not given to ioasid_garbage_free() yet. */
extern long shim_table_pages;

/* Whether tables go as soon as there is no reader, and how many there are: <linux/rcupdate.h>. */
extern bool shim_frees_early;
extern long shim_readers;

/* No thread is in any operation now: what was given to ioasid_garbage_free() goes. */
void shim_quiesce(void);

#endif
