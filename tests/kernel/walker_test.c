// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walkers: hardware that walks a table, through tests/module/ioasid-emu. It is told to flush what
 * goes, while all of it is still there.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "emu.h"
#include "format.h"
#include "memory.h"
#include "random.h"

#define AT (4 * GIB)

static int fd, emu;
static uint32_t ioas, table;

static int walk_open(int of, uint32_t id, int *walker)
{
	struct emu_walk args = { .fd = of, .table_id = id };

	*walker = emu_device_open();
	return emu_walk(*walker, EMU_WALK_OPEN, &args);
}

static void set_mode(uint32_t mode)
{
	struct emu_walk args = { .mode = mode };

	want(emu_walk(emu, EMU_WALK_MODE, &args), 0);
}

static void cache(uint64_t iova)
{
	struct emu_walk args = { .iova = iova };

	want(emu_walk(emu, EMU_WALK_CACHE, &args), 0);
}

/* What it was told since it was asked last. */
static struct emu_walk told(void)
{
	struct emu_walk args = {};

	want(emu_walk(emu, EMU_WALK_FLUSHES, &args), 0);
	want(args.early, 0);
	return args;
}

static void want_flush(uint64_t iova, uint64_t length)
{
	struct emu_walk args = told();

	want(args.flushes, 1);
	want(args.ranges[0][0], iova);
	want(args.ranges[0][1], iova + length - 1);
}

static void open_all(void)
{
	emu_load();
	fd = device_open();
	ioas = make_ioas(fd);
	table = make_tracked_table(fd, ioas);
	want(walk_open(fd, table, &emu), 0);
}

static void close_all(void)
{
	want(close(emu), 0);
	want(close(fd), 0);
	want_nothing_left();
}

#define WALKER_TEST(name) TEST_BETWEEN(open_all, close_all, walker, name)

WALKER_TEST(is_told_what_table_it_is)
{
	struct ioasid_table_alloc rows[] = {
		{ .format = IOASID_FORMAT_X86_64, .levels = 5, .address_bits = 50 },
		{ .format = IOASID_FORMAT_AMD_V1, .levels = 6, .address_bits = 64 },
		{ .format = IOASID_FORMAT_ARM_S2,
		  .levels = 3,
		  .address_bits = 42,
		  .flags = IOASID_TABLE_ALLOC_COHERENT },
		{ .format = IOASID_FORMAT_RISCV,
		  .levels = 3,
		  .address_bits = 38,
		  .flags = IOASID_TABLE_ALLOC_TRACK },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct emu_walk args = { .fd = fd };
		int walker = emu_device_open();

		rows[i].ioas_id = ioas;
		want(table_alloc(fd, &rows[i]), 0);
		args.table_id = rows[i].out_id;
		want(emu_walk(walker, EMU_WALK_OPEN, &args), 0);
		want(args.format, rows[i].format);
		want(args.levels, rows[i].levels);
		want(args.address_bits, rows[i].address_bits);
		want(args.flags, rows[i].flags);
		want(close(walker), 0);
	}
}

WALKER_TEST(flushes_exactly_what_is_unmapped)
{
	char *memory = anon(16 * PAGE), *huge = thp(HUGE_2M);

	want(map_at(fd, ioas, memory, 16 * PAGE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, huge, HUGE_2M, READ_WRITE, AT + HUGE_2M), 0);
	want(told().flushes, 0);

	cache(AT + 3 * PAGE);
	want(unmap(fd, ioas, AT + 3 * PAGE, 2 * PAGE, NULL), 0);
	want_flush(AT + 3 * PAGE, 2 * PAGE);
	/* Cut out of a large entry. */
	want(unmap(fd, ioas, AT + HUGE_2M + 7 * PAGE, PAGE, NULL), 0);
	want_flush(AT + HUGE_2M + 7 * PAGE, PAGE);
	/* Where nothing is mapped nothing is flushed, and what reaches over it is not more. */
	want(unmap(fd, ioas, AT + 3 * PAGE, 2 * PAGE, NULL), 0);
	want(unmap(fd, ioas, AT + HUGE_2M + 7 * PAGE, PAGE, NULL), 0);
	want(told().flushes, 0);
	cache(AT + 15 * PAGE);
	want(unmap(fd, ioas, AT + 8 * PAGE, GIB / 2, NULL), 0);
	want_flush(AT + 8 * PAGE, 2 * HUGE_2M - 8 * PAGE);
	/* The last one: its table pages go too. */
	cache(AT);
	want(unmap_all(fd, ioas, NULL), 0);
	want_flush(AT, 8 * PAGE);
	want(query_ioas(fd, ioas).table_memory, PAGE);
	/* A large entry as a whole. */
	want(map_at(fd, ioas, huge, HUGE_2M, READ_WRITE, AT + HUGE_2M), 0);
	cache(AT + HUGE_2M);
	want(unmap_all(fd, ioas, NULL), 0);
	want_flush(AT + HUGE_2M, HUGE_2M);
}

