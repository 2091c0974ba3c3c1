// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping: see mapping.h.
 *
 * Invariants. Neighbours in the tree don't overlap. mapping->gap is mapping->start minus the IOVA
 * after the neighbour before (0 for the first); subtree_gap is the maximum over the subtree. The
 * gap behind the last mapping belongs to no node.
 *
 * The address space's lock guards the tree: for writing to change it, for reading to search it.
 */
#include "ioas/mapping.h"

#include <linux/align.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/rbtree_augmented.h>
#include <linux/slab.h>

#include "fault.h"

static struct kmem_cache *mappings;

/**
 * ioasid_mapping_init() - prepare for making mappings
 *
 * Return: 0 or -ENOMEM.
 */
int ioasid_mapping_init(void)
{
	mappings = KMEM_CACHE(ioasid_mapping, SLAB_ACCOUNT);
	return mappings ? 0 : -ENOMEM;
}

/**
 * ioasid_mapping_exit() - undo ioasid_mapping_init(); there are no mappings
 */
void ioasid_mapping_exit(void)
{
	kmem_cache_destroy(mappings);
}

/**
 * ioasid_mapping_alloc() - a new mapping, in no tree
 * @must: don't fail, wait for memory instead: unmapping can't fail
 *
 * Context: may sleep.
 * Return: the mapping, or NULL, never NULL with @must.
 */
struct ioasid_mapping *ioasid_mapping_alloc(bool must)
{
	if (!must && ioasid_fault())
		return NULL;
	return kmem_cache_zalloc(mappings, GFP_KERNEL | (must ? __GFP_NOFAIL : 0));
}

/**
 * ioasid_mapping_size() - bytes of memory that one mapping takes
 */
size_t ioasid_mapping_size(void)
{
	return kmem_cache_size(mappings);
}

/**
 * ioasid_mapping_free() - free a mapping
 * @mapping: in no tree, without a reference to a pin; or NULL
 */
void ioasid_mapping_free(struct ioasid_mapping *mapping)
{
	if (mapping)
		kmem_cache_free(mappings, mapping);
}

static u64 own_gap(struct ioasid_mapping *mapping)
{
	return mapping->gap;
}

RB_DECLARE_CALLBACKS_MAX(static, gap_callbacks, struct ioasid_mapping, node, u64, subtree_gap,
			 own_gap)

static struct ioasid_mapping *mapping_of(struct rb_node *node)
{
	return rb_entry_safe(node, struct ioasid_mapping, node);
}

static struct ioasid_mapping *next_of(const struct ioasid_mapping *mapping)
{
	return mapping_of(rb_next(&mapping->node));
}

static struct ioasid_mapping *prev_of(const struct ioasid_mapping *mapping)
{
	return mapping_of(rb_prev(&mapping->node));
}

static void update_gap(struct ioasid_mapping *mapping)
{
	struct ioasid_mapping *prev = prev_of(mapping);

	mapping->gap = mapping->start - (prev ? prev->last + 1 : 0);
	gap_callbacks.propagate(&mapping->node, NULL);
}

/**
 * ioasid_mapping_first() - the first mapping that overlaps a range
 * @tree: the tree
 * @start: first IOVA of the range
 * @last: last IOVA of the range
 *
 * Return: the mapping, or NULL.
 */
struct ioasid_mapping *ioasid_mapping_first(const struct rb_root *tree, u64 start, u64 last)
{
	struct ioasid_mapping *mapping, *first = NULL;
	struct rb_node *node = tree->rb_node;

	while (node) {
		mapping = mapping_of(node);
		if (mapping->last < start) {
			node = node->rb_right;
		} else {
			first = mapping;
			node = node->rb_left;
		}
	}
	return first && first->start <= last ? first : NULL;
}

/**
 * ioasid_mapping_next() - the next mapping that overlaps a range
 * @mapping: the one before
 * @last: last IOVA of the range
 *
 * Return: the mapping, or NULL.
 */
struct ioasid_mapping *ioasid_mapping_next(const struct ioasid_mapping *mapping, u64 last)
{
	struct ioasid_mapping *next = next_of(mapping);

	return next && next->start <= last ? next : NULL;
}

/**
 * ioasid_mapping_insert() - put a mapping into the tree
 * @tree: the tree
 * @mapping: overlaps none in the tree
 */
