// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ioas: see ioas.h.
 *
 * A map inserts its mappings busy, which reserves their IOVAs, enters them into the tables with no
 * lock that other maps want, and then makes them ready. An unmap makes mappings busy, removes them
 * from the tables, and takes them out of the tree. So different ranges are mapped and unmapped at
 * the same time; the same range is not: whoever meets a busy mapping is told EBUSY or, in search of
 * free IOVAs, goes on to the next.
 *
 * Invariants. What a ready mapping says is in all tables. What is in a table is in a mapping, ready
 * or busy. A mapping has a reference to its pin until it is out of all tables and these are
 * flushed. Whoever holds tables_lock for writing meets no busy mapping.
 *
 * Lock order: tables_lock; a table's walkers_lock; a commit; ioas->lock; the pin domain's lock.
 * Policies are asked with none of them held.
 */
#include "ioas/ioas.h"

#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include <trace/events/ioasid.h>

#include "commit.h"
#include "fault.h"
#include "ioas/hold.h"
#include "queue.h"
#include "trace/lap.h"

/* An unmap holds the lock for so many mappings at a time. */
#define UNMAP_BATCH 256
/* So many answers of a place policy may come too late before the built-in policy is asked. */
#define PLACE_TRIES 8

/**
 * ioasid_ioas_alloc() - make an empty address space
 * @queue: where its events go; a reference is taken
 *
 * Return: the address space, or NULL.
 */
struct ioasid_ioas *ioasid_ioas_alloc(struct ioasid_queue *queue)
{
	struct ioasid_ioas *ioas;

	ioas = ioasid_fault() ? NULL : kzalloc(sizeof(*ioas), GFP_KERNEL_ACCOUNT);
	if (!ioas)
		return NULL;
	ioasid_queue_get(queue);
	ioas->queue = queue;
	init_rwsem(&ioas->tables_lock);
	INIT_LIST_HEAD(&ioas->tables);
	INIT_LIST_HEAD(&ioas->groups);
	rwlock_init(&ioas->lock);
	ioas->tree = RB_ROOT;
	ioas->reserved = RB_ROOT;
	ioas->holds = RB_ROOT_CACHED;
	ioas->last = U64_MAX;
	ioas->tgid = current->tgid;
	get_task_comm(ioas->comm, current);
	if (!ioasid_ioas_enlist(ioas))
		return ioas;
	ioasid_queue_put(queue);
	kfree(ioas);
	return NULL;
}

/**
 * ioasid_ioas_free() - unmap everything and free the address space
 * @ioas: nobody else uses it, it has no tables
 *
 * Context: may sleep.
 */
void ioasid_ioas_free(struct ioasid_ioas *ioas)
{
	struct ioasid_refusal unused = {};
	u64 unmapped;

	if (ioas->mappings)
		ioasid_ioas_unmap(ioas, 0, U64_MAX, &unmapped, &unused);
	ioasid_ioas_unreserve_all(ioas);
	kfree(ioas->allowed);
	kfree(ioas->windows);
	WARN_ON_ONCE(!RB_EMPTY_ROOT(&ioas->tree) || !list_empty(&ioas->tables));
	ioasid_ioas_delist(ioas);
	ioasid_queue_put(ioas->queue);
	kfree(ioas);
}

/**
 * ioasid_ioas_stale() - the process has other memory where a mapping leads to
 * @user: the mapping's
 *
 * Context: the pin domain's lock is held, which keeps the mapping's IOVAs from changing.
 */
void ioasid_ioas_stale(struct ioasid_pin_user *user)
{
	const struct ioasid_mapping *mapping = container_of(user, struct ioasid_mapping, user);
	const struct ioasid_pin_group *pin = mapping->segment.pin;
	struct ioasid_event event = {
		.kind = IOASID_EVENT_STALE,
		.ioas = mapping->ioas->number,
		.iova = mapping->start,
		.length = ioasid_mapping_pages(mapping) << PAGE_SHIFT,
		.va = pin->va + (mapping->segment.page << PAGE_SHIFT),
		.pin = pin->number,
		.tgid = pin->domain->stat.tgid,
	};

	ioasid_queue_post(mapping->ioas->queue, &event);
}

static struct ioasid_run_iter pages_of(const struct ioasid_mapping *mapping)
{
	return ioasid_runs_seek(&mapping->segment.pin->runs, mapping->segment.page);
}

static void insert(struct ioasid_ioas *ioas, struct ioasid_mapping *mapping)
{
	lockdep_assert_held_write(&ioas->lock);
	ioasid_mapping_insert(&ioas->tree, mapping);
	ioas->changes++;
	ioas->mappings++;
	ioas->mapped += ioasid_mapping_pages(mapping);
	ioasid_pin_count_mapping(mapping->segment.pin, &mapping->user,
				 ioasid_mapping_pages(mapping));
}

