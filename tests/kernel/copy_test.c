// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many mappings at a time: copies of what is mapped, and batches of maps and unmaps.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"

#define AT (4 * GIB)
#define TO (8 * GIB)

static int fd;
static uint32_t ioas, other;

static void open_one(void)
{
	fd = device_open();
	ioas = make_ioas(fd);
	other = make_ioas(fd);
}

static void close_one(void)
{
	want(close(fd), 0);
	want(vm_pin(), 0);
	want_nothing_left();
}

#define COPY_TEST(name) TEST_BETWEEN(open_one, close_one, copy, name)
#define BATCH_TEST(name) TEST_BETWEEN(open_one, close_one, batch, name)

/* The same page of the same pin, for so many bytes at least. */
static void want_same_page(uint32_t to_ioas, uint64_t to, uint64_t from)
{
	struct ioasid_translate source, copy;

	want(translate(fd, ioas, from, IOASID_TRANSLATE_PHYS, &source), 0);
	want(translate(fd, to_ioas, to, IOASID_TRANSLATE_PHYS, &copy), 0);
	want(copy.out_phys, source.out_phys);
	want(copy.out_pin, source.out_pin);
	want(copy.out_pin_offset, source.out_pin_offset);
	want(copy.out_va, source.out_va);
}

/* 8 pages at AT, of two pins and in three mappings: 3 pages, 2 that can only be read, 3. */
static char *map_source(void)
{
	char *memory = anon(8 * PAGE);

	fill(memory, 8 * PAGE, 1);
	want(map_at(fd, ioas, memory, 3 * PAGE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, memory + 3 * PAGE, 5 * PAGE, READ_WRITE, AT + 3 * PAGE), 0);
	want(unmap(fd, ioas, AT + 3 * PAGE, 2 * PAGE, NULL), 0);
	want(map_at(fd, ioas, memory + 3 * PAGE, 2 * PAGE, READ_ONLY, AT + 3 * PAGE), 0);
	want_pinned(fd, 2, 8 * PAGE);
	want(query_process(fd).mappings, 3);
	return memory;
}

COPY_TEST(shares_the_pins_and_costs_nothing)
{
	char *memory = map_source();
	uint64_t page;

	want(copy_at(fd, other, TO, ioas, AT, 8 * PAGE, READ_ONLY), 0);
	want_pinned(fd, 2, 8 * PAGE);
	want(query_ioas(fd, other).mappings, 3);
	want(query_ioas(fd, other).mapped, 8 * PAGE);
	want(query_process(fd).shared, 8 * PAGE);
	for (page = 0; page < 8; page++)
		want_same_page(other, TO + page * PAGE, AT + page * PAGE);
	want_iova_filled(fd, other, TO, 8 * PAGE, 1, 0);
	want(access_write(fd, other, TO, memory, PAGE, NULL), -EACCES);
	/* Into the same space. */
	want(copy_at(fd, ioas, TO, ioas, AT, 3 * PAGE, READ_WRITE), 0);
	want_same_page(ioas, TO + PAGE, AT + PAGE);
	fill(memory, 8 * PAGE, 2);
	want_iova_filled(fd, other, TO, 8 * PAGE, 2, 0);
	want_iova_filled(fd, ioas, TO, 3 * PAGE, 2, 0);
	/* It stays when its source goes, and holds the pins that it uses. */
	want(copy_at(fd, other, TO + GIB, ioas, AT + 6 * PAGE, PAGE, READ_WRITE), 0);
	want(unmap_all(fd, ioas, NULL), 0);
	want(unmap(fd, other, TO, 8 * PAGE, NULL), 0);
	want_pinned(fd, 1, 5 * PAGE);
	want_iova_filled(fd, other, TO + GIB, PAGE, 2, 6 * PAGE);
	want(unmap_all(fd, other, NULL), 0);
	want_pinned(fd, 0, 0);
}

