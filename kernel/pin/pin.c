// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pin: see pin.h for the vocabulary.
 *
 * The life of a pin. It is put into the tree before it has any page (BUSY), so that whoever else
 * wants the same memory waits for it instead of pinning and charging it again. Then it is charged,
 * its pages are looked up, and it is LIVE: others share it. A change to the process's page table
 * makes pages of it suspect; whoever wants to share it next looks these up again. If the process
 * still has them, it is as good as new. If not, it leaves the tree (STALE): its mappings keep their
 * pages, nobody new gets them. With the last reference its pages are let go and its charge ends;
 * it stays in the tree so long (DYING), so that nobody is charged for the same memory meanwhile.
 *
 * A suspect pin that is mapped is doubtful. A work item looks whether its pages are surely gone,
 * without touching anything, so that the owners of the mappings hear of it in time.
 *
 * Invariants. A page that a segment covers is pinned. A pin's pages are charged once, by itself or
 * by its base, from before it is LIVE until after they are let go. No two LIVE or BUSY pins of the
 * same rights overlap. A pin with a base lies within it, is for writing, and the base for reading;
 * so bases have no bases. Inside commits and only there, the domain's counters and the ledger
 * change together.
 *
 * Lock order: mmap lock (inside a source, no lock of ours held); a commit; an ioas's lock;
 * domain->lock; the ledger's, event queues'. Waiting for a pin is done with no lock held.
 */
#include "pin/pin.h"

#include <linux/atomic.h>
#include <linux/interval_tree_generic.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <trace/events/ioasid.h>

#include "commit.h"
#include "fault.h"
#include "policy/place.h"
#include "trace/lap.h"

#define PIN_START(pin) ((pin)->va)
#define PIN_LAST(pin) ((pin)->last)

INTERVAL_TREE_DEFINE(struct ioasid_pin_group, node, unsigned long, subtree_last, PIN_START,
		     PIN_LAST, static, pin_tree)

/* So many pages are looked at before somebody may let them go. */
#define LOOK_PAGES 1024ULL

static struct kmem_cache *pins;
static atomic64_t pins_made;

void (*ioasid_pin_stale_hook)(struct ioasid_pin_user *user);

/**
 * ioasid_pin_init() - prepare for making pins
 *
 * Return: 0 or -ENOMEM.
 */
int ioasid_pin_init(void)
{
	pins = KMEM_CACHE(ioasid_pin_group, SLAB_ACCOUNT);
	return pins ? 0 : -ENOMEM;
}

/**
 * ioasid_pin_exit() - undo ioasid_pin_init(); there are no pins
 */
void ioasid_pin_exit(void)
{
	kmem_cache_destroy(pins);
}

static u64 range_pages(const struct ioasid_pin_group *pin)
{
	return (pin->last - pin->va + 1) >> PAGE_SHIFT;
}

/* Of these, pages that one large entry or more can map. */
static u64 huge_pages(const struct ioasid_pin_group *pin)
{
	return ioasid_pin_is_device(pin) ? 0 :
					   ioasid_runs_longer(&pin->runs, PMD_SIZE >> PAGE_SHIFT);
}

static u32 metadata(const struct ioasid_pin_group *pin)
{
	const u64 *list = pin->runs.list;
	size_t bytes = kmem_cache_size(pins);

	if (list == &pin->runs.one)
		return bytes;
	if (is_vmalloc_addr(list))
		return bytes + PAGE_ALIGN(pin->runs.capacity * sizeof(*list));
	return bytes + ksize(list);
}

static bool number_less(struct rb_node *a, const struct rb_node *b)
{
	return ioasid_pin_by_number(a)->number <
	       rb_entry(b, struct ioasid_pin_group, by_number)->number;
}

static void wake(struct ioasid_domain *domain)
{
	lockdep_assert_held(&domain->lock);
	WRITE_ONCE(domain->settlings, domain->settlings + 1);
	wake_up_all(&domain->settled);
}

static void tree_insert(struct ioasid_pin_group *pin, struct rb_root_cached *tree)
{
	lockdep_assert_held(&pin->domain->lock);
	pin_tree_insert(pin, tree);
	pin->tree = tree;
}

static void tree_remove(struct ioasid_pin_group *pin)
{
	lockdep_assert_held(&pin->domain->lock);
	if (!pin->tree)
		return;
	pin_tree_remove(pin, pin->tree);
	pin->tree = NULL;
}

static void trace_stale(const struct ioasid_pin_group *pin)
{
	struct ioasid_event_stale event = {
		.domain = pin->domain->stat.domain,
		.pin = pin->number,
		.va = pin->va,
		.pages = pin->pages,
		.mapped = pin->mapped,
		.tgid = pin->domain->stat.tgid,
	};

	trace_ioasid_stale(&event);
}

/* The source has other pages here now. */
static void make_stale(struct ioasid_pin_group *pin)
{
	lockdep_assert_held(&pin->domain->lock);
	tree_remove(pin);
	if (!pin->write)
		tree_insert(pin, &pin->domain->stale);
	list_del_init(&pin->doubt);
	WRITE_ONCE(pin->state, IOASID_PIN_STALE);
	pin->domain->stat.stale += pin->pages;
	trace_stale(pin);
}

