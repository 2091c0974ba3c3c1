// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings: where they go, what they show, and cutting them up again.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"

#define AT 0x10000000ULL

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
	want(vm_pin(), 0);
	want_nothing_left();
}

#define MAP_TEST(name) TEST_BETWEEN(open_one, close_one, map, name)

static void want_unmapped_at(uint64_t iova, uint64_t length)
{
	struct ioasid_translate where;
	uint64_t at;

	for (at = iova; at < iova + length; at += PAGE)
		want(translate(fd, ioas, at, 0, &where), -ENOENT);
}

MAP_TEST(by_address_pins_what_is_new_and_says_what_was_not)
{
	char *memory = anon(8 * PAGE);
	struct ioasid_map map = {
		.flags = READ_WRITE, .ioas_id = ioas, .va = ADDRESS(memory), .length = 4 * PAGE
	};

	want(map_call(fd, &map), 0);
	want(map.out_reused, 0);
	want_pinned(fd, 1, 4 * PAGE);
	map = (struct ioasid_map){ .flags = READ_WRITE,
				   .ioas_id = ioas,
				   .va = ADDRESS(memory + 2 * PAGE),
				   .length = 6 * PAGE };
	want(map_call(fd, &map), 0);
	want(map.out_reused, 2 * PAGE);
	want_pinned(fd, 2, 8 * PAGE);
	/* One mapping of the first pin, one of each in the second call. */
	want(query_ioas(fd, ioas).mappings, 3);
	want(query_ioas(fd, ioas).mapped, 10 * PAGE);
	want(query_process(fd).mappings, 3);
	want(query_process(fd).mapped, 10 * PAGE);
	want(query_process(fd).shared, 2 * PAGE);
	want(query_file(fd).mapped, 10 * PAGE);
	want(query_file(fd).ioases, 1);
}

MAP_TEST(in_many_spaces_is_pinned_and_charged_once)
{
	char *memory = anon(16 * PAGE);
	uint64_t iova[8];
	uint32_t spaces[8];
	int fds[8], i;

	fill(memory, 16 * PAGE, 1);
	for (i = 0; i < 8; i++) {
		fds[i] = i % 2 ? device_open() : fd;
		spaces[i] = make_ioas(fds[i]);
		iova[i] = make_map(fds[i], spaces[i], memory, 16 * PAGE);
		want_pinned(fd, 1, 16 * PAGE);
	}
	want(query_process(fd).mappings, 8);
	want(query_process(fd).mapped, 8 * 16 * PAGE);
	want(query_process(fd).shared, 7 * 16 * PAGE);
	for (i = 0; i < 8; i++) {
		want_iova_filled(fds[i], spaces[i], iova[i], 16 * PAGE, 1, 0);
		want_pinned(fd, 1, 16 * PAGE);
		want(unmap(fds[i], spaces[i], iova[i], 16 * PAGE, NULL), 0);
	}
	want_pinned(fd, 0, 0);
	for (i = 1; i < 8; i += 2)
		want(close(fds[i]), 0);
}

MAP_TEST(shows_what_the_process_writes_and_the_other_way_round)
{
	const uint64_t size = 8 * PAGE;
	char *memory = anon(size), *copy = malloc(size);
	uint64_t iova = make_map(fd, ioas, memory, size);

	fill(memory, size, 1);
	want_iova_filled(fd, ioas, iova, size, 1, 0);
	fill(copy, size, 2);
	want(access_write(fd, ioas, iova, copy, size, NULL), 0);
	want_filled(memory, size, 2, 0);
	fill(memory, size, 3);
	want_iova_filled(fd, ioas, iova, size, 3, 0);
	free(copy);
}

MAP_TEST(fixed_goes_where_it_is_told)
{
	const uint64_t places[] = { 0, PAGE, 0x7ffff000, 1ULL << 32, 0x7ffffffff000 };
	char *memory = anon(PAGE);
	struct ioasid_translate where;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		context("at 0x%llx", (unsigned long long)places[i]);
		want(map_at(fd, ioas, memory, PAGE, READ_WRITE, places[i]), 0);
		want(translate(fd, ioas, places[i] + 7, 0, &where), 0);
		want(where.out_va, ADDRESS(memory) + 7);
		want(where.out_length, PAGE - 7);
		want(where.out_pin_offset, 7);
		want(where.out_access, READ_WRITE);
	}
	want_pinned(fd, 1, PAGE);
}

