// SPDX-License-Identifier: GPL-2.0-only
/*
 * ACCESS: bytes through IOVAs, as a device would move them.
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
	want_nothing_left();
}

#define ACCESS_TEST(name) TEST_BETWEEN(open_one, close_one, access, name)

ACCESS_TEST(any_start_and_any_length)
{
	const uint64_t starts[] = { 0, 1, 7, 8, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE - 3 };
	const uint64_t lengths[] = { 1, 2, 7, 8, 9, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE };
	char *memory = anon(6 * PAGE), *buffer = malloc(3 * PAGE + 3), *expected = malloc(6 * PAGE);
	size_t i, j;

	want(map_at(fd, ioas, memory, 6 * PAGE, READ_WRITE, AT), 0);
	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		for (j = 0; j < ARRAY_SIZE(lengths); j++) {
			context("%llu bytes from %llu", (unsigned long long)lengths[j],
				(unsigned long long)starts[i]);
			fill(memory, 6 * PAGE, i * 16 + j);
			memset(buffer, 0x11, 3 * PAGE + 3);
			want(access_read(fd, ioas, AT + starts[i], buffer + 1, lengths[j], NULL),
			     0);
			want_filled(buffer + 1, lengths[j], i * 16 + j, starts[i]);
			want(buffer[0], 0x11);
			want(buffer[1 + lengths[j]], 0x11);

			memcpy(expected, memory, 6 * PAGE);
			memset(buffer, 0x22, 3 * PAGE + 3);
			memset(expected + starts[i], 0x22, lengths[j]);
			want(access_write(fd, ioas, AT + starts[i], buffer + 3, lengths[j], NULL),
			     0);
			want(memcmp(memory, expected, 6 * PAGE), 0);
		}
	}
}

/* Neighbours in the address space that are not neighbours in memory, and scattered pages. */
ACCESS_TEST(goes_over_mappings_and_runs)
{
	char *memory = anon(64 * PAGE), *buffer = malloc(64 * PAGE);
	int i;

	for (i = 0; i < 64; i++)
		want(map_at(fd, ioas, memory + (63 - i) * PAGE, PAGE, READ_WRITE, AT + i * PAGE),
		     0);
	for (i = 0; i < 64; i++)
		memset(memory + i * PAGE, i, PAGE);
	want(access_read(fd, ioas, AT + 100, buffer, 64 * PAGE - 200, NULL), 0);
	for (i = 0; i < 64; i++)
		want(buffer[i == 0 ? 0 : i * PAGE - 100], 63 - i);
	memset(buffer, 0x77, 64 * PAGE);
	want(access_write(fd, ioas, AT + 100, buffer, 64 * PAGE - 200, NULL), 0);
	want(memory[63 * PAGE + 99], 63);
	want(memory[63 * PAGE + 100], 0x77);
	want(memory[62 * PAGE], 0x77);
	want(memory[PAGE - 101], 0x77);
	want(memory[PAGE - 100], 0);
}

ACCESS_TEST(moves_megabytes_at_once)
{
	const uint64_t size = 2 * HUGE_2M;
	char *memory = thp(size), *buffer = anon(size);

	fill(memory, size, 1);
	want(map_at(fd, ioas, memory, size, READ_WRITE, AT), 0);
	want(access_read(fd, ioas, AT, buffer, size, NULL), 0);
	want_filled(buffer, size, 1, 0);
	fill(buffer, size, 2);
	want(access_write(fd, ioas, AT, buffer, size, NULL), 0);
	want_filled(memory, size, 2, 0);
}

/* All of the range is checked before any of it is moved. */
ACCESS_TEST(of_a_hole_is_enoent_and_moves_nothing)
{
	char *memory = anon(8 * PAGE), buffer[16] = "untouched";
	char *large = malloc(8 * PAGE);
	uint64_t done;

	fill(memory, 8 * PAGE, 1);
	memset(large, 0x33, 8 * PAGE);
	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, memory + 5 * PAGE, 3 * PAGE, READ_WRITE, AT + 5 * PAGE), 0);
	want(access_read(fd, ioas, AT + 4 * PAGE, buffer, 1, &done), -ENOENT);
	want(done, 0);
	want(access_read(fd, ioas, AT + 4 * PAGE - 1, buffer, 2, &done), -ENOENT);
	want(done, 0);
	want(access_read(fd, ioas, AT + 8 * PAGE - 1, buffer, 2, &done), -ENOENT);
	want(done, 0);
	want(access_read(fd, ioas, AT - 1, buffer, 2, &done), -ENOENT);
	want(strcmp(buffer, "untouched"), 0);
	want(access_write(fd, ioas, AT, large, 8 * PAGE, &done), -ENOENT);
	want(done, 0);
	want_filled(memory, 8 * PAGE, 1, 0);
}