/* It has, and the process goes on: tell the owners of the mappings. */
static void tell_stale(struct ioasid_pin_group *pin)
{
	struct ioasid_pin_user *user;

	pin->domain->stat.turned_stale++;
	make_stale(pin);
	hlist_for_each_entry(user, &pin->users, node)
		ioasid_pin_stale_hook(user);
}

static bool is_suspect(const struct ioasid_pin_group *pin)
{
	return pin->suspect_end;
}

/* The source has been asked about these pages; what is suspect stays one range. */
static void trust_pages(struct ioasid_pin_group *pin, u64 first, u64 end)
{
	if (first <= pin->suspect_first)
		pin->suspect_first = max_t(u64, pin->suspect_first, end);
	else if (end >= pin->suspect_end)
		pin->suspect_end = min_t(u64, pin->suspect_end, first);
	if (pin->suspect_first < pin->suspect_end)
		return;
	pin->suspect_first = 0;
	pin->suspect_end = 0;
	list_del_init(&pin->doubt);
}

static void suspect_pages(struct ioasid_pin_group *pin, u64 first, u64 end)
{
	if (is_suspect(pin)) {
		first = min_t(u64, first, pin->suspect_first);
		end = max_t(u64, end, pin->suspect_end);
	}
	pin->suspect_first = first;
	pin->suspect_end = end;
	if (pin->mappings && list_empty(&pin->doubt))
		list_add_tail(&pin->doubt, &pin->domain->doubtful);
}

/**
 * ioasid_pins_suspect() - the page table is about to change
 * @domain: the domain
 * @va: first address that changes
 * @last: last address
 *
 * Context: domain->lock is held; called from the notifier, must not sleep.
 */
void ioasid_pins_suspect(struct ioasid_domain *domain, unsigned long va, unsigned long last)
{
	struct ioasid_pin_group *pin;

	lockdep_assert_held(&domain->lock);
	for (pin = pin_tree_iter_first(&domain->tree, va, last); pin;
	     pin = pin_tree_iter_next(pin, va, last)) {
		suspect_pages(pin, (max(va, pin->va) - pin->va) >> PAGE_SHIFT,
			      ((min(last, pin->last) - pin->va) >> PAGE_SHIFT) + 1);
		domain->stat.suspected++;
	}
}

/**
 * ioasid_pins_orphan() - the process's memory goes away
 * @domain: the domain
 *
 * Nobody is pinning: who does keeps it from going (mm_users).
 *
 * Context: domain->lock is held, must not sleep.
 */
void ioasid_pins_orphan(struct ioasid_domain *domain)
{
	struct ioasid_pin_group *pin;
	struct rb_node *node;

	lockdep_assert_held(&domain->lock);
	for (node = rb_first(&domain->pins); node; node = rb_next(node)) {
		pin = ioasid_pin_by_number(node);
		if (pin->state == IOASID_PIN_LIVE)
			make_stale(pin);
	}
}

/*
 * The next doubtful pin, no longer on the list. It isn't freed while it is being looked at. None
 * while the page table is changing, for it still has what it is about to lose then; the end of the
 * change starts another look.
 */
static struct ioasid_pin_group *next_doubt(struct ioasid_domain *domain, u64 *first, u64 *end)
{
	struct ioasid_pin_group *pin = NULL;

	spin_lock(&domain->lock);
	while (!domain->invalidations &&
	       (pin = list_first_entry_or_null(&domain->doubtful, struct ioasid_pin_group,
					       doubt))) {
		list_del_init(&pin->doubt);
		if (pin->state == IOASID_PIN_LIVE)
			break;
	}
	if (pin) {
		pin->looking = true;
		*first = pin->suspect_first;
		*end = pin->suspect_end;
	}
	spin_unlock(&domain->lock);
	return pin;
}

/* Are some of these pages gone? Nobody has to wait long who wants to let them go. */
static bool gone(struct ioasid_pin_group *pin, u64 first, u64 end)
{
	struct ioasid_domain *domain = pin->domain;
	u64 pages;

	for (; first < end && READ_ONCE(pin->state) == IOASID_PIN_LIVE; first += pages) {
		pages = min(end - first, LOOK_PAGES);
		if (pin->source->gone(domain, &pin->runs, pin->va, first, pages))
			return true;
	}
	return false;
}

/**
 * ioasid_pins_look() - look which of the doubtful pins are stale
 * @domain: the domain
 *
 * Context: may sleep, no locks held.
 */
void ioasid_pins_look(struct ioasid_domain *domain)
{
	struct ioasid_pin_group *pin;
	u64 first, end;
	bool stale;

	while ((pin = next_doubt(domain, &first, &end))) {
		stale = gone(pin, first, end);
		spin_lock(&domain->lock);
		/* Whoever looked meanwhile, to share it, knows better. */
		if (stale && pin->state == IOASID_PIN_LIVE && is_suspect(pin))
			tell_stale(pin);
		WRITE_ONCE(pin->looking, false);
		wake(domain);
		spin_unlock(&domain->lock);
	}
}

