// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hold: see hold.h.
 *
 * Invariants. A hold is made and found under ioas->lock, in the same section in which its mappings
 * are seen to be ready, and an unmap makes mappings busy in one in which it sees no hold. So a
 * range is held or being unmapped, never both. A hold has references to the pins, so what a client
 * holds is pinned whatever goes wrong.
 *
 * Lock order: as in ioas.c. Clients are told with no lock held.
 */
#include "ioas/hold.h"

#include <linux/interval_tree_generic.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "fault.h"

#define HOLD_START(hold) ((hold)->start)
#define HOLD_LAST(hold) ((hold)->last)

INTERVAL_TREE_DEFINE(struct ioasid_hold, node, u64, subtree_last, HOLD_START, HOLD_LAST, static,
		     hold_tree)

/* So many times the mappings may change while a hold is made. */
#define HOLD_TRIES 8

static atomic64_t holds_made;

/**
 * ioasid_holder_open() - become one who may hold
 * @ioas: the address space; stays until ioasid_holder_close()
 * @ops: what it wants to be told
 * @data: its own
 *
 * Return: the holder, or NULL.
 */
struct ioasid_holder *ioasid_holder_open(struct ioasid_ioas *ioas,
					 const struct ioasid_client_ops *ops, void *data)
{
	struct ioasid_holder *holder;

	holder = ioasid_fault() ? NULL : kzalloc(sizeof(*holder), GFP_KERNEL_ACCOUNT);
	if (!holder)
		return NULL;
	refcount_set(&holder->refs, 1);
	holder->ioas = ioas;
	holder->ops = ops;
	holder->data = data;
	return holder;
}

static void hold_free(struct ioasid_hold *hold)
{
	ioasid_segments_put(&hold->segments);
	kfree(hold);
}

/* A hold of this holder that overlaps a range; of exactly the range, if that is wanted. */
static struct ioasid_hold *find(struct ioasid_holder *holder, u64 start, u64 last, bool exactly)
{
	struct ioasid_hold *hold;

	lockdep_assert_held(&holder->ioas->lock);
	for (hold = hold_tree_iter_first(&holder->ioas->holds, start, last); hold;
	     hold = hold_tree_iter_next(hold, start, last)) {
		if (hold->holder != holder)
			continue;
		if (!exactly || (hold->start == start && hold->last == last))
			return hold;
	}
	return NULL;
}

static struct ioasid_hold *take_out(struct ioasid_holder *holder, u64 start, u64 last, bool exactly)
{
	struct ioasid_hold *hold;

	write_lock(&holder->ioas->lock);
	hold = find(holder, start, last, exactly);
	if (hold)
		hold_tree_remove(hold, &holder->ioas->holds);
	write_unlock(&holder->ioas->lock);
	return hold;
}

/**
 * ioasid_holder_close() - release everything, and be told nothing any more
 * @holder: the holder; freed
 *
 * Context: may sleep; waits until nobody is telling it anything.
 */
void ioasid_holder_close(struct ioasid_holder *holder)
{
	struct ioasid_hold *hold;

	while ((hold = take_out(holder, 0, U64_MAX, false)))
		hold_free(hold);
	/* Holds are what it is found by, so nobody finds it any more. */
	wait_var_event(&holder->refs, refcount_read(&holder->refs) == 1);
	kfree(holder);
}

/* Do the ready mappings of the range still lead to these segments? */
static bool unchanged(struct ioasid_ioas *ioas, u64 iova, const struct ioasid_segments *segments)
{
	const struct ioasid_segment *segment = segments->list;
	struct ioasid_mapping *mapping;
	u32 i;

	for (i = 0; i < segments->count; i++, segment++) {
		mapping = ioasid_mapping_first(&ioas->tree, iova, iova);
		if (!mapping || mapping->busy || mapping->segment.pin != segment->pin)
			return false;
		if (mapping->segment.page + ((iova - mapping->start) >> PAGE_SHIFT) !=
		    segment->page)
			return false;
		iova += segment->pages << PAGE_SHIFT;
		if (mapping->last < iova - 1)
			return false;
	}
	return true;
}

