// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many threads at once, on the same and on different ranges; the end is exact, whatever the order.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"
#include "random.h"

#define AT 0x10000000ULL
#define THREADS 4

static int fd;
static uint32_t ioas;
static char *memory;
static uint64_t from, rounds;

static void open_one(void)
{
	want_nothing_left();
	fd = device_open();
	ioas = make_ioas(fd);
	from = seed();
	rounds = runs(400, 20);
	context("SEED=%llu", (unsigned long long)from);
}

static void close_one(void)
{
	want_pinned(fd, 0, 0);
	want(query_file(fd).mappings, 0);
	want(close(fd), 0);
	want_nothing_left();
}

#define RACE_TEST(name) TEST_BETWEEN(open_one, close_one, race, name)

struct worker {
	unsigned int number;
	uint32_t ioas;
	uint64_t done;
	struct rng rng;
};

static void make_workers(struct worker workers[THREADS])
{
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		workers[i] =
			(struct worker){ .number = i, .ioas = ioas, .rng = rng_make(from + i) };
}

/* The same IOVAs: exactly one wins, until it has unmapped. */
static _Atomic unsigned int owners;

static void fight_for_one_range(void *arg)
{
	struct worker *worker = arg;
	uint64_t i, unmapped;
	int ret;

	for (i = 0; i < rounds; i++) {
		ret = map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT);
		if (ret) {
			want(ret, -EEXIST);
			continue;
		}
		want(atomic_fetch_add(&owners, 1), 0);
		want_iova_filled(fd, ioas, AT, 4 * PAGE, 1, 0);
		want(atomic_fetch_sub(&owners, 1), 1);
		want(unmap(fd, ioas, AT, 4 * PAGE, &unmapped), 0);
		want(unmapped, 4 * PAGE);
		worker->done++;
	}
}

RACE_TEST(for_one_range_has_one_winner)
{
	struct worker workers[THREADS];

	memory = anon(4 * PAGE);
	fill(memory, 4 * PAGE, 1);
	make_workers(workers);
	make_table(fd, ioas);
	in_threads(THREADS, fight_for_one_range, workers, sizeof(workers[0]));
	want_that(workers[0].done + workers[1].done + workers[2].done + workers[3].done > 0);
}

/* Different ranges of one space do not get into each other's way at all. */
static void map_ones_own(void *arg)
{
	struct worker *worker = arg;
	char *own = memory + worker->number * 16 * PAGE;
	uint64_t at = AT + worker->number * 16 * PAGE, i, unmapped;

	for (i = 0; i < rounds; i++) {
		unsigned int first = rng_below(&worker->rng, 16);
		uint64_t length = (1 + rng_below(&worker->rng, 16 - first)) * PAGE;

		want(map_at(fd, ioas, own + first * PAGE, length, READ_WRITE, at + first * PAGE),
		     0);
		want_iova_filled(fd, ioas, at + first * PAGE, PAGE, 1,
				 (worker->number * 16 + first) * PAGE);
		want(unmap(fd, ioas, at, 16 * PAGE, &unmapped), 0);
		want(unmapped, length);
	}
}

RACE_TEST(on_neighbouring_ranges_nobody_notices)
{
	struct worker workers[THREADS];

	memory = anon(THREADS * 16 * PAGE);
	fill(memory, THREADS * 16 * PAGE, 1);
	make_workers(workers);
	make_table(fd, ioas);
	in_threads(THREADS, map_ones_own, workers, sizeof(workers[0]));
	want(query_ioas(fd, ioas).table_memory, PAGE);
}

/* The same memory, from spaces of one's own: one pin while anybody has it mapped all the time. */
static bool somebody_holds_it;

static void share_memory(void *arg)
{
	struct worker *worker = arg;
	struct ioasid_query now;
	uint64_t i, iova;

	for (i = 0; i < rounds; i++) {
		iova = make_map(fd, worker->ioas, memory, 32 * PAGE);
		now = query_process(fd);
		if (somebody_holds_it)
			want(now.pins, 1);
		want(now.pinned, now.pins * 32 * PAGE);
		want(now.charged, now.pinned);
		want_iova_filled(fd, worker->ioas, iova + 31 * PAGE, PAGE, 1, 31 * PAGE);
		want(unmap(fd, worker->ioas, iova, 32 * PAGE, NULL), 0);
	}
}