/* A pin with no page and no charge yet. */
static struct ioasid_pin_group *pin_alloc(const struct ioasid_pin_wish *wish)
{
	struct ioasid_pin_group *pin;

	pin = ioasid_fault() ? NULL : kmem_cache_zalloc(pins, GFP_KERNEL);
	if (!pin)
		return NULL;
	ioasid_domain_hold(wish->domain);
	pin->domain = wish->domain;
	pin->source = wish->domain->source;
	pin->write = wish->write;
	pin->charge.mode = wish->mode;
	pin->state = IOASID_PIN_BUSY;
	refcount_set(&pin->refs, 1);
	ioasid_runs_init(&pin->runs);
	INIT_HLIST_HEAD(&pin->users);
	INIT_LIST_HEAD(&pin->doubt);
	return pin;
}

/* What pin_alloc() made and nobody has seen. */
static void pin_discard(struct ioasid_pin_group *pin)
{
	if (!pin)
		return;
	ioasid_domain_put(pin->domain);
	kmem_cache_free(pins, pin);
}

/**
 * ioasid_pin_get() - take one more reference
 * @pin: a pin that the caller has a reference to
 */
void ioasid_pin_get(struct ioasid_pin_group *pin)
{
	refcount_inc(&pin->refs);
}

static void trace_unpin(const struct ioasid_pin_group *pin, u64 pages, u64 runs, u64 total_ns)
{
	struct ioasid_event_unpin event = {
		.domain = pin->domain->stat.domain,
		.pin = pin->number,
		.va = pin->va,
		.pages = pages,
		.runs = runs,
		.total_ns = total_ns,
		.tgid = pin->domain->stat.tgid,
		.stale = pin->state == IOASID_PIN_STALE,
	};

	if (!trace_ioasid_unpin_enabled())
		return;
	event.lived_ns = ktime_get_ns() - pin->since;
	trace_ioasid_unpin(&event);
}

/* Take the pin out of all counters. */
static void pin_uncount(struct ioasid_pin_group *pin, u64 runs, u64 huge, u64 charged)
{
	struct ioasid_domain_stat *stat = &pin->domain->stat;
	u64 pages = pin->pages;

	rb_erase(&pin->by_number, &pin->domain->pins);
	list_del_init(&pin->doubt);
	if (pages) {
		stat->pins--;
		stat->pinned -= ioasid_pin_pinned(pin);
		stat->runs -= runs;
		stat->huge -= huge;
		stat->metadata -= pin->metadata;
		pin->pages = 0;
	}
	if (pin->state == IOASID_PIN_STALE)
		stat->stale -= pages;
	if (pin->base)
		pin->base->bases--;
	if (charged) {
		stat->charged -= charged;
		ioasid_charge_uncommit(&pin->charge);
	}
}

/* The last reference is gone and nobody takes another: let its pages go and end its charge. */
static void pin_release(struct ioasid_pin_group *pin)
{
	struct ioasid_lap lap = ioasid_lap_start(trace_ioasid_unpin_enabled());
	struct ioasid_domain *domain = pin->domain;
	u64 pages = pin->pages, runs = pin->runs.count, huge = huge_pages(pin);
	u64 charged = pin->charge.pages;

	WARN_ON_ONCE(pin->mappings || pin->handles || pin->bases);
	wait_event(domain->settled, !READ_ONCE(pin->looking));

	pin->source->release(&pin->runs, pin->write);

	ioasid_commit_begin();
	spin_lock(&domain->lock);
	pin_uncount(pin, runs, huge, charged);
	spin_unlock(&domain->lock);
	ioasid_commit_end();

	ioasid_charge_release(&pin->charge, charged, domain->stat.domain);
	if (pages)
		trace_unpin(pin, pages, runs, ioasid_lap_total(&lap));

	spin_lock(&domain->lock);
	tree_remove(pin);
	wake(domain);
	spin_unlock(&domain->lock);
	ioasid_domain_put(domain);
	kmem_cache_free(pins, pin);
}

/* Drop a reference; true if it was the last one, and nobody takes another. */
static bool last_put(struct ioasid_pin_group *pin)
{
	bool last;

	if (refcount_dec_not_one(&pin->refs))
		return false;
	/* Whoever finds the pin in the tree takes a reference under the lock. */
	spin_lock(&pin->domain->lock);
	last = refcount_dec_and_test(&pin->refs);
	if (last && pin->state == IOASID_PIN_LIVE)
		WRITE_ONCE(pin->state, IOASID_PIN_DYING);
	else if (last)
		tree_remove(pin);
	spin_unlock(&pin->domain->lock);
	return last;
}

/**
 * ioasid_pin_put() - drop a reference
 * @pin: the pin; the last reference lets its pages go
 *
 * Context: may sleep.
 */
void ioasid_pin_put(struct ioasid_pin_group *pin)
{
	struct ioasid_pin_group *base;

	while (pin && last_put(pin)) {
		base = pin->base;
		pin_release(pin);
		pin = base;
	}
}

