// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segment: see segment.h. A list of segments belongs to one caller, which needs no lock.
 */
#include "pin/segment.h"

#include <linux/mm.h>
#include <linux/slab.h>

#include "fault.h"
#include "pin/pin.h"

/**
 * ioasid_segments_room() - room for one more segment
 * @segments: the list
 *
 * Context: may sleep.
 * Return: where it goes, after the last one, or NULL.
 */
struct ioasid_segment *ioasid_segments_room(struct ioasid_segments *segments)
{
	struct ioasid_segment *list;
	u32 capacity;

	if (segments->count < segments->capacity)
		return &segments->list[segments->count];
	if (ioasid_fault())
		return NULL;
	capacity = max(1, segments->capacity * 2);
	list = kvrealloc(segments->list, capacity * sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (!list)
		return NULL;
	segments->list = list;
	segments->capacity = capacity;
	return &list[segments->count];
}

/**
 * ioasid_segments_add() - append a part of a pin
 * @segments: the list
 * @pin: the pin; a reference to it is taken
 * @page: first page of the part
 * @pages: its pages
 *
 * Context: may sleep, the caller keeps the pin.
 * Return: 0 or -ENOMEM.
 */
int ioasid_segments_add(struct ioasid_segments *segments, struct ioasid_pin_group *pin, u64 page,
			u64 pages)
{
	struct ioasid_segment *segment = ioasid_segments_room(segments);

	if (!segment)
		return -ENOMEM;
	ioasid_pin_get(pin);
	*segment = (struct ioasid_segment){ .pin = pin, .page = page, .pages = pages };
	segments->count++;
	segments->pages += pages;
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
	int ret;

	while (page >= old->pages)
		page -= old++->pages;
	for (; to->pages < pages; page = 0, old++) {
		ret = ioasid_segments_add(to, old->pin, old->page + page,
					  min(old->pages - page, pages - to->pages));
		if (ret) {
			ioasid_segments_put(to);
			return ret;
		}
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
 * ioasid_segments_pages() - the pages of a range
 * @segments: what covers it
 * @pages: filled, in order
 *
 * Return: 0, or -EFAULT when some are device memory, which has none.
 */
int ioasid_segments_pages(const struct ioasid_segments *segments, struct page **pages)
{
	const struct ioasid_segment *segment = segments->list;
	struct ioasid_run_iter iter;
	u64 page;
	u32 i;

	for (i = 0; i < segments->count; i++, segment++) {
		if (ioasid_pin_is_device(segment->pin))
			return -EFAULT;
		iter = ioasid_runs_seek(&segment->pin->runs, segment->page);
		for (page = 0; page < segment->pages; page++) {
			*pages++ = pfn_to_page(ioasid_run_iter_pfn(&iter));
			ioasid_run_iter_advance(&iter, 1);
		}
	}
	return 0;
}
