// SPDX-License-Identifier: GPL-2.0-only
/*
 * Container: see container.h. Its life, its calls, and the module.
 *
 * VFIO's core opens a container with VFIO_SET_IOMMU, attaches the groups that it has, and passes on
 * all calls that it doesn't know itself. What the calls do and which errno they fail with is VFIO
 * type1's, to the letter where user space can see it. Where its versions differ, ours is the one of
 * the kernel that we are built for (compat.h).
 *
 * The core keeps the module while there is a container.
 */
#include "vfio/container.h"

#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vfio.h>

#include "compat.h"
#include "fault.h"

bool ioasid_vfio_unsafe_interrupts;
module_param_named(allow_unsafe_interrupts, ioasid_vfio_unsafe_interrupts, bool, 0644);
MODULE_PARM_DESC(allow_unsafe_interrupts,
		 "let devices be used whose interrupts the IOMMU doesn't isolate");

static unsigned int dma_entry_limit = UINT_MAX;
module_param(dma_entry_limit, uint, 0644);
MODULE_PARM_DESC(dma_entry_limit, "as many DMA mappings a container may have");

/**
 * ioasid_container_note() - keep why a call was refused
 * @container: the container, locked
 * @ret: what the call returns
 *
 * Return: @ret.
 */
int ioasid_container_note(struct ioasid_container *container, int ret)
{
	lockdep_assert_held(&container->lock);
	/* Who is to be called again hears nothing of it. */
	if (ret < 0 && ret != -ERESTARTNOINTR) {
		container->error = container->why;
		container->error.code = -ret;
		if (!container->error.stage)
			container->error.stage = IOASID_STAGE_CHECK;
	}
	container->why = (struct ioasid_error){};
	return ret;
}

static void *container_open(unsigned long type)
{
	struct ioasid_container *container;

	container = ioasid_fault() ? NULL : kzalloc(sizeof(*container), GFP_KERNEL_ACCOUNT);
	if (!container)
		return ERR_PTR(-ENOMEM);
	container->space = ioasid_space_alloc();
	if (IS_ERR(container->space)) {
		kfree(container);
		return ERR_PTR(-ENOMEM);
	}
	container->v2 = type != VFIO_TYPE1_IOMMU;
	container->nesting = IOASID_VFIO_NESTING(type);
	container->left = dma_entry_limit;
	mutex_init(&container->lock);
	mutex_init(&container->devices_lock);
	INIT_LIST_HEAD(&container->devices);
	INIT_LIST_HEAD(&container->groups);
	INIT_LIST_HEAD(&container->emulated);
	container->dmas = RB_ROOT;
	return container;
}

static void container_release(void *data)
{
	struct ioasid_container *container = data;

	mutex_lock(&container->lock);
	ioasid_container_detach_all(container);
	ioasid_dma_remove_all(container);
	mutex_unlock(&container->lock);
	ioasid_space_close(container->space);
	kfree(container);
}

static long container_ioctl(void *data, unsigned int command, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	switch (command) {
	case VFIO_CHECK_EXTENSION:
		return ioasid_container_extension(data, arg);
	case VFIO_IOMMU_GET_INFO:
		return ioasid_container_info(data, user);
	case VFIO_IOMMU_MAP_DMA:
		return ioasid_container_map(data, user);
	case VFIO_IOMMU_UNMAP_DMA:
		return ioasid_container_unmap(data, user);
	case VFIO_IOMMU_DIRTY_PAGES:
		return ioasid_container_dirty(data, user);
	case IOASID_VFIO_JOIN:
		return ioasid_container_join(data, user);
	case IOASID_VFIO_ERROR:
		return ioasid_container_error(data, user);
	}
	return -ENOTTY;
}

static const struct vfio_iommu_driver_ops container_ops = {
	.name = "ioasid-vfio",
	.owner = THIS_MODULE,
	.open = container_open,
	.release = container_release,
	.ioctl = container_ioctl,
	.attach_group = ioasid_container_attach,
	.detach_group = ioasid_container_detach,
	.pin_pages = ioasid_emulated_pin,
	.unpin_pages = ioasid_emulated_unpin,
	.register_device = ioasid_emulated_register,
	.unregister_device = ioasid_emulated_unregister,
	.dma_rw = ioasid_emulated_rw,
	.group_iommu_domain = ioasid_container_domain,
};

static int __init container_init(void)
{
	return vfio_register_iommu_driver(&container_ops);
}

static void __exit container_exit(void)
{
	vfio_unregister_iommu_driver(&container_ops);
}

module_init(container_init);
module_exit(container_exit);

MODULE_DESCRIPTION("Lets VFIO's containers use ioasid");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
