// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices behind an IOMMU that the kernel drives (Intel's, AMD's or virtio's), attached to an
 * address space: what is mapped is what their DMA reaches.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "edu.h"
#include "memory.h"
#include "random.h"
#include "sweep.h"

#define HOME (16 * MIB)
#define FIELD (4 * GIB)
/* Where x86 machines have their MSIs. */
#define MSI 0xfee00000ULL
#define RANGES 16

static int fd;
static uint32_t ioas;

static void begin(void)
{
	edu_load();
	fd = device_open();
	ioas = make_ioas(fd);
}

static void end(void)
{
	want(close(fd), 0);
	want_nothing_left();
}

#define DEVICE_TEST(name) TEST_BETWEEN(begin, end, device, name)

/* A mapping that has to work. */
static void map_here(void *memory, uint64_t length, uint64_t iova)
{
	want(map_at(fd, ioas, memory, length, READ_WRITE, iova), 0);
}

static void unmap_here(uint64_t iova, uint64_t length)
{
	uint64_t unmapped;

	want(unmap(fd, ioas, iova, length, &unmapped), 0);
	want(unmapped, length);
}

DEVICE_TEST(moves_what_is_mapped)
{
	struct edu_lane lane = edu_lane(fd, ioas, 0, HOME);
	char *memory = anon(4 * PAGE);

	map_here(memory, 4 * PAGE, FIELD);
	want_edu_moves(&lane, FIELD, memory, PAGE);
	want_edu_moves(&lane, FIELD + 3 * PAGE - 100, memory + 3 * PAGE - 100, 300);
	unmap_here(FIELD, 4 * PAGE);
	want_edu_refused(&lane, FIELD, memory);
	want_edu_refused(&lane, FIELD + 3 * PAGE, memory + 3 * PAGE);
	edu_lane_close(&lane);
}

DEVICE_TEST(writes_only_where_it_may)
{
	struct edu_lane lane = edu_lane(fd, ioas, 0, HOME);
	char *memory = anon(2 * PAGE);

	want(map_at(fd, ioas, memory, PAGE, READ_ONLY, FIELD), 0);
	want(map_at(fd, ioas, memory + PAGE, PAGE, READ_WRITE, FIELD + PAGE), 0);
	want_edu_reads_only(&lane, FIELD, memory);
	want_edu_moves(&lane, FIELD + PAGE, memory + PAGE, PAGE);
	unmap_here(FIELD, 2 * PAGE);
	edu_lane_close(&lane);
}

/* Pages of which no two neighbours are neighbours in memory. */
static char *scattered(uint64_t size)
{
	char *all = anon(4 * size), *next = all, *memory = reserve(size, PAGE);
	uint64_t at;

	for (at = 0; at < size; at += PAGE)
		do {
			want_that(next < all + 4 * size);
			want_that(mremap(next, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
					 memory + at) == memory + at);
			next += PAGE;
		} while (at && physical_runs(memory + at - PAGE, 2 * PAGE) == 1);
	return memory;
}

/* DMA at the beginning, over a page's end, in the middle, and at the end. */
static void want_all_moved(const struct edu_lane *lane, char *memory, uint64_t size, uint64_t iova)
{
	map_here(memory, size, iova);
	want_edu_moves(lane, iova, memory, PAGE);
	want_edu_moves(lane, iova + PAGE - 8, memory + PAGE - 8, 16);
	want_edu_moves(lane, iova + size / 2 - 64, memory + size / 2 - 64, 128);
	want_edu_moves(lane, iova + size - PAGE, memory + size - PAGE, PAGE);
	unmap_here(iova, size);
	want_edu_refused(lane, iova, memory);
	want_edu_refused(lane, iova + size / 2, memory + size / 2);
	want_edu_refused(lane, iova + size - PAGE, memory + size - PAGE);
}

DEVICE_TEST(moves_scattered_memory)
{
	struct edu_lane lane = edu_lane(fd, ioas, 0, HOME);

	want_all_moved(&lane, scattered(MIB), MIB, FIELD);
	edu_lane_close(&lane);
}

DEVICE_TEST(moves_huge_pages)
{
	struct edu_lane lane = edu_lane(fd, ioas, 0, HOME);
	char *memory = thp(2 * HUGE_2M);

	want_all_moved(&lane, memory, 2 * HUGE_2M, FIELD);
	/* Not aligned as the memory is: large entries don't fit. */
	want_all_moved(&lane, memory, 2 * HUGE_2M, FIELD + PAGE);
	/* A part of one, up to a part of the next. */
	want_all_moved(&lane, memory + MIB, HUGE_2M, FIELD + MIB);
	edu_lane_close(&lane);
}

