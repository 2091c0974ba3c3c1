/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers that a seed repeats, and sizes from the environment: SEED, STEPS. */
#ifndef UNIT_RANDOM_H
#define UNIT_RANDOM_H

#include <stdio.h>
#include <stdlib.h>

static inline unsigned long from_env(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value && *value ? strtoul(value, NULL, 0) : otherwise;
}

static unsigned long long random_state;

static inline void random_begin(void)
{
	random_state = from_env("SEED", 1);
	printf("# SEED=%llu\n", random_state);
	random_state = random_state * 2654435761ULL + 88172645463325252ULL;
}

/* A number below @n. */
static inline unsigned long long below(unsigned long long n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % n;
}

#endif
