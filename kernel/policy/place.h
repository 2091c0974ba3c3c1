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
 * @best_fit: in the smallest free range that is large enough, of the first IOASID_BEST_FIT_RANGES
 */
struct ioasid_search {
	u64 first;
	u64 last;
	u64 length;
	u64 align;
	u64 skew;
	bool top_down;
	bool best_fit;
};

/**
 * struct ioasid_place_context - a place request with what policies can't see
 * @request: what they see
 * @policy: who is asked
 * @find: looks for a free range in the address space: 0 and the IOVA, or -ENOSPC; doesn't sleep
 * @usage: tells what the address space has; doesn't sleep
 * @space: their argument
 */
struct ioasid_place_context {
	struct ioasid_place_request request;
	struct ioasid_policy *policy;
	int (*find)(void *space, const struct ioasid_search *search, u64 *iova);
	void (*usage)(void *space, struct ioasid_place_usage *usage);
	void *space;
};

/* A range of memory about to be cut, with what policies can't see. */
struct ioasid_group_context {
	struct ioasid_group_request request;
	struct ioasid_policy *policy;
};

/* Are there BPF policies? Else a request needs not be filled with what only they look at. */
static inline bool ioasid_place_loaded(void)
{
	return ioasid_slot_loaded(&ioasid_place_slot);
}

int ioasid_place(struct ioasid_place_context *context, const char *chosen, u32 *epoch, char *name);
int ioasid_place_builtin(struct ioasid_place_context *context);
u64 ioasid_place_group(const struct ioasid_group_request *request);
int ioasid_place_init(void);

/* For policies. */
void ioasid_place_at(struct ioasid_place_request *request, u64 iova);
int ioasid_place_find(struct ioasid_place_request *request, u64 first, u64 last, u64 align,
		      u64 flags);
int ioasid_place_search(struct ioasid_place_request *request,
			const struct ioasid_place_search *search);
void ioasid_place_usage(struct ioasid_place_request *request, struct ioasid_place_usage *usage);
void ioasid_place_error(struct ioasid_place_request *request, const char *text, u32 text__sz,
			s64 code);
void ioasid_group_error(struct ioasid_group_request *request, const char *text, u32 text__sz,
			s64 code);

#endif /* IOASID_POLICY_PLACE_H */