COPY_TEST(of_any_part)
{
	const struct {
		unsigned int first, pages, mappings;
	} parts[] = {
		{ 0, 1, 1 }, { 1, 1, 1 }, { 0, 3, 1 }, { 2, 2, 2 },
		{ 1, 6, 3 }, { 2, 4, 3 }, { 5, 3, 1 }, { 7, 1, 1 },
	};
	unsigned int i, page;

	map_source();
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		context("%u pages from page %u on", parts[i].pages, parts[i].first);
		want(copy_at(fd, other, TO, ioas, AT + parts[i].first * PAGE, parts[i].pages * PAGE,
			     READ_ONLY),
		     0);
		want(query_ioas(fd, other).mappings, parts[i].mappings);
		want(query_ioas(fd, other).mapped, parts[i].pages * PAGE);
		for (page = 0; page < parts[i].pages; page++)
			want_same_page(other, TO + page * PAGE,
				       AT + (parts[i].first + page) * PAGE);
		want(unmap_all(fd, other, NULL), 0);
	}
	want_pinned(fd, 2, 8 * PAGE);
}

static void copy_refused(uint64_t to, uint64_t from, uint64_t length, uint32_t flags, int error)
{
	struct ioasid_error why = ERROR_INIT;
	struct counts before = counts(fd);
	struct ioasid_copy arg = {
		.size = sizeof(arg),
		.flags = flags | (to ? IOASID_MAP_FIXED : 0),
		.dst_ioas = other,
		.src_ioas = ioas,
		.length = length,
		.dst_iova = to,
		.src_iova = from,
		.error = ADDRESS(&why),
	};

	context("copy 0x%llx bytes from 0x%llx to 0x%llx, flags %u", (unsigned long long)length,
		(unsigned long long)from, (unsigned long long)to, flags);
	want(call(fd, IOASID_COPY, &arg), -error);
	want(why.code, error);
	want_that(why.stage != IOASID_STAGE_NONE);
	want_unchanged(fd, &before);
}

COPY_TEST(of_what_is_not_there_or_may_not_be_had)
{
	char *memory = map_source();

	want(unmap(fd, ioas, AT + 6 * PAGE, PAGE, NULL), 0);
	copy_refused(TO, AT, 8 * PAGE, READ_ONLY, ENOENT);
	copy_refused(TO, AT + 6 * PAGE, 2 * PAGE, READ_ONLY, ENOENT);
	copy_refused(TO, AT + 5 * PAGE, 2 * PAGE, READ_ONLY, ENOENT);
	copy_refused(TO, AT - PAGE, 2 * PAGE, READ_ONLY, ENOENT);
	copy_refused(TO, AT + 7 * PAGE, 2 * PAGE, READ_ONLY, ENOENT);
	copy_refused(TO, AT + GIB, PAGE, READ_ONLY, ENOENT);
	want(reserve_iovas(fd, ioas, AT + 6 * PAGE, PAGE), 0);
	copy_refused(TO, AT + 6 * PAGE, PAGE, READ_ONLY, ENOENT);

	copy_refused(TO, AT + 3 * PAGE, PAGE, READ_WRITE, EACCES);
	copy_refused(TO, AT + 2 * PAGE, 2 * PAGE, READ_WRITE, EACCES);
	copy_refused(0, AT + 4 * PAGE, 2 * PAGE, IOASID_MAP_WRITE, EACCES);

	want(map_at(fd, other, memory, PAGE, READ_ONLY, TO + 2 * PAGE), 0);
	copy_refused(TO, AT, 3 * PAGE, READ_ONLY, EEXIST);
	copy_refused(TO + 2 * PAGE, AT, 2 * PAGE, READ_ONLY, EEXIST);
	make_table(fd, other);
	copy_refused(1ULL << 47, AT, PAGE, READ_ONLY, ERANGE);
	want(reserve_iovas(fd, other, 0, TO + 2 * PAGE), 0);
	want(reserve_iovas(fd, other, TO + 3 * PAGE, (1ULL << 47) - TO - 3 * PAGE), 0);
	copy_refused(0, AT, PAGE, READ_ONLY, ENOSPC);
	/* Onto itself. */
	want(copy_at(fd, ioas, AT, ioas, AT, PAGE, READ_ONLY), -EEXIST);
	want(copy_at(fd, ioas, AT + 8 * PAGE, ioas, AT + 7 * PAGE, PAGE, READ_ONLY), 0);
}

