// SPDX-License-Identifier: GPL-2.0-only
/*
 * Range: which IOVAs of an address space may be used.
 *
 * A reserved range is in the tree of mappings, so that neither a fixed nor a placed mapping gets
 * there, and in a tree of its own, so that the usable ranges are found without going through the
 * mappings. Allowed ranges and windows are sorted arrays. Windows are the hardware's, and come and
 * go with it; what user space reserved stays reserved, under a window too.
 *
 * Invariants: no reserved range overlaps another one, a mapping or an allowed range; allowed ranges
 * are within what all tables reach; no window overlaps a mapping or an allowed range.
 *
 * ioas->lock guards all of it; it is taken here.
 */
#include <linux/mm.h>
#include <linux/rbtree.h>
#include <linux/slab.h>

#include "fault.h"
#include "ioas/ioas.h"

/**
 * struct ioasid_reservation - a reserved range
 * @mapping: in the tree of mappings
 * @node: in ioas->reserved
 */
struct ioasid_reservation {
	struct ioasid_mapping mapping;
	struct rb_node node;
};

static struct ioasid_reservation *reservation_of(struct rb_node *node)
{
	return rb_entry_safe(node, struct ioasid_reservation, node);
}

static bool starts_before(struct rb_node *a, const struct rb_node *b)
{
	return reservation_of(a)->mapping.start <
	       rb_entry(b, struct ioasid_reservation, node)->mapping.start;
}

/* The range that overlaps start to last and comes first, or NULL. */
static const struct ioasid_range *first_range(const struct ioasid_ranges *ranges, u64 start,
					      u64 last)
{
	u32 i;

	for (i = 0; ranges && i < ranges->count; i++)
		if (ranges->ranges[i].start <= last && ranges->ranges[i].last >= start)
			return &ranges->ranges[i];
	return NULL;
}

/**
 * ioasid_ranges_join() - make ranges that overlap or meet one range
 * @ranges: at least one, in order of their starts
 */
void ioasid_ranges_join(struct ioasid_ranges *ranges)
{
	struct ioasid_range *list = ranges->ranges;
	u32 i, n = 0;

	for (i = 1; i < ranges->count; i++) {
		if (list[n].last == U64_MAX || list[i].start <= list[n].last + 1)
			list[n].last = max(list[n].last, list[i].last);
		else
			list[++n] = list[i];
	}
	ranges->count = n + 1;
}

/**
 * ioasid_ioas_allows() - may a mapping be placed there?
 * @ioas: the address space, its lock held
 * @start: first IOVA
 * @last: last IOVA
 */
bool ioasid_ioas_allows(const struct ioasid_ioas *ioas, u64 start, u64 last)
{
	const struct ioasid_range *range;

	if (!ioas->allowed)
		return true;
	range = first_range(ioas->allowed, start, last);
	return range && range->start <= start && range->last >= last;
}

/**
 * ioasid_ioas_in_window() - is a part of the range in a window?
 * @ioas: the address space, its lock held
 * @start: first IOVA
 * @last: last IOVA
 */
bool ioasid_ioas_in_window(const struct ioasid_ioas *ioas, u64 start, u64 last)
{
	return first_range(ioas->windows, start, last);
}

/**
 * ioasid_ioas_check_window() - may there be a window?
 * @ioas: the address space, its tables_lock held for writing
 * @start: first IOVA
 * @last: last IOVA
 * @why: filled on failure
 *
 * Return: 0; -EINVAL when a part is mapped; -EBUSY when a part is allowed.
 */
int ioasid_ioas_check_window(struct ioasid_ioas *ioas, u64 start, u64 last,
			     struct ioasid_refusal *why)
{
	struct ioasid_mapping *mapping;
	int ret = 0;

	lockdep_assert_held_write(&ioas->tables_lock);
	read_lock(&ioas->lock);
	mapping = ioasid_mapping_first(&ioas->tree, start, last);
	while (mapping && ioasid_mapping_reserved(mapping))
		mapping = ioasid_mapping_next(mapping, last);
	if (mapping)
		ret = -EINVAL;
	else if (first_range(ioas->allowed, start, last))
		ret = -EBUSY;
	read_unlock(&ioas->lock);
	return ret ? ioasid_refuse_window(why, start, last, ret) : 0;
}

/*
 * Search the IOVAs that are in no window, from the side where the search begins; for the best fit,
 * all of them.
 */
static int find_outside_windows(const struct ioasid_ioas *ioas, const struct ioasid_search *search,
				u64 *best, u64 *iova)
{
	const struct ioasid_range *windows = ioas->windows ? ioas->windows->ranges : NULL;
	u32 i, next, count = ioas->windows ? ioas->windows->count : 0;
	struct ioasid_search part = *search;
	int ret = -ENOSPC;

	/* Between two windows, before the first, and behind the last. */
	for (i = 0; i <= count; i++) {
		next = search->top_down ? count - i : i;
		part.first = search->first;
		part.last = search->last;
		if (next > 0) {
			if (windows[next - 1].last >= search->last)
				continue;
			part.first = max(part.first, windows[next - 1].last + 1);
		}
		if (next < count) {
			if (windows[next].start <= search->first)
				continue;
			part.last = min(part.last, windows[next].start - 1);
		}
		if (!ioasid_mapping_find_gap(&ioas->tree, &part, best, iova))
			ret = 0;
		if (!ret && !search->best_fit)
			break;
	}
	return ret;
}