/* The pin is no longer busy; wake those who wait for it. */
static void settle(struct ioasid_pin_group *pin, enum ioasid_pin_state state)
{
	lockdep_assert_held(&pin->domain->lock);
	if (state == IOASID_PIN_STALE) {
		tell_stale(pin);
	} else {
		if (state == IOASID_PIN_FAILED)
			tree_remove(pin);
		WRITE_ONCE(pin->state, state);
	}
	wake(pin->domain);
}

static int charge(struct ioasid_pin_group *pin, const struct ioasid_payer *payer, u64 pages,
		  struct ioasid_refusal *why)
{
	struct ioasid_domain *domain = pin->domain;
	struct ioasid_domain_stat *stat = &domain->stat;
	u64 limit;
	int ret;

	if (!pages || !pin->source->charged)
		return 0;
	ret = ioasid_charge_reserve(&pin->charge, payer, pages, stat->domain, why);
	if (ret)
		return ret;
	ioasid_commit_begin();
	spin_lock(&domain->lock);
	ioasid_charge_commit(&pin->charge, pages);
	stat->charged += pages;
	stat->uid = pin->charge.owner->uid;
	stat->cgroup = pin->charge.owner->cgroup;
	spin_unlock(&domain->lock);
	ioasid_commit_end();
	ret = ioasid_charge_ask(&pin->charge, payer, stat->domain, &limit, why);
	WRITE_ONCE(stat->limit, limit);
	return ret;
}

static u32 payer_tgid(const struct ioasid_pin_wish *wish)
{
	return wish->payer ? wish->payer->task->tgid : current->tgid;
}

static void trace_pin(const struct ioasid_pin_wish *wish, const struct ioasid_segment *segment,
		      struct ioasid_event_pin *event)
{
	const struct ioasid_pin_group *pin = segment->pin;

	event->domain = pin->domain->stat.domain;
	event->va = pin->va + (segment->page << PAGE_SHIFT);
	event->pages = segment->pages;
	event->tgid = payer_tgid(wish);
	if (!event->ret) {
		event->pin = pin->number;
		event->runs = pin->runs.count;
	}
	if (!event->ret && !event->reused && trace_ioasid_pin_enabled())
		ioasid_runs_sizes(&pin->runs, event->run_sizes, IOASID_RUN_SIZES);
	trace_ioasid_pin(event);
}

/* Pages of a pin that its base hasn't got. */
static u64 not_in_base(const struct ioasid_pin_group *pin)
{
	const struct ioasid_pin_group *base = pin->base;
	struct ioasid_run_iter ours = ioasid_runs_seek(&pin->runs, 0);
	struct ioasid_run_iter theirs;
	u64 step, others = 0;

	theirs = ioasid_runs_seek(&base->runs, (pin->va - base->va) >> PAGE_SHIFT);
	while (ours.page < pin->runs.pages) {
		step = ioasid_run_step(&ours, &theirs);
		if (ioasid_run_iter_pfn(&ours) != ioasid_run_iter_pfn(&theirs))
			others += step;
		ioasid_run_iter_advance(&ours, step);
		ioasid_run_iter_advance(&theirs, step);
	}
	return others;
}

/*
 * The limit refuses. When memory that can't be had comes before what is too much, that is what is
 * wrong. Return the errno.
 */
static int look_before_limit(struct ioasid_pin_group *pin, struct ioasid_refusal *why)
{
	u64 room = why->limit > why->used ? (why->limit - why->used) >> PAGE_SHIFT : 0;
	u64 pages = min(range_pages(pin), room + 1), bad = pin->va;
	int ret;

	if (why->limit == IOASID_NO_LIMIT)
		return -ENOMEM;
	ret = pin->source->pin(pin->domain, &pin->runs, pin->va, pages, pin->write, &bad);
	if (!ret)
		pin->source->release(&pin->runs, false);
	if (ret != -EFAULT)
		return -ENOMEM;
	*why = (struct ioasid_refusal){};
	return ioasid_refuse(why, IOASID_STAGE_PIN, bad, range_pages(pin) << PAGE_SHIFT, ret);
}

/*
 * Charge and pin. A pin with a base is pinned first, to see what there is to be charged, so that a
 * limit that is just large enough for the memory is enough for both.
 */
static int charge_and_pin(struct ioasid_pin_group *pin, const struct ioasid_payer *payer,
			  struct ioasid_event_pin *event, struct ioasid_lap *lap,
			  struct ioasid_refusal *why)
{
	struct ioasid_domain *domain = pin->domain;
	u64 pages = range_pages(pin), bad = pin->va;
	int ret;

	if (!pin->base) {
		ret = charge(pin, payer, pages, why);
		event->charge_ns = ioasid_lap(lap);
		if (ret)
			return ret == -ENOMEM ? look_before_limit(pin, why) : ret;
	}
	ret = pin->source->pin(domain, &pin->runs, pin->va, pages, pin->write, &bad);
	event->gup_ns = ioasid_lap(lap);
	if (ret)
		return ioasid_refuse(why, IOASID_STAGE_PIN, bad, pages << PAGE_SHIFT, ret);
	if (!pin->base)
		return 0;
	ret = charge(pin, payer, not_in_base(pin), why);
	event->charge_ns = ioasid_lap(lap);
	return ret;
}

