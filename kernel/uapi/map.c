// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls that map: MAP, MAP_FILE, MAP_BATCH, COPY, UNMAP.
 *
 * All of them come down to the same three steps: get the segments (of memory, a pin, a file,
 * another address space), map them, tell what happened.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/uaccess.h>

#include <trace/events/ioasid.h>

#include "ioas/ioas.h"
#include "pin/pin.h"
#include "uapi/call.h"

/* Rights are the same bits in the ABI and in tables. */
static_assert(IOASID_MAP_READ == IOASID_TABLE_READ);
static_assert(IOASID_MAP_WRITE == IOASID_TABLE_WRITE);

#define RIGHTS (IOASID_MAP_READ | IOASID_MAP_WRITE)

/* Where segments go. */
static int check_target(u32 flags, u64 iova, u64 length)
{
	if (!(flags & RIGHTS))
		return -EINVAL;
	if (flags & IOASID_MAP_FIXED)
		return ioasid_check_range(iova, length);
	return iova ? -EINVAL : 0;
}

static int check_map(const struct ioasid_map *args, struct ioasid_refusal *why)
{
	const u32 known = RIGHTS | IOASID_MAP_FIXED | IOASID_MAP_PIN;
	bool by_pin = args->flags & IOASID_MAP_PIN;
	int ret;

	if (args->flags & ~known)
		return -EOPNOTSUPP;
	if (by_pin ? args->va : args->pin_offset || args->pin_id)
		return -EINVAL;
	ret = by_pin ? ioasid_check_range(args->pin_offset, args->length) :
		       ioasid_check_memory(args->va, args->length, why);
	return ret ?: check_target(args->flags, args->iova, args->length);
}

/* The segments that a map call names by pin. */
static int segments_of_pin(struct ioasid_file *file, const struct ioasid_map *args,
			   struct ioasid_segments *segments)
{
	u64 page = args->pin_offset >> PAGE_SHIFT, pages = args->length >> PAGE_SHIFT;
	struct ioasid_object *object;
	int ret;

	object = ioasid_object_get(file, args->pin_id, IOASID_OBJECT_PIN);
	if (!object)
		return -ENOENT;
	if (page >= object->pin.pages || pages > object->pin.pages - page)
		ret = -EINVAL;
	else if (args->flags & IOASID_MAP_WRITE && !object->write)
		ret = -EACCES;
	else
		ret = ioasid_segments_slice(&object->pin, page, pages, segments);
	ioasid_object_put(object);
	return ret;
}

/* Pin the segments of a range of a source, whose reference is dropped. */
static int segments_of_source(struct ioasid_file *file, struct ioasid_domain *domain, u64 va,
			      u64 length, bool write, struct ioasid_segments *segments,
			      struct ioasid_refusal *why)
{
	struct ioasid_pin_wish wish = {
		.domain = domain,
		.va = va,
		.pages = length >> PAGE_SHIFT,
		.write = write,
		.mode = file->charge_mode,
	};
	int ret;

	if (IS_ERR(domain))
		return PTR_ERR(domain);
	ret = ioasid_pin_range(&wish, segments, why);
	ioasid_domain_put(domain);
	return ret;
}

/**
 * ioasid_map_segments() - map what a call names, and tell what happened
 * @call: the call; its segments are gone afterwards
 * @ret: why there are no segments, or 0
 *
 * Context: may sleep, no locks held.
 * Return: @ret, or as ioasid_ioas_map().
 */