DEVICE_TEST(moves_hugetlb_pages)
{
	struct edu_lane lane = edu_lane(fd, ioas, 0, HOME);

	want_that(hugetlb_reserve(HUGE_2M, 2));
	want_all_moved(&lane, hugetlb(2 * HUGE_2M, HUGE_2M), 2 * HUGE_2M, FIELD);
	edu_lane_close(&lane);
}

DEVICE_TEST(reaches_what_was_mapped_before)
{
	char *memory = thp(HUGE_2M), *more = scattered(16 * PAGE);
	struct edu_lane lane;

	map_here(memory, HUGE_2M, FIELD);
	map_here(more, 16 * PAGE, FIELD + GIB);
	unmap_here(FIELD + GIB + 4 * PAGE, 4 * PAGE);
	lane = edu_lane(fd, ioas, 0, HOME);
	want_edu_moves(&lane, FIELD, memory, PAGE);
	want_edu_moves(&lane, FIELD + HUGE_2M - PAGE, memory + HUGE_2M - PAGE, PAGE);
	want_edu_moves(&lane, FIELD + GIB + 3 * PAGE, more + 3 * PAGE, PAGE);
	want_edu_refused(&lane, FIELD + GIB + 5 * PAGE, more + 5 * PAGE);
	want_edu_moves(&lane, FIELD + GIB + 9 * PAGE, more + 9 * PAGE, PAGE);
	want(unmap_all(fd, ioas, NULL), 0);
	want(close(lane.device), 0);
}

DEVICE_TEST(two_devices_share_a_table)
{
	struct edu_lane one = edu_lane(fd, ioas, 0, HOME);
	struct edu_lane two = edu_lane(fd, ioas, 1, HOME + MIB);
	char *memory = scattered(2 * PAGE);

	want(query_ioas(fd, ioas).tables, 1);
	map_here(memory, 2 * PAGE, FIELD);
	want_edu_moves(&one, FIELD, memory, PAGE);
	want_edu_moves(&two, FIELD + PAGE, memory + PAGE, PAGE);
	unmap_here(FIELD, PAGE);
	want_edu_refused(&one, FIELD, memory);
	want_edu_refused(&two, FIELD, memory);
	edu_lane_close(&one);
	want(query_ioas(fd, ioas).tables, 1);
	want_edu_moves(&two, FIELD + PAGE, memory + PAGE, PAGE);
	unmap_here(FIELD + PAGE, PAGE);
	edu_lane_close(&two);
	want(query_ioas(fd, ioas).tables, 0);
}

DEVICE_TEST(two_address_spaces_are_two)
{
	uint32_t other = make_ioas(fd);
	struct edu_lane one = edu_lane(fd, ioas, 0, HOME);
	struct edu_lane two = edu_lane(fd, other, 1, HOME);
	char *memory = anon(2 * PAGE);

	map_here(memory, PAGE, FIELD);
	want(map_at(fd, other, memory + PAGE, PAGE, READ_WRITE, FIELD), 0);
	want_edu_moves(&one, FIELD, memory, PAGE);
	want_edu_moves(&two, FIELD, memory + PAGE, PAGE);
	unmap_here(FIELD, PAGE);
	want_edu_refused(&one, FIELD, memory);
	want_edu_moves(&two, FIELD, memory + PAGE, PAGE);
	edu_lane_close(&one);
	edu_lane_close(&two);
	want(destroy(fd, other), 0);
}

DEVICE_TEST(agrees_with_a_table_of_ours)
{
	struct edu_lane lane = edu_lane(fd, ioas, 0, HOME);
	uint32_t table = make_table(fd, ioas);
	struct ioasid_translate entry;
	char *memory = anon(PAGE);

	want(query_ioas(fd, ioas).tables, 2);
	map_here(memory, PAGE, FIELD);
	want_edu_moves(&lane, FIELD, memory, PAGE);
	want(translate(fd, table, FIELD, IOASID_TRANSLATE_PHYS, &entry), 0);
	want(entry.out_phys, physical(memory));
	unmap_here(FIELD, PAGE);
	want_edu_refused(&lane, FIELD, memory);
	want(destroy(fd, table), 0);
	edu_lane_close(&lane);
}

/* Windows. */

static bool usable(uint64_t iova)
{
	struct ioasid_range ranges[RANGES];
	uint32_t i, count = RANGES;

	want(iova_ranges(fd, ioas, ranges, &count), 0);
	for (i = 0; i < count; i++)
		if (iova >= ranges[i].start && iova <= ranges[i].last)
			return true;
	return false;
}

static uint64_t highest(void)
{
	struct ioasid_range ranges[RANGES];
	uint32_t count = RANGES;

	want(iova_ranges(fd, ioas, ranges, &count), 0);
	return ranges[count - 1].last;
}

