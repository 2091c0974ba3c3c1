// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is pinned for reading and then for writing, over the same pages, a part of them or
 * beyond: they are pinned twice, and charged once, in whatever order they go.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"
#include "random.h"
#include "user.h"

#define AT 0x10000000ULL
#define PAGES 8ULL
#define SIZE (PAGES * PAGE)
#define MAPS 4

enum { BY_PROCESS = 1, BY_DEVICE };

static int fd;
static uint32_t ioas;
static int64_t pinned_before;
static char *memory;

static void open_one(void)
{
	want_nothing_left();
	pinned_before = system_pinned();
	fd = device_open();
	ioas = make_ioas(fd);
	memory = anon(SIZE + PAGE);
	want(munmap(memory + SIZE, PAGE), 0);
}

static void close_one(void)
{
	want(close(fd), 0);
	want(vm_pin(), 0);
	want(system_pinned(), pinned_before);
	want_nothing_left();
}

#define UPGRADE_TEST(name) TEST_BETWEEN(open_one, close_one, upgrade, name)

/* What is pinned need not be what is charged, here. */
static void want_own(uint64_t pins, uint64_t pinned, uint64_t charged)
{
	struct ioasid_query now = query_process(fd);

	want(now.pins, pins);
	want(now.pinned, pinned);
	want(now.charged, charged);
	want(vm_pin(), charged);
}

/* Also of the whole system, as far as the caller may ask. */
static void want_held(uint64_t pins, uint64_t pinned, uint64_t charged)
{
	want_own(pins, pinned, charged);
	want(audit().pinned, pinned);
	want(audit().charged, charged);
}

static int map_part(uint64_t n, uint32_t access, uint64_t first, uint64_t pages)
{
	return map_at(fd, ioas, memory + first * PAGE, pages * PAGE, access, AT + n * MIB);
}

/* Maps one after the other, and the pages that are charged after all of them. */
static const struct plan {
	const char *name;
	struct {
		uint32_t access;
		uint64_t first;
		uint64_t pages;
	} maps[MAPS];
	uint64_t pins;
	uint64_t pinned;
	uint64_t charged;
} plans[] = {
	{ "the same", { { READ_ONLY, 0, 8 }, { READ_WRITE, 0, 8 } }, 2, 16, 8 },
	{ "write-only", { { READ_ONLY, 0, 8 }, { IOASID_MAP_WRITE, 0, 8 } }, 2, 16, 8 },
	{ "a part", { { READ_ONLY, 0, 8 }, { READ_WRITE, 2, 3 } }, 2, 11, 8 },
	{ "the first", { { READ_ONLY, 0, 8 }, { READ_WRITE, 0, 1 } }, 2, 9, 8 },
	{ "the last", { { READ_ONLY, 0, 8 }, { READ_WRITE, 7, 1 } }, 2, 9, 8 },
	{ "beyond", { { READ_ONLY, 2, 3 }, { READ_WRITE, 0, 8 } }, 4, 11, 8 },
	{ "beyond the end", { { READ_ONLY, 0, 5 }, { READ_WRITE, 3, 5 } }, 3, 10, 8 },
	{ "before the start", { { READ_ONLY, 3, 5 }, { READ_WRITE, 0, 5 } }, 3, 10, 8 },
	{ "two readers",
	  { { READ_ONLY, 1, 2 }, { READ_ONLY, 5, 2 }, { READ_WRITE, 0, 8 } },
	  7,
	  12,
	  8 },
	{ "two writers",
	  { { READ_ONLY, 0, 8 }, { READ_WRITE, 1, 2 }, { READ_WRITE, 5, 2 } },
	  3,
	  12,
	  8 },
	{ "a writer beyond a writer",
	  { { READ_ONLY, 0, 8 }, { READ_WRITE, 2, 2 }, { READ_WRITE, 0, 8 } },
	  4,
	  16,
	  8 },
	{ "the other way round", { { READ_WRITE, 2, 3 }, { READ_ONLY, 0, 8 } }, 3, 8, 8 },
	{ "a reader of a writer",
	  { { READ_ONLY, 0, 8 }, { READ_WRITE, 0, 8 }, { READ_ONLY, 0, 8 } },
	  2,
	  16,
	  8 },
	{ "a reader of both",
	  { { READ_ONLY, 0, 4 }, { READ_WRITE, 2, 4 }, { READ_ONLY, 0, 8 } },
	  4,
	  10,
	  8 },
	{ "all kinds",
	  { { READ_WRITE, 4, 2 }, { READ_ONLY, 2, 6 }, { READ_WRITE, 0, 8 }, { READ_ONLY, 0, 8 } },
	  6,
	  12,
	  8 },
};

