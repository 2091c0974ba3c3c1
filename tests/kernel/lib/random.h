/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random numbers that come again with the same seed, and sizes from the environment.
 *
 *	SEED	where random tests start; chosen anew for each run when it is not set
 *	STEPS	steps of a random sequence
 *	RUNS	how often something is repeated
 *	FULL	when set, the last two are ten times as large unless they are set themselves
 *
 * A debug kernel is slow, so that defaults are smaller there.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

/* SEED, or a seed of the moment. The caller puts it in context(). */
uint64_t seed(void);
struct rng rng_make(uint64_t from);
uint64_t rng_next(struct rng *rng);
/* A number below limit. */
uint64_t rng_below(struct rng *rng, uint64_t limit);
/* True once in n times. */
bool rng_once_in(struct rng *rng, uint64_t n);

uint64_t steps(uint64_t on_stock, uint64_t on_debug);
uint64_t runs(uint64_t on_stock, uint64_t on_debug);
/* Is this the debug kernel? */
bool kernel_is_debug(void);

#endif /* RANDOM_H */
