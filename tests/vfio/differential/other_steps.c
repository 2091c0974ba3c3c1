// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a container tells of itself, calls that nobody has, and memory that changes under it all.
 */
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "check.h"
#include "container.h"
#include "steps.h"

#define INFO_ROOM 256

/* How many more mappings there may be is the one number that may differ. */
static void hide_dma_avail(uint8_t *info)
{
	struct vfio_iommu_type1_info *head = (void *)info;
	uint32_t at = head->flags & VFIO_IOMMU_INFO_CAPS ? head->cap_offset : 0;

	while (at && at + sizeof(struct vfio_iommu_type1_info_dma_avail) <= INFO_ROOM) {
		struct vfio_info_cap_header *cap = (void *)(info + at);

		if (cap->id == VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL)
			((struct vfio_iommu_type1_info_dma_avail *)cap)->avail = 0;
		at = cap->next;
	}
}

void step_info(struct world *world)
{
	struct container *container = some_container(world);
	_Alignas(8) uint8_t info[INFO_ROOM] = {};
	uint32_t argsz = rng_once_in(&world->rng, 2) ? INFO_ROOM :
						       rng_below(&world->rng, INFO_ROOM);
	char text[2 * INFO_ROOM + 1];
	unsigned int i;
	int ret;

	memcpy(info, &argsz, sizeof(argsz));
	ret = vfio_call(container->fd, VFIO_IOMMU_GET_INFO, ADDRESS(info));
	if (!ret && argsz >= sizeof(struct vfio_iommu_type1_info))
		hide_dma_avail(info);
	for (i = 0; i < INFO_ROOM; i++)
		snprintf(text + 2 * i, 3, "%02x", info[i]);
	told(world, KIND_INFO, ret, "info %d argsz %x: %s", (int)(container - world->containers),
	     argsz, text);
}

void step_extension(struct world *world)
{
	struct container *container = some_container(world);
	uint64_t number = rng_once_in(&world->rng, 8) ? rng_next(&world->rng) :
							rng_below(&world->rng, 24);
	int ret = vfio_call(container->fd, VFIO_CHECK_EXTENSION, number);

	told(world, KIND_EXTENSION, ret, "extension %d of %llx",
	     (int)(container - world->containers), (long long)number);
}

/* SET_IOMMU where there is one, calls with numbers of other backends, arguments out of nowhere. */
void step_other(struct world *world)
{
	static const unsigned long requests[] = {
		VFIO_GET_API_VERSION, VFIO_IOMMU_GET_INFO,    VFIO_IOMMU_MAP_DMA,
		VFIO_IOMMU_UNMAP_DMA, VFIO_IOMMU_DIRTY_PAGES,
	};
	struct container *container = some_container(world);
	unsigned long request = requests[rng_below(&world->rng, ARRAY_SIZE(requests))];
	uintptr_t arg = ADDRESS(world->arena) + parts[AREA_HOLE].offset;
	int ret;

	if (rng_once_in(&world->rng, 4))
		request = _IO(VFIO_TYPE, VFIO_BASE + 15 + rng_below(&world->rng, 16));
	if (rng_once_in(&world->rng, 4) && container->groups) {
		request = VFIO_SET_IOMMU;
		arg = rng_below(&world->rng, 10);
	}
	ret = vfio_call(container->fd, request, arg);
	told(world, KIND_OTHER, ret, "call %d of %lx", (int)(container - world->containers),
	     request & 0xffff);
}

static void new_pages(struct world *world, uint64_t offset, uint64_t size)
{
	void *wanted = world->arena + offset;

	want_that(mmap(wanted, size, PROT_READ | PROT_WRITE,
		       MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == wanted);
	arena_fill(world, offset, size);
}

/* The process writes, gives pages back, gets others: devices keep what they had. */
void step_memory(struct world *world)
{
	static const enum area areas[] = { AREA_SMALL, AREA_THP, AREA_FILE, AREA_LAZY };
	enum area area = areas[rng_below(&world->rng, ARRAY_SIZE(areas))];
	uint64_t first = rng_below(&world->rng, parts[area].size / PAGE);
	uint64_t pages = 1 + rng_below(&world->rng, parts[area].size / PAGE - first);
	uint64_t offset = parts[area].offset + first * PAGE, size = pages * PAGE;
	uint64_t what = rng_below(&world->rng, 5);

	switch (what) {
	case 0:
		if (area != AREA_FILE)
			want(madvise(world->arena + offset, size, MADV_DONTNEED), 0);
		else
			want(madvise(world->arena + offset, size, MADV_REMOVE), 0);
		break;
	case 1:
		if (area == AREA_SMALL || area == AREA_LAZY) {
			new_pages(world, offset, size);
			break;
		}
		/* fallthrough */
	default:
		arena_fill(world, offset, size);
		break;
	}
	told(world, KIND_MEMORY, 0, "memory %llx size %llx what %llu: %016llx", (long long)offset,
	     (long long)size, (long long)what, (long long)arena_sum(world));
}
