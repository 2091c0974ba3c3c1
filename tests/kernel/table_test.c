// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables: they say what the address space says, with the largest entries that fit, and take no
 * more memory than they need.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"

#define AT (4 * GIB)

static int fd;
static uint32_t ioas;

static void open_one(void)
{
	fd = device_open();
	ioas = make_ioas(fd);
}

static void close_one(void)
{
	want(close(fd), 0);
	want_nothing_left();
}

#define TABLE_TEST(name) TEST_BETWEEN(open_one, close_one, table, name)

/* Table pages: the root, and so many below it. */
#define want_memory(pages) want(query_ioas(fd, ioas).table_memory, (pages) * PAGE)

/* The entry that serves an IOVA, checked against the address space and the process's page table. */
static struct ioasid_translate want_entry(uint32_t table, uint64_t iova, void *memory,
					  uint64_t length)
{
	struct ioasid_translate entry, mapping;

	want(translate(fd, table, iova, IOASID_TRANSLATE_PHYS, &entry), 0);
	want(translate(fd, ioas, iova, IOASID_TRANSLATE_PHYS, &mapping), 0);
	want(entry.out_phys, physical(memory));
	want(mapping.out_phys, entry.out_phys);
	want(mapping.out_access, entry.out_access);
	want(mapping.out_va, ADDRESS(memory));
	want(entry.out_length, length);
	want_that(mapping.out_length >= 1);
	want(entry.out_pin, 0);
	want(entry.out_pin_offset, 0);
	want(entry.out_va, 0);
	return entry;
}

static void want_no_entry(uint32_t table, uint64_t iova)
{
	struct ioasid_translate entry;

	want(translate(fd, table, iova, IOASID_TRANSLATE_PHYS, &entry), -ENOENT);
	want(entry.out_phys, 0);
}

TABLE_TEST(follows_maps_and_unmaps)
{
	char *memory = anon(16 * PAGE);
	uint32_t table = make_table(fd, ioas);
	int i;

	want_memory(1);
	want_no_entry(table, AT);
	want(map_at(fd, ioas, memory, 16 * PAGE, READ_WRITE, AT), 0);
	want_memory(4);
	for (i = 0; i < 16; i++) {
		want_entry(table, AT + i * PAGE, memory + i * PAGE, PAGE);
		want_entry(table, AT + i * PAGE + 9, memory + i * PAGE + 9, PAGE - 9);
	}
	want_no_entry(table, AT - 1);
	want_no_entry(table, AT + 16 * PAGE);
	want(unmap(fd, ioas, AT + 3 * PAGE, 2 * PAGE, NULL), 0);
	for (i = 0; i < 16; i++) {
		if (i == 3 || i == 4)
			want_no_entry(table, AT + i * PAGE);
		else
			want_entry(table, AT + i * PAGE, memory + i * PAGE, PAGE);
	}
	want_memory(4);
	want(unmap_all(fd, ioas, NULL), 0);
	want_no_entry(table, AT);
	want_memory(1);
	want(destroy(fd, table), 0);
	want(query_ioas(fd, ioas).table_memory, 0);
}

TABLE_TEST(is_entered_what_was_mapped_before)
{
	char *memory = anon(8 * PAGE), *huge = thp(HUGE_2M);
	uint32_t table, second;
	int i;

	for (i = 0; i < 8; i++)
		want(map_at(fd, ioas, memory + (7 - i) * PAGE, PAGE, i % 2 ? READ_WRITE : READ_ONLY,
			    AT + i * PAGE),
		     0);
	want(map_at(fd, ioas, huge, HUGE_2M, READ_WRITE, AT + HUGE_2M), 0);
	table = make_table(fd, ioas);
	second = make_table(fd, ioas);
	want(query_ioas(fd, ioas).tables, 2);
	want(query_file(fd).tables, 2);
	want(query_file(fd).table_memory, query_ioas(fd, ioas).table_memory);
	want_memory(8);
	for (i = 0; i < 8; i++) {
		want_entry(table, AT + i * PAGE, memory + (7 - i) * PAGE, PAGE);
		want_entry(second, AT + i * PAGE, memory + (7 - i) * PAGE, PAGE);
	}
	want_entry(table, AT + HUGE_2M, huge, HUGE_2M);
	/* One table goes, the other stays and follows. */
	want(destroy(fd, table), 0);
	want_memory(4);
	want(unmap(fd, ioas, AT, PAGE, NULL), 0);
	want_no_entry(second, AT);
	want_entry(second, AT + PAGE, memory + 6 * PAGE, PAGE);
	want(destroy(fd, second), 0);
}

