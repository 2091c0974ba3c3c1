// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many threads on the same tables of all formats: they cut the same large entries, map and unmap
 * neighbours, set marks and read them. The end is exact, whatever the order.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "format.h"
#include "memory.h"
#include "random.h"

#define AT (4 * GIB)
#define PAGES 512
#define CUTTERS 4
/* They, who writes, who meddles, and the test itself. */
#define ALL_THREADS (CUTTERS + 3)

static int fd;
static uint32_t ioas, tables[FORMATS];
static char *memory;
static uint64_t from, rounds, frames[PAGES];
static atomic_bool ended;

static void open_one(void)
{
	int i;

	fd = device_open();
	ioas = make_ioas(fd);
	make_all_tables(fd, ioas, IOASID_TABLE_ALLOC_TRACK, tables);
	for (i = 0; i < FORMATS; i++)
		want(dirty_switch(fd, tables[i], IOASID_DIRTY_START), 0);
	memory = thp(HUGE_2M);
	for (i = 0; i < PAGES; i++)
		frames[i] = physical(memory + i * PAGE);
	from = seed();
	ended = false;
	context("SEED=%llu", (unsigned long long)from);
}

static void close_one(void)
{
	want(unmap_all(fd, ioas, NULL), 0);
	want(query_ioas(fd, ioas).table_memory, FORMATS * PAGE);
	want_pinned(fd, 0, 0);
	want(close(fd), 0);
	want_nothing_left();
}

#define RACE_TEST(name) TEST_BETWEEN(open_one, close_one, table_race, name)

struct worker {
	unsigned int number;
	struct rng rng;
};

static void run_workers(unsigned int count, void (*fn)(void *arg))
{
	struct worker workers[ALL_THREADS];
	unsigned int i;

	for (i = 0; i < count; i++)
		workers[i] = (struct worker){ .number = i, .rng = rng_make(from + i) };
	in_threads(count, fn, workers, sizeof(*workers));
}

/* Reads of all kinds, and a seventh table; nothing of it disturbs anybody. */
static void meddle(struct rng *rng, uint64_t iova)
{
	uint32_t table = tables[rng_below(rng, FORMATS)];
	struct ioasid_translate entry;
	struct ioasid_table_alloc seventh = { .ioas_id = ioas };
	uint64_t bits[PAGES / 64], page;
	int ret;

	switch (rng_below(rng, 8)) {
	case 0:
		seventh.format = rng_below(rng, FORMATS);
		want(table_alloc(fd, &seventh), 0);
		want(destroy(fd, seventh.out_id), 0);
		break;
	case 1:
		/* Kept, for others want to see it. */
		want(dirty_read(fd, table, IOASID_DIRTY_KEEP, iova, HUGE_2M, PAGE, bits, NULL), 0);
		break;
	case 2:
		ret = access_read(fd, ioas, iova + rng_below(rng, PAGES) * PAGE, bits, 8, NULL);
		want_that(!ret || ret == -ENOENT);
		break;
	default:
		page = rng_below(rng, PAGES);
		ret = translate(fd, table, iova + page * PAGE, IOASID_TRANSLATE_PHYS, &entry);
		want_that(!ret || ret == -ENOENT);
		if (!ret)
			want(entry.out_phys, frames[page]);
		break;
	}
}

/*
 * One huge page, as one entry and as entries of 64 KiB and more. All cut it at the same time, each
 * at pages of its own; one writes to pages that nobody cuts away.
 */
static pthread_barrier_t begin, end;
static bool gone[PAGES], wrote[PAGES];

static void cut(struct worker *worker, unsigned int first, unsigned int behind)
{
	unsigned int i, page;
	uint64_t unmapped;

	for (i = 0; i < 8; i++) {
		page = rng_below(&worker->rng, PAGES / 5) * 5 + worker->number;
		if (page < first || page >= behind)
			continue;
		want(unmap(fd, ioas, AT + page * PAGE, PAGE, &unmapped), 0);
		want(unmapped, gone[page] ? 0 : PAGE);
		gone[page] = true;
	}
}

static void write_some(struct worker *worker, unsigned int first, unsigned int behind)
{
	unsigned int i, page;

	for (i = 0; i < 4; i++) {
		page = rng_below(&worker->rng, PAGES / 5) * 5 + CUTTERS;
		if (page < first || page >= behind)
			continue;
		want(access_write(fd, ioas, AT + page * PAGE, "device", 6, NULL), 0);
		wrote[page] = true;
	}
}

