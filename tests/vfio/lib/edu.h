/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's edu device through vfio-pci: it has a buffer of a page, and copies between that and an
 * IOVA, a tenth of a second after it is told to.
 */
#ifndef EDU_H
#define EDU_H

#include <stdint.h>

#include "pci.h"

#define EDUS 4
#define EDU_BUFFER 4096ULL

struct edu {
	struct pci_device pci;
	int group;
	int device;
	volatile uint8_t *registers;
};

/* All of the machine, each with vfio-pci and its group open. */
void edu_find(struct edu edus[EDUS]);
/* Back to where it was before. */
void edu_forget(struct edu edus[EDUS]);

/* Its registers, once its group is in a container with an IOMMU. It may do DMA from now on. */
void edu_open(struct edu *edu);
void edu_close(struct edu *edu);

/* From memory into the device's buffer, from its beginning, and the other way round. */
void edu_start_read(struct edu *edu, uint64_t iova, uint64_t length);
void edu_start_write(struct edu *edu, uint64_t iova, uint64_t length);
/* The same, with an interrupt at the end. */
void edu_start_read_loud(struct edu *edu, uint64_t iova, uint64_t length);
void edu_start_write_loud(struct edu *edu, uint64_t iova, uint64_t length);
/* Until it has ended, well or not: it doesn't tell. */
void edu_wait(struct edu *edu);

void edu_read(struct edu *edu, uint64_t iova, uint64_t length);
void edu_write(struct edu *edu, uint64_t iova, uint64_t length);

#endif /* EDU_H */
