// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ioctl: the calls of include/uapi/linux/ioasid.h. Decodes and checks arguments, and calls the
 * floors below.
 *
 * A call goes: size, copy in, check that the result can be delivered, run, copy out. What cannot be
 * delivered is undone, so a call that fails has changed nothing.
 *
 * Within a call: sizes first (EINVAL, E2BIG), then flags and reserved fields (EOPNOTSUPP), then
 * values (EINVAL, EOVERFLOW), then ids (ENOENT), then rights (EPERM, EACCES), then the work.
 */
#include "uapi/ioctl.h"

#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <uapi/linux/ioasid.h>

#include <trace/events/ioasid.h>

#include "audit.h"
#include "ioas/ioas.h"
#include "pin/pin.h"
#include "trace/lap.h"
#include "uapi/object.h"

/* Rights are the same bits in the ABI and in tables. */
static_assert(IOASID_MAP_READ == IOASID_TABLE_READ);
static_assert(IOASID_MAP_WRITE == IOASID_TABLE_WRITE);
/* An argument shorter than its first version is refused, so the first version's size is kept. */
static_assert(sizeof(struct ioasid_error) == 64);

#define CHUNK PAGE_SIZE

/* A range of memory or IOVAs: not empty, page-aligned, not wrapping. */
static int check_range(u64 start, u64 length)
{
	u64 last;

	if (!length || !PAGE_ALIGNED(start) || !PAGE_ALIGNED(length))
		return -EINVAL;
	if (check_add_overflow(start, length - 1, &last))
		return -EOVERFLOW;
	return 0;
}

/* A range of the caller's memory. */
static int check_memory(u64 va, u64 length, struct ioasid_refusal *why)
{
	int ret = check_range(va, length);

	if (ret)
		return ret;
	if (current->mm && va + length - 1 < TASK_SIZE_MAX)
		return 0;
	return ioasid_refuse(why, IOASID_STAGE_PIN, max_t(u64, va, TASK_SIZE_MAX), length, -EFAULT);
}

/* Tell the caller why, if it wants to know. */
static int report(u64 to, const struct ioasid_refusal *why, int ret)
{
	struct ioasid_error __user *uerror = u64_to_user_ptr(to);
	struct ioasid_error error = {
		.stage = why->stage,
		.code = -ret,
		.asked = why->asked,
		.used = why->used,
		.limit = why->limit,
		.addr = why->addr,
	};

	if (!ret || !to)
		return ret;
	if (get_user(error.size, &uerror->size) || error.size < sizeof(error))
		return ret;
	if (why->stage == IOASID_STAGE_NONE)
		error.stage = IOASID_STAGE_CHECK;
	memcpy(error.policy, why->policy, sizeof(error.policy));
	if (copy_to_user(uerror, &error, sizeof(error)))
		return ret;
	return ret;
}

/* The calling process's pin domain, with a reference. */
static struct ioasid_domain *domain_get(struct ioasid_file *file)
{
	struct ioasid_domain *domain = READ_ONCE(file->domain);

	if (domain && domain->notifier.mm == current->mm) {
		ioasid_domain_get(domain);
		return domain;
	}
	domain = ioasid_domain_get_current();
	if (IS_ERR(domain) || READ_ONCE(file->domain))
		return domain;
	ioasid_domain_get(domain);
	if (cmpxchg(&file->domain, NULL, domain))
		ioasid_domain_put(domain);
	return domain;
}

static int run_info(struct ioasid_file *file, void *arg)
{
	struct ioasid_info *info = arg;

	if (info->flags || info->__reserved)
		return -EOPNOTSUPP;
	info->abi_version = IOASID_ABI_VERSION;
	info->page_sizes = ioasid_table_page_sizes();
	info->formats = ioasid_table_formats();
	info->features = 0;
	return 0;
}

