// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access: software reads and writes memory by IOVA, as a device would.
 *
 * The memory is touched with the address space's lock held for reading, a page at a time at the
 * most: so an unmap that has returned is never followed by an access. User memory is not touched
 * under the lock; the caller copies through a buffer of its own.
 */
#include "ioas/ioas.h"

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

/* The mapping at an IOVA, if it is ready. */
static struct ioasid_mapping *mapping_at(const struct ioasid_ioas *ioas, u64 iova)
{
	struct ioasid_mapping *mapping = ioasid_mapping_first(&ioas->tree, iova, iova);

	lockdep_assert_held(&ioas->lock);
	if (!mapping || mapping->busy || ioasid_mapping_reserved(mapping))
		return NULL;
	return mapping;
}

/**
 * ioasid_ioas_look_up() - what an IOVA leads to
 * @ioas: the address space
 * @iova: any IOVA
 * @found: filled
 *
 * Return: 0, or -ENOENT.
 */
int ioasid_ioas_look_up(struct ioasid_ioas *ioas, u64 iova, struct ioasid_translation *found)
{
	const struct ioasid_mapping *mapping;
	const struct ioasid_pin_group *pin;
	u64 in_page = offset_in_page(iova);
	struct ioasid_run_iter iter;
	int ret = -ENOENT;
	u64 page;

	read_lock(&ioas->lock);
	mapping = mapping_at(ioas, iova);
	if (!mapping)
		goto out;
	pin = mapping->segment.pin;
	page = mapping->segment.page + ((iova - mapping->start) >> PAGE_SHIFT);
	iter = ioasid_runs_seek(&pin->runs, page);
	found->pin = pin->number;
	found->pin_offset = (page << PAGE_SHIFT) + in_page;
	found->va = pin->va + found->pin_offset;
	found->phys = (ioasid_run_iter_pfn(&iter) << PAGE_SHIFT) + in_page;
	found->length = min((ioasid_run_iter_left(&iter) << PAGE_SHIFT) - in_page,
			    mapping->last - iova + 1);
	found->access = mapping->access;
	ret = 0;
out:
	read_unlock(&ioas->lock);
	return ret;
}

/* May the CPU do this by way of the mapping? */
static int check_access(const struct ioasid_mapping *mapping, unsigned int access)
{
	if (!(mapping->access & access))
		return -EACCES;
	return ioasid_pin_is_device(mapping->segment.pin) ? -EFAULT : 0;
}

/**
 * ioasid_ioas_check() - may all of a range be accessed?
 * @ioas: the address space
 * @iova: first IOVA
 * @length: bytes; the range does not wrap
 * @access: the right wanted
 *
 * Return: 0; -ENOENT when a part is not mapped; -EACCES when a part is mapped without the right;
 * -EFAULT when a part is device memory.
 */
int ioasid_ioas_check(struct ioasid_ioas *ioas, u64 iova, u64 length, unsigned int access)
{
	u64 last = iova + length - 1, end = 0;
	struct ioasid_mapping *mapping;
	int ret;

	/* The lock is dropped after each mapping, so that writers don't wait long. */
	do {
		ret = -ENOENT;
		read_lock(&ioas->lock);
		mapping = mapping_at(ioas, iova);
		if (mapping) {
			ret = check_access(mapping, access);
			end = mapping->last;
		}
		read_unlock(&ioas->lock);
		iova = end + 1;
	} while (!ret && end < last);
	return ret;
}

/**
 * ioasid_ioas_copy() - read or write memory by IOVA, within one page
 * @ioas: the address space
 * @iova: first IOVA
 * @buffer: kernel memory to read into or to write from
 * @length: bytes, not beyond the end of the page
 * @write: write to the IOVA
 *
 * Return: 0, -ENOENT, -EACCES or -EFAULT, as ioasid_ioas_check().
 */
int ioasid_ioas_copy(struct ioasid_ioas *ioas, u64 iova, void *buffer, size_t length, bool write)
{
	unsigned int access = write ? IOASID_TABLE_WRITE : IOASID_TABLE_READ;
	struct ioasid_mapping *mapping;
	struct ioasid_run_iter iter;
	struct page *page;
	int ret = -ENOENT;

	read_lock(&ioas->lock);
	mapping = mapping_at(ioas, iova);
	if (!mapping)
		goto out;
	ret = check_access(mapping, access);
	if (ret)
		goto out;
	iter = ioasid_runs_seek(&mapping->segment.pin->runs,
				mapping->segment.page + ((iova - mapping->start) >> PAGE_SHIFT));
	page = pfn_to_page(ioasid_run_iter_pfn(&iter));
	if (write)
		memcpy_to_page(page, offset_in_page(iova), buffer, length);
	else
		memcpy_from_page(buffer, page, offset_in_page(iova), length);
	ret = 0;
out:
	read_unlock(&ioas->lock);
	return ret;
}

/**
 * ioasid_ioas_mark() - mark table entries as a device would that accessed memory through them
 * @ioas: the address space
 * @iova: first IOVA
 * @length: bytes; the range does not wrap
 * @write: the access was a write
 *
 * Context: may sleep.
 */
void ioasid_ioas_mark(struct ioasid_ioas *ioas, u64 iova, u64 length, bool write)
{
	struct ioasid_table *table;

	down_read(&ioas->tables_lock);
	list_for_each_entry(table, &ioas->tables, link)
		ioasid_table_mark(table, iova, length, write);
	up_read(&ioas->tables_lock);
}

/**
 * ioasid_ioas_segments() - the pins that a mapped range leads to
 * @ioas: the address space
 * @iova: first IOVA, page-aligned
 * @length: bytes; the range does not wrap
 * @access: rights wanted
 * @segments: empty; filled with what covers the range
 *
 * Context: may sleep.
 * Return: 0; -ENOENT when a part is not mapped; -EACCES when a part is mapped without the rights;
 * -ENOMEM. On failure @segments is empty.
 */
int ioasid_ioas_segments(struct ioasid_ioas *ioas, u64 iova, u64 length, unsigned int access,
			 struct ioasid_segments *segments)
{
	u64 pages = length >> PAGE_SHIFT, page = 0, n = 0;
	struct ioasid_mapping *mapping;
	struct ioasid_pin_group *pin;
	int ret = 0;

	while (!ret && segments->pages < pages) {
		pin = NULL;
		ret = -ENOENT;
		read_lock(&ioas->lock);
		mapping = mapping_at(ioas, iova + (segments->pages << PAGE_SHIFT));
		if (mapping)
			ret = (mapping->access & access) == access ? 0 : -EACCES;
		if (!ret) {
			pin = mapping->segment.pin;
			ioasid_pin_get(pin);
			page = (iova + (segments->pages << PAGE_SHIFT) - mapping->start) >>
			       PAGE_SHIFT;
			n = min(mapping->segment.pages - page, pages - segments->pages);
			page += mapping->segment.page;
		}
		read_unlock(&ioas->lock);
		if (!ret)
			ret = ioasid_segments_add(segments, pin, page, n);
		if (pin)
			ioasid_pin_put(pin);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
	}
	if (ret)
		ioasid_segments_put(segments);
	segments->reused = segments->pages;
	return ret;
}