TABLE_TEST(read_only_stays_read_only)
{
	char *memory = anon(2 * PAGE);
	uint32_t table = make_table(fd, ioas);

	want(map_at(fd, ioas, memory, PAGE, READ_ONLY, AT), 0);
	want(map_at(fd, ioas, memory + PAGE, PAGE, READ_WRITE, AT + PAGE), 0);
	want(want_entry(table, AT, memory, PAGE).out_access, READ_ONLY);
	want(want_entry(table, AT + PAGE, memory + PAGE, PAGE).out_access, READ_WRITE);
}

TABLE_TEST(huge_pages_have_huge_entries)
{
	char *memory = thp(2 * HUGE_2M);
	uint32_t table = make_table(fd, ioas);
	uint64_t iova;

	want(map_at(fd, ioas, memory, 2 * HUGE_2M, READ_WRITE, AT), 0);
	want_memory(3);
	want_entry(table, AT, memory, HUGE_2M);
	want_entry(table, AT + 5 * PAGE + 1, memory + 5 * PAGE + 1, HUGE_2M - 5 * PAGE - 1);
	want_entry(table, AT + HUGE_2M, memory + HUGE_2M, HUGE_2M);
	want(unmap_all(fd, ioas, NULL), 0);
	want_memory(1);

	/* From the middle of one page to the middle of the next: small entries, at both ends. */
	want(map_at(fd, ioas, memory + HUGE_2M - PAGE, 2 * PAGE, READ_WRITE, AT + HUGE_2M - PAGE),
	     0);
	want_entry(table, AT + HUGE_2M - PAGE, memory + HUGE_2M - PAGE, PAGE);
	want_entry(table, AT + HUGE_2M, memory + HUGE_2M, PAGE);
	want_memory(5);
	want(unmap_all(fd, ioas, NULL), 0);

	/* Not congruent: small entries throughout. */
	want(map_at(fd, ioas, memory, HUGE_2M, READ_WRITE, AT + PAGE), 0);
	want_entry(table, AT + PAGE, memory, PAGE);
	want_entry(table, AT + HUGE_2M, memory + HUGE_2M - PAGE, PAGE);
	want(unmap_all(fd, ioas, NULL), 0);

	/* Placed: the policy sees to it. */
	iova = make_map(fd, ioas, memory, 2 * HUGE_2M);
	want_entry(table, iova, memory, HUGE_2M);
	want(unmap_all(fd, ioas, NULL), 0);
	want_memory(1);
}

TABLE_TEST(hugetlb_pages_have_huge_entries)
{
	uint32_t table = make_table(fd, ioas);
	char *memory;

	want_that(hugetlb_reserve(HUGE_2M, 2));
	memory = hugetlb(2 * HUGE_2M, HUGE_2M);
	want(map_at(fd, ioas, memory, 2 * HUGE_2M, READ_WRITE, AT), 0);
	want_entry(table, AT, memory, HUGE_2M);
	want_entry(table, AT + HUGE_2M, memory + HUGE_2M, HUGE_2M);
	want_memory(3);
	want(unmap_all(fd, ioas, NULL), 0);
	want(munmap(memory, 2 * HUGE_2M), 0);
	want_that(hugetlb_reserve(HUGE_2M, 0));
}

TABLE_TEST(a_part_cut_out_of_a_huge_entry_splits_it)
{
	const unsigned int cuts[][2] = { { 0, 1 }, { 511, 1 }, { 100, 300 }, { 0, 511 } };
	char *memory = thp(HUGE_2M);
	uint32_t table = make_table(fd, ioas);
	unsigned int page, i;

	for (i = 0; i < ARRAY_SIZE(cuts); i++) {
		unsigned int first = cuts[i][0], behind = first + cuts[i][1];

		context("pages %u to %u", first, behind - 1);
		want(map_at(fd, ioas, memory, HUGE_2M, READ_ONLY, AT), 0);
		want_entry(table, AT, memory, HUGE_2M);
		want(unmap(fd, ioas, AT + first * PAGE, cuts[i][1] * PAGE, NULL), 0);
		for (page = 0; page < 512; page += page % 100 == 99 ? 1 : 3) {
			if (page >= first && page < behind)
				want_no_entry(table, AT + page * PAGE);
			else
				want(want_entry(table, AT + page * PAGE, memory + page * PAGE, PAGE)
					     .out_access,
				     READ_ONLY);
		}
		want_memory(4);
		want(unmap_all(fd, ioas, NULL), 0);
		want_memory(1);
	}
}

