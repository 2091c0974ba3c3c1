/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device's interrupt, as an eventfd counts it.
 */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <linux/vfio.h>
#include <stdint.h>

enum interrupt_kind {
	INTERRUPT_INTX = VFIO_PCI_INTX_IRQ_INDEX, /* masked whenever it came */
	INTERRUPT_MSI = VFIO_PCI_MSI_IRQ_INDEX,
};

struct interrupt {
	int device;
	int event;
	enum interrupt_kind kind;
};

struct interrupt interrupt_enable(int device, enum interrupt_kind kind);
void interrupt_disable(struct interrupt *interrupt);
/* How often it came since it was asked last; waits until it has once, at most a minute. */
uint64_t interrupt_wait(struct interrupt *interrupt);
/* The same without waiting. */
uint64_t interrupt_count(struct interrupt *interrupt);
/* The device has been told that it was seen: the next one may come. */
void interrupt_done(struct interrupt *interrupt);

#endif /* INTERRUPT_H */
