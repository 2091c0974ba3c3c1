// SPDX-License-Identifier: GPL-2.0-only
/* The model's memory and pins. */
#include <stdlib.h>
#include <string.h>

#include "model.h"

static const unsigned char zeros[PAGE];

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

struct frame *frame_get(struct frame *frame)
{
	frame->refs++;
	return frame;
}

void frame_put(struct frame *frame)
{
	if (!frame || --frame->refs)
		return;
	free(frame->bytes);
	free(frame);
}

static struct frame *frame_make(void)
{
	struct frame *frame = calloc(1, sizeof(*frame));

	want_that(frame);
	return frame_get(frame);
}

const unsigned char *frame_bytes(const struct frame *frame)
{
	return frame->bytes ?: zeros;
}

unsigned char *frame_writable(struct frame *frame)
{
	if (!frame->bytes)
		frame->bytes = calloc(1, PAGE);
	want_that(frame->bytes);
	return frame->bytes;
}

struct mm *mm_of(unsigned int worker)
{
	return &m.mms[m.mm_of[worker]];
}

struct frame *mm_frame(const struct mm *mm, unsigned int page)
{
	if (page >= PAGES || !mm->mapped[page])
		return NULL;
	return page < FILE_FIRST ? mm->frames[page] : m.memfds[0].frames[page - FILE_FIRST];
}

void mm_unmap(struct mm *mm, unsigned int first, unsigned int pages)
{
	unsigned int i;

	for (i = first; i < first + pages; i++) {
		if (i < FILE_FIRST && mm->mapped[i])
			frame_put(mm->frames[i]);
		mm->mapped[i] = false;
	}
}

void mm_replace(struct mm *mm, unsigned int first, unsigned int pages)
{
	unsigned int i;

	mm_unmap(mm, first, pages);
	for (i = first; i < first + pages; i++) {
		mm->mapped[i] = true;
		mm->readonly[i] = false;
		if (i < FILE_FIRST)
			mm->frames[i] = frame_make();
	}
}

void mm_move(struct mm *mm, unsigned int from, unsigned int to)
{
	mm_unmap(mm, to, 1);
	mm->frames[to] = mm->frames[from];
	mm->readonly[to] = mm->readonly[from];
	mm->mapped[to] = true;
	mm->mapped[from] = false;
}

void memfd_punch(unsigned int memfd, unsigned int first, unsigned int pages)
{
	unsigned int i;

	for (i = first; i < first + pages; i++) {
		frame_put(m.memfds[memfd].frames[i]);
		m.memfds[memfd].frames[i] = frame_make();
	}
}

static bool mm_needed(int mm)
{
	struct pin *pin;

	for_each(pin, m.pins) if (pin->refs && (pin->owner == mm ||
						pin->domain == domain_of_mm(mm))) return true;
	return false;
}

void mm_make(unsigned int worker)
{
	int mm;

	for (mm = 0; mm < MAX_MMS; mm++)
		if (!m.mms[mm].used || (m.mms[mm].worker == NOBODY && !mm_needed(mm)))
			break;
	want_that(mm < MAX_MMS);
	memset(&m.mms[mm], 0, sizeof(m.mms[mm]));
	m.mms[mm].used = true;
	m.mms[mm].worker = worker;
	m.mm_of[worker] = mm;
	mm_replace(&m.mms[mm], 0, PAGES);
}

void mm_end(unsigned int worker)
{
	int mm = m.mm_of[worker];

	pins_orphan(domain_of_mm(mm));
	mm_unmap(&m.mms[mm], 0, PAGES);
	m.mms[mm].worker = NOBODY;
}

void memory_begin(void)
{
	unsigned int i, j;

	for (i = 0; i < MEMFDS; i++)
		for (j = 0; j < MEMFD_PAGES; j++)
			m.memfds[i].frames[j] = frame_make();
	for (i = 0; i < WORKERS; i++)
		mm_make(i);
}

/* Pins. */

static struct frame *frame_now(int domain, unsigned int page)
{
	if (domain >= MEMFDS)
		return mm_frame(&m.mms[domain - MEMFDS], page);
	return page < MEMFD_PAGES ? m.memfds[domain].frames[page] : NULL;
}

