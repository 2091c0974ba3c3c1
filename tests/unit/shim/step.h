/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Step: every place where the code under test reads or changes what threads share. With SHIM_STEPS
 * a test can have something happen right before it: other operations (table_cross_test.c), or a
 * moment's rest in a thread (race_table.c).
 */
#ifndef SHIM_STEP_H
#define SHIM_STEP_H

#ifdef SHIM_STEPS

/* NULL: nothing happens. */
extern void (*shim_step)(void);

#define SHIM_STEP()                  \
	do {                         \
		if (shim_step)       \
			shim_step(); \
	} while (0)

#else

#define SHIM_STEP() ((void)0)

#endif

#endif
