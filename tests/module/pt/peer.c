// SPDX-License-Identifier: GPL-2.0-only
/* Peer: see peer.h. */
#include "pt/peer.h"

#include <linux/err.h>
#include <linux/io.h>
#include <linux/module.h>

#include "ioasid-pt.h"

MODULE_IMPORT_NS("GENERIC_PT_IOMMU");

#define MAX_PHYS_BITS 52
#define AMD_MOST_LEVELS 6U

/* Exported for the drivers of IOMMUs, but in no public header. */
void iommu_put_pages_list(struct iommu_pages_list *list);

static void sync(struct iommu_domain *domain, struct iommu_iotlb_gather *gather)
{
	iommu_put_pages_list(&gather->freelist);
}

static const struct iommu_domain_ops amd_v1_ops = {
	IOMMU_PT_DOMAIN_OPS(amdv1),
	.iotlb_sync = sync,
};

static const struct iommu_domain_ops vtd_ss_ops = {
	IOMMU_PT_DOMAIN_OPS(vtdss),
	.iotlb_sync = sync,
};

static const struct iommu_domain_ops x86_64_ops = {
	IOMMU_PT_DOMAIN_OPS(x86_64),
	.iotlb_sync = sync,
};

static struct pt_iommu_cfg common(unsigned int levels, unsigned int features)
{
	return (struct pt_iommu_cfg){
		.features = features | BIT(PT_FEAT_FLUSH_RANGE),
		.hw_max_vasz_lg2 = min(12 + 9 * levels, 64U),
		.hw_max_oasz_lg2 = MAX_PHYS_BITS,
	};
}

static spinlock_t *top_lock(struct pt_iommu *iommu)
{
	return &container_of(iommu, struct peer, iommu)->lock;
}

/* No hardware has to be told. */
static void change_top(struct pt_iommu *iommu, phys_addr_t top, unsigned int level)
{
}

static const struct pt_iommu_driver_ops driver_ops = {
	.change_top = change_top,
	.get_top_lock = top_lock,
};

/* A page high up makes the tree grow by a level. */
static int grow(struct peer *peer, u64 iova)
{
	int ret = peer_map(peer, iova, PAGE_SIZE, PAGE_SIZE, PT_READ);

	return ret ?: peer_unmap(peer, iova, PAGE_SIZE) == PAGE_SIZE ? 0 : -EIO;
}

/*
 * This format is built so that entries always snoop, and for tables whose top can still grow: one
 * of most levels begins with one less.
 */
static int init_amd_v1(struct peer *peer, unsigned int levels)
{
	unsigned int features = BIT(PT_FEAT_AMDV1_FORCE_COHERENCE) |
				BIT(PT_FEAT_AMDV1_ENCRYPT_TABLES) | BIT(PT_FEAT_DYNAMIC_TOP);
	struct pt_iommu_amdv1_cfg cfg = {
		.common = common(AMD_MOST_LEVELS, features),
		.starting_level = min(levels, AMD_MOST_LEVELS - 1) - 1,
	};
	struct pt_iommu_amdv1_hw_info info;
	int ret;

	peer->iommu.domain.ops = &amd_v1_ops;
	peer->iommu.driver_ops = &driver_ops;
	ret = pt_iommu_amdv1_init(&peer->amd_v1, &cfg, GFP_KERNEL_ACCOUNT);
	if (!ret && levels == AMD_MOST_LEVELS)
		ret = grow(peer, BIT_ULL(63));
	if (ret)
		return ret;
	pt_iommu_amdv1_hw_info(&peer->amd_v1, &info);
	peer->top = phys_to_virt(info.host_pt_root);
	return info.mode == levels ? 0 : -EIO;
}

static int init_vtd_ss(struct peer *peer, unsigned int levels, bool coherent)
{
	struct pt_iommu_vtdss_cfg cfg = {
		.common = common(levels, coherent ? BIT(PT_FEAT_VTDSS_FORCE_COHERENCE) : 0),
		.top_level = levels - 1,
	};
	struct pt_iommu_vtdss_hw_info info;
	int ret;

	peer->iommu.domain.ops = &vtd_ss_ops;
	ret = pt_iommu_vtdss_init(&peer->vtd_ss, &cfg, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	pt_iommu_vtdss_hw_info(&peer->vtd_ss, &info);
	peer->top = phys_to_virt(info.ssptptr);
	return 0;
}

static int init_x86_64(struct peer *peer, unsigned int levels)
{
	struct pt_iommu_x86_64_cfg cfg = {
		.common = common(levels, BIT(PT_FEAT_SIGN_EXTEND)),
		.top_level = levels - 1,
	};
	struct pt_iommu_x86_64_hw_info info;
	int ret;

	peer->iommu.domain.ops = &x86_64_ops;
	ret = pt_iommu_x86_64_init(&peer->x86_64, &cfg, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	pt_iommu_x86_64_hw_info(&peer->x86_64, &info);
	peer->top = phys_to_virt(info.gcr3_pt);
	return 0;
}

/**
 * peer_init() - make an empty page table
 * @peer: filled; zeroed before
 * @format: enum pt_format
 * @levels: how many
 * @coherent: whether entries make the hardware snoop, in VT-d's format; AMD's always do
 *
 * Return: 0 or an errno.
 */
int peer_init(struct peer *peer, unsigned int format, unsigned int levels, bool coherent)
{
	spin_lock_init(&peer->lock);
	peer->iommu.nid = NUMA_NO_NODE;
	switch (format) {
	case PT_AMD_V1:
		return init_amd_v1(peer, levels);
	case PT_VTD_SS:
		return init_vtd_ss(peer, levels, coherent);
	default:
		return init_x86_64(peer, levels);
	}
}

/**
 * peer_free() - free a page table with all that is in it
 * @peer: the page table, also one that was not made
 */
void peer_free(struct peer *peer)
{
	pt_iommu_deinit(&peer->iommu);
	peer->iommu.ops = NULL;
}

/**
 * peer_map() - enter contiguous memory
 * @peer: the page table
 * @iova: where, nothing is there
 * @phys: the memory
 * @length: bytes
 * @access: PT_READ, PT_WRITE
 *
 * Return: 0 or an errno.
 */
int peer_map(struct peer *peer, u64 iova, u64 phys, u64 length, unsigned int access)
{
	unsigned int prot = IOMMU_CACHE | (access & PT_READ ? IOMMU_READ : 0) |
			    (access & PT_WRITE ? IOMMU_WRITE : 0);
	size_t mapped = 0;

	return peer->iommu.ops->map_range(&peer->iommu, iova, phys, length, prot,
					  GFP_KERNEL_ACCOUNT, &mapped);
}

/**
 * peer_unmap() - remove a range, flush, and free the tables that went
 * @peer: the page table
 * @iova: where
 * @length: bytes, all mapped
 *
 * Return: bytes removed.
 */
u64 peer_unmap(struct peer *peer, u64 iova, u64 length)
{
	struct iommu_iotlb_gather gather;
	u64 unmapped;

	iommu_iotlb_gather_init(&gather);
	unmapped = peer->iommu.ops->unmap_range(&peer->iommu, iova, length, &gather);
	iommu_iotlb_sync(&peer->iommu.domain, &gather);
	return unmapped;
}

/**
 * peer_look_up() - where an IOVA leads to
 * @peer: the page table
 * @iova: the IOVA
 *
 * Return: the physical address, 0 when nothing is there.
 */
u64 peer_look_up(struct peer *peer, u64 iova)
{
	return peer->iommu.domain.ops->iova_to_phys(&peer->iommu.domain, iova);
}