static bool writable_now(int domain, unsigned int page)
{
	return domain < MEMFDS || !m.mms[domain - MEMFDS].readonly[page];
}

static bool in_use(const struct pin *pin, int domain)
{
	return pin->refs && pin->domain == domain;
}

static bool can_serve(const struct pin *pin, int domain)
{
	return in_use(pin, domain) && !pin->stale;
}

static void pin_put(struct pin *pin)
{
	struct pin *base;
	unsigned int i;

	for (; pin && !--pin->refs; pin = base) {
		base = pin->base;
		want(pin->mappings, 0);
		want(pin->mapped, 0);
		for (i = 0; i < pin->pages; i++)
			frame_put(pin->frames[i]);
		free(pin->frames);
	}
}

void segment_put(struct segment *segment)
{
	pin_put(segment->pin);
}

void segments_put(struct segments *segments)
{
	unsigned int i;

	for (i = 0; i < segments->count; i++)
		segment_put(&segments->list[i]);
	segments->count = 0;
	segments->pages = 0;
}

void segments_add(struct segments *segments, struct pin *pin, unsigned int page, unsigned int pages)
{
	want_that(segments->count < MAX_SEGMENTS);
	pin->refs++;
	segments->list[segments->count++] =
		(struct segment){ .pin = pin, .page = page, .pages = pages };
	segments->pages += pages;
}

void slice(const struct segments *from, unsigned int page, unsigned int pages, struct segments *to)
{
	const struct segment *part = from->list;
	unsigned int n;

	*to = (struct segments){ .reused = pages };
	for (; page >= part->pages; part++)
		page -= part->pages;
	for (; pages; part++, page = 0, pages -= n) {
		n = part->pages - page < pages ? part->pages - page : pages;
		segments_add(to, part->pin, part->page + page, n);
	}
}

/* Has the domain other pages now? */
bool pin_lost(const struct pin *pin)
{
	unsigned int i;

	for (i = 0; i < pin->pages; i++)
		if (frame_now(pin->domain, pin->first + i) != pin->frames[i])
			return true;
	return false;
}

/* Are pages of it what the domain has? 0, -ESTALE or, when some can't be had, -EFAULT. */
static int pin_look(const struct pin *pin, unsigned int page, unsigned int end, bool write)
{
	const struct frame *frame;

	for (; page < end; page++) {
		frame = frame_now(pin->domain, page);
		if (!frame || (write && !writable_now(pin->domain, page)))
			return -EFAULT;
		if (frame != pin->frames[page - pin->first])
			return -ESTALE;
	}
	return 0;
}

/* A file's pages serve readers and writers alike. */
static bool serves(const struct pin *pin, bool write)
{
	return pin->write || !write || pin->domain < MEMFDS;
}

static unsigned int end_of(const struct pin *pin)
{
	return pin->first + pin->pages;
}

/* Of two pins with the same end, the one that the kernel meets first. */
static bool comes_before(const struct pin *a, const struct pin *b)
{
	return a->first != b->first ? a->first < b->first : a->order < b->order;
}

/*
 * Of the pins at a page that serve (or don't), the one that reaches farthest. When there is none,
 * *end is cut down to where the next one begins.
 */
static struct pin *find(int domain, unsigned int page, unsigned int *end, bool write, bool serving)
{
	struct pin *pin, *best = NULL;

	for_each(pin, m.pins)
	{
		if (!can_serve(pin, domain) || serves(pin, write) != serving || page < pin->first ||
		    page >= end_of(pin))
			continue;
		if (!best || end_of(pin) > end_of(best) ||
		    (end_of(pin) == end_of(best) && comes_before(pin, best)))
			best = pin;
	}
	if (best)
		return best;
	for_each(pin, m.pins) if (can_serve(pin, domain) && serves(pin, write) == serving &&
				  pin->first > page && pin->first < *end) *end = pin->first;
	return NULL;
}

static struct pin *pin_free(void)
{
	struct pin *pin;

