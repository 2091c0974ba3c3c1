// SPDX-License-Identifier: GPL-2.0-only
/*
 * The call DIRTY: which entries of a table the hardware has written through.
 *
 * A range is read in parts, of as many bits as fit into a page. A part is made clean, and then its
 * bits are added to the caller's; when that fails, it is made dirty again, so no mark gets lost.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "fault.h"
#include "table/table.h"
#include "uapi/call.h"

#define PART_BITS (PAGE_SIZE * BITS_PER_BYTE)

/**
 * struct part - a part of the range
 * @iova: first IOVA
 * @last: last IOVA
 * @words: of the caller's bitmap
 * @bits: what was found; zeroed
 * @reach: where the last entry ends that was dirty; this may be in parts that come later
 */
struct part {
	u64 iova;
	u64 last;
	u64 words;
	u64 *bits;
	u64 reach;
};

static u64 bitmap_words(u64 bytes, unsigned int shift)
{
	return (((bytes - 1) >> shift) / 64) + 1;
}

static int add_bits(u64 __user *to, const struct part *part)
{
	u64 i, word;

	for (i = 0; i < part->words; i++) {
		if (!part->bits[i])
			continue;
		if (get_user(word, to + i) || put_user(word | part->bits[i], to + i))
			return -EFAULT;
	}
	return 0;
}

/* What could not be told is dirty again, and what shares a granule with it. */
static void restore(struct ioasid_table *table, const struct part *part, unsigned int shift)
{
	const struct ioasid_visit dirty = { .set = IOASID_TABLE_DIRTY };
	u64 bit, iova;

	for (bit = 0; bit < part->words * 64; bit++) {
		if (!(part->bits[bit / 64] & BIT_ULL(bit % 64)))
			continue;
		iova = part->iova + (bit << shift);
		ioasid_table_visit(table, iova, iova + min(part->last - iova, (1ULL << shift) - 1),
				   &dirty);
	}
}

static int read_part(struct ioasid_table *table, struct ioasid_dirty *args, struct part *part)
{
	u64 __user *to = u64_to_user_ptr(args->bitmap);
	unsigned int shift = ilog2(args->granule);
	u64 done = part->iova - args->iova;
	u64 dirty;

	part->words = bitmap_words(part->last - part->iova + 1, shift);
	memset(part->bits, 0, part->words * sizeof(u64));
	dirty = ioasid_table_dirty(table, part->iova, part->last, shift,
				   args->flags & IOASID_DIRTY_KEEP, (unsigned long *)part->bits,
				   &part->reach);
	if (!dirty)
		return 0;
	if (ioasid_fault() || add_bits(to + (done >> shift) / 64, part)) {
		if (!(args->flags & IOASID_DIRTY_KEEP))
			restore(table, part, shift);
		return -EFAULT;
	}
	args->out_dirty += dirty;
	return 0;
}

static int read_range(struct ioasid_table *table, struct ioasid_dirty *args)
{
	u64 last = args->iova + args->length - 1;
	struct part part = { .iova = args->iova };
	struct ioasid_removal nothing;
	u64 most;
	int ret;

	/* Bytes of a part, minus one. */
	if (check_mul_overflow(args->granule, (u64)PART_BITS, &most))
		most = 0;
	most--;
	part.bits = ioasid_fault() ? NULL : kmalloc(PAGE_SIZE, GFP_KERNEL_ACCOUNT);
	if (!part.bits)
		return -ENOMEM;
	for (;;) {
		part.last = part.iova + min(last - part.iova, most);
		ret = read_part(table, args, &part);
		if (ret || part.last == last)
			break;
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		part.iova = part.last + 1;
		cond_resched();
	}
	/* What is written from now on is marked again. */
	ioasid_removal_init(&nothing);
	if (!(args->flags & IOASID_DIRTY_KEEP))
		ioasid_table_flush(table, args->iova, part.last, &nothing);
	kfree(part.bits);
	return ret;
}

static int read_dirty(struct ioasid_table *table, struct ioasid_dirty *args)
{
	void __user *to = u64_to_user_ptr(args->bitmap);
	u64 words = bitmap_words(args->length, ilog2(args->granule));

	if (!(table->root.features & IOASID_TABLE_TRACK))
		return -EOPNOTSUPP;
	if (!atomic_read(&table->tracking))
		return -EBUSY;
	/* Before anything is made clean. */
	if (words > ULONG_MAX / sizeof(u64) || !access_ok(to, words * sizeof(u64)) ||
	    fault_in_safe_writeable(to, words * sizeof(u64)))
		return -EFAULT;
	return read_range(table, args);
}

static int check_dirty(const struct ioasid_dirty *args)
{
	if (args->op > IOASID_DIRTY_READ || args->__reserved)
		return -EOPNOTSUPP;
	if (args->op == IOASID_DIRTY_READ) {
		if (args->flags & ~IOASID_DIRTY_KEEP)
			return -EOPNOTSUPP;
		if (!is_power_of_2(args->granule) || args->bitmap % sizeof(u64))
			return -EINVAL;
		return ioasid_check_range(args->iova, args->length);
	}
	if (args->flags)
		return -EOPNOTSUPP;
	return args->iova || args->length || args->granule || args->bitmap ? -EINVAL : 0;
}

/**
 * ioasid_run_dirty() - IOASID_DIRTY
 * @file: whose call
 * @arg: struct ioasid_dirty
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_dirty(struct ioasid_file *file, void *arg)
{
	struct ioasid_dirty *args = arg;
	struct ioasid_refusal why = {};
	struct ioasid_object *object;
	int ret;

	args->out_dirty = 0;
	ret = check_dirty(args);
	if (ret)
		return ioasid_report(file, args->error, &why, ret);
	object = ioasid_object_get(file, args->table_id, IOASID_OBJECT_TABLE);
	if (!object)
		return ioasid_report(file, args->error, &why, -ENOENT);
	if (args->op == IOASID_DIRTY_READ)
		ret = read_dirty(object->table, args);
	else
		ret = ioasid_table_track(object->table, args->op == IOASID_DIRTY_START);
	if (ret == -EOPNOTSUPP) {
		why.reason = IOASID_REASON_TRACK;
		ioasid_refuse(&why, IOASID_STAGE_TABLE, 0, 0, ret);
	} else if (ret == -EBUSY) {
		ioasid_refuse(&why, IOASID_STAGE_USE, 0, 0, ret);
	}
	ioasid_object_put(object);
	return ioasid_report(file, args->error, &why, ret);
}
