/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/ioasid-edu: edu devices that do DMA by address spaces of /dev/ioasid, for tests. They are
 * behind an IOMMU that the kernel drives.
 *
 * Each open file is at most one device, attached once. See docs/specs/edu of QEMU for what the
 * device can do.
 */
#ifndef IOASID_EDU_H
#define IOASID_EDU_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* A buffer inside the device, and the most that one DMA moves. */
#define EDU_BUFFER_SIZE 4096

/**
 * struct edu_about - EDU_ABOUT: what there is
 * @devices: out: how many
 * @group: out: number of the first one's IOMMU group
 * @name: out: its PCI address
 */
struct edu_about {
	__u32 devices;
	__u32 group;
	char name[32];
};

/**
 * struct edu_attach - EDU_ATTACH: let a device do DMA by an address space
 * @fd: in: a file of /dev/ioasid
 * @ioas_id: in: the address space
 * @device: in: number of the device
 */
struct edu_attach {
	__s32 fd;
	__u32 ioas_id;
	__u32 device;
};

/**
 * struct edu_dma - EDU_DMA: have the device move data; returns when it has
 * @iova: in: where
 * @length: in: bytes, at most EDU_BUFFER_SIZE
 * @offset: in: in the device's buffer
 * @write: in: 1: from the buffer to the IOVA; 0: from the IOVA to the buffer
 */
struct edu_dma {
	__u64 iova;
	__u32 length;
	__u32 offset;
	__u32 write;
	__u32 __reserved;
};

#define EDU_ABOUT _IOR('d', 0, struct edu_about)
#define EDU_ATTACH _IOW('d', 1, struct edu_attach)
#define EDU_DETACH _IO('d', 2)
#define EDU_DMA _IOW('d', 3, struct edu_dma)

#endif /* IOASID_EDU_H */