static unsigned int maps_of(const struct plan *plan)
{
	unsigned int n = 0;

	while (n < MAPS && plan->maps[n].pages)
		n++;
	return n;
}

static void map_all(const struct plan *plan)
{
	unsigned int n;

	for (n = 0; n < maps_of(plan); n++)
		want(map_part(n, plan->maps[n].access, plan->maps[n].first, plan->maps[n].pages),
		     0);
	want_held(plan->pins, plan->pinned * PAGE, plan->charged * PAGE);
}

static uint64_t pages_in(const struct plan *plan, unsigned int left)
{
	uint64_t seen = 0;
	unsigned int n;

	for (n = 0; n < maps_of(plan); n++)
		if (left & 1u << n)
			seen |= ((1ULL << plan->maps[n].pages) - 1) << plan->maps[n].first;
	return __builtin_popcountll(seen);
}

/* What is mapped has the process's pages; writers write them. */
static void want_seen(const struct plan *plan, unsigned int left)
{
	uint64_t start, length;
	unsigned int n;
	char word[8];

	fill(memory, SIZE, BY_PROCESS);
	for (n = 0; n < maps_of(plan); n++) {
		start = plan->maps[n].first * PAGE;
		length = plan->maps[n].pages * PAGE;
		if (!(left & 1u << n))
			continue;
		if (plan->maps[n].access & IOASID_MAP_READ)
			want_iova_filled(fd, ioas, AT + n * MIB, length, BY_PROCESS, start);
		if (!(plan->maps[n].access & IOASID_MAP_WRITE))
			continue;
		memcpy(word, memory + start, 8);
		want(access_write(fd, ioas, AT + n * MIB, "written", 8, NULL), 0);
		want(strcmp(memory + start, "written"), 0);
		memcpy(memory + start, word, 8);
	}
}

/* Never less than is mapped, and never more than was. */
static void want_charged_for(const struct plan *plan, unsigned int left)
{
	struct ioasid_query now = query_process(fd);

	want_that(now.charged >= pages_in(plan, left) * PAGE);
	want_that(now.charged <= plan->charged * PAGE);
	want_that(now.pinned <= plan->pinned * PAGE);
	want(vm_pin(), now.charged);
	want(audit().charged, now.charged);
}

/* In this order: a number of so many digits, each choosing one of those that are left. */
static void run_order(const struct plan *plan, unsigned int order)
{
	unsigned int maps = maps_of(plan), left = (1u << maps) - 1, gone, at;

	context("%s, order %u", plan->name, order);
	map_all(plan);
	want_seen(plan, left);
	for (gone = 0; gone < maps; gone++) {
		unsigned int skip = order % (maps - gone);

		order /= maps - gone;
		for (at = 0; !(left & 1u << at) || skip; at++)
			skip -= left >> at & 1;
		want(unmap(fd, ioas, AT + at * MIB, plan->maps[at].pages * PAGE, NULL), 0);
		left &= ~(1u << at);
		want_charged_for(plan, left);
		want_seen(plan, left);
	}
	want_held(0, 0, 0);
}

static void run_plan(const struct plan *plan)
{
	unsigned int orders = 1, n;

	for (n = 2; n <= maps_of(plan); n++)
		orders *= n;
	for (n = 0; n < orders; n++)
		run_order(plan, n);
}

