// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walker: a driver whose hardware walks a table of an open file; see include/linux/ioasid.h.
 *
 * A walker has a reference to the table's object, so the table stays when its id goes and when the
 * file is closed, and so does the address space that feeds it.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/ioasid.h>
#include <linux/slab.h>

#include "fault.h"
#include "table/page.h"
#include "table/table.h"
#include "uapi/file.h"
#include "uapi/object.h"

struct ioasid_walker {
	struct ioasid_table_walker walker;
	struct ioasid_object *object;
};

/**
 * ioasid_walker_open() - let hardware walk a table
 * @file: an open file of /dev/ioasid
 * @table_id: the table
 * @ops: what the walker is told
 * @data: handed to @ops
 *
 * As long as there is a walker, the table can't be destroyed (EBUSY); when the file is closed it
 * stays, with all mappings, until the last walker closes.
 *
 * Context: may sleep.
 * Return: the walker, or an ERR_PTR: -EBADF when @file is none of ours; -ENOENT; -ENOMEM.
 */
struct ioasid_walker *ioasid_walker_open(struct file *file, u32 table_id,
					 const struct ioasid_walker_ops *ops, void *data)
{
	struct ioasid_file *ours = ioasid_file_of(file);
	struct ioasid_walker *walker;
	struct ioasid_object *object;
	int ret = -ENOENT;

	if (!ours)
		return ERR_PTR(-EBADF);
	object = ioasid_object_get(ours, table_id, IOASID_OBJECT_TABLE);
	if (!object)
		return ERR_PTR(-ENOENT);
	walker = ioasid_fault() ? NULL : kzalloc(sizeof(*walker), GFP_KERNEL_ACCOUNT);
	if (!walker) {
		ret = -ENOMEM;
		goto put;
	}
	walker->object = object;
	walker->walker.ops = ops;
	walker->walker.data = data;
	if (ioasid_table_add_walker(object->table, &walker->walker))
		return walker;
	kfree(walker);
put:
	ioasid_object_put(object);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(ioasid_walker_open);

/**
 * ioasid_walker_table() - what the hardware has to be told
 * @walker: the walker
 * @table: filled
 */
void ioasid_walker_table(const struct ioasid_walker *walker, struct ioasid_walker_table *table)
{
	const struct ioasid_table *ours = walker->object->table;

	*table = (struct ioasid_walker_table){
		.format = ours->format->number,
		.levels = ours->root.levels,
		.address_bits = ours->root.bits,
		.flags = ours->root.features,
		.root = ioasid_table_page_phys(ours->root.page),
	};
}
EXPORT_SYMBOL_GPL(ioasid_walker_table);

/**
 * ioasid_walker_close() - the hardware has forgotten the table
 * @walker: the walker; freed. Its ops are not called any more when this returns
 *
 * Context: may sleep; not from the walker's ops.
 */
void ioasid_walker_close(struct ioasid_walker *walker)
{
	ioasid_table_remove_walker(walker->object->table, &walker->walker);
	ioasid_object_put(walker->object);
	kfree(walker);
}
EXPORT_SYMBOL_GPL(ioasid_walker_close);