/**
 * ioasid_ioas_find_gap() - find a free range where mappings may be placed
 * @ioas: the address space, its lock held
 * @search: what is wanted
 * @iova: set to the first IOVA
 *
 * Return: 0 or -ENOSPC.
 */
int ioasid_ioas_find_gap(const struct ioasid_ioas *ioas, const struct ioasid_search *search,
			 u64 *iova)
{
	const struct ioasid_ranges *allowed = ioas->allowed;
	const struct ioasid_range *range;
	struct ioasid_search part;
	u64 best = U64_MAX;
	int ret = -ENOSPC;
	u32 i;

	if (!allowed)
		return find_outside_windows(ioas, search, &best, iova);
	for (i = 0; i < allowed->count; i++) {
		range = &allowed->ranges[search->top_down ? allowed->count - 1 - i : i];
		part = *search;
		part.first = max(part.first, range->start);
		part.last = min(part.last, range->last);
		if (part.first <= part.last && !find_outside_windows(ioas, &part, &best, iova))
			ret = 0;
		if (!ret && !search->best_fit)
			break;
	}
	return ret;
}

/**
 * ioasid_ioas_reserve() - keep a range free of mappings
 * @ioas: the address space
 * @start: first IOVA, page-aligned
 * @last: last IOVA
 * @why: filled on failure
 *
 * Context: may sleep.
 * Return: 0; -EEXIST when a part is mapped, reserved or in a window; -EBUSY when a part is allowed;
 * -ENOMEM.
 */
int ioasid_ioas_reserve(struct ioasid_ioas *ioas, u64 start, u64 last, struct ioasid_refusal *why)
{
	struct ioasid_reservation *reservation;
	const struct ioasid_range *window;
	struct ioasid_mapping *taken;
	int ret = 0;

	reservation = ioasid_fault() ? NULL : kzalloc(sizeof(*reservation), GFP_KERNEL_ACCOUNT);
	if (!reservation)
		return -ENOMEM;
	reservation->mapping.start = start;
	reservation->mapping.last = last;
	reservation->mapping.ioas = ioas;

	write_lock(&ioas->lock);
	taken = ioasid_mapping_first(&ioas->tree, start, last);
	window = first_range(ioas->windows, start, last);
	if (window)
		ret = ioasid_refuse_window(why, window->start, window->last, -EEXIST);
	else if (taken)
		ret = ioasid_refuse(why, IOASID_STAGE_PLACE, taken->start,
				    taken->last - taken->start + 1, -EEXIST);
	else if (first_range(ioas->allowed, start, last))
		ret = ioasid_refuse(why, IOASID_STAGE_PLACE, start, last - start + 1, -EBUSY);
	if (!ret) {
		ioasid_mapping_insert(&ioas->tree, &reservation->mapping);
		rb_add(&reservation->node, &ioas->reserved, starts_before);
		ioas->changes++;
	}
	write_unlock(&ioas->lock);
	if (ret)
		kfree(reservation);
	return ret;
}

/* Take a reservation out of both trees; the caller frees it. */
static void remove(struct ioasid_ioas *ioas, struct ioasid_reservation *reservation)
{
	lockdep_assert_held_write(&ioas->lock);
	ioasid_mapping_erase(&ioas->tree, &reservation->mapping);
	rb_erase(&reservation->node, &ioas->reserved);
}

/**
 * ioasid_ioas_unreserve() - end a reservation
 * @ioas: the address space
 * @start: its first IOVA
 * @last: its last IOVA
 *
 * Return: 0, or -ENOENT when exactly this is not reserved.
 */
int ioasid_ioas_unreserve(struct ioasid_ioas *ioas, u64 start, u64 last)
{
	struct ioasid_reservation *reservation = NULL;
	struct ioasid_mapping *mapping;

	write_lock(&ioas->lock);
	mapping = ioasid_mapping_first(&ioas->tree, start, last);
	if (mapping && ioasid_mapping_reserved(mapping) && mapping->start == start &&
	    mapping->last == last) {
		reservation = container_of(mapping, struct ioasid_reservation, mapping);
		remove(ioas, reservation);
	}
	write_unlock(&ioas->lock);
	if (!reservation)
		return -ENOENT;
	kfree(reservation);
	return 0;
}

/**
 * ioasid_ioas_unreserve_all() - end all reservations
 * @ioas: nobody else uses it
 */
void ioasid_ioas_unreserve_all(struct ioasid_ioas *ioas)
{
	struct ioasid_reservation *reservation;

	write_lock(&ioas->lock);
	while ((reservation = reservation_of(rb_first(&ioas->reserved)))) {
		remove(ioas, reservation);
		kfree(reservation);
	}
	write_unlock(&ioas->lock);
}

