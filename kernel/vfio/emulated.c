// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated: what drivers of emulated devices (mdev) ask for: pages of a DMA one by one, and copies
 * of its bytes.
 *
 * A page stays what it was when a device first asked for it, until the last one has let go of it.
 * Before a DMA with pages goes, the devices that want to know are told, and let go.
 *
 * container->lock guards the pages; devices_lock is held while devices are told, and lock is not.
 */
#include <linux/iommu.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "compat.h"
#include "fault.h"
#include "vfio/container.h"

/**
 * struct dma_page - a page of a DMA that emulated devices have
 * @node: in dma->pages
 * @iova: its IOVA
 * @refs: how often they asked for it
 * @pinned: the page
 */
struct dma_page {
	struct rb_node node;
	u64 iova;
	u32 refs;
	struct ioasid_page pinned;
};

static struct dma_page *page_of(struct rb_node *node)
{
	return rb_entry_safe(node, struct dma_page, node);
}

static bool page_less(struct rb_node *a, const struct rb_node *b)
{
	return page_of(a)->iova < rb_entry(b, struct dma_page, node)->iova;
}

static struct dma_page *find_page(const struct ioasid_dma *dma, u64 iova)
{
	struct rb_node *node = dma->pages.rb_node;
	struct dma_page *page;

	while (node) {
		page = page_of(node);
		if (page->iova == iova)
			return page;
		node = iova < page->iova ? node->rb_left : node->rb_right;
	}
	return NULL;
}

static void free_page_of(struct ioasid_dma *dma, struct dma_page *page)
{
	rb_erase(&page->node, &dma->pages);
	ioasid_page_unpin(&page->pinned);
	kfree(page);
}

/* Is there device memory, which has no pages? */
static bool is_device_memory(struct mm_struct *mm, u64 va)
{
	struct vm_area_struct *vma;
	bool is;

	if (!mmget_not_zero(mm))
		return false;
	mmap_read_lock(mm);
	vma = vma_lookup(mm, va);
	is = vma && vma->vm_flags & VM_PFNMAP;
	mmap_read_unlock(mm);
	mmput(mm);
	return is;
}

static int add_page(struct ioasid_container *container, struct ioasid_dma *dma, u64 iova,
		    struct dma_page **added)
{
	u64 va = dma->va + (iova - dma->iova);
	struct dma_page *page;
	int ret;

	page = ioasid_fault() ? NULL : kzalloc(sizeof(*page), GFP_KERNEL_ACCOUNT);
	if (!page)
		return -ENOMEM;
	ret = ioasid_page_pin(&dma->memory, va, dma->access & IOASID_MAP_WRITE, &page->pinned,
			      &container->why);
	if (ret) {
		kfree(page);
		return ret == -EFAULT && is_device_memory(dma->memory.mm, va) ? -EINVAL : ret;
	}
	page->iova = iova;
	rb_add(&page->node, &dma->pages, page_less);
	if (container->tracking)
		ioasid_dirty_mark(dma, iova, PAGE_SIZE);
	*added = page;
	return 0;
}

static int get_page_at(struct ioasid_container *container, u64 iova, unsigned int access,
		       struct page **page)
{
	struct ioasid_dma *dma = ioasid_dma_find(container, iova, iova + PAGE_SIZE - 1);
	struct dma_page *found;
	int ret;

	if (!dma)
		return -EINVAL;
	if (access & ~dma->access)
		return -EPERM;
	found = find_page(dma, iova);
	if (!found) {
		ret = add_page(container, dma, iova, &found);
		if (ret)
			return ret;
	}
	found->refs++;
	*page = found->pinned.page;
	return 0;
}

/* Return false when there is no DMA. */
static bool put_page_at(struct ioasid_container *container, u64 iova)
{
	struct ioasid_dma *dma = ioasid_dma_find(container, iova, iova + PAGE_SIZE - 1);
	struct dma_page *page;

	if (!dma)
		return false;
	page = find_page(dma, iova);
	if (page && !--page->refs)
		free_page_of(dma, page);
	return true;
}

