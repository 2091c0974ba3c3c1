// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients: kernel code that emulates a device, through tests/module/ioasid-emu.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "emu.h"
#include "memory.h"
#include "random.h"

#define AT 0x10000000ULL

static int fd, emu;
static uint32_t ioas;

static int emu_open(int of, uint32_t id, int *client)
{
	struct emu_args args = { .fd = of, .ioas_id = id };

	*client = emu_device_open();
	return emu_call(*client, EMU_ATTACH, &args);
}

static int on_range(unsigned long request, uint64_t iova, uint64_t length, uint32_t access)
{
	struct emu_args args = { .iova = iova, .length = length, .access = access };

	return emu_call(emu, request, &args);
}

static int hold(uint64_t iova, uint64_t length, uint32_t access)
{
	return on_range(EMU_HOLD, iova, length, access);
}

static int release(uint64_t iova, uint64_t length)
{
	return on_range(EMU_RELEASE_RANGE, iova, length, 0);
}

static int move(unsigned long request, uint64_t iova, void *buffer, uint64_t length)
{
	struct emu_args args = { .iova = iova, .length = length, .buffer = ADDRESS(buffer) };

	return emu_call(emu, request, &args);
}

static void set_mode(enum emu_mode mode)
{
	want(on_range(EMU_MODE, 0, 0, mode), 0);
}

static struct emu_args state(void)
{
	struct emu_args args = {};

	want(emu_call(emu, EMU_STATE, &args), 0);
	return args;
}

static uint64_t peek(uint32_t page, uint64_t offset)
{
	struct emu_args args = { .access = page, .length = offset };

	want(emu_call(emu, EMU_PEEK, &args), 0);
	return args.buffer;
}

static void poke(uint32_t page, uint64_t offset, uint64_t value)
{
	struct emu_args args = { .access = page, .length = offset, .buffer = value };

	want(emu_call(emu, EMU_POKE, &args), 0);
}

static void open_all(void)
{
	emu_load();
	fd = device_open();
	ioas = make_ioas(fd);
	want(emu_open(fd, ioas, &emu), 0);
}

static void close_all(void)
{
	want(close(emu), 0);
	want(close(fd), 0);
	want_nothing_left();
}

#define CLIENT_TEST(name) TEST_BETWEEN(open_all, close_all, client, name)

CLIENT_TEST(reads_and_writes_across_mappings)
{
	char *memory = anon(4 * PAGE), buffer[3 * PAGE];
	struct ioasid_translate entry;
	uint32_t table = make_table(fd, ioas);

	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, memory + PAGE, 2 * PAGE, READ_WRITE, AT + PAGE), 0);
	want(map_at(fd, ioas, memory + 3 * PAGE, PAGE, READ_ONLY, AT + 3 * PAGE), 0);

	fill(memory, 4 * PAGE, 7);
	want(move(EMU_READ, AT + 5, buffer, 2 * PAGE), 0);
	want_filled(buffer, 2 * PAGE, 7, 5);
	want(translate(fd, table, AT + PAGE, 0, &entry), 0);
	want(entry.out_access, READ_WRITE | IOASID_ENTRY_ACCESSED);

	memset(buffer, 0x33, sizeof(buffer));
	want(move(EMU_WRITE, AT + PAGE - 1, buffer, PAGE + 2), 0);
	want(memory[PAGE - 1], 0x33);
	want(memory[2 * PAGE], 0x33);
	want_filled(memory, PAGE - 1, 7, 0);
	want_filled(memory + 2 * PAGE + 1, PAGE - 1, 7, 2 * PAGE + 1);
	want(translate(fd, table, AT + PAGE, 0, &entry), 0);
	want(entry.out_access, READ_WRITE | IOASID_ENTRY_ACCESSED | IOASID_ENTRY_DIRTY);

	want(move(EMU_WRITE, AT + 2 * PAGE, buffer, PAGE + 1), -EACCES);
	want(move(EMU_READ, AT + 3 * PAGE, buffer, PAGE + 1), -ENOENT);
	want(move(EMU_READ, AT, buffer, 0), -EINVAL);
	want(move(EMU_READ, ~0ULL, buffer, 2), -EOVERFLOW);
	want(destroy(fd, table), 0);
}

