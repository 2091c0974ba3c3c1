// SPDX-License-Identifier: GPL-2.0-only
/* The model's address spaces. */
#include "model.h"

bool has_tables(const struct ioas *ioas)
{
	unsigned int i;

	for (i = 0; i < TABLES; i++)
		if (ioas->tables[i])
			return true;
	return false;
}

uint64_t reach(const struct ioas *ioas)
{
	return has_tables(ioas) ? REACH : LAST;
}

static uint64_t last_of(const struct mapping *mapping)
{
	return mapping->iova + mapping->segment.pages - 1;
}

static bool meets(const struct mapping *mapping, uint64_t first, uint64_t last)
{
	return mapping->used && mapping->iova <= last && last_of(mapping) >= first;
}

struct mapping *mapping_at(struct ioas *ioas, uint64_t iova)
{
	struct mapping *mapping;

	for_each(mapping, ioas->mappings) if (meets(mapping, iova, iova)) return mapping;
	return NULL;
}

unsigned int mappings_count(const struct ioas *ioas)
{
	const struct mapping *mapping;
	unsigned int n = 0;

	for_each(mapping, ioas->mappings) n += mapping->used;
	return n;
}

bool is_mapped(const struct ioas *ioas, uint64_t first, uint64_t last)
{
	const struct mapping *mapping;

	for_each(mapping, ioas->mappings) if (meets(mapping, first, last)) return true;
	return false;
}

static bool overlaps(const struct range *ranges, unsigned int count, uint64_t first, uint64_t last)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (ranges[i].first <= last && ranges[i].last >= first)
			return true;
	return false;
}

bool is_reserved(const struct ioas *ioas, uint64_t first, uint64_t last)
{
	return overlaps(ioas->reserved, ioas->reservations, first, last);
}

/* Is any of it allowed? */
bool is_allowed(const struct ioas *ioas, uint64_t first, uint64_t last)
{
	return overlaps(ioas->allowed, ioas->allows, first, last);
}

static bool fits(const struct ioas *ioas, uint64_t at, uint64_t pages, uint64_t align,
		 uint64_t skew, const struct range *in)
{
	uint64_t start = at + ((skew - at) & (align - 1));
	uint64_t last = start + pages - 1;

	return start >= at && last >= start && start >= in->first && last <= in->last &&
	       !is_mapped(ioas, start, last) && !is_reserved(ioas, start, last);
}

/* Is there room in a range? If so, then also where something ends, or the range begins. */
static bool has_room_in(const struct ioas *ioas, uint64_t pages, uint64_t align, uint64_t skew,
			const struct range *in)
{
	const struct mapping *mapping;
	unsigned int i;

	if (fits(ioas, in->first, pages, align, skew, in))
		return true;
	for_each(mapping,
		 ioas->mappings) if (mapping->used && fits(ioas, last_of(mapping) + 1, pages, align,
							   skew, in)) return true;
	for (i = 0; i < ioas->reservations; i++)
		if (fits(ioas, ioas->reserved[i].last + 1, pages, align, skew, in))
			return true;
	return false;
}

bool has_room(struct ioas *ioas, uint64_t pages, uint64_t align, uint64_t skew)
{
	struct range in = { 1, reach(ioas) };
	unsigned int i;

	if (!ioas->allows)
		return has_room_in(ioas, pages, align, skew, &in);
	for (i = 0; i < ioas->allows; i++) {
		in = ioas->allowed[i];
		if (!in.first)
			in.first = 1;
		if (has_room_in(ioas, pages, align, skew, &in))
			return true;
	}
	return false;
}

static void insert(struct ioas *ioas, uint64_t iova, uint32_t access, const struct segment *segment)
{
	struct mapping *mapping;

	for_each(mapping, ioas->mappings) if (!mapping->used) break;
	want_that(mapping < ioas->mappings + MAX_MAPPINGS);
	*mapping = (struct mapping){
		.used = true, .iova = iova, .access = access, .segment = *segment
	};
	segment->pin->mappings++;
	segment->pin->mapped += segment->pages;
}

static void erase(struct mapping *mapping)
{
	mapping->used = false;
	mapping->segment.pin->mappings--;
	mapping->segment.pin->mapped -= mapping->segment.pages;
}

/* The references of the segments become the mappings'. */
void map_segments(struct ioas *ioas, uint64_t iova, uint32_t access,
		  const struct segments *segments)
{
	unsigned int i;

	for (i = 0; i < segments->count; i++) {
		insert(ioas, iova, access, &segments->list[i]);
		iova += segments->list[i].pages;
	}
}

/* Cut what begins at an IOVA off the mapping that it is in. */
static void cut(struct ioas *ioas, uint64_t at)
{
	struct mapping *mapping = mapping_at(ioas, at);
	struct segment head, tail;
	uint32_t access;
	uint64_t iova;

	if (!mapping || mapping->iova == at)
		return;
	head = tail = mapping->segment;
	access = mapping->access;
	iova = mapping->iova;
	head.pages = at - iova;
	tail.page += head.pages;
	tail.pages -= head.pages;
	tail.pin->refs++;
	erase(mapping);
	insert(ioas, iova, access, &head);
	insert(ioas, at, access, &tail);
}

uint64_t model_unmap(struct ioas *ioas, uint64_t first, uint64_t last)
{
	struct mapping *mapping;
	uint64_t unmapped = 0;

	cut(ioas, first);
	if (last < LAST)
		cut(ioas, last + 1);
	for_each(mapping, ioas->mappings)
	{
		if (!meets(mapping, first, last))
			continue;
		unmapped += mapping->segment.pages;
		erase(mapping);
		segment_put(&mapping->segment);
	}
	return unmapped;
}
