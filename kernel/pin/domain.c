// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pin domain: see domain.h for the vocabulary.
 *
 * Invariants. An mm has at most one domain with references. A domain in the list has references or
 * is about to leave the list. Between the begin and the end of a change to the page table,
 * domain->invalidations is not 0, and every pin of the range is suspect from the begin on; a pin
 * that comes into the tree meanwhile is suspect too.
 *
 * The notifier's callbacks run in memory reclaim, under page and page-table-related locks, and may
 * not sleep. They take domain->lock and nothing else; so nothing is allocated under that lock.
 *
 * Lock order: domains_making, mmap lock; domains_lock, mm's notifier lock; domain->lock.
 */
#include "pin/domain.h"

#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

static DEFINE_MUTEX(domains_making); /* one mm gets one domain */
static DEFINE_SPINLOCK(domains_lock); /* guards the list, the hash and the last reference */
static LIST_HEAD(domains);
static DEFINE_HASHTABLE(domains_by_mm, 10); /* readers under RCU */
static u64 domains_made;

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
	domain->invalidations--;
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

/**
 * ioasid_domain_find_current() - the calling process's domain, if it has one
 *
 * Return: the domain with a reference, or NULL.
 */
struct ioasid_domain *ioasid_domain_find_current(void)
{
	struct ioasid_domain *domain, *found = NULL;

	rcu_read_lock();
	hash_for_each_possible_rcu(domains_by_mm, domain, node, (unsigned long)current->mm) {
		if (domain->notifier.mm == current->mm && refcount_inc_not_zero(&domain->refs)) {
			found = domain;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

static struct ioasid_domain *domain_make(void)
{
	struct ioasid_domain *domain;
	int ret;

	domain = kzalloc(sizeof(*domain), GFP_KERNEL_ACCOUNT);
	if (!domain)
		return ERR_PTR(-ENOMEM);
	refcount_set(&domain->refs, 1);
	spin_lock_init(&domain->lock);
	domain->tree = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&domain->pins);
	init_waitqueue_head(&domain->settled);
	domain->stat.tgid = current->tgid;
	get_task_comm(domain->stat.comm, current->group_leader);

	domain->notifier.ops = &domain_notifier;
	ret = mmu_notifier_register(&domain->notifier, current->mm);
	if (ret) {
		kfree(domain);
		return ERR_PTR(ret);
	}
	spin_lock(&domains_lock);
	domain->stat.domain = ++domains_made;
	list_add_tail(&domain->link, &domains);
	hash_add_rcu(domains_by_mm, &domain->node, (unsigned long)current->mm);
	spin_unlock(&domains_lock);
	return domain;
}

/**
 * ioasid_domain_get_current() - the calling process's domain
 *
 * Context: may sleep, takes the mmap lock the first time. The caller must have an mm.
 * Return: the domain with a reference, or an ERR_PTR: -ENOMEM, -EINTR.
 */
struct ioasid_domain *ioasid_domain_get_current(void)
{
	struct ioasid_domain *domain = ioasid_domain_find_current();

	if (domain)
		return domain;
	if (mutex_lock_killable(&domains_making))
		return ERR_PTR(-EINTR);
	domain = ioasid_domain_find_current() ?: domain_make();
	mutex_unlock(&domains_making);
	return domain;
}

/**
 * ioasid_domain_get() - take one more reference
 * @domain: a domain that the caller has a reference to
 */
void ioasid_domain_get(struct ioasid_domain *domain)
{
	refcount_inc(&domain->refs);
}

/**
 * ioasid_domain_put() - drop a reference
 * @domain: the domain; the last reference frees it, after all callbacks have left it
 */
void ioasid_domain_put(struct ioasid_domain *domain)
{
	bool last;

	if (refcount_dec_not_one(&domain->refs))
		return;
	spin_lock(&domains_lock);
	last = refcount_dec_and_test(&domain->refs);
	if (last) {
		list_del(&domain->link);
		hash_del_rcu(&domain->node);
	}
	spin_unlock(&domains_lock);
	if (!last)
		return;
	WARN_ON_ONCE(!list_empty(&domain->pins));
	mmu_notifier_put(&domain->notifier);
}

/**
 * ioasid_domain_next() - iterate over all domains in order of their numbers
 * @after: the domain before, whose reference is dropped, or NULL to begin
 *
 * Return: the next domain with a reference, or NULL.
 */
struct ioasid_domain *ioasid_domain_next(struct ioasid_domain *after)
{
	struct ioasid_domain *next = NULL;

	spin_lock(&domains_lock);
	if (after)
		next = list_is_last(&after->link, &domains) ? NULL : list_next_entry(after, link);
	else
		next = list_first_entry_or_null(&domains, struct ioasid_domain, link);
	if (next)
		refcount_inc(&next->refs);
	spin_unlock(&domains_lock);
	if (after)
		ioasid_domain_put(after);
	return next;
}

/**
 * ioasid_domain_exit() - wait until all domains are freed
 *
 * For module exit, when no file is open any more.
 */
void ioasid_domain_exit(void)
{
	mmu_notifier_synchronize();
	rcu_barrier();
}
