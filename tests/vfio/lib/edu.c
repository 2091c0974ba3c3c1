// SPDX-License-Identifier: GPL-2.0-only
#include "edu.h"

#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "container.h"
#include "group.h"

#define DMA_SOURCE 0x80
#define DMA_TARGET 0x88
#define DMA_COUNT 0x90
#define DMA_COMMAND 0x98
#define DMA_RUN 1
#define DMA_FROM_BUFFER 2
#define DMA_INTERRUPT 4
#define BUFFER_AT 0x40000

#define REGISTERS_SIZE 4096ULL
/* A transfer takes 100 ms; a machine that is this slow is not one to test on. */
#define MOST_WAITS 60000

void edu_find(struct edu edus[EDUS])
{
	struct pci_device found[EDUS];
	unsigned int i;

	want(pci_find(PCI_EDU, found, EDUS), EDUS);
	for (i = 0; i < EDUS; i++) {
		pci_bind(&found[i], "vfio-pci");
		edus[i] = (struct edu){
			.pci = found[i],
			.group = group_open(&found[i]),
			.device = -1,
		};
	}
}

void edu_forget(struct edu edus[EDUS])
{
	unsigned int i;

	for (i = 0; i < EDUS; i++) {
		if (edus[i].device >= 0)
			edu_close(&edus[i]);
		want(close(edus[i].group), 0);
	}
}

static uint64_t region_offset(int device, uint32_t index)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = index };

	want(vfio_call(device, VFIO_DEVICE_GET_REGION_INFO, (uintptr_t)&info), 0);
	return info.offset;
}

static void allow_dma(int device)
{
	uint64_t command = region_offset(device, VFIO_PCI_CONFIG_REGION_INDEX) + PCI_COMMAND;
	uint16_t bits;

	want(pread(device, &bits, sizeof(bits), command), sizeof(bits));
	bits |= PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY;
	want(pwrite(device, &bits, sizeof(bits), command), sizeof(bits));
}

void edu_open(struct edu *edu)
{
	uint64_t offset;
	void *registers;

	edu->device = group_device(edu->group, &edu->pci);
	want_that(edu->device >= 0);
	allow_dma(edu->device);
	offset = region_offset(edu->device, VFIO_PCI_BAR0_REGION_INDEX);
	registers =
		mmap(NULL, REGISTERS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, edu->device, offset);
	want_that(registers != MAP_FAILED);
	edu->registers = registers;
}

void edu_close(struct edu *edu)
{
	want(munmap((void *)edu->registers, REGISTERS_SIZE), 0);
	want(close(edu->device), 0);
	edu->device = -1;
}

static volatile uint64_t *at(struct edu *edu, unsigned int number)
{
	return (volatile uint64_t *)(edu->registers + number);
}

static void start(struct edu *edu, uint64_t source, uint64_t target, uint64_t length,
		  uint64_t command)
{
	want_that(length <= EDU_BUFFER);
	*at(edu, DMA_SOURCE) = source;
	*at(edu, DMA_TARGET) = target;
	*at(edu, DMA_COUNT) = length;
	*at(edu, DMA_COMMAND) = command | DMA_RUN;
}

void edu_start_read(struct edu *edu, uint64_t iova, uint64_t length)
{
	start(edu, iova, BUFFER_AT, length, 0);
}

void edu_start_write(struct edu *edu, uint64_t iova, uint64_t length)
{
	start(edu, BUFFER_AT, iova, length, DMA_FROM_BUFFER);
}

void edu_start_read_loud(struct edu *edu, uint64_t iova, uint64_t length)
{
	start(edu, iova, BUFFER_AT, length, DMA_INTERRUPT);
}

void edu_start_write_loud(struct edu *edu, uint64_t iova, uint64_t length)
{
	start(edu, BUFFER_AT, iova, length, DMA_FROM_BUFFER | DMA_INTERRUPT);
}

void edu_wait(struct edu *edu)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	unsigned int i;

	for (i = 0; *at(edu, DMA_COMMAND) & DMA_RUN; i++) {
		want_that(i < MOST_WAITS);
		nanosleep(&pause, NULL);
	}
}

void edu_read(struct edu *edu, uint64_t iova, uint64_t length)
{
	edu_start_read(edu, iova, length);
	edu_wait(edu);
}

void edu_write(struct edu *edu, uint64_t iova, uint64_t length)
{
	edu_start_write(edu, iova, length);
	edu_wait(edu);
}