/* Give an object that was just made an id; on failure it is freed. */
static int publish(struct ioasid_file *file, struct ioasid_object *object, u32 *id)
{
	int ret;

	/* Once it has an id, any thread may destroy it. */
	refcount_inc(&object->refs);
	ret = ioasid_object_add(file, object);
	*id = object->id;
	if (ret)
		ioasid_object_put(object);
	ioasid_object_put(object);
	return ret;
}

/* Take an object back whose id could not be delivered. */
static void unpublish(struct ioasid_file *file, u32 id)
{
	struct ioasid_object *object = ioasid_object_get_any(file, id);

	if (!object)
		return;
	if (ioasid_object_remove(file, object))
		ioasid_object_put(object);
	ioasid_object_put(object);
}

static int run_ioas_alloc(struct ioasid_file *file, void *arg)
{
	struct ioasid_ioas_alloc *alloc = arg;
	struct ioasid_object *object;

	if (alloc->flags || alloc->__reserved)
		return -EOPNOTSUPP;
	object = ioasid_object_alloc(IOASID_OBJECT_IOAS);
	if (!object)
		return -ENOMEM;
	object->ioas = ioasid_ioas_alloc();
	if (!object->ioas) {
		kfree(object);
		return -ENOMEM;
	}
	return publish(file, object, &alloc->out_id);
}

static void undo_ioas_alloc(struct ioasid_file *file, void *arg)
{
	struct ioasid_ioas_alloc *alloc = arg;

	unpublish(file, alloc->out_id);
}

/* Take an id away, unless the object is in use. */
static int destroy(struct ioasid_file *file, struct ioasid_object *object, bool force)
{
	if (!object)
		return -ENOENT;
	if (!force && ioasid_object_busy(object)) {
		ioasid_object_put(object);
		return -EBUSY;
	}
	if (!ioasid_object_remove(file, object)) {
		ioasid_object_put(object);
		return -ENOENT;
	}
	ioasid_object_put(object);
	ioasid_object_put(object);
	return 0;
}

static int run_destroy(struct ioasid_file *file, void *arg)
{
	struct ioasid_destroy *args = arg;

	if (args->flags || args->__reserved)
		return -EOPNOTSUPP;
	return destroy(file, ioasid_object_get_any(file, args->id), false);
}

static int pin(struct ioasid_file *file, struct ioasid_pin *args, struct ioasid_refusal *why)
{
	bool write = args->flags & IOASID_PIN_WRITE;
	struct ioasid_domain *domain;
	struct ioasid_object *object;
	int ret;

	object = ioasid_object_alloc(IOASID_OBJECT_PIN);
	if (!object)
		return -ENOMEM;
	object->write = write;
	domain = domain_get(file);
	if (IS_ERR(domain)) {
		ret = PTR_ERR(domain);
		goto out_object;
	}
	ret = ioasid_pin_range(domain, args->va, args->length >> PAGE_SHIFT, write, &object->pin,
			       why);
	ioasid_domain_put(domain);
	if (ret)
		goto out_object;
	args->out_new = args->length - (object->pin.reused << PAGE_SHIFT);
	return publish(file, object, &args->out_id);

out_object:
	ioasid_object_put(object);
	return ret;
}

static int run_pin(struct ioasid_file *file, void *arg)
{
	struct ioasid_refusal why = {};
	struct ioasid_pin *args = arg;
	int ret;

	if (args->flags & ~IOASID_PIN_WRITE || args->__reserved)
		ret = -EOPNOTSUPP;
	else
		ret = check_memory(args->va, args->length, &why) ?: pin(file, args, &why);
	return report(args->error, &why, ret);
}

static void undo_pin(struct ioasid_file *file, void *arg)
{
	struct ioasid_pin *args = arg;

	unpublish(file, args->out_id);
}

