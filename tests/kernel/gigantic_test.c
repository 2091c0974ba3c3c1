// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of 1 GiB pages: one run, one entry. Such a page is seldom to be had later than at boot, so
 * the kernel has to be started with hugepagesz=1G hugepages=1; skipped where it was not.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "format.h"
#include "memory.h"

#define AT (4 * GIB)

static int fd;
static uint32_t ioas;
static char *memory;
static int64_t pinned_before;

static void open_one(void)
{
	if (!hugetlb_reserve(HUGE_1G, 1))
		cr_skip_test("no gigantic page was reserved at boot");
	want_nothing_left();
	memory = hugetlb(HUGE_1G, HUGE_1G);
	pinned_before = system_pinned();
	fd = device_open();
	ioas = make_ioas(fd);
}

static void close_one(void)
{
	want(close(fd), 0);
	want(vm_pin(), 0);
	want(system_pinned(), pinned_before);
	want_nothing_left();
	want(munmap(memory, HUGE_1G), 0);
}

#define GIGANTIC_TEST(name) TEST_BETWEEN(open_one, close_one, gigantic, name)

static void want_entry(uint32_t table, uint64_t offset, uint64_t length)
{
	struct ioasid_translate entry;

	want(translate(fd, table, AT + offset, IOASID_TRANSLATE_PHYS, &entry), 0);
	want(entry.out_phys, physical(memory + offset));
	want(entry.out_length, length);
}

GIGANTIC_TEST(page_is_one_run_and_one_entry)
{
	struct ioasid_translate where;
	uint32_t table = make_table(fd, ioas);
	char word[8] = "";

	want(map_at(fd, ioas, memory, HUGE_1G, READ_WRITE, AT), 0);
	want_pinned(fd, 1, HUGE_1G);
	want(query_process(fd).runs, 1);
	want(system_pinned() - pinned_before, HUGE_1G / PAGE);
	want(translate(fd, ioas, AT + 5, 0, &where), 0);
	want(where.out_length, HUGE_1G - 5);
	want_entry(table, 0, HUGE_1G);
	want_entry(table, HUGE_2M + 7, HUGE_1G - HUGE_2M - 7);
	want(query_ioas(fd, ioas).table_memory, 2 * PAGE);
	strcpy(memory + HUGE_1G - 8, "the end");
	want(access_read(fd, ioas, AT + HUGE_1G - 8, word, 8, NULL), 0);
	want(strcmp(word, "the end"), 0);

	/* A page cut out of it: 511 entries of 2 MiB and 511 of 4 KiB are left. */
	want(unmap(fd, ioas, AT + HUGE_2M + PAGE, PAGE, NULL), 0);
	want(query_ioas(fd, ioas).table_memory, 4 * PAGE);
	want_entry(table, 0, HUGE_2M);
	want_entry(table, HUGE_2M, PAGE);
	want(translate(fd, table, AT + HUGE_2M + PAGE, 0, &where), -ENOENT);
	want_entry(table, HUGE_2M + 2 * PAGE, PAGE);
	want_entry(table, 2 * HUGE_2M, HUGE_2M);
	want_entry(table, HUGE_1G - HUGE_2M, HUGE_2M);
	want_pinned(fd, 1, HUGE_1G);
	want(unmap_all(fd, ioas, NULL), 0);
	want(query_ioas(fd, ioas).table_memory, PAGE);
}

GIGANTIC_TEST(page_is_placed_where_it_can_be_one_entry)
{
	uint32_t table = make_table(fd, ioas);
	struct ioasid_translate entry;
	uint64_t iova;

	want(make_map(fd, ioas, anon(PAGE), PAGE), PAGE);
	iova = make_map(fd, ioas, memory, HUGE_1G);
	want(iova, GIB);
	want(translate(fd, table, iova, 0, &entry), 0);
	want(entry.out_length, HUGE_1G);
}

GIGANTIC_TEST(page_has_the_largest_entries_of_each_format)
{
	const uint64_t part = 17 * HUGE_2M - PAGE;
	uint32_t tables[FORMATS], i;
	uint64_t sizes, seen;

	make_all_tables(fd, ioas, 0, tables);
	want(map_at(fd, ioas, memory, HUGE_1G, READ_WRITE, AT), 0);
	for (i = 0; i < FORMATS; i++) {
		context("%s", formats[i].name);
		sizes = format_sizes(i, formats[i].usual);
		want(want_largest_entries(fd, ioas, tables[i], sizes, AT, HUGE_1G), HUGE_1G);
	}
	/* A cut in the middle splits each. */
	want(unmap(fd, ioas, AT + GIB / 2, PAGE, NULL), 0);
	want_tables_agree(fd, ioas, tables, FORMATS, AT + GIB / 2 - PAGE, 3 * PAGE);
	want_tables_agree(fd, ioas, tables, FORMATS, AT + GIB - PAGE, 2 * PAGE);
	want(unmap_all(fd, ioas, NULL), 0);

	/* From the last page before 34 MiB on: there are entries of 32 MiB where there can be. */
	want(map_at(fd, ioas, memory + part, HUGE_1G - part, READ_WRITE, AT + part), 0);
	for (i = 0; i < FORMATS; i++) {
		context("%s", formats[i].name);
		sizes = format_sizes(i, formats[i].usual);
		seen = want_largest_entries(fd, ioas, tables[i], sizes, AT + part, HUGE_1G - part);
		if (i == IOASID_FORMAT_AMD_V1)
			/* All but 32 MiB, for which nothing is aligned. */
			want(seen, PAGE | (1022 * MIB & ~(32 * MIB)));
		else if (i == IOASID_FORMAT_ARM_S1 || i == IOASID_FORMAT_ARM_S2)
			want(seen, PAGE | HUGE_2M | 16 * HUGE_2M);
		else
			want(seen, PAGE | HUGE_2M);
	}
	want(unmap_all(fd, ioas, NULL), 0);
	want(query_ioas(fd, ioas).table_memory, FORMATS * PAGE);
}

GIGANTIC_TEST(page_is_dirty_as_a_whole)
{
	static uint64_t bits[HUGE_1G / PAGE / 64];
	uint32_t tables[FORMATS], i;
	uint64_t dirty, j;

	make_all_tables(fd, ioas, IOASID_TABLE_ALLOC_TRACK, tables);
	want(map_at(fd, ioas, memory, HUGE_1G, READ_WRITE, AT), 0);
	for (i = 0; i < FORMATS; i++)
		want(dirty_switch(fd, tables[i], IOASID_DIRTY_START), 0);
	want(access_write(fd, ioas, AT + GIB / 2 + 5, "device", 6, NULL), 0);
	/* More bits than are read in one part. */
	for (i = 0; i < FORMATS; i++) {
		context("%s", formats[i].name);
		memset(bits, 0, sizeof(bits));
		want(dirty_read(fd, tables[i], 0, AT, HUGE_1G, PAGE, bits, &dirty), 0);
		want(dirty, HUGE_1G);
		for (j = 0; j < ARRAY_SIZE(bits); j++)
			want(bits[j], ~0ULL);
		want(dirty_read(fd, tables[i], 0, AT, HUGE_1G, PAGE, bits, &dirty), 0);
		want(dirty, 0);
	}
}
