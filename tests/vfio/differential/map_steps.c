// SPDX-License-Identifier: GPL-2.0-only
/*
 * MAP_DMA and UNMAP_DMA.
 */
#include <linux/vfio.h>

#include "container.h"
#include "steps.h"

static int name_of(struct world *world, struct container *container)
{
	return container - world->containers;
}

static uint32_t some_map_flags(struct world *world)
{
	switch (rng_below(&world->rng, 30)) {
	case 0:
		return 0;
	case 1:
		return rng_next(&world->rng);
	case 2:
		return rng_below(&world->rng, 8);
	case 3 ... 6:
		return MAP_READ;
	case 7:
		return MAP_WRITE;
	default:
		return MAP_BOTH;
	}
}

static int map_call_at(struct world *world, struct container *container, uint64_t va, uint64_t size,
		       uint64_t iova, uint32_t flags)
{
	struct vfio_iommu_type1_dma_map map = {
		.flags = flags,
		.vaddr = va,
		.iova = iova,
		.size = size,
	};

	map.argsz = some_argsz(world, sizeof(map));
	return vfio_call(container->fd, VFIO_IOMMU_MAP_DMA, ADDRESS(&map));
}

void step_map(struct world *world)
{
	struct container *container = some_container(world);
	uint64_t offset = some_offset(world), va = ADDRESS(world->arena) + offset;
	uint64_t size = some_size(world), iova = some_iova(world);
	uint32_t flags = some_map_flags(world);
	int ret;

	if (rng_once_in(&world->rng, 60))
		va = offset = -rng_below(&world->rng, 64) * PAGE;
	if (!type1_finds(iova, size))
		return;
	ret = map_call_at(world, container, va, size, iova, flags);
	if (!ret && flags & MAP_BOTH)
		note_mapped(container, iova, size, offset, flags);
	told(world, KIND_MAP, ret, "map %d iova %llx size %llx memory %llx flags %x",
	     name_of(world, container), (long long)iova, (long long)size, (long long)offset, flags);
}

/* Of a mapping, or some of it, or of several, or of nothing. */
static void some_range(struct world *world, struct container *container, uint64_t *iova,
		       uint64_t *size)
{
	struct mapping *mapping = some_mapping(world, container);
	struct rng *rng = &world->rng;

	*iova = some_iova(world);
	*size = some_size(world);
	if (!mapping || rng_once_in(rng, 6))
		return;
	*iova = mapping->iova;
	*size = mapping->size;
	switch (rng_below(rng, 10)) {
	case 0:
		*iova += rng_below(rng, *size / PAGE) * PAGE;
		break;
	case 1:
		*size = (1 + rng_below(rng, *size / PAGE)) * PAGE;
		break;
	case 2:
		*iova -= rng_below(rng, 32) * PAGE;
		*size += rng_below(rng, 64) * PAGE;
		break;
	case 3:
		*size += rng_below(rng, 16) * HUGE_2M;
		break;
	default:
		break;
	}
}

static uint32_t some_unmap_flags(struct world *world)
{
	switch (rng_below(&world->rng, 60)) {
	case 0:
		return rng_next(&world->rng);
	case 1:
		return rng_below(&world->rng, 8) & ~VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP;
	default:
		return 0;
	}
}

static void unmap_with(struct world *world, struct container *container, uint32_t flags,
		       uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_unmap unmap = { .flags = flags, .iova = iova, .size = size };
	uint64_t last = iova + size - 1;
	int ret;

	unmap.argsz = some_argsz(world, sizeof(unmap));
	if (!type1_finds(iova, size))
		return;
	ret = vfio_call(container->fd, VFIO_IOMMU_UNMAP_DMA, ADDRESS(&unmap));
	if (!ret && flags & VFIO_DMA_UNMAP_FLAG_ALL)
		last = ~0ULL;
	if (!ret && unmap.size && !(flags & VFIO_DMA_UNMAP_FLAG_VADDR))
		note_unmapped(container, iova, last);
	told(world, flags & VFIO_DMA_UNMAP_FLAG_ALL ? KIND_UNMAP_ALL : KIND_UNMAP, ret,
	     "unmap %d iova %llx size %llx flags %x: argsz %x flags %x iova %llx size %llx",
	     name_of(world, container), (long long)iova, (long long)size, flags, unmap.argsz,
	     unmap.flags, (long long)unmap.iova, (long long)unmap.size);
}

void step_unmap(struct world *world)
{
	struct container *container = some_container(world);
	uint64_t iova, size;

	some_range(world, container, &iova, &size);
	unmap_with(world, container, some_unmap_flags(world), iova, size);
}

void step_unmap_all(struct world *world)
{
	struct container *container = some_container(world);
	uint64_t iova = rng_once_in(&world->rng, 4) ? some_iova(world) : 0;

	unmap_with(world, container, VFIO_DMA_UNMAP_FLAG_ALL, iova, 0);
}

/* Addresses become invalid, as for a live update, and valid again a few steps later. */
void step_vaddr(struct world *world)
{
	struct container *container = some_container(world);
	struct mapping *mapping = some_mapping(world, container);
	uint64_t iova, size;
	int ret;

	if (rng_once_in(&world->rng, 2)) {
		some_range(world, container, &iova, &size);
		unmap_with(world, container, VFIO_DMA_UNMAP_FLAG_VADDR, iova, size);
		return;
	}
	if (!mapping)
		return;
	if (rng_once_in(&world->rng, 2))
		unmap_with(world, container, VFIO_DMA_UNMAP_FLAG_VADDR, mapping->iova,
			   mapping->size);
	ret = map_call_at(world, container, ADDRESS(world->arena) + mapping->offset, mapping->size,
			  mapping->iova, VFIO_DMA_MAP_FLAG_VADDR);
	told(world, KIND_VADDR, ret, "vaddr %d iova %llx size %llx", name_of(world, container),
	     (long long)mapping->iova, (long long)mapping->size);
}