/* Charge and pin what the busy pin stands for. On failure the caller's reference is gone. */
static int fill(struct ioasid_pin_group *pin, const struct ioasid_pin_wish *wish,
		struct ioasid_refusal *why)
{
	struct ioasid_lap lap = ioasid_lap_start(trace_ioasid_pin_enabled());
	struct ioasid_event_pin event = { .write = pin->write };
	struct ioasid_segment segment = { .pin = pin, .pages = range_pages(pin) };
	struct ioasid_domain *domain = pin->domain;
	struct ioasid_domain_stat *stat = &domain->stat;
	int ret = charge_and_pin(pin, wish->payer, &event, &lap, why);
	u64 huge = ret ? 0 : huge_pages(pin);

	pin->since = ktime_get_ns();
	ioasid_commit_begin();
	spin_lock(&domain->lock);
	if (!ret) {
		pin->pages = pin->runs.pages;
		pin->metadata = metadata(pin);
		stat->pins++;
		stat->pinned += ioasid_pin_pinned(pin);
		stat->runs += pin->runs.count;
		stat->huge += huge;
		stat->metadata += pin->metadata;
	}
	settle(pin, ret ? IOASID_PIN_FAILED : IOASID_PIN_LIVE);
	spin_unlock(&domain->lock);
	ioasid_commit_end();

	event.ret = ret;
	event.total_ns = ioasid_lap_total(&lap);
	trace_pin(wish, &segment, &event);
	if (ret)
		ioasid_pin_put(pin);
	return ret;
}

static void segment_of(struct ioasid_pin_group *pin, unsigned long va, unsigned long last,
		       struct ioasid_segment *segment)
{
	segment->pin = pin;
	segment->page = (va - pin->va) >> PAGE_SHIFT;
	segment->pages = (min(last, pin->last) - va + 1) >> PAGE_SHIFT;
}

/* Which pages of a segment the source has to be asked about; false when none. */
static bool must_recheck(const struct ioasid_segment *segment, u64 *first, u64 *end)
{
	const struct ioasid_pin_group *pin = segment->pin;

	*first = segment->page;
	*end = segment->page + segment->pages;
	if (pin->source->silent)
		return true;
	*first = max_t(u64, *first, pin->suspect_first);
	*end = min_t(u64, *end, pin->suspect_end);
	return *first < *end;
}

/*
 * Look the suspect pages of a segment up again, as the caller wants to use them. Called with the
 * lock held, returns without it. The caller has a reference. Return 1 when they are the same; 0
 * when the pin is stale now; -EFAULT when some can't be had now, but the pin may have them: the
 * process may be given them back; or another errno.
 */
static int recheck(const struct ioasid_segment *segment, u64 first, u64 end, bool write,
		   struct ioasid_refusal *why) __releases(&segment->pin->domain->lock)
{
	struct ioasid_pin_group *pin = segment->pin;
	struct ioasid_domain *domain = pin->domain;
	/* A reader learns nothing about what a writer may do. */
	bool learn = write == pin->write && is_suspect(pin);
	u64 bad = 0;
	int same;

	WRITE_ONCE(pin->state, IOASID_PIN_BUSY);
	/* What changes just now has been marked already, so it stays marked. */
	learn &= !domain->invalidations;
	if (learn)
		trust_pages(pin, first, end);
	spin_unlock(&domain->lock);

	same = pin->source->same(domain, &pin->runs, pin->va, first, end - first, write, &bad);
	if (same < 0)
		ioasid_refuse(why, IOASID_STAGE_PIN, bad, (end - first) << PAGE_SHIFT, same);

	spin_lock(&domain->lock);
	domain->stat.rechecked++;
	if (same < 0 && learn)
		suspect_pages(pin, first, end);
	settle(pin, same ? IOASID_PIN_LIVE : IOASID_PIN_STALE);
	spin_unlock(&domain->lock);
	return same;
}

/* Wait until some pin of the domain settles. */
static int wait_settled(struct ioasid_domain *domain, u64 seen)
{
	if (wait_event_killable(domain->settled, READ_ONCE(domain->settlings) != seen))
		return -EINTR;
	return 0;
}

static bool serves(const struct ioasid_pin_group *pin, bool write)
{
	return pin->write || !write || pin->domain->source->common;
}

/*
 * The pin at @va that serves, or doesn't, and reaches farthest. When there is none, NULL, and *last
 * is cut down to the last address before the next one.
 */
