// SPDX-License-Identifier: GPL-2.0-only
/*
 * GUP: look the pages of an address range up in the process's page table and pin them, in batches,
 * straight into runs; and let whole runs go.
 *
 * Pins are long-term ones: GUP moves pages out of movable memory, breaks copy-on-write for readers
 * too, and refuses file pages that must not be written behind the file system's back. No lock of
 * ioasid is held here; the mmap lock is taken inside. Whoever calls keeps the process's memory from
 * being torn down (mm_users); of its own it does so anyway.
 */
#include "pin/gup.h"

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "fault.h"

#define BATCH (PAGE_SIZE / sizeof(struct page *))

static struct page **batch_alloc(void)
{
	if (ioasid_fault())
		return NULL;
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

/* Pages of another process. */
static long gup_remote(struct mm_struct *mm, struct page **batch, unsigned long va,
		       unsigned long pages, unsigned int flags)
{
	int locked = 1;
	long n;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	n = pin_user_pages_remote(mm, va, pages, flags, batch, &locked);
	if (locked)
		mmap_read_unlock(mm);
	return n;
}

/* Pin up to a batch; 0 < return <= pages, or a negative errno. */
static long gup_batch(struct mm_struct *mm, struct page **batch, unsigned long va, u64 pages,
		      bool write)
{
	unsigned int flags = FOLL_LONGTERM | (write ? FOLL_WRITE : 0);
	unsigned long want = min_t(u64, pages, BATCH);
	long n;

	cond_resched();
	if (fatal_signal_pending(current))
		return -EINTR;
	if (ioasid_fault())
		return -ENOMEM;
	if (mm == current->mm)
		n = pin_user_pages_fast(va, want, flags, batch);
	else
		n = gup_remote(mm, batch, va, want, flags);
	return n > 0 ? n : gup_errno(n);
}

/* How many of the pages from @i on are contiguous in memory. */
static long contiguous(struct page **batch, long i, long n)
{
	unsigned long pfn = page_to_pfn(batch[i]);
	long count = 1;

	while (i + count < n && page_to_pfn(batch[i + count]) == pfn + count)
		count++;
	return count;
}

static int append(struct ioasid_runs *runs, struct page **batch, long n)
{
	long i, count;
	int ret;

	for (i = 0; i < n; i += count) {
		count = contiguous(batch, i, n);
		ret = ioasid_fault() ? -ENOMEM :
				       ioasid_runs_add(runs, page_to_pfn(batch[i]), count);
		if (!ret)
			continue;
		unpin_user_pages(batch + i, n - i);
		return ret;
	}
	return 0;
}

/**
 * ioasid_gup() - pin the pages of an address range of a process
 * @mm: the process's
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
int ioasid_gup(struct mm_struct *mm, struct ioasid_runs *runs, unsigned long va, u64 pages,
	       bool write, u64 *bad)
{
	struct page **batch = batch_alloc();
	int ret = 0;
	long n;

	*bad = va;
	if (!batch)
		return -ENOMEM;
	while (runs->pages < pages) {
		n = gup_batch(mm, batch, va + (runs->pages << PAGE_SHIFT), pages - runs->pages,
			      write);
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
 * ioasid_gup_compare() - does a process still have these pages at this address?
 * @mm: the process's
 * @runs: the pages
 * @va: address of the first one
 * @page: first page to compare
 * @pages: how many
 * @write: they will be written
 * @bad: with -EFAULT the first address that can't be had
 *
 * Context: may sleep, takes the mmap lock. Brings pages in as an access would.
 * Return: 1 if it has, 0 if it has others; -EFAULT when some can't be had now, which may be
 * because there are none or because the process itself may not use them so; -ENOMEM or -EINTR.
 */
int ioasid_gup_compare(struct mm_struct *mm, const struct ioasid_runs *runs, unsigned long va,
		       u64 page, u64 pages, bool write, u64 *bad)
{
	struct ioasid_run_iter iter = ioasid_runs_seek(runs, page);
	struct page **batch = batch_alloc();
	u64 end = page + pages;
	int ret = 1;
	long n;

	if (!batch)
		return -ENOMEM;
	while (ret == 1 && iter.page < end) {
		*bad = va + (iter.page << PAGE_SHIFT);
		n = gup_batch(mm, batch, *bad, end - iter.page, write);
		if (n > 0) {
			ret = same_pages(&iter, batch, n);
			unpin_user_pages(batch, n);
		} else {
			ret = n;
		}
	}
	batch_free(batch);
	return ret;
}

/* The pages that an mm has at an address, as far as they are in its page table. */
static long peek(struct mm_struct *mm, unsigned long va, u64 pages, struct page **batch)
{
	return get_user_pages_remote(mm, va, min_t(u64, pages, BATCH), FOLL_NOFAULT, batch, NULL);
}

static void put_pages(struct page **batch, long n)
{
	while (n > 0)
		put_page(batch[--n]);
}

/* Is this page still the file's page that belongs at the address? */
static bool file_has(struct vm_area_struct *vma, unsigned long va, struct page *page)
{
	struct folio *folio = page_folio(page);
	pgoff_t index;

	if (!vma->vm_file || folio->mapping != vma->vm_file->f_mapping)
		return false;
	if (folio_test_hugetlb(folio))
		return true;
	index = vma->vm_pgoff + ((va - vma->vm_start) >> PAGE_SHIFT);
	return index == folio->index + (page_to_pfn(page) - folio_pfn(folio));
}

/*
 * There is nothing in the page table at @va, where @page was. Return true if it is gone, false if
 * it is not: an anonymous one that is just being migrated (that takes the folio's lock), or one
 * that mprotect() took all rights from. A file's page may be brought back, or be about to be taken
 * out of the file: then *file is set to it, referenced; who changes what a file has, holds its
 * inode's lock.
 */
static bool page_gone(struct mm_struct *mm, unsigned long va, struct page *page, struct file **file)
{
	struct vm_area_struct *vma = vma_lookup(mm, va);
	struct folio *folio = page_folio(page);
	struct page *now;
	bool gone = true;

	if (!vma)
		return true;
	if (!(vma->vm_flags & VM_READ))
		return false;
	folio_lock(folio);
	if (peek(mm, va, 1, &now) == 1) {
		gone = now != page;
		put_page(now);
	} else if (!folio_test_anon(folio) && file_has(vma, va, page)) {
		gone = false;
		*file = get_file(vma->vm_file);
	}
	folio_unlock(folio);
	return gone;
}

static void wait_for_changes(struct file *file)
{
	inode_lock_shared(file_inode(file));
	inode_unlock_shared(file_inode(file));
	fput(file);
}

/* Look at pages from the iterator's place on; it moves on to those that are still to be seen. */
static bool look(struct mm_struct *mm, unsigned long at, struct ioasid_run_iter *iter, u64 pages,
		 struct page **batch)
{
	struct file *file = NULL;
	bool gone, waited;
	long n;