static void erase(struct ioasid_ioas *ioas, struct ioasid_mapping *mapping)
{
	lockdep_assert_held_write(&ioas->lock);
	ioasid_mapping_erase(&ioas->tree, mapping);
	ioas->mappings--;
	ioas->mapped -= ioasid_mapping_pages(mapping);
	ioasid_pin_uncount_mapping(mapping->segment.pin, &mapping->user,
				   ioasid_mapping_pages(mapping));
}

/* Free mappings that are in no tree. */
static void free_list(struct list_head *list, bool put)
{
	struct ioasid_mapping *mapping, *next;

	list_for_each_entry_safe(mapping, next, list, link) {
		if (put)
			ioasid_pin_put(mapping->segment.pin);
		ioasid_mapping_free(mapping);
	}
	INIT_LIST_HEAD(list);
}

/* A busy mapping for each segment, without an IOVA yet. */
static int make_list(struct ioasid_ioas *ioas, const struct ioasid_map_wish *wish,
		     struct list_head *list)
{
	struct ioasid_mapping *mapping;
	u32 i;

	for (i = 0; i < wish->segments->count; i++) {
		mapping = ioasid_mapping_alloc(false);
		if (!mapping) {
			free_list(list, false);
			return -ENOMEM;
		}
		mapping->segment = wish->segments->list[i];
		mapping->ioas = ioas;
		mapping->maker = wish->maker;
		mapping->access = wish->access;
		mapping->busy = true;
		list_add_tail(&mapping->link, list);
	}
	return 0;
}

static void insert_list(struct ioasid_ioas *ioas, struct list_head *list, u64 iova)
{
	struct ioasid_mapping *mapping;

	list_for_each_entry(mapping, list, link) {
		mapping->start = iova;
		iova += ioasid_mapping_pages(mapping) << PAGE_SHIFT;
		mapping->last = iova - 1;
		insert(ioas, mapping);
	}
}

static int find_gap(void *space, const struct ioasid_search *search, u64 *iova)
{
	struct ioasid_ioas *ioas = space;
	int ret;

	read_lock(&ioas->lock);
	ret = ioasid_ioas_find_gap(ioas, search, iova);
	read_unlock(&ioas->lock);
	return ret;
}

static int find_gap_locked(void *space, const struct ioasid_search *search, u64 *iova)
{
	return ioasid_ioas_find_gap(space, search, iova);
}

static void usage(void *space, struct ioasid_place_usage *usage)
{
	struct ioasid_ioas *ioas = space;

	read_lock(&ioas->lock);
	usage->mappings = ioas->mappings;
	usage->mapped = ioas->mapped << PAGE_SHIFT;
	usage->tables = ioas->table_count;
	read_unlock(&ioas->lock);
}

/* What only BPF policies look at. */
static void fill_hints(const struct ioasid_map_wish *wish, struct ioasid_place_request *request)
{
	const struct ioasid_segment *segment = &wish->segments->list[0];
	struct ioasid_run_iter run = ioasid_runs_seek(&segment->pin->runs, segment->page);
	unsigned long pfn = ioasid_run_iter_pfn(&run);

	request->node = pfn_valid(pfn) ? page_to_nid(pfn_to_page(pfn)) : NUMA_NO_NODE;
	request->contiguous = min(ioasid_run_iter_left(&run), segment->pages) << PAGE_SHIFT;
	if (wish->access & IOASID_TABLE_READ)
		request->flags |= IOASID_PLACE_READ;
	if (wish->access & IOASID_TABLE_WRITE)
		request->flags |= IOASID_PLACE_WRITE;
}

static void fill_request(struct ioasid_ioas *ioas, const struct ioasid_map_wish *wish,
			 struct ioasid_place_context *context)
{
	context->space = ioas;
	context->request.length = wish->segments->pages << PAGE_SHIFT;
	context->request.va = wish->va;
	/* A chosen IOVA is never 0, so that 0 can mean none. */
	context->request.first = PAGE_SIZE;
	context->request.ioas = ioas->number;
	context->request.last = READ_ONCE(ioas->last);
	context->request.tgid = current->tgid;
}

/* Insert the list at wish->iova, or where the built-in policy says. */
static int insert_at(struct ioasid_ioas *ioas, struct ioasid_map_wish *wish, bool builtin,
		     struct list_head *list)
{
	struct ioasid_place_context context = { .find = find_gap_locked };
	u64 length = wish->segments->pages << PAGE_SHIFT;
	u64 last;
	int ret = 0;

	ioasid_commit_begin();
	write_lock(&ioas->lock);
	if (builtin) {
		fill_request(ioas, wish, &context);
		ret = ioasid_place_builtin(&context);
		wish->iova = context.request.iova;
	}
	last = wish->iova + length - 1;
	if (!ret &&
	    (last > ioas->last || (!wish->fixed && !ioasid_ioas_allows(ioas, wish->iova, last))))
		ret = -ERANGE;
	wish->window = !ret && ioasid_ioas_in_window(ioas, wish->iova, last);
	if (wish->window)
		ret = -ERANGE;
	if (!ret && ioasid_mapping_first(&ioas->tree, wish->iova, last))
		ret = -EEXIST;
	if (!ret)
		insert_list(ioas, list, wish->iova);
	write_unlock(&ioas->lock);
	ioasid_commit_end();
	return ret;
}

