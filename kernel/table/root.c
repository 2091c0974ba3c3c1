// SPDX-License-Identifier: GPL-2.0-only
/* Root: makes and frees page tables of any format. Also compiles in user space. */
#include <linux/errno.h>

#include "table/page.h"

static unsigned int top_order(const struct ioasid_root *root,
			      const struct ioasid_table_format *format)
{
	unsigned int bits = format->bits(root->levels);

	return root->bits > bits ? root->bits - bits : 0;
}

/**
 * ioasid_root_init() - make an empty page table
 * @root: filled
 * @format: its format
 * @shape: what it is to be like; the format has that
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int ioasid_root_init(struct ioasid_root *root, const struct ioasid_table_format *format,
		     const struct ioasid_shape *shape)
{
	root->levels = shape->levels ?: format->usual_levels;
	root->bits = shape->bits ?: format->bits(root->levels);
	root->features = shape->features;
	root->sizes = format->sizes(root->levels) & (shape->sizes ?: ~0ULL);
	root->order = top_order(root, format);
	root->page = ioasid_top_table_alloc(root->order);
	if (!root->page)
		return -ENOMEM;
	atomic64_set(&root->pages, 1LL << root->order);
	atomic64_set(&root->unflushed, 0);
	return 0;
}

/**
 * ioasid_root_free() - free a page table
 * @root: nothing is entered in it, and no hardware walks it
 */
void ioasid_root_free(struct ioasid_root *root)
{
	ioasid_top_table_free(root->page, root->order);
}
