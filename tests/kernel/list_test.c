// SPDX-License-Identifier: GPL-2.0-only
/*
 * What QUERY lists and counts: everything once and in order, in parts of any size, also while other
 * threads come and go.
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
#include "random.h"

#define AT (4 * GIB)
#define DONE (~0ULL)
#define MOST 1000
#define POISON 0x5a

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

#define LIST_TEST(name) TEST_BETWEEN(open_one, close_one, list, name)

/* The whole list, read in parts; what is behind a part's end is left alone. */
static unsigned int whole_list(uint32_t scope, uint32_t id, unsigned int part,
			       struct ioasid_query_entry *entries)
{
	uint64_t cursor = 0, before;
	unsigned int n = 0;
	uint32_t count;
	char *end;

	while (cursor != DONE) {
		want_that(n + part < MOST);
		end = (char *)&entries[n + part];
		memset(&entries[n], POISON, (part + 1) * sizeof(entries[0]));
		before = cursor;
		want(query_list(fd, scope, id, &cursor, entries + n, part, &count), 0);
		want_that(count <= part);
		want_that(cursor == DONE || (count > 0 && cursor != before));
		want(*end, POISON);
		want(memcmp(end, end + 1, sizeof(entries[0]) - 1), 0);
		n += count;
	}
	return n;
}

/* The list is exactly this, in parts of any size. */
static void want_list(uint32_t scope, uint32_t id, const struct ioasid_query_entry *expected,
		      unsigned int n)
{
	static struct ioasid_query_entry entries[MOST];
	const unsigned int parts[] = { 1, 3, n ? n : 1, n + 1, 500 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		context("scope %u in parts of %u", scope, parts[i]);
		want(whole_list(scope, id, parts[i], entries), n);
		for (j = 0; j < n; j++) {
			context("scope %u in parts of %u: entry %u", scope, parts[i], j);
			want(entries[j].start, expected[j].start);
			want(entries[j].length, expected[j].length);
			want(entries[j].pin, expected[j].pin);
			want(entries[j].pin_offset, expected[j].pin_offset);
			want(entries[j].va, expected[j].va);
			want(entries[j].id, expected[j].id);
			want(entries[j].flags, expected[j].flags);
		}
	}
}

static uint64_t pin_at(uint64_t iova)
{
	struct ioasid_translate found;

	want(translate(fd, ioas, iova, 0, &found), 0);
	return found.out_pin;
}

/* 60 mappings and 20 reserved ranges between them, made in no order. */
#define MAPPINGS 60
#define RESERVED 20

LIST_TEST(of_a_space_has_mappings_and_reserved_ranges)
{
	struct ioasid_query_entry e[MAPPINGS + RESERVED];
	char *memory = anon((MAPPINGS + RESERVED) * 2 * PAGE);
	unsigned int i, order, n = MAPPINGS + RESERVED;

	want_list(IOASID_SCOPE_IOAS, ioas, NULL, 0);
	for (i = 0; i < n; i++) {
		order = i * 37 % n;
		e[order] = (struct ioasid_query_entry){ .start = AT + order * 4 * PAGE };
		if (order % 4 == 3) {
			e[order].length = 3 * PAGE;
			e[order].flags = IOASID_ENTRY_RESERVED;
			want(reserve_iovas(fd, ioas, e[order].start, 3 * PAGE), 0);
			continue;
		}
		e[order].length = 2 * PAGE;
		e[order].va = ADDRESS(memory + order / 4 * 8 * PAGE + order % 4 * 2 * PAGE);
		e[order].flags = IOASID_ENTRY_READ | (order % 2 ? IOASID_ENTRY_WRITE : 0);
		want(map_at(fd, ioas, (void *)e[order].va, 2 * PAGE,
			    order % 2 ? READ_WRITE : READ_ONLY, e[order].start),
		     0);
		e[order].pin = pin_at(e[order].start);
	}
	want_list(IOASID_SCOPE_IOAS, ioas, e, n);
	/* A part cut out of the second: what is left of it begins further on in its pin. */
	want(unmap(fd, ioas, e[1].start, PAGE, NULL), 0);
	e[1].start += PAGE;
	e[1].length -= PAGE;
	e[1].va += PAGE;
	e[1].pin_offset += PAGE;
	want_list(IOASID_SCOPE_IOAS, ioas, e, n);
	want(query_ioas(fd, ioas).mappings, MAPPINGS);
	want(unmap(fd, ioas, e[0].start, 2 * PAGE, NULL), 0);
	want_list(IOASID_SCOPE_IOAS, ioas, e + 1, n - 1);
}

