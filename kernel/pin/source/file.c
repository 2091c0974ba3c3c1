// SPDX-License-Identifier: GPL-2.0-only
/*
 * File: a file that keeps its pages in memory (memfd, tmpfs, hugetlbfs) as a source of pages.
 *
 * Addresses are offsets in the file. Pages come as folios: a huge page is looked up and let go as
 * one. A file does not tell of holes that are punched in it, so what is pinned is compared with the
 * file whenever somebody wants to share it.
 *
 * No lock of ioasid is held here; the inode's are taken inside.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <uapi/linux/falloc.h>

#include "fault.h"
#include "pin/domain.h"
#include "pin/run.h"

#define BATCH 64

/* Part of a file: folios, of which the first is used from @offset on. */
struct batch {
	struct folio *folios[BATCH];
	pgoff_t offset; /* bytes */
	long count;
};

static int file_open(struct ioasid_domain *domain, void *file)
{
	domain->file = get_file(file);
	return 0;
}

static void file_close(struct ioasid_domain *domain)
{
	fput(domain->file);
	kfree_rcu(domain, rcu);
}

/* First offset behind the file's last page. */
static u64 file_end(const struct ioasid_domain *domain)
{
	return ALIGN(i_size_read(file_inode(domain->file)), PAGE_SIZE);
}

static int file_errno(long ret)
{
	switch (ret) {
	case 0:
		return 0;
	case -ENOMEM:
	case -EINTR:
	case -ERESTARTNOINTR:
		return ret;
	default:
		return -EFAULT;
	}
}

/*
 * Fill the holes of a hugetlb file: in 6.12 memfd_pin_folios() takes reserved pages for them that
 * nobody reserved for it. What is there already stays.
 */
static int fill_holes(struct file *file, u64 va, u64 pages)
{
	u64 size, start, end;
	int ret;

	if (!is_file_hugepages(file))
		return 0;
	size = huge_page_size(hstate_file(file));
	start = ALIGN_DOWN(va, size);
	end = ALIGN(va + (pages << PAGE_SHIFT), size);
	ret = ioasid_fault() ? -ENOMEM :
			       file->f_op->fallocate(file, FALLOC_FL_KEEP_SIZE, start, end - start);
	if (ret == -EINTR && !fatal_signal_pending(current))
		return -ERESTARTNOINTR;
	return ret == -ENOSPC ? -ENOMEM : ret;
}

/* Pin the folios of at most @pages pages at @va; 0 or a negative errno. */
static int batch_pin(struct ioasid_domain *domain, struct batch *batch, u64 va, u64 pages)
{
	u64 last = va + (pages << PAGE_SHIFT) - 1;

	cond_resched();
	if (fatal_signal_pending(current))
		return -EINTR;
	if (ioasid_fault())
		return -ENOMEM;
	if (last >= i_size_read(file_inode(domain->file)))
		last = ALIGN(i_size_read(file_inode(domain->file)), PAGE_SIZE) - 1;
	if (last < va || last > LLONG_MAX)
		return -EFAULT;
	batch->count =
		memfd_pin_folios(domain->file, va, last, batch->folios, BATCH, &batch->offset);
	return batch->count > 0 ? 0 : file_errno(batch->count ?: -EFAULT);
}

/* Pages of folio number @i that belong to the batch, and the first one's frame. */
static u64 batch_pages(const struct batch *batch, long i, u64 *pfn)
{
	u64 skip = i ? 0 : batch->offset >> PAGE_SHIFT;

	*pfn = folio_pfn(batch->folios[i]) + skip;
	return folio_nr_pages(batch->folios[i]) - skip;
}

static void put_folios(struct batch *batch, long from)
{
	if (from < batch->count)
		unpin_folios(batch->folios + from, batch->count - from);
}

/*
 * A folio has one reference, however many of its pages are in the list; so a list's folios can be
 * let go in the same way.
 */
static int append(struct ioasid_runs *runs, struct batch *batch, u64 pages)
{
	u64 pfn, n;
	long i;
	int ret;

	for (i = 0; i < batch->count; i++) {
		n = min(batch_pages(batch, i, &pfn), pages - runs->pages);
		ret = ioasid_fault() ? -ENOMEM : ioasid_runs_add(runs, pfn, n);
		if (!ret)
			continue;
		put_folios(batch, i);
		return ret;
	}
	return 0;
}