static void want_map_refused(void *memory, uint64_t iova, uint32_t reason)
{
	struct ioasid_error error = ERROR_INIT;
	struct ioasid_map map = {
		.size = sizeof(map),
		.flags = READ_WRITE | IOASID_MAP_FIXED,
		.ioas_id = ioas,
		.va = ADDRESS(memory),
		.length = PAGE,
		.iova = iova,
		.error = ADDRESS(&error),
	};
	struct counts before = counts(fd);

	want(map_call(fd, &map), -ERANGE);
	want(error.code, ERANGE);
	want(error.reason, reason);
	want_unchanged(fd, &before);
}

DEVICE_TEST(has_windows)
{
	struct ioasid_range around = { MSI - MIB, MSI + MIB - 1 };
	struct edu_lane lane;
	char *memory = anon(PAGE);

	want_that(usable(MSI));
	lane = edu_lane(fd, ioas, 0, HOME);
	want_that(!usable(MSI));
	want_that(usable(MSI - 1));
	want_that(usable(MSI + MIB));
	want_map_refused(memory, MSI, IOASID_REASON_WINDOW);
	want_map_refused(memory, MSI + MIB - PAGE, IOASID_REASON_WINDOW);
	map_here(memory, PAGE, MSI - PAGE);
	want_edu_moves(&lane, MSI - PAGE, memory, PAGE);
	unmap_here(MSI - PAGE, PAGE);
	want(reserve_iovas(fd, ioas, MSI - PAGE, 2 * PAGE), -EEXIST);
	want(allow_iovas(fd, ioas, &around, 1), -EEXIST);
	edu_lane_close(&lane);
	want_that(usable(MSI));
	map_here(memory, PAGE, MSI);
	unmap_here(MSI, PAGE);
}

DEVICE_TEST(reaches_as_far_as_its_iommu)
{
	struct edu_lane lane = edu_lane(fd, ioas, 0, HOME);
	uint64_t last = highest();
	char *memory = anon(PAGE);

	map_here(memory, PAGE, last - PAGE + 1);
	want_edu_moves(&lane, last - PAGE + 1, memory, PAGE);
	unmap_here(last - PAGE + 1, PAGE);
	if (last != UINT64_MAX)
		want_map_refused(memory, last + 1, IOASID_REASON_NONE);
	edu_lane_close(&lane);
	want(highest(), UINT64_MAX);
}

/* What is in the way of a window, and then no more. */
static void want_attach_refused(int ret)
{
	struct counts before = counts(fd);
	int device = edu_open();

	want(edu_attach(device, fd, ioas, 0), ret);
	want_unchanged(fd, &before);
	want_that(usable(MSI + MIB));
	want(query_ioas(fd, ioas).tables, 0);
	want(close(device), 0);
}

DEVICE_TEST(windows_do_not_close_over_what_is_there)
{
	struct ioasid_range around = { MSI - MIB, MSI + MIB - 1 };
	char *memory = anon(2 * PAGE);
	struct edu_lane lane;

	map_here(memory, 2 * PAGE, MSI - PAGE);
	want_attach_refused(-EINVAL);
	unmap_here(MSI - PAGE, 2 * PAGE);
	want(allow_iovas(fd, ioas, &around, 1), 0);
	want_attach_refused(-EBUSY);
	want(allow_iovas(fd, ioas, NULL, 0), 0);
	lane = edu_lane(fd, ioas, 0, HOME);
	edu_lane_close(&lane);
}

DEVICE_TEST(mappings_beyond_its_reach_keep_it_away)
{
	char *memory = anon(PAGE);
	struct edu_lane lane = edu_lane(fd, ioas, 0, HOME);
	uint64_t last = highest();

	edu_lane_close(&lane);
	if (last == UINT64_MAX)
		return;
	map_here(memory, PAGE, last + 1);
	want_attach_refused(-EINVAL);
	unmap_here(last + 1, PAGE);
}

DEVICE_TEST(windows_stay_under_what_is_reserved)
{
	char *memory = anon(PAGE);
	struct edu_lane lane;

	/* One covers the window, one reaches in, one lies within. */
	want(reserve_iovas(fd, ioas, MSI - PAGE, PAGE * 3), 0);
	want(reserve_iovas(fd, ioas, MSI + 4 * PAGE, PAGE), 0);
	lane = edu_lane(fd, ioas, 0, HOME);
	want_that(!usable(MSI - PAGE));
	want(unreserve_iovas(fd, ioas, MSI - PAGE, PAGE * 3), 0);
	want(unreserve_iovas(fd, ioas, MSI + 4 * PAGE, PAGE), 0);
	want_that(usable(MSI - PAGE));
	want_map_refused(memory, MSI, IOASID_REASON_WINDOW);
	want_map_refused(memory, MSI + 4 * PAGE, IOASID_REASON_WINDOW);
	edu_lane_close(&lane);
	want(reserve_iovas(fd, ioas, MSI - PAGE, 2 * MIB), 0);
	lane = edu_lane(fd, ioas, 0, HOME);
	edu_lane_close(&lane);
	want_that(!usable(MSI));
}

