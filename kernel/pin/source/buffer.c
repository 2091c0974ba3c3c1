// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer: a dma-buf as a source of pages.
 *
 * Addresses are offsets in the buffer. It is attached to once, for as long as it has pins, which
 * obliges the exporter to leave it where it is. Its memory is the exporter's, so nothing is charged
 * and no page is taken hold of: the attachment holds all of them.
 *
 * The device that it is attached to is one of ours that no IOMMU translates for, so what the
 * exporter calls DMA addresses are physical ones.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "compat.h"
#include "fault.h"
#include "pin/buffer.h"
#include "pin/domain.h"
#include "pin/run.h"

IOASID_IMPORT_DMA_BUF;

static struct device *importer;

/**
 * ioasid_buffer_init() - prepare for attaching to buffers
 * @device: of ours, stays until no domain is left
 *
 * Return: 0 or a negative errno.
 */
int ioasid_buffer_init(struct device *device)
{
	importer = device;
	return dma_coerce_mask_and_coherent(device, DMA_BIT_MASK(64));
}

static int buffer_open(struct ioasid_domain *domain, void *from)
{
	struct dma_buf *buffer = from;

	domain->attachment = ioasid_fault() ? ERR_PTR(-ENOMEM) : dma_buf_attach(buffer, importer);
	if (IS_ERR(domain->attachment))
		return PTR_ERR(domain->attachment) == -ENOMEM ? -ENOMEM : -EINVAL;
	domain->pages = dma_buf_map_attachment_unlocked(domain->attachment, DMA_BIDIRECTIONAL);
	if (IS_ERR(domain->pages)) {
		dma_buf_detach(buffer, domain->attachment);
		return PTR_ERR(domain->pages) == -ENOMEM ? -ENOMEM : -EINVAL;
	}
	get_dma_buf(buffer);
	return 0;
}

static void buffer_close(struct ioasid_domain *domain)
{
	struct dma_buf *buffer = domain->key;

	dma_buf_unmap_attachment_unlocked(domain->attachment, domain->pages, DMA_BIDIRECTIONAL);
	dma_buf_detach(buffer, domain->attachment);
	dma_buf_put(buffer);
	kfree_rcu(domain, rcu);
}

static int buffer_pin(struct ioasid_domain *domain, struct ioasid_runs *runs, u64 va, u64 pages,
		      bool write, u64 *bad)
{
	u64 skip = va >> PAGE_SHIFT, n;
	struct scatterlist *sg;
	int i, ret = 0;

	*bad = va;
	for_each_sgtable_dma_sg(domain->pages, sg, i)
	{
		n = sg_dma_len(sg) >> PAGE_SHIFT;
		if (skip >= n) {
			skip -= n;
			continue;
		}
		n = min(n - skip, pages - runs->pages);
		ret = ioasid_runs_add(runs, (sg_dma_address(sg) >> PAGE_SHIFT) + skip, n);
		skip = 0;
		if (ret || runs->pages == pages)
			break;
	}
	if (!ret && runs->pages < pages)
		ret = -EFAULT;
	if (ret) {
		ioasid_runs_free(runs);
		return ret;
	}
	ioasid_runs_trim(runs);
	return 0;
}

static int buffer_same(struct ioasid_domain *domain, const struct ioasid_runs *runs, u64 va,
		       u64 page, u64 pages, bool write, u64 *bad)
{
	return 1;
}

static void buffer_release(struct ioasid_runs *runs, bool dirty)
{
	ioasid_runs_free(runs);
}

const struct ioasid_source ioasid_source_buffer = {
	.kind = IOASID_SOURCE_BUFFER,
	.common = true,
	.open = buffer_open,
	.close = buffer_close,
	.pin = buffer_pin,
	.same = buffer_same,
	.release = buffer_release,
};
