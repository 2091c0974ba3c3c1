/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What other kernel code can do with an address space of /dev/ioasid: a driver that emulates a
 * device in software, and does the device's DMA with the CPU.
 *
 * Such a driver is a client of an address space. It reads and writes memory by IOVA, which needs
 * nothing more than that; or it holds the pages of a range, and uses them as it likes until it
 * releases them. When user space unmaps a range of which pages are held, the client is told, and
 * has to release them before it returns; if it does not, the range stays mapped and user space gets
 * EBUSY. So when an unmap has returned, no client has a page of it.
 *
 *	static const struct ioasid_client_ops ops = { .unmap = my_unmap };
 *
 *	client = ioasid_client_open(file, ioas_id, &ops, me);
 *	ret = ioasid_client_write(client, iova, data, length);
 *	ret = ioasid_client_hold(client, ring_iova, PAGE_SIZE, IOASID_MAP_WRITE, &page);
 *	...
 *	ioasid_client_release(client, ring_iova, PAGE_SIZE);
 *	ioasid_client_close(client);
 */
#ifndef _LINUX_IOASID_H
#define _LINUX_IOASID_H

#include <linux/types.h>
#include <uapi/linux/ioasid.h>

struct device;
struct file;
struct ioasid_client;
struct iommu_group;
struct mm_struct;
struct page;
struct task_struct;

/**
 * struct ioasid_client_ops - what a client is told
 * @unmap: a range of which it holds pages is being unmapped; it must release all that it holds of
 *	it before it returns, for which it may wait for its own users. Called with no lock of ioasid
 *	held, in process context; may be called by several unmaps at a time, and once more for
 *	pages that it has released meanwhile. Must not map or unmap in this address space.
 */
struct ioasid_client_ops {
	void (*unmap)(void *data, u64 iova, u64 length);
};

struct ioasid_client *ioasid_client_open(struct file *file, u32 ioas_id,
					 const struct ioasid_client_ops *ops, void *data);
void ioasid_client_close(struct ioasid_client *client);

int ioasid_client_hold(struct ioasid_client *client, u64 iova, u64 length, unsigned int access,
		       struct page **pages);
int ioasid_client_release(struct ioasid_client *client, u64 iova, u64 length);

int ioasid_client_read(struct ioasid_client *client, u64 iova, void *buffer, size_t length);
int ioasid_client_write(struct ioasid_client *client, u64 iova, const void *buffer, size_t length);

/*
 * A driver of an IOMMU, or of a device that translates addresses itself, lets its hardware walk a
 * table. User space makes the table (IOASID_TABLE_ALLOC) and hands file and id to the driver, which
 * opens a walker, tells the hardware where the top table is, and forgets it before it closes:
 *
 *	static const struct ioasid_walker_ops ops = { .flush = my_invalidate };
 *
 *	walker = ioasid_walker_open(file, table_id, &ops, me);
 *	ioasid_walker_table(walker, &table);
 *	... program table.root into the hardware, wait until nothing uses it any more ...
 *	ioasid_walker_close(walker);
 *
 * The hardware has to read tables coherently with the CPU's caches.
 */
struct ioasid_walker;

/**
 * struct ioasid_walker_ops - what a walker is told
 * @flush: forget what is cached of a range: its entries, and those that led to tables. When it
 *	returns, no access goes by what was there before. Called with locks of ioasid held that are
 *	shared between all maps and unmaps, in process context; may sleep; may be called by several
 *	threads at a time. Must not call ioasid.
 */
struct ioasid_walker_ops {
	void (*flush)(void *data, u64 iova, u64 last);
};

/**
 * struct ioasid_walker_table - a table as hardware has to be told
 * @format: enum ioasid_format
 * @levels: how many tables a walk passes through
 * @address_bits: width of an IOVA; bits above are zero
 * @flags: IOASID_TABLE_ALLOC_COHERENT, IOASID_TABLE_ALLOC_TRACK
 * @root: physical address of the top table
 */
struct ioasid_walker_table {
	u32 format;
	u32 levels;
	u32 address_bits;
	u32 flags;
	u64 root;
};

struct ioasid_walker *ioasid_walker_open(struct file *file, u32 table_id,
					 const struct ioasid_walker_ops *ops, void *data);
