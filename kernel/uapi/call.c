// SPDX-License-Identifier: GPL-2.0-only
/*
 * Call: what the calls have in common: checks of arguments, refusals told to the caller, ids for
 * new objects.
 *
 * Within a call: sizes first (EINVAL, E2BIG), then flags and reserved fields (EOPNOTSUPP), then
 * values (EINVAL, EOVERFLOW), then ids (ENOENT), then rights (EPERM, EACCES), then the work.
 */
#include "uapi/call.h"

#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "queue.h"

/* An argument shorter than its first version is refused, so the first version's size is kept. */
static_assert(sizeof(struct ioasid_error) == 64);

/**
 * ioasid_check_range() - is it a range of memory or IOVAs?
 * @start: first address
 * @length: bytes
 *
 * Return: 0; -EINVAL when it is empty or not page-aligned; -EOVERFLOW when it wraps.
 */
int ioasid_check_range(u64 start, u64 length)
{
	u64 last;

	if (!length || !PAGE_ALIGNED(start) || !PAGE_ALIGNED(length))
		return -EINVAL;
	if (check_add_overflow(start, length - 1, &last))
		return -EOVERFLOW;
	return 0;
}

/**
 * ioasid_check_memory() - is it a range of the caller's memory?
 * @va: first address
 * @length: bytes
 * @why: filled when it lies where no process has memory
 *
 * Return: 0; -EFAULT; as ioasid_check_range().
 */
int ioasid_check_memory(u64 va, u64 length, struct ioasid_refusal *why)
{
	int ret = ioasid_check_range(va, length);

	if (ret)
		return ret;
	if (current->mm && va + length - 1 < TASK_SIZE_MAX)
		return 0;
	return ioasid_refuse(why, IOASID_STAGE_PIN, max_t(u64, va, TASK_SIZE_MAX), length, -EFAULT);
}

/* Tell whoever reads the file's events. */
static void post(struct ioasid_file *file, const struct ioasid_refusal *why, int ret)
{
	struct ioasid_event event = {
		.kind = IOASID_EVENT_REFUSAL,
		.code = -ret,
		.asked = why->asked,
		.used = why->used,
		.limit = why->limit,
		.stage = why->stage,
		.tgid = current->tgid,
	};

	memcpy(event.policy, why->policy, sizeof(event.policy));
	ioasid_queue_post(file->queue, &event);
}

/**
 * ioasid_tell_why() - what a refusal looks like from outside
 * @error: filled but for its size
 * @why: what was noted
 * @ret: what the call returns
 */
void ioasid_tell_why(struct ioasid_error *error, const struct ioasid_refusal *why, int ret)
{
	error->stage = why->stage ?: IOASID_STAGE_CHECK;
	error->code = -ret;
	error->reason = why->reason;
	error->asked = why->asked;
	error->used = why->used;
	error->limit = why->limit;
	error->addr = why->addr;
	memcpy(error->policy, why->policy, sizeof(error->policy));
}

/**
 * ioasid_report() - tell the caller why, if it wants to know
 * @file: gets an event, unless the argument itself was wrong
 * @to: user address of a struct ioasid_error, or 0
 * @why: what was noted
 * @ret: what the call returns
 *
 * Return: @ret.
 */
int ioasid_report(struct ioasid_file *file, u64 to, const struct ioasid_refusal *why, int ret)
{
	struct ioasid_error __user *uerror = u64_to_user_ptr(to);
	struct ioasid_error error = {};

	/* Who is to be called again hears nothing of it. */
	if (!ret || ret == -ERESTARTNOINTR)
		return ret;
	if (why->stage != IOASID_STAGE_NONE)
		post(file, why, ret);
	if (!to)
		return ret;
	if (get_user(error.size, &uerror->size) || error.size < sizeof(error))
		return ret;
	ioasid_tell_why(&error, why, ret);
	if (copy_to_user(uerror, &error, sizeof(error)))
		return ret;
	return ret;
}

/**
 * ioasid_call_domain() - the calling process's pin domain
 * @file: remembers the first one, so that it is not made anew each time
 *
 * Return: the domain with a reference, or an ERR_PTR: -ENOMEM, -EINTR.
 */
struct ioasid_domain *ioasid_call_domain(struct ioasid_file *file)
{
	struct ioasid_domain *domain = READ_ONCE(file->domain);

	if (domain && domain->key == current->mm) {
		ioasid_domain_hold(domain);
		return domain;
	}
	domain = ioasid_domain_of(NULL);
	if (IS_ERR(domain) || READ_ONCE(file->domain))
		return domain;
	ioasid_domain_hold(domain);
	if (cmpxchg(&file->domain, NULL, domain))
		ioasid_domain_put(domain);
	return domain;
}

/**
 * ioasid_publish() - give an object that was just made an id
 * @file: whose
 * @object: the caller's reference is taken over; freed on failure
 * @id: set to the id
 *
 * Return: 0 or -ENOMEM.
 */
int ioasid_publish(struct ioasid_file *file, struct ioasid_object *object, u32 *id)
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

/**
 * ioasid_unpublish() - take an object back whose id could not be delivered
 * @file: whose
 * @id: the id
 */
void ioasid_unpublish(struct ioasid_file *file, u32 id)
{
	struct ioasid_object *object = ioasid_object_get_any(file, id);

	if (!object)
		return;
	if (ioasid_object_remove(file, object))
		ioasid_object_put(object);
	ioasid_object_put(object);
}
