// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ioas: an iterator over all address spaces, in order of their numbers, which grow. It holds none
 * of them. One that is there all the time comes once; one that comes or goes meanwhile comes once
 * or not at all.
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
 * @stat: what was told last
 */
struct walk {
	struct ioasid_ioas_stat stat;
};

struct bpf_iter_ioasid_ioas_kern {
	struct walk *walk; /* NULL at the end */
} __aligned(8);

static void end_walk(struct bpf_iter_ioasid_ioas_kern *iter)
{
	kfree(iter->walk);
	iter->walk = NULL;
}

__bpf_kfunc_start_defs();

/**
 * bpf_iter_ioasid_ioas_new() - begin to walk all address spaces
 * @it: the iterator
 *
 * Context: may sleep.
 * Return: 0, or -ENOMEM; the walk is at its end then.
 */
__bpf_kfunc int bpf_iter_ioasid_ioas_new(struct bpf_iter_ioasid_ioas *it)
{
	struct bpf_iter_ioasid_ioas_kern *iter = (void *)it;

	BUILD_BUG_ON(sizeof(*iter) != sizeof(*it));
	iter->walk = ioasid_fault() ? NULL : kzalloc(sizeof(*iter->walk), GFP_KERNEL);
	if (!iter->walk)
		return -ENOMEM;
	return 0;
}

/**
 * bpf_iter_ioasid_ioas_next() - go on to the next one
 * @it: the iterator
 *
 * Context: may sleep.
 * Return: what there is to tell of it, until the next call, or NULL at the end.
 */
__bpf_kfunc const struct ioasid_ioas_stat *
bpf_iter_ioasid_ioas_next(struct bpf_iter_ioasid_ioas *it)
{
	struct bpf_iter_ioasid_ioas_kern *iter = (void *)it;

	if (!iter->walk)
		return NULL;
	if (ioasid_ioas_next(iter->walk->stat.ioas, &iter->walk->stat))
		return &iter->walk->stat;
	end_walk(iter);
	return NULL;
}

/**
 * bpf_iter_ioasid_ioas_destroy() - end the walk
 * @it: the iterator
 *
 * Context: may sleep.
 */
__bpf_kfunc void bpf_iter_ioasid_ioas_destroy(struct bpf_iter_ioasid_ioas *it)
{
	end_walk((void *)it);
}

__bpf_kfunc_end_defs();