static int get_pages(struct ioasid_container *container, u64 iova, int count, unsigned int access,
		     struct page **pages)
{
	int i, ret;

	for (i = 0; i < count; i++) {
		ret = get_page_at(container, iova + i * PAGE_SIZE, access, &pages[i]);
		if (ret)
			break;
	}
	if (i == count)
		return 0;
	pages[i] = NULL;
	while (i--) {
		put_page_at(container, iova + i * PAGE_SIZE);
		pages[i] = NULL;
	}
	return ret;
}

/* From now on the group dirties only what it pins. */
static void make_precise(struct ioasid_container *container, const struct iommu_group *iommu)
{
	struct ioasid_container_group *group = ioasid_container_group(container, iommu);

	if (!group || group->precise)
		return;
	group->precise = true;
	container->blunt--;
}

static int check_pages(dma_addr_t iova, int count)
{
	u64 length, last;

	if (count <= 0)
		return -EINVAL;
	length = (u64)count << PAGE_SHIFT;
	return check_add_overflow((u64)iova, length - 1, &last) ? -IOASID_VFIO_EOVERFLOW : 0;
}

/**
 * ioasid_emulated_pin() - a device asks for pages
 * @data: the container
 * @iommu: the device's group
 * @iova: first IOVA
 * @count: pages
 * @prot: IOMMU_READ, IOMMU_WRITE: what the DMAs have to permit
 * @pages: filled
 *
 * Return: how many, which is @count; -EINVAL; -EACCES for the first version of the interface;
 * -EPERM; -EBUSY while a DMA is adrift; as ioasid_page_pin().
 */
int ioasid_emulated_pin(void *data, struct iommu_group *iommu, dma_addr_t iova, int count, int prot,
			struct page **pages)
{
	unsigned int access = (prot & IOMMU_READ ? IOASID_MAP_READ : 0) |
			      (prot & IOMMU_WRITE ? IOASID_MAP_WRITE : 0);
	struct ioasid_container *container = data;
	int ret;

	if (!container || !pages)
		return -EINVAL;
	if (!container->v2)
		return -EACCES;
	ret = check_pages(iova, count);
	if (ret)
		return ret;
	mutex_lock(&container->lock);
	if (WARN_ONCE(container->adrift, "pages can't be pinned while a DMA has no address\n"))
		ret = -EBUSY;
	else if (list_empty(&container->devices))
		ret = -EINVAL;
	else
		ret = get_pages(container, iova, count, access, pages);
	if (!ret)
		make_precise(container, iommu);
	ioasid_container_note(container, ret);
	mutex_unlock(&container->lock);
	return ret ?: count;
}

/**
 * ioasid_emulated_unpin() - a device lets go of pages
 * @data: the container
 * @iova: first IOVA
 * @count: pages
 */
void ioasid_emulated_unpin(void *data, dma_addr_t iova, int count)
{
	struct ioasid_container *container = data;
	int i;

	if (WARN_ON(!container->v2 || check_pages(iova, count)))
		return;
	mutex_lock(&container->lock);
	for (i = 0; i < count; i++)
		if (!put_page_at(container, iova + i * PAGE_SIZE))
			break;
	mutex_unlock(&container->lock);
	WARN_ON(i != count);
}

static size_t copy(struct ioasid_dma *dma, u64 iova, void *buffer, size_t length, bool write)
{
	void __user *user = (void __user *)(unsigned long)(dma->va + (iova - dma->iova));
	struct mm_struct *mm = dma->memory.mm;
	bool kthread = !current->mm;
	size_t left;

	if (kthread)
		kthread_use_mm(mm);
	else if (current->mm != mm)
		return 0;
	left = write ? copy_to_user(user, buffer, length) : copy_from_user(buffer, user, length);
	if (kthread)
		kthread_unuse_mm(mm);
	return left ? 0 : length;
}

