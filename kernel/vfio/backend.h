/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Backend: what VFIO's core asks of the driver of a container's IOMMU.
 *
 * The core exports the two functions below to any module, but has the types in a header of its own
 * that no headers package contains; so they are declared here once more. They have been the same
 * since 6.2. scripts/module compares them with the BTF of the kernel that it builds for, and fails
 * when they differ.
 */
#ifndef IOASID_VFIO_BACKEND_H
#define IOASID_VFIO_BACKEND_H

#include <linux/types.h>

struct iommu_domain;
struct iommu_group;
struct module;
struct page;
struct vfio_device;

/**
 * enum vfio_group_type - what is behind a group's devices
 * @VFIO_IOMMU: an IOMMU
 * @VFIO_EMULATED_IOMMU: software, which asks for pages one by one
 * @VFIO_NO_IOMMU: nothing; the core never offers such a group to us
 */
enum vfio_group_type {
	VFIO_IOMMU,
	VFIO_EMULATED_IOMMU,
	VFIO_NO_IOMMU,
};

/* In the order of the core's. */
struct vfio_iommu_driver_ops {
	char *name;
	struct module *owner;
	void *(*open)(unsigned long arg);
	void (*release)(void *iommu_data);
	long (*ioctl)(void *iommu_data, unsigned int cmd, unsigned long arg);
	int (*attach_group)(void *iommu_data, struct iommu_group *group, enum vfio_group_type type);
	void (*detach_group)(void *iommu_data, struct iommu_group *group);
	int (*pin_pages)(void *iommu_data, struct iommu_group *group, dma_addr_t user_iova,
			 int npage, int prot, struct page **pages);
	void (*unpin_pages)(void *iommu_data, dma_addr_t user_iova, int npage);
	void (*register_device)(void *iommu_data, struct vfio_device *vdev);
	void (*unregister_device)(void *iommu_data, struct vfio_device *vdev);
	int (*dma_rw)(void *iommu_data, dma_addr_t user_iova, void *data, size_t count, bool write);
	struct iommu_domain *(*group_iommu_domain)(void *iommu_data, struct iommu_group *group);
};

int vfio_register_iommu_driver(const struct vfio_iommu_driver_ops *ops);
void vfio_unregister_iommu_driver(const struct vfio_iommu_driver_ops *ops);

#endif /* IOASID_VFIO_BACKEND_H */