WALKER_TEST(flushes_what_became_clean)
{
	char *memory = anon(16 * PAGE);
	uint64_t bits[64] = {};

	want(map_at(fd, ioas, memory, 16 * PAGE, READ_WRITE, AT), 0);
	want(access_write(fd, ioas, AT + PAGE, "device", 6, NULL), 0);
	want(told().flushes, 0);
	want(dirty_read(fd, table, IOASID_DIRTY_KEEP, AT, 16 * PAGE, PAGE, bits, NULL), 0);
	want(told().flushes, 0);
	want(dirty_read(fd, table, 0, AT + PAGE, 2 * PAGE, PAGE, bits, NULL), 0);
	want_flush(AT + PAGE, 2 * PAGE);
	want(dirty_switch(fd, table, IOASID_DIRTY_STOP), 0);
	want(told().flushes, 0);
	want(dirty_switch(fd, table, IOASID_DIRTY_START), 0);
	want_flush(0, 1ULL << 47);
}

WALKER_TEST(of_one_table_is_told_of_that_table)
{
	uint32_t other = make_tracked_table(fd, ioas), elsewhere = make_ioas(fd);
	struct emu_walk args = {};
	char *memory = anon(4 * PAGE);
	uint64_t bits[1] = {};
	int second;

	want(walk_open(fd, other, &second), 0);
	make_table(fd, elsewhere);
	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT), 0);
	want(map_at(fd, elsewhere, memory, 4 * PAGE, READ_WRITE, AT), 0);
	want(dirty_read(fd, other, 0, AT, PAGE, PAGE, bits, NULL), 0);
	want(unmap(fd, elsewhere, AT, PAGE, NULL), 0);
	want(told().flushes, 0);
	want(unmap(fd, ioas, AT, PAGE, NULL), 0);
	want_flush(AT, PAGE);
	want(emu_walk(second, EMU_WALK_FLUSHES, &args), 0);
	want(args.flushes, 2);
	/* Who has closed is not told any more. */
	want(emu_walk(emu, EMU_WALK_CLOSE, &args), 0);
	want(unmap_all(fd, ioas, NULL), 0);
	want(emu_walk(second, EMU_WALK_FLUSHES, &args), 0);
	want(args.flushes, 1);
	want(close(second), 0);
}

static void *unmap_in_thread(void *arg)
{
	uint64_t *unmapped = arg;

	want(unmap(fd, ioas, AT, 4 * PAGE, unmapped), 0);
	return NULL;
}

/* As long as it has not flushed: no entry any more, but all pages. */
WALKER_TEST(that_takes_its_time_has_all_pages)
{
	struct ioasid_translate entry;
	char *memory = anon(4 * PAGE);
	int64_t pinned = system_pinned();
	uint64_t unmapped = 0;
	pthread_t thread;
	int i;

	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT), 0);
	cache(AT + PAGE);
	set_mode(EMU_KEEP);
	want(pthread_create(&thread, NULL, unmap_in_thread, &unmapped), 0);
	while (!told().waiting)
		usleep(1000);
	for (i = 0; i < 20; i++) {
		want(unmapped, 0);
		want(translate(fd, table, AT + PAGE, 0, &entry), -ENOENT);
		want(query_process(fd).pinned, 4 * PAGE);
		want(vm_pin(), 4 * PAGE);
		want(system_pinned() - pinned, 4);
		want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT), -EEXIST);
		usleep(1000);
	}
	set_mode(EMU_RELEASE);
	want(pthread_join(thread, NULL), 0);
	want(unmapped, 4 * PAGE);
	want(told().waiting, 0);
	want(query_process(fd).pinned, 0);
	want(system_pinned(), pinned);
}

