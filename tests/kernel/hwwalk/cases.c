// SPDX-License-Identifier: GPL-2.0-only
#include "cases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"

/* Ends of an entry: what comes before and after is another's business. */
static void want_whole_entry(uint64_t iova, char *memory, uint64_t size)
{
	struct ioasid_translate entry = lane_entry(&lane, iova);

	want(entry.out_length, size);
	want(entry.out_phys, physical(memory));
	want(entry.out_phys & (size - 1), 0);
	want_moves(&lane, iova, memory, PAGE);
	want_moves(&lane, iova + size / 2 + 40, memory + size / 2 + 40,
		   size / 2 - 40 < PAGE ? size / 2 - 40 : PAGE - 120);
	want_moves(&lane, iova + size - PAGE, memory + size - PAGE, PAGE);
}

/*
 * A page of 1 GiB, kept by its name for all tests of the machine: to make it takes long, as it is
 * cleared.
 */
static char *gigantic(void)
{
	const char *directory = "/run/ioasid-hwwalk", *path = "/run/ioasid-hwwalk/page";
	char *memory;
	int file;

	if (!mkdir(directory, 0700))
		want(mount("none", directory, "hugetlbfs", 0, "pagesize=1G"), 0);
	file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	want_that(file >= 0);
	want(ftruncate(file, HUGE_1G), 0);
	memory = mmap(NULL, HUGE_1G, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	want_that(memory != MAP_FAILED);
	want(close(file), 0);
	memory[0] = 0;
	return memory;
}

static void tell_size(char *to, uint64_t size)
{
	if (size >= GIB)
		sprintf(to, " %uG", (unsigned int)(size / GIB));
	else if (size >= MIB)
		sprintf(to, " %uM", (unsigned int)(size / MIB));
	else
		sprintf(to, " %uK", (unsigned int)(size >> 10));
}

static void walk_size(char *memory, uint64_t size, char *told)
{
	if (size > lane.field_size)
		return;
	context("%s, entry of %llu KiB", walk_kind->name, (unsigned long long)size >> 10);
	lane_map(&lane, memory, size, READ_WRITE, lane.field);
	want_whole_entry(lane.field, memory, size);
	lane_unmap(&lane, lane.field, size);
	want_unreached(&lane, lane.field + size - PAGE, memory + size - PAGE);
	tell_size(told + strlen(told), size);
}

/* Sizes between 4K and 2M are there when some table could have them: pieces of a huge page. */
void walk_case_sizes(void)
{
	char told[256] = "", *huge = thp(HUGE_2M), *giga;
	struct ioasid_info info = { .size = sizeof(info) };
	uint64_t size;

	want(call(lane.fd, IOASID_INFO, &info), 0);
	walk_size(anon(PAGE), PAGE, told);
	for (size = 2 * PAGE; size <= HUGE_2M; size *= 2)
		if (lane.sizes & size & info.page_sizes)
			walk_size(huge, size, told);
	if (lane.field_size >= HUGE_1G && lane.sizes & HUGE_1G) {
		giga = gigantic();
		for (size = 2 * HUGE_2M; size <= HUGE_1G; size *= 2)
			if (lane.sizes & size & info.page_sizes)
				walk_size(giga, size, told);
		want(munmap(giga, HUGE_1G), 0);
	}
	note("%s: DMA through entries of%s", walk_kind->name, told);
}

/* Scattered pages, DMA of every alignment over their borders. */
void walk_case_pages(void)
{
	enum { N = 16 };
	char *memory = anon(N * PAGE);
	uint64_t at = lane.field + HUGE_2M / 8 * 3;
	int i;

	/* IOVAs go one way, memory the other. */
	for (i = 0; i < N; i++)
		lane_map(&lane, memory + (N - 1 - i) * PAGE, PAGE, READ_WRITE, at + i * PAGE);
	for (i = 0; i < N; i++)
		want_moves(&lane, at + i * PAGE + i * 8, memory + (N - 1 - i) * PAGE + i * 8,
			   PAGE - i * 8);
	for (i = 0; i < N - 1; i++) {
		fill(memory, N * PAGE, i);
		buffer_fill(&lane, 1000 + i);
		lane_dma(&lane, at + i * PAGE + 2048 + i, PAGE, true);
		want_no_fault(&lane);
		want_filled(memory + (N - 1 - i) * PAGE + 2048 + i, 2048 - i, 1000 + i, 0);
		want_filled(memory + (N - 2 - i) * PAGE, 2048 + i, 1000 + i, 2048 - i);
		want_filled(memory, (N - 2 - i) * PAGE, i, 0);
		want_filled(memory + (N - i) * PAGE, i * PAGE, i, (N - i) * PAGE);
	}
}

void walk_case_rights(void)
{
	char *memory = anon(2 * PAGE);

	fill(memory, 2 * PAGE, 3);
	lane_map(&lane, memory, PAGE, READ_ONLY, lane.field);
	lane_map(&lane, memory + PAGE, PAGE, READ_WRITE, lane.field + PAGE);
	want_refused(&lane, lane.field + 64, true, memory + 64, WALK_QUIET_RIGHTS);
	want_reads(&lane, lane.field, memory, PAGE);
	want_refused(&lane, lane.field + 128, true, memory + 128,
		     WALK_QUIET_RIGHTS | WALK_QUIET_CACHED);
	want_reads(&lane, lane.field, memory, PAGE);
	want_moves(&lane, lane.field + PAGE, memory + PAGE, PAGE);
	/* Refused before anything was read there, too. */
	lane_unmap(&lane, lane.field, 2 * PAGE);
	lane_map(&lane, memory, 2 * PAGE, READ_ONLY, lane.field);
	want_refused(&lane, lane.field + PAGE, true, memory + PAGE, WALK_QUIET_RIGHTS);
	want_reads(&lane, lane.field + PAGE, memory + PAGE, PAGE);
}

/* Nothing there: next to a mapping, where there is no table at all, and half of a DMA. */
void walk_case_unmapped(void)
{
	char *memory = anon(PAGE);

	fill(memory, PAGE, 4);
	want_unreached(&lane, lane.field, NULL);
	lane_map(&lane, memory, PAGE, READ_WRITE, lane.field + PAGE);
	want_unreached(&lane, lane.field, NULL);
	want_unreached(&lane, lane.field + 2 * PAGE + 8, NULL);
	want_unreached(&lane, lane.home + 2 * PAGE, NULL);
	want_moves(&lane, lane.field + PAGE, memory, PAGE);

	buffer_fill(&lane, 5);
	lane_dma(&lane, lane.field + 2 * PAGE - 64, 128, true);
	want_fault(&lane, lane.field + 2 * PAGE, true, WALK_QUIET_EMPTY);
	want_filled(memory + PAGE - 64, 64, 5, 0);
	fill(memory, PAGE, 6);
	buffer_fill(&lane, 7);
	lane_dma(&lane, lane.field + 2 * PAGE - 64, 128, false);
	want_fault(&lane, lane.field + 2 * PAGE, false, WALK_QUIET_EMPTY);
	buffer_dump(&lane);
	want(memcmp(lane.sink, memory + PAGE - 64, 64), 0);
}

void walk_case_unmap(void)
{
	char *memory = anon(3 * PAGE);
	struct walk_flushes flushes;
	int i;

	lane_map(&lane, memory, 3 * PAGE, READ_WRITE, lane.field);
	for (i = 0; i < 3; i++)
		want_moves(&lane, lane.field + i * PAGE, memory + i * PAGE, PAGE);
	flushes = lane_flushes(&lane, false);
	fill(memory, 3 * PAGE, 8);
	lane_unmap(&lane, lane.field + PAGE, PAGE);
	want_that(lane_flushes(&lane, false).count > flushes.count);
	flushes = lane_flushes(&lane, false);
	want_that(flushes.iova <= lane.field + PAGE && flushes.last >= lane.field + 2 * PAGE - 1);
	want_unreached(&lane, lane.field + PAGE + 16, memory + PAGE + 16);
	want_filled(memory, PAGE, 8, 0);
	want_filled(memory + 2 * PAGE, PAGE, 8, 2 * PAGE);
	want_moves(&lane, lane.field, memory, PAGE);
	want_moves(&lane, lane.field + 2 * PAGE, memory + 2 * PAGE, PAGE);
	want(unmap_all(lane.fd, lane.ioas, NULL), 0);
	lane_map(&lane, lane.source, 2 * PAGE, READ_WRITE, lane.home);
	for (i = 0; i < 3; i++)
		want_unreached(&lane, lane.field + i * PAGE, memory + i * PAGE);
}

/*
 * The unit remembers what it walked. Were the flush missing, it would go on with pages that are no
 * longer mapped: so the tests that unmap do see whether it is there.
 */
void walk_case_caches(void)
{
	char *memory = anon(PAGE), *other = anon(PAGE);

	lane_map(&lane, memory, PAGE, READ_WRITE, lane.field);
	want_moves(&lane, lane.field, memory, PAGE);
	lane_flushes(&lane, true);
	lane_unmap(&lane, lane.field, PAGE);
	want_moves(&lane, lane.field, memory, PAGE);
	lane_map(&lane, other, PAGE, READ_WRITE, lane.field);
	want_moves(&lane, lane.field, memory, PAGE);
	lane_flushes(&lane, false);
	lane_unmap(&lane, lane.field, PAGE);
	want_unreached(&lane, lane.field, memory);
	want_unreached(&lane, lane.field, other);
}

void walk_case_remap(void)
{
	char *memory = anon(2 * PAGE), *huge = thp(HUGE_2M);
	int i;

	for (i = 0; i < 4; i++) {
		lane_map(&lane, memory + i % 2 * PAGE, PAGE, READ_WRITE, lane.field);
		want_moves(&lane, lane.field, memory + i % 2 * PAGE, PAGE);
		lane_unmap(&lane, lane.field, PAGE);
	}
	/* Rights change, too. */
	lane_map(&lane, memory, PAGE, READ_ONLY, lane.field);
	want_reads(&lane, lane.field, memory, PAGE);
	lane_unmap(&lane, lane.field, PAGE);
	lane_map(&lane, memory, PAGE, READ_WRITE, lane.field);
	want_moves(&lane, lane.field, memory, PAGE);
	lane_unmap(&lane, lane.field, PAGE);
	/* A table gives way to a large entry, and comes again. */
	for (i = 0; i < 2; i++) {
		lane_map(&lane, huge, HUGE_2M, READ_WRITE, lane.field);
		want(lane_entry(&lane, lane.field).out_length, HUGE_2M);
		want_moves(&lane, lane.field + PAGE, huge + PAGE, PAGE);
		lane_unmap(&lane, lane.field, HUGE_2M);
		lane_map(&lane, memory, 2 * PAGE, READ_WRITE, lane.field);
		want_moves(&lane, lane.field + PAGE, memory + PAGE, PAGE);
		lane_unmap(&lane, lane.field, 2 * PAGE);
	}
}

/* A page cut out of an entry: around the hole everything is as it was. */
static void cut(char *memory, uint64_t size, uint64_t hole)
{
	uint64_t places[] = { 0, hole - PAGE, hole + PAGE, size - PAGE };
	size_t i;

	lane_map(&lane, memory, size, READ_WRITE, lane.field);
	want(lane_entry(&lane, lane.field).out_length, size);
	for (i = 0; i < ARRAY_SIZE(places); i++)
		want_moves(&lane, lane.field + places[i], memory + places[i], PAGE);
	want_moves(&lane, lane.field + hole, memory + hole, PAGE);
	lane_unmap(&lane, lane.field + hole, PAGE);
	want_unreached(&lane, lane.field + hole, memory + hole);
	for (i = 0; i < ARRAY_SIZE(places); i++)
		want_moves(&lane, lane.field + places[i], memory + places[i], PAGE);
	lane_map(&lane, memory + PAGE, PAGE, READ_WRITE, lane.field + hole);
	want_moves(&lane, lane.field + hole, memory + PAGE, PAGE);
	lane_unmap(&lane, lane.field, size);
	want_unreached(&lane, lane.field + hole, memory + PAGE);
	want_unreached(&lane, lane.field, memory);
}

void walk_case_split(void)
{
	char *huge = thp(HUGE_2M), *giga;

	cut(huge, HUGE_2M, 77 * PAGE);
	if (walk_kind->format == IOASID_FORMAT_AMD_V1)
		cut(huge, 16 * PAGE, 5 * PAGE);
	if (lane.field_size < HUGE_1G || !(lane.sizes & HUGE_1G))
		return;
	giga = gigantic();
	cut(giga, HUGE_1G, 300 * HUGE_2M + 3 * PAGE);
	want(munmap(giga, HUGE_1G), 0);
}

/* Tables are made for each page, walked, and freed with it, many times. */
void walk_case_tables_come_and_go(void)
{
	enum { N = 6, ROUNDS = 4 };
	uint64_t apart = lane.field_size / N & -HUGE_2M;
	char *memory = anon(N * PAGE);
	uint64_t empty = query_ioas(lane.fd, lane.ioas).table_memory;
	int i, round;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < N; i++)
			lane_map(&lane, memory + i * PAGE, PAGE, READ_WRITE,
				 lane.field + i * apart + round * PAGE);
		want_that(query_ioas(lane.fd, lane.ioas).table_memory > empty);
		for (i = 0; i < N; i++)
			want_moves(&lane, lane.field + i * apart + round * PAGE, memory + i * PAGE,
				   PAGE);
		for (i = 0; i < N; i++)
			lane_unmap(&lane, lane.field + i * apart + round * PAGE, PAGE);
		want(query_ioas(lane.fd, lane.ioas).table_memory, empty);
		for (i = 0; i < N; i++)
			want_unreached(&lane, lane.field + i * apart + round * PAGE,
				       memory + i * PAGE);
	}
}

