// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pin: an iterator over the pins of a domain, in order of their numbers. It holds a reference to
 * the domain, and no pin. A pin that is there all the time comes once; one that comes or goes
 * meanwhile comes once or not at all.
 */
#include "iter/iter.h"

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/ioasid_stat.h>
#include <linux/slab.h>

#include "fault.h"
#include "pin/pin.h"

/**
 * struct walk - how far an iterator is
 * @domain: whose pins; NULL: there is no such domain
 * @cursor: number of the pin before
 * @stat: what was told last
 */
struct walk {
	struct ioasid_domain *domain;
	u64 cursor;
	struct ioasid_pin_stat stat;
};

struct bpf_iter_ioasid_pin_kern {
	struct walk *walk; /* NULL at the end */
} __aligned(8);

/* The domain of this number, with a reference, or NULL. */
static struct ioasid_domain *find(u64 number)
{
	struct ioasid_domain *domain = NULL;

	do {
		domain = ioasid_domain_next(domain);
	} while (domain && domain->stat.domain < number);
	if (!domain || domain->stat.domain == number)
		return domain;
	ioasid_domain_put(domain);
	return NULL;
}

static bool step(struct walk *walk)
{
	return walk->domain && ioasid_pins_next(walk->domain, &walk->cursor, &walk->stat);
}

static void end_walk(struct bpf_iter_ioasid_pin_kern *iter)
{
	if (iter->walk && iter->walk->domain)
		ioasid_domain_put(iter->walk->domain);
	kfree(iter->walk);
	iter->walk = NULL;
}

__bpf_kfunc_start_defs();

/**
 * bpf_iter_ioasid_pin_new() - begin to walk the pins of a domain
 * @it: the iterator
 * @domain: number of the domain; one that isn't there has no pins
 *
 * Context: may sleep.
 * Return: 0, or -ENOMEM; the walk is at its end then.
 */
__bpf_kfunc int bpf_iter_ioasid_pin_new(struct bpf_iter_ioasid_pin *it, u64 domain)
{
	struct bpf_iter_ioasid_pin_kern *iter = (void *)it;

	BUILD_BUG_ON(sizeof(*iter) != sizeof(*it));
	iter->walk = ioasid_fault() ? NULL : kzalloc(sizeof(*iter->walk), GFP_KERNEL);
	if (!iter->walk)
		return -ENOMEM;
	iter->walk->domain = find(domain);
	return 0;
}

/**
 * bpf_iter_ioasid_pin_next() - go on to the next one
 * @it: the iterator
 *
 * Context: may sleep.
 * Return: what there is to tell of it, until the next call, or NULL at the end.
 */
__bpf_kfunc const struct ioasid_pin_stat *bpf_iter_ioasid_pin_next(struct bpf_iter_ioasid_pin *it)
{
	struct bpf_iter_ioasid_pin_kern *iter = (void *)it;

	if (!iter->walk)
		return NULL;
	if (step(iter->walk))
		return &iter->walk->stat;
	end_walk(iter);
	return NULL;
}

/**
 * bpf_iter_ioasid_pin_destroy() - end the walk
 * @it: the iterator
 *
 * Context: may sleep.
 */
__bpf_kfunc void bpf_iter_ioasid_pin_destroy(struct bpf_iter_ioasid_pin *it)
{
	end_walk((void *)it);
}

__bpf_kfunc_end_defs();
