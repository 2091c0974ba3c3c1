// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory: how much memory ioasid takes for itself per GiB that is pinned, page tables aside.
 *
 * One line for each kind of memory: scattered 4K pages (no two neighbours are contiguous), huge
 * pages, one hugetlb page of 1 GiB. The figures are the kernel's own count, from QUERY. Prints TAP,
 * so that it is a test, too: a figure over its limit is "not ok".
 */
#include <string.h>

#include "common.h"

struct kind {
	const char *name;
	void *(*make)(uint64_t size);
	uint64_t size;
	uint64_t limit; /* bytes per GiB */
	uint64_t runs; /* the most that it can have, if it is that kind of memory */
	uint64_t fewest;
};

/* Every other page first, then the ones between: no two neighbours come from one place. */
static void *scattered(uint64_t size)
{
	char *memory = memory_of(size, MAP_NORESERVE);
	uint64_t i;

	if (!memory || madvise(memory, size, MADV_NOHUGEPAGE))
		err(1, "scattered memory");
	for (i = 0; i < size; i += 2 * PAGE)
		memory[i] = 1;
	for (i = PAGE; i < size; i += 2 * PAGE)
		memory[i] = 1;
	return memory;
}

static void *huge(uint64_t size)
{
	char *memory = memory_of(size + 2 * MIB, MAP_NORESERVE);

	if (!memory)
		return NULL;
	memory = (char *)(((uintptr_t)memory + 2 * MIB - 1) & -(2 * MIB));
	if (madvise(memory, size, MADV_HUGEPAGE))
		return NULL;
	memset(memory, 1, size);
	return memory;
}

static void *gigantic(uint64_t size)
{
	char *memory = memory_of(size, MAP_HUGETLB | 30 << MAP_HUGE_SHIFT);

	if (memory)
		memory[0] = 1;
	return memory;
}

static const struct kind kinds[] = {
	{ "scattered 4K pages", scattered, GIB, 5 * MIB / 2, GIB / PAGE, GIB / PAGE * 9 / 10 },
	{ "huge pages (THP)", huge, GIB, 16 * 1024, GIB / (2 * MIB), 1 },
	{ "one page of 1 GiB", gigantic, GIB, 4 * 1024, 1, 1 },
};

static void measure(const struct kind *kind, unsigned int number)
{
	struct ioasid_query process, space;
	uint64_t bytes, per_gib;
	int fd = device_open();
	uint32_t ioas = make_ioas(fd);
	void *memory = kind->make(kind->size);

	if (!memory) {
		printf("not ok %u - %s: there is no such memory here\n", number, kind->name);
		return;
	}
	map_at(fd, ioas, memory, kind->size, GIB);
	process = query(fd, IOASID_SCOPE_PROCESS, 0);
	space = query(fd, IOASID_SCOPE_IOAS, ioas);
	bytes = process.metadata + space.metadata;
	per_gib = bytes * GIB / kind->size;
	/* Neighbours that happen to be contiguous are one run. */
	if (process.pinned != kind->size || process.runs > kind->runs ||
	    process.runs < kind->fewest)
		printf("not ok %u - %s: %llu bytes in %llu runs, not %llu\n", number, kind->name,
		       (unsigned long long)process.pinned, (unsigned long long)process.runs,
		       (unsigned long long)kind->runs);
	else
		printf("%s %u - %s: %llu bytes per GiB, limit %llu; %llu runs, %.2f bytes each\n",
		       per_gib <= kind->limit ? "ok" : "not ok", number, kind->name,
		       (unsigned long long)per_gib, (unsigned long long)kind->limit,
		       (unsigned long long)process.runs, (double)bytes / process.runs);
	close(fd);
	munmap(memory, kind->size);
}

int main(void)
{
	unsigned int i;

	printf("1..%zu\n", sizeof(kinds) / sizeof(*kinds));
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		measure(&kinds[i], i + 1);
	return 0;
}