static unsigned int marks(uint64_t iova)
{
	return lane_entry(&lane, iova).out_access & (IOASID_ENTRY_ACCESSED | IOASID_ENTRY_DIRTY);
}

#define READ_MARK IOASID_ENTRY_ACCESSED
#define WRITE_MARK (IOASID_ENTRY_ACCESSED | IOASID_ENTRY_DIRTY)

/* Those units that don't set accessed and dirty bits leave the entries alone. */
static void want_marks_stay(char *memory)
{
	unsigned int before = marks(lane.field);

	want_moves(&lane, lane.field, memory, PAGE);
	want(marks(lane.field), before);
}

void walk_case_marks(void)
{
	char *memory = anon(4 * PAGE), *huge = thp(HUGE_2M);

	lane_map(&lane, memory, 4 * PAGE, READ_WRITE, lane.field);
	if (!(walk_kind->flags & IOASID_TABLE_ALLOC_TRACK)) {
		want_marks_stay(memory);
		return;
	}
	lane_map(&lane, huge, HUGE_2M, READ_WRITE, lane.field + HUGE_2M);
	want(marks(lane.field), 0);
	want_reads(&lane, lane.field, memory, PAGE);
	want(marks(lane.field), READ_MARK);
	want(marks(lane.field + PAGE), 0);
	want_writes(&lane, lane.field + 2 * PAGE, memory + 2 * PAGE, PAGE);
	want(marks(lane.field + 2 * PAGE), WRITE_MARK);
	want(marks(lane.field + PAGE), 0);
	want(marks(lane.field + 3 * PAGE), 0);
	want(marks(lane.field + HUGE_2M), 0);
	want_writes(&lane, lane.field + HUGE_2M + 9 * PAGE, huge + 9 * PAGE, PAGE);
	want(marks(lane.field + HUGE_2M), WRITE_MARK);
	note("%s: sets accessed and dirty bits", walk_kind->name);
}

