// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads on one page table, with the thread sanitizer; prints TAP.
 *
 * Each of the mappers has its own pages, every n-th of a window, so that they share every table and
 * every large leaf: tables are born and die under each other, large leaves and groups are cut by
 * several at once. A marker sets, reads and clears marks meanwhile, and a reader looks everything
 * up. All rest for a moment at random steps. Rounds end at a barrier, and then everything must be
 * exact: what is mapped, how many tables there are, and that no page that was marked is lost.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"
#include "step.h"
#include "subject.h"

#define MAPPERS 4
#define PAGES 1024U
#define BASE (510 * MIB)
/* Large enough that a page on each side of a window is in another table. */
#define LENGTH (PAGES * 4 * KIB)

static const struct subject *subject;
static struct ioasid_root root;
static pthread_barrier_t barrier;
static unsigned long rounds;
/* From an IOVA to where it leads: either large leaves or groups of 16 fit. */
static u64 offset = 4 * GIB;

/* What is mapped; each mapper changes its own. */
static bool mapped[PAGES];
/* Pages that stay, those of nobody; of them, the marker's: which were written, and reported. */
static bool stays[PAGES], written[PAGES];
static char reported[PAGES];

static __thread unsigned long long state;

static unsigned long long draw(unsigned long long n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

/* Most steps pass at once; some give way to another thread, some wait for longer. */
static void rest(void)
{
	unsigned int i, what = state ? draw(64) : 1;

	if (!what)
		sched_yield();
	for (i = 0; what == 1 && i < 200; i++)
		__asm__ volatile("pause");
}

static u64 iova_of(unsigned int page)
{
	return BASE + page * 4 * KIB;
}

static void map_pages(unsigned int page, unsigned int pages)
{
	struct ioasid_garbage garbage = {};
	struct ioasid_run_iter iter;
	struct ioasid_runs runs;

	ioasid_runs_init(&runs);
	ioasid_runs_add(&runs, (iova_of(page) + offset) >> 12, pages);
	iter = ioasid_runs_seek(&runs, 0);
	expect_equal(subject->format->map(&root, iova_of(page), iova_of(page + pages) - 1, &iter,
					  READ_WRITE, &garbage),
		     0, "page %u", page);
	expect(!garbage.first || garbage.flush, "it says so if there is garbage");
	ioasid_garbage_free(&garbage);
}

static void unmap_pages(unsigned int page, unsigned int pages, unsigned int were)
{
	struct ioasid_garbage garbage = {};

	expect_equal(subject->format->unmap(&root, iova_of(page), iova_of(page + pages) - 1,
					    &garbage),
		     were * 4 * KIB, "page %u", page);
	ioasid_garbage_free(&garbage);
}

/* Each has 1, 4 or 16 neighbouring pages at a time, the next ones belong to the next. */
static unsigned int stripe(unsigned long round)
{
	return 1U << (2 * (round % 3));
}

static bool mine(unsigned int page, unsigned int mapper, unsigned long round)
{
	return page / stripe(round) % (MAPPERS + 1) == mapper;
}

/* All of the mapper's stripes in some order: those that are mapped go, the others come. */
static void mapper_round(unsigned int mapper, unsigned long round)
{
	unsigned int size = stripe(round), n = PAGES / size, at = draw(n), i, page;
	unsigned int turns = 1 + draw(3);

	for (i = 0; i < n * turns; i++, at++) {
		page = at % n * size;
		if (!mine(page, mapper, round) || !draw(4))
			continue;
		if (mapped[page])
			unmap_pages(page, size, size);
		else
			map_pages(page, size);
		memset(mapped + page, !mapped[page], size);
	}
}

static void see(void *data, u64 iova, const struct ioasid_entry *entry)
{
	u64 at = iova < BASE ? BASE : iova;

	expect(entry->phys == iova + offset, "%#llx leads to %#llx", iova, entry->phys);
	for (; at < BASE + LENGTH && at - iova < entry->left; at += 4 * KIB)
		if (entry->access & IOASID_TABLE_DIRTY)
			reported[(at - BASE) / (4 * KIB)] = 1;
}

/* Marks single pages, as a device that writes would, and reads and clears all. */
static void marker_round(void)
{
	struct ioasid_visit set = { .set = IOASID_TABLE_MARKS };
	struct ioasid_visit clear = { .clear = IOASID_TABLE_MARKS, .seen = see };
	unsigned int i, page;
	u64 iova;

	for (i = 0; i < 200; i++) {
		page = draw(PAGES);
		iova = iova_of(page);
		while (subject->format->visit(&root, &iova, iova, &set))
			;
		if (stays[page])
			written[page] = true;
		if (draw(32))
			continue;
		for (iova = BASE; subject->format->visit(&root, &iova, BASE + LENGTH - 1, &clear);)
			;
	}
}

static void reader_round(void)
{
	struct ioasid_entry entry;
	unsigned int i, page;

	for (i = 0; i < 2000; i++) {
		page = draw(PAGES);
		if (subject->format->look_up(&root, iova_of(page), &entry)) {
			expect(!stays[page], "page %u stays", page);
			continue;
		}
		expect_equal(entry.phys, iova_of(page) + offset, "page %u", page);
	}
}

/* Between rounds, by one thread: everything is exact. Then the next round's content. */
static void settle(unsigned long round)
{
	struct decoded seen;
	unsigned int i;

	shim_quiesce();
	for (i = 0; i < PAGES; i++) {
		seen = subject_look(subject, &root, iova_of(i));
		expect_equal(seen.present, mapped[i], "page %u, round %lu", i, round);
		if (seen.present)
			expect_equal(seen.phys, iova_of(i) + offset, "page %u", i);
		expect(!written[i] || seen.dirty || reported[i], "page %u was written", i);
	}
	expect_equal(atomic64_read(&root.pages), shim_table_pages, "tables, round %lu", round);
	subject_unmap(subject, &root, BASE, LENGTH);
	subject_expect_empty(subject, &root);
	memset(mapped, 0, sizeof(mapped));
	memset(written, 0, sizeof(written));
	memset(reported, 0, sizeof(reported));
	memset(stays, 0, sizeof(stays));
	/* Every other round begins with large leaves. */
	if (round % 2) {
		offset = round % 4 == 1 ? 4 * GIB : 4 * GIB + 64 * KIB;
		map_pages(0, PAGES);
		memset(mapped, 1, sizeof(mapped));
		for (i = 0; i < PAGES; i++)
			stays[i] = mine(i, MAPPERS, round + 1);
	}
}

/* Numbers below MAPPERS map and unmap; one marks; one reads. */
static void *thread(void *number)
{
	unsigned long n = (unsigned long)number, round;

	state = (from_env("SEED", 1) * 2654435761ULL + n + 1) * 88172645463325253ULL;
	for (round = 0; round < rounds; round++) {
		pthread_barrier_wait(&barrier);
		if (n < MAPPERS)
			mapper_round(n, round);
		else if (n == MAPPERS)
			marker_round();
		else
			reader_round();
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			settle(round);
	}
	return NULL;
}

static void run(const struct subject *chosen, unsigned int number)
{
	pthread_t threads[MAPPERS + 2];
	unsigned long i;

	subject = chosen;
	subject_begin(subject, &root);
	memset(mapped, 0, sizeof(mapped));
	memset(stays, 0, sizeof(stays));
	pthread_barrier_init(&barrier, NULL, MAPPERS + 2);
	for (i = 0; i < MAPPERS + 2; i++)
		pthread_create(&threads[i], NULL, thread, (void *)i);
	for (i = 0; i < MAPPERS + 2; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	subject_end(subject, &root);
	printf("ok %u - %s: %lu rounds\n", number, subject->name, rounds);
	fflush(stdout);
}

int main(void)
{
	unsigned int count, i, number = 0;
	const struct subject *all = subjects(&count);

	rounds = from_env("RUNS", 400);
	printf("# SEED=%lu\n", from_env("SEED", 1));
	shim_step = rest;
	for (i = 0; i < count; i++)
		if (all[i].features == IOASID_TABLE_TRACK && all[i].bits >= 38 &&
		    all[i].bits < 49 && (!number || all[i].format != subject->format))
			run(&all[i], ++number);
	printf("1..%u\n", number);
	return 0;
}
