// SPDX-License-Identifier: GPL-2.0-only
#include "edu.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "load.h"
#include "memory.h"

#define UNSAFE "/sys/module/ioasid/parameters/allow_unsafe_interrupts"
#define LITTLE 64

enum edu_iommu edu_iommu(void)
{
	if (!access("/sys/class/iommu/dmar0", F_OK))
		return EDU_INTEL;
	return access("/sys/class/iommu/ivhd0", F_OK) ? EDU_VIRTIO : EDU_AMD;
}

bool edu_set_unsafe_interrupts(bool allow)
{
	int file = open(UNSAFE, O_WRONLY | O_CLOEXEC);
	bool ok = file >= 0 && write(file, allow ? "Y" : "N", 1) == 1;

	close(file);
	return ok;
}

void edu_load(void)
{
	module_load("ioasid-edu");
	want_that(edu_set_unsafe_interrupts(true));
}

int edu_open(void)
{
	int device = open("/dev/ioasid-edu", O_RDWR | O_CLOEXEC);

	want_that(device >= 0);
	return device;
}

int edu_attach(int device, int fd, uint32_t ioas, uint32_t number)
{
	struct edu_attach args = { .fd = fd, .ioas_id = ioas, .device = number };

	return ioctl(device, EDU_ATTACH, &args) ? -errno : 0;
}

int edu_detach(int device)
{
	return ioctl(device, EDU_DETACH) ? -errno : 0;
}

void edu_dma(int device, uint64_t iova, uint32_t length, bool write)
{
	struct edu_dma dma = { .iova = iova, .length = length, .write = write };

	want(ioctl(device, EDU_DMA, &dma), 0);
}

struct edu_lane edu_lane(int fd, uint32_t ioas, uint32_t number, uint64_t home)
{
	struct edu_lane lane = { .fd = fd, .ioas = ioas, .home = home };

	lane.device = edu_open();
	want(edu_attach(lane.device, fd, ioas, number), 0);
	lane.source = anon(2 * PAGE);
	lane.sink = lane.source + PAGE;
	want(map_at(fd, ioas, lane.source, 2 * PAGE, READ_WRITE, home), 0);
	return lane;
}

void edu_lane_close(struct edu_lane *lane)
{
	want(unmap(lane->fd, lane->ioas, lane->home, 2 * PAGE, NULL), 0);
	want(close(lane->device), 0);
}

static void buffer_fill(const struct edu_lane *lane, uint64_t from)
{
	fill(lane->source, PAGE, from);
	edu_dma(lane->device, lane->home, PAGE, false);
}

static void buffer_dump(const struct edu_lane *lane)
{
	memset(lane->sink, 0xee, PAGE);
	edu_dma(lane->device, lane->home + PAGE, PAGE, true);
}

/* No two are alike, so what is found in the device's buffer is not from before. */
static uint64_t new_pattern(void)
{
	static uint64_t last;

	return ++last << 32;
}

static void want_reads(const struct edu_lane *lane, uint64_t iova, void *memory, uint32_t length,
		       uint64_t from)
{
	fill(memory, length & -8u, from);
	edu_dma(lane->device, iova, length, false);
	buffer_dump(lane);
	want(memcmp(lane->sink, memory, length), 0);
}

void want_edu_moves(const struct edu_lane *lane, uint64_t iova, void *memory, uint32_t length)
{
	uint64_t from = new_pattern();

	want_reads(lane, iova, memory, length, from);
	/* And back. */
	memset(memory, 0x11, length);
	edu_dma(lane->device, iova, length, true);
	want_filled(memory, length & -8u, from, 0);
}

static void want_write_refused(const struct edu_lane *lane, uint64_t iova, void *memory)
{
	unsigned char before[LITTLE];

	fill(memory, LITTLE, new_pattern());
	memcpy(before, memory, LITTLE);
	buffer_fill(lane, new_pattern());
	edu_dma(lane->device, iova, LITTLE, true);
	want(memcmp(before, memory, LITTLE), 0);
}

void want_edu_reads_only(const struct edu_lane *lane, uint64_t iova, void *memory)
{
	want_write_refused(lane, iova, memory);
	want_reads(lane, iova, memory, LITTLE, new_pattern());
}

void want_edu_refused(const struct edu_lane *lane, uint64_t iova, void *memory)
{
	want_write_refused(lane, iova, memory);
	edu_dma(lane->device, iova, LITTLE, false);
	buffer_dump(lane);
	want_that(memcmp(lane->sink, memory, LITTLE) != 0);
}
