// SPDX-License-Identifier: GPL-2.0-only
/*
 * Table: see table.h.
 *
 * Invariant: a page that an entry leads to stays pinned until the entry is gone and the flush is
 * done.
 *
 * Lock order: an address space's lock on its list of tables, then table->lock. Memory is allocated
 * under table->lock, so it is not taken in reclaim.
 */
#include "table/table.h"

#include <linux/mm.h>
#include <linux/slab.h>
#include <uapi/linux/ioasid.h>

#include "table/page.h"

static const struct ioasid_table_format *const formats[] = {
	[IOASID_FORMAT_X86_64] = &ioasid_format_x86_64,
};

/**
 * ioasid_table_formats() - bitmap of the formats, by enum ioasid_format
 */
u64 ioasid_table_formats(void)
{
	u64 bits = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i])
			bits |= BIT_ULL(i);
	return bits;
}

/**
 * ioasid_table_page_sizes() - bitmap of the entry sizes that some format has
 */
u64 ioasid_table_page_sizes(void)
{
	u64 bits = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i])
			bits |= formats[i]->page_sizes;
	return bits;
}

/**
 * ioasid_root_init() - make an empty page table
 * @root: filled
 * @levels: how many
 *
 * Return: 0 or -ENOMEM.
 */
int ioasid_root_init(struct ioasid_root *root, unsigned int levels)
{
	root->page = ioasid_table_page_alloc(false);
	if (!root->page)
		return -ENOMEM;
	root->levels = levels;
	root->pages = 1;
	return 0;
}

/**
 * ioasid_garbage_free() - free tables that no hardware walks any more
 * @garbage: the tables; empty afterwards
 *
 * Context: after the flush.
 */
void ioasid_garbage_free(struct ioasid_garbage *garbage)
{
	void *page, *next;

	for (page = garbage->first; page; page = next) {
		next = *(void **)page;
		ioasid_table_page_free(page);
	}
	garbage->first = NULL;
}

/**
 * ioasid_table_alloc() - make a page table
 * @number: enum ioasid_format
 * @levels: how many, 0 for the format's usual number
 *
 * Return: the table, or an ERR_PTR: -EOPNOTSUPP, -ENOMEM.
 */
struct ioasid_table *ioasid_table_alloc(u32 number, u32 levels)
{
	const struct ioasid_table_format *format;
	struct ioasid_table *table;
	int ret;

	if (number >= ARRAY_SIZE(formats) || !formats[number])
		return ERR_PTR(-EOPNOTSUPP);
	format = formats[number];
	if (!levels)
		levels = format->min_levels;
	if (levels < format->min_levels || levels > format->max_levels)
		return ERR_PTR(-EOPNOTSUPP);

	table = kzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (!table)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&table->link);
	mutex_init(&table->lock);
	table->format = format;
	table->last = format->last(levels);
	ret = ioasid_root_init(&table->root, levels);
	if (ret) {
		kfree(table);
		return ERR_PTR(ret);
	}
	return table;
}

/**
 * ioasid_table_free() - free a page table with what is still entered
 * @table: no address space feeds it any more
 */
void ioasid_table_free(struct ioasid_table *table)
{
	struct ioasid_garbage garbage = {};
	u64 pages = (table->last >> PAGE_SHIFT) + 1;

	mutex_lock(&table->lock);
	table->format->unmap(&table->root, 0, pages, &garbage);
	mutex_unlock(&table->lock);
	ioasid_table_flush(table, 0, pages);
	ioasid_garbage_free(&garbage);
	ioasid_table_page_free(table->root.page);
	kfree(table);
}

/**
 * ioasid_table_map() - enter pages
 * @table: the table
 * @iova: where, nothing is entered there
 * @pages: how many
 * @from: the pages; moved on
 * @access: IOASID_TABLE_READ, IOASID_TABLE_WRITE
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM; then some may have been entered, ioasid_table_unmap() removes them.
 */
int ioasid_table_map(struct ioasid_table *table, u64 iova, u64 pages, struct ioasid_run_iter *from,
		     unsigned int access)
{
	int ret;

	mutex_lock(&table->lock);
	ret = table->format->map(&table->root, iova, pages, from, access);
	mutex_unlock(&table->lock);
	return ret;
}

/**
 * ioasid_table_unmap() - remove all entries of a range
 * @table: the table
 * @iova: first IOVA
 * @pages: pages of the range, mapped or not
 * @garbage: tables to free after ioasid_table_flush()
 *
 * Never fails. Context: may sleep.
 */
void ioasid_table_unmap(struct ioasid_table *table, u64 iova, u64 pages,
			struct ioasid_garbage *garbage)
{
	mutex_lock(&table->lock);
	table->format->unmap(&table->root, iova, pages, garbage);
	mutex_unlock(&table->lock);
}

/**
 * ioasid_table_flush() - wait until no hardware uses entries that were removed
 * @table: the table
 * @iova: first IOVA
 * @pages: pages of the range
 *
 * No device walks a native table yet, so there is nobody to wait for.
 */
void ioasid_table_flush(struct ioasid_table *table, u64 iova, u64 pages)
{
}

/**
 * ioasid_table_look_up() - what the hardware would find
 * @table: the table
 * @iova: any IOVA
 * @entry: filled
 *
 * Return: 0, or -ENOENT when nothing is entered there.
 */
int ioasid_table_look_up(struct ioasid_table *table, u64 iova, struct ioasid_entry *entry)
{
	int ret;

	if (iova > table->last)
		return -ENOENT;
	mutex_lock(&table->lock);
	ret = table->format->look_up(&table->root, iova, entry);
	mutex_unlock(&table->lock);
	return ret;
}

/**
 * ioasid_table_memory() - bytes of memory that the page table takes
 * @table: the table
 */
u64 ioasid_table_memory(struct ioasid_table *table)
{
	return READ_ONCE(table->root.pages) << PAGE_SHIFT;
}
