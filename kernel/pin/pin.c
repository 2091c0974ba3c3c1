// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pin: see pin.h for the vocabulary.
 *
 * The life of a pin. It is put into the tree before it has any page (BUSY), so that whoever else
 * wants the same memory waits for it instead of pinning and charging it again. Then it is charged,
 * its pages are looked up, and it is LIVE: others share it. A change to the process's page table
 * makes it suspect; whoever wants to share it next looks its pages up again. If the process still
 * has them, it is as good as new. If not, it leaves the tree (STALE): its mappings keep their
 * pages, nobody new gets them. With the last reference its pages are let go and its charge ends.
 *
 * Invariants. A page that a segment covers is pinned. A pin's pages are charged once, from before
 * it is LIVE until after its pages are let go. No two LIVE or BUSY pins of the same rights overlap.
 * Inside commits and only there, the domain's counters and the ledger change together.
 *
 * Lock order: mmap lock (inside GUP, no lock of ours held); a commit; an ioas's lock; domain->lock;
 * the ledger's. Waiting for a busy pin is done with no lock held.
 */
#include "pin/pin.h"

#include <linux/atomic.h>
#include <linux/interval_tree_generic.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <trace/events/ioasid.h>

#include "commit.h"
#include "pin/gup.h"
#include "trace/lap.h"

#define PIN_START(pin) ((pin)->va)
#define PIN_LAST(pin) ((pin)->last)

INTERVAL_TREE_DEFINE(struct ioasid_pin_group, node, unsigned long, subtree_last, PIN_START,
		     PIN_LAST, static, pin_tree)

static atomic64_t pins_made;

static u64 range_pages(const struct ioasid_pin_group *pin)
{
	return (pin->last - pin->va + 1) >> PAGE_SHIFT;
}

static u64 shared_pages(const struct ioasid_pin_group *pin)
{
	return pin->mapped > pin->pages ? pin->mapped - pin->pages : 0;
}

static void tree_remove(struct ioasid_pin_group *pin)
{
	lockdep_assert_held(&pin->domain->lock);
	if (!pin->in_tree)
		return;
	pin_tree_remove(pin, &pin->domain->tree);
	pin->in_tree = false;
}

/* The process has other pages here now. */
static void make_stale(struct ioasid_pin_group *pin)
{
	lockdep_assert_held(&pin->domain->lock);
	tree_remove(pin);
	pin->state = IOASID_PIN_STALE;
	pin->domain->stat.stale += pin->pages;
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
		pin->suspect = true;
		domain->suspects++;
	}
}

/**
 * ioasid_pins_orphan() - the process's memory goes away
 * @domain: the domain
 *
 * Nobody is pinning: that takes a process. Context: domain->lock is held, must not sleep.
 */
void ioasid_pins_orphan(struct ioasid_domain *domain)
{
	struct ioasid_pin_group *pin;

	lockdep_assert_held(&domain->lock);
	list_for_each_entry(pin, &domain->pins, link)
		if (pin->state == IOASID_PIN_LIVE)
			make_stale(pin);
}

/* A pin with no page and no charge yet. */
static struct ioasid_pin_group *pin_alloc(struct ioasid_domain *domain, bool write)
{
	struct ioasid_pin_group *pin = kzalloc(sizeof(*pin), GFP_KERNEL_ACCOUNT);

	if (!pin)
		return NULL;
	ioasid_domain_get(domain);
	pin->domain = domain;
	pin->write = write;
	pin->state = IOASID_PIN_BUSY;
	pin->number = atomic64_inc_return(&pins_made);
	refcount_set(&pin->refs, 1);
	ioasid_runs_init(&pin->runs);
	INIT_LIST_HEAD(&pin->link);
	return pin;
}

