/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pin domain: all pins of one source of memory, and the source itself.
 *
 * A source is where pages come from: a process's memory (mm), a file that keeps its pages in memory
 * (memfd, tmpfs, hugetlbfs), or a buffer (dma-buf). What is said of addresses holds for offsets in
 * files and buffers as well.
 *
 * There is one domain per source, however many files of /dev/ioasid use it; it lives as long as a
 * pin or a file needs it, which may be longer than the process. An mm tells of every change that
 * the kernel makes to its page table, and the pins there become suspect: perhaps the process has
 * other pages there now. A file does not tell, so its pins are suspect always.
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
#include <linux/workqueue.h>

struct dma_buf_attachment;
struct ioasid_domain;
struct ioasid_payer;
struct ioasid_runs;
struct sg_table;

/**
 * struct ioasid_source - operations on one kind of source
 * @kind: what it is
 * @charged: its pages are charged to who pins them
 * @silent: it does not tell of changes
 * @common: its pages are the same for readers and writers
 * @device: its pages are a device's: they have no struct page, and the CPU never touches them
 * @open: get hold of the source, which the caller keeps valid meanwhile; @from is whose memory (a
 *	payer), the file, the dma-buf; 0 or a negative errno
 * @close: let go of it, and free the domain when nobody can find it any more
 * @pin: pin the pages of a range into an empty list; 0, or a negative errno: then the list is
 *	empty, and *bad is the first address that could not be had
 * @same: does the source still have these pages of a pin there? May bring pages in. 1 or 0; -EFAULT
 *	when some can't be had now, and *bad is the first of these addresses; -ENOMEM, -EINTR
 * @gone: has the source surely other pages there, or none? Touches nothing. NULL: never known
 * @release: let the pages of a list go; the list is empty then
 */
struct ioasid_source {
	enum ioasid_source_kind kind;
	bool charged;
	bool silent;
	bool common;
	bool device;
	int (*open)(struct ioasid_domain *domain, void *from);
	void (*close)(struct ioasid_domain *domain);
	int (*pin)(struct ioasid_domain *domain, struct ioasid_runs *runs, u64 va, u64 pages,
		   bool write, u64 *bad);
	int (*same)(struct ioasid_domain *domain, const struct ioasid_runs *runs, u64 va, u64 page,
		    u64 pages, bool write, u64 *bad);
	bool (*gone)(struct ioasid_domain *domain, const struct ioasid_runs *runs, u64 va, u64 page,
		     u64 pages);
	void (*release)(struct ioasid_runs *runs, bool dirty);
};

extern const struct ioasid_source ioasid_source_memory;
extern const struct ioasid_source ioasid_source_file;
extern const struct ioasid_source ioasid_source_buffer;
/* Of no domain: some of the memory of a process is a device's. */
extern const struct ioasid_source ioasid_source_device;

bool ioasid_device_at(struct mm_struct *mm, unsigned long va, unsigned long *last);

/**
 * struct ioasid_domain - all pins of one source
 * @source: what can be done with it
 * @key: which one: the mm, the file's pages (address_space), the dma-buf
 * @notifier: of an mm: tells of changes to its page table; holds the mm
 * @file: of a file: a reference to it
 * @attachment: of a buffer
 * @pages: of a buffer: its pages
 * @refs: pins, and callers at work
 * @node: in the hash of all domains, by key
 * @link: in the list of all domains, in order of their numbers
 * @lock: guards all below; see pin.c for the order
 * @tree: interval tree of the pins that may be shared, by address
 * @stale: interval tree of stale pins for reading, which may be the base of pins for writing
 * @pins: all pins, with those that are stale or on their way, by number
 * @doubtful: suspect pins that are mapped, for @look
 * @look: looks whether doubtful pins are stale
 * @invalidations: changes to the page table that are going on just now
 * @settled: woken when a pin stops being busy or has been let go
 * @settlings: how often that happened
 * @stat: counters
 * @rcu: frees it
 */
struct ioasid_domain {
	const struct ioasid_source *source;
	void *key;
	union {
		struct mmu_notifier notifier;
		struct file *file;
		struct {
			struct dma_buf_attachment *attachment;
			struct sg_table *pages;
		};
	};
	refcount_t refs;
	struct hlist_node node;
	struct list_head link;
	spinlock_t lock;
	struct rb_root_cached tree;
	struct rb_root_cached stale;
	struct rb_root pins;
	struct list_head doubtful;
	struct work_struct look;
	unsigned int invalidations;
	wait_queue_head_t settled;
	u64 settlings;
	struct ioasid_domain_stat stat;
	struct rcu_head rcu;
};

struct ioasid_domain *ioasid_domain_find(const struct ioasid_source *source, void *key);
struct ioasid_domain *ioasid_domain_get(const struct ioasid_source *source, void *key, void *from);
struct ioasid_domain *ioasid_domain_of(const struct ioasid_payer *payer);
void ioasid_domain_hold(struct ioasid_domain *domain);
void ioasid_domain_put(struct ioasid_domain *domain);
struct ioasid_domain *ioasid_domain_next(struct ioasid_domain *after);
void ioasid_domain_look(struct ioasid_domain *domain);
int ioasid_domain_init(void);
void ioasid_domain_exit(void);

/* Implemented by pin.c. Called by sources with the domain's lock held. */
void ioasid_pins_suspect(struct ioasid_domain *domain, unsigned long va, unsigned long last);
void ioasid_pins_orphan(struct ioasid_domain *domain);
/* Called by the work item without it. */
void ioasid_pins_look(struct ioasid_domain *domain);

#endif /* IOASID_PIN_DOMAIN_H */
