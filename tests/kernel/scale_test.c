// SPDX-License-Identifier: GPL-2.0-only
/*
 * A million mappings in one address space, a hundred thousand pins in one process: all of it can be
 * found, listed, copied, audited and taken away.
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

#define AT GIB
#define BATCH 1024

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

#define SCALE_TEST(name) TEST_BETWEEN(open_one, close_one, scale, name)

/* Single pages at every other page of IOVA: page number i of the memory, modulo its pages. */
static void map_pages(char *memory, uint64_t pages, uint64_t count)
{
	static struct ioasid_batch_entry entries[BATCH];
	struct ioasid_map_batch batch = {
		.size = sizeof(batch),
		.ioas_id = ioas,
		.entries = ADDRESS(entries),
	};
	uint64_t done, i;

	for (done = 0; done < count; done += batch.count) {
		batch.count = count - done < BATCH ? count - done : BATCH;
		for (i = 0; i < batch.count; i++)
			entries[i] = (struct ioasid_batch_entry){
				.op = IOASID_BATCH_MAP,
				.flags = READ_ONLY | IOASID_MAP_FIXED,
				.va = ADDRESS(memory) + (done + i) % pages * 2 * PAGE,
				.length = PAGE,
				.iova = AT + (done + i) * 2 * PAGE,
			};
		want(call(fd, IOASID_MAP_BATCH, &batch), 0);
		want(batch.out_done, batch.count);
		want(batch.out_failed, 0);
	}
}

/* The list has exactly these, in parts of an odd size. */
static void want_listed(uint64_t count)
{
	static struct ioasid_query_entry entries[7001];
	struct ioasid_query query = {
		.size = sizeof(query),
		.id = ioas,
		.entries = ADDRESS(entries),
		.capacity = ARRAY_SIZE(entries),
	};
	uint64_t n = 0, i;

	while (query.cursor != ~0ULL) {
		want(call(fd, IOASID_QUERY, &query), 0);
		for (i = 0; i < query.count; i++, n++)
			want(entries[i].start, AT + n * 2 * PAGE);
	}
	want(n, count);
}

SCALE_TEST(a_million_mappings)
{
	const uint64_t count = runs(1000000, 20000);
	char *memory = anon(2 * PAGE), byte = 0;
	struct ioasid_audit now;
	uint64_t unmapped;

	memory[0] = 17;
	map_pages(memory, 1, count);
	want(query_ioas(fd, ioas).mappings, count);
	want_pinned(fd, 1, PAGE);
	want(query_process(fd).shared, (count - 1) * PAGE);
	want(access_read(fd, ioas, AT + (count - 1) * 2 * PAGE, &byte, 1, NULL), 0);
	want(byte, 17);
	want_listed(count);
	now = audit();
	want(now.mappings, count);
	want(now.errors, 0);
	/* The one hole that is large enough for a page is behind a mapping each. */
	want(map_at(fd, ioas, memory, PAGE, READ_ONLY, AT + count * PAGE), -EEXIST);
	want(map_at(fd, ioas, memory, PAGE, READ_ONLY, AT + count * PAGE + PAGE), 0);
	want(unmap(fd, ioas, AT, count * 2 * PAGE, &unmapped), 0);
	want(unmapped, (count + 1) * PAGE);
}

SCALE_TEST(a_hundred_thousand_pins)
{
	const uint64_t count = runs(100000, 5000);
	char *memory = anon_lazy(count * 2 * PAGE);
	uint64_t unmapped;

	map_pages(memory, count, count);
	want_pinned(fd, count, count * PAGE);
	want_listed(count);
	/* All of it once more: every page is there already, or between two that are. */
	want(map_at(fd, ioas, memory, count * 2 * PAGE, READ_ONLY, AT + count * 2 * PAGE), 0);
	want_pinned(fd, 2 * count, 2 * count * PAGE);
	want(unmap(fd, ioas, AT, count * 2 * PAGE, &unmapped), 0);
	want(unmapped, count * PAGE);
	want_pinned(fd, 2 * count, 2 * count * PAGE);
	want(audit().pins, 2 * count);
	want(unmap_all(fd, ioas, &unmapped), 0);
	want(unmapped, 2 * count * PAGE);
}
