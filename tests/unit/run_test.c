// SPDX-License-Identifier: GPL-2.0-only
/* Run lists (kernel/pin/run.c) against a plain array of page frames. */
#include <criterion/criterion.h>
#include <errno.h>

#include "pin/run.h"
#include "random.h"
#include "shim.h"

#define PAGES 5000

static u64 frames[PAGES];

/* Page frames with runs of all lengths: what scattered, huge and mixed memory looks like. */
static void random_frames(unsigned int longest)
{
	u64 frame = 0;
	unsigned int i, left = 0;

	for (i = 0; i < PAGES; i++, left--, frame++) {
		if (!left) {
			left = 1 + below(longest);
			frame = below(1ULL << 40);
		}
		frames[i] = frame & ((1ULL << 40) - 1);
	}
}

/* In pieces that are contiguous, but not always as long as they could be. */
static void add_all(struct ioasid_runs *runs)
{
	unsigned int i, n;

	for (i = 0; i < PAGES; i += n) {
		for (n = 1; i + n < PAGES && frames[i + n] == frames[i] + n && below(5); n++)
			;
		cr_assert_eq(ioasid_runs_add(runs, frames[i], n), 0);
	}
	cr_assert_eq(runs->pages, PAGES);
}

static unsigned int runs_in(unsigned int page, unsigned int pages)
{
	unsigned int i, n = 1;

	for (i = page + 1; i < page + pages; i++)
		n += frames[i] != frames[i - 1] + 1;
	return n;
}

/* Every run as the frames have it is in its place, one by one. */
static void check_sizes(const struct ioasid_runs *runs, u32 count)
{
	u32 sizes[32] = {}, wanted[32] = {};
	u64 longer[4] = {};
	unsigned int i, n, size;

	for (i = 0; i < PAGES; i += n) {
		for (n = 1; i + n < PAGES && frames[i + n] == frames[i] + n; n++)
			;
		for (size = 0; size + 1 < count && n >> (size + 1); size++)
			;
		wanted[size]++;
		for (size = 0; size < 4; size++)
			longer[size] += n >= 1u << 3 * size ? n : 0;
	}
	ioasid_runs_sizes(runs, sizes, count);
	cr_assert_arr_eq(sizes, wanted, sizeof(sizes));
	for (size = 0; size < 4; size++)
		cr_assert_eq(ioasid_runs_longer(runs, 1 << 3 * size), longer[size]);
	cr_assert_eq(ioasid_runs_longer(runs, PAGES + 1), 0);
}

static void check_all(const struct ioasid_runs *runs)
{
	struct ioasid_run_iter iter;
	unsigned int i;

	cr_assert_eq(runs->count, runs_in(0, PAGES));
	check_sizes(runs, 20);
	check_sizes(runs, 4);
	for (i = 0; i < PAGES; i++) {
		iter = ioasid_runs_seek(runs, i);
		cr_assert_eq(ioasid_run_iter_pfn(&iter), frames[i], "page %u", i);
	}
	iter = ioasid_runs_seek(runs, 0);
	for (i = 0; i < PAGES; i++) {
		cr_assert_eq(ioasid_run_iter_pfn(&iter), frames[i], "page %u in order", i);
		cr_assert_eq(iter.page, i);
		ioasid_run_iter_advance(&iter, 1);
	}
}

Test(run, holds_every_page_in_order)
{
	static const unsigned int longest[] = { 1, 2, 7, 512, PAGES };
	struct ioasid_runs runs;
	size_t i;

	random_begin();
	for (i = 0; i < sizeof(longest) / sizeof(longest[0]); i++) {
		random_frames(longest[i]);
		ioasid_runs_init(&runs);
		add_all(&runs);
		check_all(&runs);
		ioasid_runs_trim(&runs);
		check_all(&runs);
		ioasid_runs_free(&runs);
		cr_assert_eq(runs.pages, 0);
	}
}

Test(run, counts_the_runs_of_any_part)
{
	struct ioasid_runs runs;
	unsigned int page, pages, i;

	random_begin();
	random_frames(5);
	ioasid_runs_init(&runs);
	add_all(&runs);
	for (i = 0; i < 2000; i++) {
		page = below(PAGES);
		pages = 1 + below(PAGES - page);
		cr_assert_eq(ioasid_runs_count(&runs, page, pages), runs_in(page, pages));
	}
	ioasid_runs_free(&runs);
}

Test(run, one_run_takes_no_memory_of_its_own)
{
	struct ioasid_runs runs;
	unsigned int i;

	ioasid_runs_init(&runs);
	for (i = 0; i < PAGES; i++)
		cr_assert_eq(ioasid_runs_add(&runs, 77 + i, 1), 0);
	cr_assert_eq(runs.count, 1);
	cr_assert_eq(runs.list, &runs.one);
	ioasid_runs_free(&runs);
}

Test(run, iterates_by_whole_runs)
{
	struct ioasid_runs runs;
	struct ioasid_run_iter iter;
	u64 page = 0;

	random_begin();
	random_frames(9);
	ioasid_runs_init(&runs);
	add_all(&runs);
	for (iter = ioasid_runs_seek(&runs, 0); iter.page < runs.pages;) {
		u64 left = ioasid_run_iter_left(&iter);

		cr_assert_eq(iter.page, page);
		cr_assert_eq(runs_in(page, left), 1);
		page += left;
		cr_assert(page == PAGES || frames[page] != frames[page - 1] + 1);
		ioasid_run_iter_advance(&iter, left);
	}
	cr_assert_eq(page, PAGES);
	ioasid_runs_free(&runs);
}

Test(run, refuses_more_than_its_index_can_count)
{
	struct ioasid_runs runs;

	ioasid_runs_init(&runs);
	cr_assert_eq(ioasid_runs_add(&runs, 1, IOASID_RUNS_MAX + 1), -E2BIG);
	cr_assert_eq(ioasid_runs_add(&runs, 1, IOASID_RUNS_MAX - 1), 0);
	cr_assert_eq(ioasid_runs_add(&runs, IOASID_RUNS_MAX, 2), -E2BIG);
	cr_assert_eq(runs.pages, IOASID_RUNS_MAX - 1, "nothing was appended");
	cr_assert_eq(ioasid_runs_add(&runs, IOASID_RUNS_MAX, 1), 0);
	cr_assert_eq(ioasid_runs_add(&runs, IOASID_RUNS_MAX + 1, 1), -E2BIG);
	cr_assert_eq(runs.count, 1);
	ioasid_runs_free(&runs);
}

Test(run, survives_every_failing_allocation)
{
	struct ioasid_runs runs;
	unsigned int fail, i;
	int ret;

	random_begin();
	random_frames(1);
	for (fail = 0;; fail++) {
		ioasid_runs_init(&runs);
		shim_allocations_left = fail;
		for (i = 0, ret = 0; i < PAGES && !ret; i++)
			ret = ioasid_runs_add(&runs, frames[i], 1);
		if (!ret)
			break;
		cr_assert_eq(ret, -ENOMEM);
		cr_assert_eq(runs.pages, i - 1, "the page that failed is not in");
		shim_allocations_left = -1;
		for (i = i - 1; i < PAGES; i++)
			cr_assert_eq(ioasid_runs_add(&runs, frames[i], 1), 0);
		check_all(&runs);
		ioasid_runs_free(&runs);
	}
	cr_assert_gt(fail, 5);
	shim_allocations_left = 0;
	ioasid_runs_trim(&runs);
	shim_allocations_left = -1;
	check_all(&runs);
	ioasid_runs_free(&runs);
}
