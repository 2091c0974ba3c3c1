/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Group: devices that an IOMMU can't tell apart, attached to an address space together.
 *
 * Who attaches a group owns its DMA, so no driver of the kernel's uses its devices meanwhile.
 */
#ifndef IOASID_IOAS_GROUP_H
#define IOASID_IOAS_GROUP_H

#include <linux/types.h>

struct iommu_group;
struct ioasid_device_stat;
struct ioasid_group;
struct ioasid_ioas;
struct ioasid_refusal;

int ioasid_ioas_attach_group(struct ioasid_ioas *ioas, struct iommu_group *group, u64 container,
			     struct ioasid_refusal *why);
void ioasid_ioas_detach_group(struct ioasid_ioas *ioas, struct iommu_group *group);
u64 ioasid_ioas_page_sizes(struct ioasid_ioas *ioas);
bool ioasid_ioas_coherent(struct ioasid_ioas *ioas);

struct ioasid_group *ioasid_group_next(struct ioasid_group *after);
void ioasid_group_put(struct ioasid_group *group);
bool ioasid_group_stat(struct ioasid_group *group, u32 number, struct ioasid_device_stat *stat);

#endif /* IOASID_IOAS_GROUP_H */