/*
 * One round with the place policy. Return 1 when its answer can't be used: it came too late, or it
 * was wrong when it was given; the policy is ejected then.
 */
static int place_once(struct ioasid_ioas *ioas, struct ioasid_map_wish *wish,
		      struct list_head *list, struct ioasid_lap *lap,
		      struct ioasid_event_map *event)
{
	struct ioasid_place_context context = { .find = find_gap, .usage = usage };
	u64 changes = READ_ONCE(ioas->changes);
	char chosen[IOASID_NAME_LEN] = "";
	u32 epoch;
	int ret;

	fill_request(ioas, wish, &context);
	if (ioasid_place_loaded()) {
		fill_hints(wish, &context.request);
		ioasid_ioas_get_policy(ioas, chosen);
	}
	ret = ioasid_place(&context, chosen, &epoch, wish->policy);
	event->policy_ns += ioasid_lap(lap);
	if (ret)
		return ret;

	wish->iova = context.request.iova;
	down_read(&ioas->tables_lock);
	ret = insert_at(ioas, wish, !epoch, list);
	if (!ret || !epoch)
		goto out;
	/* Unless it is late, it was wrong. */
	if (READ_ONCE(ioas->changes) == changes)
		ioasid_slot_eject_late(&ioasid_place_slot, epoch, IOASID_EXIT_IOVA, wish->iova,
				       "place() chose an IOVA that is in use or not allowed");
	ret = 1;
out:
	/* On success the lock stays: mappings and tables have to agree first. */
	if (ret)
		up_read(&ioas->tables_lock);
	return ret;
}

/* Find IOVAs and insert the mappings, busy. On success tables_lock is held for reading. */
static int place(struct ioasid_ioas *ioas, struct ioasid_map_wish *wish, struct list_head *list,
		 struct ioasid_lap *lap, struct ioasid_event_map *event)
{
	int tries, ret;

	for (tries = 0; !wish->fixed && tries < PLACE_TRIES; tries++) {
		ret = place_once(ioas, wish, list, lap, event);
		if (ret <= 0)
			return ret;
	}
	strscpy(wish->policy, wish->fixed ? "fixed" : "builtin");
	down_read(&ioas->tables_lock);
	ret = insert_at(ioas, wish, !wish->fixed, list);
	if (ret)
		up_read(&ioas->tables_lock);
	return ret;
}

/* Take the mappings before @end, all of the list if that is NULL, out of a table. */
static void clear_table(struct ioasid_table *table, struct list_head *list,
			const struct ioasid_mapping *end, struct ioasid_event_unmap *event,
			struct ioasid_lap *lap)
{
	struct ioasid_mapping *mapping, *first;
	struct ioasid_removal removal;
	u64 last = 0;

	first = list_first_entry(list, struct ioasid_mapping, link);
	if (first == end)
		return;
	ioasid_removal_init(&removal);
	list_for_each_entry(mapping, list, link) {
		if (mapping == end)
			break;
		ioasid_table_unmap(table, mapping->start, mapping->last, &removal);
		last = mapping->last;
	}
	event->table_ns += ioasid_lap(lap);
	ioasid_table_flush(table, first->start, last, &removal);
	event->flush_ns += ioasid_lap(lap);
}

static void clear_tables(struct ioasid_ioas *ioas, struct list_head *list,
			 struct ioasid_event_unmap *event, struct ioasid_lap *lap)
{
	struct ioasid_table *table;

	lockdep_assert_held(&ioas->tables_lock);
	list_for_each_entry(table, &ioas->tables, link)
		clear_table(table, list, NULL, event, lap);
}

/* Enter all of the list, or nothing. */
static int fill_table(struct ioasid_table *table, struct list_head *list)
{
	struct ioasid_event_unmap unused = {};
	struct ioasid_mapping *mapping;
	struct ioasid_lap untimed = {};
	struct ioasid_run_iter pages;
	int ret;

	list_for_each_entry(mapping, list, link) {
		pages = pages_of(mapping);
		ret = ioasid_table_map(table, mapping->start, mapping->last, &pages,
				       mapping->access);
		if (!ret)
			continue;
		clear_table(table, list, mapping, &unused, &untimed);
		return ret;
	}
	return 0;
}

/* Enter the list into all tables, or into none. */
static int fill_tables(struct ioasid_ioas *ioas, struct list_head *list)
{
	struct ioasid_event_unmap unused = {};
	struct ioasid_lap untimed = {};
	struct ioasid_table *table;
	int ret;

	lockdep_assert_held(&ioas->tables_lock);
	list_for_each_entry(table, &ioas->tables, link) {
		ret = fill_table(table, list);
		if (ret)
			goto undo;
	}
	return 0;

undo:
	list_for_each_entry_continue_reverse(table, &ioas->tables, link)
		clear_table(table, list, NULL, &unused, &untimed);
	return ret;
}