int ioasid_map_segments(struct ioasid_mapping_call *call, int ret)
{
	struct ioasid_segments *segments = &call->segments;
	struct ioasid_map_wish wish = {
		.segments = segments,
		.iova = call->iova,
		.access = call->flags & RIGHTS,
		.maker = call->maker,
		.fixed = call->flags & IOASID_MAP_FIXED,
		.policy = "builtin",
	};
	struct ioasid_event_map event = {
		.ioas = call->ioas->number,
		.va = call->va,
		.pages = call->length >> PAGE_SHIFT,
		.tgid = current->tgid,
		.policy = wish.policy,
	};
	const struct ioasid_segment *first;

	event.pin_ns = ioasid_lap(&call->lap);
	if (ret)
		goto out;
	first = segments->list;
	wish.va = first->pin->va + (first->page << PAGE_SHIFT);
	event.va = wish.va;
	event.pins = segments->count;
	event.reused = segments->reused;
	call->reused = segments->reused << PAGE_SHIFT;
	if (call->lap.start)
		event.runs = ioasid_segments_runs(segments);
	ret = ioasid_ioas_map(call->ioas, &wish, &event, &call->lap, call->why);
	ioasid_segments_put(segments);
out:
	event.iova = wish.iova;
	event.ret = ret;
	event.stage = ret ? call->why->stage : IOASID_STAGE_NONE;
	event.reason = ret ? call->why->reason : IOASID_REASON_NONE;
	event.total_ns = ioasid_lap_total(&call->lap);
	trace_ioasid_map(&event);
	if (!ret)
		call->iova = wish.iova;
	return ret;
}

static int map(struct ioasid_file *file, struct ioasid_map *args, struct ioasid_ioas *ioas,
	       struct ioasid_refusal *why)
{
	struct ioasid_mapping_call call = {
		.ioas = ioas,
		.flags = args->flags,
		.va = args->va,
		.length = args->length,
		.iova = args->iova,
		.lap = ioasid_lap_start(trace_ioasid_map_enabled()),
		.why = why,
	};
	int ret;

	if (args->flags & IOASID_MAP_PIN)
		ret = segments_of_pin(file, args, &call.segments);
	else
		ret = segments_of_source(file, ioasid_call_domain(file), args->va, args->length,
					 args->flags & IOASID_MAP_WRITE, &call.segments, why);
	ret = ioasid_map_segments(&call, ret);
	if (ret)
		return ret;
	args->iova = call.iova;
	args->out_reused = call.reused;
	return 0;
}

/**
 * ioasid_run_map() - IOASID_MAP
 * @file: whose call
 * @arg: struct ioasid_map
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_map(struct ioasid_file *file, void *arg)
{
	struct ioasid_refusal why = {};
	struct ioasid_map *args = arg;
	struct ioasid_object *object;
	int ret;

	ret = check_map(args, &why);
	if (ret)
		return ioasid_report(file, args->error, &why, ret);
	object = ioasid_object_get(file, args->ioas_id, IOASID_OBJECT_IOAS);
	if (!object)
		return ioasid_report(file, args->error, &why, -ENOENT);
	ret = map(file, args, object->ioas, &why);
	ioasid_object_put(object);
	return ioasid_report(file, args->error, &why, ret);
}

/* Unmap what a call mapped whose result could not be delivered. */
static void undo(struct ioasid_file *file, u32 ioas_id, u64 iova, u64 length)
{
	struct ioasid_refusal unused = {};
	struct ioasid_object *object;
	u64 unmapped;

	object = ioasid_object_get(file, ioas_id, IOASID_OBJECT_IOAS);
	if (!object)
		return;
	ioasid_ioas_unmap(object->ioas, iova, iova + length - 1, &unmapped, &unused);
	ioasid_object_put(object);
}

/**
 * ioasid_undo_map() - undo IOASID_MAP
 * @file: whose call
 * @arg: struct ioasid_map
 */
void ioasid_undo_map(struct ioasid_file *file, void *arg)
{
	struct ioasid_map *args = arg;

	undo(file, args->ioas_id, args->iova, args->length);
}

static int check_map_file(const struct ioasid_map_file *args)
{
	int ret;

	if (args->flags & ~(RIGHTS | IOASID_MAP_FIXED))
		return -EOPNOTSUPP;
	ret = ioasid_check_range(args->offset, args->length);
	if (!ret && args->offset + args->length - 1 > LLONG_MAX)
		ret = -EOVERFLOW;
	return ret ?: check_target(args->flags, args->iova, args->length);
}

static bool sealed(struct file *file)
{
	const unsigned int seals = F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;

	if (is_file_hugepages(file))
		return HUGETLBFS_I(file_inode(file))->seals & seals;
	return SHMEM_I(file_inode(file))->seals & seals;
}