MAP_TEST(over_another_is_eexist)
{
	char *memory = anon(8 * PAGE);
	struct ioasid_error error = ERROR_INIT;
	struct ioasid_map map;
	struct counts before;
	int first, pages;

	want(map_at(fd, ioas, memory, 3 * PAGE, READ_WRITE, AT), 0);
	before = counts(fd);
	for (first = -3; first <= 3; first++) {
		for (pages = 1; pages <= 7; pages++) {
			if (first + pages <= 0 || first >= 3)
				continue;
			context("%d pages at page %d", pages, first);
			map = (struct ioasid_map){
				.flags = READ_WRITE | IOASID_MAP_FIXED,
				.ioas_id = ioas,
				.va = ADDRESS(memory),
				.length = pages * PAGE,
				.iova = AT + first * PAGE,
				.error = ADDRESS(&error),
			};
			want(map_call(fd, &map), -EEXIST);
			want(error.stage, IOASID_STAGE_PLACE);
			want(error.code, EEXIST);
			want(error.addr, map.iova);
			want_unchanged(fd, &before);
		}
	}
	context("beside it");
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT - PAGE), 0);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT + 3 * PAGE), 0);
}

MAP_TEST(placed_takes_the_lowest_gap_that_fits)
{
	char *memory = anon(8 * PAGE);
	uint64_t first = make_map(fd, ioas, memory, PAGE), iova;
	int i;

	want(first, PAGE);
	for (i = 1; i < 8; i++)
		want(make_map(fd, ioas, memory, PAGE), first + i * PAGE);
	/* Gaps of 1 page at 2, of 2 pages at 4. */
	want(unmap(fd, ioas, first + 2 * PAGE, PAGE, NULL), 0);
	want(unmap(fd, ioas, first + 4 * PAGE, 2 * PAGE, NULL), 0);
	want(make_map(fd, ioas, memory, 3 * PAGE), first + 8 * PAGE);
	want(make_map(fd, ioas, memory, 2 * PAGE), first + 4 * PAGE);
	want(make_map(fd, ioas, memory, PAGE), first + 2 * PAGE);
	iova = make_map(fd, ioas, memory, PAGE);
	want(iova, first + 11 * PAGE);
}

/* 2 MiB and more is placed so that huge pages can have huge entries. */
MAP_TEST(placed_is_congruent_with_the_memory)
{
	char *memory = reserve(4 * HUGE_2M, HUGE_2M);
	char *start = memory + 5 * PAGE;
	uint64_t low, iova;

	want(mprotect(memory, 4 * HUGE_2M, PROT_READ | PROT_WRITE), 0);
	low = make_map(fd, ioas, memory, PAGE);
	want(low, PAGE);
	want(make_map(fd, ioas, start, HUGE_2M), 5 * PAGE);
	/* From 2M + 5 pages on all is free: the next place for it is the next multiple. */
	want(make_map(fd, ioas, memory, HUGE_2M), 2 * HUGE_2M);
	iova = make_map(fd, ioas, memory + PAGE, HUGE_2M + PAGE);
	want(iova, 3 * HUGE_2M + PAGE);
	/* A small range goes into the first gap there is. */
	want(make_map(fd, ioas, start, PAGE), 2 * PAGE);
	want(make_map(fd, ioas, memory, HUGE_2M - PAGE), 4 * HUGE_2M + 2 * PAGE);
}

