// SPDX-License-Identifier: GPL-2.0-only
/*
 * Table: see table.h.
 *
 * Invariant: a page that an entry leads to stays pinned until the entry is gone and the flush is
 * done.
 *
 * Maps and unmaps of different ranges need no lock of the table; its address space sees to it that
 * ranges that overlap take turns.
 *
 * Lock order: an address space's lock on its list of tables, then walkers_lock. A walker's flush
 * is called under both.
 */
#include "table/table.h"

#include <linux/bitmap.h>
#include <linux/ioasid.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "fault.h"
#include "refusal.h"
#include "table/page.h"

static_assert(IOASID_TABLE_ALLOC_COHERENT == IOASID_TABLE_COHERENT);
static_assert(IOASID_TABLE_ALLOC_TRACK == IOASID_TABLE_TRACK);

#define FORMAT(name) &ioasid_format_##name,
static const struct ioasid_table_format *const formats[] = { IOASID_FORMATS };
#undef FORMAT

static const struct ioasid_table_format *find_format(u32 number)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i]->number == number)
			return formats[i];
	return NULL;
}

/**
 * ioasid_table_formats() - bitmap of the formats, by enum ioasid_format
 */
u64 ioasid_table_formats(void)
{
	u64 bits = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++)
		bits |= BIT_ULL(formats[i]->number);
	return bits;
}

/**
 * ioasid_table_page_sizes() - bitmap of the entry sizes that some format has
 */
u64 ioasid_table_page_sizes(void)
{
	u64 bits = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++)
		bits |= formats[i]->page_sizes;
	return bits;
}

/* What the format does not have of what is asked for. */
static enum ioasid_reason misfit(const struct ioasid_table_format *format,
				 const struct ioasid_shape *shape)
{
	unsigned int levels = shape->levels ?: format->usual_levels;
	unsigned int more_bits = levels == format->min_levels ? format->more_bits : 0;

	if (levels < format->min_levels || levels > format->max_levels)
		return IOASID_REASON_LEVELS;
	if (shape->bits > format->bits(levels) + more_bits)
		return IOASID_REASON_ADDRESS_BITS;
	/* With fewer bits hardware would begin at a lower level. */
	if (shape->bits && shape->bits <= format->bits(levels - 1))
		return IOASID_REASON_ADDRESS_BITS;
	if (shape->features & ~format->features & IOASID_TABLE_COHERENT)
		return IOASID_REASON_COHERENT;
	if (shape->features & ~format->features & IOASID_TABLE_TRACK)
		return IOASID_REASON_TRACK;
	if (shape->sizes & ~format->sizes(levels))
		return IOASID_REASON_PAGE_SIZES;
	if (shape->sizes && !(shape->sizes & PAGE_SIZE))
		return IOASID_REASON_PAGE_SIZES;
	return IOASID_REASON_NONE;
}

static int refuse(struct ioasid_refusal *why, enum ioasid_reason reason)
{
	why->reason = reason;
	return ioasid_refuse(why, IOASID_STAGE_TABLE, 0, 0, -EOPNOTSUPP);
}

static void native_unmap(struct ioasid_table *table, u64 iova, u64 last,
			 struct ioasid_removal *removal)
{
	table->format->unmap(&table->root, iova, last, &removal->garbage);
}

static void flush_walkers(struct ioasid_table *table, u64 iova, u64 last)
{
	struct ioasid_table_walker *walker;

	down_read(&table->walkers_lock);
	list_for_each_entry(walker, &table->walkers, link)
		walker->ops->flush(walker->data, iova, last);
	up_read(&table->walkers_lock);
}

static void native_flush(struct ioasid_table *table, u64 iova, u64 last,
			 struct ioasid_removal *removal)
{
	flush_walkers(table, iova, last);
	ioasid_garbage_free(&removal->garbage);
}

