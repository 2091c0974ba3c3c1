/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside of ioasid-walk: the unit's operations and the device's. The words are those of
 * ../ioasid-walk.h.
 *
 * Lock order: a file's lock; inside it the lock of all attachments; innermost the unit's lock on
 * its queue, which flushes take too.
 */
#ifndef WALK_H
#define WALK_H

#include <linux/ioasid.h>
#include <linux/pci.h>
#include <linux/types.h>

#include "../ioasid-walk.h"

#define WALK_DEVICES 8

/**
 * struct walk_device - an edu device
 * @pci: the PCI device
 * @regs: its registers
 * @number: from 0
 * @source: requester id: bus, device, function
 * @domain: what the unit tags its cache entries with; differs between devices
 * @mode: attached: how
 * @flags: attached: WALK_ATTACH_READ_ONLY
 * @table: attached: what it walks
 * @walker: attached: whose table it is; else NULL
 * @pasids: VT-d, scalable mode: its PASID table
 * @flushes: what it was told
 */
struct walk_device {
	struct pci_dev *pci;
	void __iomem *regs;
	u32 number;
	u16 source;
	u16 domain;
	u32 mode;
	u32 flags;
	struct ioasid_walker_table table;
	struct ioasid_walker *walker;
	u64 *pasids;
	struct walk_flushes flushes;
};

/**
 * struct walk_unit - an IOMMU
 * @kind: what it is
 * @flags: WALK_ATTACH_READ_ONLY, when it can do that
 * @start: find it, and switch it on; -ENODEV when there is none
 * @stop: switch it off
 * @about: fill in the registers
 * @sizes: entry sizes that it can walk in a table; 0: it can't walk such a table
 * @attach: let the device walk its table; 0 or -ENOMEM
 * @detach: no more
 * @flush: forget what is cached of the device's table
 * @faults: take faults out
 */
struct walk_unit {
	enum walk_unit_kind kind;
	u32 flags;
	int (*start)(void);
	void (*stop)(void);
	void (*about)(struct walk_about *about);
	u64 (*sizes)(u32 mode, const struct ioasid_walker_table *table);
	int (*attach)(struct walk_device *device);
	void (*detach)(struct walk_device *device);
	void (*flush)(struct walk_device *device, u64 iova, u64 last);
	void (*faults)(struct walk_faults *faults);
};

extern const struct walk_unit walk_vtd;
extern const struct walk_unit walk_amdvi;
extern const struct walk_unit walk_smmu;
extern const struct walk_unit walk_riscv;

int walk_edu_find(struct walk_device *devices);
void walk_edu_release(struct walk_device *devices, unsigned int count);
int walk_edu_dma(struct walk_device *device, const struct walk_dma *dma);

u32 walk_device_by_source(u16 source);

#endif /* WALK_H */