ParameterizedTestParameters(upgrade, is_charged_once)
{
	static size_t index[ARRAY_SIZE(plans)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(index); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, ARRAY_SIZE(index));
}

static void run_with_files(const struct plan *plan)
{
	int memory_fd;

	memory = memfd(SIZE, &memory_fd);
	run_plan(plan);
	close(memory_fd);
}

/* Each row is a test of its own, in a process of its own: it is named by its index. */
ParameterizedTest(size_t *row, upgrade, is_charged_once)
{
	const struct plan *plan = &plans[*row];

	open_one();
	run_plan(plan);
	run_with_files(plan);
	close_one();
}

/* The limit is exactly what is charged: never for a moment more. */
static void run_at_the_limit(void *arg)
{
	const struct plan *plan = arg;
	unsigned int maps = maps_of(plan);
	struct ioasid_query now;

	become_user(USER_A, plan->charged * PAGE);
	for (unsigned int n = 0; n < maps; n++)
		want(map_part(n, plan->maps[n].access, plan->maps[n].first, plan->maps[n].pages),
		     0);
	now = query_process(fd);
	want(now.charged, plan->charged * PAGE);
	want(now.limit, plan->charged * PAGE);
	want(user_locked(USER_A), plan->charged * PAGE);
	want(unmap_all(fd, ioas, NULL), 0);
	want(user_locked(USER_A), 0);
}

UPGRADE_TEST(fits_a_limit_of_exactly_the_memory)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(plans); i++) {
		context("%s at the limit", plans[i].name);
		in_child(run_at_the_limit, (void *)&plans[i]);
	}
}

/* One page more, in another pin than the pages that cost nothing, and all of it is refused. */
static void one_page_too_many(void *arg)
{
	struct ioasid_error error = ERROR_INIT;
	struct ioasid_map map = {
		.flags = READ_WRITE,
		.ioas_id = ioas,
		.va = ADDRESS(memory),
		.length = SIZE,
		.error = ADDRESS(&error),
	};

	(void)arg;
	become_user(USER_A, SIZE - PAGE);
	want(map_part(0, READ_ONLY, 0, PAGES - 1), 0);
	want(map_call(fd, &map), -ENOMEM);
	want(error.stage, IOASID_STAGE_CHARGE);
	want(error.asked, PAGE);
	want(error.used, SIZE - PAGE);
	want(error.limit, SIZE - PAGE);
	want_pinned(fd, 1, SIZE - PAGE);
	want(query_file(fd).mapped, SIZE - PAGE);
	want(unmap_all(fd, ioas, NULL), 0);
}

UPGRADE_TEST(does_not_lift_the_limit)
{
	in_child(one_page_too_many, NULL);
}

/* Other pages than the reader's are charged: all, or as many as there are. */
static void want_charged_anew(uint64_t first, uint64_t pages)
{
	want(map_part(0, READ_ONLY, 0, PAGES), 0);
	want(madvise(memory + first * PAGE, pages * PAGE, MADV_DONTNEED), 0);
	want(map_part(1, READ_WRITE, 0, PAGES), 0);
	want_held(2, 2 * SIZE, SIZE + pages * PAGE);
	fill(memory, SIZE, BY_PROCESS);
	want_iova_filled(fd, ioas, AT + MIB, SIZE, BY_PROCESS, 0);
	/* The reader that comes now sees what the writer has. */
	want(map_part(2, READ_ONLY, 0, PAGES), 0);
	want_held(2, 2 * SIZE, SIZE + pages * PAGE);
	want_iova_filled(fd, ioas, AT + 2 * MIB, SIZE, BY_PROCESS, 0);
	want(unmap_all(fd, ioas, NULL), 0);
	want_held(0, 0, 0);
}

UPGRADE_TEST(of_other_pages_is_charged_for_these)
{
	want_charged_anew(0, PAGES);
}