DEVICE_TEST(placed_mappings_avoid_windows)
{
	struct edu_lane lane = edu_lane(fd, ioas, 0, HOME);
	struct ioasid_range ranges[2] = { { MSI - 4 * PAGE, MSI - 1 },
					  { MSI + MIB, MSI + MIB + 4 * PAGE - 1 } };
	char *memory = anon(4 * PAGE);
	uint64_t iova[2], more;
	int i;

	/* Nothing is free but 16 pages on each side of it. */
	want(allow_iovas(fd, ioas, ranges, 2), 0);
	for (i = 0; i < 2; i++)
		want(map_any(fd, ioas, memory, 4 * PAGE, READ_WRITE, &iova[i]), 0);
	want(map_any(fd, ioas, memory, PAGE, READ_WRITE, &more), -ENOSPC);
	want(iova[0] + iova[1], ranges[0].start + ranges[1].start);
	want(allow_iovas(fd, ioas, NULL, 0), 0);
	unmap_here(iova[0], 4 * PAGE);
	unmap_here(iova[1], 4 * PAGE);
	edu_lane_close(&lane);
}

/* Reserve all but a few pages at both sides of the window. */
static void reserve_all_but_the_sides(void)
{
	struct ioasid_range ranges[RANGES];
	uint32_t i, count = RANGES;

	want(iova_ranges(fd, ioas, ranges, &count), 0);
	for (i = 0; i < count; i++) {
		if (ranges[i].last == MSI - 1)
			ranges[i].last -= 2 * PAGE;
		if (ranges[i].start == MSI + MIB)
			ranges[i].start += 4 * PAGE;
		want(reserve_iovas(fd, ioas, ranges[i].start, ranges[i].last - ranges[i].start + 1),
		     0);
	}
}

DEVICE_TEST(a_search_goes_around_windows)
{
	char *memory = anon(4 * PAGE);
	int device = edu_open();
	uint64_t iova;

	want(edu_attach(device, fd, ioas, 0), 0);
	reserve_all_but_the_sides();
	want(map_any(fd, ioas, memory, 2 * PAGE, READ_WRITE, &iova), 0);
	want(iova, MSI - 2 * PAGE);
	want(map_any(fd, ioas, memory, 3 * PAGE, READ_WRITE, &iova), 0);
	want(iova, MSI + MIB);
	want(map_any(fd, ioas, memory, PAGE, READ_WRITE, &iova), 0);
	want(iova, MSI + MIB + 3 * PAGE);
	want(map_any(fd, ioas, memory, PAGE, READ_WRITE, &iova), -ENOSPC);
	want(unmap_all(fd, ioas, NULL), 0);
	want(close(device), 0);
}

/* Cuts. */

static void want_cut_refused(uint64_t iova, uint64_t length)
{
	struct ioasid_error error = ERROR_INIT;
	struct ioasid_unmap args = {
		.size = sizeof(args),
		.ioas_id = ioas,
		.iova = iova,
		.length = length,
		.error = ADDRESS(&error),
	};
	struct counts before = counts(fd);

	want(call(fd, IOASID_UNMAP, &args), -EBUSY);
	want(args.out_unmapped, 0);
	want(error.code, EBUSY);
	want(error.reason, IOASID_REASON_CUT);
	want_unchanged(fd, &before);
}

DEVICE_TEST(cuts_no_large_entry)
{
	struct edu_lane lane = edu_lane(fd, ioas, 0, HOME);
	uint64_t at;
	char *memory;

	want_that(hugetlb_reserve(HUGE_2M, 1));
	memory = hugetlb(HUGE_2M, HUGE_2M);
	map_here(memory, HUGE_2M, FIELD);
	for (at = PAGE; at < HUGE_2M; at += 7 * PAGE) {
		want_cut_refused(FIELD, at);
		want_cut_refused(FIELD + at, HUGE_2M - at);
	}
	want_cut_refused(FIELD + PAGE, PAGE);
	want_edu_moves(&lane, FIELD + HUGE_2M - PAGE, memory + HUGE_2M - PAGE, PAGE);
	want_edu_moves(&lane, FIELD, memory, PAGE);
	unmap_here(FIELD, HUGE_2M);
	want_edu_refused(&lane, FIELD, memory);
	edu_lane_close(&lane);
}