ACCESS_TEST(without_the_right_is_eacces_and_moves_nothing)
{
	char *memory = anon(4 * PAGE), *large = malloc(4 * PAGE);
	uint64_t done;

	fill(memory, 4 * PAGE, 1);
	memset(large, 0x33, 4 * PAGE);
	want(map_at(fd, ioas, memory, 3 * PAGE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, memory + 3 * PAGE, PAGE, READ_ONLY, AT + 3 * PAGE), 0);
	want(access_write(fd, ioas, AT, large, 4 * PAGE, &done), -EACCES);
	want(done, 0);
	want(access_write(fd, ioas, AT + 3 * PAGE, large, 1, &done), -EACCES);
	want_filled(memory, 4 * PAGE, 1, 0);
	want_iova_filled(fd, ioas, AT, 4 * PAGE, 1, 0);
}

ACCESS_TEST(with_a_bad_buffer_is_efault)
{
	char *memory = anon(4 * PAGE), *buffer = reserve(4 * PAGE, PAGE);
	char *const bad[] = { NULL, (char *)0x800000000000, (char *)0xffff888000000000,
			      buffer + PAGE };
	uint64_t done;
	size_t i;

	fill(memory, 4 * PAGE, 1);
	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT), 0);
	want(mprotect(buffer, PAGE, PROT_READ | PROT_WRITE), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		context("buffer at %p", bad[i]);
		want(access_read(fd, ioas, AT, bad[i], 8, &done), -EFAULT);
		want(done, 0);
		want(access_write(fd, ioas, AT, bad[i], 8, &done), -EFAULT);
		want(done, 0);
	}
	want_filled(memory, 4 * PAGE, 1, 0);

	/* Bad half-way: what was moved is counted, and is there. */
	context("a buffer that ends after a page");
	want(access_read(fd, ioas, AT, buffer, 3 * PAGE, &done), -EFAULT);
	want_that(done <= PAGE);
	want_filled(buffer, done, 1, 0);
	memset(buffer, 0x44, PAGE);
	want(access_write(fd, ioas, AT, buffer, 3 * PAGE, &done), -EFAULT);
	want_that(done <= PAGE);
	for (i = 0; i < done; i++)
		want(memory[i], 0x44);
	want_filled(memory + PAGE, 3 * PAGE, 1, PAGE);

	context("a buffer that is read-only");
	want(mprotect(buffer, PAGE, PROT_READ), 0);
	want(access_read(fd, ioas, AT, buffer, 8, &done), -EFAULT);
	want(access_write(fd, ioas, AT, buffer, 8, &done), 0);
}

/* A device may be told to read into memory that is itself mapped, or is the very same. */
ACCESS_TEST(the_buffer_may_be_the_memory_itself)
{
	char *memory = anon(4 * PAGE);

	fill(memory, 4 * PAGE, 1);
	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT), 0);
	want(access_read(fd, ioas, AT, memory, 4 * PAGE, NULL), 0);
	want_filled(memory, 4 * PAGE, 1, 0);
	want(access_write(fd, ioas, AT, memory + 2 * PAGE, PAGE, NULL), 0);
	want_filled(memory, PAGE, 1, 2 * PAGE);
}

/*
 * Random mappings of random memory, and random reads and writes through them, against an array of
 * bytes: what the pages have to hold, and where each page of the address space leads.
 */
#define MODEL_PAGES 48
#define MODEL_SPACE 96

static struct {
	char *memory;
	char *bytes;
	int leads_to[MODEL_SPACE]; /* a page of memory, or -1 */
	uint32_t rights[MODEL_SPACE];
	struct rng rng;
} model;