/* Whether it was seen before that the reader's pin is stale in part, or was not. */
static void want_only_these_charged(uint64_t first, uint64_t pages, bool seen)
{
	want(map_part(0, READ_ONLY, 0, PAGES), 0);
	want(madvise(memory + first * PAGE, pages * PAGE, MADV_DONTNEED), 0);
	while (seen && !query_process(fd).stale)
		usleep(1000);
	want(map_part(1, READ_WRITE, 0, PAGES), 0);
	want_held(2, 2 * SIZE, SIZE + pages * PAGE);
	want(unmap_all(fd, ioas, NULL), 0);
	want_held(0, 0, 0);
}

UPGRADE_TEST(of_some_other_pages_is_charged_for_these)
{
	want_only_these_charged(0, 1, false);
	want_only_these_charged(PAGES - 1, 1, false);
	want_only_these_charged(2, 3, false);
	want_only_these_charged(2, 3, true);
}

static void other_pages_at_the_limit(void *arg)
{
	(void)arg;
	become_user(USER_A, SIZE);
	want(map_part(0, READ_ONLY, 0, PAGES), 0);
	want(madvise(memory + PAGE, PAGE, MADV_DONTNEED), 0);
	want(map_part(1, READ_WRITE, 0, PAGES), -ENOMEM);
	want_own(1, SIZE, SIZE);
	want(unmap_all(fd, ioas, NULL), 0);
}

UPGRADE_TEST(of_other_pages_is_held_against_the_limit)
{
	in_child(other_pages_at_the_limit, NULL);
}

/* Where writing is not allowed nothing happens to what is there for reading. */
UPGRADE_TEST(of_memory_that_cannot_be_written_changes_nothing)
{
	struct counts before;

	fill(memory, SIZE, BY_PROCESS);
	want(mprotect(memory, SIZE, PROT_READ), 0);
	want(map_part(0, READ_ONLY, 0, PAGES), 0);
	before = counts(fd);
	want(map_part(1, READ_WRITE, 0, PAGES), -EFAULT);
	want_unchanged(fd, &before);
	want_iova_filled(fd, ioas, AT, SIZE, BY_PROCESS, 0);
	want(mprotect(memory, SIZE, PROT_READ | PROT_WRITE), 0);
	want(map_part(1, READ_WRITE, 0, PAGES), 0);
	want_held(2, 2 * SIZE, SIZE);
}

/* Ids: each can be given back when nothing is mapped of it, whatever else leans on it. */
UPGRADE_TEST(of_ids_goes_in_both_orders)
{
	struct ioasid_pin reader, writer;
	int order;

	for (order = 0; order < 2; order++) {
		context("%s first", order ? "writer" : "reader");
		want(pin_call(fd, memory, SIZE, 0, &reader), 0);
		want(pin_call(fd, memory, SIZE, IOASID_PIN_WRITE, &writer), 0);
		want_held(2, 2 * SIZE, SIZE);
		want(map_pin_at(fd, ioas, reader.out_id, 0, SIZE, READ_WRITE, AT), -EACCES);
		want(map_pin_at(fd, ioas, writer.out_id, 0, SIZE, READ_WRITE, AT), 0);
		want(unpin(fd, writer.out_id, 0), -EBUSY);
		want(unmap(fd, ioas, AT, SIZE, NULL), 0);
		want(unpin(fd, order ? writer.out_id : reader.out_id, 0), 0);
		want(query_process(fd).charged, SIZE);
		want(unpin(fd, order ? reader.out_id : writer.out_id, 0), 0);
		want_held(0, 0, 0);
	}
}

UPGRADE_TEST(goes_with_the_file)
{
	want(map_part(0, READ_ONLY, 2, 4), 0);
	make_pin(fd, memory, SIZE);
	want_held(4, SIZE + 4 * PAGE, SIZE);
	want(close(fd), 0);
	want_nothing_left();
	fd = device_open();
}