/* More mappings than one batch of an unmap takes, and only then what can't be cut. */
DEVICE_TEST(unmaps_nothing_when_the_end_cannot_be_cut)
{
	struct edu_lane lane = edu_lane(fd, ioas, 0, HOME);
	char *small = anon(PAGE), *memory;
	uint64_t i;

	want_that(hugetlb_reserve(HUGE_2M, 1));
	memory = hugetlb(HUGE_2M, HUGE_2M);
	for (i = 1; i <= 600; i++)
		map_here(small, PAGE, FIELD - i * PAGE);
	map_here(memory, HUGE_2M, FIELD);
	want_cut_refused(FIELD - 600 * PAGE, 600 * PAGE + MIB);
	want_edu_moves(&lane, FIELD - 600 * PAGE, small, PAGE);
	unmap_here(FIELD - 600 * PAGE, 600 * PAGE + HUGE_2M);
	want_edu_refused(&lane, FIELD - PAGE, small);
	edu_lane_close(&lane);
}

/* Between two huge pages, unless they happen to be one entry, or one piece. */
DEVICE_TEST(cuts_where_an_entry_ends)
{
	struct edu_lane lane = edu_lane(fd, ioas, 0, HOME);
	uint64_t first, second;
	char *memory;
	bool one;

	want_that(hugetlb_reserve(HUGE_2M, 2));
	memory = hugetlb(2 * HUGE_2M, HUGE_2M);
	map_here(memory, 2 * HUGE_2M, FIELD);
	first = physical(memory);
	second = physical(memory + HUGE_2M);
	one = second == first + HUGE_2M &&
	      (edu_iommu() == EDU_VIRTIO ||
	       (edu_iommu() == EDU_AMD && !(first & (2 * HUGE_2M - 1))));
	if (one) {
		want_cut_refused(FIELD, HUGE_2M);
		unmap_here(FIELD, 2 * HUGE_2M);
	} else {
		unmap_here(FIELD, HUGE_2M);
		want_edu_refused(&lane, FIELD, memory);
		want_edu_moves(&lane, FIELD + HUGE_2M, memory + HUGE_2M, PAGE);
		unmap_here(FIELD + HUGE_2M, HUGE_2M);
	}
	edu_lane_close(&lane);
}

DEVICE_TEST(cuts_scattered_pages_anywhere)
{
	struct edu_lane lane = edu_lane(fd, ioas, 0, HOME);
	char *memory = scattered(8 * PAGE);

	want(physical_runs(memory, 8 * PAGE), 8);
	map_here(memory, 8 * PAGE, FIELD);
	unmap_here(FIELD + 2 * PAGE, PAGE);
	unmap_here(FIELD + 5 * PAGE, 2 * PAGE);
	want_edu_moves(&lane, FIELD + PAGE, memory + PAGE, PAGE);
	want_edu_refused(&lane, FIELD + 2 * PAGE, memory + 2 * PAGE);
	want_edu_moves(&lane, FIELD + 3 * PAGE, memory + 3 * PAGE, PAGE);
	want_edu_refused(&lane, FIELD + 6 * PAGE, memory + 6 * PAGE);
	want_edu_moves(&lane, FIELD + 7 * PAGE, memory + 7 * PAGE, PAGE);
	want(unmap_all(fd, ioas, NULL), 0);
	want(close(lane.device), 0);
}

DEVICE_TEST(cuts_small_entries_anywhere)
{
	struct edu_lane lane;
	char *memory;

	want_that(hugetlb_reserve(HUGE_2M, 1));
	memory = hugetlb(HUGE_2M, HUGE_2M);
	want(option_set(fd, IOASID_OPTION_LARGE_ENTRIES, ioas, 0), 0);
	/* One is mapped later, one is there when the device comes. */
	map_here(memory, HUGE_2M, FIELD);
	lane = edu_lane(fd, ioas, 0, HOME);
	map_here(memory, HUGE_2M, FIELD + GIB);
	unmap_here(FIELD + PAGE, PAGE);
	unmap_here(FIELD + GIB + MIB, PAGE);
	want_edu_moves(&lane, FIELD, memory, PAGE);
	want_edu_refused(&lane, FIELD + PAGE, memory + PAGE);
	want_edu_moves(&lane, FIELD + GIB + PAGE, memory + PAGE, PAGE);
	want_edu_refused(&lane, FIELD + GIB + MIB, memory + MIB);
	want(unmap_all(fd, ioas, NULL), 0);
	want(close(lane.device), 0);
}

/* Life. */

DEVICE_TEST(reaches_nothing_when_it_is_detached)
{
	struct edu_lane lane = edu_lane(fd, ioas, 0, HOME);
	uint32_t other = make_ioas(fd);
	char *memory = anon(PAGE);
	struct edu_lane again;

	map_here(memory, PAGE, FIELD);
	want(edu_detach(lane.device), 0);
	want(query_ioas(fd, ioas).mappings, 2);
	/* The same device, elsewhere. */
	again = edu_lane(fd, other, 0, HOME + MIB);
	want_edu_refused(&again, FIELD, memory);
	edu_lane_close(&again);
	/* And back. */
	want(edu_attach(lane.device, fd, ioas, 0), 0);
	want_edu_moves(&lane, FIELD, memory, PAGE);
	unmap_here(FIELD, PAGE);
	edu_lane_close(&lane);
}

