/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emulated devices of tests/module/ioasid-vdev.h.
 */
#ifndef VDEV_H
#define VDEV_H

#include "../../module/ioasid-vdev.h"

/* Load the module, unless it is loaded. */
void vdev_load(void);
/* 0 or a negative errno. */
int vdev_unload(void);

/* The group of a device, by number; a descriptor or a negative errno. */
int vdev_group_open(unsigned int number);
/* The device, once its group is in a container with an IOMMU; a descriptor or a negative errno. */
int vdev_device(int group, unsigned int number);

/* A call of it: 0 or a negative errno. */
int vdev_call(int device, unsigned long request, struct vdev_args *args);

#endif /* VDEV_H */
