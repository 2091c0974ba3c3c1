/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pin: one group of pinned pages of one process, with one reference count.
 *
 * A segment is a part of one pin. Pinning an address range yields a list of segments that covers
 * it: what is pinned already is shared, only the gaps are pinned and charged.
 */
#ifndef IOASID_PIN_PIN_H
#define IOASID_PIN_PIN_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include "pin/domain.h"
#include "pin/ledger.h"
#include "pin/run.h"
#include "refusal.h"

/**
 * enum ioasid_pin_state - what may be done with a pin
 * @IOASID_PIN_BUSY: in the tree, its pages are being pinned or compared; wait
 * @IOASID_PIN_LIVE: in the tree, may be shared
 * @IOASID_PIN_STALE: not in the tree: the process has other pages at this address now
 * @IOASID_PIN_FAILED: not in the tree: could not be charged or pinned
 */
enum ioasid_pin_state {
	IOASID_PIN_BUSY,
	IOASID_PIN_LIVE,
	IOASID_PIN_STALE,
	IOASID_PIN_FAILED,
};

/**
 * struct ioasid_pin_group - one group of pinned pages
 * @node: in the domain's tree
 * @va: first address
 * @last: last address
 * @subtree_last: the tree's
 * @domain: whose pages; referenced
 * @link: in domain->pins
 * @refs: segments: of mappings, of handles, of calls at work
 * @runs: the pages
 * @pages: pages that are pinned and counted; 0 while the pin is made or released
 * @charge: what its owner is charged
 * @number: system-wide
 * @walked: scratch of the audit: mappings found
 * @walked_pages: scratch of the audit: pages of these
 * @since: when it was pinned, in ns
 * @mappings: mappings among @refs
 * @mapped: pages of these
 * @handles: handles among @refs
 * @state: guarded, as all that follows, by the domain's lock
 * @write: pinned for writing
 * @suspect: the process's page table has changed here since
 * @in_tree: in the domain's tree
 */
struct ioasid_pin_group {
	struct rb_node node;
	unsigned long va;
	unsigned long last;
	unsigned long subtree_last;
	struct ioasid_domain *domain;
	struct list_head link;
	refcount_t refs;
	struct ioasid_runs runs;
	u64 pages;
	struct ioasid_charge charge;
	u64 number;
	u64 walked;
	u64 walked_pages;
	u64 since;
	u64 mappings;
	u64 mapped;
	u32 handles;
	enum ioasid_pin_state state;
	bool write;
	bool suspect;
	bool in_tree;
};

/**
 * struct ioasid_segment - a part of one pin
 * @pin: the pin; the segment has a reference to it
 * @page: first page of the part
 * @pages: its pages
 */
struct ioasid_segment {
	struct ioasid_pin_group *pin;
	u64 page;
	u64 pages;
};

/**
 * struct ioasid_segments - what covers a range, in order
 * @list: the segments
 * @count: how many
 * @capacity: how many @list has room for
 * @pages: pages of all
 * @reused: of these, pinned before
 */
struct ioasid_segments {
	struct ioasid_segment *list;
	u32 count;
	u32 capacity;
	u64 pages;
	u64 reused;
};

int ioasid_pin_range(struct ioasid_domain *domain, unsigned long va, u64 pages, bool write,
		     struct ioasid_segments *segments, struct ioasid_refusal *why);
int ioasid_segments_slice(const struct ioasid_segments *from, u64 page, u64 pages,
			  struct ioasid_segments *to);
void ioasid_segments_put(struct ioasid_segments *segments);
u64 ioasid_segments_runs(const struct ioasid_segments *segments);

bool ioasid_pins_mapped(const struct ioasid_segments *segments);
void ioasid_pin_count_handles(const struct ioasid_segments *segments, int by);

void ioasid_pin_get(struct ioasid_pin_group *pin);
void ioasid_pin_put(struct ioasid_pin_group *pin);
void ioasid_pin_count_mapping(struct ioasid_pin_group *pin, u64 pages);
void ioasid_pin_uncount_mapping(struct ioasid_pin_group *pin, u64 pages);
void ioasid_pin_split_mapping(struct ioasid_pin_group *pin);

u32 ioasid_pins_audit(struct ioasid_domain *domain, struct ioasid_domain_stat *sum, u64 *in_flight,
		      char *text, size_t size);

#endif /* IOASID_PIN_PIN_H */
