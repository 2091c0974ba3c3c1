// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pin domain: see domain.h for the vocabulary.
 *
 * Invariants. A source has at most one domain with references. A domain in the list has references
 * or is about to leave the list.
 *
 * Lock order: domains_making, what a source takes when it is opened (the mmap lock); domains_lock.
 */
#include "pin/domain.h"

#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "fault.h"

static DEFINE_MUTEX(domains_making); /* one source gets one domain */
static DEFINE_SPINLOCK(domains_lock); /* guards the list, the hash and the last reference */
static LIST_HEAD(domains);
static DEFINE_HASHTABLE(domains_by_key, 10); /* readers under RCU */
static u64 domains_made;
static struct workqueue_struct *looks;

/**
 * ioasid_domain_find() - the domain of a source, if it has one
 * @source: its kind
 * @key: which one
 *
 * Return: the domain with a reference, or NULL.
 */
struct ioasid_domain *ioasid_domain_find(const struct ioasid_source *source, void *key)
{
	struct ioasid_domain *domain, *found = NULL;

	rcu_read_lock();
	hash_for_each_possible_rcu(domains_by_key, domain, node, (unsigned long)key) {
		if (domain->source == source && domain->key == key &&
		    refcount_inc_not_zero(&domain->refs)) {
			found = domain;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

static void look(struct work_struct *work)
{
	struct ioasid_domain *domain = container_of(work, struct ioasid_domain, look);

	ioasid_pins_look(domain);
	ioasid_domain_put(domain);
}

static struct ioasid_domain *domain_make(const struct ioasid_source *source, void *key, void *from)
{
	struct ioasid_domain *domain;
	int ret;

	domain = ioasid_fault() ? NULL : kzalloc(sizeof(*domain), GFP_KERNEL_ACCOUNT);
	if (!domain)
		return ERR_PTR(-ENOMEM);
	domain->source = source;
	domain->key = key;
	refcount_set(&domain->refs, 1);
	spin_lock_init(&domain->lock);
	domain->tree = RB_ROOT_CACHED;
	domain->stale = RB_ROOT_CACHED;
	domain->pins = RB_ROOT;
	INIT_LIST_HEAD(&domain->doubtful);
	INIT_WORK(&domain->look, look);
	init_waitqueue_head(&domain->settled);
	domain->stat.source = source->kind;
	domain->stat.tgid = current->tgid;
	get_task_comm(domain->stat.comm, current->group_leader);

	ret = source->open(domain, from);
	if (ret) {
		kfree(domain);
		/* Registering an mmu notifier gives way to any signal, even a harmless one. */
		if (ret == -EINTR && !fatal_signal_pending(current))
			ret = -ERESTARTNOINTR;
		return ERR_PTR(ret);
	}
	spin_lock(&domains_lock);
	domain->stat.domain = ++domains_made;
	list_add_tail(&domain->link, &domains);
	hash_add_rcu(domains_by_key, &domain->node, (unsigned long)key);
	spin_unlock(&domains_lock);
	return domain;
}

/**
 * ioasid_domain_get() - the domain of a source
 * @source: its kind
 * @key: which one
 * @from: what the source's open wants; valid during the call
 *
 * Context: may sleep, takes the mmap lock the first time.
 * Return: the domain with a reference, or an ERR_PTR: -ENOMEM, -EINTR, -ERESTARTNOINTR (nothing has
 * happened, the call is to be made again when the signal was handled), what the source's open says.
 */
struct ioasid_domain *ioasid_domain_get(const struct ioasid_source *source, void *key, void *from)
{
	struct ioasid_domain *domain = ioasid_domain_find(source, key);

	if (domain)
		return domain;
	if (mutex_lock_killable(&domains_making))
		return ERR_PTR(-EINTR);
	domain = ioasid_domain_find(source, key) ?: domain_make(source, key, from);
	mutex_unlock(&domains_making);
	return domain;
}

/**
 * ioasid_domain_hold() - take one more reference
 * @domain: a domain that the caller has a reference to
 */
void ioasid_domain_hold(struct ioasid_domain *domain)
{
	refcount_inc(&domain->refs);
}

/**
 * ioasid_domain_put() - drop a reference
 * @domain: the domain; the last reference frees it, after all callbacks have left it
 *
 * Context: may sleep when it is the last one.
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
	WARN_ON_ONCE(!RB_EMPTY_ROOT(&domain->pins));
	domain->source->close(domain);
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
 * ioasid_domain_look() - let a work item look at the doubtful pins
 * @domain: the domain; its lock is held, and it has pins
 */
void ioasid_domain_look(struct ioasid_domain *domain)
{
	lockdep_assert_held(&domain->lock);
	/* The pins have references too, so neither step meets the last one. */
	refcount_inc(&domain->refs);
	if (!queue_work(looks, &domain->look))
		refcount_dec(&domain->refs);
}

/**
 * ioasid_domain_init() - prepare for making domains
 *
 * Return: 0 or -ENOMEM.
 */
int ioasid_domain_init(void)
{
	looks = alloc_workqueue("ioasid", WQ_UNBOUND, 0);
	return looks ? 0 : -ENOMEM;
}

/**
 * ioasid_domain_exit() - wait until all domains are freed
 *
 * For module exit, when no file is open any more.
 */
void ioasid_domain_exit(void)
{
	destroy_workqueue(looks);
	mmu_notifier_synchronize();
	rcu_barrier();
}
