// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random sequences of calls against a model of plain arrays.
 *
 * The model knows what the header promises and nothing of how it is done. It has the process's
 * memory as frames (what is in a page), pins as lists of frames, and mappings that lead to them.
 * After every step errnos and counts agree; contents and translations are looked at here and there,
 * the audit at intervals.
 *
 *	SEED=n STEPS=n model_test
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"
#include "random.h"

#define PAGES 40 /* of the process's memory */
#define SPACE 128 /* pages of an address space that fixed maps go to */
#define FILES 2
#define IOASES 4
#define TABLES 2 /* of one address space */
#define HANDLES 6 /* PINs of one file */
#define MAX_PINS 512
#define MAX_MAPPINGS 512
#define MAX_SEGMENTS PAGES
#define EVERYTHING 1000000 /* pages, more than an address space ever has */

/* What is in a page. The process and any number of pins have it. */
struct frame {
	unsigned int refs;
	unsigned char bytes[PAGE];
};

struct pin {
	unsigned int refs; /* segments; 0: this entry is free */
	unsigned int order; /* of making */
	unsigned int first; /* page of the process's memory */
	unsigned int pages;
	unsigned int mappings;
	unsigned int mapped;
	bool write;
	bool stale;
	struct frame *frames[PAGES];
};

/* A part of a pin. */
struct segment {
	struct pin *pin;
	unsigned int page;
	unsigned int pages;
};

struct segments {
	unsigned int count;
	unsigned int pages;
	unsigned int reused;
	struct segment list[MAX_SEGMENTS];
};

struct mapping {
	bool used;
	unsigned int iova; /* in pages */
	uint32_t access;
	struct segment segment;
};

struct ioas {
	uint32_t id; /* 0: not there */
	unsigned int file;
	uint32_t tables[TABLES];
	struct mapping mappings[MAX_MAPPINGS];
};

struct handle {
	uint32_t id;
	unsigned int file;
	bool write;
	struct segments segments;
};

static struct {
	struct rng rng;
	char *memory;
	struct frame *frames[PAGES]; /* NULL: not mapped */
	int fds[FILES];
	unsigned int order;
	struct pin pins[MAX_PINS];
	struct ioas ioases[IOASES];
	struct handle handles[FILES * HANDLES];
} m;

#define for_each(entry, array) for (entry = array; entry < array + ARRAY_SIZE(array); entry++)

static uint64_t below(uint64_t limit)
{
	return rng_below(&m.rng, limit);
}

static void some_range(unsigned int limit, unsigned int *first, unsigned int *pages)
{
	unsigned int longest = limit < 12 ? limit : 12;

	*pages = 1 + below(longest);
	*first = below(limit - *pages + 1);
}

/* Frames. */

static struct frame *frame_get(struct frame *frame)
{
	frame->refs++;
	return frame;
}

static void frame_put(struct frame *frame)
{
	if (frame && !--frame->refs)
		free(frame);
}

static struct frame *frame_zero(void)
{
	struct frame *frame = calloc(1, sizeof(*frame));

	want_that(frame);
	return frame_get(frame);
}

/* Pins. */

static void segment_put(struct segment *segment)
{
	struct pin *pin = segment->pin;
	unsigned int i;

	if (--pin->refs)
		return;
	want(pin->mappings, 0);
	want(pin->mapped, 0);
	for (i = 0; i < pin->pages; i++)
		frame_put(pin->frames[i]);
}

static void segments_put(struct segments *segments)
{
	unsigned int i;

	for (i = 0; i < segments->count; i++)
		segment_put(&segments->list[i]);
	segments->count = 0;
}

static bool may_serve(const struct pin *pin, bool write)
{
	return pin->refs && !pin->stale && (pin->write || !write);
}

/* Of the pins that serve this page the one that reaches farthest; of equals the first. */
static struct pin *pin_find(unsigned int page, bool write)
{
	struct pin *pin, *best = NULL;

	for_each(pin, m.pins)
	{
		unsigned int end = pin->first + pin->pages;

		if (!may_serve(pin, write) || page < pin->first || page >= end)
			continue;
		if (!best || end > best->first + best->pages ||
		    (end == best->first + best->pages &&
		     (pin->first < best->first ||
		      (pin->first == best->first && pin->order < best->order))))
			best = pin;
	}
	return best;
}

