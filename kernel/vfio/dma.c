// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA: the mappings of a container as user space made them: VFIO_IOMMU_MAP_DMA and
 * VFIO_IOMMU_UNMAP_DMA. What one call maps is one DMA, and is unmapped as a whole.
 *
 * A DMA can lose its address for a while (it is adrift), so that a process can hand its devices
 * over to its successor without stopping them: its pages stay what they are, but nobody can find
 * them by address until the successor says where it has them.
 *
 * container->lock guards all of it; see container.h for the order.
 */
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "compat.h"
#include "fault.h"
#include "vfio/container.h"

/* A device that is told so often of an unmap, and keeps its pages, won't let them go. */
#define TELL_TRIES 10

static_assert(IOASID_MAP_READ == VFIO_DMA_MAP_FLAG_READ);
static_assert(IOASID_MAP_WRITE == VFIO_DMA_MAP_FLAG_WRITE);

/**
 * ioasid_dma_find() - the first DMA of a range
 * @container: the container, locked
 * @iova: first IOVA
 * @last: last IOVA
 *
 * Return: the DMA, or NULL.
 */
struct ioasid_dma *ioasid_dma_find(struct ioasid_container *container, u64 iova, u64 last)
{
	struct rb_node *node = container->dmas.rb_node;
	struct ioasid_dma *dma, *found = NULL;

