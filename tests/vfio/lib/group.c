// SPDX-License-Identifier: GPL-2.0-only
#include "group.h"

#include <fcntl.h>
#include <stdio.h>

#include "check.h"
#include "container.h"

int group_open(const struct pci_device *device)
{
	char path[32];
	int group;

	snprintf(path, sizeof(path), "/dev/vfio/%u", pci_group(device));
	group = open(path, O_RDWR | O_CLOEXEC);
	if (group < 0)
		fail("%s of %s: %m", path, device->address);
	return group;
}

int group_attach(int group, int container)
{
	return vfio_call(group, VFIO_GROUP_SET_CONTAINER, (uintptr_t)&container);
}

int group_detach(int group)
{
	return vfio_call(group, VFIO_GROUP_UNSET_CONTAINER, 0);
}

int group_device(int group, const struct pci_device *device)
{
	return vfio_call(group, VFIO_GROUP_GET_DEVICE_FD, (uintptr_t)device->address);
}
