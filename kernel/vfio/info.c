// SPDX-License-Identifier: GPL-2.0-only
/*
 * Info: what a container can do: VFIO_CHECK_EXTENSION, and VFIO_IOMMU_GET_INFO with its chain of
 * capabilities.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "compat.h"
#include "fault.h"
#include "vfio/container.h"

static bool coherent(struct ioasid_container *container)
{
	bool coherent;

	mutex_lock(&container->lock);
	coherent = ioasid_space_coherent(container->space);
	mutex_unlock(&container->lock);
	return coherent;
}

static bool has_emulated(struct ioasid_container *container)
{
	bool has;

	mutex_lock(&container->lock);
	has = !list_empty(&container->emulated);
	mutex_unlock(&container->lock);
	return has;
}

/**
 * ioasid_container_extension() - VFIO_CHECK_EXTENSION
 * @container: the container, or NULL when there is none yet
 * @what: the extension
 *
 * Return: 1 when it is there, else 0.
 */
long ioasid_container_extension(struct ioasid_container *container, unsigned long what)
{
	switch (what) {
	case VFIO_TYPE1_IOMMU:
	case VFIO_TYPE1v2_IOMMU:
	case VFIO_UNMAP_ALL:
		return 1;
	case VFIO_UPDATE_VADDR:
		return container && !has_emulated(container);
	case VFIO_DMA_CC_IOMMU:
		return container && coherent(container);
	}
	return IOASID_VFIO_NESTING(what);
}

static int add_migration(struct vfio_info_cap *caps)
{
	struct vfio_iommu_type1_info_cap_migration migration = {
		.header.id = VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION,
		.header.version = 1,
		.pgsize_bitmap = PAGE_SIZE,
		.max_dirty_bitmap_size = IOASID_DIRTY_BYTES_MAX,
	};

	return vfio_info_add_capability(caps, &migration.header, sizeof(migration));
}

static int add_avail(struct ioasid_container *container, struct vfio_info_cap *caps)
{
	struct vfio_iommu_type1_info_dma_avail avail = {
		.header.id = VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL,
		.header.version = 1,
		.avail = container->left,
	};

	return vfio_info_add_capability(caps, &avail.header, sizeof(avail));
}

/* Both are two 64-bit numbers. */
static_assert(sizeof(struct vfio_iova_range) == sizeof(struct ioasid_range));
static_assert(offsetof(struct vfio_iova_range, start) == offsetof(struct ioasid_range, start));
static_assert(offsetof(struct vfio_iova_range, end) == offsetof(struct ioasid_range, last));

static int add_ranges(struct ioasid_container *container, struct vfio_info_cap *caps)
{
	struct vfio_iommu_type1_info_cap_iova_range *cap = NULL;
	u32 n = 0, room;
	int ret;

	if (!container->ranged)
		return 0;
	/* Others may reserve and release meanwhile. */
	do {
		kfree(cap);
		room = max(n, 4);
		cap = ioasid_fault() ? NULL :
				       kzalloc(struct_size(cap, iova_ranges, room), GFP_KERNEL);
		if (!cap)
			return -ENOMEM;
		n = ioasid_space_ranges(container->space, (struct ioasid_range *)cap->iova_ranges,
					room);
	} while (n > room);
	cap->header.id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE;
	cap->header.version = 1;
	cap->nr_iovas = n;
	ret = n ? vfio_info_add_capability(caps, &cap->header, struct_size(cap, iova_ranges, n)) :
		  0;
	kfree(cap);
	return ret;
}

static int fill(struct ioasid_container *container, struct vfio_iommu_type1_info *info,
		struct vfio_info_cap *caps)
{
	int ret;

	mutex_lock(&container->lock);
	info->flags = VFIO_IOMMU_INFO_PGSIZES;
	info->iova_pgsizes = ioasid_space_page_sizes(container->space);
	ret = add_migration(caps) ?: add_avail(container, caps) ?: add_ranges(container, caps);
	mutex_unlock(&container->lock);
	return ret;
}

/* The chain follows the struct, if there is room; else user space learns how much it takes. */
static int deliver(struct vfio_iommu_type1_info *info, struct vfio_info_cap *caps,
		   void __user *user)
{
	info->flags |= VFIO_IOMMU_INFO_CAPS;
	if (info->argsz < sizeof(*info) + caps->size) {
		info->argsz = sizeof(*info) + caps->size;
		return 0;
	}
	vfio_info_cap_shift(caps, sizeof(*info));
	if (copy_to_user(user + sizeof(*info), caps->buf, caps->size))
		return -EFAULT;
	info->cap_offset = sizeof(*info);
	return 0;
}

/**
 * ioasid_container_info() - VFIO_IOMMU_GET_INFO
 * @container: the container
 * @user: user address of a struct vfio_iommu_type1_info
 *
 * Return: 0, -EFAULT, -EINVAL, -ENOMEM.
 */
long ioasid_container_info(struct ioasid_container *container, void __user *user)
{
	const size_t least = offsetofend(struct vfio_iommu_type1_info, iova_pgsizes);
	struct vfio_iommu_type1_info info = {};
	struct vfio_info_cap caps = {};
	size_t size;
	int ret;

	if (copy_from_user(&info, user, least))
		return -EFAULT;
	if (info.argsz < least)
		return -EINVAL;
	size = min_t(size_t, info.argsz, sizeof(info));
	ret = fill(container, &info, &caps) ?: deliver(&info, &caps, user);
	kfree(caps.buf);
	if (ret)
		return ret;
	return copy_to_user(user, &info, size) ? -EFAULT : 0;
}