static bool insert(struct ioasid_hold *hold)
{
	struct ioasid_ioas *ioas = hold->holder->ioas;
	bool same;

	write_lock(&ioas->lock);
	same = unchanged(ioas, hold->start, &hold->segments);
	if (same) {
		hold->number = atomic64_inc_return(&holds_made);
		hold_tree_insert(hold, &ioas->holds);
	}
	write_unlock(&ioas->lock);
	return same;
}

/**
 * ioasid_holder_hold() - hold the pages of a range
 * @holder: who
 * @iova: first IOVA, page-aligned
 * @length: bytes, a multiple of the page size; the range does not wrap
 * @access: rights wanted, IOASID_TABLE_READ, IOASID_TABLE_WRITE
 * @pages: filled with the pages, in order
 *
 * Context: may sleep.
 * Return: 0; -ENOENT when a part is not mapped; -EACCES when a part is mapped without the rights;
 * -EFAULT when a part is device memory; -ENOMEM; -EBUSY when the range is remapped all the time.
 */
int ioasid_holder_hold(struct ioasid_holder *holder, u64 iova, u64 length, unsigned int access,
		       struct page **pages)
{
	struct ioasid_hold *hold;
	int tries, ret;

	hold = ioasid_fault() ? NULL : kzalloc(sizeof(*hold), GFP_KERNEL_ACCOUNT);
	if (!hold)
		return -ENOMEM;
	hold->start = iova;
	hold->last = iova + length - 1;
	hold->holder = holder;
	for (tries = 0; tries < HOLD_TRIES; tries++) {
		ret = ioasid_ioas_segments(holder->ioas, iova, length, access, &hold->segments);
		if (ret)
			goto out;
		/* Before anybody can release it. */
		ret = ioasid_segments_pages(&hold->segments, pages);
		if (!ret && insert(hold))
			return 0;
		ioasid_segments_put(&hold->segments);
		if (ret)
			goto out;
	}
	ret = -EBUSY;
out:
	kfree(hold);
	return ret;
}

/**
 * ioasid_holder_release() - end a hold
 * @holder: who
 * @iova: first IOVA of a hold
 * @length: bytes of it
 *
 * Context: may sleep.
 * Return: 0, or -ENOENT when it doesn't hold exactly this.
 */
int ioasid_holder_release(struct ioasid_holder *holder, u64 iova, u64 length)
{
	struct ioasid_hold *hold = take_out(holder, iova, iova + length - 1, true);

	if (!hold)
		return -ENOENT;
	hold_free(hold);
	return 0;
}

/**
 * ioasid_held() - is a part of a range held?
 * @ioas: the address space, its lock held
 * @start: first IOVA
 * @last: last IOVA
 */
bool ioasid_held(struct ioasid_ioas *ioas, u64 start, u64 last)
{
	return hold_tree_iter_first(&ioas->holds, start, last);
}

/* The next hold of the range in order of numbers, as far as @end; its holder gets a reference. */
static struct ioasid_holder *next_told(struct ioasid_ioas *ioas, u64 start, u64 last, u64 *number,
				       u64 end, struct ioasid_range *part)
{
	struct ioasid_hold *hold, *next = NULL;
	struct ioasid_holder *holder = NULL;

	read_lock(&ioas->lock);
	for (hold = hold_tree_iter_first(&ioas->holds, start, last); hold;
	     hold = hold_tree_iter_next(hold, start, last))
		if (hold->number > *number && hold->number <= end &&
		    (!next || hold->number < next->number))
			next = hold;
	if (next) {
		*number = next->number;
		part->start = max(start, next->start);
		part->last = min(last, next->last);
		holder = next->holder;
		refcount_inc(&holder->refs);
	}
	read_unlock(&ioas->lock);
	return holder;
}

/**
 * ioasid_holds_tell() - tell all who hold a part of a range that it is being unmapped
 * @ioas: the address space
 * @start: first IOVA
 * @last: last IOVA
 *
 * Who comes meanwhile isn't told. Context: may sleep, no locks held.
 */
void ioasid_holds_tell(struct ioasid_ioas *ioas, u64 start, u64 last)
{
	u64 end = atomic64_read(&holds_made), number = 0;
	struct ioasid_holder *holder;
	struct ioasid_range part;

	while ((holder = next_told(ioas, start, last, &number, end, &part))) {
		holder->ops->unmap(holder->data, part.start, part.last - part.start + 1);
		refcount_dec(&holder->refs);
		wake_up_var(&holder->refs);
	}
}