static void want_as_cut(unsigned int first, unsigned int behind)
{
	const uint32_t marks = IOASID_ENTRY_ACCESSED | IOASID_ENTRY_DIRTY;
	struct ioasid_translate entry;
	unsigned int page;
	int i;

	for (page = 0; page < PAGES; page++) {
		bool mapped = page >= first && page < behind && !gone[page];

		for (i = 0; i < FORMATS; i++) {
			want(translate(fd, tables[i], AT + page * PAGE, IOASID_TRANSLATE_PHYS,
				       &entry),
			     mapped ? 0 : -ENOENT);
			if (!mapped)
				continue;
			if (entry.out_phys != frames[page])
				fail("%s: page %u", formats[i].name, page);
			want(entry.out_access & READ_WRITE, READ_WRITE);
			if (wrote[page] && (entry.out_access & marks) != marks)
				fail("%s: a mark of page %u is lost", formats[i].name, page);
		}
	}
}

/* What the test itself does: everything is there, and then as they left it. */
static void watch(unsigned int first, unsigned int behind)
{
	memset(gone, 0, sizeof(gone));
	memset(wrote, 0, sizeof(wrote));
	want(map_at(fd, ioas, memory + first * PAGE, (behind - first) * PAGE, READ_WRITE,
		    AT + first * PAGE),
	     0);
	pthread_barrier_wait(&begin);
	pthread_barrier_wait(&end);
	want_as_cut(first, behind);
	want(unmap(fd, ioas, AT, HUGE_2M, NULL), 0);
	want(query_ioas(fd, ioas).mapped, 0);
}

static void cut_write_or_watch(void *arg)
{
	/* As one entry; as some of 64 KiB, 128 KiB, ...; as some that are small at the ends. */
	static const unsigned int parts[][2] = { { 0, 512 }, { 16, 496 }, { 0, 512 }, { 5, 300 } };
	struct worker *worker = arg;
	uint64_t i;

	if (worker->number == ALL_THREADS - 1) {
		while (!ended)
			meddle(&worker->rng, AT);
		return;
	}
	for (i = 0; i < rounds; i++) {
		const unsigned int *part = parts[i % ARRAY_SIZE(parts)];

		if (worker->number == ALL_THREADS - 2) {
			watch(part[0], part[1]);
			continue;
		}
		pthread_barrier_wait(&begin);
		if (worker->number < CUTTERS)
			cut(worker, part[0], part[1]);
		else
			write_some(worker, part[0], part[1]);
		pthread_barrier_wait(&end);
	}
	ended = true;
}

RACE_TEST(all_cut_one_entry)
{
	rounds = runs(400, 30);
	want(pthread_barrier_init(&begin, NULL, CUTTERS + 2), 0);
	want(pthread_barrier_init(&end, NULL, CUTTERS + 2), 0);
	run_workers(ALL_THREADS, cut_write_or_watch);
}

/*
 * Neighbours: stripes of some pages belong to the threads in turn. Each maps and unmaps parts of
 * its own, and knows exactly what is there.
 */
#define STRIPERS 4

static bool mapped[PAGES];
static unsigned int stripe;

static void want_page(unsigned int page, uint32_t table)
{
	struct ioasid_translate entry;

	want(translate(fd, table, AT + page * PAGE, IOASID_TRANSLATE_PHYS, &entry),
	     mapped[page] ? 0 : -ENOENT);
	if (mapped[page])
		want(entry.out_phys, frames[page]);
}

static void change_part(struct worker *worker)
{
	struct rng *rng = &worker->rng;
	unsigned int first = rng_below(rng, PAGES / stripe / STRIPERS) * stripe * STRIPERS +
			     worker->number * stripe;
	unsigned int from_page = rng_below(rng, stripe);
	unsigned int pages = 1 + rng_below(rng, stripe - from_page), i, there = 0;
	bool map = rng_once_in(rng, 2);
	uint64_t unmapped;

	/* Often all of the stripe, so that there are entries larger than a page. */
	if (rng_once_in(rng, 2)) {
		from_page = 0;
		pages = stripe;
	}
	first += from_page;
	for (i = 0; i < pages; i++)
		there += mapped[first + i];
	if (map) {
		want(map_at(fd, ioas, memory + first * PAGE, pages * PAGE, READ_WRITE,
			    AT + first * PAGE),
		     there ? -EEXIST : 0);
		if (there)
			return;
	} else {
		want(unmap(fd, ioas, AT + first * PAGE, pages * PAGE, &unmapped), 0);
		want(unmapped, there * PAGE);
	}
	memset(&mapped[first], map, pages);
	for (i = 0; i < FORMATS; i++)
		want_page(first + rng_below(rng, pages), tables[i]);
}