/*
 * The domain of a file's pages, if the caller may map them. For writing it also keeps the file from
 * being sealed; who seals it later finds that its pages are pinned.
 */
static struct ioasid_domain *domain_of_file(struct file *file, bool write)
{
	struct ioasid_domain *domain;

	if (!shmem_file(file) && !is_file_hugepages(file))
		return ERR_PTR(-EINVAL);
	if (!(file->f_mode & FMODE_READ))
		return ERR_PTR(-EACCES);
	if (write && (!(file->f_mode & FMODE_WRITE) || sealed(file)))
		return ERR_PTR(-EACCES);
	if (write && mapping_map_writable(file->f_mapping))
		return ERR_PTR(-EACCES);
	domain = ioasid_domain_get(&ioasid_source_file, file->f_mapping, file);
	if (write && IS_ERR(domain))
		mapping_unmap_writable(file->f_mapping);
	return domain;
}

/* The domain of a buffer, if the part lies in it. */
static struct ioasid_domain *domain_of_buffer(struct dma_buf *buffer,
					      const struct ioasid_map_file *args)
{
	bool write = args->flags & IOASID_MAP_WRITE;

	if (args->offset >= buffer->size || args->length > buffer->size - args->offset)
		return ERR_PTR(-EINVAL);
	if (!(buffer->file->f_mode & FMODE_READ) ||
	    (write && !(buffer->file->f_mode & FMODE_WRITE)))
		return ERR_PTR(-EACCES);
	return ioasid_domain_get(&ioasid_source_buffer, buffer, buffer);
}

static int segments_of_file(struct ioasid_file *file, const struct ioasid_map_file *args,
			    struct ioasid_segments *segments, struct ioasid_refusal *why)
{
	bool write = args->flags & IOASID_MAP_WRITE;
	struct dma_buf *buffer = dma_buf_get(args->fd);
	struct ioasid_domain *domain;
	struct file *from = NULL;
	int ret;

	if (!IS_ERR(buffer)) {
		domain = domain_of_buffer(buffer, args);
	} else {
		from = fget(args->fd);
		domain = from ? domain_of_file(from, write) : ERR_PTR(-EBADF);
	}
	ret = segments_of_source(file, domain, args->offset, args->length, write, segments, why);
	if (!IS_ERR(buffer))
		dma_buf_put(buffer);
	if (from && write && !IS_ERR(domain))
		mapping_unmap_writable(from->f_mapping);
	if (from)
		fput(from);
	return ret;
}

/**
 * ioasid_run_map_file() - IOASID_MAP_FILE
 * @file: whose call
 * @arg: struct ioasid_map_file
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_map_file(struct ioasid_file *file, void *arg)
{
	struct ioasid_map_file *args = arg;
	struct ioasid_refusal why = {};
	struct ioasid_mapping_call call = {
		.flags = args->flags,
		.va = args->offset,
		.length = args->length,
		.iova = args->iova,
		.lap = ioasid_lap_start(trace_ioasid_map_enabled()),
		.why = &why,
	};
	struct ioasid_object *object;
	int ret;

	ret = check_map_file(args);
	if (ret)
		return ioasid_report(file, args->error, &why, ret);
	object = ioasid_object_get(file, args->ioas_id, IOASID_OBJECT_IOAS);
	if (!object)
		return ioasid_report(file, args->error, &why, -ENOENT);
	call.ioas = object->ioas;
	ret = ioasid_map_segments(&call, segments_of_file(file, args, &call.segments, &why));
	ioasid_object_put(object);
	if (!ret) {
		args->iova = call.iova;
		args->out_reused = call.reused;
	}
	return ioasid_report(file, args->error, &why, ret);
}

/**
 * ioasid_undo_map_file() - undo IOASID_MAP_FILE
 * @file: whose call
 * @arg: struct ioasid_map_file
 */
void ioasid_undo_map_file(struct ioasid_file *file, void *arg)
{
	struct ioasid_map_file *args = arg;

	undo(file, args->ioas_id, args->iova, args->length);
}

