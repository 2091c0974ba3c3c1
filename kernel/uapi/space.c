// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls on an address space and its tables: IOAS_ALLOC, TABLE_ALLOC, TRANSLATE, ACCESS, and on
 * its IOVAs: IOVA_RANGES, ALLOW_IOVAS, RESERVE.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/uaccess.h>

#include "fault.h"
#include "ioas/ioas.h"
#include "uapi/call.h"

#define CHUNK PAGE_SIZE
#define TABLE_FLAGS (IOASID_TABLE_ALLOC_COHERENT | IOASID_TABLE_ALLOC_TRACK)

static_assert(IOASID_ENTRY_ACCESSED == IOASID_TABLE_ACCESSED);
static_assert(IOASID_ENTRY_DIRTY == IOASID_TABLE_DIRTY);

/**
 * ioasid_run_ioas_alloc() - IOASID_IOAS_ALLOC
 * @file: whose call
 * @arg: struct ioasid_ioas_alloc
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_ioas_alloc(struct ioasid_file *file, void *arg)
{
	struct ioasid_ioas_alloc *alloc = arg;
	struct ioasid_object *object;

	if (alloc->flags || alloc->__reserved)
		return -EOPNOTSUPP;
	object = ioasid_object_alloc(IOASID_OBJECT_IOAS);
	if (!object)
		return -ENOMEM;
	object->ioas = ioasid_ioas_alloc(file->queue);
	if (!object->ioas) {
		kfree(object);
		return -ENOMEM;
	}
	return ioasid_publish(file, object, &alloc->out_id);
}

/**
 * ioasid_undo_ioas_alloc() - undo IOASID_IOAS_ALLOC
 * @file: whose call
 * @arg: struct ioasid_ioas_alloc
 */
void ioasid_undo_ioas_alloc(struct ioasid_file *file, void *arg)
{
	struct ioasid_ioas_alloc *alloc = arg;

	ioasid_unpublish(file, alloc->out_id);
}

/* A table for the address space; on success the object holds the reference to @feeder. */
static int table_alloc(struct ioasid_file *file, struct ioasid_table_alloc *args,
		       struct ioasid_object *feeder, struct ioasid_refusal *why)
{
	const struct ioasid_shape shape = {
		.levels = args->levels,
		.bits = args->address_bits,
		.features = args->flags,
		.sizes = args->page_sizes,
	};
	struct ioasid_object *object;
	struct ioasid_table *table;
	int ret;

	table = ioasid_table_alloc(args->format, &shape, why);
	if (IS_ERR(table))
		return ioasid_refuse(why, IOASID_STAGE_TABLE, 0, 0, PTR_ERR(table));
	object = ioasid_object_alloc(IOASID_OBJECT_TABLE);
	if (!object) {
		ioasid_table_free(table);
		return -ENOMEM;
	}
	object->table = table;
	ret = ioasid_ioas_attach(feeder->ioas, table, why);
	if (ret) {
		ioasid_object_put(object);
		return ret;
	}
	object->feeder = feeder;
	refcount_inc(&feeder->refs);
	return ioasid_publish(file, object, &args->out_id);
}

/**
 * ioasid_run_table_alloc() - IOASID_TABLE_ALLOC
 * @file: whose call
 * @arg: struct ioasid_table_alloc
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_table_alloc(struct ioasid_file *file, void *arg)
{
	struct ioasid_table_alloc *args = arg;
	struct ioasid_refusal why = {};
	struct ioasid_object *feeder;
	int ret;

	if (args->flags & ~TABLE_FLAGS || args->__reserved)
		return ioasid_report(file, args->error, &why, -EOPNOTSUPP);
	feeder = ioasid_object_get(file, args->ioas_id, IOASID_OBJECT_IOAS);
	if (!feeder)
		return ioasid_report(file, args->error, &why, -ENOENT);
	ret = table_alloc(file, args, feeder, &why);
	ioasid_object_put(feeder);
	return ioasid_report(file, args->error, &why, ret);
}

/**
 * ioasid_undo_table_alloc() - undo IOASID_TABLE_ALLOC
 * @file: whose call
 * @arg: struct ioasid_table_alloc
 */
void ioasid_undo_table_alloc(struct ioasid_file *file, void *arg)
{
	struct ioasid_table_alloc *args = arg;

	ioasid_unpublish(file, args->out_id);
}

static int translate_ioas(struct ioasid_ioas *ioas, struct ioasid_translate *args)
{
	struct ioasid_translation found;
	int ret;

	ret = ioasid_ioas_look_up(ioas, args->iova, &found);
	if (ret)
		return ret;
	args->out_pin = found.pin;
	args->out_pin_offset = found.pin_offset;
	args->out_va = found.va;
	args->out_phys = found.phys;
	args->out_length = found.length;
	args->out_access = found.access;
	return 0;
}

