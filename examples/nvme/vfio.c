/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioasid.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fail.h"
#include "vfio.h"

/* Below 4 GiB a PC keeps addresses for itself, such as those of interrupts. */
#define FIRST_IOVA (1ULL << 32)

/* The number of a device's group, or -1. */
static int group_of(const char *address)
{
	char path[128], target[256];
	ssize_t length;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", address);
	if (access(path, F_OK))
		return failed("lspci -D lists those there are", "PCI device '%s'", address);
	strcat(path, "/iommu_group");
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return failed("the machine needs an IOMMU, and the kernel its driver switched on",
			      "%s is in no IOMMU group", address);
	target[length] = '\0';
	return atoi(strrchr(target, '/') + 1);
}

static int open_group(struct vfio *vfio, const char *address)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int number = group_of(address);
	char path[64];

	if (number < 0)
		return -1;
	snprintf(path, sizeof(path), "/dev/vfio/%d", number);
	vfio->group = open(path, O_RDWR | O_CLOEXEC);
	if (vfio->group < 0)
		return failed(errno == ENOENT ? "bind the device to vfio-pci" :
			      errno == EBUSY  ? "another program has it" :
						"run as root, or as the file's owner",
			      "%s, the group of %s", path, address);
	if (ioctl(vfio->group, VFIO_GROUP_GET_STATUS, &status))
		return failed(NULL, "VFIO_GROUP_GET_STATUS");
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) {
		errno = 0;
		return failed("bind all devices of the group to vfio-pci",
			      "group %d has a device with a driver of the kernel", number);
	}
	return 0;
}

