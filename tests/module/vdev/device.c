// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vdev: see ioasid-vdev.h.
 *
 * vdev->lock guards the list of pinned pages. It isn't held when VFIO is called, which may hold
 * locks of its own when it calls here. vdev->pinning is held while the list and VFIO disagree: who
 * is told of an unmap has to unpin all that VFIO knows of.
 */
#include "ioasid-vdev.h"

#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#define PAGES_MAX 4096
#define BYTES_MAX (4 << 20)

/* A page that is pinned, and how often. */
struct pinned {
	struct page *page;
	unsigned int count;
};

struct vdev {
	struct vfio_device vfio;
	struct mutex pinning;
	struct mutex lock;
	struct xarray pages; /* struct pinned, by number of the IOVA's page */
	u64 pinned;
	u32 told;
	u64 told_iova;
	u64 told_length;
};

static struct platform_device *devices[VDEV_DEVICES];

static struct vdev *vdev_of(struct vfio_device *vfio)
{
	return container_of(vfio, struct vdev, vfio);
}

static int note(struct vdev *vdev, u64 iova, struct page *page)
{
	struct pinned *pinned = xa_load(&vdev->pages, iova >> PAGE_SHIFT);
	int ret;

	lockdep_assert_held(&vdev->lock);
	if (!pinned) {
		pinned = kzalloc(sizeof(*pinned), GFP_KERNEL);
		if (!pinned)
			return -ENOMEM;
		pinned->page = page;
		ret = xa_err(xa_store(&vdev->pages, iova >> PAGE_SHIFT, pinned, GFP_KERNEL));
		if (ret) {
			kfree(pinned);
			return ret;
		}
	}
	/* VFIO gives the same page until the last unpin. */
	if (WARN_ON(pinned->page != page))
		return -EIO;
	pinned->count++;
	vdev->pinned++;
	return 0;
}

/* False when it isn't pinned. */
static bool forget(struct vdev *vdev, u64 iova)
{
	struct pinned *pinned = xa_load(&vdev->pages, iova >> PAGE_SHIFT);

	lockdep_assert_held(&vdev->lock);
	if (!pinned)
		return false;
	vdev->pinned--;
	if (--pinned->count)
		return true;
	xa_erase(&vdev->pages, iova >> PAGE_SHIFT);
	kfree(pinned);
	return true;
}

static int note_all(struct vdev *vdev, u64 iova, u32 count, struct page **pages)
{
	u32 i;
	int ret = 0;

	mutex_lock(&vdev->lock);
	for (i = 0; !ret && i < count; i++)
		ret = note(vdev, iova + i * PAGE_SIZE, pages[i]);
	if (ret)
		for (i--; i--;)
			forget(vdev, iova + i * PAGE_SIZE);
	mutex_unlock(&vdev->lock);
	return ret;
}

static void show(struct page **pages, u32 count, u64 *words)
{
	u32 i;

	for (i = 0; i < count; i++)
		memcpy_from_page((char *)&words[i], pages[i], 0, sizeof(*words));
}

static int vdev_pin(struct vdev *vdev, struct vdev_args *args)
{
	int prot = (args->flags & VDEV_READ ? IOMMU_READ : 0) |
		   (args->flags & VDEV_WRITE ? IOMMU_WRITE : 0);
	struct page **pages;
	int ret = -ENOMEM;
	u64 *words;

	if (args->count > PAGES_MAX)
		return -E2BIG;
	pages = kvcalloc(max(args->count, 1ULL), sizeof(*pages), GFP_KERNEL);
	words = kvcalloc(max(args->count, 1ULL), sizeof(*words), GFP_KERNEL);
	if (!pages || !words)
		goto out_free;
	mutex_lock(&vdev->pinning);
	ret = vfio_pin_pages(&vdev->vfio, args->iova, args->count, prot, pages);
	if (ret >= 0 && WARN_ON(ret != args->count))
		ret = -EIO;
	if (ret < 0)
		goto out;
	ret = note_all(vdev, args->iova, args->count, pages);
	if (ret)
		vfio_unpin_pages(&vdev->vfio, args->iova, args->count);
	else
		show(pages, args->count, words);
out:
	mutex_unlock(&vdev->pinning);
	if (!ret &&
	    copy_to_user(u64_to_user_ptr(args->buffer), words, args->count * sizeof(*words)))
		ret = -EFAULT;
out_free:
	kvfree(words);
	kvfree(pages);
	return ret;
}

