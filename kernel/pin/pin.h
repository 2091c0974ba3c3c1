/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pin: one group of pinned pages of one process, with one reference count.
 *
 * A segment is a part of one pin. Pinning an address range yields a list of segments that covers
 * it: what is pinned already is shared, only the gaps are pinned and charged.
 *
 * A pin for reading is no use to a writer, who gets a pin of its own over it. That one has the pin
 * for reading as its base: it holds a reference to it, and is charged only for the pages that are
 * not the base's.
 *
 * A process's memory may be a device's in parts (source/device.c). A pin is all of one kind; one of
 * device memory has page frames without a struct page, which are neither pinned nor charged, and
 * which the CPU must not touch. Only who asks for such memory gets it.
 */
#ifndef IOASID_PIN_PIN_H
#define IOASID_PIN_PIN_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "pin/domain.h"
#include "pin/ledger.h"
#include "pin/run.h"
#include "pin/segment.h"
#include "refusal.h"

struct page;

/**
 * enum ioasid_pin_state - what may be done with a pin
 * @IOASID_PIN_BUSY: in the tree, its pages are being pinned or compared; wait
 * @IOASID_PIN_LIVE: in the tree, may be shared
 * @IOASID_PIN_STALE: not in the tree: the process has other pages at this address now
 * @IOASID_PIN_FAILED: not in the tree: could not be charged or pinned
 * @IOASID_PIN_DYING: in the tree, its pages are being let go; wait, and it is gone
 */
enum ioasid_pin_state {
	IOASID_PIN_BUSY,
	IOASID_PIN_LIVE,
	IOASID_PIN_STALE,
	IOASID_PIN_FAILED,
	IOASID_PIN_DYING,
};

/**
 * struct ioasid_pin_user - a mapping, as its pin knows it
 * @node: among the users of the pin
 */
struct ioasid_pin_user {
	struct hlist_node node;
};

/**
 * struct ioasid_pin_group - one group of pinned pages
 * @node: in the domain's tree
 * @va: first address
 * @last: last address
 * @subtree_last: the tree's
 * @domain: whose pages; referenced
 * @source: what can be done with them: the domain's, or that of device memory
 * @by_number: in domain->pins
 * @refs: segments: of mappings, of handles, of calls at work; and pins that it is the base of
 * @runs: the pages
 * @pages: pages that are pinned and counted; 0 while the pin is made or released
 * @metadata: bytes of memory that the pin and its runs take, 0 as @pages
 * @charge: what its owner is charged
 * @base: the pin for reading that this one is over, referenced, or NULL
 * @number: system-wide
 * @walked: scratch of the audit: mappings found
 * @walked_pages: scratch of the audit: pages of these
 * @since: when it was pinned, in ns
 * @users: its mappings
 * @mappings: how many; among @refs
 * @mapped: pages of these
 * @handles: handles among @refs
 * @bases: pins among @refs
 * @state: guarded, as all that follows, by the domain's lock
 * @write: pinned for writing
 * @tree: which of the domain's trees it is in, or NULL
 * @suspect_first: first page that the source may have changed since
 * @suspect_end: first page after these; 0 when there are none
 * @doubt: in domain->doubtful
 * @looking: the work item is looking at it, and has no reference
 */
struct ioasid_pin_group {
	struct rb_node node;
	unsigned long va;
	unsigned long last;
	unsigned long subtree_last;
	struct ioasid_domain *domain;
	const struct ioasid_source *source;
	struct rb_node by_number;
	refcount_t refs;
	struct ioasid_runs runs;
	u64 pages;
	u32 metadata;
	struct ioasid_charge charge;
	struct ioasid_pin_group *base;
	u64 number;
	u64 walked;
	u64 walked_pages;
	u64 since;
	struct hlist_head users;
	u64 mappings;
	u64 mapped;
	u32 handles;
	u32 bases;
	enum ioasid_pin_state state;
	bool write;
	struct rb_root_cached *tree;
	u32 suspect_first;
	u32 suspect_end;
	struct list_head doubt;
	bool looking;
};

