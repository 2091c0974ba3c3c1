// SPDX-License-Identifier: GPL-2.0-only
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "check.h"

int vfio_call(int fd, unsigned long request, uintptr_t arg)
{
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

int container_open(void)
{
	int container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);

	if (container < 0)
		fail("/dev/vfio/vfio: %m");
	return container;
}

int container_set_iommu(int container, unsigned long type)
{
	return vfio_call(container, VFIO_SET_IOMMU, type);
}

int container_map(int container, void *va, uint64_t length, uint64_t iova, uint32_t flags)
{
	struct vfio_iommu_type1_dma_map arg = {
		.argsz = sizeof(arg),
		.flags = flags,
		.vaddr = (uintptr_t)va,
		.iova = iova,
		.size = length,
	};

	return vfio_call(container, VFIO_IOMMU_MAP_DMA, (uintptr_t)&arg);
}

static int unmap_call(int container, uint32_t flags, uint64_t iova, uint64_t length,
		      uint64_t *out_unmapped)
{
	struct vfio_iommu_type1_dma_unmap arg = {
		.argsz = sizeof(arg),
		.flags = flags,
		.iova = iova,
		.size = length,
	};
	int ret = vfio_call(container, VFIO_IOMMU_UNMAP_DMA, (uintptr_t)&arg);

	if (out_unmapped)
		*out_unmapped = arg.size;
	return ret;
}

int container_unmap(int container, uint64_t iova, uint64_t length, uint64_t *out_unmapped)
{
	return unmap_call(container, 0, iova, length, out_unmapped);
}

int container_unmap_all(int container, uint64_t *out_unmapped)
{
	return unmap_call(container, VFIO_DMA_UNMAP_FLAG_ALL, 0, 0, out_unmapped);
}