DEVICE_TEST(keeps_the_address_space)
{
	struct edu_lane lane = edu_lane(fd, ioas, 0, HOME);
	char *memory = anon(PAGE);

	want(destroy(fd, ioas), -EBUSY);
	map_here(memory, PAGE, FIELD);
	want_edu_moves(&lane, FIELD, memory, PAGE);
	want(unmap_all(fd, ioas, NULL), 0);
	want(close(lane.device), 0);
	want(destroy(fd, ioas), 0);
}

DEVICE_TEST(outlives_the_file)
{
	int file = device_open();
	uint32_t space = make_ioas(file);
	struct edu_lane lane = edu_lane(file, space, 0, HOME);
	char *memory = anon(PAGE);

	want(map_at(file, space, memory, PAGE, READ_WRITE, FIELD), 0);
	want(close(file), 0);
	want_edu_moves(&lane, FIELD, memory, PAGE);
	want(audit().mapped, 3 * PAGE);
	want(close(lane.device), 0);
	want_nothing_left();
}

/* A device that another file attaches, too, stays until both let go. */
DEVICE_TEST(is_attached_as_often_as_it_is_detached)
{
	struct edu_lane lane = edu_lane(fd, ioas, 0, HOME);
	int second = edu_open();

	want(edu_attach(second, fd, ioas, 0), 0);
	want(query_ioas(fd, ioas).tables, 1);
	want(edu_detach(second), 0);
	want(query_ioas(fd, ioas).tables, 1);
	want_edu_moves(&lane, HOME, lane.source, PAGE);
	want(close(second), 0);
	edu_lane_close(&lane);
	want(query_ioas(fd, ioas).tables, 0);
}

DEVICE_TEST(wrong_uses_are_told)
{
	uint32_t other = make_ioas(fd), gone = make_ioas(fd), table = make_table(fd, ioas);
	int device = edu_open(), second = edu_open(), zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
	struct counts before = counts(fd);

	want(edu_attach(device, zero, ioas, 0), -EBADF);
	want(edu_attach(device, fd, 0, 0), -ENOENT);
	want(edu_attach(device, fd, 4711, 0), -ENOENT);
	want(edu_attach(device, fd, table, 0), -ENOENT);
	want(destroy(fd, gone), 0);
	want(edu_attach(device, fd, gone, 0), -ENOENT);
	want(edu_detach(device), -EINVAL);
	want(edu_attach(device, fd, ioas, 0), 0);
	/* In the name of another address space. */
	want(edu_attach(second, fd, other, 0), -EPERM);
	want(query_ioas(fd, other).tables, 0);
	want(edu_detach(device), 0);
	want(edu_attach(second, fd, other, 0), 0);
	want(edu_attach(device, fd, ioas, 0), -EPERM);
	want(edu_detach(second), 0);
	want(before.file.mappings, query_file(fd).mappings);
	want(close(zero), 0);
	want(close(device), 0);
	want(close(second), 0);
}

/* virtio-iommu never does, Intel's does here; AMD's driver does with some machines only. */
DEVICE_TEST(interrupts_have_to_be_remapped)
{
	int device = edu_open(), ret;

	want_that(edu_set_unsafe_interrupts(false));
	ret = edu_attach(device, fd, ioas, 0);
	want_that(edu_set_unsafe_interrupts(true));
	if (edu_iommu() == EDU_INTEL)
		want(ret, 0);
	if (edu_iommu() == EDU_VIRTIO)
		want(ret, -EPERM);
	if (ret) {
		want(ret, -EPERM);
		want(query_ioas(fd, ioas).tables, 0);
		want(edu_attach(device, fd, ioas, 0), 0);
	}
	want(close(device), 0);
}

/* Many at once. */

#define WORKERS 2
#define SLOTS 16

struct churn {
	unsigned int number;
	struct rng rng;
	char *memory;
	atomic_bool *stop;
	_Atomic uint64_t *rounds;
};

/* Map and unmap in a part of the IOVAs that nobody else uses. */
static void churn(void *arg)
{
	struct churn *churn = arg;
	uint64_t base = FIELD + churn->number * GIB, slot, pages, offset, unmapped;
	uint64_t mapped[SLOTS] = {};

	while (!atomic_load(churn->stop)) {
		slot = rng_below(&churn->rng, SLOTS);
		pages = 1 + rng_below(&churn->rng, 512);
		offset = rng_below(&churn->rng, 1024 - pages + 1) * PAGE;
		if (mapped[slot]) {
			want(unmap(fd, ioas, base + slot * 4 * MIB, 4 * MIB, &unmapped), 0);
			want(unmapped, mapped[slot]);
			mapped[slot] = 0;
		} else {
			want(map_at(fd, ioas, churn->memory + offset, pages * PAGE, READ_WRITE,
				    base + slot * 4 * MIB + rng_below(&churn->rng, 512) * PAGE),
			     0);
			mapped[slot] = pages * PAGE;
		}
		atomic_fetch_add(churn->rounds, 1);
	}
	want(unmap(fd, ioas, base, SLOTS * 4 * MIB, NULL), 0);
}