static int translate_table(struct ioasid_table *table, struct ioasid_translate *args)
{
	struct ioasid_entry entry;
	int ret;

	ret = ioasid_table_look_up(table, args->iova, &entry);
	if (ret)
		return ret;
	args->out_pin = 0;
	args->out_pin_offset = 0;
	args->out_va = 0;
	args->out_phys = entry.phys;
	args->out_length = entry.left;
	args->out_access = entry.access;
	return 0;
}

/**
 * ioasid_run_translate() - IOASID_TRANSLATE
 * @file: whose call
 * @arg: struct ioasid_translate
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_translate(struct ioasid_file *file, void *arg)
{
	struct ioasid_translate *args = arg;
	bool phys = args->flags & IOASID_TRANSLATE_PHYS;
	struct ioasid_object *object;
	int ret = -ENOENT;

	if (args->flags & ~IOASID_TRANSLATE_PHYS)
		return -EOPNOTSUPP;
	object = ioasid_object_get_any(file, args->id);
	if (!object)
		return -ENOENT;
	if (phys && !capable(CAP_SYS_RAWIO))
		ret = -EPERM;
	else if (object->kind == IOASID_OBJECT_IOAS)
		ret = translate_ioas(object->ioas, args);
	else if (object->kind == IOASID_OBJECT_TABLE)
		ret = translate_table(object->table, args);
	if (!phys)
		args->out_phys = 0;
	ioasid_object_put(object);
	return ret;
}

/* Move up to the end of the page of the IOVA. */
static int access_page(struct ioasid_ioas *ioas, struct ioasid_access *args, void *chunk)
{
	bool write = args->flags & IOASID_ACCESS_WRITE;
	void __user *user = u64_to_user_ptr(args->buffer + args->out_done);
	u64 iova = args->iova + args->out_done;
	size_t n = min_t(u64, args->length - args->out_done, CHUNK - offset_in_page(iova));
	int ret;

	if (write && copy_from_user(chunk, user, n))
		return -EFAULT;
	ret = ioasid_ioas_copy(ioas, iova, chunk, n, write);
	if (ret)
		return ret;
	if (!write && copy_to_user(user, chunk, n))
		return -EFAULT;
	args->out_done += n;
	return 0;
}

static int access(struct ioasid_ioas *ioas, struct ioasid_access *args)
{
	unsigned int right = args->flags & IOASID_ACCESS_WRITE ? IOASID_TABLE_WRITE :
								 IOASID_TABLE_READ;
	void *chunk;
	int ret;

	ret = ioasid_ioas_check(ioas, args->iova, args->length, right);
	if (ret)
		return ret;
	chunk = ioasid_fault() ? NULL : kmalloc(CHUNK, GFP_KERNEL_ACCOUNT);
	if (!chunk)
		return -ENOMEM;
	while (!ret && args->out_done < args->length) {
		if (fatal_signal_pending(current))
			ret = -EINTR;
		else
			ret = access_page(ioas, args, chunk);
		cond_resched();
	}
	kfree(chunk);
	if (args->out_done)
		ioasid_ioas_mark(ioas, args->iova, args->out_done,
				 args->flags & IOASID_ACCESS_WRITE);
	return ret;
}

static int check_access(const struct ioasid_access *args)
{
	u64 last;

	if (args->flags & ~IOASID_ACCESS_WRITE || args->__reserved)
		return -EOPNOTSUPP;
	if (!args->length)
		return -EINVAL;
	if (check_add_overflow(args->iova, args->length - 1, &last) ||
	    check_add_overflow(args->buffer, args->length - 1, &last))
		return -EOVERFLOW;
	return 0;
}

/**
 * ioasid_run_access() - IOASID_ACCESS
 * @file: whose call
 * @arg: struct ioasid_access
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_access(struct ioasid_file *file, void *arg)
{
	struct ioasid_access *args = arg;
	struct ioasid_refusal why = {};
	struct ioasid_object *object;
	int ret;

	args->out_done = 0;
	ret = check_access(args);
	if (ret)
		return ioasid_report(file, args->error, &why, ret);
	object = ioasid_object_get(file, args->ioas_id, IOASID_OBJECT_IOAS);
	if (!object)
		return ioasid_report(file, args->error, &why, -ENOENT);
	if (access_ok(u64_to_user_ptr(args->buffer), args->length))
		ret = access(object->ioas, args);
	else
		ret = -EFAULT;
	ioasid_object_put(object);
	return ioasid_report(file, args->error, &why, ret);
}

/* Copy at most @n ranges out. */
static int copy_ranges(struct ioasid_ioas *ioas, struct ioasid_iova_ranges *args)
{
	u32 capacity = args->count;
	struct ioasid_range *ranges;
	int ret = 0;

	args->out_alignment = PAGE_SIZE;
	/* Nobody needs room for more than there are. */
	args->count = ioasid_ioas_usable(ioas, NULL, 0);
	capacity = min(capacity, args->count);
	ranges = ioasid_fault() ? NULL :
				  kvcalloc(max(capacity, 1), sizeof(*ranges), GFP_KERNEL_ACCOUNT);
	if (!ranges)
		return -ENOMEM;
	args->count = ioasid_ioas_usable(ioas, ranges, capacity);
	if (args->count > capacity)
		ret = -EMSGSIZE;
	else if (copy_to_user(u64_to_user_ptr(args->ranges), ranges, args->count * sizeof(*ranges)))
		ret = -EFAULT;
	kvfree(ranges);
	return ret;
}