static struct ioasid_pin_group *find(struct ioasid_domain *domain, unsigned long va,
				     unsigned long *last, bool write, bool serving)
{
	struct ioasid_pin_group *pin, *best = NULL;

	lockdep_assert_held(&domain->lock);
	for (pin = pin_tree_iter_first(&domain->tree, va, va); pin;
	     pin = pin_tree_iter_next(pin, va, va))
		if (serves(pin, write) == serving && (!best || pin->last > best->last))
			best = pin;
	if (best)
		return best;
	for (pin = pin_tree_iter_first(&domain->tree, va, *last); pin;
	     pin = pin_tree_iter_next(pin, va, *last)) {
		if (serves(pin, write) != serving)
			continue;
		*last = pin->va - 1;
		break;
	}
	return NULL;
}

/*
 * The pin for reading at @va that a new pin for writing is to be over, live or stale. When there is
 * none, NULL, and *last is cut down as by find().
 */
static struct ioasid_pin_group *find_base(struct ioasid_domain *domain, unsigned long va,
					  unsigned long *last, bool write)
{
	struct ioasid_pin_group *pin, *base;

	if (!write || domain->source->common)
		return NULL;
	base = find(domain, va, last, write, false);
	if (base)
		return base;
	for (pin = pin_tree_iter_first(&domain->stale, va, *last); pin;
	     pin = pin_tree_iter_next(pin, va, *last)) {
		if (pin->va > va) {
			/* In order of address, so nothing comes that is there already. */
			if (!base)
				*last = pin->va - 1;
			break;
		}
		if (!base || pin->number > base->number)
			base = pin;
	}
	return base;
}

/* Put a new busy pin into the tree. */
static void insert(struct ioasid_pin_group *pin, unsigned long va, unsigned long last,
		   struct ioasid_pin_group *base)
{
	struct ioasid_domain *domain = pin->domain;

	lockdep_assert_held(&domain->lock);
	pin->va = va;
	pin->last = last;
	/* In order, so that a list of pins that is read in parts misses none. */
	pin->number = atomic64_inc_return(&pins_made);
	pin->base = base;
	if (base) {
		ioasid_pin_get(base);
		base->bases++;
	}
	if (domain->invalidations)
		suspect_pages(pin, 0, range_pages(pin));
	tree_insert(pin, &domain->tree);
	rb_add(&pin->by_number, &domain->pins, number_less);
}

/* Last address of the pin that is to be made for a gap. */
static unsigned long group(const struct ioasid_pin_wish *wish, unsigned long va, unsigned long last)
{
	struct ioasid_group_request request = {
		.va = va,
		.length = last - va + 1,
		.tgid = payer_tgid(wish),
		.write = wish->write,
		.domain = wish->domain->stat.domain,
	};

	return va + ioasid_place_group(&request) - 1;
}

/* Who has the pages at @va; the range is cut down to where another one has them. */
static const struct ioasid_source *source_at(const struct ioasid_pin_wish *wish, unsigned long va,
					     unsigned long *last)
{
	if (wish->device && ioasid_device_at(wish->domain->key, va, last))
		return &ioasid_source_device;
	return wish->domain->source;
}

/* Device memory is only for those who asked for it. */
static int check_kind(const struct ioasid_pin_wish *wish, const struct ioasid_segment *segment,
		      struct ioasid_refusal *why)
{
	const struct ioasid_pin_group *pin = segment->pin;

	if (wish->device || !ioasid_pin_is_device(pin))
		return 0;
	return ioasid_refuse(why, IOASID_STAGE_PIN, pin->va + (segment->page << PAGE_SHIFT),
			     segment->pages << PAGE_SHIFT, -EFAULT);
}

/*
 * Get the segment at @va: share the pin that is there, or make one for the gap. Return 1 when it
 * was there, 0 when it was made.
 */
static int segment_get(const struct ioasid_pin_wish *wish, unsigned long va, unsigned long last,
		       struct ioasid_segment *segment, struct ioasid_refusal *why)
{
	struct ioasid_domain *domain = wish->domain;
	struct ioasid_pin_group *pin, *base = NULL, *fresh = NULL;
	unsigned long gap_last;
	u64 seen, first, end;
	int ret;

again:
	gap_last = last;
	spin_lock(&domain->lock);
	pin = find(domain, va, &gap_last, wish->write, true);
	if (!pin) {
		base = find_base(domain, va, &gap_last, wish->write);
		if (base)
			gap_last = min(gap_last, base->last);
	}
	if ((pin && !ioasid_pin_settled(pin)) || (!pin && base && !ioasid_pin_settled(base))) {
		seen = domain->settlings;
		spin_unlock(&domain->lock);
		ret = wait_settled(domain, seen);
		if (ret)
			goto out;
		goto again;
	}
	if (!pin && fresh) {
		insert(fresh, va, gap_last, base && base->source == fresh->source ? base : NULL);
		spin_unlock(&domain->lock);
		segment_of(fresh, va, last, segment);
		ret = fill(fresh, wish, why);
		if (ret)
			segment->pin = NULL;
		return ret;
	}
	if (!pin) {
		spin_unlock(&domain->lock);
		last = group(wish, va, gap_last);
		fresh = pin_alloc(wish);
		if (!fresh)
			return -ENOMEM;
		fresh->source = source_at(wish, va, &last);
		goto again;
	}