static int open_container(struct vfio *vfio)
{
	vfio->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (vfio->container < 0)
		return failed("modprobe vfio-pci", "/dev/vfio/vfio");
	if (ioctl(vfio->group, VFIO_GROUP_SET_CONTAINER, &vfio->container))
		return failed(NULL, "VFIO_GROUP_SET_CONTAINER");
	if (ioctl(vfio->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return failed(errno == EPERM ? "the kernel's log says why" :
					       "load ioasid-vfio or vfio_iommu_type1",
			      "VFIO_SET_IOMMU");
	return 0;
}

static int open_device(struct vfio *vfio, const char *address)
{
	vfio->device = ioctl(vfio->group, VFIO_GROUP_GET_DEVICE_FD, address);
	if (vfio->device < 0)
		return failed("bind it to vfio-pci", "VFIO_GROUP_GET_DEVICE_FD of %s", address);
	if (ioctl(vfio->device, VFIO_DEVICE_RESET) && errno != ENOTTY)
		return failed(NULL, "VFIO_DEVICE_RESET of %s", address);
	return 0;
}

/* Let the device answer at its registers, and do DMA. */
static int enable_device(struct vfio *vfio)
{
	struct vfio_region_info config = {
		.argsz = sizeof(config),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	uint16_t command;

	if (ioctl(vfio->device, VFIO_DEVICE_GET_REGION_INFO, &config))
		return failed(NULL, "VFIO_DEVICE_GET_REGION_INFO");
	config.offset += PCI_COMMAND;
	if (pread(vfio->device, &command, sizeof(command), config.offset) != sizeof(command))
		return failed(NULL, "reading the PCI command register");
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	if (pwrite(vfio->device, &command, sizeof(command), config.offset) != sizeof(command))
		return failed(NULL, "writing the PCI command register");
	return 0;
}

/* Why a call of ioasid was refused, where it was for a limit. */
static int refused(const struct ioasid_error *error, const char *what, size_t length)
{
	if (error->stage != IOASID_STAGE_CHARGE)
		return failed(NULL, "%s of %zu bytes", what, length);
	return failed("raise it",
		      "%s: policy %s has a limit of %llu bytes, %llu are in use, and "
		      "%llu more were asked for",
		      what, error->policy, error->limit, error->used, error->asked);
}

/* Have the container use an address space of /dev/ioasid instead of its own. */
static int join(struct vfio *vfio)
{
	struct ioasid_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct ioasid_vfio_join join = { .size = sizeof(join) };

	vfio->ioasid = open("/dev/ioasid", O_RDWR | O_CLOEXEC);
	if (vfio->ioasid < 0)
		return failed("load the ioasid module", "/dev/ioasid");
	if (ioctl(vfio->ioasid, IOASID_IOAS_ALLOC, &alloc))
		return failed(NULL, "IOASID_IOAS_ALLOC");
	vfio->ioas_id = join.ioas_id = alloc.out_id;
	join.fd = vfio->ioasid;
	if (ioctl(vfio->container, IOASID_VFIO_JOIN, &join))
		return failed(errno == ENOTTY ?
				      "load ioasid-vfio, which has to serve the container" :
				      NULL,
			      "IOASID_VFIO_JOIN");
	return 0;
}

int vfio_open(struct vfio *vfio, const char *address, bool ioas)
{
	*vfio = (struct vfio){
		.container = -1,
		.group = -1,
		.device = -1,
		.ioasid = -1,
		.next_iova = FIRST_IOVA,
	};
	if (open_group(vfio, address) || open_container(vfio) || (ioas && join(vfio)) ||
	    open_device(vfio, address) || enable_device(vfio)) {
		vfio_close(vfio);
		return -1;
	}
	return 0;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void vfio_close(struct vfio *vfio)
{
	close_one(&vfio->device);
	close_one(&vfio->group);
	close_one(&vfio->container);
	close_one(&vfio->ioasid);
}

static int map_in_container(struct vfio *vfio, void *memory, size_t length, uint64_t *iova)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory,
		.iova = *iova ? *iova : vfio->next_iova,
		.size = length,
	};

	if (ioctl(vfio->container, VFIO_IOMMU_MAP_DMA, &map))
		return failed(errno == ENOMEM ? "raise RLIMIT_MEMLOCK (ulimit -l)" : NULL,
			      "VFIO_IOMMU_MAP_DMA of %zu bytes", length);
	if (!*iova)
		vfio->next_iova += length;
	*iova = map.iova;
	return 0;
}

static int map_in_ioas(struct vfio *vfio, void *memory, size_t length, uint64_t *iova)
{
	struct ioasid_error error = { .size = sizeof(error) };
	struct ioasid_map map = {
		.size = sizeof(map),
		.flags = IOASID_MAP_READ | IOASID_MAP_WRITE | (*iova ? IOASID_MAP_FIXED : 0),
		.ioas_id = vfio->ioas_id,
		.va = (uintptr_t)memory,
		.length = length,
		.iova = *iova,
		.error = (uintptr_t)&error,
	};

	if (ioctl(vfio->ioasid, IOASID_MAP, &map))
		return refused(&error, "IOASID_MAP", length);
	*iova = map.iova;
	return 0;
}

int vfio_map(struct vfio *vfio, void *memory, size_t length, uint64_t *iova)
{
	if (vfio->ioasid < 0)
		return map_in_container(vfio, memory, length, iova);
	return map_in_ioas(vfio, memory, length, iova);
}

static int unmap_in_container(struct vfio *vfio, uint64_t iova, size_t length)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = length,
	};

	if (ioctl(vfio->container, VFIO_IOMMU_UNMAP_DMA, &unmap))
		return failed(NULL, "VFIO_IOMMU_UNMAP_DMA of %zu bytes", length);
	return 0;
}

static int unmap_in_ioas(struct vfio *vfio, uint64_t iova, size_t length)
{
	struct ioasid_error error = { .size = sizeof(error) };
	struct ioasid_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = vfio->ioas_id,
		.iova = iova,
		.length = length,
		.error = (uintptr_t)&error,
	};

	if (ioctl(vfio->ioasid, IOASID_UNMAP, &unmap))
		return refused(&error, "IOASID_UNMAP", length);
	return 0;
}

int vfio_unmap(struct vfio *vfio, uint64_t iova, size_t length)
{
	if (vfio->ioasid < 0)
		return unmap_in_container(vfio, iova, length);
	return unmap_in_ioas(vfio, iova, length);
}

volatile void *vfio_registers(struct vfio *vfio, unsigned int bar, size_t *length)
{
	struct vfio_region_info region = {
		.argsz = sizeof(region),
		.index = VFIO_PCI_BAR0_REGION_INDEX + bar,
	};
	void *registers;

	if (ioctl(vfio->device, VFIO_DEVICE_GET_REGION_INFO, &region)) {
		failed(NULL, "VFIO_DEVICE_GET_REGION_INFO of BAR %u", bar);
		return NULL;
	}
	registers = mmap(NULL, region.size, PROT_READ | PROT_WRITE, MAP_SHARED, vfio->device,
			 region.offset);
	if (registers == MAP_FAILED) {
		failed("is it a device of the right kind?", "mmap of BAR %u", bar);
		return NULL;
	}
	*length = region.size;
	return registers;
}
