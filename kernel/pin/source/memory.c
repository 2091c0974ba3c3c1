// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory: a process's memory as a source of pages.
 *
 * One mmu notifier tells of all changes to the process's page table. Invariant: between the begin
 * and the end of a change domain->invalidations is not 0, and every pin of the range is suspect
 * from the begin on; a pin that comes into the tree meanwhile is suspect too.
 *
 * The callbacks run in memory reclaim, under page and page-table-related locks, and may not sleep.
 * They take domain->lock and nothing else; so nothing is allocated under that lock.
 *
 * Lock order: the mmap lock; the mm's notifier lock; domain->lock.
 */
#include <linux/mmu_notifier.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "pin/domain.h"
#include "pin/gup.h"
#include "pin/ledger.h"

static struct ioasid_domain *domain_of(struct mmu_notifier *notifier)
{
	return container_of(notifier, struct ioasid_domain, notifier);
}

static int invalidate_start(struct mmu_notifier *notifier, const struct mmu_notifier_range *range)
{
	struct ioasid_domain *domain = domain_of(notifier);

	spin_lock(&domain->lock);
	domain->invalidations++;
	ioasid_pins_suspect(domain, range->start, range->end - 1);
	spin_unlock(&domain->lock);
	return 0;
}

static void invalidate_end(struct mmu_notifier *notifier, const struct mmu_notifier_range *range)
{
	struct ioasid_domain *domain = domain_of(notifier);

	spin_lock(&domain->lock);
	if (!--domain->invalidations && !list_empty(&domain->doubtful))
		ioasid_domain_look(domain);
	spin_unlock(&domain->lock);
}

/* The process has gone, or has called exec(): no address means anything any more. */
static void mm_released(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	struct ioasid_domain *domain = domain_of(notifier);

	spin_lock(&domain->lock);
	domain->stat.exited = true;
	ioasid_pins_orphan(domain);
	spin_unlock(&domain->lock);
}

/* No callback is in the domain any more, but a look-up may be. */
static void domain_free(struct mmu_notifier *notifier)
{
	kfree_rcu(domain_of(notifier), rcu);
}

static const struct mmu_notifier_ops domain_notifier = {
	.invalidate_range_start = invalidate_start,
	.invalidate_range_end = invalidate_end,
	.release = mm_released,
	.free_notifier = domain_free,
};

static int memory_open(struct ioasid_domain *domain, void *from)
{
	const struct ioasid_payer *payer = from;

	if (payer) {
		domain->stat.tgid = payer->task->tgid;
		get_task_comm(domain->stat.comm, payer->task->group_leader);
	}
	domain->notifier.ops = &domain_notifier;
	return mmu_notifier_register(&domain->notifier, domain->key);
}

static void memory_close(struct ioasid_domain *domain)
{
	mmu_notifier_put(&domain->notifier);
}

static int memory_pin(struct ioasid_domain *domain, struct ioasid_runs *runs, u64 va, u64 pages,
		      bool write, u64 *bad)
{
	return ioasid_gup(domain->key, runs, va, pages, write, bad);
}

static int memory_same(struct ioasid_domain *domain, const struct ioasid_runs *runs, u64 va,
		       u64 page, u64 pages, bool write, u64 *bad)
{
	int ret = ioasid_gup_compare(domain->key, runs, va, page, pages, write, bad);
	unsigned long last = *bad;

	/* What a device has now can't be had here, and surely isn't what was there. */
	return ret == -EFAULT && ioasid_device_at(domain->key, *bad, &last) ? 0 : ret;
}

static bool memory_gone(struct ioasid_domain *domain, const struct ioasid_runs *runs, u64 va,
			u64 page, u64 pages)
{
	return ioasid_gup_gone(domain->key, runs, va, page, pages);
}

const struct ioasid_source ioasid_source_memory = {
	.kind = IOASID_SOURCE_MEMORY,
	.charged = true,
	.open = memory_open,
	.close = memory_close,
	.pin = memory_pin,
	.same = memory_same,
	.gone = memory_gone,
	.release = ioasid_gup_release,
};

/**
 * ioasid_domain_of() - the domain of a process's memory
 * @payer: whose; it may be exiting
 *
 * Context: may sleep, takes the mmap lock the first time.
 * Return: as ioasid_domain_get(), and -ENODEV when the memory is being torn down.
 */
struct ioasid_domain *ioasid_domain_of(const struct ioasid_payer *payer)
{
	struct ioasid_domain *domain;

	if (!payer)
		return ioasid_domain_get(&ioasid_source_memory, current->mm, NULL);
	if (!mmget_not_zero(payer->mm))
		return ERR_PTR(-ENODEV);
	domain = ioasid_domain_get(&ioasid_source_memory, payer->mm, (void *)payer);
	mmput(payer->mm);
	return domain;
}