/**
 * ioasid_ioas_usable_range() - may this range be mapped, as far as tables and reservations go?
 * @ioas: the address space
 * @start: first IOVA
 * @last: last IOVA
 */
bool ioasid_ioas_usable_range(struct ioasid_ioas *ioas, u64 start, u64 last)
{
	const struct ioasid_mapping *mapping;
	bool usable;

	read_lock(&ioas->lock);
	usable = last <= ioas->last && !ioasid_ioas_in_window(ioas, start, last);
	for (mapping = ioasid_mapping_first(&ioas->tree, start, last); mapping && usable;
	     mapping = ioasid_mapping_next(mapping, last))
		usable = !ioasid_mapping_reserved(mapping);
	read_unlock(&ioas->lock);
	return usable;
}

/* Why some allowed range can't be used: 0 or an errno. */
static int check_allowed(const struct ioasid_ioas *ioas, const struct ioasid_ranges *allowed,
			 struct ioasid_refusal *why)
{
	const struct ioasid_range *range = &allowed->ranges[allowed->count - 1];
	const struct ioasid_ranges *windows = ioas->windows;
	const struct ioasid_mapping *reserved;
	const struct ioasid_range *window;
	struct rb_node *node;
	int ret;
	u32 i;

	if (range->last > ioas->last) {
		ret = ioasid_refuse(why, IOASID_STAGE_TABLE, range->start,
				    range->last - range->start + 1, -ERANGE);
		why->limit = ioas->last;
		return ret;
	}
	for (node = rb_first(&ioas->reserved); node; node = rb_next(node)) {
		reserved = &reservation_of(node)->mapping;
		if (first_range(allowed, reserved->start, reserved->last))
			return ioasid_refuse(why, IOASID_STAGE_PLACE, reserved->start,
					     reserved->last - reserved->start + 1, -EEXIST);
	}
	for (i = 0; windows && i < windows->count; i++) {
		window = &windows->ranges[i];
		if (first_range(allowed, window->start, window->last))
			return ioasid_refuse_window(why, window->start, window->last, -EEXIST);
	}
	return 0;
}

/**
 * ioasid_ioas_allow() - say where mappings are placed
 * @ioas: the address space
 * @allowed: the ranges, taken over on success; NULL: everywhere
 * @why: filled on failure
 *
 * Context: may sleep.
 * Return: 0; -ERANGE when tables don't reach a range; -EEXIST when a part is reserved or in a
 * window.
 */
int ioasid_ioas_allow(struct ioasid_ioas *ioas, struct ioasid_ranges *allowed,
		      struct ioasid_refusal *why)
{
	struct ioasid_ranges *old;
	int ret;

	/* No table comes between the check and the change. */
	down_read(&ioas->tables_lock);
	write_lock(&ioas->lock);
	ret = allowed ? check_allowed(ioas, allowed, why) : 0;
	if (!ret) {
		old = ioas->allowed;
		ioas->allowed = allowed;
		ioas->changes++;
	}
	write_unlock(&ioas->lock);
	up_read(&ioas->tables_lock);
	if (!ret)
		kfree(old);
	return ret;
}

/**
 * struct closed - a walk through what is not usable, in order of the starts
 * @node: the next reserved range
 * @windows: the windows, or NULL
 * @next: the next of them
 */
struct closed {
	struct rb_node *node;
	const struct ioasid_ranges *windows;
	u32 next;
};

/* The next range, reserved or a window; false at the end. */
static bool next_closed(struct closed *walk, struct ioasid_range *range)
{
	const struct ioasid_mapping *reserved = NULL;
	const struct ioasid_range *window = NULL;

	if (walk->node)
		reserved = &reservation_of(walk->node)->mapping;
	if (walk->windows && walk->next < walk->windows->count)
		window = &walk->windows->ranges[walk->next];
	if (!reserved && !window)
		return false;
	if (!reserved || (window && window->start < reserved->start)) {
		*range = *window;
		walk->next++;
	} else {
		*range = (struct ioasid_range){ reserved->start, reserved->last };
		walk->node = rb_next(walk->node);
	}
	return true;
}

/**
 * ioasid_ioas_usable() - the usable ranges
 * @ioas: the address space
 * @ranges: filled, in order, if there is room for all
 * @capacity: room in @ranges
 *
 * Return: how many there are.
 */
u32 ioasid_ioas_usable(struct ioasid_ioas *ioas, struct ioasid_range *ranges, u32 capacity)
{
	struct closed walk = {};
	struct ioasid_range closed;
	u64 start = 0, last;
	bool more = true;
	u32 n = 0;

	read_lock(&ioas->lock);
	last = ioas->last;
	walk.node = rb_first(&ioas->reserved);
	walk.windows = ioas->windows;
	while (more && next_closed(&walk, &closed) && closed.start <= last) {
		if (closed.start > start) {
			if (n < capacity)
				ranges[n] = (struct ioasid_range){ start, closed.start - 1 };
			n++;
		}
		more = closed.last < last;
		start = max(start, closed.last + 1);
	}
	read_unlock(&ioas->lock);
	if (more) {
		if (n < capacity)
			ranges[n] = (struct ioasid_range){ start, last };
		n++;
	}
	return n;
}
