/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segment: a part of one pin, with a reference to it. What covers a range of memory is a list of
 * segments; whoever has the list keeps the pages.
 */
#ifndef IOASID_PIN_SEGMENT_H
#define IOASID_PIN_SEGMENT_H

#include <linux/types.h>

struct ioasid_pin_group;
struct page;

/**
 * struct ioasid_segment - a part of one pin
 * @pin: the pin; the segment has a reference to it
 * @page: first page of the part
 * @pages: its pages
 */
struct ioasid_segment {
	struct ioasid_pin_group *pin;
	u64 page;
	u64 pages;
};

/**
 * struct ioasid_segments - what covers a range, in order
 * @list: the segments
 * @count: how many
 * @capacity: how many @list has room for
 * @pages: pages of all
 * @reused: of these, pinned before
 */
struct ioasid_segments {
	struct ioasid_segment *list;
	u32 count;
	u32 capacity;
	u64 pages;
	u64 reused;
};

struct ioasid_segment *ioasid_segments_room(struct ioasid_segments *segments);
int ioasid_segments_add(struct ioasid_segments *segments, struct ioasid_pin_group *pin, u64 page,
			u64 pages);
int ioasid_segments_slice(const struct ioasid_segments *from, u64 page, u64 pages,
			  struct ioasid_segments *to);
void ioasid_segments_put(struct ioasid_segments *segments);
u64 ioasid_segments_runs(const struct ioasid_segments *segments);
int ioasid_segments_pages(const struct ioasid_segments *segments, struct page **pages);

#endif /* IOASID_PIN_SEGMENT_H */
