// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings under RLIMIT_MEMLOCK, by a process that it holds for.
 *
 * The arena is in slots, each of which is mapped at most once, in whichever container: from its
 * beginning, or from a place further on.
 */
#include <linux/vfio.h>

#include "check.h"
#include "container.h"
#include "count.h"
#include "group.h"
#include "steps.h"
#include "user.h"

#define SLOT (128 * 1024ULL)
#define SLOTS (ARENA_SIZE / SLOT)
#define SLOT_PAGES (SLOT / PAGE)
#define FIRST_IOVA 0x40000000ULL

static struct slot {
	bool mapped;
	struct container *container;
	uint64_t size;
} slots[SLOTS];

static uint64_t slot_iova(uint64_t i)
{
	return FIRST_IOVA + i * 2 * SLOT;
}

static void tell(struct world *world, enum kind kind, int ret, const char *what, uint64_t a,
		 uint64_t b)
{
	told(world, kind, ret, "%s %llx %llx: locked %llx", what, (long long)a, (long long)b,
	     (long long)vm_lck());
}

static void map_slot(struct world *world, uint64_t i)
{
	struct container *container = some_container(world);
	uint64_t first = rng_once_in(&world->rng, 2) ? 0 : rng_below(&world->rng, SLOT_PAGES);
	uint64_t size = (1 + rng_below(&world->rng, SLOT_PAGES - first)) * PAGE;
	int ret = container_map(container->fd, world->arena + i * SLOT + first * PAGE, size,
				slot_iova(i), MAP_BOTH);

	if (!ret)
		slots[i] = (struct slot){ true, container, size };
	tell(world, KIND_MAP, ret, "map", i, size);
}

static void unmap_slot(struct world *world, uint64_t i)
{
	int ret = container_unmap(slots[i].container->fd, slot_iova(i), slots[i].size, NULL);

	want(ret, 0);
	slots[i].mapped = false;
	tell(world, KIND_UNMAP, ret, "unmap", i, slots[i].size);
}

/* Around what is locked now, to the page, more often than not. */
static void new_limit(struct world *world)
{
	uint64_t limit = vm_lck() + rng_below(&world->rng, 64) * PAGE;

	if (rng_once_in(&world->rng, 4))
		limit = rng_below(&world->rng, ARENA_SIZE);
	set_limit(limit);
	tell(world, KIND_OTHER, 0, "limit", limit, 0);
}

/* With a container's last device its mappings go, and with them what is charged. */
static void forget_slots(struct container *container)
{
	uint64_t i;

	for (i = 0; i < SLOTS; i++)
		if (slots[i].container == container)
			slots[i].mapped = false;
}

static void move_device(struct world *world)
{
	unsigned int i = rng_below(&world->rng, EDUS);
	struct container *old = &world->containers[world->where[i]], *next = some_container(world);
	int ret = group_detach(world->edus[i].group);

	want(ret, 0);
	if (!--old->groups)
		forget_slots(old);
	tell(world, KIND_DETACH, ret, "detach", i, 0);
	ret = group_attach(world->edus[i].group, next->fd);
	if (!ret && !next->groups)
		ret = container_set_iommu(next->fd, VFIO_TYPE1v2_IOMMU);
	want(ret, 0);
	next->groups++;
	world->where[i] = next - world->containers;
	tell(world, KIND_ATTACH, ret, "attach", i, world->where[i]);
}

static void one_step(struct world *world)
{
	uint64_t i = rng_below(&world->rng, SLOTS);

	switch (rng_below(&world->rng, 16)) {
	case 0:
		move_device(world);
		break;
	case 1 ... 3:
		new_limit(world);
		break;
	default:
		if (slots[i].mapped)
			unmap_slot(world, i);
		else
			map_slot(world, i);
		break;
	}
}

void limit_steps_make(struct world *world, uint64_t count)
{
	unsigned int i;

	for (i = 0; i < EDUS; i++) {
		struct container *container = &world->containers[i % CONTAINERS];

		want(group_attach(world->edus[i].group, container->fd), 0);
		if (!container->groups++)
			want(container_set_iommu(container->fd, VFIO_TYPE1v2_IOMMU), 0);
		want(backend_of(container->fd), world->backend);
		world->where[i] = i % CONTAINERS;
	}
	drop_ipc_lock();
	while (count--)
		one_step(world);
}