COPY_TEST(has_the_pages_of_its_source_even_if_stale)
{
	char *memory = anon(4 * PAGE);
	struct ioasid_query query;

	fill(memory, 4 * PAGE, 1);
	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT), 0);
	want(madvise(memory, 4 * PAGE, MADV_DONTNEED), 0);
	fill(memory, 4 * PAGE, 2);
	want(copy_at(fd, other, TO, ioas, AT + PAGE, 2 * PAGE, READ_WRITE), 0);
	want_iova_filled(fd, other, TO, 2 * PAGE, 1, PAGE);
	want(query_process(fd).pinned, 4 * PAGE);
	/* By address there are new ones; and the stale ones are copied still. */
	want(map_at(fd, other, memory, 4 * PAGE, READ_WRITE, AT), 0);
	want_iova_filled(fd, other, AT, 4 * PAGE, 2, 0);
	want(munmap(memory, 4 * PAGE), 0);
	want(copy_at(fd, other, TO + GIB, ioas, AT, 4 * PAGE, READ_ONLY), 0);
	want_iova_filled(fd, other, TO + GIB, 4 * PAGE, 1, 0);
	query = query_process(fd);
	want(query.pins, 2);
	want(query.pinned, 8 * PAGE);
	want(query.charged, 8 * PAGE);
}

COPY_TEST(is_placed_so_that_huge_entries_fit)
{
	char *memory = thp(2 * HUGE_2M);
	uint32_t table = make_table(fd, other);
	struct ioasid_copy arg = {
		.size = sizeof(arg),
		.flags = READ_WRITE,
		.dst_ioas = other,
		.src_ioas = ioas,
		.length = 2 * HUGE_2M,
		.src_iova = AT + PAGE,
	};
	struct ioasid_translate entry;

	want(map_at(fd, ioas, memory, 2 * HUGE_2M, READ_WRITE, AT + PAGE), 0);
	want(call(fd, IOASID_COPY, &arg), 0);
	want_that(arg.dst_iova != 0);
	want(arg.dst_iova % HUGE_2M, 0);
	want(translate(fd, table, arg.dst_iova, IOASID_TRANSLATE_PHYS, &entry), 0);
	want(entry.out_length, HUGE_2M);
	want(entry.out_phys, physical(memory));
	want(query_ioas(fd, other).mappings, 1);
	want_pinned(fd, 1, 2 * HUGE_2M);
}

COPY_TEST(keeps_a_pin_in_use)
{
	char *memory = anon(2 * PAGE);
	uint32_t pin = make_pin(fd, memory, 2 * PAGE);

	want(map_pin_at(fd, ioas, pin, 0, 2 * PAGE, READ_WRITE, AT), 0);
	want(copy_at(fd, other, TO, ioas, AT + PAGE, PAGE, READ_WRITE), 0);
	want(unmap_all(fd, ioas, NULL), 0);
	want(unpin(fd, pin, 0), -EBUSY);
	want(unpin(fd, pin, IOASID_UNPIN_DEFER), 0);
	want_pinned(fd, 1, 2 * PAGE);
	want(unmap_all(fd, other, NULL), 0);
	want_pinned(fd, 0, 0);
}

/* It names no memory: so it may be another process's. */
static void copy_as_child(void *arg)
{
	(void)arg;
	want(copy_at(fd, other, TO, ioas, AT, 8 * PAGE, READ_ONLY), 0);
	want_pinned(fd, 0, 0);
}

COPY_TEST(of_another_process)
{
	map_source();
	in_child(copy_as_child, NULL);
	want_pinned(fd, 2, 8 * PAGE);
	want(query_process(fd).mapped, 16 * PAGE);
	want_iova_filled(fd, other, TO, 8 * PAGE, 1, 0);
}

/* Batches. */

static struct ioasid_batch_entry map_entry(void *va, uint64_t length, uint64_t iova)
{
	return (struct ioasid_batch_entry){
		.op = IOASID_BATCH_MAP,
		.flags = READ_WRITE | IOASID_MAP_FIXED,
		.va = ADDRESS(va),
		.length = length,
		.iova = iova,
		.out_code = -1,
		.out_bytes = ~0ULL,
	};
}

static struct ioasid_batch_entry unmap_entry(uint64_t iova, uint64_t length)
{
	return (struct ioasid_batch_entry){
		.op = IOASID_BATCH_UNMAP,
		.length = length,
		.iova = iova,
		.out_code = -1,
		.out_bytes = ~0ULL,
	};
}

static void want_result(const struct ioasid_batch_entry *entry, int code, uint64_t bytes)
{
	want(entry->out_code, code);
	if (!code)
		want(entry->out_bytes, bytes);
}

#define MIXED 14

