/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hold: pages of an IOVA range that a client, kernel code which emulates a device, uses directly.
 *
 * While a part of a range is held it stays mapped. An unmap tells the clients, who let go, and goes
 * on; what is held all the same stops it.
 */
#ifndef IOASID_IOAS_HOLD_H
#define IOASID_IOAS_HOLD_H

#include <linux/ioasid.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>

#include "ioas/ioas.h"

/**
 * struct ioasid_holder - who holds
 * @refs: the client's own, and callers that tell it something
 * @ioas: the address space; it stays until the holder is closed
 * @ops: what it is told
 * @data: its own
 */
struct ioasid_holder {
	refcount_t refs;
	struct ioasid_ioas *ioas;
	const struct ioasid_client_ops *ops;
	void *data;
};

/**
 * struct ioasid_hold - a range that is held
 * @node: in ioas->holds
 * @start: first IOVA
 * @last: last IOVA
 * @subtree_last: the tree's
 * @number: grows with each hold
 * @holder: who holds; referenced
 * @segments: the pages, referenced
 */
struct ioasid_hold {
	struct rb_node node;
	u64 start;
	u64 last;
	u64 subtree_last;
	u64 number;
	struct ioasid_holder *holder;
	struct ioasid_segments segments;
};

struct ioasid_holder *ioasid_holder_open(struct ioasid_ioas *ioas,
					 const struct ioasid_client_ops *ops, void *data);
void ioasid_holder_close(struct ioasid_holder *holder);
int ioasid_holder_hold(struct ioasid_holder *holder, u64 iova, u64 length, unsigned int access,
		       struct page **pages);
int ioasid_holder_release(struct ioasid_holder *holder, u64 iova, u64 length);

bool ioasid_held(struct ioasid_ioas *ioas, u64 start, u64 last);
void ioasid_holds_tell(struct ioasid_ioas *ioas, u64 start, u64 last);

#endif /* IOASID_IOAS_HOLD_H */
