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
 * Lock order: tables_lock; a table's lock; a commit; ioas->lock; the pin domain's lock. Policies
 * are asked with none of them held.
 */
#include "ioas/ioas.h"

#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <trace/events/ioasid.h>

#include "commit.h"
#include "trace/lap.h"

/* An unmap holds the lock for so many mappings at a time. */
#define UNMAP_BATCH 256
/* So many answers of a place policy may come too late before the built-in policy is asked. */
#define PLACE_TRIES 8

static DEFINE_MUTEX(ioases_lock); /* guards the list */
static LIST_HEAD(ioases);
static atomic64_t ioases_made;

/**
 * ioasid_ioas_alloc() - make an empty address space
 *
 * Return: the address space, or NULL.
 */
struct ioasid_ioas *ioasid_ioas_alloc(void)
{
	struct ioasid_ioas *ioas = kzalloc(sizeof(*ioas), GFP_KERNEL_ACCOUNT);

	if (!ioas)
		return NULL;
	ioas->number = atomic64_inc_return(&ioases_made);
	init_rwsem(&ioas->tables_lock);
	INIT_LIST_HEAD(&ioas->tables);
	rwlock_init(&ioas->lock);
	ioas->tree = RB_ROOT;
	ioas->last = U64_MAX;
	mutex_lock(&ioases_lock);
	list_add_tail(&ioas->link, &ioases);
	mutex_unlock(&ioases_lock);
	return ioas;
}

/**
 * ioasid_ioas_free() - unmap everything and free the address space
 * @ioas: nobody else uses it, it has no tables
 *
 * Context: may sleep.
 */
void ioasid_ioas_free(struct ioasid_ioas *ioas)
{
	u64 unmapped;

	if (ioas->mappings)
		ioasid_ioas_unmap(ioas, 0, U64_MAX, &unmapped);
	WARN_ON_ONCE(!RB_EMPTY_ROOT(&ioas->tree) || !list_empty(&ioas->tables));
	mutex_lock(&ioases_lock);
	list_del(&ioas->link);
	mutex_unlock(&ioases_lock);
	kfree(ioas);
}

static struct ioasid_run_iter pages_of(const struct ioasid_mapping *mapping)
{
	return ioasid_runs_seek(&mapping->segment.pin->runs, mapping->segment.page);
}

static void insert(struct ioasid_ioas *ioas, struct ioasid_mapping *mapping)
{
	lockdep_assert_held_write(&ioas->lock);
	ioasid_mapping_insert(&ioas->tree, mapping);
	ioas->inserted++;
	ioas->mappings++;
	ioas->mapped += ioasid_mapping_pages(mapping);
	ioasid_pin_count_mapping(mapping->segment.pin, ioasid_mapping_pages(mapping));
}

static void erase(struct ioasid_ioas *ioas, struct ioasid_mapping *mapping)
{
	lockdep_assert_held_write(&ioas->lock);
	ioasid_mapping_erase(&ioas->tree, mapping);
	ioas->mappings--;
	ioas->mapped -= ioasid_mapping_pages(mapping);
	ioasid_pin_uncount_mapping(mapping->segment.pin, ioasid_mapping_pages(mapping));
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
static int make_list(const struct ioasid_map_wish *wish, struct list_head *list)
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
	ret = ioasid_mapping_find_gap(&ioas->tree, search, iova);
	read_unlock(&ioas->lock);
	return ret;
}