LIST_TEST(of_a_space_reaches_from_the_first_iova_to_the_last)
{
	char *memory = anon(2 * PAGE);
	struct ioasid_query_entry e[4] = {
		{ .start = 0, .length = PAGE, .va = ADDRESS(memory), .flags = READ_ONLY },
		{ .start = PAGE, .length = PAGE, .flags = IOASID_ENTRY_RESERVED },
		{ .start = -3 * PAGE, .length = 2 * PAGE, .flags = IOASID_ENTRY_RESERVED },
		{ .start = -PAGE, .length = PAGE, .va = ADDRESS(memory), .flags = READ_ONLY },
	};

	want(reserve_iovas(fd, ioas, PAGE, PAGE), 0);
	want(reserve_iovas(fd, ioas, -3 * PAGE, 2 * PAGE), 0);
	want(map_at(fd, ioas, memory, PAGE, READ_ONLY, 0), 0);
	want(map_at(fd, ioas, memory, PAGE, READ_ONLY, -PAGE), 0);
	e[0].pin = e[3].pin = pin_at(0);
	want_list(IOASID_SCOPE_IOAS, ioas, e, 4);
	want(unmap(fd, ioas, -PAGE, PAGE, NULL), 0);
	want(unreserve_iovas(fd, ioas, -3 * PAGE, 2 * PAGE), 0);
	want(reserve_iovas(fd, ioas, -2 * PAGE, 2 * PAGE), 0);
	e[2].start = -2 * PAGE;
	want_list(IOASID_SCOPE_IOAS, ioas, e, 3);
}

LIST_TEST(of_a_process_has_its_pins)
{
	struct ioasid_query_entry e[20] = {};
	char *memory = anon(40 * PAGE);
	int other_fd = device_open();
	uint32_t other = make_ioas(other_fd);
	struct ioasid_pin pin;
	unsigned int i;
	uint64_t at;

	want_list(IOASID_SCOPE_PROCESS, 0, NULL, 0);
	for (i = 0; i < 20; i++) {
		/* In the order of their numbers, as they were made. */
		e[i].start = ADDRESS(memory + i * 7 % 20 * 2 * PAGE);
		e[i].length = PAGE;
		e[i].va = PAGE;
		e[i].flags = IOASID_ENTRY_READ | (i % 2 ? IOASID_ENTRY_WRITE : 0);
		/* An id; and of every third two mappings, one of another file. */
		e[i].pin_offset = i % 3 ? 1 : 3;
		want(pin_call(fd, (void *)e[i].start, PAGE, i % 2 ? IOASID_PIN_WRITE : 0, &pin), 0);
		at = AT + i * PAGE;
		want(map_pin_at(fd, ioas, pin.out_id, 0, PAGE, READ_ONLY, at), 0);
		e[i].pin = pin_at(at);
		if (i % 3)
			want(unmap(fd, ioas, at, PAGE, NULL), 0);
		else
			want(map_at(other_fd, other, (void *)e[i].start, PAGE, READ_ONLY, at), 0);
	}
	want_list(IOASID_SCOPE_PROCESS, 0, e, 20);
	want(close(other_fd), 0);
	for (i = 0; i < 20; i += 3)
		e[i].pin_offset--;
	want_list(IOASID_SCOPE_PROCESS, 0, e, 20);
}

