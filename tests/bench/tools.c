// SPDX-License-Identifier: GPL-2.0-only
/*
 * tools: what a map and an unmap of a page cost while tools look on.
 *
 * Run under -icount, where a nanosecond of the guest is an instruction: `make bench-tools`. Prints
 * the instructions of a map call that pins its page, and of the unmap call that lets it go: first
 * the least of some batches, which is what the calls themselves take, as interrupts and other
 * programs only add; then the mean of all, with whatever the tool did on the same processor to
 * show or keep what it was told.
 */
#include <time.h>

#include "common.h"

#define BATCHES 128
#define BATCH 64

struct cost {
	uint64_t least;
	uint64_t sum;
};

static int fd;
static uint32_t ioas;
static char *memory;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void map_all(void)
{
	for (int i = 0; i < BATCH; i++)
		map_at(fd, ioas, memory + i * PAGE, PAGE, GIB + i * PAGE);
}

static void unmap_all(void)
{
	for (int i = 0; i < BATCH; i++)
		unmap(fd, ioas, GIB + i * PAGE, PAGE);
}

static void measure(struct cost *cost, void (*work)(void))
{
	uint64_t begun = now(), spent;

	work();
	spent = now() - begun;
	cost->sum += spent;
	if (!cost->least || spent < cost->least)
		cost->least = spent;
}

int main(void)
{
	struct cost map = { 0 }, unmapped = { 0 };

	fd = device_open();
	ioas = make_ioas(fd);
	memory = memory_of(BATCH * PAGE, 0);
	if (!memory)
		err(1, "memory");
	for (int i = 0; i < BATCH; i++)
		memory[i * PAGE] = 1;
	map_all();
	unmap_all();
	for (int i = 0; i < BATCHES; i++) {
		measure(&map, map_all);
		measure(&unmapped, unmap_all);
	}
	printf("%llu %llu %llu %llu\n", (unsigned long long)map.least / BATCH,
	       (unsigned long long)unmapped.least / BATCH,
	       (unsigned long long)map.sum / BATCH / BATCHES,
	       (unsigned long long)unmapped.sum / BATCH / BATCHES);
	return 0;
}
