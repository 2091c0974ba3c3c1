// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device: memory of a device that a process has mapped (VM_PFNMAP), such as a BAR of another PCI
 * device, as a source of pages.
 *
 * It is a part of a process's memory, so its pins are in the domain of that, and hear of changes to
 * the page table like all others. But there is nothing to pin and nobody to charge: a page frame is
 * all there is. The device may take it away at any time, as it does when its BAR is switched off;
 * then the pin is stale, and whoever has it mapped gets what the bus gives.
 *
 * No lock of ioasid is held here; the mmap lock is taken inside. Whoever calls keeps the process's
 * memory from being torn down.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "fault.h"
#include "pin/domain.h"
#include "pin/run.h"

/**
 * ioasid_device_at() - is it a device's memory?
 * @mm: the process's
 * @va: the address
 * @last: last address of a range that begins there; cut down to where it is still the same
 *
 * Context: may sleep, takes the mmap lock.
 */
bool ioasid_device_at(struct mm_struct *mm, unsigned long va, unsigned long *last)
{
	struct vm_area_struct *vma;
	bool device;

	mmap_read_lock(mm);
	vma = find_vma(mm, va);
	device = vma && vma->vm_start <= va && vma->vm_flags & VM_PFNMAP;
	if (device)
		*last = min(*last, vma->vm_end - 1);
	for (; !device && vma && vma->vm_start <= *last; vma = find_vma(mm, vma->vm_end))
		if (vma->vm_flags & VM_PFNMAP)
			*last = vma->vm_start - 1;
	mmap_read_unlock(mm);
	return device;
}

/* Memory of the kernel's that may be used for other things when the process unmaps it. */
static bool is_ordinary(unsigned long pfn)
{
	return pfn_valid(pfn) && !PageReserved(pfn_to_page(pfn));
}

/**
 * struct frames - page frames that follow each other
 * @pfn: the first one
 * @count: how many
 * @writable: the process may write there
 */
struct frames {
	unsigned long pfn;
	u64 count;
	bool writable;
};

/* What the page table has at an address, as far as @pages. */
static int look_up(struct vm_area_struct *vma, unsigned long va, u64 pages, struct frames *frames)
{
	struct follow_pfnmap_args args = { .vma = vma, .address = va };
	int ret = follow_pfnmap_start(&args);

	if (ret)
		return ret;
	frames->pfn = args.pfn;
	frames->writable = args.writable;
	frames->count = (args.pfn | ~ioasid_pfnmap_mask(&args) >> PAGE_SHIFT) + 1 - args.pfn;
	follow_pfnmap_end(&args);
	frames->count = min3(frames->count, pages, (u64)(vma->vm_end - va) >> PAGE_SHIFT);
	return 0;
}

/* The same, brought into the page table if need be. */
static int follow(struct mm_struct *mm, unsigned long va, u64 pages, bool write,
		  struct frames *frames)
{
	unsigned int flags = FAULT_FLAG_REMOTE | (write ? FAULT_FLAG_WRITE : 0);
	struct vm_area_struct *vma;
	bool unlocked;
	int ret;

	mmap_read_lock(mm);
	do {
		unlocked = false;
		vma = vma_lookup(mm, va);
		ret = -EFAULT;
		if (!vma || !(vma->vm_flags & VM_PFNMAP))
			break;
		ret = look_up(vma, va, pages, frames);
		if (ret)
			ret = fixup_user_fault(mm, va, flags, &unlocked);
		else
			break;
		if (!ret && !unlocked)
			ret = look_up(vma, va, pages, frames);
	} while (unlocked && !ret && !fatal_signal_pending(current));
	mmap_read_unlock(mm);
	if (unlocked && !ret)
		return -EINTR;
	if (ret)
		return ret == -ENOMEM ? ret : -EFAULT;
	return (write && !frames->writable) || is_ordinary(frames->pfn) ? -EFAULT : 0;
}

static int device_pin(struct ioasid_domain *domain, struct ioasid_runs *runs, u64 va, u64 pages,
		      bool write, u64 *bad)
{
	struct frames frames;
	int ret = 0;

	while (!ret && runs->pages < pages) {
		cond_resched();
		*bad = va + (runs->pages << PAGE_SHIFT);
		if (fatal_signal_pending(current))
			ret = -EINTR;
		else
			ret = follow(domain->key, *bad, pages - runs->pages, write, &frames);
		if (!ret)
			ret = ioasid_fault() ? -ENOMEM :
					       ioasid_runs_add(runs, frames.pfn, frames.count);
	}
	if (ret)
		ioasid_runs_free(runs);
	else
		ioasid_runs_trim(runs);
	return ret;
}

/* Does the list have these frames at the iterator's place? It moves on. */
static bool same_frames(struct ioasid_run_iter *iter, const struct frames *frames)
{
	u64 done, n;

	for (done = 0; done < frames->count; done += n) {
		if (ioasid_run_iter_pfn(iter) != frames->pfn + done)
			return false;
		n = min(ioasid_run_iter_left(iter), frames->count - done);
		ioasid_run_iter_advance(iter, n);
	}
	return true;
}

static int device_same(struct ioasid_domain *domain, const struct ioasid_runs *runs, u64 va,
		       u64 page, u64 pages, bool write, u64 *bad)
{
	struct ioasid_run_iter iter = ioasid_runs_seek(runs, page);
	unsigned long last;
	struct frames frames;
	u64 end = page + pages;
	int ret;

	while (iter.page < end) {
		cond_resched();
		*bad = va + (iter.page << PAGE_SHIFT);
		if (fatal_signal_pending(current))
			return -EINTR;
		ret = follow(domain->key, *bad, end - iter.page, write, &frames);
		last = *bad;
		if (ret == -EFAULT && !ioasid_device_at(domain->key, *bad, &last))
			return 0;
		if (ret)
			return ret;
		if (!same_frames(&iter, &frames))
			return 0;
	}
	return 1;
}

/* Has the page table other frames here, or none? */
static bool differs(struct mm_struct *mm, unsigned long va, struct ioasid_run_iter *iter, u64 pages)
{
	struct vm_area_struct *vma;
	struct frames frames;
	bool found;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, va);
	found = vma && vma->vm_flags & VM_PFNMAP && !look_up(vma, va, pages, &frames);
	mmap_read_unlock(mm);
	return !found || !same_frames(iter, &frames);
}

static bool device_gone(struct ioasid_domain *domain, const struct ioasid_runs *runs, u64 va,
			u64 page, u64 pages)
{
	struct ioasid_run_iter iter = ioasid_runs_seek(runs, page);
	struct mm_struct *mm = domain->key;
	u64 end = page + pages;
	bool gone = false;

	if (!mmget_not_zero(mm))
		return false;
	while (!gone && iter.page < end) {
		gone = differs(mm, va + (iter.page << PAGE_SHIFT), &iter, end - iter.page);
		cond_resched();
	}
	mmput(mm);
	return gone;
}

static void device_release(struct ioasid_runs *runs, bool dirty)
{
	ioasid_runs_free(runs);
}

const struct ioasid_source ioasid_source_device = {
	.kind = IOASID_SOURCE_MEMORY,
	.device = true,
	.pin = device_pin,
	.same = device_same,
	.gone = device_gone,
	.release = device_release,
};