/* Does the process still have the pin's pages? */
static bool pin_fresh(const struct pin *pin)
{
	unsigned int i;

	for (i = 0; i < pin->pages; i++)
		if (m.frames[pin->first + i] != pin->frames[i])
			return false;
	return true;
}

static struct pin *pin_make(unsigned int first, unsigned int end, bool write)
{
	struct pin *pin;
	unsigned int i;

	/* The gap ends where the next pin that serves begins. */
	for_each(pin, m.pins) if (may_serve(pin, write) && pin->first > first && pin->first < end)
		end = pin->first;
	for (i = first; i < end; i++)
		if (!m.frames[i])
			return NULL;
	for_each(pin, m.pins) if (!pin->refs) break;
	want_that(pin < m.pins + MAX_PINS);
	*pin = (struct pin){
		.order = m.order++, .first = first, .pages = end - first, .write = write
	};
	for (i = 0; i < pin->pages; i++)
		pin->frames[i] = frame_get(m.frames[first + i]);
	return pin;
}

/* What covers a range: pins that are there, and new ones for the gaps. */
static int pin_range(unsigned int first, unsigned int pages, bool write, struct segments *segments)
{
	unsigned int end = first + pages, reaches;
	struct segment *segment;
	struct pin *pin;

	*segments = (struct segments){};
	while (first < end) {
		pin = pin_find(first, write);
		if (pin && !pin_fresh(pin)) {
			pin->stale = true;
			continue;
		}
		segment = &segments->list[segments->count];
		segment->pin = pin ?: pin_make(first, end, write);
		if (!segment->pin) {
			segments_put(segments);
			return -EFAULT;
		}
		segment->pin->refs++;
		reaches = segment->pin->first + segment->pin->pages;
		segment->page = first - segment->pin->first;
		segment->pages = (reaches < end ? reaches : end) - first;
		segments->count++;
		segments->pages += segment->pages;
		if (pin)
			segments->reused += segment->pages;
		first += segment->pages;
	}
	return 0;
}

/* A part of a handle's segments, with references of its own. */
static void slice(const struct segments *from, unsigned int page, unsigned int pages,
		  struct segments *to)
{
	unsigned int i;

	*to = (struct segments){ .pages = pages, .reused = pages };
	for (i = 0; pages; i++) {
		struct segment part = from->list[i];

		if (page >= part.pages) {
			page -= part.pages;
			continue;
		}
		part.page += page;
		part.pages -= page;
		page = 0;
		if (part.pages > pages)
			part.pages = pages;
		part.pin->refs++;
		to->list[to->count++] = part;
		pages -= part.pages;
	}
}

/* Mappings. */

static struct mapping *mapping_at(struct ioas *ioas, unsigned int iova)
{
	struct mapping *mapping;

	for_each(mapping,
		 ioas->mappings) if (mapping->used && mapping->iova <= iova &&
				     iova < mapping->iova + mapping->segment.pages) return mapping;
	return NULL;
}

static bool range_free(struct ioas *ioas, unsigned int iova, unsigned int pages)
{
	struct mapping *mapping;

	for_each(mapping,
		 ioas->mappings) if (mapping->used && mapping->iova < iova + pages &&
				     iova < mapping->iova + mapping->segment.pages) return false;
	return true;
}

static unsigned int first_fit(struct ioas *ioas, unsigned int pages)
{
	unsigned int iova = 1;

	while (!range_free(ioas, iova, pages))
		iova++;
	return iova;
}

static struct mapping *mapping_insert(struct ioas *ioas, unsigned int iova, uint32_t access,
				      const struct segment *segment)
{
	struct mapping *mapping;

	for_each(mapping, ioas->mappings) if (!mapping->used) break;
	want_that(mapping < ioas->mappings + MAX_MAPPINGS);
	*mapping = (struct mapping){
		.used = true, .iova = iova, .access = access, .segment = *segment
	};
	segment->pin->mappings++;
	segment->pin->mapped += segment->pages;
	return mapping;
}

static void mapping_remove(struct mapping *mapping)
{
	mapping->used = false;
	mapping->segment.pin->mappings--;
	mapping->segment.pin->mapped -= mapping->segment.pages;
}