/* Copy what is in one DMA. Return how much, or a negative errno. */
static ssize_t rw_part(struct ioasid_container *container, u64 iova, void *buffer, size_t length,
		       bool write)
{
	struct ioasid_dma *dma = ioasid_dma_find(container, iova, iova);
	struct mm_struct *mm;

	if (!dma)
		return -EINVAL;
	if ((write && !(dma->access & IOASID_MAP_WRITE)) || !(dma->access & IOASID_MAP_READ))
		return -EPERM;
	mm = dma->memory.mm;
	if (!mmget_not_zero(mm))
		return -EPERM;
	length = min_t(u64, length - 1, dma->last - iova) + 1;
	length = copy(dma, iova, buffer, length, write);
	if (length && write && container->tracking)
		ioasid_dirty_mark(dma, iova, length);
	mmput(mm);
	return length ?: -EFAULT;
}

/**
 * ioasid_emulated_rw() - a device reads or writes bytes
 * @data: the container
 * @iova: first IOVA
 * @buffer: kernel memory
 * @length: bytes; may span DMAs
 * @write: to the DMA
 *
 * Return: 0; -EINVAL where there is no DMA; -EPERM; -EFAULT; -EBUSY while a DMA is adrift. A part
 * may have been copied then.
 */
int ioasid_emulated_rw(void *data, dma_addr_t iova, void *buffer, size_t length, bool write)
{
	struct ioasid_container *container = data;
	ssize_t n = 0;

	mutex_lock(&container->lock);
	if (WARN_ONCE(container->adrift, "memory can't be used while a DMA has no address\n"))
		n = -EBUSY;
	for (; n >= 0 && length; length -= n, buffer += n, iova += n) {
		n = rw_part(container, iova, buffer, length, write);
		if (n < 0)
			break;
	}
	mutex_unlock(&container->lock);
	return min(n, 0);
}

/**
 * ioasid_emulated_register() - a device wants to be told of unmaps
 * @data: the container
 * @device: the device; it isn't told if it has no way to hear it
 */
void ioasid_emulated_register(void *data, struct vfio_device *device)
{
	struct ioasid_container *container = data;

	if (!device->ops->dma_unmap)
		return;
	mutex_lock(&container->devices_lock);
	mutex_lock(&container->lock);
	list_add(&device->iommu_entry, &container->devices);
	mutex_unlock(&container->lock);
	mutex_unlock(&container->devices_lock);
}

/**
 * ioasid_emulated_unregister() - a device is told no longer
 * @data: the container
 * @device: the device
 */
void ioasid_emulated_unregister(void *data, struct vfio_device *device)
{
	struct ioasid_container *container = data;

	if (!device->ops->dma_unmap)
		return;
	mutex_lock(&container->devices_lock);
	mutex_lock(&container->lock);
	list_del(&device->iommu_entry);
	mutex_unlock(&container->lock);
	mutex_unlock(&container->devices_lock);
}

/**
 * ioasid_emulated_tell_unmap() - devices have to let go of the pages of a DMA
 * @container: the container, locked; the lock is given up meanwhile
 * @dma: the DMA; may be gone when this returns
 */
void ioasid_emulated_tell_unmap(struct ioasid_container *container, const struct ioasid_dma *dma)
{
	u64 iova = dma->iova, length = dma->last - dma->iova + 1;
	struct vfio_device *device;

	mutex_unlock(&container->lock);
	mutex_lock(&container->devices_lock);
	list_for_each_entry(device, &container->devices, iommu_entry)
		device->ops->dma_unmap(device, iova, length);
	mutex_unlock(&container->devices_lock);
	mutex_lock(&container->lock);
}

/**
 * ioasid_emulated_mark() - the pages that devices have are dirty
 * @dma: the DMA, which has a bitmap
 */
void ioasid_emulated_mark(struct ioasid_dma *dma)
{
	struct rb_node *node;

	for (node = rb_first(&dma->pages); node; node = rb_next(node))
		ioasid_dirty_mark(dma, page_of(node)->iova, PAGE_SIZE);
}

/**
 * ioasid_emulated_drop() - let go of the pages that devices have forgotten
 * @dma: the DMA, which goes
 */
void ioasid_emulated_drop(struct ioasid_dma *dma)
{
	struct dma_page *page;

	WARN_ON(!RB_EMPTY_ROOT(&dma->pages));
	while ((page = page_of(rb_first(&dma->pages))))
		free_page_of(dma, page);
}
