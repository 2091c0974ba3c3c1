/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IOMMU groups as VFIO has them: 0 or a negative errno.
 */
#ifndef GROUP_H
#define GROUP_H

#include "pci.h"

/* The group of a device that vfio-pci has; must work. */
int group_open(const struct pci_device *device);
int group_attach(int group, int container);
int group_detach(int group);
/* A descriptor of the device, or a negative errno. */
int group_device(int group, const struct pci_device *device);

#endif /* GROUP_H */