/* Cut off what begins at an IOVA inside the mapping. */
static void mapping_split(struct ioas *ioas, struct mapping *mapping, unsigned int at)
{
	struct segment head = mapping->segment, tail = mapping->segment;
	uint32_t access = mapping->access;
	unsigned int iova = mapping->iova;

	head.pages = at - iova;
	tail.page += head.pages;
	tail.pages -= head.pages;
	tail.pin->refs++;
	mapping_remove(mapping);
	mapping_insert(ioas, iova, access, &head);
	mapping_insert(ioas, at, access, &tail);
}

static unsigned int model_unmap(struct ioas *ioas, unsigned int iova, unsigned int pages)
{
	unsigned int unmapped = 0, end = iova + pages;
	struct mapping *mapping;

	mapping = mapping_at(ioas, iova);
	if (mapping && mapping->iova < iova)
		mapping_split(ioas, mapping, iova);
	mapping = mapping_at(ioas, end);
	if (mapping && mapping->iova < end)
		mapping_split(ioas, mapping, end);
	for_each(mapping, ioas->mappings)
	{
		if (!mapping->used || mapping->iova < iova || mapping->iova >= end)
			continue;
		unmapped += mapping->segment.pages;
		mapping_remove(mapping);
		segment_put(&mapping->segment);
	}
	return unmapped;
}

/* Steps. */

static struct ioas *some_ioas(void)
{
	struct ioas *ioas = &m.ioases[below(IOASES)];

	return ioas->id ? ioas : NULL;
}

static int fd_of(const struct ioas *ioas)
{
	return m.fds[ioas->file];
}

static void step_pin(void)
{
	struct handle *handle = &m.handles[below(ARRAY_SIZE(m.handles))];
	struct segments segments;
	unsigned int first, pages;
	struct ioasid_pin pin;
	int expected;

	if (handle->id)
		return;
	handle->file = below(FILES);
	handle->write = !rng_once_in(&m.rng, 4);
	some_range(PAGES, &first, &pages);
	expected = pin_range(first, pages, handle->write, &segments);
	want(pin_call(m.fds[handle->file], m.memory + first * PAGE, pages * PAGE,
		      handle->write ? IOASID_PIN_WRITE : 0, &pin),
	     expected);
	if (expected)
		return;
	want(pin.out_new, (segments.pages - segments.reused) * PAGE);
	handle->id = pin.out_id;
	handle->segments = segments;
}

static void step_unpin(void)
{
	struct handle *handle = &m.handles[below(ARRAY_SIZE(m.handles))];
	bool defer = rng_once_in(&m.rng, 3), busy = false;
	unsigned int i;
	int fd = m.fds[handle->file];

	if (!handle->id)
		return;
	for (i = 0; i < handle->segments.count; i++)
		busy |= handle->segments.list[i].pin->mappings > 0;
	if (busy && !defer) {
		want(unpin(fd, handle->id, 0), -EBUSY);
		want(destroy(fd, handle->id), -EBUSY);
		return;
	}
	if (!defer && rng_once_in(&m.rng, 2))
		want(destroy(fd, handle->id), 0);
	else
		want(unpin(fd, handle->id, defer ? IOASID_UNPIN_DEFER : 0), 0);
	segments_put(&handle->segments);
	handle->id = 0;
}

static void finish_map(struct ioas *ioas, struct ioasid_map *map, struct segments *segments)
{
	unsigned int pages = segments->pages, iova, i;
	bool fixed = map->flags & IOASID_MAP_FIXED;

	iova = fixed ? map->iova / PAGE : first_fit(ioas, pages);
	if (!range_free(ioas, iova, pages)) {
		want(map_call(fd_of(ioas), map), -EEXIST);
		segments_put(segments);
		return;
	}
	want(map_call(fd_of(ioas), map), 0);
	want(map->iova, iova * PAGE);
	want(map->out_reused, segments->reused * PAGE);
	for (i = 0; i < segments->count; i++) {
		mapping_insert(ioas, iova, map->flags & READ_WRITE, &segments->list[i]);
		iova += segments->list[i].pages;
	}
}

/* A map with random rights, fixed or placed; false when enough is mapped there. */
static bool some_map(struct ioas *ioas, unsigned int pages, struct ioasid_map *map)
{
	unsigned int used = 0;
	struct mapping *mapping;

	for_each(mapping, ioas->mappings) used += mapping->used;
	if (used > MAX_MAPPINGS / 4)
		return false;
	*map = (struct ioasid_map){
		.flags = 1 + below(3),
		.ioas_id = ioas->id,
		.length = pages * PAGE,
	};
	if (!rng_once_in(&m.rng, 3)) {
		map->flags |= IOASID_MAP_FIXED;
		map->iova = below(SPACE - pages) * PAGE;
	}
	return true;
}

