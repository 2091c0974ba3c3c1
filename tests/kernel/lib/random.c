// SPDX-License-Identifier: GPL-2.0-only
#include "random.h"

#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "check.h"

#define FULL_SIZE 10

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	char *end;
	uint64_t number;

	if (!text || !*text)
		return otherwise;
	number = strtoull(text, &end, 0);
	if (*end)
		fail("%s=%s is not a number", name, text);
	return number;
}

uint64_t seed(void)
{
	uint32_t moment;

	want(getrandom(&moment, sizeof(moment), 0), sizeof(moment));
	return from_environment("SEED", moment);
}

/* splitmix64: every seed is a good one, and neighbours have nothing in common. */
struct rng rng_make(uint64_t from)
{
	return (struct rng){ .state = from };
}

uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint64_t rng_below(struct rng *rng, uint64_t limit)
{
	return rng_next(rng) % limit;
}

bool rng_once_in(struct rng *rng, uint64_t n)
{
	return rng_below(rng, n) == 0;
}

bool kernel_is_debug(void)
{
	return access("/proc/self/fail-nth", F_OK) == 0;
}

static uint64_t size_of_test(const char *name, uint64_t on_stock, uint64_t on_debug)
{
	const char *full = getenv("FULL");
	uint64_t size = kernel_is_debug() ? on_debug : on_stock;

	return from_environment(name, full && *full ? size * FULL_SIZE : size);
}

uint64_t steps(uint64_t on_stock, uint64_t on_debug)
{
	return size_of_test("STEPS", on_stock, on_debug);
}

uint64_t runs(uint64_t on_stock, uint64_t on_debug)
{
	return size_of_test("RUNS", on_stock, on_debug);
}