static void erase_list(struct ioasid_ioas *ioas, struct list_head *list)
{
	struct ioasid_mapping *mapping;

	ioasid_commit_begin();
	write_lock(&ioas->lock);
	list_for_each_entry(mapping, list, link)
		erase(ioas, mapping);
	write_unlock(&ioas->lock);
	ioasid_commit_end();
}

static void make_ready(struct ioasid_ioas *ioas, struct list_head *list)
{
	struct ioasid_mapping *mapping, *next;

	write_lock(&ioas->lock);
	list_for_each_entry_safe(mapping, next, list, link) {
		mapping->busy = false;
		list_del_init(&mapping->link);
	}
	write_unlock(&ioas->lock);
}

/**
 * ioasid_ioas_map() - map pinned memory
 * @ioas: the address space
 * @wish: what and where; on success its segments belong to the mappings, else they stay the
 *	caller's
 * @event: policy, times and result are filled in
 * @lap: the caller's watch
 * @why: filled on failure
 *
 * Context: may sleep, no locks held.
 * Return: 0; -EEXIST, -ERANGE for a fixed IOVA; -ENOSPC or a policy's refusal for a placed one;
 * -ENOMEM. On failure nothing is left behind.
 */
int ioasid_ioas_map(struct ioasid_ioas *ioas, struct ioasid_map_wish *wish,
		    struct ioasid_event_map *event, struct ioasid_lap *lap,
		    struct ioasid_refusal *why)
{
	u64 length = wish->segments->pages << PAGE_SHIFT;
	LIST_HEAD(list);
	int ret;

	strscpy(wish->policy, "builtin");
	ret = make_list(ioas, wish, &list);
	if (ret)
		return ioasid_refuse(why, IOASID_STAGE_PLACE, wish->iova, length, ret);

	ret = place(ioas, wish, &list, lap, event);
	event->place_ns = ioasid_lap(lap);
	if (ret) {
		free_list(&list, false);
		if (why->stage == IOASID_STAGE_NONE) {
			ioasid_refuse(why, IOASID_STAGE_PLACE, wish->iova, length, ret);
			if (wish->window)
				why->reason = IOASID_REASON_WINDOW;
			if (!wish->fixed)
				strscpy_pad(why->policy, wish->policy);
		}
		return ret;
	}

	ret = fill_tables(ioas, &list);
	event->table_ns = ioasid_lap(lap);
	if (ret) {
		ioasid_refuse(why, IOASID_STAGE_TABLE, wish->iova, length, ret);
		erase_list(ioas, &list);
		free_list(&list, false);
	} else {
		make_ready(ioas, &list);
		kvfree(wish->segments->list);
		*wish->segments = (struct ioasid_segments){};
	}
	up_read(&ioas->tables_lock);
	return ret;
}

/* Cut the mapping in two at an IOVA inside it. */
static void split(struct ioasid_ioas *ioas, struct ioasid_mapping *mapping, u64 at,
		  struct list_head *spares)
{
	struct ioasid_mapping *rest = list_first_entry(spares, struct ioasid_mapping, link);

	list_del(&rest->link);
	INIT_LIST_HEAD(&rest->link);
	ioasid_pin_lock(mapping->segment.pin);
	ioasid_mapping_split(&ioas->tree, mapping, at, rest);
	ioasid_pin_unlock(mapping->segment.pin);
	ioas->mappings++;
	ioasid_pin_split_mapping(mapping->segment.pin, &rest->user);
}

/* The first mapping of a range, and the next one; what is reserved is skipped. */
static struct ioasid_mapping *skip_reserved(struct ioasid_mapping *mapping, u64 last)
{
	while (mapping && ioasid_mapping_reserved(mapping))
		mapping = ioasid_mapping_next(mapping, last);
	return mapping;
}

static struct ioasid_mapping *first_mapping(struct ioasid_ioas *ioas, u64 start, u64 last)
{
	return skip_reserved(ioasid_mapping_first(&ioas->tree, start, last), last);
}

static struct ioasid_mapping *next_mapping(struct ioasid_mapping *mapping, u64 last)
{
	return skip_reserved(ioasid_mapping_next(mapping, last), last);
}

/* Does somebody hold pages of the mapping's part of the range? */
static bool is_held(struct ioasid_ioas *ioas, const struct ioasid_mapping *mapping, u64 start,
		    u64 last)
{
	if (RB_EMPTY_ROOT(&ioas->holds.rb_root))
		return false;
	return ioasid_held(ioas, max(mapping->start, start), min(mapping->last, last));
}

/* Can all tables be cut there, which is inside the mapping? */
static bool can_cut(struct ioasid_ioas *ioas, const struct ioasid_mapping *mapping, u64 at)
{
	const struct ioasid_segment *segment = &mapping->segment;
	const struct ioasid_runs *runs = &segment->pin->runs;
	u64 page = segment->page + ((at - mapping->start) >> PAGE_SHIFT);
	struct ioasid_run_iter iter = ioasid_runs_seek(runs, page);
	u64 first = max(ioasid_run_index(runs->list[iter.run]), segment->page);
	u64 end = min(ioasid_run_end(runs, iter.run), segment->page + segment->pages);
	u64 before = (page - first) << PAGE_SHIFT;
	u64 phys = ioasid_run_iter_pfn(&iter) << PAGE_SHIFT;
	struct ioasid_table *table;

	list_for_each_entry(table, &ioas->tables, link)
		if (!ioasid_table_can_cut(table, at - before, phys - before,
					  (end - first) << PAGE_SHIFT, before))
			return false;
	return true;
}