static void step_map(void)
{
	struct ioas *ioas = some_ioas();
	struct segments segments;
	struct ioasid_map map;
	unsigned int first, pages;
	int expected;

	some_range(PAGES, &first, &pages);
	if (!ioas || !some_map(ioas, pages, &map))
		return;
	map.va = ADDRESS(m.memory + first * PAGE);
	expected = pin_range(first, pages, map.flags & IOASID_MAP_WRITE, &segments);
	if (expected)
		want(map_call(fd_of(ioas), &map), expected);
	else
		finish_map(ioas, &map, &segments);
}

/* The handle that has this id on this file. */
static struct handle *handle_find(unsigned int file, uint32_t id)
{
	struct handle *handle;

	for_each(handle, m.handles) if (handle->id == id && handle->file == file) return handle;
	return NULL;
}

static void step_map_pin(void)
{
	struct handle *handle = &m.handles[below(ARRAY_SIZE(m.handles))];
	struct ioas *ioas = some_ioas();
	struct segments segments;
	struct ioasid_map map;
	unsigned int first, pages;

	if (!handle->id || !ioas)
		return;
	some_range(handle->segments.pages, &first, &pages);
	if (!some_map(ioas, pages, &map))
		return;
	map.flags |= IOASID_MAP_PIN;
	map.pin_id = handle->id;
	map.pin_offset = first * PAGE;
	if (handle->file != ioas->file) {
		/* An id may be another pin's on the other file. */
		if (handle_find(ioas->file, handle->id))
			return;
		want(map_call(fd_of(ioas), &map), -ENOENT);
	} else if (!handle->write && map.flags & IOASID_MAP_WRITE) {
		want(map_call(fd_of(ioas), &map), -EACCES);
	} else {
		slice(&handle->segments, first, pages, &segments);
		finish_map(ioas, &map, &segments);
	}
}

static void step_unmap(void)
{
	struct ioas *ioas = some_ioas();
	unsigned int first, pages, expected;
	uint64_t unmapped;

	if (!ioas)
		return;
	some_range(SPACE, &first, &pages);
	if (rng_once_in(&m.rng, 12)) {
		expected = model_unmap(ioas, 0, EVERYTHING);
		want(unmap_all(fd_of(ioas), ioas->id, &unmapped), 0);
	} else {
		expected = model_unmap(ioas, first, pages);
		want(unmap(fd_of(ioas), ioas->id, first * PAGE, pages * PAGE, &unmapped), 0);
	}
	want(unmapped, expected * PAGE);
}

static void want_translation(struct ioas *ioas, uint32_t id, unsigned int page)
{
	struct mapping *mapping = mapping_at(ioas, page);
	bool table = id != ioas->id;
	struct ioasid_translate where;
	unsigned int at;

	want(translate(fd_of(ioas), id, page * PAGE + 5, 0, &where), mapping ? 0 : -ENOENT);
	if (!mapping)
		return;
	if (table) {
		/* The format can't say write without read. */
		want(where.out_access & IOASID_MAP_WRITE, mapping->access & IOASID_MAP_WRITE);
		return;
	}
	at = mapping->segment.page + page - mapping->iova;
	want(where.out_access, mapping->access);
	want(where.out_pin_offset, at * PAGE + 5);
	want(where.out_va, ADDRESS(m.memory + (mapping->segment.pin->first + at) * PAGE) + 5);
	want_that(where.out_length >= PAGE - 5);
	want_that(where.out_length <= (mapping->iova + mapping->segment.pages - page) * PAGE - 5);
}

static void step_translate(void)
{
	struct ioas *ioas = some_ioas();
	unsigned int page = below(SPACE), i;

	if (!ioas)
		return;
	want_translation(ioas, ioas->id, page);
	for (i = 0; i < TABLES; i++)
		if (ioas->tables[i])
			want_translation(ioas, ioas->tables[i], page);
}

static unsigned char *byte_at(struct ioas *ioas, uint64_t iova)
{
	struct mapping *mapping = mapping_at(ioas, iova / PAGE);
	unsigned int page = mapping->segment.page + iova / PAGE - mapping->iova;

	return &mapping->segment.pin->frames[page]->bytes[iova % PAGE];
}