static int check_copy(const struct ioasid_copy *args)
{
	int ret;

	if (args->flags & ~(RIGHTS | IOASID_MAP_FIXED))
		return -EOPNOTSUPP;
	ret = ioasid_check_range(args->src_iova, args->length);
	return ret ?: check_target(args->flags, args->dst_iova, args->length);
}

static int copy(struct ioasid_copy *args, struct ioasid_ioas *from, struct ioasid_ioas *to,
		struct ioasid_refusal *why)
{
	struct ioasid_mapping_call call = {
		.ioas = to,
		.flags = args->flags,
		.length = args->length,
		.iova = args->dst_iova,
		.lap = ioasid_lap_start(trace_ioasid_map_enabled()),
		.why = why,
	};
	/* A device that may read needs memory that can be read, which all of it can. */
	unsigned int rights = args->flags & IOASID_MAP_WRITE ? IOASID_TABLE_WRITE : 0;
	int ret;

	ret = ioasid_ioas_segments(from, args->src_iova, args->length, rights, &call.segments);
	ret = ioasid_map_segments(&call, ret);
	if (!ret)
		args->dst_iova = call.iova;
	return ret;
}

/**
 * ioasid_run_copy() - IOASID_COPY
 * @file: whose call
 * @arg: struct ioasid_copy
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_copy(struct ioasid_file *file, void *arg)
{
	struct ioasid_object *from, *to = NULL;
	struct ioasid_refusal why = {};
	struct ioasid_copy *args = arg;
	int ret;

	ret = check_copy(args);
	if (ret)
		return ioasid_report(file, args->error, &why, ret);
	from = ioasid_object_get(file, args->src_ioas, IOASID_OBJECT_IOAS);
	if (from)
		to = ioasid_object_get(file, args->dst_ioas, IOASID_OBJECT_IOAS);
	ret = to ? copy(args, from->ioas, to->ioas, &why) : -ENOENT;
	if (to)
		ioasid_object_put(to);
	if (from)
		ioasid_object_put(from);
	return ioasid_report(file, args->error, &why, ret);
}

/**
 * ioasid_undo_copy() - undo IOASID_COPY
 * @file: whose call
 * @arg: struct ioasid_copy
 */
void ioasid_undo_copy(struct ioasid_file *file, void *arg)
{
	struct ioasid_copy *args = arg;

	undo(file, args->dst_ioas, args->dst_iova, args->length);
}

static int check_unmap(const struct ioasid_unmap *args, u64 *last)
{
	int ret;

	if (args->flags & ~IOASID_UNMAP_ALL || args->__reserved)
		return -EOPNOTSUPP;
	*last = U64_MAX;
	if (args->flags & IOASID_UNMAP_ALL)
		return args->iova || args->length ? -EINVAL : 0;
	ret = ioasid_check_range(args->iova, args->length);
	if (!ret)
		*last = args->iova + args->length - 1;
	return ret;
}

static int unmap(struct ioasid_unmap *args, struct ioasid_ioas *ioas, u64 last,
		 struct ioasid_refusal *why)
{
	return ioasid_ioas_unmap(ioas, args->iova, last, &args->out_unmapped, why);
}