/* Far apart, each mapping has tables of its own; the root is the last to share. */
TABLE_TEST(memory_comes_and_goes_with_the_mappings)
{
	const uint64_t places[] = { 0, HUGE_2M, GIB, 512 * GIB, 256 * 512 * GIB - PAGE };
	const unsigned int pages[] = { 4, 5, 7, 10, 13 };
	char *memory = anon(PAGE);
	uint32_t table = make_table(fd, ioas);
	int i;

	for (i = 0; i < 5; i++) {
		want(map_at(fd, ioas, memory, PAGE, READ_WRITE, places[i]), 0);
		want_memory(pages[i]);
		want_entry(table, places[i], memory, PAGE);
	}
	for (i = 4; i >= 0; i--) {
		want_memory(pages[i]);
		want(unmap(fd, ioas, places[i], PAGE, NULL), 0);
		want_no_entry(table, places[i]);
	}
	want_memory(1);
}

TABLE_TEST(every_right_and_size_agrees_with_the_space)
{
	char *memory = reserve(8 * HUGE_2M, HUGE_2M);
	uint32_t table = make_table(fd, ioas);
	struct ioasid_translate entry, mapping;
	uint64_t at;

	/* Huge, small, huge memory; mapped in one piece. */
	want(mprotect(memory, 6 * HUGE_2M, PROT_READ | PROT_WRITE), 0);
	want(madvise(memory, 6 * HUGE_2M, MADV_HUGEPAGE), 0);
	want(madvise(memory + 2 * HUGE_2M, 2 * HUGE_2M, MADV_NOHUGEPAGE), 0);
	want(map_at(fd, ioas, memory + PAGE, 6 * HUGE_2M - 2 * PAGE, READ_WRITE, AT + PAGE), 0);
	for (at = PAGE; at < 6 * HUGE_2M - PAGE; at += 37 * PAGE) {
		want(translate(fd, table, AT + at, IOASID_TRANSLATE_PHYS, &entry), 0);
		want(translate(fd, ioas, AT + at, IOASID_TRANSLATE_PHYS, &mapping), 0);
		want(entry.out_phys, mapping.out_phys);
		want(entry.out_phys, physical(memory + at));
		/* An entry never reaches farther than the memory is contiguous. */
		want_that(entry.out_length <= mapping.out_length);
	}
}

TABLE_TEST(of_a_space_that_reaches_farther_is_erange)
{
	const uint64_t end = 1ULL << 47;
	struct ioasid_error error = ERROR_INIT;
	char *memory = anon(PAGE);
	struct ioasid_table_alloc alloc = {
		.size = sizeof(alloc),
		.ioas_id = ioas,
		.levels = 4,
		.error = ADDRESS(&error),
	};
	struct counts before;
	uint32_t table;

	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, end), 0);
	before = counts(fd);
	want(call(fd, IOASID_TABLE_ALLOC, &alloc), -ERANGE);
	want(error.stage, IOASID_STAGE_TABLE);
	want(error.code, ERANGE);
	want(error.addr, end);
	want_unchanged(fd, &before);
	want(unmap_all(fd, ioas, NULL), 0);
	want(call(fd, IOASID_TABLE_ALLOC, &alloc), 0);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, end), -ERANGE);
	/* A translation behind its end is a hole like any other. */
	want_no_entry(alloc.out_id, end);
	want_no_entry(alloc.out_id, ~0ULL);
	table = make_table(fd, ioas);
	want(destroy(fd, alloc.out_id), 0);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, end), -ERANGE);
	want(destroy(fd, table), 0);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, end), 0);
}