RACE_TEST(for_the_same_memory_pins_it_once)
{
	struct worker workers[THREADS];
	uint32_t holder = make_ioas(fd);
	unsigned int i;

	memory = anon(32 * PAGE);
	fill(memory, 32 * PAGE, 1);
	make_workers(workers);
	for (i = 1; i < THREADS; i++)
		workers[i].ioas = make_ioas(fd);
	in_threads(THREADS, share_memory, workers, sizeof(workers[0]));
	want_pinned(fd, 0, 0);

	make_map(fd, holder, memory, 32 * PAGE);
	somebody_holds_it = true;
	in_threads(THREADS, share_memory, workers, sizeof(workers[0]));
	want_pinned(fd, 1, 32 * PAGE);
	want(unmap_all(fd, holder, NULL), 0);
}

/* Placed: no two get the same IOVA. */
static void place(void *arg)
{
	struct worker *worker = arg;
	uint64_t mine[8], i, j, unmapped;
	uint64_t mark;

	for (i = 0; i < rounds / 8; i++) {
		for (j = 0; j < 8; j++)
			mine[j] = make_map(fd, ioas, memory + worker->number * PAGE, PAGE);
		for (j = 0; j < 8; j++) {
			want(access_read(fd, ioas, mine[j], &mark, sizeof(mark), NULL), 0);
			want(mark, worker->number + 100);
			want(unmap(fd, ioas, mine[j], PAGE, &unmapped), 0);
			want(unmapped, PAGE);
		}
	}
}

RACE_TEST(for_places_gives_everybody_his_own)
{
	struct worker workers[THREADS];
	unsigned int i;

	memory = anon(THREADS * PAGE);
	for (i = 0; i < THREADS; i++)
		*(uint64_t *)(memory + i * PAGE) = i + 100;
	make_workers(workers);
	in_threads(THREADS, place, workers, sizeof(workers[0]));
}

/*
 * Anything, anywhere: overlapping maps, unmaps, pins, tables, and memory that is replaced
 * meanwhile. Nothing can be said of the single call but which errors are its own.
 */
static void anything(void *arg)
{
	struct worker *worker = arg;
	struct rng *rng = &worker->rng;
	struct ioasid_pin pin = {};
	uint32_t table;
	char byte[64] = "";
	uint64_t i;
	int ret;

	for (i = 0; i < 4 * rounds; i++) {
		unsigned int first = rng_below(rng, 32);
		uint64_t length = (1 + rng_below(rng, 32 - first)) * PAGE;
		char *va = memory + first * PAGE;
		uint64_t iova = AT + rng_below(rng, 64) * PAGE;

		switch (rng_below(rng, 8)) {
		case 0:
			if (pin.out_id) {
				ret = unpin(fd, pin.out_id,
					    rng_once_in(rng, 2) ? IOASID_UNPIN_DEFER : 0);
				want_that(ret == 0 || ret == -EBUSY);
				if (ret)
					break;
			}
			want(pin_call(fd, va, length, IOASID_PIN_WRITE, &pin), 0);
			break;
		case 1:
			want(madvise(va, length, MADV_DONTNEED), 0);
			break;
		case 2:
			if (table_call(fd, ioas, &table) == 0)
				want(destroy(fd, table), 0);
			break;
		case 3:
			ret = access_write(fd, ioas, iova, byte, sizeof(byte), NULL);
			want_that(ret == 0 || ret == -ENOENT);
			break;
		case 4 ... 5:
			ret = unmap(fd, ioas, iova, length, NULL);
			want_that(ret == 0 || ret == -EBUSY);
			break;
		default:
			ret = map_at(fd, ioas, va, length, READ_WRITE, iova);
			want_that(ret == 0 || ret == -EEXIST);
			break;
		}
	}
	if (pin.out_id)
		want(unpin(fd, pin.out_id, IOASID_UNPIN_DEFER), 0);
}

RACE_TEST(with_anything_ends_clean)
{
	struct worker workers[THREADS];
	struct ioasid_query process;
	struct ioasid_audit now;

	memory = anon(32 * PAGE);
	make_workers(workers);
	make_table(fd, ioas);
	in_threads(THREADS, anything, workers, sizeof(workers[0]));
	now = audit();
	process = query_process(fd);
	want(now.in_flight, 0);
	want(now.mapped, process.mapped);
	want(now.pins, process.pins);
	want(now.charged, process.charged);
	want(process.charged, process.pinned);
	want(vm_pin(), process.pinned);
	want(unmap_all(fd, ioas, NULL), 0);
	want(query_ioas(fd, ioas).table_memory, PAGE);
}