/**
 * struct ioasid_pin_wish - what is to be pinned
 * @domain: of the source
 * @va: first address, page-aligned
 * @pages: pages, at least one; the range does not wrap
 * @write: the pages will be written
 * @device: it may be device memory; for a process's memory only
 * @mode: what else than the ledger counts them
 * @payer: who is charged; of a process's memory, of which the pages are, too
 */
struct ioasid_pin_wish {
	struct ioasid_domain *domain;
	u64 va;
	u64 pages;
	bool write;
	bool device;
	enum ioasid_charge_mode mode;
	const struct ioasid_payer *payer;
};

/* Called when a live mapping's pin is found to be stale, with the domain's lock held. */
extern void (*ioasid_pin_stale_hook)(struct ioasid_pin_user *user);

int ioasid_pin_init(void);
void ioasid_pin_exit(void);

int ioasid_pin_range(const struct ioasid_pin_wish *wish, struct ioasid_segments *segments,
		     struct ioasid_refusal *why);
int ioasid_pin_dry_run(const struct ioasid_pin_wish *wish, u64 *missing,
		       struct ioasid_refusal *why);
int ioasid_pin_page(const struct ioasid_pin_wish *wish, struct ioasid_segment *segment,
		    struct page **page, struct ioasid_refusal *why);
void ioasid_unpin_page(struct ioasid_segment *segment);

bool ioasid_pins_mapped(const struct ioasid_segments *segments);
void ioasid_pin_count_handles(const struct ioasid_segments *segments, int by);
u32 ioasid_pins_list(struct ioasid_domain *domain, u64 *cursor, struct ioasid_query_entry *entries,
		     u32 capacity);
bool ioasid_pins_next(struct ioasid_domain *domain, u64 *cursor, struct ioasid_pin_stat *stat);

int ioasid_pins_collect(struct xarray *pins, struct ioasid_pin_group *pin);
void ioasid_pins_forget(struct xarray *pins);
int ioasid_pins_change_owner(struct xarray *pins, enum ioasid_charge_mode mode, u64 *moved,
			     struct ioasid_refusal *why);

void ioasid_pin_get(struct ioasid_pin_group *pin);
void ioasid_pin_put(struct ioasid_pin_group *pin);
void ioasid_pin_count_mapping(struct ioasid_pin_group *pin, struct ioasid_pin_user *user,
			      u64 pages);
void ioasid_pin_uncount_mapping(struct ioasid_pin_group *pin, struct ioasid_pin_user *user,
				u64 pages);
void ioasid_pin_split_mapping(struct ioasid_pin_group *pin, struct ioasid_pin_user *rest);

/* Has it page frames only, which the CPU must not touch? */
static inline bool ioasid_pin_is_device(const struct ioasid_pin_group *pin)
{
	return pin->source->device;
}

/* The pin of a node in domain->pins, or NULL. */
static inline struct ioasid_pin_group *ioasid_pin_by_number(struct rb_node *node)
{
	return rb_entry_safe(node, struct ioasid_pin_group, by_number);
}

/* Pages that are really pinned: of a device's, none is. */
static inline u64 ioasid_pin_pinned(const struct ioasid_pin_group *pin)
{
	return ioasid_pin_is_device(pin) ? 0 : pin->pages;
}

/* Pages of its mappings beyond the first time. */
static inline u64 ioasid_pin_shared(const struct ioasid_pin_group *pin)
{
	return pin->mapped > pin->pages ? pin->mapped - pin->pages : 0;
}

/* Is it neither being pinned nor being let go? */
static inline bool ioasid_pin_settled(const struct ioasid_pin_group *pin)
{
	return pin->state != IOASID_PIN_BUSY && pin->state != IOASID_PIN_DYING;
}

/* While a mapping of the pin changes its IOVAs. */
static inline void ioasid_pin_lock(struct ioasid_pin_group *pin)
{
	spin_lock(&pin->domain->lock);
}

static inline void ioasid_pin_unlock(struct ioasid_pin_group *pin)
{
	spin_unlock(&pin->domain->lock);
}

u32 ioasid_pins_audit(struct ioasid_domain *domain, struct ioasid_domain_stat *sum, u64 *in_flight,
		      char *text, size_t size);

#endif /* IOASID_PIN_PIN_H */
