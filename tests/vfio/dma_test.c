// SPDX-License-Identifier: GPL-2.0-only
/*
 * What edu devices really move while mappings change: to the byte, and nothing where nothing is
 * mapped any more. Each test is for VFIO type1 and for ioasid-vfio.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "backend.h"
#include "call.h"
#include "check.h"
#include "container.h"
#include "count.h"
#include "edu.h"
#include "group.h"
#include "kmsg.h"
#include "memory.h"

#define AT 0x10000000ULL
#define SCRATCH_AT 0x20000000ULL
#define PAGES 16ULL
#define FROM 7
/* Of a tenth of a second. */
#define MOST_TRIES 100

static struct edu edus[EDUS];
static int container;
static char *memory, *scratch;

/* All devices are in one container, and all see a page of their own for what is in their buffer. */
static void set_up(void)
{
	unsigned int i;

	edu_find(edus);
	container = container_open();
	for (i = 0; i < EDUS; i++)
		want(group_attach(edus[i].group, container), 0);
	want(container_set_iommu(container, VFIO_TYPE1v2_IOMMU), 0);
	for (i = 0; i < EDUS; i++)
		edu_open(&edus[i]);
	memory = anon(PAGES * PAGE);
	fill(memory, PAGES * PAGE, FROM);
	scratch = anon(EDUS * PAGE);
	want(container_map(container, scratch, EDUS * PAGE, SCRATCH_AT, MAP_BOTH), 0);
}

static void take_down(void)
{
	edu_forget(edus);
	want(close(container), 0);
}

static int map_memory(uint32_t flags)
{
	return container_map(container, memory, PAGES * PAGE, AT, flags);
}

static void unmap_memory(void)
{
	uint64_t unmapped;

	want(container_unmap(container, AT, PAGES * PAGE, &unmapped), 0);
	want(unmapped, PAGES * PAGE);
}

/* What is in a device's buffer. */
static const char *buffer_of(unsigned int i)
{
	memset(scratch + i * PAGE, 0xee, PAGE);
	edu_write(&edus[i], SCRATCH_AT + i * PAGE, EDU_BUFFER);
	return scratch + i * PAGE;
}

static void every_page_moves(void)
{
	uint64_t page;

	want(map_memory(MAP_BOTH), 0);
	for (page = 0; page < PAGES; page++) {
		edu_read(&edus[page % EDUS], AT + page * PAGE, PAGE);
		want_filled(buffer_of(page % EDUS), PAGE, FROM, page * PAGE);
	}
	memset(memory, 0, PAGES * PAGE);
	/* From the middle of a page into the next, to the byte. */
	edu_write(&edus[0], AT + PAGE / 2 + 8, PAGE - 16);
	want_filled(memory + PAGE / 2 + 8, PAGE - 16, FROM, (PAGES - EDUS) * PAGE);
	want(memory[PAGE / 2 + 7], 0);
	want(memory[PAGE / 2 + 8 + PAGE - 16], 0);
	unmap_memory();
}

/* It tells a few of them every five seconds, and some time later. */
static void want_fault_told(int kmsg)
{
	unsigned int tries = 0;

	while (kmsg_fault() && !kmsg_count(kmsg, kmsg_fault())) {
		want_that(tries++ < MOST_TRIES);
		edu_read(&edus[0], AT + PAGE, PAGE);
	}
}

/* After an unmap neither reads nor writes come through, and the IOMMU tells where it can. */
static void unmapped_memory_is_out_of_reach(void)
{
	int kmsg = kmsg_open();

	want(map_memory(MAP_BOTH), 0);
	edu_read(&edus[0], AT, PAGE);
	want_filled(buffer_of(0), PAGE, FROM, 0);
	unmap_memory();
	if (kmsg_fault())
		want(kmsg_count(kmsg, kmsg_fault()), 0);
	edu_write(&edus[0], AT + PAGE, PAGE);
	want_filled(memory, PAGES * PAGE, FROM, 0);
	edu_read(&edus[0], AT + PAGE, PAGE);
	want_that(filled(buffer_of(0), PAGE, FROM, PAGE) == 0);
	want_fault_told(kmsg);
	close(kmsg);
}

/* A transfer that has begun when its mapping goes, and one whose mapping is replaced. */
static void mappings_change_under_a_transfer(void)
{
	char *other = anon(PAGES * PAGE);

	want(map_memory(MAP_BOTH), 0);
	edu_read(&edus[0], AT, PAGE);
	edu_start_write(&edus[0], AT + PAGE, PAGE);
	unmap_memory();
	edu_wait(&edus[0]);
	want_filled(memory, PAGES * PAGE, FROM, 0);

	want(map_memory(MAP_BOTH), 0);
	edu_start_write(&edus[0], AT + PAGE, PAGE);
	unmap_memory();
	want(container_map(container, other, PAGES * PAGE, AT, MAP_BOTH), 0);
	edu_wait(&edus[0]);
	want_filled(memory, PAGES * PAGE, FROM, 0);
	want_filled(other + PAGE, PAGE, FROM, 0);
	want(other[0], 0);
	want(other[2 * PAGE], 0);
	unmap_memory();
}

