/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel memory from malloc(), which can be told to fail: shim.h. */
#ifndef SHIM_LINUX_SLAB_H
#define SHIM_LINUX_SLAB_H

#include <linux/minmax.h>
#include <stdlib.h>
#include <string.h>

#include "shim.h"

#define GFP_KERNEL_ACCOUNT 0

#define kvrealloc(p, size, gfp) (shim_allocation_fails() ? NULL : realloc(p, size))
#define kvmalloc_array(n, size, gfp) (shim_allocation_fails() ? NULL : calloc(n, size))
#define kvfree(p) free(p)

#endif
