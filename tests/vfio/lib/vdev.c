// SPDX-License-Identifier: GPL-2.0-only
#include "vdev.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "container.h"
#include "load.h"

void vdev_load(void)
{
	module_load(VDEV_NAME);
}

int vdev_unload(void)
{
	return syscall(SYS_delete_module, "ioasid_vdev", O_NONBLOCK) ? -errno : 0;
}

int vdev_group_open(unsigned int number)
{
	char link[96], target[256], path[300];
	ssize_t length;
	int group;

	snprintf(link, sizeof(link), "/sys/bus/platform/devices/" VDEV_NAME ".%u/iommu_group",
		 number);
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		fail("%s: %m", link);
	target[length] = 0;
	snprintf(path, sizeof(path), "/dev/vfio/%s", basename(target));
	group = open(path, O_RDWR | O_CLOEXEC);
	return group < 0 ? -errno : group;
}

int vdev_device(int group, unsigned int number)
{
	char name[32];

	snprintf(name, sizeof(name), VDEV_NAME ".%u", number);
	return vfio_call(group, VFIO_GROUP_GET_DEVICE_FD, (uintptr_t)name);
}

int vdev_call(int device, unsigned long request, struct vdev_args *args)
{
	return vfio_call(device, request, (uintptr_t)args);
}
