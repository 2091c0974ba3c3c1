// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio: what it costs to map memory for a device and to unmap it, in instructions.
 *
 * The same work by VFIO's container calls, which type1 or ioasid-vfio serves, whichever is loaded,
 * or by iommufd's; vfio.sh puts them side by side: `make bench-vfio`. Two devices, each with an
 * address space of its own: "again" is the map of memory that the other one has already.
 *
 *	vfio container|iommufd DEVICE DEVICE	(PCI addresses, bound to vfio-pci)
 *
 * Prints a line for each kind of memory: name|map|unmap|map again|unmap again.
 */
#include <dirent.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "common.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define SPACES 2
#define TIMES 8
#define IOVA (4 * GIB)

enum backing {
	SCATTERED, /* small pages, touched in an order that is none */
	SMALL,
	HUGE,
	GIGANTIC,
};

static const struct work {
	const char *name;
	uint64_t length;
	enum backing backing;
} works[] = {
	{ "4 KiB", PAGE, SMALL },
	{ "1 MiB scattered", MIB, SCATTERED },
	{ "64 MiB scattered", 64 * MIB, SCATTERED },
	{ "64 MiB small", 64 * MIB, SMALL },
	{ "2 MiB huge", 2 * MIB, HUGE },
	{ "256 MiB huge", 256 * MIB, HUGE },
	{ "1 GiB gigantic", GIB, GIGANTIC },
};

/* An address space with a device in it. */
struct space {
	int fd; /* container, or /dev/iommu */
	int device;
	uint32_t ioas; /* of iommufd */
};

static struct space spaces[SPACES];
static bool iommufd;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* The number that ends a link's target, or a name in a directory, of a device in sysfs. */
static int number_of_group(const char *address)
{
	char path[128], target[128];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", address);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		err(1, "%s (is the IOMMU on?)", path);
	target[n] = 0;
	return atoi(strrchr(target, '/') + 1);
}

static int number_of_cdev(const char *address)
{
	struct dirent *entry;
	char path[128];
	int number;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", address);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (sscanf(entry->d_name, "vfio%d", &number) == 1)
			return number;
	errx(1, "%s: no vfio device there (is it bound to vfio-pci?)", path);
}

static int open_path(const char *format, int number)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), format, number);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void container_open(struct space *space, const char *address)
{
	int group = open_path("/dev/vfio/%d", number_of_group(address));

	space->fd = open_path("/dev/vfio/vfio", 0);
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &space->fd))
		err(1, "%s: SET_CONTAINER", address);
	if (ioctl(space->fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		err(1, "%s: SET_IOMMU", address);
	space->device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, address);
	if (space->device < 0)
		err(1, "%s: GET_DEVICE_FD", address);
}