/* The reader's file goes, the writer's stays: the pages stay charged, once. */
UPGRADE_TEST(outlives_the_readers_file)
{
	int other = device_open();
	uint32_t other_ioas = make_ioas(other);

	want(map_at(other, other_ioas, memory, SIZE, READ_ONLY, AT), 0);
	want(map_part(0, READ_WRITE, 0, PAGES), 0);
	want_held(2, 2 * SIZE, SIZE);
	want(close(other), 0);
	want(query_process(fd).charged, SIZE);
	want(vm_pin(), SIZE);
	fill(memory, SIZE, BY_PROCESS);
	want_iova_filled(fd, ioas, AT, SIZE, BY_PROCESS, 0);
	want(unmap_all(fd, ioas, NULL), 0);
	want_held(0, 0, 0);
}

static void maps_both(void *arg)
{
	(void)arg;
	become_user(USER_A, SIZE);
	want(map_part(0, READ_ONLY, 0, PAGES), 0);
	want(map_part(1, READ_WRITE, 0, PAGES), 0);
}

UPGRADE_TEST(outlives_its_process)
{
	in_child(maps_both, NULL);
	want(audit().charged, SIZE);
	want(user_locked(USER_A), SIZE);
	want(unmap(fd, ioas, AT, SIZE, NULL), 0);
	want(user_locked(USER_A), SIZE);
	want(unmap(fd, ioas, AT + MIB, SIZE, NULL), 0);
	want(user_locked(USER_A), 0);
}

UPGRADE_TEST(of_huge_pages_is_charged_once)
{
	memory = thp(HUGE_2M);
	want(map_at(fd, ioas, memory, HUGE_2M, READ_ONLY, AT), 0);
	want(map_at(fd, ioas, memory + PAGE, HUGE_2M - PAGE, READ_WRITE, AT + GIB), 0);
	want_held(2, 2 * HUGE_2M - PAGE, HUGE_2M);
	want(query_process(fd).runs, 2);
	want(unmap(fd, ioas, AT, HUGE_2M, NULL), 0);
	want(query_process(fd).charged, HUGE_2M);
}

/* Pages that the process shares with its child become its own with the reader's pin already. */
static struct gate has_seen;

static void child_that_waits(void *arg)
{
	(void)arg;
	close(has_seen.fds[1]); /* if the parent fails, this ends too */
	gate_wait(&has_seen);
}

UPGRADE_TEST(beside_a_child_is_charged_once)
{
	pid_t child;

	has_seen = gate_make();
	fill(memory, SIZE, BY_PROCESS);
	child = child_start(child_that_waits, NULL);
	want(map_part(0, READ_ONLY, 0, PAGES), 0);
	want(map_part(1, READ_WRITE, 0, PAGES), 0);
	want_held(2, 2 * SIZE, SIZE);
	gate_open(&has_seen);
	child_end(child);
}

/* At the same moment, at the limit: a reader and a writer, of which nobody knows who is first. */
struct racer {
	uint64_t n;
	uint32_t access;
	uint64_t first;
	uint64_t pages;
};

static void race(void *arg)
{
	struct racer *racer = arg;

	want(map_part(racer->n, racer->access, racer->first, racer->pages), 0);
}

static void race_at_the_limit(void *arg)
{
	struct racer racers[] = {
		{ 0, READ_ONLY, 0, 8 },
		{ 1, READ_WRITE, 0, 8 },
		{ 2, READ_ONLY, 2, 6 },
		{ 3, READ_WRITE, 1, 4 },
	};
	uint64_t i, count = runs(200, 20);

	(void)arg;
	become_user(USER_A, SIZE);
	for (i = 0; i < count; i++) {
		context("race %llu", (unsigned long long)i);
		in_threads(ARRAY_SIZE(racers), race, racers, sizeof(racers[0]));
		want(query_process(fd).charged, SIZE);
		want(query_process(fd).mapped, 26 * PAGE);
		want(unmap_all(fd, ioas, NULL), 0);
		want(query_process(fd).charged, 0);
	}
}

UPGRADE_TEST(in_a_race_is_charged_once)
{
	in_child(race_at_the_limit, NULL);
}
