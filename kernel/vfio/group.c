// SPDX-License-Identifier: GPL-2.0-only
/*
 * Group: groups come to a container and leave it.
 *
 * With the first real group all DMAs are mapped; with the last one they are unmapped again, and
 * gone, unless there are emulated groups to use them. A container without groups has no DMAs:
 * whoever has no device has no business with an address space.
 */
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/slab.h>

#include "fault.h"
#include "vfio/container.h"

static struct ioasid_container_group *find(struct list_head *groups,
					   const struct iommu_group *iommu)
{
	struct ioasid_container_group *group;

	list_for_each_entry(group, groups, link)
		if (group->iommu == iommu)
			return group;
	return NULL;
}

/**
 * ioasid_container_group() - a group of a container
 * @container: the container, locked
 * @iommu: the group
 *
 * Return: NULL when it has no such group.
 */
struct ioasid_container_group *ioasid_container_group(struct ioasid_container *container,
						      const struct iommu_group *iommu)
{
	return find(&container->groups, iommu) ?: find(&container->emulated, iommu);
}

static int attach_emulated(struct ioasid_container *container, struct ioasid_container_group *group)
{
	group->precise = true;
	list_add(&group->link, &container->emulated);
	return 0;
}

static int attach_space(struct ioasid_container *container, struct iommu_group *iommu)
{
	int ret = ioasid_space_attach_group(container->space, iommu, &container->why);

	/* What is mapped doesn't go with the device: VFIO's errno for that is another. */
	return ret == -ERANGE || ret == -EEXIST ? -EINVAL : ret;
}

static int attach_real(struct ioasid_container *container, struct ioasid_container_group *group)
{
	int ret;

	if (container->nesting)
		return -EINVAL;
	if (!ioasid_vfio_unsafe_interrupts && !iommu_group_has_isolated_msi(group->iommu)) {
		container->why.stage = IOASID_STAGE_TABLE;
		container->why.reason = IOASID_REASON_INTERRUPTS;
		return -EPERM;
	}
	ret = attach_space(container, group->iommu);
	if (ret)
		return ret;
	if (list_empty(&container->groups))
		ret = ioasid_dma_enter_all(container);
	if (ret) {
		ioasid_space_detach_group(container->space, group->iommu);
		return ret;
	}
	list_add(&group->link, &container->groups);
	container->ranged = true;
	container->blunt++;
	return 0;
}

static int attach(struct ioasid_container *container, struct iommu_group *iommu, bool emulated)
{
	struct ioasid_container_group *group;
	int ret;

	/* DMAs may have to be pinned. */
	if (container->adrift)
		return -EBUSY;
	if (ioasid_container_group(container, iommu))
		return -EINVAL;
	group = ioasid_fault() ? NULL : kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);
	if (!group)
		return -ENOMEM;
	group->iommu = iommu;
	ret = emulated ? attach_emulated(container, group) : attach_real(container, group);
	if (ret)
		kfree(group);
	return ret;
}

/**
 * ioasid_container_attach() - a group comes to a container
 * @data: the container
 * @iommu: the group; VFIO's core has the DMA ownership
 * @type: what is behind its devices
 *
 * Return: 0 or a negative errno.
 */
int ioasid_container_attach(void *data, struct iommu_group *iommu, enum vfio_group_type type)
{
	struct ioasid_container *container = data;
	int ret;

	mutex_lock(&container->lock);
	ret = attach(container, iommu, type == VFIO_EMULATED_IOMMU);
	ioasid_container_note(container, ret);
	mutex_unlock(&container->lock);
	return ret;
}

static void detach_emulated(struct ioasid_container *container,
			    struct ioasid_container_group *group)
{
	list_del(&group->link);
	if (!list_empty(&container->emulated) || !list_empty(&container->groups))
		return;
	WARN_ON_ONCE(!list_empty(&container->devices));
	ioasid_dma_remove_all(container);
}

/* First the devices, so that whatever is unmapped then is out of their reach already. */
static void detach_real(struct ioasid_container *container, struct ioasid_container_group *group)
{
	list_del(&group->link);
	if (!group->lost)
		ioasid_space_detach_group(container->space, group->iommu);
	if (!list_empty(&container->groups))
		return;
	if (!list_empty(&container->emulated)) {
		ioasid_dma_withdraw_all(container);
		return;
	}
	WARN_ON_ONCE(!list_empty(&container->devices));
	ioasid_dma_remove_all(container);
}

/**
 * ioasid_container_detach() - a group leaves a container
 * @data: the container
 * @iommu: the group
 */
void ioasid_container_detach(void *data, struct iommu_group *iommu)
{
	struct ioasid_container *container = data;
	struct ioasid_container_group *group;
	bool blunt = false;

	mutex_lock(&container->lock);
	group = find(&container->emulated, iommu);
	if (group) {
		detach_emulated(container, group);
	} else {
		group = find(&container->groups, iommu);
		if (group)
			detach_real(container, group);
	}
	if (group)
		blunt = !group->precise;
	kfree(group);
	/* What it has dirtied nobody knows any more. */
	container->blunt -= blunt;
	if (blunt && container->tracking)
		ioasid_dirty_mark_all(container);
	mutex_unlock(&container->lock);
}

/**
 * ioasid_container_detach_all() - the container ends: all groups leave
 * @container: the container, locked
 */
void ioasid_container_detach_all(struct ioasid_container *container)
{
	struct ioasid_container_group *group, *next;

	list_for_each_entry_safe(group, next, &container->emulated, link) {
		list_del(&group->link);
		kfree(group);
	}
	list_for_each_entry_safe(group, next, &container->groups, link) {
		detach_real(container, group);
		kfree(group);
	}
}

static int domain_of_device(struct device *device, void *domain)
{
	*(struct iommu_domain **)domain = iommu_get_domain_for_dev(device);
	return 1;
}

/**
 * ioasid_container_domain() - what the IOMMU has of a group
 * @data: the container
 * @iommu: the group
 *
 * Return: its domain, or an ERR_PTR: -EINVAL, -ENODEV.
 */
struct iommu_domain *ioasid_container_domain(void *data, struct iommu_group *iommu)
{
	struct ioasid_container *container = data;
	struct iommu_domain *domain = NULL;

	if (!container || !iommu)
		return ERR_PTR(-EINVAL);
	mutex_lock(&container->lock);
	if (find(&container->groups, iommu))
		iommu_group_for_each_dev(iommu, &domain, domain_of_device);
	mutex_unlock(&container->lock);
	return domain ?: ERR_PTR(-ENODEV);
}