static void iommufd_open(struct space *space, const char *address)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct vfio_device_attach_iommufd_pt attach = { .argsz = sizeof(attach) };

	space->fd = open_path("/dev/iommu", 0);
	space->device = open_path("/dev/vfio/devices/vfio%d", number_of_cdev(address));
	bind.iommufd = space->fd;
	if (ioctl(space->device, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		err(1, "%s: BIND_IOMMUFD", address);
	if (ioctl(space->fd, IOMMU_IOAS_ALLOC, &alloc))
		err(1, "IOMMU_IOAS_ALLOC");
	space->ioas = attach.pt_id = alloc.out_ioas_id;
	if (ioctl(space->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach))
		err(1, "%s: ATTACH_IOMMUFD_PT", address);
}

static uint64_t timed(int fd, unsigned long request, void *args, const char *what)
{
	uint64_t start = now();

	if (ioctl(fd, request, args))
		err(1, "%s", what);
	return now() - start;
}

static uint64_t map(const struct space *space, void *memory, uint64_t length, uint64_t iova)
{
	struct vfio_iommu_type1_dma_map by_container = {
		.argsz = sizeof(by_container),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory,
		.iova = iova,
		.size = length,
	};
	struct iommu_ioas_map by_iommufd = {
		.size = sizeof(by_iommufd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE |
			 IOMMU_IOAS_MAP_READABLE,
		.ioas_id = space->ioas,
		.user_va = (uintptr_t)memory,
		.length = length,
		.iova = iova,
	};

	return iommufd ? timed(space->fd, IOMMU_IOAS_MAP, &by_iommufd, "IOMMU_IOAS_MAP") :
			 timed(space->fd, VFIO_IOMMU_MAP_DMA, &by_container, "MAP_DMA");
}

static uint64_t unmap_one(const struct space *space, uint64_t length, uint64_t iova)
{
	struct vfio_iommu_type1_dma_unmap by_container = {
		.argsz = sizeof(by_container),
		.iova = iova,
		.size = length,
	};
	struct iommu_ioas_unmap by_iommufd = {
		.size = sizeof(by_iommufd),
		.ioas_id = space->ioas,
		.iova = iova,
		.length = length,
	};
	uint64_t cost;

	if (iommufd) {
		cost = timed(space->fd, IOMMU_IOAS_UNMAP, &by_iommufd, "IOMMU_IOAS_UNMAP");
		by_container.size = by_iommufd.length;
	} else {
		cost = timed(space->fd, VFIO_IOMMU_UNMAP_DMA, &by_container, "UNMAP_DMA");
	}
	if (by_container.size != length)
		errx(1, "%llu of %llu bytes were unmapped", (unsigned long long)by_container.size,
		     (unsigned long long)length);
	return cost;
}

static void touch(char *memory, uint64_t length, enum backing backing)
{
	uint64_t pages = length / PAGE, i;

	/* An odd factor goes through all pages of a power of two. */
	for (i = 0; i < pages; i++)
		memory[(backing == SCATTERED ? i * 2654435761 % pages : i) * PAGE] = 1;
}

/* Memory of that kind, aligned to huge pages, or NULL. */
static char *make_memory(const struct work *work)
{
	bool gigantic = work->backing == GIGANTIC;
	uint64_t size = gigantic ? work->length : work->length + 2 * MIB;
	char *memory = memory_of(size, gigantic ? MAP_HUGETLB | 30 << MAP_HUGE_SHIFT : 0);

	if (!memory)
		return NULL;
	if (!gigantic) {
		memory += 2 * MIB - (uintptr_t)memory % (2 * MIB);
		if (madvise(memory, work->length,
			    work->backing == HUGE ? MADV_HUGEPAGE : MADV_NOHUGEPAGE))
			err(1, "madvise");
	}
	touch(memory, work->length, work->backing);
	return memory;
}

static void measure(const struct work *work)
{
	char *memory = make_memory(work);
	uint64_t cost[2 * SPACES] = {};
	unsigned int time, i;

	if (!memory) {
		fprintf(stderr, "%s: there is no such memory here\n", work->name);
		return;
	}
	/* The first time is not counted. */
	for (time = 0; time <= TIMES; time++) {
		for (i = 0; i < SPACES; i++)
			cost[2 * i] += map(&spaces[i], memory, work->length, IOVA) * !!time;
		for (i = SPACES; i-- > 0;)
			cost[2 * i + 1] += unmap_one(&spaces[i], work->length, IOVA) * !!time;
	}
	printf("%s", work->name);
	for (i = 0; i < ARRAY_SIZE(cost); i++)
		printf("|%llu", (unsigned long long)cost[i] / TIMES);
	printf("\n");
	munmap(memory, work->length);
}

int main(int argc, char **argv)
{
	char *beside;
	unsigned int i;

	if (argc != 2 + SPACES)
		errx(1, "usage: vfio container|iommufd DEVICE DEVICE");
	iommufd = !strcmp(argv[1], "iommufd");
	beside = memory_of(PAGE, 0);
	if (!beside)
		err(1, "memory");
	for (i = 0; i < SPACES; i++) {
		(iommufd ? iommufd_open : container_open)(&spaces[i], argv[2 + i]);
		/* Tables that stay, so that a small map is not that of a first one. */
		map(&spaces[i], beside, PAGE, IOVA - PAGE);
		map(&spaces[i], beside, PAGE, IOVA + 3 * GIB);
	}
	for (i = 0; i < ARRAY_SIZE(works); i++)
		measure(&works[i]);
	return 0;
}