static void step_access(void)
{
	static unsigned char buffer[4 * PAGE];
	struct ioas *ioas = some_ioas();
	bool write = rng_once_in(&m.rng, 2), hole = false, forbidden = false;
	uint64_t length = 1 + below(rng_once_in(&m.rng, 2) ? 64 : sizeof(buffer)), i, n;
	uint64_t start = below(SPACE * PAGE - length), done;
	struct mapping *mapping;
	int ret;

	if (!ioas)
		return;
	for (i = start / PAGE; i <= (start + length - 1) / PAGE; i++) {
		mapping = mapping_at(ioas, i);
		hole |= !mapping;
		forbidden |= mapping &&
			     !(mapping->access & (write ? IOASID_MAP_WRITE : IOASID_MAP_READ));
	}
	memset(buffer, rng_next(&m.rng), length);
	if (write)
		ret = access_write(fd_of(ioas), ioas->id, start, buffer, length, &done);
	else
		ret = access_read(fd_of(ioas), ioas->id, start, buffer, length, &done);
	if (hole && forbidden)
		want_that(ret == -ENOENT || ret == -EACCES);
	else
		want(ret, hole ? -ENOENT : forbidden ? -EACCES : 0);
	want(done, ret ? 0 : length);
	for (i = 0; !ret && i < length; i += n) {
		n = PAGE - (start + i) % PAGE;
		if (n > length - i)
			n = length - i;
		if (write)
			memcpy(byte_at(ioas, start + i), buffer + i, n);
		else
			want(memcmp(byte_at(ioas, start + i), buffer + i, n), 0);
	}
}

/* The process writes into its memory. */
static void step_write(void)
{
	unsigned int page = below(PAGES), at = below(PAGE / 8) * 8;
	uint64_t word = rng_next(&m.rng);

	if (!m.frames[page])
		return;
	memcpy(m.memory + page * PAGE + at, &word, 8);
	memcpy(m.frames[page]->bytes + at, &word, 8);
}