MAP_TEST(of_a_pin_shows_that_part)
{
	char *memory = anon(8 * PAGE);
	uint32_t id = make_pin(fd, memory, 8 * PAGE);
	struct ioasid_map map = {
		.flags = READ_WRITE | IOASID_MAP_PIN,
		.ioas_id = ioas,
		.pin_id = id,
		.pin_offset = 3 * PAGE,
		.length = 4 * PAGE,
	};
	struct ioasid_translate where;

	fill(memory, 8 * PAGE, 1);
	want(map_call(fd, &map), 0);
	want(map.out_reused, 4 * PAGE);
	want_iova_filled(fd, ioas, map.iova, 4 * PAGE, 1, 3 * PAGE);
	want(translate(fd, ioas, map.iova, 0, &where), 0);
	want(where.out_va, ADDRESS(memory) + 3 * PAGE);
	want(where.out_pin_offset, 3 * PAGE);
	want_pinned(fd, 1, 8 * PAGE);
	want(query_process(fd).mapped, 4 * PAGE);
	want(query_process(fd).shared, 0);
}

/* A handle over several pins: a map of it has one mapping for each. */
MAP_TEST(of_a_pin_that_shares_others)
{
	char *memory = anon(8 * PAGE);
	uint32_t middle = make_pin(fd, memory + 3 * PAGE, 2 * PAGE);
	uint32_t all = make_pin(fd, memory, 8 * PAGE);

	fill(memory, 8 * PAGE, 1);
	want_pinned(fd, 3, 8 * PAGE);
	want(map_pin_at(fd, ioas, all, PAGE, 6 * PAGE, READ_WRITE, AT), 0);
	want(query_ioas(fd, ioas).mappings, 3);
	want_iova_filled(fd, ioas, AT, 6 * PAGE, 1, PAGE);
	want(unpin(fd, middle, 0), -EBUSY);
	want(unmap(fd, ioas, AT + 2 * PAGE, 2 * PAGE, NULL), 0);
	want(unpin(fd, middle, 0), 0);
	want_pinned(fd, 3, 8 * PAGE);
	want(unmap_all(fd, ioas, NULL), 0);
	want(unpin(fd, all, 0), 0);
	want_pinned(fd, 0, 0);
}

/* The memory that the handle stands for, whatever is at the address now. */
MAP_TEST(of_a_pin_keeps_showing_its_pages)
{
	char *memory = anon(4 * PAGE);
	uint32_t id = make_pin(fd, memory, 4 * PAGE);

	fill(memory, 4 * PAGE, 1);
	want(munmap(memory, 4 * PAGE), 0);
	want(map_pin_at(fd, ioas, id, 0, 4 * PAGE, READ_WRITE, AT), 0);
	want_iova_filled(fd, ioas, AT, 4 * PAGE, 1, 0);
}

MAP_TEST(rights_are_what_was_asked)
{
	char *memory = anon(3 * PAGE), byte = 1;
	struct ioasid_translate where;

	want(map_at(fd, ioas, memory, PAGE, IOASID_MAP_READ, AT), 0);
	want(map_at(fd, ioas, memory + PAGE, PAGE, IOASID_MAP_WRITE, AT + PAGE), 0);
	want(map_at(fd, ioas, memory + 2 * PAGE, PAGE, READ_WRITE, AT + 2 * PAGE), 0);
	want(translate(fd, ioas, AT, 0, &where), 0);
	want(where.out_access, IOASID_MAP_READ);
	want(translate(fd, ioas, AT + PAGE, 0, &where), 0);
	want(where.out_access, IOASID_MAP_WRITE);
	want(access_write(fd, ioas, AT, &byte, 1, NULL), -EACCES);
	want(access_read(fd, ioas, AT + PAGE, &byte, 1, NULL), -EACCES);
	want(access_read(fd, ioas, AT, &byte, 1, NULL), 0);
	want(byte, 0);
	byte = 1;
	want(access_write(fd, ioas, AT + PAGE, &byte, 1, NULL), 0);
	want(memory[PAGE], 1);
	want(access_write(fd, ioas, AT + 2 * PAGE, &byte, 1, NULL), 0);
}