	ioasid_pin_get(pin);
	/* So that its pages are marked dirty when they are let go. */
	pin->write |= wish->write;
	segment_of(pin, va, last, segment);
	if (must_recheck(segment, &first, &end)) {
		ret = recheck(segment, first, end, wish->write, why);
		if (ret <= 0)
			ioasid_pin_put(pin);
		if (!ret)
			goto again;
		if (ret < 0)
			goto out;
	} else {
		spin_unlock(&domain->lock);
	}
	ret = check_kind(wish, segment, why) ?: 1;
	if (ret < 0)
		ioasid_pin_put(pin);
out:
	pin_discard(fresh);
	return ret;
}

static int pin_range(const struct ioasid_pin_wish *wish, struct ioasid_segments *segments,
		     struct ioasid_refusal *why)
{
	struct ioasid_event_pin event = { .write = wish->write };
	u64 va = wish->va, last = va + (wish->pages << PAGE_SHIFT) - 1;
	struct ioasid_segment *segment;
	int ret;

	while (segments->pages < wish->pages) {
		segment = ioasid_segments_room(segments);
		ret = segment ? segment_get(wish, va, last, segment, why) : -ENOMEM;
		if (ret < 0) {
			ioasid_refuse(why, IOASID_STAGE_PIN, va, last - va + 1, ret);
			ioasid_segments_put(segments);
			return ret;
		}
		if (ret) {
			segments->reused += segment->pages;
			event.reused = segment->pages;
			trace_pin(wish, segment, &event);
		}
		segments->count++;
		segments->pages += segment->pages;
		va += segment->pages << PAGE_SHIFT;
	}
	return 0;
}

/* A payer that goes on has its memory until it has been charged for it. */
static int payer_begin(const struct ioasid_pin_wish *wish, struct ioasid_refusal *why)
{
	if (!wish->payer || mmget_not_zero(wish->payer->mm))
		return 0;
	return ioasid_refuse(why, IOASID_STAGE_PIN, wish->va, wish->pages << PAGE_SHIFT, -ENODEV);
}

static void payer_end(const struct ioasid_pin_wish *wish)
{
	if (wish->payer)
		mmput(wish->payer->mm);
}

/**
 * ioasid_pin_range() - pin an address range
 * @wish: the range; of a process's memory, the calling process's unless there is a payer
 * @segments: empty; filled with what covers the range
 * @why: filled on failure
 *
 * Context: may sleep, takes the mmap lock, no locks held.
 * Return: 0; -EFAULT, -ENOMEM, -EINTR or a policy's refusal; -ENODEV when the payer's memory is
 * being torn down. On failure nothing is left behind.
 */
int ioasid_pin_range(const struct ioasid_pin_wish *wish, struct ioasid_segments *segments,
		     struct ioasid_refusal *why)
{
	int ret = payer_begin(wish, why);

	if (ret)
		return ret;
	ret = pin_range(wish, segments, why);
	payer_end(wish);
	return ret;
}

/**
 * struct forecast - what pinning a range would take
 * @served: pages that pins serve
 * @missing: pages that none does
 * @based: of these, pages that a pin for reading has, and is charged for, most likely
 */
struct forecast {
	u64 served;
	u64 missing;
	u64 based;
};

/* The same of the first part of a range, which is added. */
static int look_ahead(const struct ioasid_pin_wish *wish, unsigned long va, unsigned long last,
		      struct forecast *forecast, struct ioasid_refusal *why)
{
	struct ioasid_domain *domain = wish->domain;
	struct ioasid_pin_group *pin, *base;
	struct ioasid_segment segment;
	u64 seen, pages, first, end;
	int ret = 1;

	spin_lock(&domain->lock);
	pin = find(domain, va, &last, wish->write, true);
	if (!pin) {
		base = find_base(domain, va, &last, wish->write);
		pages = ((base ? min(last, base->last) : last) - va + 1) >> PAGE_SHIFT;
		spin_unlock(&domain->lock);
		forecast->missing += pages;
		forecast->based += base ? pages : 0;
		return 0;
	}
	if (!ioasid_pin_settled(pin)) {
		seen = domain->settlings;
		spin_unlock(&domain->lock);
		return wait_settled(domain, seen);
	}
	segment_of(pin, va, last, &segment);
	ioasid_pin_get(pin);
	if (must_recheck(&segment, &first, &end))
		ret = recheck(&segment, first, end, wish->write, why);
	else
		spin_unlock(&domain->lock);
	if (ret > 0)
		ret = check_kind(wish, &segment, why) ?: 1;
	ioasid_pin_put(pin);
	if (ret > 0)
		forecast->served += segment.pages;
	return min(ret, 0);
}

/**
 * ioasid_pin_dry_run() - what would pinning a range take?
 * @wish: the range, with no payer
 * @missing: set to the pages that no pin serves
 * @why: filled on failure
 *
 * Context: may sleep, no locks held.
 * Return: 0; -ENOMEM or a policy's refusal of these pages; -EFAULT; -EINTR.
 */