CLIENT_TEST(uses_the_pages_that_it_holds)
{
	uint64_t *memory = anon(4 * PAGE);

	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, memory + 512, 2 * PAGE, READ_WRITE, AT + PAGE), 0);
	want(map_at(fd, ioas, memory + 3 * 512, PAGE, READ_ONLY, AT + 3 * PAGE), 0);
	want(hold(AT, 3 * PAGE, READ_WRITE), 0);
	memory[0] = 11;
	memory[2 * 512 + 1] = 12;
	want(peek(0, 0), 11);
	want(peek(2, 8), 12);
	poke(1, 16, 13);
	want(memory[512 + 2], 13);

	/* As often as wanted; each is released by itself, exactly. */
	want(hold(AT, 3 * PAGE, IOASID_MAP_READ), 0);
	want(hold(AT + PAGE, PAGE, IOASID_MAP_READ), 0);
	want(state().access, 3);
	want(release(AT, PAGE), -ENOENT);
	want(release(AT, 3 * PAGE), 0);
	want(release(AT, 3 * PAGE), 0);
	want(release(AT, 3 * PAGE), -ENOENT);
	want(release(AT + PAGE, PAGE), 0);

	want(hold(AT + 2 * PAGE, 2 * PAGE, READ_WRITE), -EACCES);
	want(hold(AT + 2 * PAGE, 2 * PAGE, IOASID_MAP_READ), 0);
	want(release(AT + 2 * PAGE, 2 * PAGE), 0);
	want(hold(AT + 3 * PAGE, 2 * PAGE, IOASID_MAP_READ), -ENOENT);
	want(hold(AT + 1, PAGE, IOASID_MAP_READ), -EINVAL);
	want(hold(AT, 0, IOASID_MAP_READ), -EINVAL);
	want(hold(-PAGE, 2 * PAGE, IOASID_MAP_READ), -EOVERFLOW);
	want(state().told, 0);
}

CLIENT_TEST(lets_go_when_it_is_told)
{
	char *memory = anon(8 * PAGE);
	struct emu_args now;
	uint64_t unmapped;

	want(map_at(fd, ioas, memory, 8 * PAGE, READ_WRITE, AT), 0);
	want(hold(AT + 2 * PAGE, 2 * PAGE, READ_WRITE), 0);

	/* What isn't held goes without a word, though it is the same mapping. */
	want(unmap(fd, ioas, AT, 2 * PAGE, &unmapped), 0);
	want(unmapped, 2 * PAGE);
	want(unmap(fd, ioas, AT + 4 * PAGE, 4 * PAGE, &unmapped), 0);
	want(unmapped, 4 * PAGE);
	want(state().told, 0);

	want(unmap(fd, ioas, AT + 3 * PAGE, 8 * PAGE, &unmapped), 0);
	want(unmapped, PAGE);
	now = state();
	want(now.told, 1);
	want(now.iova, AT + 3 * PAGE);
	want(now.length, PAGE);
	want(now.access, 0);

	want(hold(AT + 2 * PAGE, PAGE, READ_WRITE), 0);
	want(unmap_all(fd, ioas, &unmapped), 0);
	want(unmapped, PAGE);
	want(state().told, 2);
	want(query_process(fd).pinned, 0);
}