static int dirty_call(uint32_t op, uint64_t *bitmap, uint64_t pages, uint64_t *out)
{
	struct ioasid_dirty args = {
		.size = sizeof(args),
		.op = op,
		.table_id = lane.table,
		.iova = pages ? lane.field : 0,
		.length = pages * PAGE,
		.granule = pages ? PAGE : 0,
		.bitmap = ADDRESS(bitmap),
	};
	int ret = call(lane.fd, IOASID_DIRTY, &args);

	*out = args.out_dirty;
	return ret;
}

static uint64_t want_dirty(uint64_t must, uint64_t may)
{
	uint64_t bitmap = 0, dirty;

	want(dirty_call(IOASID_DIRTY_READ, &bitmap, 64, &dirty), 0);
	want(bitmap & ~may, must);
	want(dirty, __builtin_popcountll(bitmap) * PAGE);
	return bitmap;
}

static void write_page(char *memory, unsigned int page)
{
	want_writes(&lane, lane.field + page * PAGE + page, memory + page * PAGE + page, 64);
}

#define PAGES(a, b) (1ULL << (a) | 1ULL << (b))

/*
 * What is told dirty is what the device has written, each time anew. But QEMU before 11.0 leaves
 * the dirty bit of an entry alone that has its accessed bit set.
 */
