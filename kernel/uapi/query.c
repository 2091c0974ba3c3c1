// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls that tell: INFO, QUERY, AUDIT.
 *
 * A list is made in parts of CHUNK entries; locks are held for one part at a time.
 */
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "audit.h"
#include "fault.h"
#include "ioas/ioas.h"
#include "pin/pin.h"
#include "uapi/call.h"

#define CHUNK 64

/**
 * ioasid_run_info() - IOASID_INFO
 * @file: whose call
 * @arg: struct ioasid_info
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_info(struct ioasid_file *file, void *arg)
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

static void query_ioas(struct ioasid_ioas *ioas, struct ioasid_query *query)
{
	u64 tables;

	query->table_memory += ioasid_ioas_table_memory(ioas, &tables);
	query->tables += tables;
	read_lock(&ioas->lock);
	query->mappings += ioas->mappings;
	query->mapped += ioas->mapped << PAGE_SHIFT;
	query->metadata += ioas->mappings * ioasid_mapping_size();
	read_unlock(&ioas->lock);
}

static void query_file(struct ioasid_file *file, struct ioasid_query *query)
{
	struct ioasid_object *object;
	unsigned long id = 0;

	while ((object = ioasid_object_next(file, &id))) {
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

static void query_process(struct ioasid_file *file, struct ioasid_query *query)
{
	struct ioasid_domain *domain = ioasid_domain_find(&ioasid_source_memory, current->mm);
	u64 limit = ioasid_hard_limit(NULL, file->charge_mode);
	struct ioasid_domain_stat stat;

	query->limit = limit == IOASID_NO_LIMIT ? limit : limit << PAGE_SHIFT;
	query->charged = ioasid_charged_current() << PAGE_SHIFT;
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
	query->shared = stat.shared << PAGE_SHIFT;
	query->runs = stat.runs;
	query->stale = stat.stale << PAGE_SHIFT;
	query->metadata = stat.metadata;
	query->suspected = stat.suspected;
	query->rechecked = stat.rechecked;
	query->turned_stale = stat.turned_stale;
}

/* Parts of the list of pins of the calling process. */
static u32 list_pins(u64 *cursor, struct ioasid_query_entry *entries, u32 capacity)
{
	struct ioasid_domain *domain = ioasid_domain_find(&ioasid_source_memory, current->mm);
	u32 n = 0;

	if (domain) {
		n = ioasid_pins_list(domain, cursor, entries, capacity);
		ioasid_domain_put(domain);
	} else {
		*cursor = U64_MAX;
	}
	return n;
}

static u32 list_objects(struct ioasid_file *file, u64 *cursor, struct ioasid_query_entry *entries,
			u32 capacity)
{
	struct ioasid_object *object = NULL;
	unsigned long id = *cursor;
	u32 n;

	for (n = 0; n < capacity; n++) {
		object = ioasid_object_next(file, &id);
		if (!object)
			break;
		entries[n] = (struct ioasid_query_entry){
			.length = object->pin.pages << PAGE_SHIFT,
			.id = object->id,
		};
		ioasid_object_put(object);
		*cursor = id;
	}
	if (!object)
		*cursor = U64_MAX;
	return n;
}

static u32 list_part(struct ioasid_file *file, struct ioasid_ioas *ioas, struct ioasid_query *query,
		     struct ioasid_query_entry *entries, u32 capacity)
{
	if (query->cursor == U64_MAX)
		return 0;
	switch (query->scope) {
	case IOASID_SCOPE_IOAS:
		return ioasid_ioas_list(ioas, &query->cursor, entries, capacity);
	case IOASID_SCOPE_FILE:
		return list_objects(file, &query->cursor, entries, capacity);
	default:
		return list_pins(&query->cursor, entries, capacity);
	}
}

static int list(struct ioasid_file *file, struct ioasid_ioas *ioas, struct ioasid_query *query)
{
	struct ioasid_query_entry __user *to = u64_to_user_ptr(query->entries);
	struct ioasid_query_entry *part = NULL;
	int ret = 0;
	u32 n;

	if (!ioasid_fault())
		part = kmalloc_array(CHUNK, sizeof(*part), GFP_KERNEL_ACCOUNT);
	if (!part)
		return -ENOMEM;
	while (query->count < query->capacity && query->cursor != U64_MAX) {
		n = list_part(file, ioas, query, part,
			      min_t(u32, CHUNK, query->capacity - query->count));
		if (copy_to_user(to + query->count, part, n * sizeof(*part)))
			ret = -EFAULT;
		else if (fatal_signal_pending(current))
			ret = -EINTR;
		if (ret)
			break;
		query->count += n;
		cond_resched();
	}
	kfree(part);
	return ret;
}

static int check_query(const struct ioasid_query *query)
{
	if (query->flags || query->scope > IOASID_SCOPE_PROCESS)
		return -EOPNOTSUPP;
	if (query->scope != IOASID_SCOPE_IOAS && query->id)
		return -EINVAL;
	if (!query->entries && (query->capacity || query->cursor))
		return -EINVAL;
	return 0;
}

/**
 * ioasid_run_query() - IOASID_QUERY
 * @file: whose call
 * @arg: struct ioasid_query
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_query(struct ioasid_file *file, void *arg)
{
	struct ioasid_query *query = arg;
	const struct ioasid_query in = *query;
	struct ioasid_object *object = NULL;
	int ret = check_query(query);

	if (ret)
		return ret;
	*query = (struct ioasid_query){
		.size = in.size,
		.scope = in.scope,
		.id = in.id,
		.cursor = in.cursor,
		.entries = in.entries,
		.capacity = in.capacity,
	};
	if (in.scope == IOASID_SCOPE_IOAS) {
		object = ioasid_object_get(file, in.id, IOASID_OBJECT_IOAS);
		if (!object)
			return -ENOENT;
		query_ioas(object->ioas, query);
	} else if (in.scope == IOASID_SCOPE_FILE) {
		query_file(file, query);
	} else {
		query_process(file, query);
	}
	if (in.entries)
		ret = list(file, object ? object->ioas : NULL, query);
	if (object)
		ioasid_object_put(object);
	return ret;
}

/**
 * ioasid_run_audit() - IOASID_AUDIT
 * @file: whose call
 * @arg: struct ioasid_audit
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_audit(struct ioasid_file *file, void *arg)
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