/* Good ones and bad ones of every kind; the first failure is the third. */
static void make_mixed(struct ioasid_batch_entry *e, char *memory, uint32_t pin)
{
	e[0] = map_entry(memory, 4 * PAGE, AT);
	e[1] = unmap_entry(AT + GIB, PAGE);
	e[2] = map_entry(memory, PAGE, AT + 3 * PAGE);
	e[3] = map_entry(memory + 2 * PAGE, 4 * PAGE, AT + 4 * PAGE);
	e[4] = map_entry(memory + 1, PAGE, AT + GIB);
	e[5] = map_entry(memory, PAGE, AT + GIB);
	e[5].op = 7;
	e[6] = map_entry(memory, PAGE, AT + GIB);
	e[6].flags |= 1u << 31;
	e[7] = map_entry(NULL, PAGE, AT + GIB);
	e[7].flags |= IOASID_MAP_PIN;
	e[7].pin_id = 0x7fffffff;
	e[8] = map_entry(NULL, 2 * PAGE, AT + 8 * PAGE);
	e[8].flags |= IOASID_MAP_PIN;
	e[8].pin_id = pin;
	e[8].pin_offset = PAGE;
	e[9] = map_entry(NULL, PAGE, AT + GIB);
	e[10] = unmap_entry(AT + 2 * PAGE, 4 * PAGE);
	e[11] = unmap_entry(AT, 0);
	e[12] = map_entry(memory, PAGE, 0);
	e[12].flags = READ_ONLY;
	e[13] = map_entry(memory, PAGE, -PAGE);
	e[13].length = 2 * PAGE;
}

BATCH_TEST(each_entry_has_its_own_result)
{
	char *memory = anon(6 * PAGE), *pinned = anon(4 * PAGE);
	uint32_t pin = make_pin(fd, pinned, 4 * PAGE);
	struct ioasid_error why = ERROR_INIT;
	struct ioasid_batch_entry e[MIXED];
	struct ioasid_map_batch batch = {
		.ioas_id = ioas, .count = MIXED, .entries = ADDRESS(e), .error = ADDRESS(&why)
	};

	make_mixed(e, memory, pin);
	want(batch_call(fd, &batch), 0);
	want(batch.out_done, MIXED);
	want(batch.out_failed, 8);
	want_result(&e[0], 0, 0);
	want_result(&e[1], 0, 0);
	want_result(&e[2], EEXIST, 0);
	want_result(&e[3], 0, 2 * PAGE);
	want_result(&e[4], EINVAL, 0);
	want_result(&e[5], EOPNOTSUPP, 0);
	want_result(&e[6], EOPNOTSUPP, 0);
	want_result(&e[7], ENOENT, 0);
	want_result(&e[8], 0, 2 * PAGE);
	want_result(&e[9], EFAULT, 0);
	want_result(&e[10], 0, 4 * PAGE);
	want_result(&e[11], EINVAL, 0);
	want_result(&e[12], 0, PAGE);
	want_that(e[12].iova != 0);
	want_result(&e[13], EOVERFLOW, 0);
	/* The error is the first one's. */
	want(why.code, EEXIST);
	want(why.stage, IOASID_STAGE_PLACE);
	want(query_ioas(fd, ioas).mapped, (4 + 4 + 2 - 4 + 1) * PAGE);
	want_pinned(fd, 3, 10 * PAGE);
}

BATCH_TEST(stops_when_it_is_told_to)
{
	char *memory = anon(6 * PAGE), *pinned = anon(4 * PAGE);
	uint32_t pin = make_pin(fd, pinned, 4 * PAGE);
	struct ioasid_batch_entry e[MIXED], before[MIXED];
	struct ioasid_map_batch batch = {
		.flags = IOASID_BATCH_STOP, .ioas_id = ioas, .count = MIXED, .entries = ADDRESS(e)
	};

	make_mixed(e, memory, pin);
	memcpy(before, e, sizeof(e));
	want(batch_call(fd, &batch), 0);
	want(batch.out_done, 3);
	want(batch.out_failed, 1);
	want_result(&e[0], 0, 0);
	want_result(&e[1], 0, 0);
	want_result(&e[2], EEXIST, 0);
	want(memcmp(before + 3, e + 3, sizeof(e) - 3 * sizeof(e[0])), 0);
	want(query_ioas(fd, ioas).mapped, 4 * PAGE);
	/* Where nothing fails it stops at the end. */
	want(unmap_all(fd, ioas, NULL), 0);
	batch.count = 2;
	want(batch_call(fd, &batch), 0);
	want(batch.out_done, 2);
	want(batch.out_failed, 0);
}