/* One thread has the device move what stays mapped, as long as it takes the others to churn. */
struct job {
	struct churn *churn;
	const struct edu_lane *lane;
	char *memory;
	atomic_bool *stop;
	_Atomic uint64_t *rounds;
};

static void run_job(void *arg)
{
	struct job *job = arg;
	uint64_t i;

	if (job->churn) {
		churn(job->churn);
		return;
	}
	for (i = 0; i < runs(10, 3) || atomic_load(job->rounds) < runs(1000, 100); i++)
		want_edu_moves(job->lane, FIELD - HUGE_2M, job->memory, PAGE);
	atomic_store(job->stop, true);
}

DEVICE_TEST(dma_goes_on_while_others_map_and_unmap)
{
	struct edu_lane lane = edu_lane(fd, ioas, 0, HOME);
	struct churn churns[WORKERS];
	struct job jobs[WORKERS + 1];
	atomic_bool stop = false;
	char *memory = anon(PAGE);
	_Atomic uint64_t rounds = 0;
	unsigned int i;

	map_here(memory, PAGE, FIELD - HUGE_2M);
	for (i = 0; i < WORKERS; i++) {
		churns[i] = (struct churn){
			.number = i,
			.rng = rng_make(seed() + i),
			.memory = i ? anon(4 * MIB) : thp(4 * MIB),
			.stop = &stop,
			.rounds = &rounds,
		};
		jobs[i] = (struct job){ .churn = &churns[i] };
	}
	jobs[WORKERS] =
		(struct job){ .lane = &lane, .memory = memory, .stop = &stop, .rounds = &rounds };
	in_threads(WORKERS + 1, run_job, jobs, sizeof(*jobs));
	fprintf(stderr, "note: %llu maps and unmaps\n", (unsigned long long)rounds);
	unmap_here(FIELD - HUGE_2M, PAGE);
	want(query_ioas(fd, ioas).mappings, 1);
	edu_lane_close(&lane);
}

static void *churn_thread(void *arg)
{
	run_job(arg);
	return NULL;
}

/* Devices come and go while others map and unmap. */
DEVICE_TEST(comes_and_goes_while_others_map_and_unmap)
{
	_Atomic uint64_t rounds = 0;
	atomic_bool stop = false;
	struct churn churns[1];
	struct job jobs[1];
	pthread_t thread;
	uint64_t i;
	int device = edu_open(), second = edu_open();

	churns[0] = (struct churn){
		.rng = rng_make(seed()), .memory = thp(4 * MIB), .stop = &stop, .rounds = &rounds
	};
	jobs[0] = (struct job){ .churn = churns };
	want(pthread_create(&thread, NULL, churn_thread, jobs), 0);
	for (i = 0; i < runs(100, 10); i++) {
		want(edu_attach(device, fd, ioas, 0), 0);
		want(edu_attach(second, fd, ioas, 1), 0);
		want(edu_detach(i & 1 ? device : second), 0);
		want(edu_detach(i & 1 ? second : device), 0);
	}
	atomic_store(&stop, true);
	want(pthread_join(thread, NULL), 0);
	want(close(device), 0);
	want(close(second), 0);
}

/* Every place that can fail does. */

static struct edu_lane first, swept;
static int two_tables;

static int sweep_attach(void)
{
	return edu_attach(swept.device, fd, ioas, 0);
}

/* Where the kernel's drivers have no memory for their windows they don't tell of them. */
static void sweep_attached(void)
{
	want(query_ioas(fd, ioas).tables, 1);
	want_that(!usable(MSI) || (sweeping.happened && !sweeping.by_module));
	want(edu_detach(swept.device), 0);
}

static void sweep_not_attached(void)
{
	want(query_ioas(fd, ioas).tables, 0);
	want_that(usable(MSI));
	want(edu_detach(swept.device), -EINVAL);
}

/*
 * Intel's driver, when it has no memory for the note that the second device's IOTLB uses the table,
 * takes back the first one's note instead (6.12: dmar_domain_attach_device(), when
 * cache_tag_assign_domain() fails). From then on it flushes nothing for the first one, by anybody.
 */
static bool driver_forgot_first(void)
{
	return edu_iommu() == EDU_INTEL && sweeping.happened && !sweeping.by_module;
}