/**
 * struct unmapping - a call that unmaps
 * @ioas: the address space
 * @maker: whose mappings; 0: anybody's
 * @first: it has not come to its second batch
 * @spares: a mapping for each cut
 * @event: what it tells at its end
 * @lap: its watch
 * @why: filled on failure
 */
struct unmapping {
	struct ioasid_ioas *ioas;
	u32 maker;
	bool first;
	struct list_head spares;
	struct ioasid_event_unmap event;
	struct ioasid_lap lap;
	struct ioasid_refusal *why;
};

/* The first mapping of a range that the call unmaps, and the next one. */
static struct ioasid_mapping *skip_others(const struct unmapping *call,
					  struct ioasid_mapping *mapping, u64 last)
{
	while (call->maker && mapping && mapping->maker != call->maker)
		mapping = next_mapping(mapping, last);
	return mapping;
}

static struct ioasid_mapping *first_wanted(const struct unmapping *call, u64 start, u64 last)
{
	return skip_others(call, first_mapping(call->ioas, start, last), last);
}

static struct ioasid_mapping *next_wanted(const struct unmapping *call,
					  struct ioasid_mapping *mapping, u64 last)
{
	return skip_others(call, next_mapping(mapping, last), last);
}

/* May the range be unmapped, as far as that cuts the mappings at its ends? */
static int check_cuts(const struct unmapping *call, u64 start, u64 last)
{
	struct ioasid_ioas *ioas = call->ioas;
	struct ioasid_mapping *mapping;
	u64 at = start;

	lockdep_assert_held(&ioas->tables_lock);
	mapping = first_wanted(call, start, start);
	if (call->first && mapping && mapping->start < start && !can_cut(ioas, mapping, at))
		goto refuse;
	at = last + 1;
	mapping = first_wanted(call, last, last);
	if (!mapping || mapping->last == last || can_cut(ioas, mapping, at))
		return 0;
refuse:
	call->why->reason = IOASID_REASON_CUT;
	return ioasid_refuse(call->why, IOASID_STAGE_TABLE, at, last - start + 1, -EBUSY);
}

/*
 * Make the first mappings of a range busy and put them on a list; cut those that reach out of it.
 * What reaches in from before a later batch was mapped since the call began, and is left alone. So
 * a call cuts twice at the most: in its first batch at the range's start, and once at its end.
 * Return how many, or -EBUSY when the first one is busy already, or held, or when one can't be cut:
 * this is found out before the first batch, unless another thread maps there meanwhile.
 */
static int take(struct unmapping *call, u64 start, u64 last, struct list_head *list)
{
	struct ioasid_ioas *ioas = call->ioas;
	struct ioasid_mapping *mapping;
	int n;

	ioasid_commit_begin();
	write_lock(&ioas->lock);
	n = check_cuts(call, start, last);
	if (n)
		goto out;
	mapping = first_wanted(call, start, last);
	if (mapping && mapping->start < start && !call->first)
		mapping = next_wanted(call, mapping, last);
	if (mapping && is_held(ioas, mapping, start, last)) {
		n = -EBUSY;
		goto out;
	}
	if (mapping && mapping->busy) {
		n = -EBUSY;
		goto out;
	}
	if (mapping && mapping->start < start) {
		split(ioas, mapping, start, &call->spares);
		mapping = next_wanted(call, mapping, last);
	}
	for (; mapping && !mapping->busy && n < UNMAP_BATCH; n++) {
		if (is_held(ioas, mapping, start, last))
			break;
		if (mapping->last > last)
			split(ioas, mapping, last + 1, &call->spares);
		mapping->busy = true;
		list_add_tail(&mapping->link, list);
		mapping = next_wanted(call, mapping, last);
	}
out:
	write_unlock(&ioas->lock);
	ioasid_commit_end();
	return n;
}

/* Tell those who hold pages of a range that is going to be unmapped, if it may be. */
static int tell_holders(const struct unmapping *call, u64 start, u64 last)
{
	struct ioasid_ioas *ioas = call->ioas;
	int ret;

	if (RB_EMPTY_ROOT(&ioas->holds.rb_root))
		return 0;
	down_read(&ioas->tables_lock);
	read_lock(&ioas->lock);
	ret = check_cuts(call, start, last);
	read_unlock(&ioas->lock);
	up_read(&ioas->tables_lock);
	if (!ret)
		ioasid_holds_tell(ioas, start, last);
	return ret;
}

/*
 * Unmap one batch from @start on, and set @end to the last IOVA unmapped. Return how many mappings
 * there were, 0 at the end, or -EBUSY.
 */
