/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Edu: a device that does DMA when it is told to, as QEMU's docs/specs/edu has it ("MMIO area
 * spec", "DMA controller"). It waits 100 ms before it moves anything, and has no error to tell.
 */
#ifndef EDU_H
#define EDU_H

#include <linux/delay.h>
#include <linux/io.h>
#include <linux/iopoll.h>

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8

#define EDU_DMA_SOURCE 0x80
#define EDU_DMA_TARGET 0x88
#define EDU_DMA_LENGTH 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_DMA_START BIT(0)
#define EDU_DMA_FROM_BUFFER BIT(1)

/* Where the DMA controller sees the buffer. */
#define EDU_BUFFER 0x40000

/* Move data between the buffer and memory; 0 when the device says that it has, or -ETIMEDOUT. */
static inline int edu_move(void __iomem *regs, u64 iova, u32 length, u32 offset, bool write)
{
	u64 buffer = EDU_BUFFER + offset;
	u32 running;

	writeq(write ? buffer : iova, regs + EDU_DMA_SOURCE);
	writeq(write ? iova : buffer, regs + EDU_DMA_TARGET);
	writeq(length, regs + EDU_DMA_LENGTH);
	writel(EDU_DMA_START | (write ? EDU_DMA_FROM_BUFFER : 0), regs + EDU_DMA_COMMAND);
	msleep(100);
	return readl_poll_timeout(regs + EDU_DMA_COMMAND, running, !(running & EDU_DMA_START),
				  USEC_PER_MSEC, 60 * USEC_PER_SEC);
}

#endif /* EDU_H */
