/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/ioasid-edu of tests/module: real devices behind an IOMMU that the kernel drives, whose DMA
 * goes by an address space.
 *
 *	lane	a device, the address space that it is attached to, two pages that are always mapped
 *		there: what the device's buffer is filled from (the source), and where it is looked
 *		at (the sink)
 */
#ifndef EDU_H
#define EDU_H

#include <stdbool.h>
#include <stdint.h>

#include "../../module/ioasid-edu.h"

enum edu_iommu { EDU_INTEL, EDU_AMD, EDU_VIRTIO };

struct edu_lane {
	int fd;
	uint32_t ioas;
	int device;
	uint64_t home;
	char *source;
	char *sink;
};

/* Load the module, and let it have devices whose interrupts are not remapped. */
void edu_load(void);
enum edu_iommu edu_iommu(void);
bool edu_set_unsafe_interrupts(bool allow);

/* A file that is no device yet. */
int edu_open(void);
int edu_attach(int device, int fd, uint32_t ioas, uint32_t number);
int edu_detach(int device);
/* Must work, as far as the device knows. */
void edu_dma(int device, uint64_t iova, uint32_t length, bool write);

/* A device on an address space, where its two pages get mapped. */
struct edu_lane edu_lane(int fd, uint32_t ioas, uint32_t number, uint64_t home);
void edu_lane_close(struct edu_lane *lane);

/* What the device reads there is what is in memory; what it writes there comes to be in it. */
void want_edu_moves(const struct edu_lane *lane, uint64_t iova, void *memory, uint32_t length);
/* It reads there, but what it writes there does not come to be in it. */
void want_edu_reads_only(const struct edu_lane *lane, uint64_t iova, void *memory);
/* DMA there doesn't get to this memory. */
void want_edu_refused(const struct edu_lane *lane, uint64_t iova, void *memory);

#endif /* EDU_H */