/* If the first one's table can't be had, a table of its own has to do. */
static void sweep_shared(void)
{
	char *memory = anon(PAGE);

	if (query_ioas(fd, ioas).tables == 2) {
		want_that(sweeping.happened);
		map_here(memory, PAGE, FIELD + GIB);
		want_edu_moves(&first, FIELD + GIB, memory, PAGE);
		want_edu_moves(&swept, FIELD + GIB, memory, PAGE);
		unmap_here(FIELD + GIB, PAGE);
		if (!driver_forgot_first())
			want_edu_refused(&first, FIELD + GIB, memory);
		want_edu_refused(&swept, FIELD + GIB, memory);
		two_tables++;
	} else {
		want(query_ioas(fd, ioas).tables, 1);
	}
	want(edu_detach(swept.device), 0);
	want(munmap(memory, PAGE), 0);
}

static void sweep_not_shared(void)
{
	want(query_ioas(fd, ioas).tables, 1);
	want_that(!usable(MSI));
	want(edu_detach(swept.device), -EINVAL);
}

/*
 * To share the first one's table, the second one is detached from its own, which must not fail; but
 * virtio-iommu's driver asks for memory to do it, and where it gets none the kernel warns.
 */
static unsigned int shared_flags(void)
{
	return SWEEP_SILENT | (edu_iommu() == EDU_VIRTIO ? SWEEP_OURS : 0);
}

DEVICE_TEST(attach_fails_at_every_place)
{
	char *memory = scattered(16 * PAGE);

	sweep_prepare();
	swept.device = edu_open();
	map_here(memory, 16 * PAGE, FIELD);
	sweep(fd, &(struct sweep){ .name = "attach",
				   .run = sweep_attach,
				   .worked = sweep_attached,
				   .failed = sweep_not_attached,
				   .flags = SWEEP_SILENT,
				   .min_places = 12 });
	want(close(swept.device), 0);

	first = edu_lane(fd, ioas, 1, HOME);
	swept = first;
	swept.device = edu_open();
	sweep(fd, &(struct sweep){ .name = "attach a second device",
				   .run = sweep_attach,
				   .worked = sweep_shared,
				   .failed = sweep_not_shared,
				   .flags = shared_flags(),
				   .min_places = 8 });
	want_that(two_tables > 0);
	want(close(swept.device), 0);
	unmap_here(FIELD, 16 * PAGE);
	edu_lane_close(&first);
}

static char *swept_memory;

static int sweep_map(void)
{
	return map_at(fd, ioas, swept_memory, 16 * PAGE, READ_WRITE, FIELD);
}

static void sweep_mapped(void)
{
	unmap_here(FIELD, 16 * PAGE);
}

DEVICE_TEST(map_fails_at_every_place)
{
	struct edu_lane lane = edu_lane(fd, ioas, 0, HOME);

	sweep_prepare();
	make_table(fd, ioas);
	swept_memory = scattered(16 * PAGE);
	sweep(fd,
	      &(struct sweep){
		      .name = "map", .run = sweep_map, .worked = sweep_mapped, .min_places = 16 });
	want_edu_refused(&lane, FIELD, swept_memory);
	want(sweep_map(), 0);
	want_edu_moves(&lane, FIELD, swept_memory, PAGE);
	want(unmap_all(fd, ioas, NULL), 0);
	want(close(lane.device), 0);
}

/* Events. */

#define TRACING "/sys/kernel/tracing"
#define INSTANCE TRACING "/instances/ioasid-device"

static void put(const char *file, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), INSTANCE "/%s", file);
	f = fopen(path, "we");
	if (!f)
		fail("%s: %m", path);
	want_that(fputs(text, f) >= 0);
	want(fclose(f), 0);
}

/* How many lines of the trace have both texts. */
static unsigned int lines_with(const char *one, const char *other)
{
	FILE *f = fopen(INSTANCE "/trace", "re");
	unsigned int n = 0;
	char line[512];

	want_that(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, one) && strstr(line, other);
	fclose(f);
	return n;
}

DEVICE_TEST(events_name_the_device)
{
	char who[128];
	struct edu_about about;
	struct edu_lane lane;

	if (mkdir(INSTANCE, 0700))
		want(errno, EEXIST);
	put("trace", "");
	put("events/ioasid/ioasid_table_attach/enable", "1");
	put("events/ioasid/ioasid_table_detach/enable", "1");
	lane = edu_lane(fd, ioas, 0, HOME);
	want(ioctl(lane.device, EDU_ABOUT, &about), 0);
	want(lines_with("ioasid_table_attach", "ret=0"), 1);
	snprintf(who, sizeof(who), "container=0 group=%u devices=1 device=%s ", about.group,
		 about.name);
	want(lines_with("ioasid_table_attach", who), 1);
	edu_lane_close(&lane);
	want(lines_with("ioasid_table_detach", who), 1);
	put("events/enable", "0");
}