LIST_TEST(of_a_process_has_stale_pins_too)
{
	static struct ioasid_query_entry e[MOST];
	char *memory = anon(4 * PAGE);
	uint64_t old, new;
	unsigned int i;

	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT), 0);
	old = pin_at(AT);
	want(madvise(memory, 4 * PAGE, MADV_DONTNEED), 0);
	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT + GIB), 0);
	new = pin_at(AT + GIB);
	want(whole_list(IOASID_SCOPE_PROCESS, 0, 1, e), 2);
	for (i = 0; i < 2; i++) {
		want(e[i].start, ADDRESS(memory));
		want(e[i].length, 4 * PAGE);
		want(e[i].va, 4 * PAGE);
		want(e[i].pin_offset, 1);
		want(e[i].pin, (e[i].flags & IOASID_ENTRY_STALE) ? old : new);
		want_that(e[i].flags & IOASID_ENTRY_WRITE);
	}
	want_that((e[0].flags ^ e[1].flags) & IOASID_ENTRY_STALE);
	want(query_process(fd).stale, 4 * PAGE);
}

LIST_TEST(of_a_file_has_its_objects)
{
	struct ioasid_query_entry e[31] = { { .id = ioas } };
	static struct ioasid_query_entry got[MOST];
	char *memory = anon(12 * PAGE);
	unsigned int i, n;

	for (i = 1; i < 31; i++) {
		switch (i % 3) {
		case 0:
			e[i].id = make_ioas(fd);
			break;
		case 1:
			e[i].id = make_table(fd, ioas);
			break;
		case 2:
			e[i].id = make_pin(fd, memory, i / 3 * PAGE + PAGE);
			e[i].length = i / 3 * PAGE + PAGE;
		}
		want_that(e[i].id > e[i - 1].id);
	}
	n = whole_list(IOASID_SCOPE_FILE, 0, 4, got);
	want(n, 31);
	for (i = 0; i < n; i++) {
		e[i].flags = got[i].flags;
		want(got[i].flags & (IOASID_ENTRY_RESERVED | IOASID_ENTRY_STALE), 0);
	}
	want_list(IOASID_SCOPE_FILE, 0, e, 31);
}

LIST_TEST(goes_nowhere_but_into_its_array)
{
	char *pages = reserve(2 * PAGE, PAGE), *memory = anon(8 * PAGE);
	struct ioasid_query_entry *entries;
	uint64_t cursor = 0;
	uint32_t count;
	int i;

	for (i = 0; i < 8; i++)
		want(map_at(fd, ioas, memory + (7 - i) * PAGE, PAGE, READ_ONLY, AT + i * PAGE), 0);
	want(query_list(fd, IOASID_SCOPE_IOAS, ioas, &cursor, (void *)pages, 8, &count), -EFAULT);
	cursor = 0;
	want(query_list(fd, IOASID_SCOPE_IOAS, ioas, &cursor, (void *)-PAGE, 8, &count), -EFAULT);
	/* A length that no array has: only what is filled in has to be there. */
	want(mprotect(pages, PAGE, PROT_READ | PROT_WRITE), 0);
	entries = (struct ioasid_query_entry *)(pages + PAGE) - 8;
	cursor = 0;
	want(query_list(fd, IOASID_SCOPE_IOAS, ioas, &cursor, entries, ~0u, &count), 0);
	want(count, 8);
	want(cursor, DONE);
	want(entries[7].start, AT + 7 * PAGE);
	want(mprotect(pages, PAGE, PROT_NONE), 0);
	/* As long as it says, and not a byte more. */
	want(mprotect(pages, PAGE, PROT_READ | PROT_WRITE), 0);
	entries = (struct ioasid_query_entry *)(pages + PAGE) - 3;
	cursor = 0;
	want(query_list(fd, IOASID_SCOPE_IOAS, ioas, &cursor, entries, 3, &count), 0);
	want(count, 3);
	want(query_list(fd, IOASID_SCOPE_IOAS, ioas, &cursor, entries, 3, &count), 0);
	want(count, 3);
	want(entries[2].start, AT + 5 * PAGE);
	want(query_list(fd, IOASID_SCOPE_IOAS, ioas, &cursor, entries, 3, &count), 0);
	want(count, 2);
	want(entries[1].start, AT + 7 * PAGE);
	if (cursor != DONE) {
		want(query_list(fd, IOASID_SCOPE_IOAS, ioas, &cursor, entries, 3, &count), 0);
		want(count, 0);
	}
	want(cursor, DONE);
}