static int unmap_batch(struct unmapping *call, u64 start, u64 last, u64 *end)
{
	struct ioasid_event_unmap *event = &call->event;
	struct ioasid_ioas *ioas = call->ioas;
	struct ioasid_mapping *mapping;
	LIST_HEAD(list);
	int n;

	down_read(&ioas->tables_lock);
	n = take(call, start, last, &list);
	event->place_ns += ioasid_lap(&call->lap);
	if (n > 0) {
		list_for_each_entry(mapping, &list, link) {
			event->unmapped += ioasid_mapping_pages(mapping);
			*end = mapping->last;
		}
		clear_tables(ioas, &list, event, &call->lap);
		erase_list(ioas, &list);
		event->place_ns += ioasid_lap(&call->lap);
	}
	up_read(&ioas->tables_lock);
	free_list(&list, true);
	event->pin_ns += ioasid_lap(&call->lap);
	return n;
}

/**
 * ioasid_ioas_unmap_made() - remove the mappings of one maker
 * @ioas: the address space
 * @start: first IOVA, page-aligned
 * @last: last IOVA
 * @maker: who made them; 0: whoever
 * @unmapped: set to the bytes that were mapped
 * @why: filled on failure
 *
 * Context: may sleep, no locks held.
 * Return: 0, or -EBUSY when a part is just being mapped or unmapped, or held by a client that did
 * not let go; what came before is unmapped. -EBUSY also when a table can't be cut at the range's
 * ends; nothing is unmapped then.
 */
int ioasid_ioas_unmap_made(struct ioasid_ioas *ioas, u64 start, u64 last, u32 maker, u64 *unmapped,
			   struct ioasid_refusal *why)
{
	struct unmapping call = {
		.ioas = ioas,
		.maker = maker,
		.first = true,
		.spares = LIST_HEAD_INIT(call.spares),
		.event.ioas = ioas->number,
		.event.iova = start,
		.event.pages = last == U64_MAX && !start ? U64_MAX :
							   (last - start + 1) >> PAGE_SHIFT,
		.event.tgid = current->tgid,
		.lap = ioasid_lap_start(trace_ioasid_unmap_enabled()),
		.why = why,
	};
	u64 end = last;
	int n;

	n = tell_holders(&call, start, last);
	if (n)
		goto out;
	/* A range cuts at most two mappings, or one twice. */
	list_add(&ioasid_mapping_alloc(true)->link, &call.spares);
	list_add(&ioasid_mapping_alloc(true)->link, &call.spares);
	/* Never go back: what others map behind us is theirs. */
	do {
		n = unmap_batch(&call, start, last, &end);
		start = end + 1;
		call.first = false;
		cond_resched();
	} while (n > 0 && end < last);
	free_list(&call.spares, false);
out:
	call.event.ret = min(n, 0);
	if (n < 0)
		ioasid_refuse(why, IOASID_STAGE_USE, call.event.iova, last - call.event.iova + 1,
			      n);
	call.event.total_ns = ioasid_lap_total(&call.lap);
	trace_ioasid_unmap(&call.event);
	*unmapped = call.event.unmapped << PAGE_SHIFT;
	return call.event.ret;
}

/**
 * ioasid_ioas_unmap() - remove mappings
 * @ioas: the address space
 * @start: first IOVA, page-aligned
 * @last: last IOVA
 * @unmapped: set to the bytes that were mapped
 * @why: filled on failure
 *
 * Context: may sleep, no locks held.
 * Return: as ioasid_ioas_unmap_made().
 */
int ioasid_ioas_unmap(struct ioasid_ioas *ioas, u64 start, u64 last, u64 *unmapped,
		      struct ioasid_refusal *why)
{
	return ioasid_ioas_unmap_made(ioas, start, last, 0, unmapped, why);
}

/* May the table be fed? It has to reach all that is mapped and allowed. */
static int check_reach(struct ioasid_ioas *ioas, const struct ioasid_table *table,
		       struct ioasid_refusal *why)
{
	struct ioasid_mapping *mapping;

	if (ioas->retired)
		return -ENOENT;
	if (ioas->allowed && ioas->allowed->ranges[ioas->allowed->count - 1].last > table->last)
		return ioasid_refuse(why, IOASID_STAGE_TABLE, table->last + 1, 0, -EBUSY);
	mapping = first_mapping(ioas, table->last, U64_MAX);
	if (mapping && mapping->last == table->last)
		mapping = next_mapping(mapping, U64_MAX);
	if (!mapping)
		return 0;
	ioasid_refuse(why, IOASID_STAGE_TABLE, mapping->start,
		      ioasid_mapping_pages(mapping) << PAGE_SHIFT, -ERANGE);
	why->limit = table->last;
	return -ERANGE;
}

/**
 * ioasid_ioas_replay() - enter all that is mapped into a new table
 * @ioas: the address space, its tables_lock held for writing, so nobody changes what is mapped
 * @table: empty
 * @why: filled on failure
 *
 * Context: may sleep.
 * Return: 0, or what the table says; then a part of it may be entered.
 */