/* What pin_alloc() made and nobody has seen. */
static void pin_discard(struct ioasid_pin_group *pin)
{
	if (!pin)
		return;
	ioasid_domain_put(pin->domain);
	kfree(pin);
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

/* The last reference is gone and nobody can find the pin: let its pages go and end its charge. */
static void pin_release(struct ioasid_pin_group *pin)
{
	struct ioasid_lap lap = ioasid_lap_start(trace_ioasid_unpin_enabled());
	struct ioasid_domain *domain = pin->domain;
	struct ioasid_domain_stat *stat = &domain->stat;
	u64 pages = pin->pages, runs = pin->runs.count;
	u64 charged = pin->charge.pages;

	WARN_ON_ONCE(pin->mappings || pin->handles);
	ioasid_gup_release(&pin->runs, pin->write);

	ioasid_commit_begin();
	spin_lock(&domain->lock);
	list_del_init(&pin->link);
	stat->charged -= charged;
	if (pages) {
		stat->pins--;
		stat->pinned -= pages;
		stat->runs -= runs;
		pin->pages = 0;
	}
	if (pin->state == IOASID_PIN_STALE)
		stat->stale -= pages;
	if (charged)
		ioasid_charge_uncommit(&pin->charge);
	spin_unlock(&domain->lock);
	ioasid_commit_end();

	ioasid_charge_release(&pin->charge, charged, stat->domain);
	if (pages)
		trace_unpin(pin, pages, runs, ioasid_lap_total(&lap));
	ioasid_domain_put(domain);
	kfree(pin);
}

/**
 * ioasid_pin_put() - drop a reference
 * @pin: the pin; the last reference lets its pages go
 *
 * Context: may sleep.
 */
void ioasid_pin_put(struct ioasid_pin_group *pin)
{
	bool last;

	if (refcount_dec_not_one(&pin->refs))
		return;
	/* Whoever finds the pin in the tree takes a reference under the lock. */
	spin_lock(&pin->domain->lock);
	last = refcount_dec_and_test(&pin->refs);
	if (last)
		tree_remove(pin);
	spin_unlock(&pin->domain->lock);
	if (last)
		pin_release(pin);
}

/* The pin is no longer busy; wake those who wait for it. */
static void settle(struct ioasid_pin_group *pin, enum ioasid_pin_state state)
{
	struct ioasid_domain *domain = pin->domain;

	lockdep_assert_held(&domain->lock);
	if (state == IOASID_PIN_STALE) {
		make_stale(pin);
	} else {
		if (state == IOASID_PIN_FAILED)
			tree_remove(pin);
		WRITE_ONCE(pin->state, state);
	}
	wake_up_all(&domain->settled);
}

static int charge(struct ioasid_pin_group *pin, struct ioasid_refusal *why)
{
	struct ioasid_domain *domain = pin->domain;
	struct ioasid_domain_stat *stat = &domain->stat;
	u64 pages = range_pages(pin);
	u64 limit = ioasid_hard_limit();
	int ret;

	ret = ioasid_charge_reserve(&pin->charge, pages, stat->domain, why);
	if (ret)
		return ret;
	ioasid_commit_begin();
	spin_lock(&domain->lock);
	ioasid_charge_commit(&pin->charge, pages);
	stat->charged += pages;
	stat->limit = limit;
	stat->uid = pin->charge.owner->uid;
	stat->cgroup = pin->charge.owner->cgroup;
	spin_unlock(&domain->lock);
	ioasid_commit_end();
	return ioasid_charge_ask(&pin->charge, stat->domain, why);
}

static void trace_pin(const struct ioasid_segment *segment, struct ioasid_event_pin *event)
{
	const struct ioasid_pin_group *pin = segment->pin;

	event->domain = pin->domain->stat.domain;
	event->va = pin->va + (segment->page << PAGE_SHIFT);
	event->pages = segment->pages;
	event->tgid = current->tgid;
	if (!event->ret) {
		event->pin = pin->number;
		event->runs = pin->runs.count;
	}
	trace_ioasid_pin(event);
}

/* Charge and pin what the busy pin stands for. On failure the caller's reference is gone. */
static int fill(struct ioasid_pin_group *pin, struct ioasid_refusal *why)
{
	struct ioasid_lap lap = ioasid_lap_start(trace_ioasid_pin_enabled());
	struct ioasid_event_pin event = { .write = pin->write };
	struct ioasid_segment segment = { .pin = pin, .pages = range_pages(pin) };
	struct ioasid_domain *domain = pin->domain;
	struct ioasid_domain_stat *stat = &domain->stat;
	u64 bad = pin->va;
	int ret;

	ret = charge(pin, why);
	event.charge_ns = ioasid_lap(&lap);
	if (!ret) {
		ret = ioasid_gup(&pin->runs, pin->va, segment.pages, pin->write, &bad);
		if (ret)
			ioasid_refuse(why, IOASID_STAGE_PIN, bad, segment.pages << PAGE_SHIFT, ret);
		event.gup_ns = ioasid_lap(&lap);
	}
	pin->since = ktime_get_ns();

	ioasid_commit_begin();
	spin_lock(&domain->lock);
	if (!ret) {
		pin->pages = pin->runs.pages;
		stat->pins++;
		stat->pinned += pin->pages;
		stat->runs += pin->runs.count;
	}
	settle(pin, ret ? IOASID_PIN_FAILED : IOASID_PIN_LIVE);
	spin_unlock(&domain->lock);
	ioasid_commit_end();

	event.ret = ret;
	event.total_ns = ioasid_lap_total(&lap);
	trace_pin(&segment, &event);
	if (ret)
		ioasid_pin_put(pin);
	return ret;
}

/* Look a suspect pin's pages up again. The pin is busy, the caller has a reference. */
static int recheck(struct ioasid_pin_group *pin)
{
	struct ioasid_domain *domain = pin->domain;
	int same = ioasid_gup_compare(&pin->runs, pin->va, pin->write);

	spin_lock(&domain->lock);
	domain->rechecks++;
	if (same < 0)
		pin->suspect = true;
	settle(pin, same ? IOASID_PIN_LIVE : IOASID_PIN_STALE);
	spin_unlock(&domain->lock);
	return same;
}

static int wait_settled(struct ioasid_pin_group *pin)
{
	if (wait_event_killable(pin->domain->settled, READ_ONCE(pin->state) != IOASID_PIN_BUSY))
		return -EINTR;
	return 0;
}

static bool serves(const struct ioasid_pin_group *pin, bool write)
{
	return pin->write || !write;
}

/*
 * The pin that serves @va and reaches farthest; when there is none, NULL, and *gap_last is cut down
 * to the last address before the next one that serves.
 */
static struct ioasid_pin_group *find(struct ioasid_domain *domain, unsigned long va,
				     unsigned long *gap_last, bool write)
{
	struct ioasid_pin_group *pin, *best = NULL;

	lockdep_assert_held(&domain->lock);
	for (pin = pin_tree_iter_first(&domain->tree, va, va); pin;
	     pin = pin_tree_iter_next(pin, va, va))
		if (serves(pin, write) && (!best || pin->last > best->last))
			best = pin;
	if (best)
		return best;
	for (pin = pin_tree_iter_first(&domain->tree, va, *gap_last); pin;
	     pin = pin_tree_iter_next(pin, va, *gap_last)) {
		if (!serves(pin, write))
			continue;
		*gap_last = pin->va - 1;
		break;
	}
	return NULL;
}

/* Put a new busy pin into the tree. */
static void insert(struct ioasid_pin_group *pin, unsigned long va, unsigned long last)
{
	struct ioasid_domain *domain = pin->domain;

	lockdep_assert_held(&domain->lock);
	pin->va = va;
	pin->last = last;
	pin->suspect = domain->invalidations;
	pin_tree_insert(pin, &domain->tree);
	pin->in_tree = true;
	list_add_tail(&pin->link, &domain->pins);
}

static void segment_of(struct ioasid_pin_group *pin, unsigned long va, unsigned long last,
		       struct ioasid_segment *segment)
{
	segment->pin = pin;
	segment->page = (va - pin->va) >> PAGE_SHIFT;
	segment->pages = (min(last, pin->last) - va + 1) >> PAGE_SHIFT;
}

/*
 * Get the segment at @va: share the pin that is there, or make one for the gap. Return 1 when it
 * was there, 0 when it was made.
 */
static int segment_get(struct ioasid_domain *domain, unsigned long va, unsigned long last,
		       bool write, struct ioasid_segment *segment, struct ioasid_refusal *why)
{
	struct ioasid_pin_group *pin, *fresh = NULL;
	unsigned long gap_last;
	int ret;

again:
	gap_last = last;
	spin_lock(&domain->lock);
	pin = find(domain, va, &gap_last, write);
	if (!pin && fresh) {
		insert(fresh, va, gap_last);
		spin_unlock(&domain->lock);
		segment_of(fresh, va, last, segment);
		ret = fill(fresh, why);
		if (ret)
			segment->pin = NULL;
		return ret;
	}
	if (!pin) {
		spin_unlock(&domain->lock);
		fresh = pin_alloc(domain, write);
		if (!fresh)
			return -ENOMEM;
		goto again;
	}

	ioasid_pin_get(pin);
	if (pin->state == IOASID_PIN_BUSY) {
		spin_unlock(&domain->lock);
		ret = wait_settled(pin);
		ioasid_pin_put(pin);
		if (ret)
			goto out;
		goto again;
	}
	if (pin->suspect) {
		pin->state = IOASID_PIN_BUSY;
		pin->suspect = domain->invalidations;
		spin_unlock(&domain->lock);
		ret = recheck(pin);
		if (ret <= 0)
			ioasid_pin_put(pin);
		if (!ret)
			goto again;
		if (ret < 0)
			goto out;
	} else {
		spin_unlock(&domain->lock);
	}
	segment_of(pin, va, last, segment);
	ret = 1;
out:
	pin_discard(fresh);
	return ret;
}

static struct ioasid_segment *segments_room(struct ioasid_segments *segments)
{
	struct ioasid_segment *list;
	u32 capacity;

	if (segments->count < segments->capacity)
		return &segments->list[segments->count];
	capacity = max(1, segments->capacity * 2);
	list = kvrealloc(segments->list, capacity * sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (!list)
		return NULL;
	segments->list = list;
	segments->capacity = capacity;
	return &list[segments->count];
}

/**
 * ioasid_pin_range() - pin an address range of the calling process
 * @domain: the caller's
 * @va: first address, page-aligned
 * @pages: pages, at least one; the range does not wrap
 * @write: the pages will be written
 * @segments: empty; filled with what covers the range
 * @why: filled on failure
 *
 * Context: may sleep, takes the mmap lock, no locks held.
 * Return: 0; -EFAULT, -ENOMEM, -EINTR or a policy's refusal: then nothing is left behind.
 */
int ioasid_pin_range(struct ioasid_domain *domain, unsigned long va, u64 pages, bool write,
		     struct ioasid_segments *segments, struct ioasid_refusal *why)
{
	struct ioasid_event_pin event = { .write = write };
	struct ioasid_segment *segment;
	u64 n;
	int ret;

	while (segments->pages < pages) {
		n = min_t(u64, pages - segments->pages, IOASID_RUNS_MAX);
		segment = segments_room(segments);
		ret = segment ? segment_get(domain, va, va + (n << PAGE_SHIFT) - 1, write, segment,
					    why) :
				-ENOMEM;
		if (ret < 0) {
			ioasid_refuse(why, IOASID_STAGE_PIN, va, n << PAGE_SHIFT, ret);
			ioasid_segments_put(segments);
			return ret;
		}
		if (ret) {
			segments->reused += segment->pages;
			event.reused = segment->pages;
			trace_pin(segment, &event);
		}
		segments->count++;
		segments->pages += segment->pages;
		va += segment->pages << PAGE_SHIFT;
	}
	return 0;
}

/**
 * ioasid_segments_slice() - the segments of a part of a range
 * @from: segments of the range
 * @page: first page of the part
 * @pages: its pages, at least one; it lies within the range
 * @to: empty; filled, with references of its own
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int ioasid_segments_slice(const struct ioasid_segments *from, u64 page, u64 pages,
			  struct ioasid_segments *to)
{
	const struct ioasid_segment *old = from->list;
	struct ioasid_segment *segment;

	while (page >= old->pages)
		page -= old++->pages;
	for (; to->pages < pages; page = 0, old++) {
		segment = segments_room(to);
		if (!segment) {
			ioasid_segments_put(to);
			return -ENOMEM;
		}
		segment->pin = old->pin;
		segment->page = old->page + page;
		segment->pages = min(old->pages - page, pages - to->pages);
		ioasid_pin_get(segment->pin);
		to->count++;
		to->pages += segment->pages;
	}
	to->reused = to->pages;
	return 0;
}

/**
 * ioasid_segments_put() - drop the references of all segments
 * @segments: the segments; empty afterwards
 *
 * Context: may sleep.
 */
void ioasid_segments_put(struct ioasid_segments *segments)
{
	u32 i;

	for (i = 0; i < segments->count; i++)
		if (segments->list[i].pin)
			ioasid_pin_put(segments->list[i].pin);
	kvfree(segments->list);
	*segments = (struct ioasid_segments){};
}

/**
 * ioasid_segments_runs() - physically contiguous runs in a range
 * @segments: what covers it
 */
u64 ioasid_segments_runs(const struct ioasid_segments *segments)
{
	const struct ioasid_segment *segment = segments->list;
	u64 runs = 0;
	u32 i;

	for (i = 0; i < segments->count; i++, segment++)
		runs += ioasid_runs_count(&segment->pin->runs, segment->page, segment->pages);
	return runs;
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
	struct ioasid_pin_group *pin;
	u32 i;

	ioasid_assert_commit();
	for (i = 0; i < segments->count; i++) {
		pin = segments->list[i].pin;
		spin_lock(&pin->domain->lock);
		pin->handles += by;
		spin_unlock(&pin->domain->lock);
	}
}

static void disagree(const struct ioasid_domain *domain, const char *what, u64 counter, u64 walked,
		     u32 *errors, char *text, size_t size)
{
	if (counter != walked && !(*errors)++)
		snprintf(text, size, "domain %llu: %s is %llu, its pins have %llu",
			 domain->stat.domain, what, counter, walked);
}

/**
 * ioasid_pins_audit() - walk the pins of a domain
 * @domain: the domain; the mappings of its pins have been counted in pin->walked
 * @sum: the domain's counters as found by walking are added to these
 * @in_flight: references that are neither a mapping's nor a handle's are added to this
 * @text: the first disagreement in words; left alone when there is none
 * @size: bytes in @text
 *
 * Context: commits are frozen.
 * Return: disagreements.
 */
u32 ioasid_pins_audit(struct ioasid_domain *domain, struct ioasid_domain_stat *sum, u64 *in_flight,
		      char *text, size_t size)
{
	struct ioasid_domain_stat walked = {};
	struct ioasid_domain_stat *stat = &domain->stat;
	struct ioasid_pin_group *pin;
	u32 errors = 0;

	spin_lock(&domain->lock);
	list_for_each_entry(pin, &domain->pins, link) {
		walked.pins += pin->pages > 0;
		walked.pinned += pin->pages;
		walked.charged += pin->charge.pages;
		walked.mappings += pin->walked;
		walked.mapped += pin->walked_pages;
		walked.shared += shared_pages(pin);
		*in_flight += refcount_read(&pin->refs) - pin->mappings - pin->handles;
		ioasid_ledger_audit_count(&pin->charge);
		disagree(domain, "mappings of a pin", pin->mappings, pin->walked, &errors, text,
			 size);
		disagree(domain, "pages mapped of a pin", pin->mapped, pin->walked_pages, &errors,
			 text, size);
		pin->walked = 0;
		pin->walked_pages = 0;
	}
	disagree(domain, "pins", stat->pins, walked.pins, &errors, text, size);
	disagree(domain, "pinned", stat->pinned, walked.pinned, &errors, text, size);
	disagree(domain, "charged", stat->charged, walked.charged, &errors, text, size);
	disagree(domain, "mappings", stat->mappings, walked.mappings, &errors, text, size);
	disagree(domain, "mapped", stat->mapped, walked.mapped, &errors, text, size);
	disagree(domain, "shared", stat->shared, walked.shared, &errors, text, size);
	spin_unlock(&domain->lock);

	sum->pins += walked.pins;
	sum->pinned += walked.pinned;
	return errors;
}

static void add_mapped(struct ioasid_pin_group *pin, s64 mappings, s64 pages)
{
	struct ioasid_domain_stat *stat = &pin->domain->stat;

	ioasid_assert_commit();
	spin_lock(&pin->domain->lock);
	stat->shared -= shared_pages(pin);
	WRITE_ONCE(pin->mappings, pin->mappings + mappings);
	pin->mapped += pages;
	stat->shared += shared_pages(pin);
	stat->mappings += mappings;
	stat->mapped += pages;
	spin_unlock(&pin->domain->lock);
}

/**
 * ioasid_pin_count_mapping() - a mapping uses the pin from now on
 * @pin: the pin; the mapping has a reference
 * @pages: pages mapped
 *
 * Context: in a commit; may hold an ioas's lock.
 */
void ioasid_pin_count_mapping(struct ioasid_pin_group *pin, u64 pages)
{
	add_mapped(pin, 1, pages);
}

/**
 * ioasid_pin_uncount_mapping() - a mapping no longer uses the pin
 * @pin: the pin
 * @pages: pages that were mapped
 *
 * Context: in a commit; may hold an ioas's lock.
 */
void ioasid_pin_uncount_mapping(struct ioasid_pin_group *pin, u64 pages)
{
	add_mapped(pin, -1, -pages);
}

/**
 * ioasid_pin_split_mapping() - one mapping of the pin became two, with a reference each
 * @pin: the pin
 *
 * Context: in a commit; may hold an ioas's lock.
 */
void ioasid_pin_split_mapping(struct ioasid_pin_group *pin)
{
	ioasid_pin_get(pin);
	add_mapped(pin, 1, 0);
}