CLIENT_TEST(who_keeps_pages_stops_the_unmap)
{
	struct ioasid_error error = ERROR_INIT;
	struct ioasid_unmap args = {
		.size = sizeof(args),
		.ioas_id = ioas,
		.iova = AT,
		.length = 8 * PAGE,
		.error = ADDRESS(&error),
	};
	char *memory = anon(8 * PAGE);
	uint64_t unmapped;

	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, memory + 4 * PAGE, 4 * PAGE, READ_WRITE, AT + 4 * PAGE), 0);
	set_mode(EMU_KEEP);
	want(hold(AT + 5 * PAGE, PAGE, READ_WRITE), 0);
	want(call(fd, IOASID_UNMAP, &args), -EBUSY);
	want(args.out_unmapped, 4 * PAGE);
	want(error.stage, IOASID_STAGE_USE);
	want(error.code, EBUSY);
	want(state().told, 1);
	poke(0, 0, 1);
	want(memory[5 * PAGE], 1);
	want(query_ioas(fd, ioas).mapped, 4 * PAGE);
	want(destroy(fd, ioas), -EBUSY);

	want(release(AT + 5 * PAGE, PAGE), 0);
	want(unmap(fd, ioas, AT, 8 * PAGE, &unmapped), 0);
	want(unmapped, 4 * PAGE);
	want(destroy(fd, ioas), -EBUSY);
}

CLIENT_TEST(keeps_the_address_space_of_a_closed_file)
{
	int other = device_open(), mine = emu;
	char *memory = anon(2 * PAGE);
	uint32_t id = make_ioas(other);

	want(map_at(other, id, memory, 2 * PAGE, READ_WRITE, AT), 0);
	want(emu_open(other, id, &emu), 0);
	want(hold(AT, 2 * PAGE, READ_WRITE), 0);
	want(close(other), 0);
	want(query_process(fd).pinned, 2 * PAGE);
	poke(1, 0, 5);
	want(memory[PAGE], 5);
	want(move(EMU_READ, AT, (char[8]){}, 8), 0);
	want(close(emu), 0);
	want(query_process(fd).pinned, 0);
	emu = mine;
}

CLIENT_TEST(is_refused_what_is_not_there)
{
	int client;

	want(emu_open(fd, ioas + 1, &client), -ENOENT);
	close(client);
	want(emu_open(emu, ioas, &client), -EBADF);
	close(client);
	want(emu_open(-1, ioas, &client), -EBADF);
	close(client);
}

struct racer {
	uint64_t rounds;
	uint64_t held;
};

static void hold_and_release(void *arg)
{
	struct racer *racer = arg;
	uint64_t i;
	int ret;

	for (i = 0; i < racer->rounds; i++) {
		ret = hold(AT + PAGE, 2 * PAGE, READ_WRITE);
		if (ret == -ENOENT || ret == -EBUSY)
			continue;
		want(ret, 0);
		racer->held++;
		ret = release(AT + PAGE, 2 * PAGE);
		want_that(!ret || ret == -ENOENT);
	}
}

static char *racing;

static void map_and_unmap(void *arg)
{
	struct racer *racer = arg;
	uint64_t i, unmapped;

	for (i = 0; i < racer->rounds; i++) {
		want(map_at(fd, ioas, racing, 4 * PAGE, READ_WRITE, AT), 0);
		/* Somebody may hold it again after it was told. */
		while (unmap(fd, ioas, AT, 4 * PAGE, &unmapped) == -EBUSY)
			;
		want(query_ioas(fd, ioas).mapped, 0);
	}
}

static void one_side(void *arg)
{
	struct racer *racer = arg;

	if (racer->held) {
		racer->held = 0;
		hold_and_release(racer);
	} else {
		map_and_unmap(racer);
	}
}

CLIENT_TEST(holds_race_with_unmaps)
{
	struct racer racers[2] = { { .rounds = runs(2000, 100) },
				   { .rounds = runs(2000, 100), .held = 1 } };

	racing = anon(4 * PAGE);
	in_threads(2, one_side, racers, sizeof(*racers));
	want(state().access, 0);
	want(query_process(fd).pinned, 0);
}
