/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Peer: a page table of the kernel's generic_pt, used as an IOMMU's driver and the IOMMU core do.
 */
#ifndef IOASID_PT_PEER_H
#define IOASID_PT_PEER_H

#include <linux/generic_pt/iommu.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/**
 * struct peer - a page table
 * @iommu: what all formats have
 * @amd_v1: as a table of this format
 * @vtd_ss: the same
 * @x86_64: the same
 * @lock: held while it gets another top table
 * @top: its top table
 */
struct peer {
	union {
		struct pt_iommu iommu;
		struct pt_iommu_amdv1 amd_v1;
		struct pt_iommu_vtdss vtd_ss;
		struct pt_iommu_x86_64 x86_64;
	};
	spinlock_t lock;
	u64 *top;
};

int peer_init(struct peer *peer, unsigned int format, unsigned int levels, bool coherent);
void peer_free(struct peer *peer);
int peer_map(struct peer *peer, u64 iova, u64 phys, u64 length, unsigned int access);
u64 peer_unmap(struct peer *peer, u64 iova, u64 length);
u64 peer_look_up(struct peer *peer, u64 iova);

#endif /* IOASID_PT_PEER_H */