static int native_map(struct ioasid_table *table, u64 iova, u64 last, struct ioasid_run_iter *from,
		      unsigned int access)
{
	struct ioasid_garbage garbage = {};
	int ret;

	ret = table->format->map(&table->root, iova, last, from, access, &garbage);
	if (!ret && !garbage.flush)
		return 0;
	if (ret)
		table->format->unmap(&table->root, iova, last, &garbage);
	flush_walkers(table, iova, last);
	ioasid_garbage_free(&garbage);
	return ret;
}

static void native_free(struct ioasid_table *table)
{
	struct ioasid_garbage garbage = {};

	WARN_ON_ONCE(!list_empty(&table->walkers));
	table->format->unmap(&table->root, 0, table->last, &garbage);
	ioasid_garbage_free(&garbage);
	ioasid_root_free(&table->root);
	kfree(table);
}

static const struct ioasid_table_ops native_ops = {
	.map = native_map,
	.unmap = native_unmap,
	.flush = native_flush,
	.free = native_free,
};

/**
 * ioasid_table_alloc() - make a native page table
 * @number: enum ioasid_format
 * @shape: what it is to be like
 * @why: filled on failure
 *
 * Context: may sleep.
 * Return: the table, or an ERR_PTR: -EOPNOTSUPP with a reason, -ENOMEM.
 */
struct ioasid_table *ioasid_table_alloc(u32 number, const struct ioasid_shape *shape,
					struct ioasid_refusal *why)
{
	const struct ioasid_table_format *format = find_format(number);
	enum ioasid_reason reason;
	struct ioasid_table *table;
	int ret;

	if (!format)
		return ERR_PTR(refuse(why, IOASID_REASON_FORMAT));
	reason = misfit(format, shape);
	if (reason)
		return ERR_PTR(refuse(why, reason));

	table = ioasid_fault() ? NULL : kzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (!table)
		return ERR_PTR(-ENOMEM);
	ioasid_table_init(table, &native_ops);
	table->format = format;
	ret = ioasid_root_init(&table->root, table->format, shape);
	if (ret) {
		kfree(table);
		return ERR_PTR(ret);
	}
	table->sizes = table->root.sizes;
	table->last = ioasid_root_last(&table->root);
	return table;
}

/**
 * ioasid_table_init() - what all kinds of tables have
 * @table: zeroed
 * @ops: its kind
 */
void ioasid_table_init(struct ioasid_table *table, const struct ioasid_table_ops *ops)
{
	static atomic64_t numbers;

	INIT_LIST_HEAD(&table->link);
	INIT_LIST_HEAD(&table->walkers);
	init_rwsem(&table->walkers_lock);
	table->number = atomic64_inc_return(&numbers);
	table->ops = ops;
}

/**
 * ioasid_table_free() - free a page table with what is still entered
 * @table: no address space feeds it any more, and nobody walks it
 */
void ioasid_table_free(struct ioasid_table *table)
{
	table->ops->free(table);
}

/**
 * ioasid_table_map() - enter pages
 * @table: the table
 * @iova: where, nothing is entered there
 * @last: last IOVA
 * @from: the pages; moved on
 * @access: IOASID_TABLE_READ, IOASID_TABLE_WRITE
 *
 * Context: may sleep. Nobody else maps or unmaps in this range.
 * Return: 0, -ENOMEM, or what an IOMMU's driver says; then nothing of it is entered.
 */
int ioasid_table_map(struct ioasid_table *table, u64 iova, u64 last, struct ioasid_run_iter *from,
		     unsigned int access)
{
	return table->ops->map(table, iova, last, from, access);
}

/**
 * ioasid_table_unmap() - remove all entries of a range
 * @table: the table
 * @iova: first IOVA
 * @last: last IOVA of the range; all of it was entered
 * @removal: what ioasid_table_flush() has to be told
 *
 * Never fails. Context: may sleep. Nobody else maps or unmaps in this range.
 */
void ioasid_table_unmap(struct ioasid_table *table, u64 iova, u64 last,
			struct ioasid_removal *removal)
{
	table->ops->unmap(table, iova, last, removal);
}

