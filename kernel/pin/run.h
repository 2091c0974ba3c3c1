/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Run: physically contiguous pages. A run list says which pages a pin has, in order of address.
 *
 * A run takes 8 bytes: the number of its first page frame (40 bits, 52 bits of physical address)
 * and its index (24 bits), the number of pages before it in the list. Its length is the difference
 * to the next one's index, so finding the run of a page is a binary search. A list has at most
 * IOASID_RUNS_MAX pages.
 *
 * This header and run.c also compile in user space, for the unit tests.
 */
#ifndef IOASID_PIN_RUN_H
#define IOASID_PIN_RUN_H

#include <linux/types.h>

#define IOASID_RUN_INDEX_BITS 24
#define IOASID_RUNS_MAX (1UL << IOASID_RUN_INDEX_BITS)

/**
 * struct ioasid_runs - a run list
 * @list: the runs; points at @one while one is enough
 * @one: room for one run, which is all that a huge page needs
 * @count: runs
 * @capacity: runs that @list has room for
 * @pages: pages of all runs
 */
struct ioasid_runs {
	u64 *list;
	u64 one;
	u32 count;
	u32 capacity;
	u64 pages;
};

/**
 * struct ioasid_run_iter - a place in a run list
 * @runs: the list
 * @run: number of the run
 * @page: page in the list, in this run
 */
struct ioasid_run_iter {
	const struct ioasid_runs *runs;
	u32 run;
	u64 page;
};

static inline u64 ioasid_run_index(u64 run)
{
	return run & (IOASID_RUNS_MAX - 1);
}

static inline u64 ioasid_run_pfn(u64 run)
{
	return run >> IOASID_RUN_INDEX_BITS;
}

/* First page of the list that no longer belongs to run number @n. */
static inline u64 ioasid_run_end(const struct ioasid_runs *runs, u32 n)
{
	return n + 1 < runs->count ? ioasid_run_index(runs->list[n + 1]) : runs->pages;
}

/* Page frame at the iterator's place. */
static inline u64 ioasid_run_iter_pfn(const struct ioasid_run_iter *iter)
{
	u64 run = iter->runs->list[iter->run];

	return ioasid_run_pfn(run) + iter->page - ioasid_run_index(run);
}

/* Pages from the iterator's place to the end of its run. */
static inline u64 ioasid_run_iter_left(const struct ioasid_run_iter *iter)
{
	return ioasid_run_end(iter->runs, iter->run) - iter->page;
}

/* Pages by which two iterators can go on before one of them comes to another run. */
static inline u64 ioasid_run_step(const struct ioasid_run_iter *a, const struct ioasid_run_iter *b)
{
	u64 x = ioasid_run_iter_left(a), y = ioasid_run_iter_left(b);

	return x < y ? x : y;
}

/* Go on by @pages, no more than are left in the run. */
static inline void ioasid_run_iter_advance(struct ioasid_run_iter *iter, u64 pages)
{
	iter->page += pages;
	if (iter->page == ioasid_run_end(iter->runs, iter->run))
		iter->run++;
}

void ioasid_runs_init(struct ioasid_runs *runs);
int ioasid_runs_add(struct ioasid_runs *runs, u64 pfn, u64 pages);
void ioasid_runs_trim(struct ioasid_runs *runs);
void ioasid_runs_free(struct ioasid_runs *runs);
struct ioasid_run_iter ioasid_runs_seek(const struct ioasid_runs *runs, u64 page);
u64 ioasid_runs_longer(const struct ioasid_runs *runs, u64 least);
void ioasid_runs_sizes(const struct ioasid_runs *runs, u32 *sizes, u32 count);
u32 ioasid_runs_count(const struct ioasid_runs *runs, u64 page, u64 pages);

#endif /* IOASID_PIN_RUN_H */
