/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_ATOMIC_H
#define SHIM_LINUX_ATOMIC_H

#include <linux/types.h>

#include "step.h"

typedef struct {
	s64 counter;
} atomic64_t;

typedef struct {
	long counter;
} atomic_long_t;

static inline s64 atomic64_read(const atomic64_t *value)
{
	return __atomic_load_n(&value->counter, __ATOMIC_RELAXED);
}

static inline void atomic64_set(atomic64_t *value, s64 n)
{
	__atomic_store_n(&value->counter, n, __ATOMIC_RELAXED);
}

static inline void atomic64_inc(atomic64_t *value)
{
	SHIM_STEP();
	__atomic_fetch_add(&value->counter, 1, __ATOMIC_SEQ_CST);
}

static inline void atomic64_dec(atomic64_t *value)
{
	__atomic_fetch_sub(&value->counter, 1, __ATOMIC_RELAXED);
}

static inline void atomic64_sub(s64 n, atomic64_t *value)
{
	__atomic_fetch_sub(&value->counter, n, __ATOMIC_SEQ_CST);
}

static inline long atomic_long_read(const atomic_long_t *value)
{
	return __atomic_load_n(&value->counter, __ATOMIC_RELAXED);
}

static inline void atomic_long_inc(atomic_long_t *value)
{
	SHIM_STEP();
	__atomic_fetch_add(&value->counter, 1, __ATOMIC_SEQ_CST);
}

static inline void atomic_long_dec(atomic_long_t *value)
{
	SHIM_STEP();
	__atomic_fetch_sub(&value->counter, 1, __ATOMIC_SEQ_CST);
}

static inline void atomic_long_set(atomic_long_t *value, long n)
{
	__atomic_store_n(&value->counter, n, __ATOMIC_RELAXED);
}

static inline long atomic_long_add_return(long n, atomic_long_t *value)
{
	SHIM_STEP();
	return __atomic_add_fetch(&value->counter, n, __ATOMIC_SEQ_CST);
}

static inline bool atomic_long_inc_not_zero(atomic_long_t *value)
{
	long old;

	SHIM_STEP();
	old = atomic_long_read(value);
	do {
		if (!old)
			return false;
	} while (!__atomic_compare_exchange_n(&value->counter, &old, old + 1, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	return true;
}

/* What goes before has that order already. */
#define smp_mb__after_atomic()

/* Returns what was there. */
#define cmpxchg(place, old, new)                                                            \
	({                                                                                  \
		__typeof__(*(place)) shim_old = (old);                                      \
		SHIM_STEP();                                                                \
		__atomic_compare_exchange_n(place, &shim_old, new, false, __ATOMIC_SEQ_CST, \
					    __ATOMIC_ACQUIRE);                              \
		shim_old;                                                                   \
	})

#endif