void walk_case_dirty(void)
{
	char *memory = anon(64 * PAGE);
	uint64_t none, again;

	lane_map(&lane, memory, 64 * PAGE, READ_WRITE, lane.field);
	if (!(walk_kind->flags & IOASID_TABLE_ALLOC_TRACK)) {
		want(dirty_call(IOASID_DIRTY_START, NULL, 0, &none), -EOPNOTSUPP);
		return;
	}
	write_page(memory, 1);
	want(dirty_call(IOASID_DIRTY_START, NULL, 0, &none), 0);
	want_dirty(0, 0);
	write_page(memory, 2);
	write_page(memory, 63);
	want_reads(&lane, lane.field + 5 * PAGE, memory + 5 * PAGE, PAGE);
	want_dirty(PAGES(2, 63), 0);
	want_dirty(0, 0);
	write_page(memory, 2);
	write_page(memory, 5);
	write_page(memory, 0);
	write_page(memory, 7);
	again = want_dirty(PAGES(0, 7), PAGES(2, 5)) & PAGES(2, 5);
	want_that(!again || again == PAGES(2, 5));
	want(dirty_call(IOASID_DIRTY_STOP, NULL, 0, &none), 0);
	note("%s: what it writes is told by IOASID_DIRTY%s", walk_kind->name,
	     again ? "" : ", but not what it had accessed before");
}

