// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping: an iterator over the mappings and reserved ranges of an address space, in order of their
 * IOVAs. It holds none of them, nor the address space. What is mapped all the time comes once; what
 * comes or goes meanwhile comes once or not at all.
 */
#include "iter/iter.h"

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/ioasid_stat.h>
#include <linux/slab.h>

#include "fault.h"
#include "ioas/ioas.h"

/**
 * struct walk - how far an iterator is
 * @ioas: number of the address space
 * @cursor: the IOVA to go on at; all ones at the end
 * @stat: what was told last
 */
struct walk {
	u64 ioas;
	u64 cursor;
	struct ioasid_mapping_stat stat;
};

struct bpf_iter_ioasid_mapping_kern {
	struct walk *walk; /* NULL at the end */
} __aligned(8);

static bool step(struct walk *walk)
{
	struct ioasid_query_entry entry;

	if (!ioasid_ioas_list_one(walk->ioas, &walk->cursor, &entry))
		return false;
	walk->stat = (struct ioasid_mapping_stat){
		.iova = entry.start,
		.last = entry.start + entry.length - 1,
		.va = entry.va,
		.pin = entry.pin,
		.pin_offset = entry.pin_offset,
		.flags = entry.flags,
	};
	return true;
}

static void end_walk(struct bpf_iter_ioasid_mapping_kern *iter)
{
	kfree(iter->walk);
	iter->walk = NULL;
}

__bpf_kfunc_start_defs();

/**
 * bpf_iter_ioasid_mapping_new() - begin to walk the mappings of an address space
 * @it: the iterator
 * @ioas: number of the address space; one that isn't there has none
 *
 * Context: may sleep.
 * Return: 0, or -ENOMEM; the walk is at its end then.
 */
__bpf_kfunc int bpf_iter_ioasid_mapping_new(struct bpf_iter_ioasid_mapping *it, u64 ioas)
{
	struct bpf_iter_ioasid_mapping_kern *iter = (void *)it;

	BUILD_BUG_ON(sizeof(*iter) != sizeof(*it));
	iter->walk = ioasid_fault() ? NULL : kzalloc(sizeof(*iter->walk), GFP_KERNEL);
	if (!iter->walk)
		return -ENOMEM;
	iter->walk->ioas = ioas;
	return 0;
}

/**
 * bpf_iter_ioasid_mapping_next() - go on to the next one
 * @it: the iterator
 *
 * Context: may sleep.
 * Return: what there is to tell of it, until the next call, or NULL at the end.
 */
__bpf_kfunc const struct ioasid_mapping_stat *
bpf_iter_ioasid_mapping_next(struct bpf_iter_ioasid_mapping *it)
{
	struct bpf_iter_ioasid_mapping_kern *iter = (void *)it;

	if (!iter->walk)
		return NULL;
	if (step(iter->walk))
		return &iter->walk->stat;
	end_walk(iter);
	return NULL;
}

/**
 * bpf_iter_ioasid_mapping_destroy() - end the walk
 * @it: the iterator
 *
 * Context: may sleep.
 */
__bpf_kfunc void bpf_iter_ioasid_mapping_destroy(struct bpf_iter_ioasid_mapping *it)
{
	end_walk((void *)it);
}

__bpf_kfunc_end_defs();