WALKER_TEST(keeps_its_table_from_being_destroyed)
{
	struct ioasid_error error = ERROR_INIT;
	struct ioasid_destroy arg = { .size = sizeof(arg), .id = table, .error = ADDRESS(&error) };
	struct emu_walk args = {};
	struct counts before;

	want(map_at(fd, ioas, anon(PAGE), PAGE, READ_WRITE, AT), 0);
	before = counts(fd);
	want(call(fd, IOASID_DESTROY, &arg), -EBUSY);
	want(error.stage, IOASID_STAGE_USE);
	want(error.code, EBUSY);
	want(destroy(fd, ioas), -EBUSY);
	want_unchanged(fd, &before);
	want(unmap(fd, ioas, AT, PAGE, NULL), 0);
	want_flush(AT, PAGE);
	want(emu_walk(emu, EMU_WALK_CLOSE, &args), 0);
	want(destroy(fd, table), 0);
	want(destroy(fd, ioas), 0);
}

WALKER_TEST(keeps_the_table_of_a_closed_file)
{
	int other = device_open(), mine = emu;
	char *memory = anon(4 * PAGE);
	uint32_t id = make_ioas(other), walked = make_table(other, id);
	int64_t pinned = system_pinned();

	want(map_at(other, id, memory, 4 * PAGE, READ_WRITE, AT), 0);
	want(walk_open(other, walked, &emu), 0);
	want(close(other), 0);
	/* What it can reach is there, and pinned. */
	want(query_process(fd).pinned, 4 * PAGE);
	want(audit().mapped, 4 * PAGE);
	want(told().flushes, 0);
	cache(AT + 3 * PAGE);
	want(system_pinned() - pinned, 4);
	want(close(emu), 0);
	want(query_process(fd).pinned, 0);
	want(audit().mapped, 0);
	want(system_pinned(), pinned);
	emu = mine;
}

WALKER_TEST(is_refused_what_is_not_there)
{
	int walker;

	want(walk_open(fd, ioas, &walker), -ENOENT);
	close(walker);
	want(walk_open(fd, table + 1, &walker), -ENOENT);
	close(walker);
	want(walk_open(fd, 0, &walker), -ENOENT);
	close(walker);
	want(walk_open(emu, table, &walker), -EBADF);
	close(walker);
	want(walk_open(-1, table, &walker), -EBADF);
	close(walker);
}

/* Not removed while somebody walks: neither the module nor what walks. */
WALKER_TEST(keeps_the_module)
{
	want(syscall(SYS_delete_module, "ioasid_emu", O_NONBLOCK), -1);
	want(errno, EWOULDBLOCK);
	want(close(fd), 0);
	want(syscall(SYS_delete_module, "ioasid", O_NONBLOCK), -1);
	want(errno, EWOULDBLOCK);
	fd = device_open();
}

/* Opening and closing while others map and unmap: whoever opened knows of every unmap after it. */
static uint64_t rounds;
static char *racing;

static void map_and_unmap(uint64_t at)
{
	uint64_t i, unmapped;

	for (i = 0; i < rounds; i++) {
		want(map_at(fd, ioas, racing, 4 * PAGE, READ_WRITE, at), 0);
		want(unmap(fd, ioas, at, 4 * PAGE, &unmapped), 0);
		want(unmapped, 4 * PAGE);
	}
}

static void open_and_close(void)
{
	uint64_t i;
	int walker;

	for (i = 0; i < rounds / 4; i++) {
		want(walk_open(fd, table, &walker), 0);
		want(destroy(fd, table), -EBUSY);
		want(close(walker), 0);
	}
}

static void one_side(void *arg)
{
	int side = *(int *)arg;

	if (side)
		map_and_unmap(AT + side * 4 * PAGE);
	else
		open_and_close();
}

WALKER_TEST(opens_and_closes_while_others_unmap)
{
	int sides[] = { 0, 1, 2, 3 };

	rounds = runs(2000, 100);
	racing = anon(4 * PAGE);
	in_threads(4, one_side, sides, sizeof(*sides));
	/* Each unmap, and a map that made a table anew in the place of one that just died. */
	want_that(told().flushes >= 3 * rounds && told().flushes <= 6 * rounds);
	want(query_process(fd).pinned, 0);
	want(query_ioas(fd, ioas).table_memory, PAGE);
}
