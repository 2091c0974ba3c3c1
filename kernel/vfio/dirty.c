// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty: which pages of the DMAs have been written (VFIO_IOMMU_DIRTY_PAGES).
 *
 * A real device tells nobody what it writes, so as long as there is one that has never said that
 * it uses pinned pages only, all that is mapped counts as dirty. Of emulated devices the pages that
 * they have are dirty, those that they had, and what was written for them.
 *
 * container->lock guards all of it.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "compat.h"
#include "fault.h"
#include "vfio/container.h"

static u64 bitmap_bytes(u64 bits)
{
	return DIV_ROUND_UP(bits, BITS_PER_TYPE(u64)) * sizeof(u64);
}

/**
 * ioasid_dirty_alloc() - track what is dirty of a DMA
 * @dma: the DMA
 *
 * Return: 0; -EINVAL when it is too large; -ENOMEM.
 */
int ioasid_dirty_alloc(struct ioasid_dma *dma)
{
	u64 pages = ioasid_dma_pages(dma);

	if (pages > IOASID_DIRTY_PAGES_MAX)
		return -EINVAL;
	/* In user space's bitmap it may begin at any bit of a word. */
	if (!ioasid_fault())
		dma->bitmap = kvzalloc(bitmap_bytes(pages) + sizeof(u64), GFP_KERNEL_ACCOUNT);
	if (!dma->bitmap)
		return -ENOMEM;
	ioasid_emulated_mark(dma);
	return 0;
}

/**
 * ioasid_dirty_free() - track what is dirty of a DMA no longer
 * @dma: the DMA
 */
void ioasid_dirty_free(struct ioasid_dma *dma)
{
	kvfree(dma->bitmap);
	dma->bitmap = NULL;
}

/**
 * ioasid_dirty_mark() - a part of a DMA is dirty
 * @dma: the DMA, which has a bitmap
 * @iova: first IOVA
 * @length: bytes, in the DMA
 */
void ioasid_dirty_mark(struct ioasid_dma *dma, u64 iova, u64 length)
{
	u64 first = (iova - dma->iova) >> PAGE_SHIFT;
	u64 last = (iova - dma->iova + length - 1) >> PAGE_SHIFT;

	bitmap_set(dma->bitmap, first, last - first + 1);
}

/**
 * ioasid_dirty_mark_all() - everything is dirty
 * @container: the container, which tracks
 */
void ioasid_dirty_mark_all(struct ioasid_container *container)
{
	struct ioasid_dma *dma;

	for (dma = ioasid_dma_find(container, 0, U64_MAX); dma; dma = ioasid_dma_next(dma, U64_MAX))
		bitmap_set(dma->bitmap, 0, ioasid_dma_pages(dma));
}

static void free_all(struct ioasid_container *container)
{
	struct ioasid_dma *dma;

	for (dma = ioasid_dma_find(container, 0, U64_MAX); dma; dma = ioasid_dma_next(dma, U64_MAX))
		ioasid_dirty_free(dma);
}

static int start(struct ioasid_container *container)
{
	struct ioasid_dma *dma;
	int ret;

	if (container->tracking)
		return 0;
	for (dma = ioasid_dma_find(container, 0, U64_MAX); dma;
	     dma = ioasid_dma_next(dma, U64_MAX)) {
		ret = ioasid_dirty_alloc(dma);
		if (ret) {
			free_all(container);
			return ret;
		}
	}
	container->tracking = true;
	return 0;
}

static int stop(struct ioasid_container *container)
{
	container->tracking = false;
	free_all(container);
	return 0;
}

/**
 * ioasid_dirty_check() - can a bitmap of user space tell of so many bytes?
 * @bitmap: the bitmap
 * @length: bytes
 *
 * Return: 0 or -EINVAL.
 */
int ioasid_dirty_check(const struct vfio_bitmap *bitmap, u64 length)
{
	u64 pages;

	if (!bitmap->pgsize || !access_ok((void __user *)bitmap->data, bitmap->size))
		return -EINVAL;
	pages = length >> __ffs64(bitmap->pgsize);
	if (!pages || !bitmap->size || bitmap->size > IOASID_DIRTY_BYTES_MAX ||
	    bitmap->size < bitmap_bytes(pages))
		return -EINVAL;
	return 0;
}