/* Other memory at the same addresses: emptied, gone, or mapped anew. */
static void step_memory(void)
{
	unsigned int first, pages, i, how = below(3);
	char *va;

	some_range(PAGES, &first, &pages);
	va = m.memory + first * PAGE;
	for (i = first; i < first + pages; i++)
		if (!m.frames[i])
			how = 2;
	switch (how) {
	case 0:
		want(madvise(va, pages * PAGE, MADV_DONTNEED), 0);
		break;
	case 1:
		want_that(mmap(va, pages * PAGE, PROT_NONE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
			       0) == va);
		break;
	default:
		want_that(mmap(va, pages * PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == va);
		want(madvise(va, pages * PAGE, MADV_NOHUGEPAGE), 0);
		break;
	}
	for (i = first; i < first + pages; i++) {
		frame_put(m.frames[i]);
		m.frames[i] = how == 1 ? NULL : frame_zero();
	}
}

static void step_table(void)
{
	struct ioas *ioas = some_ioas();
	uint32_t *table;

	if (!ioas)
		return;
	table = &ioas->tables[below(TABLES)];
	if (*table) {
		want(destroy(fd_of(ioas), ioas->id), -EBUSY);
		want(destroy(fd_of(ioas), *table), 0);
		*table = 0;
	} else {
		*table = make_table(fd_of(ioas), ioas->id);
	}
}

static void step_ioas(void)
{
	struct ioas *ioas = &m.ioases[below(IOASES)];
	unsigned int i;

	if (!ioas->id) {
		ioas->file = below(FILES);
		ioas->id = make_ioas(fd_of(ioas));
		return;
	}
	if (!rng_once_in(&m.rng, 8))
		return;
	for (i = 0; i < TABLES; i++) {
		if (ioas->tables[i])
			want(destroy(fd_of(ioas), ioas->tables[i]), 0);
		ioas->tables[i] = 0;
	}
	model_unmap(ioas, 0, EVERYTHING);
	want(destroy(fd_of(ioas), ioas->id), 0);
	ioas->id = 0;
}

/* What must be true after each step. */

static void count_ioas(const struct ioas *ioas, struct ioasid_query *sum)
{
	const struct mapping *mapping;
	unsigned int i;

	for_each(mapping, ioas->mappings)
	{
		sum->mappings += mapping->used;
		sum->mapped += mapping->used ? mapping->segment.pages * PAGE : 0;
	}
	for (i = 0; i < TABLES; i++)
		sum->tables += ioas->tables[i] != 0;
}

static void want_process_counts(void)
{
	struct ioasid_query sum = {}, now = query_process(m.fds[below(FILES)]);
	const struct pin *pin;

	for_each(pin, m.pins)
	{
		if (!pin->refs)
			continue;
		sum.pins++;
		sum.pinned += pin->pages * PAGE;
		sum.mappings += pin->mappings;
		sum.mapped += pin->mapped * PAGE;
		if (pin->mapped > pin->pages)
			sum.shared += (pin->mapped - pin->pages) * PAGE;
		if (pin->stale)
			sum.stale += pin->pages * PAGE;
	}
	want(now.pins, sum.pins);
	want(now.pinned, sum.pinned);
	want(now.charged, sum.pinned);
	want(now.mappings, sum.mappings);
	want(now.mapped, sum.mapped);
	want(now.shared, sum.shared);
	want(now.stale, sum.stale);
}

static void want_file_counts(unsigned int file)
{
	struct ioasid_query sum = {}, now = query_file(m.fds[file]);
	const struct handle *handle;
	const struct ioas *ioas;

	for_each(ioas, m.ioases)
	{
		if (!ioas->id || ioas->file != file)
			continue;
		sum.ioases++;
		count_ioas(ioas, &sum);
	}
	for_each(handle, m.handles)
	{
		if (!handle->id || handle->file != file)
			continue;
		sum.pins++;
		sum.pinned += handle->segments.pages * PAGE;
	}
	want(now.ioases, sum.ioases);
	want(now.mappings, sum.mappings);
	want(now.mapped, sum.mapped);
	want(now.tables, sum.tables);
	want(now.pins, sum.pins);
	want(now.pinned, sum.pinned);
}

static void want_ioas_counts(const struct ioas *ioas)
{
	struct ioasid_query sum = {}, now;

	if (!ioas)
		return;
	count_ioas(ioas, &sum);
	now = query_ioas(fd_of(ioas), ioas->id);
	want(now.mappings, sum.mappings);
	want(now.mapped, sum.mapped);
	want(now.tables, sum.tables);
	if (!sum.mapped)
		want(now.table_memory, sum.tables * PAGE);
}

static void want_memory(unsigned int page)
{
	if (m.frames[page])
		want(memcmp(m.memory + page * PAGE, m.frames[page]->bytes, PAGE), 0);
}

static void want_everything(void)
{
	struct ioasid_audit now = audit();
	struct ioasid_query process = query_process(m.fds[0]);
	unsigned int i;
	struct ioas *ioas;

	want(now.pins, process.pins);
	want(now.pinned, process.pinned);
	want(now.charged, process.charged);
	want(now.mappings, process.mappings);
	want(now.mapped, process.mapped);
	want(now.in_flight, 0);
	want(vm_pin(), process.pinned);
	for (i = 0; i < PAGES; i++)
		want_memory(i);
	for_each(ioas, m.ioases) for (i = 0; ioas->id && i < SPACE; i += 7)
		want_translation(ioas, ioas->id, i);
}

static void (*const step[])(void) = {
	step_map,	step_map,    step_map,	 step_map_pin, step_map_pin, step_unmap,
	step_unmap,	step_unmap,  step_pin,	 step_unpin,   step_access,  step_access,
	step_translate, step_memory, step_write, step_write,   step_table,   step_ioas,
};

static void tear_down(void)
{
	unsigned int i;

	for (i = 0; i < FILES; i++)
		want(close(m.fds[i]), 0);
	want(vm_pin(), 0);
	want_nothing_left();
}

Test(model, agrees_after_every_step)
{
	uint64_t from = seed(), count = steps(12000, 1500), i;

	m.rng = rng_make(from);
	m.memory = anon(PAGES * PAGE);
	for (i = 0; i < PAGES; i++)
		m.frames[i] = frame_zero();
	for (i = 0; i < FILES; i++)
		m.fds[i] = device_open();
	for (i = 0; i < count; i++) {
		context("SEED=%llu STEPS=%llu", (unsigned long long)from,
			(unsigned long long)i + 1);
		step[below(ARRAY_SIZE(step))]();
		want_process_counts();
		want_file_counts(below(FILES));
		want_ioas_counts(some_ioas());
		want_memory(below(PAGES));
		if (i % 256 == 0)
			want_everything();
	}
	want_everything();
	tear_down();
}
