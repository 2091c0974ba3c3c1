// SPDX-License-Identifier: GPL-2.0-only
/*
 * GUP: look the pages of an address range up in the process's page table and pin them, in batches,
 * straight into runs; and let whole runs go.
 *
 * Pins are long-term ones: GUP moves pages out of movable memory, breaks copy-on-write for readers
 * too, and refuses file pages that must not be written behind the file system's back. No lock of
 * ioasid is held here; the mmap lock is taken inside.
 */
#include "pin/gup.h"

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#define BATCH (PAGE_SIZE / sizeof(struct page *))

static struct page **batch_alloc(void)
{
	return (struct page **)__get_free_page(GFP_KERNEL_ACCOUNT);
}

static void batch_free(struct page **batch)
{
	free_page((unsigned long)batch);
}

/* GUP has many reasons; the caller can do something about three. */
static int gup_errno(long ret)
{
	switch (ret) {
	case -EINTR:
	case -ERESTARTSYS:
		return -EINTR;
	case -ENOMEM:
		return -ENOMEM;
	default:
		return -EFAULT;
	}
}

/* Pin up to a batch; 0 < return <= pages, or a negative errno. */
static long gup_batch(struct page **batch, unsigned long va, u64 pages, bool write)
{
	unsigned int flags = FOLL_LONGTERM | (write ? FOLL_WRITE : 0);
	long n;

	cond_resched();
	if (fatal_signal_pending(current))
		return -EINTR;
	n = pin_user_pages_fast(va, min_t(u64, pages, BATCH), flags, batch);
	return n > 0 ? n : gup_errno(n);
}

static int append(struct ioasid_runs *runs, struct page **batch, long n)
{
	long i;
	int ret;

	for (i = 0; i < n; i++) {
		ret = ioasid_runs_add(runs, page_to_pfn(batch[i]));
		if (!ret)
			continue;
		unpin_user_pages(batch + i, n - i);
		return ret;
	}
	return 0;
}

/**
 * ioasid_gup() - pin the pages of an address range of the calling process
 * @runs: an empty list, filled
 * @va: first address, page-aligned
 * @pages: pages, at most IOASID_RUNS_MAX
 * @write: the pages will be written
 * @bad: on failure the first address that could not be had
 *
 * Context: may sleep, takes the mmap lock.
 * Return: 0; -EFAULT when some of the range can't be pinned; -ENOMEM; -EINTR when the caller is
 * being killed. On failure nothing is pinned and the list is empty.
 */
int ioasid_gup(struct ioasid_runs *runs, unsigned long va, u64 pages, bool write, u64 *bad)
{
	struct page **batch = batch_alloc();
	int ret = 0;
	long n;

	*bad = va;
	if (!batch)
		return -ENOMEM;
	while (runs->pages < pages) {
		n = gup_batch(batch, va + (runs->pages << PAGE_SHIFT), pages - runs->pages, write);
		ret = n > 0 ? append(runs, batch, n) : n;
		if (ret)
			break;
	}
	batch_free(batch);
	if (ret) {
		*bad = va + (runs->pages << PAGE_SHIFT);
		ioasid_gup_release(runs, false);
		return ret;
	}
	ioasid_runs_trim(runs);
	return 0;
}

static bool same_pages(struct ioasid_run_iter *iter, struct page **batch, long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (ioasid_run_iter_pfn(iter) != page_to_pfn(batch[i]))
			return false;
		ioasid_run_iter_advance(iter, 1);
	}
	return true;
}

/**
 * ioasid_gup_compare() - does the process still have these pages at this address?
 * @runs: the pages
 * @va: first address
 * @write: the pages are pinned for writing
 *
 * Context: may sleep, takes the mmap lock.
 * Return: 1 if it has, 0 if it has not; -ENOMEM or -EINTR when that could not be found out.
 */
int ioasid_gup_compare(const struct ioasid_runs *runs, unsigned long va, bool write)
{
	struct ioasid_run_iter iter = ioasid_runs_seek(runs, 0);
	struct page **batch = batch_alloc();
	int ret = 1;
	long n;

	if (!batch)
		return -ENOMEM;
	while (ret == 1 && iter.page < runs->pages) {
		n = gup_batch(batch, va + (iter.page << PAGE_SHIFT), runs->pages - iter.page,
			      write);
		if (n > 0) {
			ret = same_pages(&iter, batch, n);
			unpin_user_pages(batch, n);
		} else {
			ret = n == -EFAULT ? 0 : n;
		}
	}
	batch_free(batch);
	return ret;
}

/**
 * ioasid_gup_release() - let pages go
 * @runs: the pages; empty afterwards
 * @dirty: they may have been written
 *
 * Context: may sleep.
 */
void ioasid_gup_release(struct ioasid_runs *runs, bool dirty)
{
	struct ioasid_run_iter iter = ioasid_runs_seek(runs, 0);

	while (iter.page < runs->pages) {
		u64 n = ioasid_run_iter_left(&iter);

		unpin_user_page_range_dirty_lock(pfn_to_page(ioasid_run_iter_pfn(&iter)), n, dirty);
		ioasid_run_iter_advance(&iter, n);
		cond_resched();
	}
	ioasid_runs_free(runs);
}