static void change_or_meddle(void *arg)
{
	struct worker *worker = arg;
	uint64_t i;

	if (worker->number == STRIPERS) {
		while (!ended)
			meddle(&worker->rng, AT);
		return;
	}
	for (i = 0; i < rounds; i++)
		change_part(worker);
	ended = true;
}

static void race_in_stripes(unsigned int pages)
{
	unsigned int page;
	int i;

	stripe = pages;
	ended = false;
	rounds = runs(4000, 200);
	memset(mapped, 0, sizeof(mapped));
	run_workers(STRIPERS + 1, change_or_meddle);
	for (page = 0; page < PAGES; page++)
		for (i = 0; i < FORMATS; i++)
			want_page(page, tables[i]);
	want(unmap_all(fd, ioas, NULL), 0);
	want(query_ioas(fd, ioas).table_memory, FORMATS * PAGE);
}

RACE_TEST(neighbours_map_and_unmap_pages)
{
	race_in_stripes(1);
}

RACE_TEST(neighbours_map_and_unmap_larger_entries)
{
	race_in_stripes(16);
	race_in_stripes(64);
}

/* The last page of a table page goes while another comes: tables die and are made anew. */
static void come_and_go(void *arg)
{
	struct worker *worker = arg;
	/* Neighbours at each level of a table. */
	const uint64_t at = (1ULL << 37) - 2 * PAGE + worker->number * PAGE;
	uint64_t i;
	int j;

	for (i = 0; i < rounds; i++) {
		want(map_at(fd, ioas, memory + worker->number * PAGE, PAGE, READ_WRITE, at), 0);
		for (j = 0; j < FORMATS; j++) {
			struct ioasid_translate entry;

			want(translate(fd, tables[j], at, IOASID_TRANSLATE_PHYS, &entry), 0);
			want(entry.out_phys, frames[worker->number]);
		}
		want(unmap(fd, ioas, at, PAGE, NULL), 0);
	}
}

RACE_TEST(tables_come_and_go)
{
	rounds = runs(4000, 200);
	run_workers(4, come_and_go);
	want(query_ioas(fd, ioas).table_memory, FORMATS * PAGE);
}

/* Each page is written once by each writer round; each read tells it once, whoever reads. */
#define WRITERS 2
#define READERS 2

static _Atomic uint64_t told[FORMATS];
static atomic_uint writers_left;

static void read_all(void)
{
	uint64_t bits[PAGES / 64], dirty, i, count;
	int j;

	for (j = 0; j < FORMATS; j++) {
		memset(bits, 0, sizeof(bits));
		want(dirty_read(fd, tables[j], 0, AT, HUGE_2M, PAGE, bits, &dirty), 0);
		for (i = count = 0; i < PAGES / 64; i++)
			count += __builtin_popcountll(bits[i]);
		want(count * PAGE, dirty);
		told[j] += count;
	}
}

static void write_or_read(void *arg)
{
	struct worker *worker = arg;
	uint64_t page;

	if (worker->number >= WRITERS) {
		while (writers_left)
			read_all();
		return;
	}
	for (page = worker->number; page < PAGES; page += WRITERS)
		want(access_write(fd, ioas, AT + page * PAGE, "device", 6, NULL), 0);
	writers_left--;
}

RACE_TEST(each_write_is_told_once)
{
	uint64_t i, n = runs(50, 5);
	int j;

	for (j = 0; j < FORMATS; j++)
		want(destroy(fd, tables[j]), 0);
	want(option_set(fd, IOASID_OPTION_LARGE_ENTRIES, ioas, 0), 0);
	make_all_tables(fd, ioas, IOASID_TABLE_ALLOC_TRACK, tables);
	for (j = 0; j < FORMATS; j++)
		want(dirty_switch(fd, tables[j], IOASID_DIRTY_START), 0);
	want(map_at(fd, ioas, memory, HUGE_2M, READ_WRITE, AT), 0);
	for (i = 0; i < n; i++) {
		memset(told, 0, sizeof(told));
		writers_left = WRITERS;
		run_workers(WRITERS + READERS, write_or_read);
		read_all();
		for (j = 0; j < FORMATS; j++)
			want(told[j], PAGES);
	}
}
