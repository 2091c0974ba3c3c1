/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pin domain: all pins of one process's memory (mm).
 *
 * There is one per mm, however many files the process has; it lives as long as a pin or a file
 * needs it, which may be longer than the process. Its mmu notifier hears of every change that the
 * kernel makes to the process's page table and marks the pins there as suspect: perhaps the process
 * has other pages there now.
 */
#ifndef IOASID_PIN_DOMAIN_H
#define IOASID_PIN_DOMAIN_H

#include <linux/ioasid_stat.h>
#include <linux/list.h>
#include <linux/mmu_notifier.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

/**
 * struct ioasid_domain - all pins of one mm
 * @notifier: tells of changes to the mm's page table; holds the mm
 * @refs: pins, and callers at work
 * @node: in the hash of all domains, by mm
 * @link: in the list of all domains, in order of their numbers
 * @lock: guards all below; see pin.c for the order
 * @tree: interval tree of the pins that may be shared, by address
 * @pins: all pins, with those that are stale or on their way
 * @invalidations: changes to the page table that are going on just now
 * @settled: woken when a pin stops being busy
 * @stat: counters
 * @rcu: frees it
 * @suspects: pins ever marked suspect. Rises with munmap, madvise, swap and the like over pinned
 *	memory
 * @rechecks: suspect pins that were looked up again. Each costs a walk of its pages
 */
struct ioasid_domain {
	struct mmu_notifier notifier;
	refcount_t refs;
	struct hlist_node node;
	struct list_head link;
	spinlock_t lock;
	struct rb_root_cached tree;
	struct list_head pins;
	unsigned int invalidations;
	wait_queue_head_t settled;
	struct ioasid_domain_stat stat;
	struct rcu_head rcu;
	u64 suspects;
	u64 rechecks;
};

struct ioasid_domain *ioasid_domain_get_current(void);
struct ioasid_domain *ioasid_domain_find_current(void);
void ioasid_domain_get(struct ioasid_domain *domain);
void ioasid_domain_put(struct ioasid_domain *domain);
struct ioasid_domain *ioasid_domain_next(struct ioasid_domain *after);
void ioasid_domain_exit(void);

/* Implemented by pin.c, called by the notifier with the domain's lock held. */
void ioasid_pins_suspect(struct ioasid_domain *domain, unsigned long va, unsigned long last);
void ioasid_pins_orphan(struct ioasid_domain *domain);

#endif /* IOASID_PIN_DOMAIN_H */
