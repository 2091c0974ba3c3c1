/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PCI device in the hands of this process, by VFIO: its registers, and the address space in which
 * it reads and writes memory.
 *
 * container	holds the address space of the groups that are in it
 * group	the devices that the IOMMU can't tell from each other
 * IOVA		an address as the device has it
 */
#ifndef EXAMPLES_NVME_VFIO_H
#define EXAMPLES_NVME_VFIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vfio {
	int container, group, device;
	int ioasid; /* an open /dev/ioasid where the address space is one of its; else -1 */
	uint32_t ioas_id;
	uint64_t next_iova; /* where the container's next mapping goes */
};

/**
 * vfio_open - take a device that is bound to vfio-pci, reset it, and let it do DMA
 * @address: such as 0000:00:05.0
 * @ioas: make the address space with /dev/ioasid, and have the container join it
 *
 * Returns 0, or -1 when it has told what failed; as do the others.
 */
int vfio_open(struct vfio *vfio, const char *address, bool ioas);
void vfio_close(struct vfio *vfio);

/**
 * vfio_map - let the device read and write memory
 * @iova: in: where, or 0 for anywhere; out: where
 */
int vfio_map(struct vfio *vfio, void *memory, size_t length, uint64_t *iova);

/**
 * vfio_unmap - when it returns, the device reaches that memory no more
 */
int vfio_unmap(struct vfio *vfio, uint64_t iova, size_t length);

/**
 * vfio_registers - the device's registers of a BAR, @length bytes, or NULL
 */
volatile void *vfio_registers(struct vfio *vfio, unsigned int bar, size_t *length);

#endif /* EXAMPLES_NVME_VFIO_H */