int ioasid_ioas_replay(struct ioasid_ioas *ioas, struct ioasid_table *table,
		       struct ioasid_refusal *why)
{
	struct ioasid_mapping *mapping;
	struct ioasid_run_iter pages;
	int ret;

	lockdep_assert_held_write(&ioas->tables_lock);
	for (mapping = first_mapping(ioas, 0, U64_MAX); mapping;
	     mapping = next_mapping(mapping, U64_MAX)) {
		pages = pages_of(mapping);
		ret = ioasid_table_map(table, mapping->start, mapping->last, &pages,
				       mapping->access);
		if (ret)
			return ioasid_refuse(why, IOASID_STAGE_TABLE, mapping->start,
					     ioasid_mapping_pages(mapping) << PAGE_SHIFT, ret);
		cond_resched();
	}
	return 0;
}

/**
 * ioasid_ioas_table_event() - what an event tells of a table
 * @ioas: the address space, its tables_lock held
 * @table: the table
 */
struct ioasid_event_table ioasid_ioas_table_event(const struct ioasid_ioas *ioas,
						  struct ioasid_table *table)
{
	return (struct ioasid_event_table){
		.ioas = ioas->number,
		.table = table->number,
		.pages = READ_ONCE(ioas->mapped),
		.memory = ioasid_table_memory(table) >> PAGE_SHIFT,
		.tgid = current->tgid,
		.format = table->format ? table->format->number : IOASID_EVENT_FORMAT_IOMMU,
		.levels = table->root.levels,
	};
}

/**
 * ioasid_ioas_add_table() - a table agrees with what is mapped, and is to do so from now on
 * @ioas: the address space, its tables_lock held for writing
 * @table: the table
 */
void ioasid_ioas_add_table(struct ioasid_ioas *ioas, struct ioasid_table *table)
{
	lockdep_assert_held_write(&ioas->tables_lock);
	list_add_tail(&table->link, &ioas->tables);
	write_lock(&ioas->lock);
	ioas->last = min(ioas->last, table->last);
	ioas->table_count++;
	ioas->changes++;
	write_unlock(&ioas->lock);
}

/**
 * ioasid_ioas_remove_table() - undo ioasid_ioas_add_table()
 * @ioas: the address space, its tables_lock held for writing
 * @table: the table; keeps what is entered
 */
void ioasid_ioas_remove_table(struct ioasid_ioas *ioas, struct ioasid_table *table)
{
	struct ioasid_table *other;
	u64 last = U64_MAX;

	lockdep_assert_held_write(&ioas->tables_lock);
	list_del_init(&table->link);
	list_for_each_entry(other, &ioas->tables, link)
		last = min(last, other->last);
	write_lock(&ioas->lock);
	ioas->last = last;
	ioas->table_count--;
	write_unlock(&ioas->lock);
}

/**
 * ioasid_ioas_attach() - feed a table from now on
 * @ioas: the address space
 * @table: empty
 * @why: filled on failure
 *
 * Context: may sleep. Stops maps and unmaps while it enters what is mapped.
 * Return: 0; -ERANGE when something is mapped where the table does not reach; -EBUSY when something
 * is allowed there; -ENOENT when the address space is retired; -ENOMEM.
 */
int ioasid_ioas_attach(struct ioasid_ioas *ioas, struct ioasid_table *table,
		       struct ioasid_refusal *why)
{
	struct ioasid_lap lap = ioasid_lap_start(trace_ioasid_table_attach_enabled());
	struct ioasid_event_table event;
	int ret;

	down_write(&ioas->tables_lock);
	ioasid_table_set_small(table, ioas->small);
	ret = check_reach(ioas, table, why);
	if (!ret)
		ret = ioasid_ioas_replay(ioas, table, why);
	if (!ret)
		ioasid_ioas_add_table(ioas, table);
	event = ioasid_ioas_table_event(ioas, table);
	up_write(&ioas->tables_lock);

	if (ret)
		event.pages = event.memory = 0;
	event.ret = ret;
	event.reason = ret ? why->reason : IOASID_REASON_NONE;
	event.total_ns = ioasid_lap_total(&lap);
	trace_ioasid_table_attach(&event);
	return ret;
}

/**
 * ioasid_ioas_detach() - feed a table no longer
 * @ioas: the address space
 * @table: keeps what is entered
 *
 * Context: may sleep.
 */
void ioasid_ioas_detach(struct ioasid_ioas *ioas, struct ioasid_table *table)
{
	struct ioasid_lap lap = ioasid_lap_start(trace_ioasid_table_detach_enabled());
	struct ioasid_event_table event;

	down_write(&ioas->tables_lock);
	event = ioasid_ioas_table_event(ioas, table);
	ioasid_ioas_remove_table(ioas, table);
	up_write(&ioas->tables_lock);

	event.total_ns = ioasid_lap_total(&lap);
	trace_ioasid_table_detach(&event);
}

