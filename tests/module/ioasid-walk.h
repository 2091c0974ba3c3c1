/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/ioasid-walk: hardware that walks page tables of /dev/ioasid, for tests.
 *
 *	unit	the machine's IOMMU, VT-d, AMD-Vi, SMMUv3 or RISC-V's; nobody else drives it
 *	device	an edu device, whose DMA goes through the unit; it has a buffer of 4 KiB inside
 *	mode	how the unit finds a device's table
 *	fault	a DMA that the unit refused, as its registers or its log tell
 *
 * Each open file is at most one device. See docs/specs/edu of QEMU for what the device can do.
 */
#ifndef IOASID_WALK_H
#define IOASID_WALK_H

#include <linux/ioctl.h>
#include <linux/types.h>

enum walk_unit_kind {
	WALK_VTD = 1,
	WALK_AMDVI = 2,
	WALK_SMMUV3 = 3,
	WALK_RISCV = 4,
};

enum walk_mode {
	WALK_LEGACY = 0, /* VT-d: context entries name the table; the others: entries of a
			  * table of devices do */
	WALK_SCALABLE = 1, /* VT-d: PASID table entries name the table */
};

/* A buffer inside the device, and the most that one DMA moves. */
#define WALK_BUFFER 4096

/**
 * struct walk_about - WALK_ABOUT: what there is
 * @unit: out: enum walk_unit_kind
 * @devices: out: how many
 * @capability: out: VT-d: CAP_REG; AMD-Vi: 0; SMMUv3: SMMU_IDR0;
 *	RISC-V: capabilities
 * @extended: out: VT-d: ECAP_REG; AMD-Vi: the extended feature register;
 *	SMMUv3: SMMU_IDR5; RISC-V: 0
 */
struct walk_about {
	__u32 unit;
	__u32 devices;
	__u64 capability;
	__u64 extended;
};

/* The device may only read, whatever the table says. */
#define WALK_ATTACH_READ_ONLY (1u << 0)

/**
 * struct walk_attach - WALK_ATTACH: let a device walk a table
 * @fd: in: a file of /dev/ioasid
 * @table_id: in: the table
 * @mode: in: enum walk_mode. EBUSY: another device is attached in another mode
 * @device: in: number of the device. EBUSY: it is attached already
 * @flags: in: WALK_ATTACH_READ_ONLY: AMD-Vi only
 * @levels: out: of the table
 * @address_bits: out: of the table
 * @sizes: out: bitmap of the entry sizes that the unit can walk
 *
 * EOPNOTSUPP: the unit says in its registers that it can't walk such a table so.
 */
struct walk_attach {
	__s32 fd;
	__u32 table_id;
	__u32 mode;
	__u32 device;
	__u32 flags;
	__u32 levels;
	__u32 address_bits;
	__u32 __reserved;
	__u64 sizes;
};

/**
 * struct walk_dma - WALK_DMA: have the device move data; returns when it has
 * @iova: in: where
 * @length: in: bytes, at most WALK_BUFFER
 * @offset: in: in the device's buffer
 * @write: in: 1: from the buffer to the IOVA; 0: from the IOVA to the buffer
 *
 * The device doesn't know whether it worked: WALK_FAULTS tells.
 */
struct walk_dma {
	__u64 iova;
	__u32 length;
	__u32 offset;
	__u32 write;
	__u32 __reserved;
};

#define WALK_FAULTS_MAX 32

/**
 * struct walk_fault - a refused DMA
 * @address: IOVA; of VT-d, of the page
 * @device: number of the device, ~0 for another
 * @reason: VT-d: the fault reason; AMD-Vi: bits 63:48 of the event, code and flags;
 *	SMMUv3: type of the event; RISC-V: cause
 * @write: it would have written
 */
struct walk_fault {
	__u64 address;
	__u32 device;
	__u32 reason;
	__u32 write;
	__u32 __reserved;
};

/**
 * struct walk_faults - WALK_FAULTS: the faults since the last call, taken out
 * @count: out: how many are in @fault
 * @lost: out: there were more
 * @fault: out: in order
 */
struct walk_faults {
	__u32 count;
	__u32 lost;
	struct walk_fault fault[WALK_FAULTS_MAX];
};

/**
 * struct walk_flushes - WALK_FLUSHES: what ioasid told of this device's table
 * @count: out: how often
 * @deaf: in: 1: from now on the unit isn't told
 * @iova: out: first IOVA of the last flush
 * @last: out: last IOVA of the last flush
 */
struct walk_flushes {
	__u32 count;
	__u32 deaf;
	__u64 iova;
	__u64 last;
};

#define WALK_ABOUT _IOR('w', 0, struct walk_about)
#define WALK_ATTACH _IOWR('w', 1, struct walk_attach)
#define WALK_DETACH _IO('w', 2)
#define WALK_DMA _IOW('w', 3, struct walk_dma)
#define WALK_FAULTS _IOR('w', 4, struct walk_faults)
#define WALK_FLUSHES _IOWR('w', 5, struct walk_flushes)

#endif /* IOASID_WALK_H */
