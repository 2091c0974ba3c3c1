/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Container: a VFIO container that ioasid serves. It has groups of devices and DMA mappings, and an
 * address space of ioasid that makes them meet.
 *
 *	group	devices that the IOMMU can't tell apart; real, or emulated by software (mdev)
 *	DMA	one mapping as user space made it: all of a VFIO_IOMMU_MAP_DMA, unmapped as a whole
 *	page	a page of a DMA that an emulated device has asked for
 *
 * While there is a real group, every DMA is mapped in the address space. While there are emulated
 * ones only, none is, and only the pages that they ask for are pinned.
 *
 * Lock order: the core's locks; devices_lock; lock; what is below in ioasid. Whoever tells devices
 * of an unmap holds devices_lock only, for they unpin pages then, which takes lock.
 */
#ifndef IOASID_VFIO_CONTAINER_H
#define IOASID_VFIO_CONTAINER_H

#include <linux/ioasid.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#include "vfio/backend.h"

struct vfio_bitmap;
struct vfio_iommu_type1_dma_map;
struct vfio_iommu_type1_dma_unmap;

/**
 * struct ioasid_container - a container
 * @v2: the second version of the interface: no unmap cuts a DMA
 * @nesting: it was opened for nested translation, which no real device here has
 * @devices_lock: guards @devices, with @lock; either to read it
 * @devices: that want to be told of unmaps
 * @lock: guards all below
 * @space: the address space
 * @groups: the real groups
 * @emulated: the emulated ones
 * @ranged: it has had a real group, so not every IOVA need be usable
 * @dmas: by IOVA; they never overlap
 * @left: as many DMAs may still be made
 * @adrift: DMAs that have no address just now
 * @tracking: it tells what is dirty; every DMA has a bitmap
 * @blunt: groups that can dirty memory and don't tell
 * @why: why the call at work is refused
 * @error: why the last one was that was refused
 */
struct ioasid_container {
	bool v2;
	bool nesting;
	struct mutex devices_lock;
	struct list_head devices;
	struct mutex lock;
	struct ioasid_space *space;
	struct list_head groups;
	struct list_head emulated;
	bool ranged;
	struct rb_root dmas;
	u32 left;
	u32 adrift;
	bool tracking;
	u32 blunt;
	struct ioasid_error why;
	struct ioasid_error error;
};

/**
 * struct ioasid_container_group - a group in a container
 * @link: in container->groups or ->emulated
 * @iommu: the group
 * @lost: is attached to no address space: a join failed, and the way back, too
 * @precise: it dirties pages only that it has pinned
 */
struct ioasid_container_group {
	struct list_head link;
	struct iommu_group *iommu;
	bool lost;
	bool precise;
};

/**
 * struct ioasid_dma - a DMA
 * @node: in container->dmas
 * @iova: first IOVA
 * @last: last IOVA
 * @va: first address
 * @access: IOASID_MAP_READ, IOASID_MAP_WRITE
 * @mapped: in the address space
 * @adrift: has no valid address, until it is given a new one
 * @memory: whose; both references are held
 * @pages: of emulated devices, by IOVA
 * @bitmap: what is dirty, a bit a page, and room for 63 more; NULL when that isn't tracked
 */
struct ioasid_dma {
	struct rb_node node;
	u64 iova;
	u64 last;
	u64 va;
	u32 access;
	bool mapped;
	bool adrift;
	struct ioasid_space_memory memory;
	struct rb_root pages;
	unsigned long *bitmap;
};

/* A bitmap of user space has at most so many bytes, a DMA that has one so many pages. */
#define IOASID_DIRTY_BYTES_MAX (1ULL << 28)
#define IOASID_DIRTY_PAGES_MAX ((u64)INT_MAX)

static inline u64 ioasid_dma_pages(const struct ioasid_dma *dma)
{
	return (dma->last - dma->iova + 1) >> PAGE_SHIFT;
}

static inline struct ioasid_dma *ioasid_dma_of(struct rb_node *node)
{
	return rb_entry_safe(node, struct ioasid_dma, node);
}

/* container.c */
int ioasid_container_note(struct ioasid_container *container, int ret);

/* info.c */
long ioasid_container_extension(struct ioasid_container *container, unsigned long what);
long ioasid_container_info(struct ioasid_container *container, void __user *user);

/* group.c */
int ioasid_container_attach(void *data, struct iommu_group *iommu, enum vfio_group_type type);
void ioasid_container_detach(void *data, struct iommu_group *iommu);
void ioasid_container_detach_all(struct ioasid_container *container);
struct iommu_domain *ioasid_container_domain(void *data, struct iommu_group *iommu);
struct ioasid_container_group *ioasid_container_group(struct ioasid_container *container,
						      const struct iommu_group *iommu);

/* join.c */
long ioasid_container_join(struct ioasid_container *container, void __user *user);
long ioasid_container_error(struct ioasid_container *container, void __user *user);

/* dma.c */
long ioasid_container_map(struct ioasid_container *container, void __user *user);
long ioasid_container_unmap(struct ioasid_container *container, void __user *user);
struct ioasid_dma *ioasid_dma_find(struct ioasid_container *container, u64 iova, u64 last);
struct ioasid_dma *ioasid_dma_next(const struct ioasid_dma *dma, u64 last);
bool ioasid_dma_cuts(struct ioasid_container *container, u64 iova, u64 last);
int ioasid_dma_enter_all(struct ioasid_container *container);
void ioasid_dma_withdraw_all(struct ioasid_container *container);
void ioasid_dma_remove_all(struct ioasid_container *container);

/* dirty.c */
long ioasid_container_dirty(struct ioasid_container *container, void __user *user);
int ioasid_dirty_alloc(struct ioasid_dma *dma);
void ioasid_dirty_free(struct ioasid_dma *dma);
void ioasid_dirty_mark(struct ioasid_dma *dma, u64 iova, u64 length);
void ioasid_dirty_mark_all(struct ioasid_container *container);
int ioasid_dirty_check(const struct vfio_bitmap *bitmap, u64 length);
int ioasid_dirty_tell(struct ioasid_container *container, struct ioasid_dma *dma, u64 base,
		      const struct vfio_bitmap *bitmap);

/* emulated.c */
int ioasid_emulated_pin(void *data, struct iommu_group *iommu, dma_addr_t iova, int count, int prot,
			struct page **pages);
void ioasid_emulated_unpin(void *data, dma_addr_t iova, int count);
int ioasid_emulated_rw(void *data, dma_addr_t iova, void *buffer, size_t length, bool write);
void ioasid_emulated_register(void *data, struct vfio_device *device);
void ioasid_emulated_unregister(void *data, struct vfio_device *device);
void ioasid_emulated_tell_unmap(struct ioasid_container *container, const struct ioasid_dma *dma);
void ioasid_emulated_mark(struct ioasid_dma *dma);
void ioasid_emulated_drop(struct ioasid_dma *dma);

/* Parameters of the module, container.c. */
extern bool ioasid_vfio_unsafe_interrupts;

#endif /* IOASID_VFIO_CONTAINER_H */