	for (waited = false;; waited = true) {
		mmap_read_lock(mm);
		n = peek(mm, at, pages, batch);
		if (n > 0) {
			gone = !same_pages(iter, batch, n);
			put_pages(batch, n);
		} else {
			gone = page_gone(mm, at, pfn_to_page(ioasid_run_iter_pfn(iter)), &file);
		}
		mmap_read_unlock(mm);
		if (n > 0)
			return gone;
		if (!file || waited)
			break;
		wait_for_changes(file);
		file = NULL;
	}
	if (file)
		fput(file);
	ioasid_run_iter_advance(iter, 1);
	return gone;
}

/**
 * ioasid_gup_gone() - has a process surely lost some of these pages?
 * @mm: the process's
 * @runs: the pages, pinned
 * @va: address of the first one
 * @page: first page to look at
 * @pages: how many
 *
 * Context: may sleep, takes the mmap lock, and inodes' locks. Changes nothing: brings no page in.
 */
bool ioasid_gup_gone(struct mm_struct *mm, const struct ioasid_runs *runs, unsigned long va,
		     u64 page, u64 pages)
{
	struct ioasid_run_iter iter = ioasid_runs_seek(runs, page);
	struct page **batch = batch_alloc();
	u64 end = page + pages;
	bool gone = false;

	if (!batch)
		return false;
	if (!mmget_not_zero(mm)) {
		batch_free(batch);
		return false;
	}
	while (!gone && iter.page < end) {
		gone = look(mm, va + (iter.page << PAGE_SHIFT), &iter, end - iter.page, batch);
		cond_resched();
	}
	mmput(mm);
	batch_free(batch);
	return gone;
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