int ioasid_pin_dry_run(const struct ioasid_pin_wish *wish, u64 *missing, struct ioasid_refusal *why)
{
	unsigned long last = wish->va + (wish->pages << PAGE_SHIFT) - 1;
	struct forecast forecast = {};
	u64 done = 0;
	int ret;

	while (done < wish->pages) {
		ret = look_ahead(wish, wish->va + (done << PAGE_SHIFT), last, &forecast, why);
		if (ret)
			return ret;
		done = forecast.served + forecast.missing;
	}
	*missing = forecast.missing;
	done = forecast.missing - forecast.based;
	return done ? ioasid_charge_dry_run(done, wish->mode, why) : 0;
}

static void count_handle(struct ioasid_pin_group *pin, int by)
{
	ioasid_assert_commit();
	spin_lock(&pin->domain->lock);
	pin->handles += by;
	spin_unlock(&pin->domain->lock);
}

/**
 * ioasid_pin_page() - pin one page for who has no mapping of it
 * @wish: the page
 * @segment: filled; a handle
 * @page: set to the page
 * @why: filled on failure
 *
 * What is pinned page by page is let go, and no longer charged, page by page.
 *
 * Context: may sleep, takes the mmap lock, no locks held.
 * Return: as ioasid_pin_range(); -EFAULT for device memory, whatever was wished.
 */
int ioasid_pin_page(const struct ioasid_pin_wish *wish, struct ioasid_segment *segment,
		    struct page **page, struct ioasid_refusal *why)
{
	struct ioasid_segments segments = {};
	int ret = ioasid_pin_range(wish, &segments, why);

	if (ret)
		return ret;
	ret = ioasid_segments_pages(&segments, page);
	if (ret) {
		ioasid_segments_put(&segments);
		return ioasid_refuse(why, IOASID_STAGE_PIN, wish->va, PAGE_SIZE, ret);
	}
	*segment = segments.list[0];
	kvfree(segments.list);
	ioasid_commit_begin();
	count_handle(segment->pin, 1);
	ioasid_commit_end();
	return 0;
}

/**
 * ioasid_unpin_page() - undo ioasid_pin_page()
 * @segment: as it was filled
 *
 * Context: may sleep.
 */
void ioasid_unpin_page(struct ioasid_segment *segment)
{
	ioasid_commit_begin();
	count_handle(segment->pin, -1);
	ioasid_commit_end();
	ioasid_pin_put(segment->pin);
}

/**
 * ioasid_pins_mapped() - is any of these pins mapped anywhere?
 * @segments: the pins
 */
bool ioasid_pins_mapped(const struct ioasid_segments *segments)
{
	u32 i;

	for (i = 0; i < segments->count; i++)
		if (READ_ONCE(segments->list[i].pin->mappings))
			return true;
	return false;
}

/**
 * ioasid_pin_count_handles() - these segments are a handle's now, or no longer
 * @segments: the segments
 * @by: 1 or -1
 *
 * Context: in a commit.
 */
void ioasid_pin_count_handles(const struct ioasid_segments *segments, int by)
{
	u32 i;

	for (i = 0; i < segments->count; i++)
		count_handle(segments->list[i].pin, by);
}

static void add_mapped(struct ioasid_pin_group *pin, struct ioasid_pin_user *user, s64 mappings,
		       s64 pages)
{
	struct ioasid_domain_stat *stat = &pin->domain->stat;

	ioasid_assert_commit();
	spin_lock(&pin->domain->lock);
	if (mappings > 0)
		hlist_add_head(&user->node, &pin->users);
	else
		hlist_del(&user->node);
	stat->shared -= ioasid_pin_shared(pin);
	WRITE_ONCE(pin->mappings, pin->mappings + mappings);
	pin->mapped += pages;
	stat->shared += ioasid_pin_shared(pin);
	stat->mappings += mappings;
	stat->mapped += pages;
	spin_unlock(&pin->domain->lock);
}

/**
 * ioasid_pin_count_mapping() - a mapping uses the pin from now on
 * @pin: the pin; the mapping has a reference
 * @user: the mapping's
 * @pages: pages mapped
 *
 * Context: in a commit; may hold an ioas's lock.
 */
void ioasid_pin_count_mapping(struct ioasid_pin_group *pin, struct ioasid_pin_user *user, u64 pages)
{
	add_mapped(pin, user, 1, pages);
}

/**
 * ioasid_pin_uncount_mapping() - a mapping no longer uses the pin
 * @pin: the pin
 * @user: the mapping's
 * @pages: pages that were mapped
 *
 * Context: in a commit; may hold an ioas's lock.
 */
void ioasid_pin_uncount_mapping(struct ioasid_pin_group *pin, struct ioasid_pin_user *user,
				u64 pages)
{
	add_mapped(pin, user, -1, -pages);
}

/**
 * ioasid_pin_split_mapping() - one mapping of the pin became two, with a reference each
 * @pin: the pin
 * @rest: the new one's
 *
 * Context: in a commit; may hold an ioas's lock.
 */
void ioasid_pin_split_mapping(struct ioasid_pin_group *pin, struct ioasid_pin_user *rest)
{
	ioasid_pin_get(pin);
	add_mapped(pin, rest, 1, 0);
}
