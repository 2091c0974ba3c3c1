/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mapping: one IOVA range of an address space that leads to a part of one pin; or to nothing, and
 * is reserved: then it only keeps its IOVAs from being used.
 *
 * The mappings of an address space never overlap. Their tree is sorted by IOVA, and each node knows
 * the largest gap in its subtree, so that both a look-up and the search for a free range take a
 * time that grows with the logarithm of their number.
 */
#ifndef IOASID_IOAS_MAPPING_H
#define IOASID_IOAS_MAPPING_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#include "pin/pin.h"
#include "policy/place.h"

struct ioasid_ioas;

/**
 * struct ioasid_mapping - a mapping
 * @node: in the tree
 * @start: first IOVA
 * @last: last IOVA
 * @gap: free bytes between the mapping before and this one
 * @subtree_gap: the largest gap in the node's subtree
 * @segment: the part of the pin; has a reference. No pin and no pages: a reserved range
 * @user: what the pin knows it by
 * @ioas: the address space
 * @maker: kernel code that mapped it and unmaps it by itself; 0: a call on /dev/ioasid
 * @access: IOASID_TABLE_READ, IOASID_TABLE_WRITE
 * @busy: being mapped or unmapped; never of a reserved range
 * @link: for the list of whoever made it busy
 */
struct ioasid_mapping {
	struct rb_node node;
	u64 start;
	u64 last;
	u64 gap;
	u64 subtree_gap;
	struct ioasid_segment segment;
	struct ioasid_pin_user user;
	struct ioasid_ioas *ioas;
	u32 maker;
	u8 access;
	bool busy;
	struct list_head link;
};

struct ioasid_mapping *ioasid_mapping_alloc(bool must);
size_t ioasid_mapping_size(void);
void ioasid_mapping_free(struct ioasid_mapping *mapping);
int ioasid_mapping_init(void);
void ioasid_mapping_exit(void);

struct ioasid_mapping *ioasid_mapping_first(const struct rb_root *tree, u64 start, u64 last);
struct ioasid_mapping *ioasid_mapping_next(const struct ioasid_mapping *mapping, u64 last);
void ioasid_mapping_insert(struct rb_root *tree, struct ioasid_mapping *mapping);
void ioasid_mapping_erase(struct rb_root *tree, struct ioasid_mapping *mapping);
void ioasid_mapping_split(struct rb_root *tree, struct ioasid_mapping *mapping, u64 at,
			  struct ioasid_mapping *rest);
int ioasid_mapping_find_gap(const struct rb_root *tree, const struct ioasid_search *search,
			    u64 *best, u64 *iova);

static inline u64 ioasid_mapping_pages(const struct ioasid_mapping *mapping)
{
	return mapping->segment.pages;
}

static inline bool ioasid_mapping_reserved(const struct ioasid_mapping *mapping)
{
	return !mapping->segment.pin;
}

#endif /* IOASID_IOAS_MAPPING_H */