/**
 * ioasid_ioas_use() - one more client
 * @ioas: the address space
 *
 * Context: may sleep.
 * Return: false when it is retired.
 */
bool ioasid_ioas_use(struct ioasid_ioas *ioas)
{
	bool usable;

	down_write(&ioas->tables_lock);
	usable = !ioas->retired;
	ioas->clients += usable;
	up_write(&ioas->tables_lock);
	return usable;
}

/**
 * ioasid_ioas_unuse() - one client less
 * @ioas: the address space
 *
 * Context: may sleep.
 */
void ioasid_ioas_unuse(struct ioasid_ioas *ioas)
{
	down_write(&ioas->tables_lock);
	ioas->clients--;
	up_write(&ioas->tables_lock);
}

/**
 * ioasid_ioas_retire() - take no more tables and clients
 * @ioas: the address space
 *
 * Context: may sleep.
 * Return: false when it has any.
 */
bool ioasid_ioas_retire(struct ioasid_ioas *ioas)
{
	bool retired;

	down_write(&ioas->tables_lock);
	retired = !ioas->clients && list_empty(&ioas->tables);
	ioas->retired |= retired;
	up_write(&ioas->tables_lock);
	return retired;
}

/**
 * ioasid_ioas_table_memory() - memory of its tables
 * @ioas: the address space
 * @tables: set to their number
 *
 * Context: may sleep.
 * Return: bytes.
 */
u64 ioasid_ioas_table_memory(struct ioasid_ioas *ioas, u64 *tables)
{
	struct ioasid_table *table;
	u64 bytes = 0;

	*tables = 0;
	down_read(&ioas->tables_lock);
	list_for_each_entry(table, &ioas->tables, link) {
		++*tables;
		bytes += ioasid_table_memory(table);
	}
	up_read(&ioas->tables_lock);
	return bytes;
}

/**
 * ioasid_ioas_set_small() - may tables get large entries?
 * @ioas: the address space
 * @small: no, only the smallest ones
 *
 * Context: may sleep.
 * Return: 0, or -EBUSY when it has both tables and mappings.
 */
int ioasid_ioas_set_small(struct ioasid_ioas *ioas, bool small)
{
	struct ioasid_table *table;
	int ret = 0;

	down_write(&ioas->tables_lock);
	if (small != ioas->small && ioas->mappings && !list_empty(&ioas->tables)) {
		ret = -EBUSY;
	} else {
		ioas->small = small;
		list_for_each_entry(table, &ioas->tables, link)
			ioasid_table_set_small(table, small);
	}
	up_write(&ioas->tables_lock);
	return ret;
}

/**
 * ioasid_ioas_get_policy() - which place policy an address space asks for
 * @ioas: the address space
 * @name: IOASID_NAME_LEN bytes, set to the policy's name, or empty for the default one
 */
void ioasid_ioas_get_policy(struct ioasid_ioas *ioas, char *name)
{
	name[0] = 0;
	if (!READ_ONCE(ioas->policy[0]))
		return;
	read_lock(&ioas->lock);
	memcpy(name, ioas->policy, IOASID_NAME_LEN);
	read_unlock(&ioas->lock);
}

/**
 * ioasid_ioas_set_policy() - ask for a place policy from now on
 * @ioas: the address space
 * @name: its name, terminated, or empty for the default one
 */
void ioasid_ioas_set_policy(struct ioasid_ioas *ioas, const char *name)
{
	write_lock(&ioas->lock);
	strscpy_pad(ioas->policy, name);
	write_unlock(&ioas->lock);
}

/**
 * ioasid_ioas_collect_pins() - the pins that the mappings of a range use
 * @ioas: the address space
 * @start: first IOVA
 * @last: last IOVA
 * @pins: those that aren't in yet are added by number, with a reference
 *
 * What is mapped or unmapped meanwhile may be in it or not.
 *
 * Context: may sleep. Holds the lock for a few mappings at a time.
 * Return: 0, -ENOMEM or -EINTR.
 */
int ioasid_ioas_collect_pins(struct ioasid_ioas *ioas, u64 start, u64 last, struct xarray *pins)
{
	struct ioasid_pin_group *batch[32];
	struct ioasid_mapping *mapping;
	u64 cursor = start;
	int ret = 0;
	u32 i, n;

	do {
		n = 0;
		read_lock(&ioas->lock);
		mapping = first_mapping(ioas, cursor, last);
		for (; mapping && n < ARRAY_SIZE(batch); n++) {
			batch[n] = mapping->segment.pin;
			ioasid_pin_get(batch[n]);
			cursor = mapping->last + 1;
			mapping = next_mapping(mapping, last);
		}
		read_unlock(&ioas->lock);
		for (i = 0; i < n; i++) {
			ret = ret ?: ioasid_pins_collect(pins, batch[i]);
			ioasid_pin_put(batch[i]);
		}
		cond_resched();
	} while (!ret && n == ARRAY_SIZE(batch) && cursor - 1 < last &&
		 !fatal_signal_pending(current));
	return ret ?: (fatal_signal_pending(current) ? -EINTR : 0);
}
