// SPDX-License-Identifier: GPL-2.0-only
/*
 * Iter: open-coded BPF iterators, for programs of type "syscall" that want to know what there is.
 *
 * An iterator holds a reference to the domain that it is at, so it goes on in order even if the
 * domain's last pin goes meanwhile. It takes no lock between two calls.
 */
#include "pin/iter.h"

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/init.h>

#include "compat.h"
#include "pin/domain.h"

/* What a BPF program's iterator is to us. */
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
 */
__bpf_kfunc void bpf_iter_ioasid_domain_destroy(struct bpf_iter_ioasid_domain *it)
{
	struct bpf_iter_ioasid_domain_kern *iter = (void *)it;

	if (iter->at)
		ioasid_domain_put(iter->at);
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(iter_kfuncs)
BTF_ID_FLAGS(func, bpf_iter_ioasid_domain_new, KF_ITER_NEW)
BTF_ID_FLAGS(func, bpf_iter_ioasid_domain_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_ioasid_domain_destroy, KF_ITER_DESTROY)
BTF_KFUNCS_END(iter_kfuncs)

static const struct btf_kfunc_id_set iter_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &iter_kfuncs,
};

/**
 * ioasid_iter_init() - offer the iterators to BPF programs
 *
 * Return: 0 or a negative errno.
 */
int ioasid_iter_init(void)
{
	return register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &iter_kfunc_set);
}
