// SPDX-License-Identifier: GPL-2.0-only
#include "world.h"

#include <linux/vfio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "container.h"
#include "group.h"
#include "memory.h"

#define KIB 1024ULL

/* clang-format off */
const struct part parts[AREAS] = {
	[AREA_SMALL]     = { 0,		MIB },
	[AREA_FILE]      = { MIB,	MIB },
	[AREA_THP]       = { 2 * MIB,	2 * MIB },
	[AREA_HUGETLB]   = { 4 * MIB,	2 * MIB },
	[AREA_READ_ONLY] = { 6 * MIB,			512 * KIB },
	[AREA_HOLE]      = { 6 * MIB + 512 * KIB,	512 * KIB },
	[AREA_LAZY]      = { 7 * MIB,			512 * KIB },
	[AREA_GUARD]     = { 7 * MIB + 512 * KIB,	512 * KIB },
};
/* clang-format on */

static void put(struct world *world, enum area area, int flags, int fd)
{
	void *wanted = world->arena + parts[area].offset;
	void *memory =
		mmap(wanted, parts[area].size, PROT_READ | PROT_WRITE, MAP_FIXED | flags, fd, 0);

	if (memory != wanted)
		fail("mmap of area %d: %m", area);
	if (area != AREA_THP && area != AREA_HUGETLB && fd < 0)
		want(madvise(memory, parts[area].size, MADV_NOHUGEPAGE), 0);
}

static void make_arena(struct world *world)
{
	const struct part *read_only = &parts[AREA_READ_ONLY];
	const struct part *thp = &parts[AREA_THP];
	const int private = MAP_PRIVATE | MAP_ANONYMOUS;

	world->arena = reserve(ARENA_SIZE, HUGE_2M);
	put(world, AREA_SMALL, private, -1);
	put(world, AREA_THP, private, -1);
	put(world, AREA_READ_ONLY, private, -1);
	put(world, AREA_LAZY, private, -1);
	put(world, AREA_HUGETLB, private | MAP_HUGETLB, -1);
	world->memfd = memfd_create("vfio-test", MFD_CLOEXEC);
	want(ftruncate(world->memfd, parts[AREA_FILE].size), 0);
	put(world, AREA_FILE, MAP_SHARED, world->memfd);
	want(madvise(world->arena + thp->offset, thp->size, MADV_HUGEPAGE), 0);
	arena_fill(world, 0, parts[AREA_HOLE].offset);
	want(mprotect(world->arena + read_only->offset, read_only->size, PROT_READ), 0);
}

void world_make(struct world *world, uint64_t from, enum backend backend, struct record *record)
{
	unsigned int i;

	world->backend = backend;
	world->rng = rng_make(from);
	world->record = record;
	make_arena(world);
	world->scratch = anon(EDUS * PAGE);
	edu_find(world->edus);
	for (i = 0; i < EDUS; i++)
		world->where[i] = -1;
	for (i = 0; i < CONTAINERS; i++) {
		world->containers[i] = (struct container){ .v1 = i == 1 };
		world->containers[i].fd = container_open();
		world->containers[i].all_noted = true;
	}
}

void world_end(struct world *world)
{
	bool groups_first = rng_once_in(&world->rng, 2);
	unsigned int i;

	if (groups_first)
		edu_forget(world->edus);
	for (i = 0; i < CONTAINERS; i++)
		want(close(world->containers[i].fd), 0);
	if (!groups_first)
		edu_forget(world->edus);
	close(world->memfd);
}

struct container *some_container(struct world *world)
{
	return &world->containers[rng_below(&world->rng, CONTAINERS)];
}

struct mapping *some_mapping(struct world *world, struct container *container)
{
	if (!container->count)
		return NULL;
	return &container->mappings[rng_below(&world->rng, container->count)];
}

void note_mapped(struct container *container, uint64_t iova, uint64_t size, uint64_t offset,
		 uint32_t flags)
{
	container->all_noted = container->all_noted && container->count < MOST_MAPPINGS;
	if (container->count < MOST_MAPPINGS)
		container->mappings[container->count++] = (struct mapping){
			.iova = iova,
			.size = size,
			.offset = offset,
			.flags = flags,
		};
}

void note_unmapped(struct container *container, uint64_t iova, uint64_t last)
{
	unsigned int i = 0;

	while (i < container->count) {
		struct mapping *mapping = &container->mappings[i];

		if (mapping->iova < iova || mapping->iova > last)
			i++;
		else
			*mapping = container->mappings[--container->count];
	}
}

void arena_fill(struct world *world, uint64_t offset, uint64_t size)
{
	fill(world->arena + offset, size, rng_next(&world->rng));
}

uint64_t sum(const void *memory, uint64_t size)
{
	const uint64_t *words = memory;
	uint64_t total = 0, i;

	for (i = 0; i < size / sizeof(*words); i++)
		total = (total ^ words[i]) * 0x9e3779b97f4a7c15;
	return total;
}

uint64_t arena_sum(const struct world *world)
{
	uint64_t total = 0;
	unsigned int i;

	for (i = 0; i < AREAS; i++)
		if (i != AREA_HOLE && i != AREA_GUARD)
			total = total * 31 + sum(world->arena + parts[i].offset, parts[i].size);
	return total;
}