/* Cut every range out of a mapping of six pages: the rest still shows what it has to. */
static void cut(char *memory, unsigned int first, unsigned int pages, uint32_t table)
{
	struct ioasid_translate where;
	uint64_t unmapped;
	unsigned int page;
	int there;

	context("pages %u to %u of six, table %u", first, first + pages - 1, table);
	want(map_at(fd, ioas, memory, 6 * PAGE, READ_WRITE, AT), 0);
	want(unmap(fd, ioas, AT + first * PAGE, pages * PAGE, &unmapped), 0);
	want(unmapped, pages * PAGE);
	for (page = 0; page < 6; page++) {
		there = page < first || page >= first + pages;
		want(translate(fd, ioas, AT + page * PAGE, 0, &where), there ? 0 : -ENOENT);
		if (table)
			want(translate(fd, table, AT + page * PAGE, 0, &where),
			     there ? 0 : -ENOENT);
		if (there)
			want_iova_filled(fd, ioas, AT + page * PAGE, PAGE, 1, page * PAGE);
	}
	want(query_ioas(fd, ioas).mappings, (first > 0) + (first + pages < 6));
	want(query_ioas(fd, ioas).mapped, (6 - pages) * PAGE);
	/* The whole group stays pinned as long as a part of it is mapped. */
	want_pinned(fd, pages < 6, pages < 6 ? 6 * PAGE : 0);
	want(unmap(fd, ioas, AT - PAGE, 8 * PAGE, &unmapped), 0);
	want(unmapped, (6 - pages) * PAGE);
	want_pinned(fd, 0, 0);
}

MAP_TEST(any_part_can_be_cut_out)
{
	char *memory = anon(6 * PAGE);
	unsigned int first, pages;
	uint32_t table = 0;

	fill(memory, 6 * PAGE, 1);
	for (;;) {
		for (first = 0; first < 6; first++)
			for (pages = 1; first + pages <= 6; pages++)
				cut(memory, first, pages, table);
		if (table)
			break;
		table = make_table(fd, ioas);
	}
	want(destroy(fd, table), 0);
}

MAP_TEST(unmap_goes_over_holes_and_several_mappings)
{
	char *memory = anon(10 * PAGE);
	uint64_t unmapped;

	fill(memory, 10 * PAGE, 1);
	/* 0-2, hole, 4-5, 6-7, hole, 9 */
	want(map_at(fd, ioas, memory, 3 * PAGE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, memory + 4 * PAGE, 2 * PAGE, READ_WRITE, AT + 4 * PAGE), 0);
	want(map_at(fd, ioas, memory + 6 * PAGE, 2 * PAGE, READ_ONLY, AT + 6 * PAGE), 0);
	want(map_at(fd, ioas, memory + 9 * PAGE, PAGE, READ_WRITE, AT + 9 * PAGE), 0);
	want(unmap(fd, ioas, AT + 3 * PAGE, PAGE, &unmapped), 0);
	want(unmapped, 0);
	want(unmap(fd, ioas, AT + GIB, GIB, &unmapped), 0);
	want(unmapped, 0);
	/* From the middle of the first to the middle of the third. */
	want(unmap(fd, ioas, AT + 2 * PAGE, 5 * PAGE, &unmapped), 0);
	want(unmapped, 4 * PAGE);
	want_iova_filled(fd, ioas, AT, 2 * PAGE, 1, 0);
	want_unmapped_at(AT + 2 * PAGE, 5 * PAGE);
	want_iova_filled(fd, ioas, AT + 7 * PAGE, PAGE, 1, 7 * PAGE);
	want_iova_filled(fd, ioas, AT + 9 * PAGE, PAGE, 1, 9 * PAGE);
	want(unmap(fd, ioas, 0, 1ULL << 47, &unmapped), 0);
	want(unmapped, 4 * PAGE);
	want_pinned(fd, 0, 0);
}

MAP_TEST(unmap_all_leaves_nothing_and_the_space_is_as_new)
{
	char *memory = anon(8 * PAGE);
	uint64_t unmapped, first = make_map(fd, ioas, memory, 8 * PAGE);

	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, 0), 0);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, 0x7ffffffff000), 0);
	want(unmap_all(fd, ioas, &unmapped), 0);
	want(unmapped, 10 * PAGE);
	want_pinned(fd, 0, 0);
	want(query_ioas(fd, ioas).mappings, 0);
	want(unmap_all(fd, ioas, &unmapped), 0);
	want(unmapped, 0);
	want(make_map(fd, ioas, memory, 8 * PAGE), first);
}