static int find_gap_locked(void *space, const struct ioasid_search *search, u64 *iova)
{
	struct ioasid_ioas *ioas = space;

	return ioasid_mapping_find_gap(&ioas->tree, search, iova);
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
	if (!ret && last > ioas->last)
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
	struct ioasid_place_context context = { .find = find_gap };
	u64 inserted = READ_ONCE(ioas->inserted);
	bool late;
	u32 epoch;
	int ret;

	fill_request(ioas, wish, &context);
	ret = ioasid_place(&context, &epoch, wish->policy);
	event->policy_ns += ioasid_lap(lap);
	if (ret)
		return ret;

	wish->iova = context.request.iova;
	down_read(&ioas->tables_lock);
	ret = insert_at(ioas, wish, !epoch, list);
	if (!ret || !epoch)
		goto out;
	late = READ_ONCE(ioas->inserted) != inserted ||
	       READ_ONCE(ioas->last) < context.request.last;
	if (!late)
		ioasid_slot_eject(&ioasid_place_slot, epoch, IOASID_EXIT_IOVA, wish->iova,
				  "place() chose an IOVA that is in use");
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

static void clear_tables(struct ioasid_ioas *ioas, struct list_head *list,
			 const struct ioasid_table *stop, struct ioasid_event_unmap *event,
			 struct ioasid_lap *lap)
{
	struct ioasid_garbage garbage = {};
	struct ioasid_mapping *mapping, *first, *last;
	struct ioasid_table *table;

	lockdep_assert_held(&ioas->tables_lock);
	first = list_first_entry(list, struct ioasid_mapping, link);
	last = list_last_entry(list, struct ioasid_mapping, link);
	list_for_each_entry(table, &ioas->tables, link) {
		list_for_each_entry(mapping, list, link)
			ioasid_table_unmap(table, mapping->start, ioasid_mapping_pages(mapping),
					   &garbage);
		event->table_ns += ioasid_lap(lap);
		ioasid_table_flush(table, first->start,
				   (last->last - first->start + 1) >> PAGE_SHIFT);
		ioasid_garbage_free(&garbage);
		event->flush_ns += ioasid_lap(lap);
		if (table == stop)
			break;
	}
}

static int enter_list(struct ioasid_table *table, struct list_head *list)
{
	struct ioasid_mapping *mapping;
	struct ioasid_run_iter pages;
	int ret;

	list_for_each_entry(mapping, list, link) {
		pages = pages_of(mapping);
		ret = ioasid_table_map(table, mapping->start, ioasid_mapping_pages(mapping), &pages,
				       mapping->access);
		if (ret)
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
		ret = enter_list(table, list);
		if (!ret)
			continue;
		clear_tables(ioas, list, table, &unused, &untimed);
		return ret;
	}
	return 0;
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
	ret = make_list(wish, &list);
	if (ret)
		return ioasid_refuse(why, IOASID_STAGE_PLACE, wish->iova, length, ret);

	ret = place(ioas, wish, &list, lap, event);
	event->place_ns = ioasid_lap(lap);
	if (ret) {
		free_list(&list, false);
		if (why->stage == IOASID_STAGE_NONE) {
			ioasid_refuse(why, IOASID_STAGE_PLACE, wish->iova, length, ret);
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
	ioasid_mapping_split(&ioas->tree, mapping, at, rest);
	ioas->mappings++;
	ioasid_pin_split_mapping(mapping->segment.pin);
}

/*
 * Make the first mappings of a range busy and put them on a list; cut those that reach out of it.
 * What reaches in from before a later batch was mapped since the call began, and is left alone. So
 * a call cuts twice at the most: in its first batch at the range's start, and once at its end.
 * Return how many, or -EBUSY when the first one is busy already.
 */
static int take(struct ioasid_ioas *ioas, u64 start, u64 last, bool first, struct list_head *spares,
		struct list_head *list)
{
	struct ioasid_mapping *mapping;
	int n = 0;

	ioasid_commit_begin();
	write_lock(&ioas->lock);
	mapping = ioasid_mapping_first(&ioas->tree, start, last);
	if (mapping && mapping->start < start && !first)
		mapping = ioasid_mapping_next(mapping, last);
	if (mapping && mapping->busy) {
		n = -EBUSY;
		goto out;
	}
	if (mapping && mapping->start < start) {
		split(ioas, mapping, start, spares);
		mapping = ioasid_mapping_next(mapping, last);
	}
	for (; mapping && !mapping->busy && n < UNMAP_BATCH; n++) {
		if (mapping->last > last)
			split(ioas, mapping, last + 1, spares);
		mapping->busy = true;
		list_add_tail(&mapping->link, list);
		mapping = ioasid_mapping_next(mapping, last);
	}
out:
	write_unlock(&ioas->lock);
	ioasid_commit_end();
	return n;
}

/*
 * Unmap one batch from @start on, and set @end to the last IOVA unmapped. Return how many mappings
 * there were, 0 at the end, or -EBUSY.
 */
static int unmap_batch(struct ioasid_ioas *ioas, u64 start, u64 last, u64 *end, bool first,
		       struct list_head *spares, struct ioasid_event_unmap *event,
		       struct ioasid_lap *lap)
{
	struct ioasid_mapping *mapping;
	LIST_HEAD(list);
	int n;

	down_read(&ioas->tables_lock);
	n = take(ioas, start, last, first, spares, &list);
	event->place_ns += ioasid_lap(lap);
	if (n > 0) {
		list_for_each_entry(mapping, &list, link) {
			event->unmapped += ioasid_mapping_pages(mapping);
			*end = mapping->last;
		}
		clear_tables(ioas, &list, NULL, event, lap);
		erase_list(ioas, &list);
		event->place_ns += ioasid_lap(lap);
	}
	up_read(&ioas->tables_lock);
	free_list(&list, true);
	event->pin_ns += ioasid_lap(lap);
	return n;
}

/**
 * ioasid_ioas_unmap() - remove mappings
 * @ioas: the address space
 * @start: first IOVA, page-aligned
 * @last: last IOVA
 * @unmapped: set to the bytes that were mapped
 *
 * Context: may sleep, no locks held.
 * Return: 0, or -EBUSY when a part is just being mapped or unmapped; what came before is unmapped.
 */
int ioasid_ioas_unmap(struct ioasid_ioas *ioas, u64 start, u64 last, u64 *unmapped)
{
	struct ioasid_lap lap = ioasid_lap_start(trace_ioasid_unmap_enabled());
	struct ioasid_event_unmap event = {
		.ioas = ioas->number,
		.iova = start,
		.pages = last == U64_MAX && !start ? U64_MAX : (last - start + 1) >> PAGE_SHIFT,
		.tgid = current->tgid,
	};
	LIST_HEAD(spares);
	bool first = true;
	u64 end = last;
	int n;

	/* A range cuts at most two mappings, or one twice. */
	list_add(&ioasid_mapping_alloc(true)->link, &spares);
	list_add(&ioasid_mapping_alloc(true)->link, &spares);
	/* Never go back: what others map behind us is theirs. */
	do {
		n = unmap_batch(ioas, start, last, &end, first, &spares, &event, &lap);
		start = end + 1;
		first = false;
		cond_resched();
	} while (n > 0 && end < last);
	free_list(&spares, false);

	event.ret = min(n, 0);
	event.total_ns = ioasid_lap_total(&lap);
	trace_ioasid_unmap(&event);
	*unmapped = event.unmapped << PAGE_SHIFT;
	return event.ret;
}

/**
 * ioasid_ioas_attach() - feed a table from now on
 * @ioas: the address space
 * @table: empty
 * @why: filled on failure
 *
 * Context: may sleep. Stops maps and unmaps while it enters what is mapped.
 * Return: 0; -ERANGE when something is mapped where the table does not reach; -ENOMEM.
 */
int ioasid_ioas_attach(struct ioasid_ioas *ioas, struct ioasid_table *table,
		       struct ioasid_refusal *why)
{
	struct ioasid_mapping *mapping;
	struct ioasid_run_iter pages;
	struct rb_node *node;
	int ret = 0;

	down_write(&ioas->tables_lock);
	node = rb_last(&ioas->tree);
	mapping = rb_entry_safe(node, struct ioasid_mapping, node);
	if (mapping && mapping->last > table->last) {
		ret = ioasid_refuse(why, IOASID_STAGE_TABLE, mapping->start,
				    ioasid_mapping_pages(mapping) << PAGE_SHIFT, -ERANGE);
		why->limit = table->last;
		goto out;
	}
	/* Nobody else changes the tree now. */
	for (node = rb_first(&ioas->tree); node; node = rb_next(node)) {
		mapping = rb_entry(node, struct ioasid_mapping, node);
		pages = pages_of(mapping);
		ret = ioasid_table_map(table, mapping->start, ioasid_mapping_pages(mapping), &pages,
				       mapping->access);
		if (ret) {
			ioasid_refuse(why, IOASID_STAGE_TABLE, mapping->start,
				      ioasid_mapping_pages(mapping) << PAGE_SHIFT, ret);
			goto out;
		}
		cond_resched();
	}
	list_add_tail(&table->link, &ioas->tables);
	write_lock(&ioas->lock);
	ioas->last = min(ioas->last, table->last);
	write_unlock(&ioas->lock);
out:
	up_write(&ioas->tables_lock);
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
	struct ioasid_table *other;
	u64 last = U64_MAX;

	down_write(&ioas->tables_lock);
	list_del_init(&table->link);
	list_for_each_entry(other, &ioas->tables, link)
		last = min(last, other->last);
	write_lock(&ioas->lock);
	ioas->last = last;
	write_unlock(&ioas->lock);
	up_write(&ioas->tables_lock);
}

/**
 * ioasid_ioas_has_tables() - does it feed any?
 * @ioas: the address space
 */
bool ioasid_ioas_has_tables(struct ioasid_ioas *ioas)
{
	return !list_empty(&ioas->tables);
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

static bool agrees(const struct ioasid_ioas *ioas, u64 mappings, u64 mapped)
{
	return ioas->mappings == mappings && ioas->mapped == mapped;
}

/**
 * ioasid_ioas_audit() - walk all mappings
 * @mappings: set to their number
 * @mapped: set to their pages
 * @text: the first disagreement in words; left alone when there is none
 * @size: bytes in @text
 * @count: called for each mapping's segment
 * @arg: its argument
 *
 * Context: commits are frozen, may sleep.
 * Return: disagreements.
 */
int ioasid_ioas_audit(u64 *mappings, u64 *mapped, char *text, size_t size,
		      void (*count)(void *arg, const struct ioasid_segment *segment), void *arg)
{
	struct ioasid_mapping *mapping;
	struct ioasid_ioas *ioas;
	struct rb_node *node;
	u64 n, pages, end;
	int errors = 0;

	*mappings = 0;
	*mapped = 0;
	mutex_lock(&ioases_lock);
	list_for_each_entry(ioas, &ioases, link) {
		n = 0;
		pages = 0;
		end = 0;
		read_lock(&ioas->lock);
		for (node = rb_first(&ioas->tree); node; node = rb_next(node), n++) {
			mapping = rb_entry(node, struct ioasid_mapping, node);
			pages += ioasid_mapping_pages(mapping);
			count(arg, &mapping->segment);
			if ((n && mapping->start < end) || mapping->last < mapping->start) {
				if (!errors++)
					snprintf(text, size, "ioas %llu: mappings overlap",
						 ioas->number);
			}
			end = mapping->last + 1;
		}
		if (!agrees(ioas, n, pages) && !errors++)
			snprintf(text, size, "ioas %llu: %llu mappings, counter has %llu",
				 ioas->number, n, ioas->mappings);
		read_unlock(&ioas->lock);
		*mappings += n;
		*mapped += pages;
	}
	mutex_unlock(&ioases_lock);
	return errors;
}
