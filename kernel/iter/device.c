// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device: an iterator over devices that are attached to address spaces. It holds a reference to the
 * group that it is at, so it goes on in order even if the group is detached meanwhile.
 */
#include "iter/iter.h"

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/ioasid_stat.h>
#include <linux/slab.h>

#include "fault.h"
#include "ioas/group.h"

/**
 * struct walk - how far an iterator over attached devices is
 * @at: the group; NULL at the begin
 * @number: of its device that is next
 * @stat: what was told last: a copy, as devices come and go
 */
struct walk {
	struct ioasid_group *at;
	u32 number;
	struct ioasid_device_stat stat;
};

struct bpf_iter_ioasid_device_kern {
	struct walk *walk; /* NULL at the end */
} __aligned(8);

/* Go on to the next device, from group to group, if there is any. */
static bool step(struct walk *walk)
{
	while (!walk->at || !ioasid_group_stat(walk->at, walk->number, &walk->stat)) {
		walk->at = ioasid_group_next(walk->at);
		walk->number = 0;
		if (!walk->at)
			return false;
	}
	walk->number++;
	return true;
}

static void end_walk(struct bpf_iter_ioasid_device_kern *iter)
{
	if (iter->walk && iter->walk->at)
		ioasid_group_put(iter->walk->at);
	kfree(iter->walk);
	iter->walk = NULL;
}

__bpf_kfunc_start_defs();

/**
 * bpf_iter_ioasid_device_new() - begin to walk all devices that are attached to address spaces
 * @it: the iterator
 *
 * Context: may sleep.
 * Return: 0, or -ENOMEM; the walk is at its end then.
 */
__bpf_kfunc int bpf_iter_ioasid_device_new(struct bpf_iter_ioasid_device *it)
{
	struct bpf_iter_ioasid_device_kern *iter = (void *)it;

	BUILD_BUG_ON(sizeof(*iter) != sizeof(*it));
	iter->walk = ioasid_fault() ? NULL : kzalloc(sizeof(*iter->walk), GFP_KERNEL);
	return iter->walk ? 0 : -ENOMEM;
}

/**
 * bpf_iter_ioasid_device_next() - go on to the next device
 * @it: the iterator
 *
 * Context: may sleep.
 * Return: what there is to tell of it, until the next call, or NULL at the end.
 */
__bpf_kfunc const struct ioasid_device_stat *
bpf_iter_ioasid_device_next(struct bpf_iter_ioasid_device *it)
{
	struct bpf_iter_ioasid_device_kern *iter = (void *)it;

	if (!iter->walk)
		return NULL;
	if (step(iter->walk))
		return &iter->walk->stat;
	end_walk(iter);
	return NULL;
}

/**
 * bpf_iter_ioasid_device_destroy() - end the walk
 * @it: the iterator
 *
 * Context: may sleep.
 */
__bpf_kfunc void bpf_iter_ioasid_device_destroy(struct bpf_iter_ioasid_device *it)
{
	end_walk((void *)it);
}

__bpf_kfunc_end_defs();