static void file_release(struct ioasid_runs *runs, bool dirty)
{
	struct ioasid_run_iter iter = ioasid_runs_seek(runs, 0);
	struct folio *folio;
	u64 n;

	while (iter.page < runs->pages) {
		folio = page_folio(pfn_to_page(ioasid_run_iter_pfn(&iter)));
		n = folio_nr_pages(folio) - (ioasid_run_iter_pfn(&iter) - folio_pfn(folio));
		n = min(n, ioasid_run_iter_left(&iter));
		if (dirty && !folio_test_dirty(folio)) {
			folio_lock(folio);
			folio_mark_dirty(folio);
			folio_unlock(folio);
		}
		unpin_folios(&folio, 1);
		ioasid_run_iter_advance(&iter, n);
		cond_resched();
	}
	ioasid_runs_free(runs);
}

static int file_pin(struct ioasid_domain *domain, struct ioasid_runs *runs, u64 va, u64 pages,
		    bool write, u64 *bad)
{
	u64 size = file_end(domain);
	struct batch *batch;
	int ret = 0;

	/* Before any hole is filled. */
	*bad = max(va, size);
	if (va + (pages << PAGE_SHIFT) > size)
		return -EFAULT;
	*bad = va;
	ret = file_errno(fill_holes(domain->file, va, pages));
	if (ret)
		return ret;
	batch = ioasid_fault() ? NULL : kmalloc(sizeof(*batch), GFP_KERNEL_ACCOUNT);
	if (!batch)
		return -ENOMEM;
	while (!ret && runs->pages < pages) {
		ret = batch_pin(domain, batch, va + (runs->pages << PAGE_SHIFT),
				pages - runs->pages);
		if (!ret)
			ret = append(runs, batch, pages);
	}
	kfree(batch);
	if (ret) {
		*bad = va + (runs->pages << PAGE_SHIFT);
		file_release(runs, false);
		return ret;
	}
	ioasid_runs_trim(runs);
	return 0;
}

static bool batch_same(const struct batch *batch, struct ioasid_run_iter *iter, u64 end)
{
	u64 pfn, n, step;
	long at;

	for (at = 0; at < batch->count; at++) {
		n = min(batch_pages(batch, at, &pfn), end - iter->page);
		for (; n; n -= step, pfn += step) {
			if (ioasid_run_iter_pfn(iter) != pfn)
				return false;
			step = min(n, ioasid_run_iter_left(iter));
			ioasid_run_iter_advance(iter, step);
		}
	}
	return true;
}

static int file_same(struct ioasid_domain *domain, const struct ioasid_runs *runs, u64 va, u64 page,
		     u64 pages, bool write, u64 *bad)
{
	struct ioasid_run_iter iter = ioasid_runs_seek(runs, page);
	u64 end = page + pages;
	struct batch *batch;
	int ret;

	*bad = va + (page << PAGE_SHIFT);
	if (*bad + (pages << PAGE_SHIFT) > file_end(domain))
		return -EFAULT;
	ret = file_errno(fill_holes(domain->file, *bad, pages));
	if (ret)
		return ret;
	ret = 1;
	batch = ioasid_fault() ? NULL : kmalloc(sizeof(*batch), GFP_KERNEL_ACCOUNT);
	if (!batch)
		return -ENOMEM;
	while (ret == 1 && iter.page < end) {
		*bad = va + (iter.page << PAGE_SHIFT);
		ret = batch_pin(domain, batch, *bad, end - iter.page);
		if (ret)
			break;
		ret = batch_same(batch, &iter, end);
		put_folios(batch, 0);
	}
	kfree(batch);
	return ret;
}

const struct ioasid_source ioasid_source_file = {
	.kind = IOASID_SOURCE_FILE,
	.charged = true,
	.silent = true,
	.common = true,
	.open = file_open,
	.close = file_close,
	.pin = file_pin,
	.same = file_same,
	.release = file_release,
};
