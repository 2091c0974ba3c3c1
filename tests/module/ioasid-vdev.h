/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * ioasid-vdev: emulated VFIO devices, for tests. They do nothing but what they are told to by
 * ioctl on the device's file: pin pages by IOVA, look into them, read and write memory by IOVA.
 *
 * VDEV_PIN	pin count pages from iova on, with the rights VDEV_READ, VDEV_WRITE in flags; buffer
 *		gets the first eight bytes of each
 * VDEV_UNPIN	undo it, for any of the pages; ENOENT when one isn't pinned
 * VDEV_POKE	write value to the first eight bytes of the pinned page at iova
 * VDEV_RW	read count bytes from iova to buffer; with VDEV_WRITE in flags write them; with
 *		VDEV_KTHREAD a kernel thread does it
 * VDEV_STATE	how often the device was told of an unmap, of what the last time, and how many pages
 *		(each as often as it was pinned) it has pinned
 *
 * When it is told of an unmap, the device unpins what it has pinned of the range.
 */
#ifndef IOASID_VDEV_H
#define IOASID_VDEV_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define VDEV_DEVICES 2
#define VDEV_NAME "ioasid-vdev"

#define VDEV_READ 1
#define VDEV_WRITE 2
#define VDEV_KTHREAD 4

struct vdev_args {
	__u64 iova;
	__u64 count;
	__u64 buffer;
	__u64 value;
	__u32 flags;
	__u32 told;
	__u64 told_iova;
	__u64 told_length;
	__u64 pinned;
};

#define VDEV_PIN _IOWR('v', 1, struct vdev_args)
#define VDEV_UNPIN _IOWR('v', 2, struct vdev_args)
#define VDEV_POKE _IOWR('v', 3, struct vdev_args)
#define VDEV_RW _IOWR('v', 4, struct vdev_args)
#define VDEV_STATE _IOWR('v', 5, struct vdev_args)

#endif /* IOASID_VDEV_H */
