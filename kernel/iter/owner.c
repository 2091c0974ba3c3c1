// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owner: an iterator over those who have pages charged. It holds a reference to the owner that it
 * is at, so it goes on in order whoever comes or goes meanwhile. It never sleeps and takes no
 * memory, so every account policy can use it: what it tells is a copy in the iterator itself, which
 * has room for a little more.
 */
#include "iter/iter.h"

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/ioasid_stat.h>

#include "pin/ledger.h"

struct bpf_iter_ioasid_owner_kern {
	struct ioasid_owner *at;
	struct ioasid_owner_stat stat;
} __aligned(8);

__bpf_kfunc_start_defs();

/**
 * bpf_iter_ioasid_owner_new() - begin to walk all owners
 * @it: the iterator
 *
 * Return: 0.
 */
__bpf_kfunc int bpf_iter_ioasid_owner_new(struct bpf_iter_ioasid_owner *it)
{
	struct bpf_iter_ioasid_owner_kern *iter = (void *)it;

	BUILD_BUG_ON(sizeof(*iter) > sizeof(*it));
	iter->at = NULL;
	return 0;
}

/**
 * bpf_iter_ioasid_owner_next() - go on to the next owner
 * @it: the iterator
 *
 * Return: what there is to tell of it, until the next call, or NULL at the end.
 */
__bpf_kfunc const struct ioasid_owner_stat *
bpf_iter_ioasid_owner_next(struct bpf_iter_ioasid_owner *it)
{
	struct bpf_iter_ioasid_owner_kern *iter = (void *)it;

	iter->at = ioasid_owner_next(iter->at, &iter->stat);
	return iter->at ? &iter->stat : NULL;
}

/**
 * bpf_iter_ioasid_owner_destroy() - end the walk
 * @it: the iterator
 */
__bpf_kfunc void bpf_iter_ioasid_owner_destroy(struct bpf_iter_ioasid_owner *it)
{
	struct bpf_iter_ioasid_owner_kern *iter = (void *)it;

	if (iter->at)
		ioasid_owner_put(iter->at);
}

__bpf_kfunc_end_defs();
