// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices come and go, and do DMA.
 */
#include <linux/vfio.h>

#include "check.h"
#include "container.h"
#include "group.h"
#include "steps.h"

static uint64_t scratch_iova(unsigned int i)
{
	return SCRATCH_IOVA + i * PAGE;
}

static void *scratch_of(struct world *world, unsigned int i)
{
	return world->scratch + i * PAGE;
}

/* Later on, too: it may have been unmapped with everything else. */
static void map_scratch(struct world *world, unsigned int i)
{
	struct container *container = &world->containers[world->where[i]];
	int ret =
		container_map(container->fd, scratch_of(world, i), PAGE, scratch_iova(i), MAP_BOTH);

	told(world, KIND_MAP, ret, "scratch of device %u", i);
}

static int set_iommu(struct world *world, struct container *container)
{
	unsigned long type = container->v1 ? VFIO_TYPE1_IOMMU : VFIO_TYPE1v2_IOMMU;
	int ret = container_set_iommu(container->fd, type);

	told(world, KIND_ATTACH, ret, "iommu of %d", (int)(container - world->containers));
	/* VFIO asks another one when the first refuses. */
	if (!ret)
		want(backend_of(container->fd), world->backend);
	return ret;
}

void step_attach(struct world *world)
{
	unsigned int i = rng_below(&world->rng, EDUS);
	struct container *container = some_container(world);
	struct edu *edu = &world->edus[i];
	int ret = group_attach(edu->group, container->fd);

	told(world, KIND_ATTACH, ret, "attach device %u to %d", i,
	     (int)(container - world->containers));
	if (ret)
		return;
	if (!container->groups && set_iommu(world, container)) {
		want(group_detach(edu->group), 0);
		return;
	}
	container->groups++;
	world->where[i] = container - world->containers;
	edu_open(edu);
	map_scratch(world, i);
	/* Its buffer still has what an earlier sequence left there. */
	edu_read(edu, scratch_iova(i), EDU_BUFFER);
}

void step_detach(struct world *world)
{
	unsigned int i = rng_below(&world->rng, EDUS);
	struct edu *edu = &world->edus[i];
	struct container *container;
	int ret;

	if (rng_once_in(&world->rng, 4)) {
		ret = group_detach(edu->group);
		told(world, KIND_DETACH, ret, "detach device %u, open or not", i);
		want_that(ret);
	}
	if (world->where[i] < 0)
		return;
	edu_close(edu);
	container = &world->containers[world->where[i]];
	ret = group_detach(edu->group);
	world->where[i] = -1;
	/* With the last device everything is gone, and the container like new. */
	if (!--container->groups) {
		container->count = 0;
		container->all_noted = true;
	}
	told(world, KIND_DETACH, ret, "detach device %u", i);
}

/* In a mapping that its container has, more often than not. */
static void some_transfer(struct world *world, unsigned int i, uint64_t *iova, uint64_t *length)
{
	struct container *container = &world->containers[world->where[i]];
	struct mapping *mapping = some_mapping(world, container);
	struct rng *rng = &world->rng;

	*length = rng_once_in(rng, 2) ? EDU_BUFFER : 8 * (1 + rng_below(rng, EDU_BUFFER / 8));
	*iova = some_iova(world) & ~7ULL;
	if (mapping && !rng_once_in(rng, 8))
		*iova = mapping->iova + 8 * rng_below(rng, mapping->size / 8);
}

/* What a device has in its buffer, by its own page. */
static void tell_buffer(struct world *world, unsigned int i)
{
	told(world, KIND_READ, 0, "device %u: %016llx", i,
	     (long long)sum(scratch_of(world, i), PAGE));
}

static unsigned int attached(const struct world *world)
{
	unsigned int count = 0, i;

	for (i = 0; i < EDUS; i++)
		count += world->where[i] >= 0;
	return count;
}

/* All at once, each from somewhere. */
void step_read(struct world *world)
{
	uint64_t iova, length;
	unsigned int i;

	if (!attached(world))
		return;
	for (i = 0; i < EDUS; i++) {
		if (world->where[i] < 0)
			continue;
		map_scratch(world, i);
		some_transfer(world, i, &iova, &length);
		record_line(world->record, "read by %u at %llx size %llx", i, (long long)iova,
			    (long long)length);
		edu_start_read(&world->edus[i], iova, length);
	}
	for (i = 0; i < EDUS; i++) {
		if (world->where[i] < 0)
			continue;
		edu_wait(&world->edus[i]);
		edu_start_write(&world->edus[i], scratch_iova(i), EDU_BUFFER);
	}
	for (i = 0; i < EDUS; i++) {
		if (world->where[i] < 0)
			continue;
		edu_wait(&world->edus[i]);
		tell_buffer(world, i);
	}
}

/*
 * A device's write to where MSIs go is an interrupt. QEMU's VT-d lets those of the old format pass
 * even when it remaps interrupts, and a random word may ask the processor to start anew.
 */
static bool is_interrupt(uint64_t iova, uint64_t length)
{
	return iova < MSI + MIB && iova + length > MSI;
}

/* One after the other, as they may write to the same place. */
void step_write(struct world *world)
{
	unsigned int i = rng_below(&world->rng, EDUS);
	uint64_t iova, length;

	if (world->where[i] < 0)
		return;
	some_transfer(world, i, &iova, &length);
	if (is_interrupt(iova, length))
		return;
	edu_write(&world->edus[i], iova, length);
	told(world, KIND_WRITE, 0, "write by %u at %llx size %llx: %016llx, %016llx", i,
	     (long long)iova, (long long)length, (long long)arena_sum(world),
	     (long long)sum(world->scratch, EDUS * PAGE));
}
