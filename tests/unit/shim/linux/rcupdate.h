/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Readers need no protection where shim.c frees tables only in shim_quiesce(). With
 * shim_frees_early, which is for one thread, a table goes as soon as no reader is left, so that the
 * address sanitizer sees who is in it without being a reader or counted.
 */
#ifndef SHIM_LINUX_RCUPDATE_H
#define SHIM_LINUX_RCUPDATE_H

#include "shim.h"

static inline void rcu_read_lock(void)
{
#ifdef SHIM_STEPS
	if (shim_frees_early)
		shim_readers++;
#endif
}

static inline void rcu_read_unlock(void)
{
#ifdef SHIM_STEPS
	if (shim_frees_early && !--shim_readers)
		shim_quiesce();
#endif
}

#endif