MAP_TEST(destroying_the_space_gives_everything_back)
{
	char *memory = anon(8 * PAGE);
	uint32_t other = make_ioas(fd);

	make_map(fd, other, memory, 8 * PAGE);
	make_map(fd, ioas, memory, 4 * PAGE);
	want(query_file(fd).ioases, 2);
	want(destroy(fd, other), 0);
	want(query_file(fd).ioases, 1);
	want(query_file(fd).mappings, 1);
	want_pinned(fd, 1, 8 * PAGE);
	want(destroy(fd, ioas), 0);
	want_pinned(fd, 0, 0);
}

/* What fails after some of it was done leaves nothing: here half of the memory is not there. */
MAP_TEST(that_fails_half_way_leaves_nothing)
{
	char *memory = anon(64 * PAGE);
	uint32_t table = make_table(fd, ioas);
	struct counts before;
	uint64_t iova;

	want(munmap(memory + 32 * PAGE, 32 * PAGE), 0);
	make_pin(fd, memory + 4 * PAGE, 4 * PAGE);
	before = counts(fd);
	want(map_at(fd, ioas, memory, 64 * PAGE, READ_WRITE, AT), -EFAULT);
	want(map_any(fd, ioas, memory, 64 * PAGE, READ_WRITE, &iova), -EFAULT);
	want_unmapped_at(AT, 64 * PAGE);
	want_unchanged(fd, &before);
	/* The memory is fine and the IOVA is not: the pins go again. */
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT + 31 * PAGE), 0);
	before = counts(fd);
	want(map_at(fd, ioas, memory, 32 * PAGE, READ_WRITE, AT), -EEXIST);
	want_unchanged(fd, &before);
	want(destroy(fd, table), 0);
}

MAP_TEST(beyond_what_a_table_reaches_is_erange)
{
	const uint64_t end = 1ULL << 47;
	struct ioasid_error error = ERROR_INIT;
	char *memory = anon(2 * PAGE);
	uint32_t table = make_table(fd, ioas);
	struct ioasid_map map = {
		.flags = READ_WRITE | IOASID_MAP_FIXED,
		.ioas_id = ioas,
		.va = ADDRESS(memory),
		.length = 2 * PAGE,
		.iova = end - PAGE,
		.error = ADDRESS(&error),
	};
	struct counts before = counts(fd);

	want(map_call(fd, &map), -ERANGE);
	want(error.stage, IOASID_STAGE_PLACE);
	want(error.code, ERANGE);
	want(error.addr, end - PAGE);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, end), -ERANGE);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, 1ULL << 63), -ERANGE);
	want_unchanged(fd, &before);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, end - PAGE), 0);
	want(destroy(fd, table), 0);
}

MAP_TEST(numbers_of_pins_are_the_same_everywhere_and_never_used_twice)
{
	char *memory = anon(2 * PAGE);
	struct ioasid_translate here, there;
	int other = device_open();
	uint32_t other_ioas = make_ioas(other);

	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT), 0);
	want(map_at(other, other_ioas, memory, PAGE, READ_WRITE, AT + MIB), 0);
	want(translate(fd, ioas, AT, 0, &here), 0);
	want(translate(other, other_ioas, AT + MIB, 0, &there), 0);
	want_that(here.out_pin != 0);
	want(here.out_pin, there.out_pin);
	want(close(other), 0);
	want(unmap_all(fd, ioas, NULL), 0);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT), 0);
	want(translate(fd, ioas, AT, 0, &there), 0);
	want_that(there.out_pin > here.out_pin);
}

/* The program of examples/first.c, which knows nothing but the header. */
static void run_first(void *arg)
{
	char path[256];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 16);

	(void)arg;
	want_that(length > 0);
	path[length] = '\0';
	strcpy(strrchr(path, '/'), "/first");
	want_that(freopen("/dev/null", "w", stdout));
	execl(path, "first", NULL);
	fail("%s: %m", path);
}

MAP_TEST(the_first_example_works)
{
	in_child(run_first, NULL);
}
