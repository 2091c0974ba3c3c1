/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread that reads a pointer to something sees what was in it. The kernel has that from the
 * dependency of the addresses; here the load says so, as the thread sanitizer doesn't know them.
 */
#ifndef SHIM_LINUX_COMPILER_H
#define SHIM_LINUX_COMPILER_H

#include "step.h"

#define READ_ONCE(x)                                     \
	({                                               \
		SHIM_STEP();                             \
		__atomic_load_n(&(x), __ATOMIC_ACQUIRE); \
	})

#define WRITE_ONCE(x, value)                                     \
	do {                                                     \
		SHIM_STEP();                                     \
		__atomic_store_n(&(x), value, __ATOMIC_RELAXED); \
	} while (0)

#endif
