/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table that a real IOMMU walks: a domain of its driver, to which groups of devices are attached.
 */
#ifndef IOASID_TABLE_IOMMU_H
#define IOASID_TABLE_IOMMU_H

#include <linux/types.h>

struct iommu_group;
struct ioasid_refusal;
struct ioasid_table;

struct ioasid_table *ioasid_iommu_table_alloc(struct iommu_group *group,
					      struct ioasid_refusal *why);
int ioasid_iommu_table_attach(struct ioasid_table *table, struct iommu_group *group);
void ioasid_iommu_table_detach(struct ioasid_table *table, struct iommu_group *group);
bool ioasid_iommu_table_alike(const struct ioasid_table *a, const struct ioasid_table *b);
int ioasid_iommu_table_probe(struct ioasid_table *table);
int ioasid_iommu_table_set_msi(struct ioasid_table *table, u64 iova);
u64 ioasid_iommu_table_first(const struct ioasid_table *table);
bool ioasid_iommu_table_coherent(const struct ioasid_table *table);

#endif /* IOASID_TABLE_IOMMU_H */