void ioasid_walker_table(const struct ioasid_walker *walker, struct ioasid_walker_table *table);
void ioasid_walker_close(struct ioasid_walker *walker);

/*
 * A driver that lets user space map memory for real devices, as VFIO does, has an address space:
 * one of its own, or one of an open file that others use as well.
 *
 *	space = ioasid_space_alloc();
 *	ret = ioasid_space_attach_group(space, group, &error);
 *	ret = ioasid_space_map(space, &map, &error);
 *	...
 *	ret = ioasid_space_unmap(space, map.iova, map.iova + map.length - 1, &error);
 *	ioasid_space_detach_group(space, group);
 *	ioasid_space_close(space);
 *
 * What it maps is its own: ioasid_space_unmap() leaves alone what others have mapped. It unmaps all
 * and detaches its groups before it closes. The same memory is pinned and charged once, whoever
 * maps it how often.
 *
 * All calls may sleep. Where there is an @error it may be NULL; it is filled when the call fails,
 * but for its size.
 */
struct ioasid_space;

/**
 * struct ioasid_space_memory - whose memory, and who is charged
 * @task: whose limit and user; the caller has a reference
 * @mm: whose memory; the caller has a reference (mmgrab)
 * @unlimited: it had CAP_IPC_LOCK
 */
struct ioasid_space_memory {
	struct task_struct *task;
	struct mm_struct *mm;
	bool unlimited;
};

/**
 * struct ioasid_space_map - what and where to map
 * @memory: whose memory
 * @va: its first address, page-aligned
 * @length: bytes, a multiple of the page size
 * @iova: where to
 * @access: IOASID_MAP_READ, IOASID_MAP_WRITE
 *
 * Charged as IOASID_CHARGE_MM says. Device memory (VM_PFNMAP) is mapped as well, and not charged.
 */
struct ioasid_space_map {
	struct ioasid_space_memory memory;
	u64 va;
	u64 length;
	u64 iova;
	u32 access;
};

struct ioasid_space *ioasid_space_alloc(void);
struct ioasid_space *ioasid_space_open(struct file *file, u32 ioas_id,
				       const struct ioasid_space *as);
void ioasid_space_close(struct ioasid_space *space);

int ioasid_space_map(struct ioasid_space *space, const struct ioasid_space_map *map,
		     struct ioasid_error *error);
int ioasid_space_unmap(struct ioasid_space *space, u64 iova, u64 last, struct ioasid_error *error);
int ioasid_space_change_owner(struct ioasid_space *space, u64 iova, u64 last,
			      struct ioasid_error *error);

int ioasid_space_attach_group(struct ioasid_space *space, struct iommu_group *group,
			      struct ioasid_error *error);
void ioasid_space_detach_group(struct ioasid_space *space, struct iommu_group *group);

u64 ioasid_space_page_sizes(struct ioasid_space *space);
bool ioasid_space_coherent(struct ioasid_space *space);
bool ioasid_space_usable(struct ioasid_space *space, u64 iova, u64 last);
u32 ioasid_space_ranges(struct ioasid_space *space, struct ioasid_range *ranges, u32 capacity);

/**
 * struct ioasid_page - a page that is pinned without being mapped
 * @page: the page
 * @pin: ioasid's
 * @offset: ioasid's
 */
struct ioasid_page {
	struct page *page;
	void *pin;
	u64 offset;
};

int ioasid_page_pin(const struct ioasid_space_memory *memory, u64 va, bool write,
		    struct ioasid_page *page, struct ioasid_error *error);
void ioasid_page_unpin(struct ioasid_page *page);

/*
 * A driver of a device that does DMA lets it go by an address space: user space maps memory there,
 * and tells the device the IOVAs, through the driver. The device is behind an IOMMU whose driver is
 * the kernel's; it translates IOVAs, and refuses what isn't mapped.
 *
 *	device = ioasid_device_attach(file, ioas_id, &pdev->dev);
 *	... start DMA with IOVAs that user space gave ...
 *	... stop the device ...
 *	ioasid_device_detach(device);
 *
 * The driver sets driver_managed_dma and does not use the DMA API.
 */
struct ioasid_device;

struct ioasid_device *ioasid_device_attach(struct file *file, u32 ioas_id, struct device *dev);
void ioasid_device_detach(struct ioasid_device *device);

#endif /* _LINUX_IOASID_H */