static void model_map(void)
{
	unsigned int pages = 1 + rng_below(&model.rng, 8), i;
	unsigned int from = rng_below(&model.rng, MODEL_PAGES - pages + 1);
	unsigned int to = rng_below(&model.rng, MODEL_SPACE - pages + 1);
	uint32_t rights = 1 + rng_below(&model.rng, 3);
	int expected = 0;

	for (i = 0; i < pages; i++)
		if (model.leads_to[to + i] >= 0)
			expected = -EEXIST;
	want(map_at(fd, ioas, model.memory + from * PAGE, pages * PAGE, rights, AT + to * PAGE),
	     expected);
	for (i = 0; !expected && i < pages; i++) {
		model.leads_to[to + i] = from + i;
		model.rights[to + i] = rights;
	}
}

static void model_unmap(void)
{
	unsigned int pages = 1 + rng_below(&model.rng, 6), i;
	unsigned int to = rng_below(&model.rng, MODEL_SPACE - pages + 1), there = 0;
	uint64_t unmapped;

	for (i = 0; i < pages; i++) {
		there += model.leads_to[to + i] >= 0;
		model.leads_to[to + i] = -1;
	}
	want(unmap(fd, ioas, AT + to * PAGE, pages * PAGE, &unmapped), 0);
	want(unmapped, there * PAGE);
}

/*
 * What an access of this range has to return. A hole and a missing right in one range may be found
 * in either order; then *also is the other one.
 */
static int model_result(uint64_t start, uint64_t length, uint32_t right, int *also)
{
	bool hole = false, forbidden = false;
	uint64_t page;

	for (page = start / PAGE; page <= (start + length - 1) / PAGE; page++) {
		if (model.leads_to[page] < 0)
			hole = true;
		else if (!(model.rights[page] & right))
			forbidden = true;
	}
	*also = hole && forbidden ? -EACCES : hole ? -ENOENT : forbidden ? -EACCES : 0;
	return hole ? -ENOENT : *also;
}

static void model_access(void)
{
	static unsigned char buffer[6 * PAGE], expected[6 * PAGE];
	bool write = rng_once_in(&model.rng, 2);
	uint64_t length = 1 + rng_below(&model.rng, rng_once_in(&model.rng, 3) ? 16 : 5 * PAGE);
	uint64_t start = rng_below(&model.rng, MODEL_SPACE * PAGE - length), done, i;
	int result, also, ret;

	result = model_result(start, length, write ? IOASID_MAP_WRITE : IOASID_MAP_READ, &also);
	for (i = 0; i < length; i += 8) {
		uint64_t word = rng_next(&model.rng);

		memcpy(buffer + i, &word, 8);
	}
	memcpy(expected, buffer, length);
	if (write)
		ret = access_write(fd, ioas, AT + start, buffer, length, &done);
	else
		ret = access_read(fd, ioas, AT + start, buffer, length, &done);
	if (ret != also)
		want(ret, result);
	want(done, result ? 0 : length);
	for (i = 0; !result && i < length; i++) {
		uint64_t at = start + i;
		char *byte = &model.bytes[model.leads_to[at / PAGE] * PAGE + at % PAGE];

		if (write)
			*byte = buffer[i];
		else
			expected[i] = *byte;
	}
	want(memcmp(buffer, expected, length), 0);
	if (write)
		want(memcmp(model.memory, model.bytes, MODEL_PAGES * PAGE), 0);
}

ACCESS_TEST(agrees_with_an_array_of_bytes)
{
	uint64_t from = seed(), count = steps(3000, 400), step;
	unsigned int i;

	model.memory = anon(MODEL_PAGES * PAGE);
	model.bytes = malloc(MODEL_PAGES * PAGE);
	model.rng = rng_make(from);
	fill(model.memory, MODEL_PAGES * PAGE, from);
	memcpy(model.bytes, model.memory, MODEL_PAGES * PAGE);
	for (i = 0; i < MODEL_SPACE; i++)
		model.leads_to[i] = -1;
	for (step = 0; step < count; step++) {
		context("SEED=%llu, step %llu", (unsigned long long)from, (unsigned long long)step);
		switch (rng_below(&model.rng, 8)) {
		case 0 ... 1:
			model_map();
			break;
		case 2:
			model_unmap();
			break;
		default:
			model_access();
			break;
		}
	}
}