BATCH_TEST(of_nothing_does_nothing)
{
	struct ioasid_error why = { .size = sizeof(why), .code = 77 };
	struct ioasid_map_batch batch = { .ioas_id = ioas, .error = ADDRESS(&why) };
	struct counts before = counts(fd);

	want(batch_call(fd, &batch), 0);
	want(batch.out_done, 0);
	want(batch.out_failed, 0);
	want(why.code, 77);
	want_unchanged(fd, &before);
}

#define MANY 10000

/* Pages in reverse, so that no two are one run; then every second one is unmapped. */
BATCH_TEST(of_ten_thousand)
{
	struct ioasid_batch_entry *e = calloc(MANY, sizeof(*e));
	struct ioasid_map_batch batch = { .ioas_id = ioas, .count = MANY, .entries = ADDRESS(e) };
	char *memory = anon(MANY * PAGE);
	unsigned int i;

	make_table(fd, ioas);
	make_pin(fd, memory, MANY * PAGE);
	for (i = 0; i < MANY; i++) {
		*(unsigned int *)(memory + i * PAGE) = i;
		e[i] = map_entry(memory + i * PAGE, PAGE, AT + (MANY - i) * PAGE);
	}
	want(batch_call(fd, &batch), 0);
	want(batch.out_done, MANY);
	want(batch.out_failed, 0);
	want_pinned(fd, 1, MANY * PAGE);
	want(query_ioas(fd, ioas).mappings, MANY);
	for (i = 0; i < MANY; i++) {
		unsigned int found;

		want_result(&e[i], 0, PAGE);
		want(access_read(fd, ioas, AT + (MANY - i) * PAGE, &found, sizeof(found), NULL), 0);
		want(found, i);
		e[i] = i % 2 ? unmap_entry(AT + i * PAGE, PAGE) : unmap_entry(TO, PAGE);
	}
	want(batch_call(fd, &batch), 0);
	want(batch.out_failed, 0);
	for (i = 0; i < MANY; i++)
		want_result(&e[i], 0, i % 2 * PAGE);
	want(query_ioas(fd, ioas).mappings, MANY / 2);
	want(unmap_all(fd, ioas, NULL), 0);
	free(e);
}

/* An array that is there for so many entries and a part of one more. */
BATCH_TEST(with_half_an_array_is_done_by_half)
{
	const unsigned int there = 3 * PAGE / sizeof(struct ioasid_batch_entry);
	char *pages = reserve(4 * PAGE, PAGE), *memory = anon(there * PAGE);
	struct ioasid_batch_entry *e = (struct ioasid_batch_entry *)pages;
	struct ioasid_map_batch batch = { .ioas_id = ioas,
					  .count = there + 50,
					  .entries = ADDRESS(e) };
	unsigned int i;

	want(mprotect(pages, 3 * PAGE, PROT_READ | PROT_WRITE), 0);
	make_pin(fd, memory, there * PAGE);
	for (i = 0; i < there; i++)
		e[i] = map_entry(memory + i * PAGE, PAGE, AT + i * PAGE);
	want(batch_call(fd, &batch), -EFAULT);
	want(batch.out_done, there);
	want(batch.out_failed, 0);
	for (i = 0; i < there; i++)
		want_result(&e[i], 0, PAGE);
	want(query_ioas(fd, ioas).mappings, there);
	want(unmap_all(fd, ioas, NULL), 0);

	/* Nothing of it is there. */
	batch.entries = ADDRESS(pages + 3 * PAGE);
	want(batch_call(fd, &batch), -EFAULT);
	want(batch.out_done, 0);
	want(query_ioas(fd, ioas).mappings, 0);
	batch.entries = 0;
	want(batch_call(fd, &batch), -EFAULT);
	want(batch.out_done, 0);

	/* It can be read only: what is done is what it says is done. */
	batch.entries = ADDRESS(e);
	want(mprotect(pages, 3 * PAGE, PROT_READ), 0);
	want(batch_call(fd, &batch), -EFAULT);
	want_that(batch.out_done <= there);
	want(query_ioas(fd, ioas).mappings, batch.out_done);
}