/* What stays is listed once and in order, whatever comes and goes between. */
#define STAY 40

static bool over;
static char *churned;

static void churn(struct rng *rng)
{
	unsigned int at = 2 * rng_below(rng, STAY) + 1;
	struct ioasid_pin pin;

	want(map_at(fd, ioas, churned + at * PAGE, PAGE, READ_WRITE, AT + at * PAGE), 0);
	want(pin_call(fd, churned + at * PAGE, PAGE, 0, &pin), 0);
	if (rng_once_in(rng, 2))
		want(destroy(fd, make_ioas(fd)), 0);
	want(unmap(fd, ioas, AT + at * PAGE, PAGE, NULL), 0);
	want(unpin(fd, pin.out_id, 0), 0);
}

/* How many of the entries that stay, which are those with even numbers, are there. */
static unsigned int staying(uint32_t scope, const struct ioasid_query_entry *e, unsigned int n)
{
	uint64_t base = scope == IOASID_SCOPE_IOAS ? AT : ADDRESS(churned);
	unsigned int found = 0, i;

	for (i = 0; i < n; i++) {
		if (scope == IOASID_SCOPE_FILE) {
			want_that(!i || e[i].id > e[i - 1].id);
			continue;
		}
		if (scope == IOASID_SCOPE_IOAS)
			want_that(!i || e[i].start > e[i - 1].start);
		else
			want_that(!i || e[i].pin > e[i - 1].pin);
		want(e[i].length, PAGE);
		if ((e[i].start - base) / PAGE % 2)
			continue;
		want(e[i].start, base + 2 * found * PAGE);
		want(e[i].flags & IOASID_ENTRY_BUSY, 0);
		found++;
	}
	return found;
}

static void list_for(uint64_t rounds)
{
	static struct ioasid_query_entry e[MOST];
	const unsigned int parts[] = { 1, 3, 400 };
	unsigned int part, n;
	uint64_t i;

	for (i = 0; i < rounds; i++) {
		part = parts[i % 3];
		n = whole_list(IOASID_SCOPE_IOAS, ioas, part, e);
		want(staying(IOASID_SCOPE_IOAS, e, n), STAY);
		n = whole_list(IOASID_SCOPE_PROCESS, 0, part, e);
		want(staying(IOASID_SCOPE_PROCESS, e, n), STAY);
		n = whole_list(IOASID_SCOPE_FILE, 0, part, e);
		want_that(n >= 3 && n <= 5);
		want(e[0].id, ioas);
		staying(IOASID_SCOPE_FILE, e, n);
	}
}

static void churn_or_list(void *arg)
{
	struct rng rng = rng_make(seed());

	if (*(bool *)arg) {
		list_for(runs(300, 60));
		__atomic_store_n(&over, true, __ATOMIC_RELAXED);
		return;
	}
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED))
		churn(&rng);
}