TABLE_TEST(keeps_its_space_from_being_destroyed)
{
	char *memory = anon(PAGE);
	uint32_t table = make_table(fd, ioas);
	struct counts before;

	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT), 0);
	before = counts(fd);
	want(destroy(fd, ioas), -EBUSY);
	want_unchanged(fd, &before);
	want_entry(table, AT, memory, PAGE);
	want(destroy(fd, table), 0);
	want(destroy(fd, ioas), 0);
	want(query_file(fd).ioases, 0);
	want(query_file(fd).tables, 0);
}

/* What devices did, which ACCESS stands for: read or written by a page's own entry. */
#define READ_BY IOASID_ENTRY_ACCESSED
#define WRITTEN_BY (IOASID_ENTRY_ACCESSED | IOASID_ENTRY_DIRTY)

static uint32_t marks(uint32_t id, uint64_t iova)
{
	struct ioasid_translate entry;

	want(translate(fd, id, iova, 0, &entry), 0);
	want(entry.out_access & ~WRITTEN_BY, READ_WRITE);
	return entry.out_access & WRITTEN_BY;
}

TABLE_TEST(remembers_what_was_accessed_and_written)
{
	const uint32_t expected[8] = { 0, READ_BY, WRITTEN_BY, WRITTEN_BY, 0, READ_BY, READ_BY, 0 };
	uint32_t tables[2] = { make_table(fd, ioas), make_table(fd, ioas) }, other = make_ioas(fd);
	uint32_t others = make_table(fd, other);
	char *memory = anon(9 * PAGE), buffer[2 * PAGE];
	int i, j;

	want(map_at(fd, ioas, memory, 8 * PAGE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, memory + 8 * PAGE, PAGE, READ_ONLY, AT + 8 * PAGE), 0);
	want(map_at(fd, other, memory, 8 * PAGE, READ_WRITE, AT), 0);
	for (i = 0; i < 8; i++)
		want(marks(tables[0], AT + i * PAGE), 0);
	want(access_read(fd, ioas, AT + PAGE + 17, buffer, 1, NULL), 0);
	want(access_write(fd, ioas, AT + 4 * PAGE - 1, buffer, 1, NULL), 0);
	want(access_write(fd, ioas, AT + 2 * PAGE, buffer, 8, NULL), 0);
	want(access_read(fd, ioas, AT + 2 * PAGE, buffer, 8, NULL), 0);
	want(access_read(fd, ioas, AT + 6 * PAGE - 1, buffer, 2, NULL), 0);
	/* What is refused has not happened. */
	want(access_write(fd, ioas, AT + 7 * PAGE, buffer, 2 * PAGE, NULL), -EACCES);
	want(access_read(fd, ioas, AT - PAGE, buffer, 2 * PAGE, NULL), -ENOENT);
	for (i = 0; i < 8; i++) {
		context("page %d", i);
		for (j = 0; j < 2; j++)
			want(marks(tables[j], AT + i * PAGE), expected[i]);
		want(marks(ioas, AT + i * PAGE), 0);
		want(marks(others, AT + i * PAGE), 0);
	}
	/* A new table and a new mapping know nothing of it. */
	want(marks(make_table(fd, ioas), AT + 2 * PAGE), 0);
	want(unmap(fd, ioas, AT + 2 * PAGE, 2 * PAGE, NULL), 0);
	want(map_at(fd, ioas, memory + 2 * PAGE, 2 * PAGE, READ_WRITE, AT + 2 * PAGE), 0);
	want(marks(tables[0], AT + 2 * PAGE), 0);
	want(marks(tables[0], AT + 5 * PAGE), READ_BY);
}

TABLE_TEST(remembers_it_of_a_huge_entry_as_a_whole)
{
	char *memory = thp(2 * HUGE_2M);
	uint32_t table = make_table(fd, ioas);

	want(map_at(fd, ioas, memory, 2 * HUGE_2M, READ_WRITE, AT), 0);
	want(access_write(fd, ioas, AT + 100 * PAGE, "device", 6, NULL), 0);
	want(marks(table, AT), WRITTEN_BY);
	want(marks(table, AT + HUGE_2M - 1), WRITTEN_BY);
	want(marks(table, AT + HUGE_2M), 0);
	/* Split, none of its pages is taken for clean. */
	want(unmap(fd, ioas, AT + 7 * PAGE, PAGE, NULL), 0);
	want(marks(table, AT), WRITTEN_BY);
	want(marks(table, AT + 100 * PAGE), WRITTEN_BY);
	want(marks(table, AT + HUGE_2M), 0);
}