static void a_device_that_may_only_read_writes_nothing(void)
{
	want(mprotect(memory, PAGES * PAGE, PROT_READ), 0);
	want(map_memory(MAP_BOTH), -EFAULT);
	want(map_memory(MAP_READ), 0);
	edu_read(&edus[1], AT + PAGE, PAGE);
	want_filled(buffer_of(1), PAGE, FROM, PAGE);
	edu_write(&edus[1], AT + 2 * PAGE, PAGE);
	want_filled(memory, PAGES * PAGE, FROM, 0);
	unmap_memory();
}

static void one_page_goes_and_its_neighbours_stay(void)
{
	uint64_t page, unmapped;

	for (page = 0; page < PAGES; page++)
		want(container_map(container, memory + page * PAGE, PAGE, AT + page * PAGE,
				   MAP_BOTH),
		     0);
	want(container_unmap(container, AT + 5 * PAGE, PAGE, &unmapped), 0);
	want(unmapped, PAGE);
	for (page = 4; page < 7; page++) {
		edu_read(&edus[0], SCRATCH_AT + PAGE, PAGE);
		edu_read(&edus[0], AT + page * PAGE, PAGE);
		want(filled(buffer_of(0), PAGE, FROM, page * PAGE), page == 5 ? 0 : PAGE);
	}
	want(container_unmap_all(container, &unmapped), 0);
	want(unmapped, (PAGES - 1 + EDUS) * PAGE);
}

/* A huge page, at both its ends and in its middle. */
static void a_huge_page_moves(void)
{
	const uint64_t places[] = { 0, MIB, HUGE_2M - PAGE };
	char *huge = thp(HUGE_2M);
	unsigned int i;

	fill(huge, HUGE_2M, FROM);
	want(container_map(container, huge, HUGE_2M, 4 * HUGE_2M, MAP_BOTH), 0);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		edu_read(&edus[i], 4 * HUGE_2M + places[i], PAGE);
		want_filled(buffer_of(i), PAGE, FROM, places[i]);
	}
	want(container_unmap(container, 4 * HUGE_2M, HUGE_2M, NULL), 0);
}

/* What was mapped before a device came is there for it, and stays when it goes. */
static void devices_come_and_go(void)
{
	unsigned int i;

	want(map_memory(MAP_BOTH), 0);
	for (i = 0; i < EDUS; i++) {
		edu_close(&edus[i]);
		if (i)
			want(group_detach(edus[i].group), 0);
		else
			edu_open(&edus[i]);
	}
	for (i = 1; i < EDUS; i++) {
		want(group_attach(edus[i].group, container), 0);
		edu_open(&edus[i]);
		edu_read(&edus[i], AT + i * PAGE, PAGE);
		want_filled(buffer_of(i), PAGE, FROM, i * PAGE);
	}
	unmap_memory();
}

/* Which type1 finds since Linux 6.18 only. AMD's IOMMU has IOVAs up to there, others have not. */
static void the_last_page_is_one_like_others(void)
{
	const uint64_t at = -2 * PAGE;
	bool is_there = !access("/sys/class/iommu/ivhd0", F_OK);
	uint64_t unmapped = 1;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		want(container_map(container, memory, 2 * PAGE, at, MAP_BOTH),
		     is_there ? 0 : -EINVAL);
		if (!is_there)
			return;
		edu_read(&edus[0], at + PAGE, PAGE);
		want_filled(buffer_of(0), PAGE, FROM, PAGE);
		want(container_map(container, memory, PAGE, at + PAGE, MAP_BOTH), -EEXIST);
		want(container_unmap(container, at + PAGE, PAGE, &unmapped), -EINVAL);
		want(container_unmap(container, at, 2 * PAGE, &unmapped), 0);
		want(unmapped, 2 * PAGE);
		want(container_unmap(container, at, 2 * PAGE, &unmapped), 0);
		want(unmapped, 0);
	}
}

static void by(enum backend backend, void (*body)(void))
{
	backend_use(backend);
	set_up();
	want(backend_of(container), backend);
	body();
	take_down();
	if (backend == BACKEND_IOASID)
		want_nothing_left();
	want(vm_pin(), 0);
	want(vm_lck(), 0);
}

#define DMA_TEST(body)                    \
	Test(dma_by_type1, body)          \
	{                                 \
		by(BACKEND_TYPE1, body);  \
	}                                 \
	Test(dma_by_ioasid, body)         \
	{                                 \
		by(BACKEND_IOASID, body); \
	}

DMA_TEST(every_page_moves)
DMA_TEST(unmapped_memory_is_out_of_reach)
DMA_TEST(mappings_change_under_a_transfer)
DMA_TEST(a_device_that_may_only_read_writes_nothing)
DMA_TEST(one_page_goes_and_its_neighbours_stay)
DMA_TEST(a_huge_page_moves)
DMA_TEST(devices_come_and_go)

Test(dma_by_ioasid, the_last_page_is_one_like_others)
{
	by(BACKEND_IOASID, the_last_page_is_one_like_others);
}