/* Two devices, two tables, the same IOVA. */
void walk_case_two_devices(void)
{
	struct lane other = lane_open(1);
	char *memory = anon(2 * PAGE);

	lane_map(&lane, memory, PAGE, READ_WRITE, lane.field);
	want_unreached(&other, lane.field, memory);
	lane_map(&other, memory + PAGE, PAGE, READ_WRITE, lane.field);
	want_moves(&lane, lane.field, memory, PAGE);
	want_moves(&other, lane.field, memory + PAGE, PAGE);
	lane_unmap(&lane, lane.field, PAGE);
	want_unreached(&lane, lane.field, memory);
	want_moves(&other, lane.field, memory + PAGE, PAGE);
	lane_close(&other);
}

/* Two devices on one table, and on two tables of one address space: all are told of an unmap. */
void walk_case_shared(void)
{
	struct lane same = lane, second = lane;
	struct walk_attach args;
	char *memory = anon(PAGE);

	want(lane_attach(lane.fd, lane.table, walk_kind->mode, 1, &same.device, &args), 0);
	want(lane_table(lane.fd, lane.ioas, walk_kind, &second.table), 0);
	want(lane_attach(lane.fd, second.table, walk_kind->mode, 2, &second.device, &args), 0);
	lane_map(&lane, memory, PAGE, READ_WRITE, lane.field);
	want_moves(&lane, lane.field, memory, PAGE);
	want_moves(&same, lane.field, memory, PAGE);
	want_moves(&second, lane.field, memory, PAGE);
	lane_unmap(&lane, lane.field, PAGE);
	want_unreached(&lane, lane.field, memory);
	want_unreached(&same, lane.field, memory);
	want_unreached(&second, lane.field, memory);
	want(close(same.device), 0);
	want(close(second.device), 0);
}

/* Mapped before the device is attached, and attached to another table afterwards. */
void walk_case_attach(void)
{
	struct walk_attach args;
	char *memory = anon(PAGE);
	uint32_t second;

	lane_map(&lane, memory, PAGE, READ_WRITE, lane.field);
	want(lane_table(lane.fd, lane.ioas, walk_kind, &second), 0);
	want(destroy(lane.fd, lane.table), -EBUSY);
	want(close(lane.device), 0);
	want(lane_attach(lane.fd, second, walk_kind->mode, 0, &lane.device, &args), 0);
	want_moves(&lane, lane.field, memory, PAGE);
	lane_unmap(&lane, lane.field, PAGE);
	want_unreached(&lane, lane.field, memory);
	/* The first table isn't walked any more and may go. */
	want(destroy(lane.fd, lane.table), 0);
	lane_map(&lane, memory, PAGE, READ_WRITE, lane.field);
	want_moves(&lane, lane.field, memory, PAGE);
}

/* The file goes while a device is attached: what it reaches stays until it is detached. */
void walk_case_close(void)
{
	char *memory = anon(PAGE);

	lane_map(&lane, memory, PAGE, READ_WRITE, lane.field);
	want_moves(&lane, lane.field, memory, PAGE);
	want(close(lane.fd), 0);
	want(vm_pin(), 3 * PAGE);
	want_moves(&lane, lane.field, memory, PAGE);
	want(close(lane.device), 0);
	want(vm_pin(), 0);
	lane = lane_open(0);
}

void walk_want_refused(const struct walk_kind *kind)
{
	struct walk_attach args;
	uint32_t ioas, table;
	int fd, device, ret;

	walk_load(kind);
	fd = device_open();
	ioas = make_ioas(fd);
	ret = lane_table(fd, ioas, kind, &table);
	if (ret) {
		want(ret, -EOPNOTSUPP);
		note("%s: there are no such tables", kind->name);
	} else {
		want(lane_attach(fd, table, kind->mode, 0, &device, &args), -EOPNOTSUPP);
		want(close(device), 0);
		note("%s: the unit says that it can't", kind->name);
	}
	want(close(fd), 0);
	want_nothing_left();
}