/**
 * ioasid_table_flush() - wait until no hardware uses entries that were removed, or changed
 * @table: the table
 * @iova: first IOVA
 * @last: last IOVA
 * @removal: what ioasid_table_unmap() has filled in; empty afterwards
 *
 * Context: may sleep.
 */
void ioasid_table_flush(struct ioasid_table *table, u64 iova, u64 last,
			struct ioasid_removal *removal)
{
	table->ops->flush(table, iova, last, removal);
}

/**
 * ioasid_table_can_cut() - can a part of what was entered be removed?
 * @table: the table
 * @iova: where a run of pages begins, as far as it is in one mapping
 * @phys: its first physical address
 * @length: bytes of it
 * @offset: where it is to be cut, less than @length
 *
 * A table that can't be cut somewhere would lose more than it should.
 */
bool ioasid_table_can_cut(const struct ioasid_table *table, u64 iova, u64 phys, u64 length,
			  u64 offset)
{
	return !table->ops->can_cut || table->small ||
	       table->ops->can_cut(table, iova, phys, length, offset);
}

/**
 * ioasid_table_look_up() - what the hardware would find
 * @table: a native table
 * @iova: any IOVA
 * @entry: filled
 *
 * Return: 0, or -ENOENT when nothing is entered there.
 */
int ioasid_table_look_up(struct ioasid_table *table, u64 iova, struct ioasid_entry *entry)
{
	if (iova > table->last)
		return -ENOENT;
	return table->format->look_up(&table->root, iova, entry);
}

/**
 * ioasid_table_visit() - go through the entries of a range
 * @table: the table; nothing happens if it is an IOMMU's
 * @iova: first IOVA
 * @last: last IOVA, may be more than the table reaches
 * @visit: what to do at each
 *
 * Context: may sleep.
 */
void ioasid_table_visit(struct ioasid_table *table, u64 iova, u64 last,
			const struct ioasid_visit *visit)
{
	if (!table->format || iova > table->last)
		return;
	last = min(last, table->last);
	while (table->format->visit(&table->root, &iova, last, visit))
		cond_resched();
}

/**
 * ioasid_table_mark() - mark entries as a device would that accessed memory through them
 * @table: the table
 * @iova: first IOVA
 * @length: bytes; the range does not wrap
 * @write: the access was a write
 *
 * Context: may sleep.
 */
void ioasid_table_mark(struct ioasid_table *table, u64 iova, u64 length, bool write)
{
	const struct ioasid_visit visit = {
		.set = IOASID_TABLE_ACCESSED | (write ? IOASID_TABLE_DIRTY : 0),
	};

	ioasid_table_visit(table, iova, iova + length - 1, &visit);
}

/**
 * ioasid_table_set_small() - may it get large entries?
 * @table: the table, empty
 * @small: no, only the smallest ones
 */
void ioasid_table_set_small(struct ioasid_table *table, bool small)
{
	table->small = small;
	table->root.sizes = small ? PAGE_SIZE : table->sizes;
}

/**
 * ioasid_table_memory() - bytes of memory that the page table takes
 * @table: the table
 */
u64 ioasid_table_memory(struct ioasid_table *table)
{
	return atomic64_read(&table->root.pages) << PAGE_SHIFT;
}

/**
 * ioasid_table_track() - begin or end to read what is dirty
 * @table: the table
 * @on: begin: everything is clean from then on
 *
 * Context: may sleep.
 * Return: 0; -EOPNOTSUPP when the table was not allocated for that; -EBUSY when it was begun, or
 * ended, already.
 */
int ioasid_table_track(struct ioasid_table *table, bool on)
{
	const struct ioasid_visit clean = { .clear = IOASID_TABLE_DIRTY };

	if (!(table->root.features & IOASID_TABLE_TRACK))
		return -EOPNOTSUPP;
	if (atomic_cmpxchg(&table->tracking, !on, on) != !on)
		return -EBUSY;
	if (!on)
		return 0;
	ioasid_table_visit(table, 0, table->last, &clean);
	flush_walkers(table, 0, table->last);
	return 0;
}

