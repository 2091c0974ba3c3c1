// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table that a real IOMMU walks: see iommu.h.
 *
 * An IOMMU's driver enters a run of pages in one call, and removes what it entered; a part of an
 * entry it can't remove, so a mapping is cut only where ioasid_table_can_cut() says. Some drivers
 * (virtio-iommu's) take away all that one call entered, even if less is asked for; this is tried
 * out when the table is made.
 *
 * Drivers take maps and unmaps of different ranges at the same time, as native tables do. Attach
 * and detach are for one caller at a time, with no map and unmap: the address space sees to that.
 */
#include "table/iommu.h"

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "fault.h"
#include "refusal.h"
#include "table/cut.h"
#include "table/table.h"

/* On the stack, 32 bytes each. */
#define BATCH_RUNS 16

/**
 * struct ioasid_iommu_table - a table that a real IOMMU walks
 * @table: what all tables have
 * @domain: the domain
 * @coherent: DMA snoops caches, whatever a device asks for
 * @whole: what one call entered goes as a whole
 */
struct ioasid_iommu_table {
	struct ioasid_table table;
	struct iommu_domain *domain;
	bool coherent;
	bool whole;
};

static const struct ioasid_iommu_table *iommu_table(const struct ioasid_table *table)
{
	return container_of_const(table, struct ioasid_iommu_table, table);
}

static struct iommu_domain *domain_of(const struct ioasid_table *table)
{
	return iommu_table(table)->domain;
}

static int protection(unsigned int access)
{
	int prot = IOMMU_CACHE;

	if (access & IOASID_TABLE_READ)
		prot |= IOMMU_READ;
	if (access & IOASID_TABLE_WRITE)
		prot |= IOMMU_WRITE;
	return prot;
}

static int enter(struct ioasid_table *table, u64 iova, u64 pfn, u64 pages, unsigned int access)
{
	if (ioasid_fault())
		return -ENOMEM;
	return iommu_map(domain_of(table), iova, PFN_PHYS(pfn), pages << PAGE_SHIFT,
			 protection(access), GFP_KERNEL_ACCOUNT);
}

/* Runs that follow each other and are entered by one call, with one flush if it needs any. */
struct batch {
	struct scatterlist runs[BATCH_RUNS];
	unsigned int count;
	u64 pages;
};

/* The list takes less than 4 GiB of a run, and only memory that has struct pages. */
static bool can_batch(u64 pfn, u64 pages)
{
	return pages <= U32_MAX >> PAGE_SHIFT && pfn_valid(pfn);
}

/* Take the next runs; none if the first has to go alone. */
static void fill_batch(struct batch *batch, struct ioasid_run_iter *from, u64 left)
{
	u64 pfn, pages;

	batch->count = 0;
	batch->pages = 0;
	sg_init_table(batch->runs, BATCH_RUNS);
	while (batch->count < BATCH_RUNS && left) {
		pfn = ioasid_run_iter_pfn(from);
		pages = min(left, ioasid_run_iter_left(from));
		if (!can_batch(pfn, pages))
			return;
		sg_set_page(&batch->runs[batch->count++], pfn_to_page(pfn), pages << PAGE_SHIFT, 0);
		batch->pages += pages;
		left -= pages;
		ioasid_run_iter_advance(from, pages);
	}
}

static int enter_batch(struct ioasid_table *table, u64 iova, struct batch *batch,
		       unsigned int access)
{
	ssize_t ret;

	if (ioasid_fault())
		return -ENOMEM;
	ret = iommu_map_sg(domain_of(table), iova, batch->runs, batch->count, protection(access),
			   GFP_KERNEL_ACCOUNT);
	return min(ret, 0);
}

/* Enter the next runs, and count their pages. */
static int enter_next(struct ioasid_table *table, u64 iova, u64 left, struct ioasid_run_iter *from,
		      unsigned int access, u64 *pages)
{
	struct batch batch;
	int ret;

	*pages = table->small ? 1 : min(left, ioasid_run_iter_left(from));
	if (!table->small && *pages < left) {
		fill_batch(&batch, from, left);
		if (batch.count) {
			*pages = batch.pages;
			return enter_batch(table, iova, &batch, access);
		}
	}
	ret = enter(table, iova, ioasid_run_iter_pfn(from), *pages, access);
	ioasid_run_iter_advance(from, *pages);
	return ret;
}

static int enter_runs(struct ioasid_table *table, u64 iova, u64 last, struct ioasid_run_iter *from,
		      unsigned int access)
{
	u64 left = (last - iova + 1) >> PAGE_SHIFT;
	u64 start = iova, pages;
	int ret;

	while (left) {
		ret = enter_next(table, iova, left, from, access, &pages);
		if (ret)
			goto undo;
		iova += pages << PAGE_SHIFT;
		left -= pages;
		cond_resched();
	}
	return 0;

undo:
	if (iova > start)
		iommu_unmap(domain_of(table), start, iova - start);
	return ret;
}

static void remove_range(struct ioasid_table *table, u64 iova, u64 last,
			 struct ioasid_removal *removal)
{
	size_t length = last - iova + 1;

	WARN_ON_ONCE(iommu_unmap_fast(domain_of(table), iova, length, &removal->gather) != length);
	cond_resched();
}

static void flush_removed(struct ioasid_table *table, u64 iova, u64 last,
			  struct ioasid_removal *removal)
{
	iommu_iotlb_sync(domain_of(table), &removal->gather);
}

static bool can_cut(const struct ioasid_table *table, u64 iova, u64 phys, u64 length, u64 offset)
{
	return ioasid_cut_fits(table->sizes, iommu_table(table)->whole, iova, phys, length, offset);
}

static void free_domain(struct ioasid_table *table)
{
	iommu_domain_free(domain_of(table));
	kfree(iommu_table(table));
}

static const struct ioasid_table_ops iommu_ops = {
	.map = enter_runs,
	.unmap = remove_range,
	.flush = flush_removed,
	.can_cut = can_cut,
	.free = free_domain,
};

/* A domain that fits the group's first device; while it is looked at, it stays. */
static int alloc_domain(struct device *dev, void *data)
{
	struct iommu_domain **domain = data;

	*domain = ioasid_fault() ? ERR_PTR(-ENOMEM) : iommu_paging_domain_alloc(dev);
	return 1;
}

/* What is known only when a device is attached. */
static int settle(struct ioasid_iommu_table *ours, struct ioasid_refusal *why)
{
	struct iommu_domain *domain = ours->domain;

	/* Mappings are made of pages, so it takes pages, or smaller ones. */
	if (!(domain->pgsize_bitmap & (2 * PAGE_SIZE - 1))) {
		why->reason = IOASID_REASON_PAGE_SIZES;
		return ioasid_refuse(why, IOASID_STAGE_TABLE, 0, 0, -EINVAL);
	}
	ours->table.sizes = domain->pgsize_bitmap;
	ours->table.last = domain->geometry.aperture_end;
	if (domain->ops->enforce_cache_coherency)
		ours->coherent = domain->ops->enforce_cache_coherency(domain);
	return 0;
}

/**
 * ioasid_iommu_table_alloc() - make a table and attach a group to it
 * @group: the group; the caller owns its DMA
 * @why: filled when the hardware is of no use
 *
 * Context: may sleep.
 * Return: the table, or an ERR_PTR: -ENOMEM; -ENODEV when no device of the group is behind an
 * IOMMU; -EBUSY when the group is attached elsewhere; -EINVAL; what else the driver says.
 */
struct ioasid_table *ioasid_iommu_table_alloc(struct iommu_group *group, struct ioasid_refusal *why)
{
	struct iommu_domain *domain = ERR_PTR(-ENODEV);
	struct ioasid_iommu_table *ours;
	int ret;

	ours = ioasid_fault() ? NULL : kzalloc(sizeof(*ours), GFP_KERNEL_ACCOUNT);
	if (!ours)
		return ERR_PTR(-ENOMEM);
	ioasid_table_init(&ours->table, &iommu_ops);
	iommu_group_for_each_dev(group, &domain, alloc_domain);
	if (IS_ERR(domain)) {
		ret = PTR_ERR(domain);
		goto out_free;
	}
	ours->domain = domain;
	ret = ioasid_iommu_table_attach(&ours->table, group);
	if (ret)
		goto out_domain;
	ret = settle(ours, why);
	if (ret)
		goto out_detach;
	return &ours->table;

out_detach:
	ioasid_iommu_table_detach(&ours->table, group);
out_domain:
	iommu_domain_free(domain);
out_free:
	kfree(ours);
	return ERR_PTR(ret);
}

/**
 * ioasid_iommu_table_attach() - devices go by this table from now on
 * @table: the table
 * @group: theirs; attached to no other
 *
 * Context: may sleep.
 * Return: 0, -EINVAL when table and group don't go together, or what else the driver says.
 */
int ioasid_iommu_table_attach(struct ioasid_table *table, struct iommu_group *group)
{
	return ioasid_fault() ? -ENOMEM : iommu_attach_group(domain_of(table), group);
}

/**
 * ioasid_iommu_table_detach() - devices reach nothing any more
 * @table: the table
 * @group: theirs
 *
 * Context: may sleep.
 */
void ioasid_iommu_table_detach(struct ioasid_table *table, struct iommu_group *group)
{
	iommu_detach_group(domain_of(table), group);
}

/**
 * ioasid_iommu_table_alike() - may a group go from one table to the other?
 * @a: an IOMMU's table
 * @b: any table
 *
 * Even then the driver may refuse.
 */
bool ioasid_iommu_table_alike(const struct ioasid_table *a, const struct ioasid_table *b)
{
	return a->ops == &iommu_ops && b->ops == &iommu_ops &&
	       domain_of(a)->ops == domain_of(b)->ops &&
	       iommu_table(a)->coherent == iommu_table(b)->coherent;
}

/**
 * ioasid_iommu_table_probe() - find out whether the driver removes single entries
 * @table: a table with a group, empty
 *
 * Two pages that make no larger entry are entered by one call, for reading; then one is removed.
 *
 * Context: may sleep.
 * Return: 0, -ENOMEM, or what else the driver says.
 */
int ioasid_iommu_table_probe(struct ioasid_table *table)
{
	struct ioasid_iommu_table *ours = container_of(table, struct ioasid_iommu_table, table);
	u64 iova = ALIGN(ours->domain->geometry.aperture_start, 2 * PAGE_SIZE);
	struct page *pages;
	size_t removed;
	int ret;

	pages = ioasid_fault() ? NULL : alloc_pages(GFP_KERNEL_ACCOUNT | __GFP_ZERO, 2);
	if (!pages)
		return -ENOMEM;
	ret = enter(table, iova, page_to_pfn(pages) + 1, 2, IOASID_TABLE_READ);
	if (ret)
		goto out;
	removed = iommu_unmap(ours->domain, iova, PAGE_SIZE);
	ours->whole = removed != PAGE_SIZE;
	if (!ours->whole)
		iommu_unmap(ours->domain, iova + PAGE_SIZE, PAGE_SIZE);
out:
	__free_pages(pages, 2);
	return ret;
}

/**
 * ioasid_iommu_table_set_msi() - let devices send MSIs, where these are translated like all DMA
 * @table: a table
 * @iova: where the IOMMU's driver may map what MSIs are sent to
 *
 * Context: may sleep.
 * Return: 0, also where this isn't needed; -ENOMEM.
 */
int ioasid_iommu_table_set_msi(struct ioasid_table *table, u64 iova)
{
	int ret = ioasid_fault() ? -ENOMEM : iommu_get_msi_cookie(domain_of(table), iova);

	return ret == -ENODEV ? 0 : ret;
}

/**
 * ioasid_iommu_table_first() - lowest IOVA that it reaches
 * @table: an IOMMU's table
 */
u64 ioasid_iommu_table_first(const struct ioasid_table *table)
{
	return domain_of(table)->geometry.aperture_start;
}

/**
 * ioasid_iommu_table_coherent() - does DMA snoop caches, whatever a device asks for?
 * @table: any table
 */
bool ioasid_iommu_table_coherent(const struct ioasid_table *table)
{
	return table->ops != &iommu_ops || iommu_table(table)->coherent;
}
