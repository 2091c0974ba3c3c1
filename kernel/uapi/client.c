// SPDX-License-Identifier: GPL-2.0-only
/*
 * Client: other kernel code that uses an address space of an open file; see include/linux/ioasid.h.
 *
 * A client has a reference to the address space's object, so that stays when its id goes and when
 * the file is closed.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/ioasid.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "fault.h"
#include "ioas/hold.h"
#include "ioas/ioas.h"
#include "uapi/call.h"
#include "uapi/file.h"

struct ioasid_client {
	struct ioasid_object *object;
	struct ioasid_holder *holder;
};

static struct ioasid_client *client_alloc(struct ioasid_object *object,
					  const struct ioasid_client_ops *ops, void *data)
{
	struct ioasid_client *client;

	client = ioasid_fault() ? NULL : kzalloc(sizeof(*client), GFP_KERNEL_ACCOUNT);
	if (!client)
		return NULL;
	client->holder = ioasid_holder_open(object->ioas, ops, data);
	if (!client->holder) {
		kfree(client);
		return NULL;
	}
	client->object = object;
	return client;
}

/**
 * ioasid_client_open() - become a client of an address space
 * @file: an open file of /dev/ioasid
 * @ioas_id: the address space
 * @ops: what the client is told
 * @data: handed to @ops
 *
 * As long as there is a client, the address space can't be destroyed (EBUSY); when the file is
 * closed it stays, with all mappings, until the last client closes.
 *
 * Context: may sleep.
 * Return: the client, or an ERR_PTR: -EBADF when @file is none of ours; -ENOENT; -ENOMEM.
 */
struct ioasid_client *ioasid_client_open(struct file *file, u32 ioas_id,
					 const struct ioasid_client_ops *ops, void *data)
{
	struct ioasid_file *ours = ioasid_file_of(file);
	struct ioasid_object *object;
	struct ioasid_client *client;

	if (!ours)
		return ERR_PTR(-EBADF);
	object = ioasid_object_get(ours, ioas_id, IOASID_OBJECT_IOAS);
	if (!object)
		return ERR_PTR(-ENOENT);
	if (!ioasid_ioas_use(object->ioas)) {
		ioasid_object_put(object);
		return ERR_PTR(-ENOENT);
	}
	client = client_alloc(object, ops, data);
	if (!client) {
		ioasid_ioas_unuse(object->ioas);
		ioasid_object_put(object);
		return ERR_PTR(-ENOMEM);
	}
	return client;
}
EXPORT_SYMBOL_GPL(ioasid_client_open);

/**
 * ioasid_client_close() - release everything and be no client any more
 * @client: the client; freed. Its ops are not called any more when this returns
 *
 * Context: may sleep; not from the client's ops.
 */
void ioasid_client_close(struct ioasid_client *client)
{
	ioasid_holder_close(client->holder);
	ioasid_ioas_unuse(client->object->ioas);
	ioasid_object_put(client->object);
	kfree(client);
}
EXPORT_SYMBOL_GPL(ioasid_client_close);

/**
 * ioasid_client_hold() - hold the pages of a range
 * @client: the client
 * @iova: first IOVA, page-aligned
 * @length: bytes, a multiple of the page size
 * @access: IOASID_MAP_READ, IOASID_MAP_WRITE: rights that the mapping must give
 * @pages: filled with the pages, in order; @length divided by the page size is their number
 *
 * They stay mapped and pinned until ioasid_client_release(). The same range may be held several
 * times.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL, -EOVERFLOW for such a range; -ENOENT when a part is not mapped; -EACCES when
 * a part is mapped without the rights; -EFAULT when a part is memory of a device; -ENOMEM; -EBUSY
 * when the range is remapped all the time.
 */
int ioasid_client_hold(struct ioasid_client *client, u64 iova, u64 length, unsigned int access,
		       struct page **pages)
{
	int ret = ioasid_check_range(iova, length);

	return ret ?: ioasid_holder_hold(client->holder, iova, length, access, pages);
}
EXPORT_SYMBOL_GPL(ioasid_client_hold);

/**
 * ioasid_client_release() - end a hold
 * @client: the client
 * @iova: as it was held
 * @length: as it was held
 *
 * Context: may sleep; may be called from the client's ops.
 * Return: 0, or -ENOENT when exactly this is not held.
 */
int ioasid_client_release(struct ioasid_client *client, u64 iova, u64 length)
{
	return ioasid_holder_release(client->holder, iova, length);
}
EXPORT_SYMBOL_GPL(ioasid_client_release);

static int move_bytes(struct ioasid_client *client, u64 iova, void *buffer, size_t length,
		      bool write)
{
	unsigned int right = write ? IOASID_TABLE_WRITE : IOASID_TABLE_READ;
	struct ioasid_ioas *ioas = client->object->ioas;
	size_t done, n;
	u64 last;
	int ret;

	if (!length)
		return -EINVAL;
	if (check_add_overflow(iova, length - 1, &last))
		return -EOVERFLOW;
	ret = ioasid_ioas_check(ioas, iova, length, right);
	for (done = 0; !ret && done < length; done += n) {
		n = min(length - done, PAGE_SIZE - offset_in_page(iova + done));
		ret = ioasid_ioas_copy(ioas, iova + done, buffer + done, n, write);
	}
	if (!ret)
		ioasid_ioas_mark(ioas, iova, length, write);
	return ret;
}

/**
 * ioasid_client_read() - read memory by IOVA
 * @client: the client
 * @iova: first IOVA, any alignment
 * @buffer: kernel memory
 * @length: bytes, not 0; may span mappings
 *
 * Context: may sleep.
 * Return: 0; -EINVAL; -EOVERFLOW; -ENOENT when a part is not mapped; -EACCES when a part can't be
 * read; -EFAULT when a part is memory of a device. Then nothing was read, unless a part was
 * unmapped meanwhile.
 */
int ioasid_client_read(struct ioasid_client *client, u64 iova, void *buffer, size_t length)
{
	return move_bytes(client, iova, buffer, length, false);
}
EXPORT_SYMBOL_GPL(ioasid_client_read);

/**
 * ioasid_client_write() - write memory by IOVA
 * @client: the client
 * @iova: first IOVA, any alignment
 * @buffer: kernel memory
 * @length: bytes, not 0; may span mappings
 *
 * Context: may sleep.
 * Return: as ioasid_client_read().
 */
int ioasid_client_write(struct ioasid_client *client, u64 iova, const void *buffer, size_t length)
{
	return move_bytes(client, iova, (void *)buffer, length, true);
}
EXPORT_SYMBOL_GPL(ioasid_client_write);