void ioasid_mapping_insert(struct rb_root *tree, struct ioasid_mapping *mapping)
{
	struct rb_node **link = &tree->rb_node, *parent = NULL;
	struct ioasid_mapping *next;

	while (*link) {
		parent = *link;
		link = mapping->start < mapping_of(parent)->start ? &parent->rb_left :
								    &parent->rb_right;
	}
	mapping->gap = 0;
	mapping->subtree_gap = 0;
	rb_link_node(&mapping->node, parent, link);
	rb_insert_augmented(&mapping->node, tree, &gap_callbacks);
	update_gap(mapping);
	next = next_of(mapping);
	if (next)
		update_gap(next);
}

/**
 * ioasid_mapping_erase() - take a mapping out of the tree
 * @tree: the tree
 * @mapping: is in it
 */
void ioasid_mapping_erase(struct rb_root *tree, struct ioasid_mapping *mapping)
{
	struct ioasid_mapping *next = next_of(mapping);

	rb_erase_augmented(&mapping->node, tree, &gap_callbacks);
	if (next)
		update_gap(next);
}

/**
 * ioasid_mapping_split() - make two mappings of one
 * @tree: the tree
 * @mapping: is in it; keeps what is before @at
 * @at: an IOVA inside the mapping, page-aligned, not its first
 * @rest: fresh; becomes what is from @at on, and shares the reference to the pin
 */
void ioasid_mapping_split(struct rb_root *tree, struct ioasid_mapping *mapping, u64 at,
			  struct ioasid_mapping *rest)
{
	u64 pages = (at - mapping->start) >> PAGE_SHIFT;

	rest->start = at;
	rest->last = mapping->last;
	rest->access = mapping->access;
	rest->busy = mapping->busy;
	rest->ioas = mapping->ioas;
	rest->segment.pin = mapping->segment.pin;
	rest->segment.page = mapping->segment.page + pages;
	rest->segment.pages = mapping->segment.pages - pages;
	mapping->last = at - 1;
	mapping->segment.pages = pages;
	ioasid_mapping_insert(tree, rest);
}

/* The first node in order, of the subtree, with a gap that large. */
static struct ioasid_mapping *leftmost_gap(struct ioasid_mapping *mapping, u64 length)
{
	struct ioasid_mapping *left;

	for (;;) {
		left = mapping_of(mapping->node.rb_left);
		if (left && left->subtree_gap >= length)
			mapping = left;
		else if (mapping->gap >= length)
			return mapping;
		else
			mapping = mapping_of(mapping->node.rb_right);
	}
}

static struct ioasid_mapping *rightmost_gap(struct ioasid_mapping *mapping, u64 length)
{
	struct ioasid_mapping *right;

	for (;;) {
		right = mapping_of(mapping->node.rb_right);
		if (right && right->subtree_gap >= length)
			mapping = right;
		else if (mapping->gap >= length)
			return mapping;
		else
			mapping = mapping_of(mapping->node.rb_left);
	}
}

/* The next node in order with a gap that large. */
static struct ioasid_mapping *next_gap(struct ioasid_mapping *mapping, u64 length)
{
	struct ioasid_mapping *right = mapping_of(mapping->node.rb_right), *parent;
	bool from_left;

	if (right && right->subtree_gap >= length)
		return leftmost_gap(right, length);
	for (parent = mapping_of(rb_parent(&mapping->node)); parent;
	     mapping = parent, parent = mapping_of(rb_parent(&mapping->node))) {
		from_left = parent->node.rb_left == &mapping->node;
		if (!from_left)
			continue;
		if (parent->gap >= length)
			return parent;
		right = mapping_of(parent->node.rb_right);
		if (right && right->subtree_gap >= length)
			return leftmost_gap(right, length);
	}
	return NULL;
}

static struct ioasid_mapping *prev_gap(struct ioasid_mapping *mapping, u64 length)
{
	struct ioasid_mapping *left = mapping_of(mapping->node.rb_left), *parent;
	bool from_right;

	if (left && left->subtree_gap >= length)
		return rightmost_gap(left, length);
	for (parent = mapping_of(rb_parent(&mapping->node)); parent;
	     mapping = parent, parent = mapping_of(rb_parent(&mapping->node))) {
		from_right = parent->node.rb_right == &mapping->node;
		if (!from_right)
			continue;
		if (parent->gap >= length)
			return parent;
		left = mapping_of(parent->node.rb_left);
		if (left && left->subtree_gap >= length)
			return rightmost_gap(left, length);
	}
	return NULL;
}