LIST_TEST(has_what_stays_while_others_come_and_go)
{
	bool lists[] = { true, false };
	unsigned int i;

	make_table(fd, ioas);
	make_ioas(fd);
	churned = anon(2 * STAY * PAGE);
	for (i = 0; i < STAY; i++)
		want(map_at(fd, ioas, churned + 2 * i * PAGE, PAGE, READ_WRITE, AT + 2 * i * PAGE),
		     0);
	in_threads(2, churn_or_list, lists, sizeof(lists[0]));
	want_pinned(fd, STAY, STAY * PAGE);
}

/* Counters. */

LIST_TEST(counts_the_memory_that_it_takes)
{
	char *memory = anon(HUGE_2M), *huge = thp(HUGE_2M);
	uint64_t pins, mappings;
	uint32_t id;

	want(query_process(fd).metadata, 0);
	want(query_ioas(fd, ioas).metadata, 0);
	want(query_file(fd).metadata, 0);
	id = make_pin(fd, huge, HUGE_2M);
	pins = query_process(fd).metadata;
	want_that(pins > 0);
	want(query_file(fd).metadata, 0);
	make_map(fd, ioas, huge, HUGE_2M);
	want(query_process(fd).metadata, pins);
	mappings = query_ioas(fd, ioas).metadata;
	want_that(mappings > 0);
	want(query_file(fd).metadata, mappings);
	want(unpin(fd, id, IOASID_UNPIN_DEFER), 0);
	want(query_process(fd).metadata, pins);
	/* Runs take memory, mappings don't care how many there are. */
	make_map(fd, ioas, memory, HUGE_2M);
	want_that(query_process(fd).metadata > 2 * pins || query_process(fd).runs == 2);
	want(query_ioas(fd, ioas).metadata, 2 * mappings);
	want(unmap_all(fd, ioas, NULL), 0);
	want(query_process(fd).metadata, 0);
	want(query_ioas(fd, ioas).metadata, 0);
	want(query_file(fd).metadata, 0);
}

static void want_counts(uint64_t suspected, uint64_t rechecked, uint64_t turned_stale)
{
	struct ioasid_query now = query_process(fd);

	want(now.suspected, suspected);
	want(now.rechecked, rechecked);
	want(now.turned_stale, turned_stale);
}

/* Another map of the memory has every pin that is suspected looked up, if nobody has by then. */
LIST_TEST(counts_suspicions)
{
	const uint64_t size = 6 * PAGE;
	char *memory = anon(size), *shared;
	unsigned int i;
	int file;

	shared = memfd(size, &file);
	make_pin(fd, anon(PAGE), PAGE);
	want(map_at(fd, ioas, shared, size, READ_WRITE, AT), 0);
	for (i = 0; i < 3; i++)
		want(map_at(fd, ioas, memory + i * 2 * PAGE, 2 * PAGE, READ_WRITE,
			    AT + GIB + i * 2 * PAGE),
		     0);
	want_counts(0, 0, 0);
	want(munmap(anon(size), size), 0);
	want_counts(0, 0, 0);
	/* One pin, whose pages the file still has. */
	want(madvise(shared, size, MADV_DONTNEED), 0);
	want(query_process(fd).suspected, 1);
	want(query_process(fd).turned_stale, 0);
	make_map(fd, ioas, shared, size);
	want_counts(1, 1, 0);
	/* Three in one go, of which the middle one turns out to be other memory. */
	want(mprotect(memory, size, PROT_READ), 0);
	want(query_process(fd).suspected, 4);
	want(mprotect(memory, size, PROT_READ | PROT_WRITE), 0);
	make_map(fd, ioas, memory, size);
	want(query_process(fd).turned_stale, 0);
	want(query_process(fd).stale, 0);
	i = query_process(fd).suspected;
	want(madvise(memory + 3 * PAGE, PAGE, MADV_DONTNEED), 0);
	want(query_process(fd).suspected, i + 1);
	make_map(fd, ioas, memory, size);
	want(query_process(fd).turned_stale, 1);
	want(query_process(fd).stale, 2 * PAGE);
	want_that(query_process(fd).rechecked <= query_process(fd).suspected);
}
