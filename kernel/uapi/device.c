// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device: hardware of another driver that does DMA by an address space of an open file; see
 * include/linux/ioasid.h.
 *
 * A device has a reference to the address space's object, as a client has. It owns the DMA of its
 * whole IOMMU group in the name of the address space, so several devices of one group can be
 * attached to the same address space, and to no other.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/ioasid.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "fault.h"
#include "ioas/group.h"
#include "ioas/ioas.h"
#include "uapi/file.h"
#include "uapi/object.h"

static bool allow_unsafe_interrupts;
module_param(allow_unsafe_interrupts, bool, 0644);
MODULE_PARM_DESC(
	allow_unsafe_interrupts,
	"Attach devices although there is no interrupt remapping: whoever drives one can send any interrupt");

struct ioasid_device {
	struct ioasid_object *object;
	struct device *dev;
	struct iommu_group *group;
};

/* Attach a device that is complete but for its group. */
static int attach(struct ioasid_device *device)
{
	struct ioasid_ioas *ioas = device->object->ioas;
	struct ioasid_refusal why = {};
	int ret;

	device->group = iommu_group_get(device->dev);
	if (!device->group)
		return -ENODEV;
	ret = -EPERM;
	if (!allow_unsafe_interrupts && !iommu_group_has_isolated_msi(device->group))
		goto out_put;
	ret = ioasid_fault() ? -ENOMEM : iommu_device_claim_dma_owner(device->dev, ioas);
	if (ret)
		goto out_put;
	ret = ioasid_ioas_attach_group(ioas, device->group, 0, &why);
	if (ret)
		goto out_release;
	return 0;

out_release:
	iommu_device_release_dma_owner(device->dev);
out_put:
	iommu_group_put(device->group);
	return ret;
}

/**
 * ioasid_device_attach() - let a device do DMA by an address space
 * @file: an open file of /dev/ioasid
 * @ioas_id: the address space
 * @dev: the device; a driver of the kernel that doesn't use the DMA API with it is bound to it, the
 *	caller
 *
 * The device reaches what is mapped, under its IOVAs, and nothing else, until
 * ioasid_device_detach(). As long as it is attached the address space can't be destroyed (EBUSY);
 * when the file is closed it stays, with all mappings, until the last device is detached.
 *
 * Context: may sleep.
 * Return: the device, or an ERR_PTR: -EBADF when @file is none of ours; -ENOENT; -ENODEV when the
 * device is not behind an IOMMU; -EPERM when its group is somebody else's, be it a driver that uses
 * the DMA API, or when interrupts are not remapped (see the module's parameter
 * allow_unsafe_interrupts); -EBUSY when something is allowed (IOASID_ALLOW_IOVAS) that the hardware
 * does not translate; -EINVAL when something is mapped there; -ENOMEM; what else the IOMMU's driver
 * says.
 */
struct ioasid_device *ioasid_device_attach(struct file *file, u32 ioas_id, struct device *dev)
{
	struct ioasid_file *ours = ioasid_file_of(file);
	struct ioasid_device *device;
	struct ioasid_object *object;
	int ret = -ENOMEM;

	if (!ours)
		return ERR_PTR(-EBADF);
	object = ioasid_object_get(ours, ioas_id, IOASID_OBJECT_IOAS);
	if (!object)
		return ERR_PTR(-ENOENT);
	device = ioasid_fault() ? NULL : kzalloc(sizeof(*device), GFP_KERNEL_ACCOUNT);
	if (!device)
		goto out_put;
	device->object = object;
	device->dev = dev;
	ret = attach(device);
	if (ret)
		goto out_free;
	return device;

out_free:
	kfree(device);
out_put:
	ioasid_object_put(object);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(ioasid_device_attach);

/**
 * ioasid_device_detach() - the device reaches nothing any more
 * @device: the device; freed. It has to be quiet: what it still does is refused
 *
 * Context: may sleep.
 */
void ioasid_device_detach(struct ioasid_device *device)
{
	ioasid_ioas_detach_group(device->object->ioas, device->group);
	iommu_device_release_dma_owner(device->dev);
	iommu_group_put(device->group);
	ioasid_object_put(device->object);
	kfree(device);
}
EXPORT_SYMBOL_GPL(ioasid_device_detach);