/* Lowest, or highest, range in the free IOVAs low to high that the search wants. */
static bool fits(const struct ioasid_search *search, u64 low, u64 high, u64 *iova)
{
	u64 start, end;

	low = max(low, search->first);
	high = min(high, search->last);
	if (low > high || high - low < search->length - 1)
		return false;
	if (search->top_down) {
		end = high - (search->length - 1);
		if (end < search->skew)
			return false;
		start = ALIGN_DOWN(end - search->skew, search->align) + search->skew;
		if (start < low)
			return false;
	} else {
		start = low <= search->skew ?
				search->skew :
				ALIGN(low - search->skew, search->align) + search->skew;
		if (start < low || start > high - (search->length - 1))
			return false;
	}
	*iova = start;
	return true;
}

static bool gap_fits(const struct ioasid_search *search, const struct ioasid_mapping *mapping,
		     u64 *iova)
{
	return mapping->gap &&
	       fits(search, mapping->start - mapping->gap, mapping->start - 1, iova);
}

static int find_up(const struct rb_root *tree, const struct ioasid_search *search, u64 *iova)
{
	struct ioasid_mapping *mapping = ioasid_mapping_first(tree, search->first, U64_MAX);
	struct ioasid_mapping *last = mapping_of(rb_last(tree));

	while (mapping && mapping->start - mapping->gap <= search->last) {
		if (mapping->gap >= search->length && gap_fits(search, mapping, iova))
			return 0;
		mapping = next_gap(mapping, search->length);
	}
	if (last->last != U64_MAX && fits(search, last->last + 1, U64_MAX, iova))
		return 0;
	return -ENOSPC;
}

static int find_down(const struct rb_root *tree, const struct ioasid_search *search, u64 *iova)
{
	struct ioasid_mapping *last = mapping_of(rb_last(tree));
	struct ioasid_mapping *mapping;

	if (last->last != U64_MAX && fits(search, last->last + 1, U64_MAX, iova))
		return 0;
	mapping = ioasid_mapping_first(tree, search->last, U64_MAX) ?: last;
	while (mapping && mapping->start - 1 >= search->first) {
		if (mapping->gap >= search->length && gap_fits(search, mapping, iova))
			return 0;
		mapping = prev_gap(mapping, search->length);
	}
	return -ENOSPC;
}

/* Take the free IOVAs start to last if they are fewer than the best so far, and will do. */
static void take_best(const struct ioasid_search *search, u64 start, u64 last, u64 *best, u64 *iova)
{
	u64 low = max(start, search->first), high = min(last, search->last), at;

	if (fits(search, start, last, &at) && high - low < *best) {
		*best = high - low;
		*iova = at;
	}
}

static int find_best(const struct rb_root *tree, const struct ioasid_search *search, u64 *best,
		     u64 *iova)
{
	struct ioasid_mapping *mapping = ioasid_mapping_first(tree, search->first, U64_MAX);
	struct ioasid_mapping *last = mapping_of(rb_last(tree));
	u64 before = *best;
	unsigned int seen;

	for (seen = 0; seen < IOASID_BEST_FIT_RANGES; seen++) {
		if (!mapping || mapping->start - mapping->gap > search->last)
			break;
		if (mapping->gap)
			take_best(search, mapping->start - mapping->gap, mapping->start - 1, best,
				  iova);
		mapping = next_gap(mapping, search->length);
	}
	if (!mapping && last->last != U64_MAX)
		take_best(search, last->last + 1, U64_MAX, best, iova);
	return *best < before ? 0 : -ENOSPC;
}

/**
 * ioasid_mapping_find_gap() - find a free range
 * @tree: the tree
 * @search: what is wanted
 * @best: with @search->best_fit: bytes less one of the smallest range that was found before, or all
 *	ones; set when one is found that is smaller. Else left alone
 * @iova: set to the first IOVA of the range
 *
 * Return: 0 or -ENOSPC.
 */
int ioasid_mapping_find_gap(const struct rb_root *tree, const struct ioasid_search *search,
			    u64 *best, u64 *iova)
{
	u64 before = *best;

	if (RB_EMPTY_ROOT(tree) && search->best_fit) {
		take_best(search, 0, U64_MAX, best, iova);
		return *best < before ? 0 : -ENOSPC;
	}
	if (RB_EMPTY_ROOT(tree))
		return fits(search, 0, U64_MAX, iova) ? 0 : -ENOSPC;
	if (search->best_fit)
		return find_best(tree, search, best, iova);
	return search->top_down ? find_down(tree, search, iova) : find_up(tree, search, iova);
}
