// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy: what a charge and a placement cost under the policies that are loaded.
 *
 * Run under -icount, where a nanosecond of the guest is an instruction: `make bench-policy`. Prints
 * the instructions of a map and unmap of a page, the least of some batches, as interrupts only add:
 * of a page that has to be charged and pinned for it, at a fixed IOVA; and of one that is pinned
 * already, where the policy says.
 */
#include <time.h>

#include "common.h"

#define BATCHES 64
#define BATCH 64

static int fd;
static uint32_t ioas;
static char *memory;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void charge(void)
{
	map_at(fd, ioas, memory, PAGE, GIB);
	unmap(fd, ioas, GIB, PAGE);
}

static void place(void)
{
	struct ioasid_map map = {
		.size = sizeof(map),
		.flags = IOASID_MAP_READ | IOASID_MAP_WRITE,
		.ioas_id = ioas,
		.va = (uintptr_t)memory,
		.length = PAGE,
	};

	if (ioctl(fd, IOASID_MAP, &map))
		err(1, "MAP anywhere");
	unmap(fd, ioas, map.iova, PAGE);
}

static void pin(void)
{
	struct ioasid_pin args = {
		.size = sizeof(args),
		.flags = IOASID_PIN_WRITE,
		.va = (uintptr_t)memory,
		.length = PAGE,
	};

	if (ioctl(fd, IOASID_PIN, &args))
		err(1, "PIN");
}

static uint64_t measure(void (*work)(void))
{
	uint64_t best = UINT64_MAX, begun, spent;
	int i, batch;

	for (batch = 0; batch < BATCHES; batch++) {
		begun = now();
		for (i = 0; i < BATCH; i++)
			work();
		spent = now() - begun;
		best = spent < best ? spent : best;
	}
	return best / BATCH;
}

int main(void)
{
	uint64_t cost;

	fd = device_open();
	ioas = make_ioas(fd);
	memory = memory_of(PAGE, 0);
	if (!memory)
		err(1, "memory");
	memory[0] = 1;
	cost = measure(charge);
	pin();
	printf("%llu %llu\n", (unsigned long long)cost, (unsigned long long)measure(place));
	return 0;
}
