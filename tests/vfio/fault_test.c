// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every place of a container's call where it can fail does, one after the other: the call has then
 * changed nothing, or it has worked. sweep.h says which places these are.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/ioasid.h>
#include <linux/vfio.h>
#include <unistd.h>

#include "backend.h"
#include "call.h"
#include "check.h"
#include "container.h"
#include "count.h"
#include "edu.h"
#include "group.h"
#include "memory.h"
#include "sweep.h"

#define AT 0x10000000ULL
#define SIZE (64 * PAGE)

static struct edu edus[EDUS];
static int fd, container;
static uint32_t ioas;
static char *memory;

/* The first device is in the container, the others are in none. */
static void prepare(void)
{
	sweep_prepare();
	backend_use(BACKEND_IOASID);
	edu_find(edus);
	container = container_open();
	want(group_attach(edus[0].group, container), 0);
	want(container_set_iommu(container, VFIO_TYPE1v2_IOMMU), 0);
	want(backend_of(container), BACKEND_IOASID);
	fd = device_open();
	ioas = make_ioas(fd);
	memory = anon(SIZE);
}

static void finish(void)
{
	want(close(fd), 0);
	edu_forget(edus);
	want(close(container), 0);
	want_nothing_left();
	backend_use(BACKEND_TYPE1);
}

#define FAULT_TEST(name) TEST_BETWEEN(prepare, finish, fault, name)
#define SWEEP(...) sweep(fd, &(struct sweep){ __VA_ARGS__ })

static int map(void)
{
	return container_map(container, memory, SIZE, AT, MAP_BOTH);
}

static void unmap_it(void)
{
	uint64_t unmapped;

	want(container_unmap(container, AT, SIZE, &unmapped), 0);
	want(unmapped, SIZE);
}

static void nothing_is_mapped(void)
{
	uint64_t unmapped;

	want(container_unmap_all(container, &unmapped), 0);
	want(unmapped, 0);
}

FAULT_TEST(in_map_maps_nothing)
{
	SWEEP(.name = "MAP_DMA", .run = map, .worked = unmap_it, .failed = nothing_is_mapped,
	      .flags = SWEEP_SILENT, .min_places = 5);
}

static int switch_dirty(uint32_t flag)
{
	struct vfio_iommu_type1_dirty_bitmap dirty = { .argsz = sizeof(dirty), .flags = flag };

	return vfio_call(container, VFIO_IOMMU_DIRTY_PAGES, ADDRESS(&dirty));
}

static int start(void)
{
	return switch_dirty(VFIO_IOMMU_DIRTY_PAGES_FLAG_START);
}

static void stop(void)
{
	want(switch_dirty(VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP), 0);
}

static void stop_and_unmap(void)
{
	stop();
	unmap_it();
}

FAULT_TEST(in_map_while_dirty_pages_are_tracked_maps_nothing)
{
	want(start(), 0);
	SWEEP(.name = "MAP_DMA", .run = map, .worked = unmap_it, .failed = nothing_is_mapped,
	      .flags = SWEEP_SILENT, .min_places = 6);
	stop();
}

static void map_it(void)
{
	want(map(), 0);
}

FAULT_TEST(in_start_tracks_nothing)
{
	SWEEP(.name = "DIRTY_PAGES", .before = map_it, .run = start, .worked = stop_and_unmap,
	      .failed = unmap_it, .flags = SWEEP_SILENT, .min_places = 1);
}

static int attach(void)
{
	return group_attach(edus[1].group, container);
}

static void detach_and_unmap(void)
{
	want(group_detach(edus[1].group), 0);
	unmap_it();
}

FAULT_TEST(in_set_container_attaches_nothing)
{
	SWEEP(.name = "SET_CONTAINER", .before = map_it, .run = attach, .worked = detach_and_unmap,
	      .failed = unmap_it, .flags = SWEEP_SILENT, .min_places = 4);
}

static int join(void)
{
	struct ioasid_vfio_join args = { .size = sizeof(args), .fd = fd, .ioas_id = ioas };

	return vfio_call(container, IOASID_VFIO_JOIN, ADDRESS(&args));
}

/* The address space is where it is from then on: it takes a new container to leave it. */
static void begin_anew(void)
{
	want(group_detach(edus[0].group), 0);
	want(group_attach(edus[0].group, container), 0);
	want(container_set_iommu(container, VFIO_TYPE1v2_IOMMU), 0);
}

/* Its device still sees what it maps. */
static void still_maps(void)
{
	map_it();
	unmap_it();
	want(destroy(fd, ioas), 0);
	ioas = make_ioas(fd);
}

FAULT_TEST(in_join_stays_where_it_was)
{
	SWEEP(.name = "JOIN", .run = join, .worked = begin_anew, .failed = still_maps,
	      .flags = SWEEP_SILENT, .min_places = 4);
}

static int info(void)
{
	static struct {
		struct vfio_iommu_type1_info info;
		char caps[1024];
	} info;

	info.info.argsz = sizeof(info);
	return vfio_call(container, VFIO_IOMMU_GET_INFO, ADDRESS(&info));
}

FAULT_TEST(in_get_info_does_no_harm)
{
	SWEEP(.name = "GET_INFO", .run = info, .flags = SWEEP_SILENT, .min_places = 1);
}
