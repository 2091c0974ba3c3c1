// SPDX-License-Identifier: GPL-2.0-only
/* Pair: see pair.h. Ours is called as table.c calls it, theirs as the IOMMU core does. */
#include "pt/pair.h"

#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "table/page.h"

static const struct ioasid_table_format *const formats[PT_FORMATS] = {
	[PT_AMD_V1] = &ioasid_format_amd_v1,
	[PT_VTD_SS] = &ioasid_format_vtd_ss,
	[PT_X86_64] = &ioasid_format_x86_64,
};

/**
 * memory_get() - take over what is to be mapped
 * @memory: filled
 * @map: from the user
 *
 * Return: 0 or an errno; then there is nothing to put.
 */
int memory_get(struct memory *memory, const struct pt_map *map)
{
	int ret = 0;
	u32 i;

	if (!map->count || map->count > PT_RUNS_MAX)
		return -EINVAL;
	memory->iova = map->iova;
	memory->access = map->access;
	memory->count = map->count;
	memory->runs =
		memdup_array_user(u64_to_user_ptr(map->runs), map->count, sizeof(*memory->runs));
	if (IS_ERR(memory->runs))
		return PTR_ERR(memory->runs);
	ioasid_runs_init(&memory->list);
	for (i = 0; i < map->count && !ret; i++)
		ret = ioasid_runs_add(&memory->list, memory->runs[i].phys >> PAGE_SHIFT,
				      memory->runs[i].length >> PAGE_SHIFT);
	if (ret)
		memory_put(memory);
	return ret;
}

/**
 * memory_put() - free what memory_get() made
 * @memory: the memory
 */
void memory_put(struct memory *memory)
{
	ioasid_runs_free(&memory->list);
	kfree(memory->runs);
}

/**
 * pair_make() - make two empty page tables
 * @pair: filled
 * @make: how; what is returned of it is filled
 *
 * Return: 0 or an errno; then there are none.
 */
int pair_make(struct pair *pair, struct pt_make *make)
{
	struct ioasid_shape shape = { .levels = make->levels };
	int ret;

	memset(pair, 0, sizeof(*pair));
	if (make->format >= PT_FORMATS)
		return -EINVAL;
	pair->format = formats[make->format];
	if (make->levels < pair->format->min_levels || make->levels > pair->format->max_levels)
		return -EINVAL;
	ret = peer_init(&pair->peer, make->format, make->levels, make->coherent);
	if (ret)
		return ret;
	make->sizes = pair->peer.iommu.domain.pgsize_bitmap;
	make->our_sizes = pair->format->sizes(make->levels);
	make->bits = pair->format->bits(make->levels);
	shape.sizes = make->sizes;
	if (make->coherent)
		shape.features = pair->format->features & IOASID_TABLE_COHERENT;
	ret = ioasid_root_init(&pair->root, pair->format, &shape);
	if (ret)
		peer_free(&pair->peer);
	pair->make = *make;
	return ret;
}

/**
 * pair_free() - free both
 * @pair: the page tables, with what is in them, or none
 */
void pair_free(struct pair *pair)
{
	if (!pair->root.page)
		return;
	pair_unmap_ours(pair, 0, ioasid_root_last(&pair->root) + 1);
	ioasid_root_free(&pair->root);
	peer_free(&pair->peer);
	pair->root.page = NULL;
}

/**
 * pair_map_ours() - enter it in ours, in one call
 * @pair: the page tables
 * @memory: what, and where
 *
 * Return: 0 or an errno.
 */
int pair_map_ours(struct pair *pair, const struct memory *memory)
{
	struct ioasid_run_iter from = { .runs = &memory->list };
	struct ioasid_garbage garbage = {};
	u64 last = memory->iova + (memory->list.pages << PAGE_SHIFT) - 1;
	int ret;

	ret = pair->format->map(&pair->root, memory->iova, last, &from, memory->access, &garbage);
	if (ret || garbage.flush)
		ioasid_garbage_free(&garbage);
	return ret;
}

/**
 * pair_map_theirs() - enter it in theirs, in one call for each run
 * @pair: the page tables
 * @memory: what, and where
 *
 * Return: 0 or an errno.
 */
int pair_map_theirs(struct pair *pair, const struct memory *memory)
{
	u64 iova = memory->iova;
	int ret = 0;
	u32 i;

	for (i = 0; i < memory->count && !ret; i++) {
		ret = peer_map(&pair->peer, iova, memory->runs[i].phys, memory->runs[i].length,
			       memory->access);
		iova += memory->runs[i].length;
	}
	return ret;
}

/**
 * pair_unmap_ours() - remove a range from ours, and free the tables that went
 * @pair: the page tables
 * @iova: where
 * @length: bytes, 0 for 2^64
 *
 * Return: bytes that were mapped.
 */
u64 pair_unmap_ours(struct pair *pair, u64 iova, u64 length)
{
	struct ioasid_garbage garbage = {};
	u64 unmapped;

	unmapped = pair->format->unmap(&pair->root, iova, iova + length - 1, &garbage);
	ioasid_garbage_free(&garbage);
	return unmapped;
}
