/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel says: lines of its log from now on.
 */
#ifndef KMSG_H
#define KMSG_H

/* A descriptor that has every line that comes after this. */
int kmsg_open(void);
/* How many have come since the last time, and have this text in them. */
unsigned int kmsg_count(int kmsg, const char *text);

/* The text of an IOMMU's fault, or NULL: AMD-Vi of QEMU tells none. */
const char *kmsg_fault(void);

#endif /* KMSG_H */