/* The bits below @shift, and what else is in that word, come from user space's bitmap. */
static int write_bits(struct ioasid_dma *dma, u64 __user *to, unsigned int shift)
{
	u64 pages = ioasid_dma_pages(dma), word;

	if (shift) {
		bitmap_shift_left(dma->bitmap, dma->bitmap, shift, pages + shift);
		if (get_user(word, to))
			return -EFAULT;
		dma->bitmap[0] |= word;
	}
	return copy_to_user(to, dma->bitmap, bitmap_bytes(pages + shift)) ? -EFAULT : 0;
}

/**
 * ioasid_dirty_tell() - tell what is dirty of a DMA
 * @container: the container, which tracks
 * @dma: the DMA
 * @base: IOVA of the first bit
 * @bitmap: where to
 *
 * Of the DMA nothing is dirty then but what emulated devices have.
 *
 * Return: 0, or -EFAULT; then everything is dirty.
 */
int ioasid_dirty_tell(struct ioasid_container *container, struct ioasid_dma *dma, u64 base,
		      const struct vfio_bitmap *bitmap)
{
	u64 first = (dma->iova - base) >> PAGE_SHIFT, pages = ioasid_dma_pages(dma);
	u64 __user *to = (u64 __user *)bitmap->data + first / BITS_PER_TYPE(u64);
	int ret;

	if (container->blunt && dma->mapped)
		bitmap_set(dma->bitmap, 0, pages);
	ret = write_bits(dma, to, first % BITS_PER_TYPE(u64));
	/* The bits have been moved. */
	bitmap_zero(dma->bitmap, pages + BITS_PER_TYPE(u64) - 1);
	if (ret)
		bitmap_set(dma->bitmap, 0, pages);
	else
		ioasid_emulated_mark(dma);
	return ret;
}

static int tell(struct ioasid_container *container,
		const struct vfio_iommu_type1_dirty_bitmap_get *range)
{
	u64 last = range->iova + range->size - 1;
	struct ioasid_dma *dma;
	int ret = 0;

	if (range->bitmap.pgsize != PAGE_SIZE || !PAGE_ALIGNED(range->iova | range->size))
		return -EINVAL;
	if (!container->tracking || ioasid_dma_cuts(container, range->iova, last))
		return -EINVAL;
	for (dma = ioasid_dma_find(container, range->iova, last); dma && !ret;
	     dma = ioasid_dma_next(dma, last))
		ret = ioasid_dirty_tell(container, dma, range->iova, &range->bitmap);
	return ret;
}

static int copy_range(struct vfio_iommu_type1_dirty_bitmap_get *range, u32 size, void __user *user)
{
	u64 last;

	if (size < sizeof(*range))
		return -EINVAL;
	if (copy_from_user(range, user, sizeof(*range)))
		return -EFAULT;
	if (!range->size)
		return -EINVAL;
	if (check_add_overflow(range->iova, range->size - 1, &last))
		return -IOASID_VFIO_EOVERFLOW;
	return ioasid_dirty_check(&range->bitmap, range->size);
}

/**
 * ioasid_container_dirty() - VFIO_IOMMU_DIRTY_PAGES
 * @container: the container
 * @user: user address of a struct vfio_iommu_type1_dirty_bitmap
 *
 * Return: 0 or a negative errno.
 */
long ioasid_container_dirty(struct ioasid_container *container, void __user *user)
{
	const size_t least = offsetofend(struct vfio_iommu_type1_dirty_bitmap, flags);
	struct vfio_iommu_type1_dirty_bitmap_get range;
	struct vfio_iommu_type1_dirty_bitmap args;
	int ret = 0;

	if (!container->v2)
		return -EACCES;
	if (copy_from_user(&args, user, least))
		return -EFAULT;
	if (args.argsz < least)
		return -EINVAL;
	switch (args.flags) {
	case VFIO_IOMMU_DIRTY_PAGES_FLAG_START:
	case VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP:
		break;
	case VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP:
		ret = copy_range(&range, args.argsz - least, user + least);
		break;
	default:
		return -EINVAL;
	}
	if (ret)
		return ret;
	mutex_lock(&container->lock);
	if (args.flags == VFIO_IOMMU_DIRTY_PAGES_FLAG_START)
		ret = start(container);
	else if (args.flags == VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP)
		ret = stop(container);
	else
		ret = tell(container, &range);
	ioasid_container_note(container, ret);
	mutex_unlock(&container->lock);
	return ret;
}