	for_each(pin, m.pins) if (!pin->refs) return pin;
	fail("the model has no room for another pin");
}

static bool same_as_base(const struct pin *pin, unsigned int page)
{
	return pin->base &&
	       pin->base->frames[pin->first + page - pin->base->first] == pin->frames[page];
}

static struct pin *pin_make(const struct wish *wish, unsigned int first, unsigned int end,
			    struct pin *base)
{
	struct pin *pin = pin_free();
	unsigned int i;

	m.order++;
	for (i = first; i < end; i++)
		if (!frame_now(wish->domain, i) || (wish->write && !writable_now(wish->domain, i)))
			return NULL;
	*pin = (struct pin){
		.order = m.order,
		.domain = wish->domain,
		.mode = wish->mode,
		.first = first,
		.pages = end - first,
		.write = wish->write,
		.base = base,
		.frames = calloc(end - first, sizeof(*pin->frames)),
	};
	want_that(pin->frames);
	if (base)
		base->refs++;
	for (i = 0; i < pin->pages; i++) {
		pin->frames[i] = frame_get(frame_now(wish->domain, first + i));
		pin->charged += !same_as_base(pin, i);
	}
	pin->owner = pin->charged ? wish->owner : NOBODY;
	return pin;
}

/*
 * The pin for reading that a new one for writing is to be over: a live one, or the latest stale
 * one. When there is none, *end is cut down to where the next one begins.
 */
static struct pin *find_base(const struct wish *wish, unsigned int page, unsigned int *end)
{
	struct pin *pin, *base = find(wish->domain, page, end, wish->write, false);
	unsigned int next = *end;

	if (base || !wish->write || wish->domain < MEMFDS)
		return base;
	for_each(pin, m.pins)
	{
		if (!in_use(pin, wish->domain) || !pin->stale || pin->write || end_of(pin) <= page)
			continue;
		if (pin->first > page)
			next = least(next, pin->first);
		else if (!base || pin->order > base->order)
			base = pin;
	}
	if (!base)
		*end = next;
	return base;
}

/*
 * The pin that serves at a page, NULL when there is none; then *gap is where the next one begins.
 * What is found to be lost meanwhile is stale. Returns 0 or -EFAULT.
 */
static int find_serving(const struct wish *wish, unsigned int page, unsigned int end,
			unsigned int *gap, struct pin **found)
{
	struct pin *pin;
	int ret;

	for (;;) {
		*gap = end;
		*found = pin = find(wish->domain, page, gap, wish->write, true);
		if (!pin)
			return 0;
		ret = pin_look(pin, page, least(end, end_of(pin)), wish->write);
		if (ret != -ESTALE)
			return ret;
		pin->stale = true;
	}
}

/* The pin at a page: one that is there, or a new one; NULL: -EFAULT. */
static struct pin *pin_at(const struct wish *wish, unsigned int page, unsigned int end, bool *made)
{
	struct pin *pin, *base;
	unsigned int gap;

	*made = false;
	if (find_serving(wish, page, end, &gap, &pin))
		return NULL;
	if (pin) {
		pin->write |= wish->write;
		return pin;
	}
	*made = true;
	base = find_base(wish, page, &gap);
	if (base)
		gap = least(gap, end_of(base));
	return pin_make(wish, page, gap, base);
}

int pin_range(const struct wish *wish, struct segments *segments)
{
	unsigned int page = wish->first, end = page + wish->pages, n;
	struct pin *pin;
	bool made;

	*segments = (struct segments){};
	while (page < end) {
		pin = pin_at(wish, page, end, &made);
		if (!pin) {
			segments_put(segments);
			return -EFAULT;
		}
		n = least(end_of(pin), end) - page;
		segments_add(segments, pin, page - pin->first, n);
		if (!made)
			segments->reused += n;
		page += n;
	}
	return 0;
}

int pin_missing(const struct wish *wish, unsigned int *missing)
{
	unsigned int page = wish->first, end = page + wish->pages, gap;
	struct pin *pin;

	*missing = 0;
	while (page < end) {
		if (find_serving(wish, page, end, &gap, &pin))
			return -EFAULT;
		if (!pin)
			*missing += gap - page;
		page = pin ? end_of(pin) : gap;
	}
	return 0;
}