/**
 * ioasid_run_iova_ranges() - IOASID_IOVA_RANGES
 * @file: whose call
 * @arg: struct ioasid_iova_ranges
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_iova_ranges(struct ioasid_file *file, void *arg)
{
	struct ioasid_iova_ranges *args = arg;
	struct ioasid_object *object;
	int ret;

	if (args->flags)
		return -EOPNOTSUPP;
	object = ioasid_object_get(file, args->ioas_id, IOASID_OBJECT_IOAS);
	if (!object)
		return -ENOENT;
	ret = copy_ranges(object->ioas, args);
	ioasid_object_put(object);
	return ret;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct ioasid_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Put the ranges in order, and see whether they are any. */
static int sort_ranges(struct ioasid_ranges *allowed)
{
	struct ioasid_range *ranges = allowed->ranges;
	u32 i;

	sort(ranges, allowed->count, sizeof(*ranges), compare_ranges, NULL);
	for (i = 0; i < allowed->count; i++) {
		if (!PAGE_ALIGNED(ranges[i].start) || !PAGE_ALIGNED(ranges[i].last + 1) ||
		    ranges[i].start > ranges[i].last)
			return -EINVAL;
		if (i && ranges[i].start <= ranges[i - 1].last)
			return -EINVAL;
	}
	/* Neighbours are one, so that a mapping may go over both. */
	ioasid_ranges_join(allowed);
	return 0;
}

/* The caller's ranges, NULL for none, or an ERR_PTR. */
static struct ioasid_ranges *read_ranges(const struct ioasid_allow_iovas *args)
{
	struct ioasid_ranges *allowed = NULL;
	int ret;

	if (args->count > IOASID_ALLOW_MAX)
		return ERR_PTR(-EINVAL);
	if (!args->count)
		return NULL;
	if (!ioasid_fault())
		allowed = kzalloc(struct_size(allowed, ranges, args->count), GFP_KERNEL_ACCOUNT);
	if (!allowed)
		return ERR_PTR(-ENOMEM);
	allowed->count = args->count;
	if (copy_from_user(allowed->ranges, u64_to_user_ptr(args->ranges),
			   args->count * sizeof(*allowed->ranges)))
		ret = -EFAULT;
	else
		ret = sort_ranges(allowed);
	if (!ret)
		return allowed;
	kfree(allowed);
	return ERR_PTR(ret);
}

/**
 * ioasid_run_allow_iovas() - IOASID_ALLOW_IOVAS
 * @file: whose call
 * @arg: struct ioasid_allow_iovas
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_allow_iovas(struct ioasid_file *file, void *arg)
{
	struct ioasid_allow_iovas *args = arg;
	struct ioasid_refusal why = {};
	struct ioasid_ranges *allowed;
	struct ioasid_object *object;
	int ret;

	allowed = args->flags ? ERR_PTR(-EOPNOTSUPP) : read_ranges(args);
	if (IS_ERR(allowed))
		return ioasid_report(file, args->error, &why, PTR_ERR(allowed));
	object = ioasid_object_get(file, args->ioas_id, IOASID_OBJECT_IOAS);
	ret = object ? ioasid_ioas_allow(object->ioas, allowed, &why) : -ENOENT;
	if (object)
		ioasid_object_put(object);
	if (ret)
		kfree(allowed);
	return ioasid_report(file, args->error, &why, ret);
}

/**
 * ioasid_run_reserve() - IOASID_RESERVE
 * @file: whose call
 * @arg: struct ioasid_reserve
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_reserve(struct ioasid_file *file, void *arg)
{
	struct ioasid_reserve *args = arg;
	struct ioasid_refusal why = {};
	struct ioasid_object *object;
	u64 last;
	int ret;

	if (args->flags & ~IOASID_RESERVE_UNDO || args->__reserved)
		ret = -EOPNOTSUPP;
	else
		ret = ioasid_check_range(args->iova, args->length);
	if (ret)
		return ioasid_report(file, args->error, &why, ret);
	object = ioasid_object_get(file, args->ioas_id, IOASID_OBJECT_IOAS);
	if (!object)
		return ioasid_report(file, args->error, &why, -ENOENT);
	last = args->iova + args->length - 1;
	if (args->flags & IOASID_RESERVE_UNDO)
		ret = ioasid_ioas_unreserve(object->ioas, args->iova, last);
	else
		ret = ioasid_ioas_reserve(object->ioas, args->iova, last, &why);
	ioasid_object_put(object);
	return ioasid_report(file, args->error, &why, ret);
}
