// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random maps, unmaps and DMA, against two arrays: which page of memory each page of the window
 * leads to, and what is in memory.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "call.h"
#include "cases.h"
#include "check.h"
#include "memory.h"
#include "random.h"

#define WINDOW 1536 /* pages */
#define SMALL 32 /* pages of memory that are scattered */
#define LARGE 1024 /* pages of memory that are huge */
#define MEMORY (SMALL + LARGE)
#define NOWHERE -1

struct model {
	struct rng rng;
	uint64_t start;
	char *memory; /* first the large pages, then the small ones */
	char *shadow;
	int to[WINDOW];
	bool writable[WINDOW];
	unsigned int maps, unmaps, reads, writes, refused, told;
};

static struct model model;

static void *page_of(int page)
{
	return model.memory + page * PAGE;
}

/* Pieces of huge pages are mapped where their alignment fits often enough, so that entries are. */
static void step_map(void)
{
	bool small = rng_once_in(&model.rng, 3);
	int from = small ? LARGE + rng_below(&model.rng, SMALL) : rng_below(&model.rng, LARGE);
	int at = rng_below(&model.rng, WINDOW), length, i, ret;
	bool write = !rng_once_in(&model.rng, 4), taken = false;

	if (!small && !rng_once_in(&model.rng, 4)) {
		i = 4 + rng_below(&model.rng, 6);
		from &= -(1 << i);
		at &= -(1 << i);
	}
	length = 1 + rng_below(&model.rng, rng_once_in(&model.rng, 3) ? 700 : 40);
	if (!rng_once_in(&model.rng, 3))
		length = (length + 15) & -16;
	if (length > (small ? MEMORY : LARGE) - from)
		length = (small ? MEMORY : LARGE) - from;
	if (length > WINDOW - at)
		length = WINDOW - at;
	for (i = 0; i < length; i++)
		taken |= model.to[at + i] != NOWHERE;
	ret = map_at(lane.fd, lane.ioas, page_of(from), length * PAGE,
		     write ? READ_WRITE : READ_ONLY, model.start + at * PAGE);
	want(ret, taken ? -EEXIST : 0);
	for (i = 0; !ret && i < length; i++) {
		model.to[at + i] = from + i;
		model.writable[at + i] = write;
	}
	model.maps += !ret;
}

static void step_unmap(void)
{
	int at = rng_below(&model.rng, WINDOW), i;
	int length = 1 + rng_below(&model.rng, rng_once_in(&model.rng, 4) ? 600 : 30);
	uint64_t unmapped, expected = 0;

	if (length > WINDOW - at)
		length = WINDOW - at;
	for (i = at; i < at + length; i++) {
		expected += model.to[i] == NOWHERE ? 0 : PAGE;
		model.to[i] = NOWHERE;
	}
	want(unmap(lane.fd, lane.ioas, model.start + at * PAGE, length * PAGE, &unmapped), 0);
	want(unmapped, expected);
	model.unmaps++;
}

static bool refuses(int page, bool write)
{
	return model.to[page] == NOWHERE || (write && !model.writable[page]);
}

/* The unit has to tell. */
static bool must_be_told(int page, bool write)
{
	if (model.to[page] == NOWHERE)
		return !(walk_kind->quiet & WALK_QUIET_EMPTY);
	return refuses(page, write) &&
	       !(walk_kind->quiet & (WALK_QUIET_RIGHTS | WALK_QUIET_CACHED));
}

/* Every told fault is at a page that refuses; when one does that has to be told, some are. */
static void want_faults(int first, int last, bool write)
{
	struct walk_faults faults = lane_faults(&lane);
	uint32_t i;
	int page;

	for (page = first; page <= last; page++) {
		want_that(faults.count || !must_be_told(page, write));
		model.refused += refuses(page, write);
	}
	model.told += !!faults.count;
	for (i = 0; i < faults.count; i++) {
		page = (faults.fault[i].address - model.start) / PAGE;
		want_that(page >= first && page <= last);
		want_that(refuses(page, write));
		want(faults.fault[i].write, write);
	}
}

/* Most begin in a page that is mapped, when there is one. */
static int choose_page(void)
{
	int page = 0, i;

	for (i = 0; i < 20; i++) {
		page = rng_below(&model.rng, WINDOW);
		if (model.to[page] != NOWHERE || rng_once_in(&model.rng, 20))
			break;
	}
	return page;
}

static void step_dma(bool write)
{
	static char pattern[PAGE];
	uint32_t length = 1 + rng_below(&model.rng, rng_once_in(&model.rng, 2) ? PAGE : 64);
	uint64_t at = choose_page() * PAGE + rng_below(&model.rng, PAGE), from, byte, n;
	int page;

	if (length > WINDOW * PAGE - at)
		length = WINDOW * PAGE - at;
	from = rng_next(&model.rng);
	buffer_fill(&lane, from);
	memcpy(pattern, lane.source, PAGE);
	lane_dma(&lane, model.start + at, length, write);
	want_faults(at / PAGE, (at + length - 1) / PAGE, write);
	if (!write)
		buffer_dump(&lane);
	for (byte = at; byte < at + length; byte += n) {
		page = byte / PAGE;
		n = PAGE - byte % PAGE;
		if (n > at + length - byte)
			n = at + length - byte;
		if (refuses(page, write))
			continue;
		if (write)
			memcpy(model.shadow + model.to[page] * PAGE + byte % PAGE,
			       pattern + (byte - at), n);
		want(memcmp(page_of(model.to[page]) + byte % PAGE,
			    write ? pattern + (byte - at) : lane.sink + (byte - at), n),
		     0);
	}
	model.reads += !write;
	model.writes += write;
}

static void move(void *memory, size_t size, void *to)
{
	want_that(mremap(memory, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
}

void walk_case_random(void)
{
	uint64_t count = steps(250, 200), from = seed(), i;

	model.rng = rng_make(from);
	model.start = lane.field;
	model.memory = reserve(MEMORY * PAGE, HUGE_2M);
	move(thp(LARGE * PAGE), LARGE * PAGE, model.memory);
	move(anon(SMALL * PAGE), SMALL * PAGE, model.memory + LARGE * PAGE);
	model.shadow = anon(MEMORY * PAGE);
	fill(model.memory, MEMORY * PAGE, from);
	memcpy(model.shadow, model.memory, MEMORY * PAGE);
	memset(model.to, 0xff, sizeof(model.to));
	for (i = 0; i < count; i++) {
		context("%s, SEED=%llu, step %llu", walk_kind->name, (unsigned long long)from,
			(unsigned long long)i);
		switch (rng_below(&model.rng, 8)) {
		case 0 ... 1:
			step_map();
			break;
		case 2:
			step_unmap();
			break;
		default:
			step_dma(rng_once_in(&model.rng, 2));
		}
		if (i % 64 == 63)
			want(memcmp(model.memory, model.shadow, MEMORY * PAGE), 0);
	}
	want(memcmp(model.memory, model.shadow, MEMORY * PAGE), 0);
	note("%s: at random, %u maps, %u unmaps, %u reads, %u writes; %u pages refused, %u faults told",
	     walk_kind->name, model.maps, model.unmaps, model.reads, model.writes, model.refused,
	     model.told);
}
