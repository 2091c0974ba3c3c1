/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Containers of VFIO and their calls: a result that is not negative, or a negative errno.
 */
#ifndef CONTAINER_H
#define CONTAINER_H

#include <linux/vfio.h>
#include <stdint.h>

#define MAP_READ VFIO_DMA_MAP_FLAG_READ
#define MAP_WRITE VFIO_DMA_MAP_FLAG_WRITE
#define MAP_BOTH (MAP_READ | MAP_WRITE)

/* On any descriptor of VFIO; arg is a number or an address. */
int vfio_call(int fd, unsigned long request, uintptr_t arg);

/* An empty one: it has no IOMMU before a group is in it. */
int container_open(void);
int container_set_iommu(int container, unsigned long type);

int container_map(int container, void *va, uint64_t length, uint64_t iova, uint32_t flags);
/* out_unmapped may be NULL. */
int container_unmap(int container, uint64_t iova, uint64_t length, uint64_t *out_unmapped);
int container_unmap_all(int container, uint64_t *out_unmapped);

#endif /* CONTAINER_H */
