// SPDX-License-Identifier: GPL-2.0-only
/* Edu: the devices that do the DMA, taken without a driver. */
#include "../edu.h"
#include "walk.h"

static int take(struct walk_device *device, struct pci_dev *pci, unsigned int number)
{
	int ret = pci_enable_device(pci);

	if (ret)
		return ret;
	device->regs = pci_iomap(pci, 0, 0);
	if (!device->regs) {
		pci_disable_device(pci);
		return -ENOMEM;
	}
	pci_set_master(pci);
	device->pci = pci_dev_get(pci);
	device->number = number;
	device->source = pci_dev_id(pci);
	device->domain = number + 1;
	return 0;
}

/**
 * walk_edu_find() - take all edu devices
 * @devices: filled, room for WALK_DEVICES
 *
 * Return: how many, or a negative errno.
 */
int walk_edu_find(struct walk_device *devices)
{
	struct pci_dev *pci = NULL;
	unsigned int count = 0;
	int ret;

	while (count < WALK_DEVICES && (pci = pci_get_device(EDU_VENDOR, EDU_DEVICE, pci))) {
		ret = take(&devices[count], pci, count);
		if (ret) {
			pci_dev_put(pci);
			walk_edu_release(devices, count);
			return ret;
		}
		count++;
	}
	pci_dev_put(pci);
	return count ?: -ENODEV;
}

/**
 * walk_edu_release() - give the devices back
 * @devices: they
 * @count: how many
 */
void walk_edu_release(struct walk_device *devices, unsigned int count)
{
	while (count--) {
		pci_clear_master(devices[count].pci);
		pci_iounmap(devices[count].pci, devices[count].regs);
		pci_disable_device(devices[count].pci);
		pci_dev_put(devices[count].pci);
	}
}

/**
 * walk_edu_dma() - have a device move data
 * @device: which
 * @dma: what; checked
 *
 * Return: 0 when it says that it has, or -ETIMEDOUT.
 */
int walk_edu_dma(struct walk_device *device, const struct walk_dma *dma)
{
	return edu_move(device->regs, dma->iova, dma->length, dma->offset, dma->write);
}