bool any_mapped(int domain, unsigned int first, unsigned int pages)
{
	struct pin *pin;

	for_each(pin, m.pins) if (can_serve(pin, domain) && pin->mappings &&
				  pin->first < first + pages && end_of(pin) > first) return true;
	return false;
}

void pins_orphan(int domain)
{
	struct pin *pin;

	for_each(pin, m.pins) if (in_use(pin, domain)) pin->stale = true;
}

void note_lost(void)
{
	struct pin *pin;

	for_each(pin, m.pins) if (pin->refs && !pin->was_lost && !pin->stale)
		pin->was_lost = pin_lost(pin);
}

/* The pin of a domain that was made next after another one. */
static struct pin *next_pin(int domain, uint64_t order)
{
	struct pin *pin, *found = NULL;

	for_each(pin, m.pins) if (in_use(pin, domain) && pin->order > order &&
				  (!found || pin->order < found->order)) found = pin;
	return found;
}

static void compare(struct pin *pin, const struct ioasid_query_entry *entry)
{
	bool stale = entry->flags & IOASID_ENTRY_STALE;

	want(entry->start, VA(pin->first));
	want(entry->length, pin->pages * PAGE);
	want(entry->pin_offset, pin->refs);
	want(entry->va, pin->charged * PAGE);
	want(!!(entry->flags & IOASID_ENTRY_WRITE), pin->write);
	want(entry->flags & IOASID_ENTRY_BUSY, 0);
	if (!pin->number)
		pin->number = entry->pin;
	want(entry->pin, pin->number);
	if (stale && !pin->stale && !pin->was_lost)
		fail("the pin of %u pages at page %u is stale, but was never lost", pin->pages,
		     pin->first);
	if (!stale && pin->stale)
		fail("the pin of %u pages at page %u was seen to be lost, and is not stale",
		     pin->pages, pin->first);
	pin->stale = stale;
}

void pins_compare(unsigned int worker)
{
	struct channel *ch = channel(worker);
	struct ioasid_query query = {
		.scope = IOASID_SCOPE_PROCESS,
		.entries = ADDRESS(ch->entries),
		.capacity = MAX_ENTRIES,
	};
	int domain = domain_of_mm(m.mm_of[worker]);
	struct pin *pin = NULL;
	unsigned int i;

	want(CALL_BY(worker, 0, IOASID_QUERY, &query), 0);
	want(query.cursor, UINT64_MAX);
	for (i = 0; i < query.count; i++) {
		pin = next_pin(domain, pin ? pin->order : 0);
		if (!pin)
			fail("the kernel lists %u pins, the model has %u", query.count, i);
		compare(pin, &ch->entries[i]);
	}
	want(next_pin(domain, pin ? pin->order : 0) == NULL, true);
}

static void mark(bool *wanted, const struct segment *segment)
{
	const struct pin *pin = segment->pin;

	for (; pin; pin = pin->base)
		wanted[pin - m.pins] = true;
}

uint64_t move_charges(unsigned int file, int owner)
{
	bool wanted[MAX_PINS] = {};
	uint64_t moved = 0;
	struct mapping *mapping;
	struct handle *handle;
	struct ioas *ioas;
	unsigned int i;

	for_each(ioas, m.ioases) if (ioas->id && ioas->file == file)
		for_each(mapping, ioas->mappings) if (mapping->used)
			mark(wanted, &mapping->segment);
	for_each(handle, m.handles) for (i = 0; handle->id && handle->file == file &&
						i < handle->segments.count;
					 i++) mark(wanted, &handle->segments.list[i]);
	for (i = 0; i < MAX_PINS; i++) {
		struct pin *pin = &m.pins[i];

		if (!wanted[i] || !pin->charged)
			continue;
		if (pin->owner != owner || pin->mode != m.modes[file])
			moved += pin->charged * PAGE;
		pin->owner = owner;
		pin->mode = m.modes[file];
	}
	return moved;
}