static int run_unpin(struct ioasid_file *file, void *arg)
{
	struct ioasid_refusal why = {};
	struct ioasid_unpin *args = arg;
	bool defer = args->flags & IOASID_UNPIN_DEFER;
	int ret;

	if (args->flags & ~IOASID_UNPIN_DEFER || args->__reserved)
		ret = -EOPNOTSUPP;
	else
		ret = destroy(file, ioasid_object_get(file, args->id, IOASID_OBJECT_PIN), defer);
	if (ret == -EBUSY)
		ioasid_refuse(&why, IOASID_STAGE_USE, 0, 0, ret);
	return report(args->error, &why, ret);
}

static int check_map(const struct ioasid_map *args, struct ioasid_refusal *why)
{
	const u32 known = IOASID_MAP_READ | IOASID_MAP_WRITE | IOASID_MAP_FIXED | IOASID_MAP_PIN;
	bool by_pin = args->flags & IOASID_MAP_PIN;
	int ret;

	if (args->flags & ~known)
		return -EOPNOTSUPP;
	if (!(args->flags & (IOASID_MAP_READ | IOASID_MAP_WRITE)))
		return -EINVAL;
	if (by_pin ? args->va : args->pin_offset || args->pin_id)
		return -EINVAL;
	if (!(args->flags & IOASID_MAP_FIXED) && args->iova)
		return -EINVAL;
	ret = by_pin ? check_range(args->pin_offset, args->length) :
		       check_memory(args->va, args->length, why);
	if (ret || !(args->flags & IOASID_MAP_FIXED))
		return ret;
	return check_range(args->iova, args->length);
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

/* The segments that a map call names by address, pinned if they aren't yet. */
static int segments_of_memory(struct ioasid_file *file, const struct ioasid_map *args,
			      struct ioasid_segments *segments, struct ioasid_refusal *why)
{
	bool write = args->flags & IOASID_MAP_WRITE;
	struct ioasid_domain *domain;
	int ret;

	domain = domain_get(file);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	ret = ioasid_pin_range(domain, args->va, args->length >> PAGE_SHIFT, write, segments, why);
	ioasid_domain_put(domain);
	return ret;
}

static int map(struct ioasid_file *file, struct ioasid_map *args, struct ioasid_ioas *ioas,
	       struct ioasid_refusal *why)
{
	struct ioasid_lap lap = ioasid_lap_start(trace_ioasid_map_enabled());
	struct ioasid_segments segments = {};
	struct ioasid_map_wish wish = {
		.segments = &segments,
		.iova = args->iova,
		.access = args->flags & (IOASID_MAP_READ | IOASID_MAP_WRITE),
		.fixed = args->flags & IOASID_MAP_FIXED,
		.policy = "builtin",
	};
	struct ioasid_event_map event = {
		.ioas = ioas->number,
		.va = args->va,
		.pages = args->length >> PAGE_SHIFT,
		.tgid = current->tgid,
		.policy = wish.policy,
	};
	const struct ioasid_segment *first;
	u64 reused = 0;
	int ret;

	ret = args->flags & IOASID_MAP_PIN ? segments_of_pin(file, args, &segments) :
					     segments_of_memory(file, args, &segments, why);
	event.pin_ns = ioasid_lap(&lap);
	if (ret)
		goto out;

	first = segments.list;
	wish.va = first->pin->va + (first->page << PAGE_SHIFT);
	reused = segments.reused;
	event.va = wish.va;
	event.pins = segments.count;
	event.reused = reused;
	if (lap.start)
		event.runs = ioasid_segments_runs(&segments);
	ret = ioasid_ioas_map(ioas, &wish, &event, &lap, why);
	ioasid_segments_put(&segments);
out:
	event.iova = wish.iova;
	event.ret = ret;
	event.total_ns = ioasid_lap_total(&lap);
	trace_ioasid_map(&event);
	if (ret)
		return ret;
	args->iova = wish.iova;
	args->out_reused = reused << PAGE_SHIFT;
	return 0;
}

static int run_map(struct ioasid_file *file, void *arg)
{
	struct ioasid_refusal why = {};
	struct ioasid_map *args = arg;
	struct ioasid_object *object;
	int ret;

	ret = check_map(args, &why);
	if (ret)
		return report(args->error, &why, ret);
	object = ioasid_object_get(file, args->ioas_id, IOASID_OBJECT_IOAS);
	if (!object)
		return report(args->error, &why, -ENOENT);
	ret = map(file, args, object->ioas, &why);
	ioasid_object_put(object);
	return report(args->error, &why, ret);
}

static void undo_map(struct ioasid_file *file, void *arg)
{
	struct ioasid_map *args = arg;
	struct ioasid_object *object;
	u64 unmapped;

	object = ioasid_object_get(file, args->ioas_id, IOASID_OBJECT_IOAS);
	if (!object)
		return;
	ioasid_ioas_unmap(object->ioas, args->iova, args->iova + args->length - 1, &unmapped);
	ioasid_object_put(object);
}

static int run_unmap(struct ioasid_file *file, void *arg)
{
	struct ioasid_unmap *args = arg;
	struct ioasid_object *object;
	u64 last = U64_MAX;
	int ret;

	if (args->flags & ~IOASID_UNMAP_ALL || args->__reserved)
		return -EOPNOTSUPP;
	if (args->flags & IOASID_UNMAP_ALL) {
		if (args->iova || args->length)
			return -EINVAL;
	} else {
		ret = check_range(args->iova, args->length);
		if (ret)
			return ret;
		last = args->iova + args->length - 1;
	}
	object = ioasid_object_get(file, args->ioas_id, IOASID_OBJECT_IOAS);
	if (!object)
		return -ENOENT;
	ret = ioasid_ioas_unmap(object->ioas, args->iova, last, &args->out_unmapped);
	ioasid_object_put(object);
	return ret;
}

/* A table for the address space; on success the object holds the reference to @feeder. */
static int table_alloc(struct ioasid_file *file, struct ioasid_table_alloc *args,
		       struct ioasid_object *feeder, struct ioasid_refusal *why)
{
	struct ioasid_object *object;
	struct ioasid_table *table;
	int ret;

	table = ioasid_table_alloc(args->format, args->levels);
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
	return publish(file, object, &args->out_id);
}

static int run_table_alloc(struct ioasid_file *file, void *arg)
{
	struct ioasid_table_alloc *args = arg;
	struct ioasid_refusal why = {};
	struct ioasid_object *feeder;
	int ret;

	if (args->flags)
		return report(args->error, &why, -EOPNOTSUPP);
	feeder = ioasid_object_get(file, args->ioas_id, IOASID_OBJECT_IOAS);
	if (!feeder)
		return report(args->error, &why, -ENOENT);
	ret = table_alloc(file, args, feeder, &why);
	ioasid_object_put(feeder);
	return report(args->error, &why, ret);
}

static void undo_table_alloc(struct ioasid_file *file, void *arg)
{
	struct ioasid_table_alloc *args = arg;

	unpublish(file, args->out_id);
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

static int run_translate(struct ioasid_file *file, void *arg)
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
	chunk = kmalloc(CHUNK, GFP_KERNEL_ACCOUNT);
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
	return ret;
}

static int run_access(struct ioasid_file *file, void *arg)
{
	struct ioasid_access *args = arg;
	struct ioasid_object *object;
	u64 last;
	int ret;

	args->out_done = 0;
	if (args->flags & ~IOASID_ACCESS_WRITE || args->__reserved)
		return -EOPNOTSUPP;
	if (!args->length)
		return -EINVAL;
	if (check_add_overflow(args->iova, args->length - 1, &last) ||
	    check_add_overflow(args->buffer, args->length - 1, &last))
		return -EOVERFLOW;
	object = ioasid_object_get(file, args->ioas_id, IOASID_OBJECT_IOAS);
	if (!object)
		return -ENOENT;
	if (access_ok(u64_to_user_ptr(args->buffer), args->length))
		ret = access(object->ioas, args);
	else
		ret = -EFAULT;
	ioasid_object_put(object);
	return ret;
}

static void query_ioas(struct ioasid_ioas *ioas, struct ioasid_query *query)
{
	u64 tables;

	query->table_memory += ioasid_ioas_table_memory(ioas, &tables);
	query->tables += tables;
	read_lock(&ioas->lock);
	query->mappings += ioas->mappings;
	query->mapped += ioas->mapped << PAGE_SHIFT;
	read_unlock(&ioas->lock);
}

static void query_file(struct ioasid_file *file, struct ioasid_query *query)
{
	struct ioasid_object *object;
	unsigned long id;

	xa_for_each(&file->objects, id, object) {
		object = ioasid_object_get_any(file, id);
		if (!object)
			continue;
		if (object->kind == IOASID_OBJECT_IOAS) {
			query->ioases++;
			query_ioas(object->ioas, query);
		} else if (object->kind == IOASID_OBJECT_PIN) {
			query->pins++;
			query->pinned += object->pin.pages << PAGE_SHIFT;
		}
		ioasid_object_put(object);
	}
}

static void query_process(struct ioasid_query *query)
{
	struct ioasid_domain *domain = ioasid_domain_find_current();
	u64 limit = ioasid_hard_limit();
	struct ioasid_domain_stat stat;

	query->limit = limit == IOASID_NO_LIMIT ? limit : limit << PAGE_SHIFT;
	if (!domain)
		return;
	spin_lock(&domain->lock);
	stat = domain->stat;
	spin_unlock(&domain->lock);
	ioasid_domain_put(domain);
	query->mappings = stat.mappings;
	query->mapped = stat.mapped << PAGE_SHIFT;
	query->pins = stat.pins;
	query->pinned = stat.pinned << PAGE_SHIFT;
	query->charged = stat.charged << PAGE_SHIFT;
	query->shared = stat.shared << PAGE_SHIFT;
	query->runs = stat.runs;
	query->stale = stat.stale << PAGE_SHIFT;
}

static int run_query(struct ioasid_file *file, void *arg)
{
	struct ioasid_query *query = arg;
	const struct ioasid_query in = *query;
	struct ioasid_object *object;

	if (in.flags)
		return -EOPNOTSUPP;
	*query = (struct ioasid_query){ .size = in.size, .scope = in.scope, .id = in.id };
	switch (in.scope) {
	case IOASID_SCOPE_IOAS:
		object = ioasid_object_get(file, in.id, IOASID_OBJECT_IOAS);
		if (!object)
			return -ENOENT;
		query_ioas(object->ioas, query);
		ioasid_object_put(object);
		return 0;
	case IOASID_SCOPE_FILE:
		if (in.id)
			return -EINVAL;
		query_file(file, query);
		return 0;
	case IOASID_SCOPE_PROCESS:
		if (in.id)
			return -EINVAL;
		query_process(query);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int run_audit(struct ioasid_file *file, void *arg)
{
	struct ioasid_audit *audit = arg;
	u32 size = audit->size;

	if (audit->flags || audit->__reserved)
		return -EOPNOTSUPP;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	*audit = (struct ioasid_audit){ .size = size };
	ioasid_audit(audit);
	return 0;
}

union argument {
	struct ioasid_info info;
	struct ioasid_ioas_alloc ioas_alloc;
	struct ioasid_destroy destroy;
	struct ioasid_pin pin;
	struct ioasid_unpin unpin;
	struct ioasid_map map;
	struct ioasid_unmap unmap;
	struct ioasid_table_alloc table_alloc;
	struct ioasid_translate translate;
	struct ioasid_access access;
	struct ioasid_query query;
	struct ioasid_audit audit;
};

/**
 * struct call - one ioctl
 * @size: bytes of its argument, as of now
 * @least: bytes of its first version
 * @run: does it
 * @undo: undoes it when the result can't be delivered; NULL when there is nothing to undo
 * @silent: nothing comes back in the argument, so it need not be writable
 * @partial: the argument tells how far it came, so it is delivered when the call fails too
 */
struct call {
	size_t size;
	size_t least;
	int (*run)(struct ioasid_file *file, void *arg);
	void (*undo)(struct ioasid_file *file, void *arg);
	bool silent;
	bool partial;
};

static const struct call calls[] = {
	[_IOC_NR(IOASID_INFO)] = { sizeof(struct ioasid_info), 40, run_info },
	[_IOC_NR(IOASID_IOAS_ALLOC)] = { sizeof(struct ioasid_ioas_alloc), 16, run_ioas_alloc,
					 undo_ioas_alloc },
	[_IOC_NR(IOASID_DESTROY)] = { sizeof(struct ioasid_destroy), 16, run_destroy,
				      .silent = true },
	[_IOC_NR(IOASID_PIN)] = { sizeof(struct ioasid_pin), 48, run_pin, undo_pin },
	[_IOC_NR(IOASID_UNPIN)] = { sizeof(struct ioasid_unpin), 24, run_unpin, .silent = true },
	[_IOC_NR(IOASID_MAP)] = { sizeof(struct ioasid_map), 64, run_map, undo_map },
	[_IOC_NR(IOASID_UNMAP)] = { sizeof(struct ioasid_unmap), 40, run_unmap, .partial = true },
	[_IOC_NR(IOASID_TABLE_ALLOC)] = { sizeof(struct ioasid_table_alloc), 32, run_table_alloc,
					  undo_table_alloc },
	[_IOC_NR(IOASID_TRANSLATE)] = { sizeof(struct ioasid_translate), 64, run_translate },
	[_IOC_NR(IOASID_ACCESS)] = { sizeof(struct ioasid_access), 48, run_access,
				     .partial = true },
	[_IOC_NR(IOASID_QUERY)] = { sizeof(struct ioasid_query), 112, run_query },
	[_IOC_NR(IOASID_AUDIT)] = { sizeof(struct ioasid_audit), 200, run_audit },
};

static int copy_in(const struct call *call, union argument *arg, void __user *from)
{
	u32 size;

	if (get_user(size, (u32 __user *)from))
		return -EFAULT;
	if (size < call->least)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(arg, call->size, from, size);
}

static int copy_out(const struct call *call, const union argument *arg, void __user *to, u32 size)
{
	return copy_to_user(to, arg, min_t(size_t, call->size, size)) ? -EFAULT : 0;
}

/**
 * ioasid_ioctl() - a call on an open file
 * @filp: the file
 * @command: IOASID_INFO and so on
 * @where: user address of the argument
 *
 * Return: 0 or a negative errno as include/uapi/linux/ioasid.h says.
 */
long ioasid_ioctl(struct file *filp, unsigned int command, unsigned long where)
{
	struct ioasid_file *file = filp->private_data;
	void __user *user = (void __user *)where;
	union argument arg = {};
	const struct call *call;
	u32 size;
	int ret;

	if (_IOC_TYPE(command) != IOASID_TYPE || _IOC_NR(command) >= ARRAY_SIZE(calls) ||
	    command != _IO(IOASID_TYPE, _IOC_NR(command)))
		return -ENOTTY;
	call = &calls[_IOC_NR(command)];
	ret = copy_in(call, &arg, user);
	if (ret)
		return ret;
	/* All arguments begin with their size. What can't be written to is refused before the work.
	 * */
	size = arg.info.size;
	if (!call->silent && copy_out(call, &arg, user, size))
		return -EFAULT;

	ret = call->run(file, &arg);
	if (call->silent || (ret && !call->partial))
		return ret;
	if (!copy_out(call, &arg, user, size))
		return ret;
	if (!ret && call->undo)
		call->undo(file, &arg);
	return ret ?: -EFAULT;
}