static int vdev_unpin(struct vdev *vdev, struct vdev_args *args)
{
	int ret = 0;
	u64 i;

	mutex_lock(&vdev->pinning);
	mutex_lock(&vdev->lock);
	for (i = 0; !ret && i < args->count; i++)
		if (!xa_load(&vdev->pages, (args->iova >> PAGE_SHIFT) + i))
			ret = -ENOENT;
	for (i = 0; !ret && i < args->count; i++)
		forget(vdev, args->iova + i * PAGE_SIZE);
	mutex_unlock(&vdev->lock);
	if (!ret)
		vfio_unpin_pages(&vdev->vfio, args->iova, args->count);
	mutex_unlock(&vdev->pinning);
	return ret;
}

static int vdev_poke(struct vdev *vdev, struct vdev_args *args)
{
	struct pinned *pinned;

	mutex_lock(&vdev->lock);
	pinned = xa_load(&vdev->pages, args->iova >> PAGE_SHIFT);
	if (pinned)
		memcpy_to_page(pinned->page, 0, (char *)&args->value, sizeof(args->value));
	mutex_unlock(&vdev->lock);
	return pinned ? 0 : -ENOENT;
}

/* A read or write, perhaps on its way to a kernel thread. */
struct move {
	struct work_struct work;
	struct vdev *vdev;
	u64 iova;
	void *data;
	size_t length;
	bool write;
	int ret;
};

static void move(struct work_struct *work)
{
	struct move *m = container_of(work, struct move, work);

	m->ret = vfio_dma_rw(&m->vdev->vfio, m->iova, m->data, m->length, m->write);
}

static int vdev_rw(struct vdev *vdev, struct vdev_args *args)
{
	void __user *buffer = u64_to_user_ptr(args->buffer);
	struct move m = {
		.vdev = vdev,
		.iova = args->iova,
		.length = args->count,
		.write = args->flags & VDEV_WRITE,
	};

	if (args->count > BYTES_MAX)
		return -E2BIG;
	m.data = kvmalloc(max(args->count, 1ULL), GFP_KERNEL);
	if (!m.data)
		return -ENOMEM;
	m.ret = -EFAULT;
	if (m.write && copy_from_user(m.data, buffer, m.length))
		goto out;
	INIT_WORK_ONSTACK(&m.work, move);
	if (args->flags & VDEV_KTHREAD) {
		schedule_work(&m.work);
		flush_work(&m.work);
	} else {
		move(&m.work);
	}
	destroy_work_on_stack(&m.work);
	if (!m.ret && !m.write && copy_to_user(buffer, m.data, m.length))
		m.ret = -EFAULT;
out:
	kvfree(m.data);
	return m.ret;
}

static int vdev_state(struct vdev *vdev, struct vdev_args *args)
{
	mutex_lock(&vdev->lock);
	args->told = vdev->told;
	args->told_iova = vdev->told_iova;
	args->told_length = vdev->told_length;
	args->pinned = vdev->pinned;
	mutex_unlock(&vdev->lock);
	return 0;
}

static int run(struct vdev *vdev, unsigned int command, struct vdev_args *args)
{
	switch (command) {
	case VDEV_PIN:
		return vdev_pin(vdev, args);
	case VDEV_UNPIN:
		return vdev_unpin(vdev, args);
	case VDEV_POKE:
		return vdev_poke(vdev, args);
	case VDEV_RW:
		return vdev_rw(vdev, args);
	case VDEV_STATE:
		return vdev_state(vdev, args);
	default:
		return -ENOTTY;
	}
}

static long vdev_ioctl(struct vfio_device *vfio, unsigned int command, unsigned long arg)
{
	struct vdev_args args;
	int ret;

	if (_IOC_TYPE(command) != 'v')
		return -ENOTTY;
	if (copy_from_user(&args, (void __user *)arg, sizeof(args)))
		return -EFAULT;
	ret = run(vdev_of(vfio), command, &args);
	if (!ret && copy_to_user((void __user *)arg, &args, sizeof(args)))
		ret = -EFAULT;
	return ret;
}

