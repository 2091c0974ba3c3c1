// SPDX-License-Identifier: GPL-2.0-only
/*
 * scale: what one more call costs when there are many mappings, or many pins.
 *
 * Run under -icount, where a nanosecond of the guest is an instruction: `make bench-scale`. The
 * column "growth" is the cost relative to the first line, "log" what it would be if it grew with
 * the logarithm of the number.
 *
 *	scale [MAPPINGS [PINS]]
 */
#include <math.h>
#include <string.h>
#include <time.h>

#include "common.h"

#define SAMPLES 256
#define BATCH 1024

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int fd;
static uint32_t ioas;
static char *memory;

/* Map one page at each of these IOVAs, which have a page between them. */
static void map_many(uint64_t from, uint64_t to)
{
	static struct ioasid_batch_entry entries[BATCH];
	struct ioasid_map_batch batch = {
		.size = sizeof(batch),
		.flags = IOASID_BATCH_STOP,
		.ioas_id = ioas,
		.entries = (uintptr_t)entries,
	};
	uint64_t i;

	while (from < to) {
		batch.count = to - from < BATCH ? to - from : BATCH;
		for (i = 0; i < batch.count; i++)
			entries[i] = (struct ioasid_batch_entry){
				.op = IOASID_BATCH_MAP,
				.flags = IOASID_MAP_READ | IOASID_MAP_FIXED,
				.va = (uintptr_t)memory,
				.length = PAGE,
				.iova = GIB + (from + i) * 2 * PAGE,
			};
		if (ioctl(fd, IOASID_MAP_BATCH, &batch) || batch.out_failed)
			errx(1, "MAP_BATCH: %u of %u failed", batch.out_failed, batch.out_done);
		from += batch.count;
	}
}

struct cost {
	uint64_t map;
	uint64_t unmap;
};

/* The mean cost of a map and an unmap at IOVAs all over the place. */
static struct cost sample(uint64_t there, uint64_t span, const char *va, uint64_t stride)
{
	struct cost cost = {};
	uint64_t i, iova, start;

	for (i = 0; i < SAMPLES; i++) {
		iova = GIB + (i * 2654435761ULL % there) * 2 * PAGE + span;
		start = now();
		map_at(fd, ioas, va + i * stride, PAGE, iova);
		cost.map += now() - start;
		start = now();
		unmap(fd, ioas, iova, PAGE);
		cost.unmap += now() - start;
	}
	cost.map /= SAMPLES;
	cost.unmap /= SAMPLES;
	return cost;
}

static void line(const char *what, uint64_t n, struct cost cost)
{
	static struct cost first;
	static uint64_t first_n;
	static const char *of;

	if (of != what) {
		of = what;
		first = cost;
		first_n = n;
		printf("%10s %10s %8s %10s %8s %8s\n", what, "map", "growth", "unmap", "growth",
		       "log");
	}
	printf("%10llu %10llu %8.2f %10llu %8.2f %8.2f\n", (unsigned long long)n,
	       (unsigned long long)cost.map, (double)cost.map / first.map,
	       (unsigned long long)cost.unmap, (double)cost.unmap / first.unmap,
	       log2(n) / log2(first_n));
}

static void mappings(uint64_t most)
{
	uint64_t n, there = 0;

	for (n = 1000; n <= most; n *= 10) {
		map_many(there, n);
		there = n;
		if (query(fd, IOASID_SCOPE_IOAS, ioas).mappings != n)
			errx(1, "there are %llu mappings, not %llu",
			     (unsigned long long)query(fd, IOASID_SCOPE_IOAS, ioas).mappings,
			     (unsigned long long)n);
		line("mappings", n, sample(n, PAGE, memory, 0));
	}
	if (unmap(fd, ioas, GIB, most * 2 * PAGE) != there * PAGE)
		errx(1, "not all were unmapped");
}

/* One pin for each page: every other page is mapped alone. */
static void pins(uint64_t most)
{
	char *many = memory_of((most + SAMPLES) * 2 * PAGE, MAP_NORESERVE);
	uint64_t n, i, there = 0;

	if (!many || madvise(many, (most + SAMPLES) * 2 * PAGE, MADV_NOHUGEPAGE))
		err(1, "memory for the pins");
	for (n = 1000; n <= most; n *= 10) {
		for (i = there; i < n; i++)
			map_at(fd, ioas, many + i * 2 * PAGE, PAGE, GIB + i * 2 * PAGE);
		there = n;
		/* The page that stays mapped for the mappings' samples is one pin more. */
		if (query(fd, IOASID_SCOPE_PROCESS, 0).pins != n)
			errx(1, "there are %llu pins, not %llu",
			     (unsigned long long)query(fd, IOASID_SCOPE_PROCESS, 0).pins,
			     (unsigned long long)n);
		/* Pages that nobody has pinned yet, each between two that are. */
		memset(many + PAGE, 1, 1);
		for (i = 0; i < SAMPLES; i++)
			many[PAGE + i * 2 * PAGE] = 1;
		line("pins", n, sample(n, PAGE, many + PAGE, 2 * PAGE));
	}
	if (unmap(fd, ioas, GIB, most * 2 * PAGE) != there * PAGE)
		errx(1, "not all were unmapped");
}

int main(int argc, char **argv)
{
	fd = device_open();
	ioas = make_ioas(fd);
	memory = memory_of(PAGE, 0);
	if (!memory)
		err(1, "memory");
	memory[0] = 1;
	mappings(argc > 1 ? strtoull(argv[1], NULL, 0) : 1000000);
	pins(argc > 2 ? strtoull(argv[2], NULL, 0) : 100000);
	if (query(fd, IOASID_SCOPE_PROCESS, 0).pinned)
		errx(1, "something is still pinned");
	return 0;
}
