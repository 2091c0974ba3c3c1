// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domain: an iterator over all pin domains. It holds a reference to the domain that it is at, so it
 * goes on in order even if the domain's last pin goes meanwhile.
 */
#include "iter/iter.h"

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/ioasid_stat.h>

#include "pin/domain.h"

struct bpf_iter_ioasid_domain_kern {
	struct ioasid_domain *at;
} __aligned(8);

__bpf_kfunc_start_defs();

/**
 * bpf_iter_ioasid_domain_new() - begin to walk all pin domains
 * @it: the iterator
 *
 * Return: 0.
 */
__bpf_kfunc int bpf_iter_ioasid_domain_new(struct bpf_iter_ioasid_domain *it)
{
	struct bpf_iter_ioasid_domain_kern *iter = (void *)it;

	BUILD_BUG_ON(sizeof(*iter) != sizeof(*it));
	iter->at = NULL;
	return 0;
}

/**
 * bpf_iter_ioasid_domain_next() - go on to the next domain
 * @it: the iterator
 *
 * Context: may sleep.
 * Return: its counters, which go on changing, or NULL at the end.
 */
__bpf_kfunc const struct ioasid_domain_stat *
bpf_iter_ioasid_domain_next(struct bpf_iter_ioasid_domain *it)
{
	struct bpf_iter_ioasid_domain_kern *iter = (void *)it;

	iter->at = ioasid_domain_next(iter->at);
	return iter->at ? &iter->at->stat : NULL;
}

/**
 * bpf_iter_ioasid_domain_destroy() - end the walk
 * @it: the iterator
 *
 * Context: may sleep.
 */
__bpf_kfunc void bpf_iter_ioasid_domain_destroy(struct bpf_iter_ioasid_domain *it)
{
	struct bpf_iter_ioasid_domain_kern *iter = (void *)it;

	if (iter->at)
		ioasid_domain_put(iter->at);
}

__bpf_kfunc_end_defs();