/**
 * struct dirty - what is found dirty
 * @iova: where the bitmap begins
 * @last: where it ends
 * @shift: log2 of the bytes that a bit is for
 * @bitmap: the bits
 * @bytes: how much of the range is dirty
 * @reach: where the last entry that is dirty ends
 */
struct dirty {
	u64 iova;
	u64 last;
	unsigned int shift;
	unsigned long *bitmap;
	u64 bytes;
	u64 reach;
};

static void add_dirty(struct dirty *dirty, u64 start, u64 last)
{
	u64 first_bit = (start - dirty->iova) >> dirty->shift;
	u64 last_bit = (last - dirty->iova) >> dirty->shift;

	bitmap_set(dirty->bitmap, first_bit, last_bit - first_bit + 1);
	dirty->bytes += last - start + 1;
}

static void see_dirty(void *data, u64 iova, const struct ioasid_entry *entry)
{
	struct dirty *dirty = data;

	if (!(entry->access & IOASID_TABLE_DIRTY))
		return;
	dirty->reach = iova + entry->left - 1;
	add_dirty(dirty, max(iova, dirty->iova), min(dirty->reach, dirty->last));
}

/**
 * ioasid_table_dirty() - which parts of a range are dirty
 * @table: the table
 * @iova: first IOVA
 * @last: last IOVA
 * @shift: log2 of the bytes that a bit is for
 * @keep: they stay dirty; else they are clean afterwards, and the caller has to flush
 * @bitmap: a bit is set for each part that has something dirty; others are left as they are
 * @reach: 0, or for a range that goes on where another ended what came out there: an entry that
 *	reaches from one into the other was made clean there, and is told in both
 *
 * Dirty is an entry, of whatever size. Context: may sleep.
 * Return: bytes of the range that are dirty.
 */
u64 ioasid_table_dirty(struct ioasid_table *table, u64 iova, u64 last, unsigned int shift,
		       bool keep, unsigned long *bitmap, u64 *reach)
{
	struct dirty dirty = {
		.iova = iova, .last = last, .shift = shift, .bitmap = bitmap, .reach = *reach
	};
	const struct ioasid_visit visit = {
		.clear = keep ? 0 : IOASID_TABLE_DIRTY,
		.seen = see_dirty,
		.data = &dirty,
	};

	if (*reach > iova) {
		add_dirty(&dirty, iova, min(*reach, last));
		if (*reach >= last)
			return dirty.bytes;
		iova = *reach + 1;
	}
	ioasid_table_visit(table, iova, last, &visit);
	*reach = dirty.reach;
	return dirty.bytes;
}

/**
 * ioasid_table_add_walker() - hardware is going to walk the table
 * @table: the table
 * @walker: told of everything that is removed from now on
 *
 * Context: may sleep.
 * Return: false when the table is being destroyed.
 */
bool ioasid_table_add_walker(struct ioasid_table *table, struct ioasid_table_walker *walker)
{
	bool added;

	down_write(&table->walkers_lock);
	added = !table->retired;
	if (added)
		list_add_tail(&walker->link, &table->walkers);
	up_write(&table->walkers_lock);
	return added;
}

/**
 * ioasid_table_remove_walker() - hardware does not walk the table any more
 * @table: the table
 * @walker: from ioasid_table_add_walker(); not told anything when this returns
 *
 * Context: may sleep.
 */
void ioasid_table_remove_walker(struct ioasid_table *table, struct ioasid_table_walker *walker)
{
	down_write(&table->walkers_lock);
	list_del(&walker->link);
	up_write(&table->walkers_lock);
}

/**
 * ioasid_table_retire() - take no more walkers
 * @table: the table
 *
 * Context: may sleep.
 * Return: false when it has any.
 */
bool ioasid_table_retire(struct ioasid_table *table)
{
	bool retired;

	down_write(&table->walkers_lock);
	retired = list_empty(&table->walkers);
	table->retired |= retired;
	up_write(&table->walkers_lock);
	return retired;
}
