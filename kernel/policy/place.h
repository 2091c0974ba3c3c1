/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_POLICY_PLACE_H
#define IOASID_POLICY_PLACE_H

#include <linux/ioasid_policy.h>

#include "policy/slot.h"

extern struct ioasid_slot ioasid_place_slot;

/**
 * struct ioasid_search - what free range is wanted
 * @first: lowest IOVA that it may start at
 * @last: highest IOVA that it may end at
 * @length: bytes
 * @align: power of two, at least a page
 * @skew: it starts at a multiple of @align plus this
 * @top_down: the highest, not the lowest
 */
struct ioasid_search {
	u64 first;
	u64 last;
	u64 length;
	u64 align;
	u64 skew;
	bool top_down;
};

/**
 * struct ioasid_place_context - a place request with what policies can't see
 * @request: what they see
 * @find: looks for a free range in the address space: 0 and the IOVA, or -ENOSPC; doesn't sleep
 * @space: its argument
 */
struct ioasid_place_context {
	struct ioasid_place_request request;
	int (*find)(void *space, const struct ioasid_search *search, u64 *iova);
	void *space;
};

int ioasid_place(struct ioasid_place_context *context, u32 *epoch, char *name);
int ioasid_place_builtin(struct ioasid_place_context *context);
int ioasid_place_init(void);

/* For policies. */
void ioasid_place_at(struct ioasid_place_request *request, u64 iova);
int ioasid_place_find(struct ioasid_place_request *request, u64 first, u64 last, u64 align,
		      u64 flags);

#endif /* IOASID_POLICY_PLACE_H */
