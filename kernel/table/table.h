/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Table: a page table that an address space feeds. There are two kinds, and which one it is isn't
 * known above: a native one is in a hardware's format and written by us (table.c); an IOMMU's is a
 * domain of its driver, which writes it (iommu.c).
 */
#ifndef IOASID_TABLE_TABLE_H
#define IOASID_TABLE_TABLE_H

#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/rwsem.h>

#include "table/format.h"

struct ioasid_refusal;
struct ioasid_table;
struct ioasid_walker_ops;

/**
 * struct ioasid_removal - what was removed from a table and is not flushed yet
 * @garbage: of a native table: tables to free
 * @gather: of an IOMMU's: what its driver has to flush and to free
 */
struct ioasid_removal {
	struct ioasid_garbage garbage;
	struct iommu_iotlb_gather gather;
};

/**
 * struct ioasid_table_ops - a kind of table
 * @map: see ioasid_table_map()
 * @unmap: see ioasid_table_unmap()
 * @flush: see ioasid_table_flush()
 * @can_cut: see ioasid_table_can_cut(); NULL: everywhere
 * @free: see ioasid_table_free()
 */
struct ioasid_table_ops {
	int (*map)(struct ioasid_table *table, u64 iova, u64 last, struct ioasid_run_iter *from,
		   unsigned int access);
	void (*unmap)(struct ioasid_table *table, u64 iova, u64 last,
		      struct ioasid_removal *removal);
	void (*flush)(struct ioasid_table *table, u64 iova, u64 last,
		      struct ioasid_removal *removal);
	bool (*can_cut)(const struct ioasid_table *table, u64 iova, u64 phys, u64 length,
			u64 offset);
	void (*free)(struct ioasid_table *table);
};

/**
 * struct ioasid_table - a page table
 * @link: for its address space's list
 * @ops: what kind it is
 * @number: system-wide, never used twice
 * @last: highest IOVA that it reaches
 * @sizes: bitmap of the entry sizes in bytes that it was allocated for
 * @small: gets the smallest entries only
 * @format: of a native table, its format; NULL: an IOMMU's
 * @root: of a native table, the table itself
 * @tracking: somebody reads which entries are dirty
 * @walkers_lock: guards @walkers and @retired
 * @walkers: the hardware that walks it
 * @retired: takes no walkers any more
 */
struct ioasid_table {
	struct list_head link;
	const struct ioasid_table_ops *ops;
	u64 number;
	u64 last;
	u64 sizes;
	bool small;
	const struct ioasid_table_format *format;
	struct ioasid_root root;
	atomic_t tracking;
	struct rw_semaphore walkers_lock;
	struct list_head walkers;
	bool retired;
};

/**
 * struct ioasid_table_walker - hardware that walks a table
 * @link: for the table's list
 * @ops: how to tell it
 * @data: handed to @ops
 */
struct ioasid_table_walker {
	struct list_head link;
	const struct ioasid_walker_ops *ops;
	void *data;
};

static inline void ioasid_removal_init(struct ioasid_removal *removal)
{
	*removal = (struct ioasid_removal){};
	iommu_iotlb_gather_init(&removal->gather);
}

u64 ioasid_table_formats(void);
u64 ioasid_table_page_sizes(void);
struct ioasid_table *ioasid_table_alloc(u32 number, const struct ioasid_shape *shape,
					struct ioasid_refusal *why);
void ioasid_table_init(struct ioasid_table *table, const struct ioasid_table_ops *ops);
void ioasid_table_free(struct ioasid_table *table);
int ioasid_table_map(struct ioasid_table *table, u64 iova, u64 last, struct ioasid_run_iter *from,
		     unsigned int access);
void ioasid_table_unmap(struct ioasid_table *table, u64 iova, u64 last,
			struct ioasid_removal *removal);
void ioasid_table_flush(struct ioasid_table *table, u64 iova, u64 last,
			struct ioasid_removal *removal);
bool ioasid_table_can_cut(const struct ioasid_table *table, u64 iova, u64 phys, u64 length,
			  u64 offset);
int ioasid_table_look_up(struct ioasid_table *table, u64 iova, struct ioasid_entry *entry);
void ioasid_table_visit(struct ioasid_table *table, u64 iova, u64 last,
			const struct ioasid_visit *visit);
void ioasid_table_mark(struct ioasid_table *table, u64 iova, u64 length, bool write);
void ioasid_table_set_small(struct ioasid_table *table, bool small);
u64 ioasid_table_memory(struct ioasid_table *table);

int ioasid_table_track(struct ioasid_table *table, bool on);
u64 ioasid_table_dirty(struct ioasid_table *table, u64 iova, u64 last, unsigned int shift,
		       bool keep, unsigned long *bitmap, u64 *reach);

bool ioasid_table_add_walker(struct ioasid_table *table, struct ioasid_table_walker *walker);
void ioasid_table_remove_walker(struct ioasid_table *table, struct ioasid_table_walker *walker);
bool ioasid_table_retire(struct ioasid_table *table);

#endif /* IOASID_TABLE_TABLE_H */