/* Unpin what is pinned of a range, as often as it is. */
static void drop(struct vdev *vdev, u64 iova, u64 last)
{
	unsigned long first = iova >> PAGE_SHIFT, end = last >> PAGE_SHIFT, page = first;
	struct pinned *pinned;

	for (;;) {
		mutex_lock(&vdev->lock);
		pinned = xa_find(&vdev->pages, &page, end, XA_PRESENT);
		if (pinned)
			forget(vdev, (u64)page << PAGE_SHIFT);
		mutex_unlock(&vdev->lock);
		if (!pinned)
			break;
		vfio_unpin_pages(&vdev->vfio, (u64)page << PAGE_SHIFT, 1);
	}
}

static void vdev_dma_unmap(struct vfio_device *vfio, u64 iova, u64 length)
{
	struct vdev *vdev = vdev_of(vfio);

	mutex_lock(&vdev->lock);
	vdev->told++;
	vdev->told_iova = iova;
	vdev->told_length = length;
	mutex_unlock(&vdev->lock);
	mutex_lock(&vdev->pinning);
	drop(vdev, iova, iova + length - 1);
	mutex_unlock(&vdev->pinning);
}

static int vdev_open(struct vfio_device *vfio)
{
	struct vdev *vdev = vdev_of(vfio);

	vdev->told = 0;
	vdev->told_iova = 0;
	vdev->told_length = 0;
	return 0;
}

static void vdev_close(struct vfio_device *vfio)
{
	drop(vdev_of(vfio), 0, U64_MAX);
}

static int vdev_init(struct vfio_device *vfio)
{
	struct vdev *vdev = vdev_of(vfio);

	mutex_init(&vdev->pinning);
	mutex_init(&vdev->lock);
	xa_init(&vdev->pages);
	return 0;
}

static void vdev_release(struct vfio_device *vfio)
{
	xa_destroy(&vdev_of(vfio)->pages);
}

static const struct vfio_device_ops vdev_ops = {
	.name = VDEV_NAME,
	.init = vdev_init,
	.release = vdev_release,
	.open_device = vdev_open,
	.close_device = vdev_close,
	.ioctl = vdev_ioctl,
	.dma_unmap = vdev_dma_unmap,
	.bind_iommufd = vfio_iommufd_emulated_bind,
	.unbind_iommufd = vfio_iommufd_emulated_unbind,
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,
};

static int vdev_probe(struct platform_device *device)
{
	struct vdev *vdev = vfio_alloc_device(vdev, vfio, &device->dev, &vdev_ops);
	int ret;

	if (IS_ERR(vdev))
		return PTR_ERR(vdev);
	ret = vfio_register_emulated_iommu_dev(&vdev->vfio);
	if (ret) {
		vfio_put_device(&vdev->vfio);
		return ret;
	}
	platform_set_drvdata(device, vdev);
	return 0;
}

static void vdev_remove(struct platform_device *device)
{
	struct vdev *vdev = platform_get_drvdata(device);

	vfio_unregister_group_dev(&vdev->vfio);
	vfio_put_device(&vdev->vfio);
}

static struct platform_driver vdev_driver = {
	.driver.name = VDEV_NAME,
	.probe = vdev_probe,
	.remove = vdev_remove,
};

static void remove_devices(void)
{
	int i;

	for (i = 0; i < VDEV_DEVICES; i++)
		platform_device_unregister(devices[i]);
}

static int __init vdev_module_init(void)
{
	int i, ret;

	for (i = 0; i < VDEV_DEVICES; i++) {
		devices[i] = platform_device_register_simple(VDEV_NAME, i, NULL, 0);
		if (IS_ERR(devices[i])) {
			ret = PTR_ERR(devices[i]);
			devices[i] = NULL;
			goto out;
		}
	}
	ret = platform_driver_register(&vdev_driver);
	if (!ret)
		return 0;
out:
	remove_devices();
	return ret;
}

static void __exit vdev_module_exit(void)
{
	platform_driver_unregister(&vdev_driver);
	remove_devices();
}

module_init(vdev_module_init);
module_exit(vdev_module_exit);

MODULE_DESCRIPTION("Emulated VFIO devices, for tests");
MODULE_LICENSE("GPL");
