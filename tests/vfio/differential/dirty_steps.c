// SPDX-License-Identifier: GPL-2.0-only
/*
 * DIRTY_PAGES, and UNMAP_DMA with a bitmap.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <string.h>

#include "check.h"
#include "container.h"
#include "steps.h"

#define MOST_BITMAP (64 * 1024ULL)

static uint64_t bits[MOST_BITMAP / sizeof(uint64_t)];

struct dirty_get {
	struct vfio_iommu_type1_dirty_bitmap head;
	struct vfio_iommu_type1_dirty_bitmap_get get;
};

struct unmap_get {
	struct vfio_iommu_type1_dma_unmap head;
	struct vfio_bitmap bitmap;
};

static uint64_t some_granule(struct world *world)
{
	switch (rng_below(&world->rng, 20)) {
	case 0:
		return 1ULL << rng_below(&world->rng, 63);
	case 1:
		return 1 + rng_below(&world->rng, 3 * PAGE);
	default:
		return PAGE;
	}
}

/* Of a range: the right size, rounded up as type1 wants it, or something else. */
static struct vfio_bitmap some_bitmap(struct world *world, uint64_t size)
{
	uint64_t right = (size / PAGE + 63) / 64 * 8;
	struct vfio_bitmap bitmap = {
		.pgsize = some_granule(world),
		.size = right,
		.data = (void *)bits,
	};

	if (rng_once_in(&world->rng, 20))
		bitmap.size = rng_below(&world->rng, MOST_BITMAP);
	if (rng_once_in(&world->rng, 40))
		bitmap.size = rng_next(&world->rng);
	if (bitmap.size > MOST_BITMAP || rng_once_in(&world->rng, 40))
		bitmap.data = (void *)(ADDRESS(world->arena) + parts[AREA_HOLE].offset);
	memset(bits, 0, sizeof(bits));
	return bitmap;
}

/* Of a mapping, of several, or of anything. */
static void some_dirty_range(struct world *world, struct container *container, uint64_t *iova,
			     uint64_t *size)
{
	struct mapping *mapping = some_mapping(world, container);

	*iova = some_iova(world);
	*size = some_size(world);
	if (!mapping || rng_once_in(&world->rng, 8))
		return;
	*iova = mapping->iova;
	*size = mapping->size;
	if (rng_once_in(&world->rng, 4))
		*size += rng_below(&world->rng, 512) * PAGE;
	if (rng_once_in(&world->rng, 8))
		*iova -= rng_below(&world->rng, 64) * PAGE;
}

static bool is_mapped(const struct container *container, uint64_t iova)
{
	if (iova - SCRATCH_IOVA < EDUS * PAGE)
		return true;
	for (unsigned int i = 0; i < container->count; i++)
		if (iova - container->mappings[i].iova < container->mappings[i].size)
			return true;
	return false;
}

/*
 * A number for the bits of what is mapped. type1 may leave others set, which an earlier call has
 * moved (docs/vfio.md); ioasid-vfio must not.
 */
static uint64_t bits_sum(const struct world *world, const struct container *container,
			 uint64_t iova, uint64_t size)
{
	uint64_t page;

	for (page = 0; page < 8 * sizeof(bits); page++) {
		uint64_t *word = &bits[page / 64], bit = 1ULL << page % 64;

		if (!(*word & bit) || !container->all_noted)
			continue;
		if (page < size / PAGE && is_mapped(container, iova + page * PAGE))
			continue;
		if (world->backend == BACKEND_IOASID)
			fail("dirty: page %llu from %llx, which isn't mapped", (long long)page,
			     (long long)iova);
		*word &= ~bit;
	}
	return sum(bits, sizeof(bits));
}

static void get_bitmap(struct world *world, struct container *container, uint32_t more_flags)
{
	struct dirty_get arg = {
		.head.flags = VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP | more_flags,
	};
	int ret;

	some_dirty_range(world, container, (uint64_t *)&arg.get.iova, (uint64_t *)&arg.get.size);
	arg.get.bitmap = some_bitmap(world, arg.get.size);
	arg.head.argsz = some_argsz(world, sizeof(arg));
	if (!type1_finds(arg.get.iova, arg.get.size))
		return;
	ret = vfio_call(container->fd, VFIO_IOMMU_DIRTY_PAGES, ADDRESS(&arg));
	told(world, KIND_DIRTY, ret,
	     "dirty %d get iova %llx size %llx granule %llx bytes %llx flags %x: %016llx",
	     (int)(container - world->containers), (long long)arg.get.iova, (long long)arg.get.size,
	     (long long)arg.get.bitmap.pgsize, (long long)arg.get.bitmap.size, arg.head.flags,
	     (long long)bits_sum(world, container, arg.get.iova, arg.get.size));
}

static void switch_tracking(struct world *world, struct container *container)
{
	struct vfio_iommu_type1_dirty_bitmap arg = {
		.flags = rng_once_in(&world->rng, 3) ? VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP :
						       VFIO_IOMMU_DIRTY_PAGES_FLAG_START,
	};
	int ret;

	if (rng_once_in(&world->rng, 16))
		arg.flags = 1 + rng_below(&world->rng, 16);
	if (arg.flags == VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP)
		return;
	arg.argsz = some_argsz(world, sizeof(arg));
	ret = vfio_call(container->fd, VFIO_IOMMU_DIRTY_PAGES, ADDRESS(&arg));
	told(world, KIND_DIRTY, ret, "dirty %d switch %x", (int)(container - world->containers),
	     arg.flags);
}

void step_dirty(struct world *world)
{
	struct container *container = some_container(world);

	switch (rng_below(&world->rng, 4)) {
	case 0:
		switch_tracking(world, container);
		break;
	case 1:
		get_bitmap(world, container, rng_once_in(&world->rng, 8) ? 1 : 0);
		break;
	default:
		get_bitmap(world, container, 0);
		break;
	}
}

void step_unmap_dirty(struct world *world)
{
	struct container *container = some_container(world);
	struct unmap_get arg = { .head.flags = VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP };
	uint64_t iova, size, dirty;
	int ret;

	some_dirty_range(world, container, &iova, &size);
	arg.head.iova = iova;
	arg.head.size = size;
	arg.bitmap = some_bitmap(world, size);
	arg.head.argsz = some_argsz(world, sizeof(arg));
	if (!type1_finds(iova, size))
		return;
	ret = vfio_call(container->fd, VFIO_IOMMU_UNMAP_DMA, ADDRESS(&arg));
	dirty = bits_sum(world, container, iova, size);
	/* When the bitmap can't be written, what came before is gone. */
	if (!ret || ret == -EFAULT)
		note_unmapped(container, iova, iova + size - 1);
	told(world, KIND_DIRTY, ret,
	     "dirty %d unmap iova %llx size %llx granule %llx bytes %llx: %llx, %016llx",
	     (int)(container - world->containers), (long long)iova, (long long)size,
	     (long long)arg.bitmap.pgsize, (long long)arg.bitmap.size, (long long)arg.head.size,
	     (long long)dirty);
}
