/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI devices, as sysfs has them. What is asked of them has to work.
 */
#ifndef PCI_H
#define PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_EDU 0x1234, 0x11e8
#define PCI_NVME 0x1b36, 0x0010

struct pci_device {
	char address[16]; /* such as 0000:00:05.0 */
};

/* Those of this kind, in the order of their addresses; returns how many there are. */
unsigned int pci_find(uint32_t vendor, uint32_t device, struct pci_device *found,
		      unsigned int capacity);

/* No driver but this one from now on; it has the device when this returns. */
void pci_bind(const struct pci_device *device, const char *driver);
/* The driver lets go of it; waits for that. */
void pci_unbind(const struct pci_device *device, const char *driver);

/* Out of the machine, as if it was pulled; waits until its driver has let go. */
void pci_remove(const struct pci_device *device);
/* All devices that are in the machine are found again. */
void pci_rescan(void);
bool pci_is_there(const struct pci_device *device);

/* The number of its IOMMU group. */
unsigned int pci_group(const struct pci_device *device);

#endif /* PCI_H */