/**
 * ioasid_run_unmap() - IOASID_UNMAP
 * @file: whose call
 * @arg: struct ioasid_unmap
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_unmap(struct ioasid_file *file, void *arg)
{
	struct ioasid_unmap *args = arg;
	struct ioasid_refusal why = {};
	struct ioasid_object *object;
	u64 last;
	int ret;

	args->out_unmapped = 0;
	ret = check_unmap(args, &last);
	if (ret)
		return ioasid_report(file, args->error, &why, ret);
	object = ioasid_object_get(file, args->ioas_id, IOASID_OBJECT_IOAS);
	if (!object)
		return ioasid_report(file, args->error, &why, -ENOENT);
	ret = unmap(args, object->ioas, last, &why);
	ioasid_object_put(object);
	return ioasid_report(file, args->error, &why, ret);
}

static int batch_map(struct ioasid_file *file, struct ioasid_batch_entry *entry,
		     struct ioasid_ioas *ioas, struct ioasid_refusal *why)
{
	struct ioasid_map args = {
		.flags = entry->flags,
		.pin_id = entry->pin_id,
		.va = entry->va,
		.pin_offset = entry->pin_offset,
		.length = entry->length,
		.iova = entry->iova,
	};
	int ret = check_map(&args, why) ?: map(file, &args, ioas, why);

	entry->iova = args.iova;
	entry->out_bytes = args.out_reused;
	return ret;
}

static int batch_unmap(struct ioasid_batch_entry *entry, struct ioasid_ioas *ioas,
		       struct ioasid_refusal *why)
{
	struct ioasid_unmap args = {
		.flags = entry->flags,
		.iova = entry->iova,
		.length = entry->length,
	};
	u64 last;
	int ret;

	if (entry->va || entry->pin_id || entry->pin_offset)
		return -EINVAL;
	ret = check_unmap(&args, &last) ?: unmap(&args, ioas, last, why);
	entry->out_bytes = args.out_unmapped;
	return ret;
}

/* One entry; 0 when it could be tried. */
static int batch_entry(struct ioasid_file *file, struct ioasid_batch_entry __user *user,
		       struct ioasid_ioas *ioas, struct ioasid_refusal *why, int *code)
{
	struct ioasid_batch_entry entry;
	u64 unmapped;

	if (copy_from_user(&entry, user, sizeof(entry)))
		return -EFAULT;
	/* What can't be written to is refused before the work. */
	if (put_user(0, &user->out_code))
		return -EFAULT;
	entry.out_bytes = 0;
	switch (entry.op) {
	case IOASID_BATCH_MAP:
		*code = batch_map(file, &entry, ioas, why);
		break;
	case IOASID_BATCH_UNMAP:
		*code = batch_unmap(&entry, ioas, why);
		break;
	default:
		*code = -EOPNOTSUPP;
	}
	entry.out_code = -*code;
	if (!copy_to_user(user, &entry, sizeof(entry)))
		return 0;
	if (entry.op == IOASID_BATCH_MAP && !*code)
		ioasid_ioas_unmap(ioas, entry.iova, entry.iova + entry.length - 1, &unmapped, why);
	return -EFAULT;
}

static int batch(struct ioasid_file *file, struct ioasid_map_batch *args, struct ioasid_ioas *ioas)
{
	struct ioasid_batch_entry __user *entries = u64_to_user_ptr(args->entries);
	struct ioasid_refusal why;
	int ret, code;
	u32 i;

	for (i = 0; i < args->count; i++) {
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
		why = (struct ioasid_refusal){};
		ret = batch_entry(file, &entries[i], ioas, &why, &code);
		if (ret)
			return ret;
		args->out_done++;
		if (!code)
			continue;
		if (!args->out_failed++)
			ioasid_report(file, args->error, &why, code);
		if (args->flags & IOASID_BATCH_STOP)
			break;
	}
	return 0;
}

/**
 * ioasid_run_map_batch() - IOASID_MAP_BATCH
 * @file: whose call
 * @arg: struct ioasid_map_batch
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_map_batch(struct ioasid_file *file, void *arg)
{
	struct ioasid_map_batch *args = arg;
	struct ioasid_refusal why = {};
	struct ioasid_domain *domain;
	struct ioasid_object *object;
	int ret;

	args->out_done = 0;
	args->out_failed = 0;
	if (args->flags & ~IOASID_BATCH_STOP)
		return ioasid_report(file, args->error, &why, -EOPNOTSUPP);
	object = ioasid_object_get(file, args->ioas_id, IOASID_OBJECT_IOAS);
	if (!object)
		return ioasid_report(file, args->error, &why, -ENOENT);
	/* A call that has done some of its entries can't be made again, so this comes first. */
	domain = ioasid_call_domain(file);
	ret = PTR_ERR_OR_ZERO(domain);
	if (!ret) {
		ret = batch(file, args, object->ioas);
		ioasid_domain_put(domain);
	}
	ioasid_object_put(object);
	return ret;
}
