// SPDX-License-Identifier: GPL-2.0-only
/* Run: see run.h. Whoever owns a list serialises its changes; a list that no longer changes is
 * read by anybody.
 */
#include "pin/run.h"

#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/slab.h>

/**
 * ioasid_runs_init() - make an empty list
 * @runs: the list
 */
void ioasid_runs_init(struct ioasid_runs *runs)
{
	runs->list = &runs->one;
	runs->one = 0;
	runs->count = 0;
	runs->capacity = 1;
	runs->pages = 0;
}

static int resize(struct ioasid_runs *runs, u32 capacity)
{
	bool inside = runs->list == &runs->one;
	u64 *list;

	list = kvrealloc(inside ? NULL : runs->list, capacity * sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (!list)
		return -ENOMEM;
	if (inside)
		list[0] = runs->one;
	runs->list = list;
	runs->capacity = capacity;
	return 0;
}

static bool continues(const struct ioasid_runs *runs, u64 pfn)
{
	u64 last;

	if (!runs->count)
		return false;
	last = runs->list[runs->count - 1];
	return ioasid_run_pfn(last) + runs->pages - ioasid_run_index(last) == pfn;
}

/**
 * ioasid_runs_add() - append contiguous pages
 * @runs: the list
 * @pfn: the first one's page frame
 * @pages: how many, at least one
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM, or -E2BIG when the list would have more than IOASID_RUNS_MAX pages: then
 * nothing was appended.
 */
int ioasid_runs_add(struct ioasid_runs *runs, u64 pfn, u64 pages)
{
	if (pages > IOASID_RUNS_MAX - runs->pages)
		return -E2BIG;
	if (!continues(runs, pfn)) {
		if (runs->count == runs->capacity && resize(runs, max(8, runs->capacity * 2)))
			return -ENOMEM;
		runs->list[runs->count++] = pfn << IOASID_RUN_INDEX_BITS | runs->pages;
	}
	runs->pages += pages;
	return 0;
}

/**
 * ioasid_runs_trim() - give back what the list does not need
 * @runs: the list, complete
 */
void ioasid_runs_trim(struct ioasid_runs *runs)
{
	u64 *list = runs->list;

	if (list == &runs->one || runs->count == runs->capacity)
		return;
	if (runs->count == 1) {
		runs->one = list[0];
		runs->list = &runs->one;
		runs->capacity = 1;
		kvfree(list);
		return;
	}
	/* A list that stays as large as it is serves as well. */
	list = kvmalloc_array(runs->count, sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (!list)
		return;
	memcpy(list, runs->list, runs->count * sizeof(*list));
	kvfree(runs->list);
	runs->list = list;
	runs->capacity = runs->count;
}

/**
 * ioasid_runs_free() - make the list empty
 * @runs: the list; it knows nothing of the pages themselves
 */
void ioasid_runs_free(struct ioasid_runs *runs)
{
	if (runs->list != &runs->one)
		kvfree(runs->list);
	ioasid_runs_init(runs);
}

/**
 * ioasid_runs_seek() - find a page
 * @runs: the list
 * @page: its number, less than runs->pages
 *
 * Return: an iterator at that page.
 */
struct ioasid_run_iter ioasid_runs_seek(const struct ioasid_runs *runs, u64 page)
{
	u32 low = 0, high = runs->count;

	/* The last run that starts at or before the page. */
	while (high - low > 1) {
		u32 middle = low + (high - low) / 2;

		if (ioasid_run_index(runs->list[middle]) <= page)
			low = middle;
		else
			high = middle;
	}
	return (struct ioasid_run_iter){ .runs = runs, .run = low, .page = page };
}

/**
 * ioasid_runs_count() - how many runs a part of the list touches
 * @runs: the list
 * @page: first page of the part
 * @pages: its pages, at least one
 */
u32 ioasid_runs_count(const struct ioasid_runs *runs, u64 page, u64 pages)
{
	return ioasid_runs_seek(runs, page + pages - 1).run - ioasid_runs_seek(runs, page).run + 1;
}

static u64 length(const struct ioasid_runs *runs, u32 n)
{
	return ioasid_run_end(runs, n) - ioasid_run_index(runs->list[n]);
}

/**
 * ioasid_runs_longer() - pages in runs of at least a length
 * @runs: the list
 * @least: pages that a run must have
 *
 * Return: pages of these runs.
 */
u64 ioasid_runs_longer(const struct ioasid_runs *runs, u64 least)
{
	u64 pages = 0;

	if (runs->pages < least)
		return 0;
	for (u32 n = 0; n < runs->count; n++)
		if (length(runs, n) >= least)
			pages += length(runs, n);
	return pages;
}

/**
 * ioasid_runs_sizes() - count the runs by length
 * @runs: the list
 * @sizes: runs of 2^n pages or more, but less than 2^(n+1), are added to number n
 * @count: how many of these there are; the last one takes all that are longer, too
 */
void ioasid_runs_sizes(const struct ioasid_runs *runs, u32 *sizes, u32 count)
{
	for (u32 n = 0; n < runs->count; n++)
		sizes[min((u32)__fls(length(runs, n)), count - 1)]++;
}