	while (node) {
		dma = ioasid_dma_of(node);
		if (dma->last >= iova) {
			found = dma;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found && found->iova <= last ? found : NULL;
}

/**
 * ioasid_dma_next() - the next DMA of a range
 * @dma: the one before
 * @last: last IOVA of the range
 *
 * Return: the DMA, or NULL.
 */
struct ioasid_dma *ioasid_dma_next(const struct ioasid_dma *dma, u64 last)
{
	struct ioasid_dma *next = ioasid_dma_of(rb_next(&dma->node));

	return next && next->iova <= last ? next : NULL;
}

/**
 * ioasid_dma_cuts() - does a range begin or end inside a DMA?
 * @container: the container, locked
 * @iova: first IOVA
 * @last: last IOVA
 */
bool ioasid_dma_cuts(struct ioasid_container *container, u64 iova, u64 last)
{
	struct ioasid_dma *dma = ioasid_dma_find(container, iova, iova);

	if (dma && dma->iova != iova)
		return true;
	dma = ioasid_dma_find(container, last, last);
	return dma && dma->last != last;
}

static bool starts_before(struct rb_node *a, const struct rb_node *b)
{
	return ioasid_dma_of(a)->iova < rb_entry(b, struct ioasid_dma, node)->iova;
}

/* A DMA of the calling process's memory, in no container. */
static struct ioasid_dma *dma_alloc(const struct vfio_iommu_type1_dma_map *args)
{
	struct ioasid_dma *dma;

	dma = ioasid_fault() ? NULL : kzalloc(sizeof(*dma), GFP_KERNEL_ACCOUNT);
	if (!dma)
		return NULL;
	dma->iova = args->iova;
	dma->last = args->iova + args->size - 1;
	dma->va = args->vaddr;
	dma->access = args->flags & (IOASID_MAP_READ | IOASID_MAP_WRITE);
	dma->pages = RB_ROOT;
	dma->memory.task = get_task_struct(current->group_leader);
	dma->memory.mm = current->mm;
	mmgrab(dma->memory.mm);
	dma->memory.unlimited = capable(CAP_IPC_LOCK);
	return dma;
}

static void dma_free(struct ioasid_dma *dma)
{
	put_task_struct(dma->memory.task);
	mmdrop(dma->memory.mm);
	ioasid_dirty_free(dma);
	kfree(dma);
}

/* Map it in the address space. */
static int enter(struct ioasid_container *container, struct ioasid_dma *dma)
{
	struct ioasid_space_map map = {
		.memory = dma->memory,
		.va = dma->va,
		.length = dma->last - dma->iova + 1,
		.iova = dma->iova,
		.access = dma->access,
	};
	int ret = ioasid_space_map(container->space, &map, &container->why);

	dma->mapped = !ret;
	return ret;
}

/* Unmap it there; only a client of a joined one can refuse that. */
static int withdraw(struct ioasid_container *container, struct ioasid_dma *dma)
{
	int ret = 0;

	if (dma->mapped)
		ret = ioasid_space_unmap(container->space, dma->iova, dma->last, &container->why);
	dma->mapped = ret;
	return ret;
}

/* Take it out of the container. */
static void forget(struct ioasid_container *container, struct ioasid_dma *dma)
{
	ioasid_emulated_drop(dma);
	rb_erase(&dma->node, &container->dmas);
	container->adrift -= dma->adrift;
	container->left++;
	dma_free(dma);
}

/**
 * ioasid_dma_enter_all() - the first real group has come: map all DMAs
 * @container: the container, locked
 *
 * Return: 0; -EINVAL when some of the IOVAs aren't usable; as ioasid_space_map(). On failure none
 * is mapped.
 */
int ioasid_dma_enter_all(struct ioasid_container *container)
{
	struct ioasid_dma *dma;
	int ret = 0;

	for (dma = ioasid_dma_find(container, 0, U64_MAX); dma; dma = ioasid_dma_next(dma, U64_MAX))
		if (!ioasid_space_usable(container->space, dma->iova, dma->last))
			return -EINVAL;
	for (dma = ioasid_dma_find(container, 0, U64_MAX); dma && !ret;
	     dma = ioasid_dma_next(dma, U64_MAX))
		ret = enter(container, dma);
	if (ret)
		ioasid_dma_withdraw_all(container);
	return ret;
}

/**
 * ioasid_dma_withdraw_all() - the last real group has gone: unmap all DMAs, but keep them
 * @container: the container, locked
 */
void ioasid_dma_withdraw_all(struct ioasid_container *container)
{
	struct ioasid_dma *dma;

	for (dma = ioasid_dma_find(container, 0, U64_MAX); dma; dma = ioasid_dma_next(dma, U64_MAX))
		withdraw(container, dma);
}

/**
 * ioasid_dma_remove_all() - the last group has gone: there are no DMAs any more
 * @container: the container, locked
 */
void ioasid_dma_remove_all(struct ioasid_container *container)
{
	struct ioasid_dma *dma;

	while ((dma = ioasid_dma_find(container, 0, U64_MAX))) {
		withdraw(container, dma);
		forget(container, dma);
	}
}

/* As type1 has it, in its order. */
static int check_map(const struct vfio_iommu_type1_dma_map *args)
{
	bool access = args->flags & (IOASID_MAP_READ | IOASID_MAP_WRITE);
	bool set_va = args->flags & VFIO_DMA_MAP_FLAG_VADDR;
	u64 last;

	if (!args->size)
		return -EINVAL;
	if (check_add_overflow(args->iova, args->size - 1, &last) ||
	    check_add_overflow(args->vaddr, args->size - 1, &last))
		return -IOASID_VFIO_EOVERFLOW;
	if (access == set_va)
		return -EINVAL;
	return PAGE_ALIGNED(args->size | args->iova | args->vaddr) ? 0 : -EINVAL;
}

static bool lost_group(struct ioasid_container *container)
{
	struct ioasid_container_group *group;

	list_for_each_entry(group, &container->groups, link)
		if (group->lost)
			return true;
	return false;
}

/* Make a DMA. */
static int add(struct ioasid_container *container, const struct vfio_iommu_type1_dma_map *args)
{
	struct ioasid_dma *dma;
	int ret = 0;

	if (!container->left)
		return -ENOSPC;
	if (container->ranged &&
	    !ioasid_space_usable(container->space, args->iova, args->iova + args->size - 1))
		return -EINVAL;
	if (lost_group(container))
		return -ENODEV;
	dma = dma_alloc(args);
	if (!dma)
		return -ENOMEM;
	if (!list_empty(&container->groups))
		ret = enter(container, dma);
	if (!ret && container->tracking)
		ret = ioasid_dirty_alloc(dma);
	if (ret) {
		withdraw(container, dma);
		dma_free(dma);
		return ret;
	}
	rb_add(&dma->node, &container->dmas, starts_before);
	container->left--;
	return 0;
}

/* From now on the calling process is charged. */
static int change_owner(struct ioasid_container *container, struct ioasid_dma *dma)
{
	struct ioasid_space_memory *memory = &dma->memory;
	int ret = 0;

	if (current->mm == memory->mm)
		return 0;
	if (dma->mapped)
		ret = ioasid_space_change_owner(container->space, dma->iova, dma->last,
						&container->why);
	if (ret)
		return ret;
	put_task_struct(memory->task);
	memory->task = get_task_struct(current->group_leader);
	mmdrop(memory->mm);
	memory->mm = current->mm;
	mmgrab(memory->mm);
	memory->unlimited = capable(CAP_IPC_LOCK);
	return 0;
}

/* Say where the memory of a DMA is that is adrift. */
static int set_va(struct ioasid_container *container, struct ioasid_dma *dma,
		  const struct vfio_iommu_type1_dma_map *args)
{
	int ret;

	if (!dma)
		return -ENOENT;
	if (!dma->adrift || dma->iova != args->iova || dma->last != args->iova + args->size - 1)
		return -EINVAL;
	ret = change_owner(container, dma);
	if (ret)
		return ret;
	dma->va = args->vaddr;
	dma->adrift = false;
	container->adrift--;
	return 0;
}

static int map(struct ioasid_container *container, const struct vfio_iommu_type1_dma_map *args)
{
	struct ioasid_dma *dma;
	int ret = check_map(args);

	if (ret)
		return ret;
	dma = ioasid_dma_find(container, args->iova, args->iova + args->size - 1);
	if (args->flags & VFIO_DMA_MAP_FLAG_VADDR)
		return set_va(container, dma, args);
	return dma ? -EEXIST : add(container, args);
}

/**
 * ioasid_container_map() - VFIO_IOMMU_MAP_DMA
 * @container: the container
 * @user: user address of a struct vfio_iommu_type1_dma_map
 *
 * Return: 0 or a negative errno.
 */
long ioasid_container_map(struct ioasid_container *container, void __user *user)
{
	const u32 known = IOASID_MAP_READ | IOASID_MAP_WRITE | VFIO_DMA_MAP_FLAG_VADDR;
	const size_t least = offsetofend(struct vfio_iommu_type1_dma_map, size);
	struct vfio_iommu_type1_dma_map args;
	int ret;

	if (copy_from_user(&args, user, least))
		return -EFAULT;
	if (args.argsz < least || args.flags & ~known)
		return -EINVAL;
	mutex_lock(&container->lock);
	ret = ioasid_container_note(container, map(container, &args));
	mutex_unlock(&container->lock);
	return ret;
}

/**
 * struct unmapping - a call that unmaps
 * @iova: first IOVA
 * @last: last IOVA
 * @exact: no DMA may be cut
 * @bitmap: where to tell what is dirty, or NULL
 * @bytes: out: bytes of the DMAs that are gone
 */
struct unmapping {
	u64 iova;
	u64 last;
	bool exact;
	const struct vfio_bitmap *bitmap;
	u64 bytes;
};

static int check_unmap(struct ioasid_container *container,
		       const struct vfio_iommu_type1_dma_unmap *args, struct unmapping *unmapping)
{
	bool all = args->flags & VFIO_DMA_UNMAP_FLAG_ALL;

	/* Emulated devices find pages by address. */
	if (args->flags & VFIO_DMA_UNMAP_FLAG_VADDR && !list_empty(&container->emulated))
		return -EBUSY;
	if (!PAGE_ALIGNED(args->iova))
		return -EINVAL;
	unmapping->iova = args->iova;
	unmapping->last = U64_MAX;
	unmapping->exact = container->v2 && !all;
	if (all ? args->iova || args->size : !args->size || !PAGE_ALIGNED(args->size))
		return -EINVAL;
	if (!all && check_add_overflow(args->iova, args->size - 1, &unmapping->last))
		return -IOASID_VFIO_EOVERFLOW;
	if (unmapping->bitmap && (!container->tracking || unmapping->bitmap->pgsize != PAGE_SIZE))
		return -EINVAL;
	return 0;
}

/*
 * The first DMA to unmap. In the first version of the interface a range that begins inside a DMA
 * unmaps nothing.
 */
static struct ioasid_dma *first_of(struct ioasid_container *container,
				   const struct unmapping *unmapping)
{
	struct ioasid_dma *dma = ioasid_dma_find(container, unmapping->iova, unmapping->last);

	return dma && !container->v2 && dma->iova < unmapping->iova ? NULL : dma;
}

/* The first one of which emulated devices have pages. */
static struct ioasid_dma *first_used(struct ioasid_container *container,
				     const struct unmapping *unmapping)
{
	struct ioasid_dma *dma = first_of(container, unmapping);

	while (dma && RB_EMPTY_ROOT(&dma->pages))
		dma = ioasid_dma_next(dma, unmapping->last);
	return dma;
}

/* Have emulated devices let go of all pages in the range; gives the lock up meanwhile. */
static int settle(struct ioasid_container *container, const struct unmapping *unmapping)
{
	struct ioasid_dma *dma, *told = NULL;
	unsigned int tries = 0;

	for (;;) {
		if (unmapping->exact &&
		    ioasid_dma_cuts(container, unmapping->iova, unmapping->last))
			return -EINVAL;
		dma = first_used(container, unmapping);
		if (!dma)
			return 0;
		tries = dma == told ? tries + 1 : 0;
		if (WARN_ONCE(tries > TELL_TRIES, "a device keeps pages that are unmapped\n"))
			return -EBUSY;
		told = dma;
		ioasid_emulated_tell_unmap(container, dma);
	}
}

/* Tell what is dirty of each DMA; *last is the last IOVA of those that could be told. */
static int tell_dirty(struct ioasid_container *container, const struct unmapping *unmapping,
		      struct ioasid_dma *dma, u64 *last)
{
	int ret = 0;

	for (; dma && unmapping->bitmap; dma = ioasid_dma_next(dma, unmapping->last)) {
		ret = ioasid_dirty_tell(container, dma, unmapping->iova, unmapping->bitmap);
		if (ret)
			break;
		*last = dma->last;
	}
	return ret;
}

/* Remove the DMAs from @dma on that begin up to @last. */
static int remove(struct ioasid_container *container, struct ioasid_dma *dma, u64 last, u64 *bytes)
{
	struct ioasid_dma *next, *end = dma;
	bool done;

	while ((next = ioasid_dma_next(end, last)))
		end = next;
	/* All at once, so that the IOMMUs have to be flushed once. */
	done = !dma->mapped || !ioasid_space_unmap(container->space, dma->iova, end->last, NULL);
	for (; dma; dma = next) {
		next = ioasid_dma_next(dma, last);
		if (done)
			dma->mapped = false;
		if (withdraw(container, dma))
			return -EBUSY;
		*bytes += dma->last - dma->iova + 1;
		forget(container, dma);
	}
	return 0;
}

static int unmap(struct ioasid_container *container, struct unmapping *unmapping)
{
	struct ioasid_dma *dma;
	u64 last = unmapping->last;
	int told, ret;

	ret = settle(container, unmapping);
	if (ret)
		return ret;
	dma = first_of(container, unmapping);
	if (!dma)
		return 0;
	if (unmapping->bitmap)
		last = 0;
	told = tell_dirty(container, unmapping, dma, &last);
	if (!told || last >= dma->last)
		ret = remove(container, dma, last, &unmapping->bytes);
	return told ?: ret;
}

/* Set the DMAs of a range adrift: all or none. */
static int set_adrift(struct ioasid_container *container, struct unmapping *unmapping)
{
	struct ioasid_dma *dma, *first = first_of(container, unmapping);

	if (unmapping->exact && ioasid_dma_cuts(container, unmapping->iova, unmapping->last))
		return -EINVAL;
	for (dma = first; dma; dma = ioasid_dma_next(dma, unmapping->last))
		if (dma->adrift)
			return -EINVAL;
	for (dma = first; dma; dma = ioasid_dma_next(dma, unmapping->last)) {
		dma->adrift = true;
		container->adrift++;
		unmapping->bytes += dma->last - dma->iova + 1;
	}
	return 0;
}

static int copy_bitmap(const struct vfio_iommu_type1_dma_unmap *args, void __user *user,
		       struct vfio_bitmap *bitmap)
{
	const size_t least = offsetofend(struct vfio_iommu_type1_dma_unmap, size);

	if (args->flags & (VFIO_DMA_UNMAP_FLAG_ALL | VFIO_DMA_UNMAP_FLAG_VADDR))
		return -EINVAL;
	if (args->argsz < least + sizeof(*bitmap))
		return -EINVAL;
	if (copy_from_user(bitmap, user + least, sizeof(*bitmap)))
		return -EFAULT;
	return ioasid_dirty_check(bitmap, args->size);
}

/**
 * ioasid_container_unmap() - VFIO_IOMMU_UNMAP_DMA
 * @container: the container
 * @user: user address of a struct vfio_iommu_type1_dma_unmap
 *
 * Return: 0 or a negative errno.
 */
long ioasid_container_unmap(struct ioasid_container *container, void __user *user)
{
	const u32 known = VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP | VFIO_DMA_UNMAP_FLAG_VADDR |
			  VFIO_DMA_UNMAP_FLAG_ALL;
	const size_t least = offsetofend(struct vfio_iommu_type1_dma_unmap, size);
	struct vfio_iommu_type1_dma_unmap args;
	struct unmapping unmapping = {};
	struct vfio_bitmap bitmap;
	int ret;

	if (copy_from_user(&args, user, least))
		return -EFAULT;
	if (args.argsz < least || args.flags & ~known)
		return -EINVAL;
	if (args.flags & VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP) {
		ret = copy_bitmap(&args, user, &bitmap);
		if (ret)
			return ret;
		unmapping.bitmap = &bitmap;
	}
	mutex_lock(&container->lock);
	ret = check_unmap(container, &args, &unmapping);
	if (!ret)
		ret = args.flags & VFIO_DMA_UNMAP_FLAG_VADDR ? set_adrift(container, &unmapping) :
							       unmap(container, &unmapping);
	ioasid_container_note(container, ret);
	mutex_unlock(&container->lock);
	if (ret)
		return ret;
	args.size = unmapping.bytes;
	return copy_to_user(user, &args, least) ? -EFAULT : 0;
}
