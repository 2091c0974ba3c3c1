// SPDX-License-Identifier: GPL-2.0-only
/*
 * List: all address spaces by number, what each has mapped, and that its counters say the same.
 *
 * Lock order: ioases_lock, ioas->lock.
 */
#include "ioas/ioas.h"

#include <linux/atomic.h>
#include <linux/ioasid_stat.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/xarray.h>

#include "fault.h"

static DEFINE_XARRAY_FLAGS(ioases, XA_FLAGS_ACCOUNT);
static DEFINE_MUTEX(ioases_lock); /* while it is held, who is found there stays */
static atomic64_t ioases_made;

/**
 * ioasid_ioas_enlist() - an address space comes, and gets its number
 * @ioas: the address space
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int ioasid_ioas_enlist(struct ioasid_ioas *ioas)
{
	if (ioasid_fault())
		return -ENOMEM;
	ioas->number = atomic64_inc_return(&ioases_made);
	return xa_insert(&ioases, ioas->number, ioas, GFP_KERNEL_ACCOUNT);
}

/**
 * ioasid_ioas_delist() - an address space goes; nobody finds it any more on return
 * @ioas: the address space
 *
 * Context: may sleep.
 */
void ioasid_ioas_delist(struct ioasid_ioas *ioas)
{
	mutex_lock(&ioases_lock);
	xa_erase(&ioases, ioas->number);
	mutex_unlock(&ioases_lock);
}

static void fill_stat(struct ioasid_ioas *ioas, struct ioasid_ioas_stat *stat)
{
	read_lock(&ioas->lock);
	*stat = (struct ioasid_ioas_stat){
		.ioas = ioas->number,
		.mappings = ioas->mappings,
		.mapped = ioas->mapped,
		.tables = ioas->table_count,
		.tgid = ioas->tgid,
	};
	memcpy(stat->policy, ioas->policy, sizeof(stat->policy));
	memcpy(stat->comm, ioas->comm, sizeof(stat->comm));
	read_unlock(&ioas->lock);
}

/**
 * ioasid_ioas_next() - iterate over all address spaces in order of their numbers
 * @number: of the one before, or 0 to begin
 * @stat: filled
 *
 * Context: may sleep.
 * Return: false at the end.
 */
bool ioasid_ioas_next(u64 number, struct ioasid_ioas_stat *stat)
{
	unsigned long index = number;
	struct ioasid_ioas *ioas;

	mutex_lock(&ioases_lock);
	ioas = xa_find_after(&ioases, &index, ULONG_MAX, XA_PRESENT);
	if (ioas)
		fill_stat(ioas, stat);
	mutex_unlock(&ioases_lock);
	return ioas;
}

static void fill_entry(const struct ioasid_mapping *mapping, struct ioasid_query_entry *entry)
{
	const struct ioasid_segment *segment = &mapping->segment;

	*entry = (struct ioasid_query_entry){
		.start = mapping->start,
		.length = mapping->last - mapping->start + 1,
	};
	if (ioasid_mapping_reserved(mapping)) {
		entry->flags = IOASID_ENTRY_RESERVED;
		return;
	}
	entry->pin = segment->pin->number;
	entry->pin_offset = segment->page << PAGE_SHIFT;
	entry->va = segment->pin->va + entry->pin_offset;
	if (mapping->access & IOASID_TABLE_READ)
		entry->flags |= IOASID_ENTRY_READ;
	if (mapping->access & IOASID_TABLE_WRITE)
		entry->flags |= IOASID_ENTRY_WRITE;
	if (mapping->busy)
		entry->flags |= IOASID_ENTRY_BUSY;
}

/**
 * ioasid_ioas_list() - what is mapped or reserved, from an IOVA on
 * @ioas: the address space
 * @cursor: the IOVA, moved on; all ones at the end
 * @entries: filled
 * @capacity: room in @entries; the lock is held for so many
 *
 * Return: how many were filled in.
 */
u32 ioasid_ioas_list(struct ioasid_ioas *ioas, u64 *cursor, struct ioasid_query_entry *entries,
		     u32 capacity)
{
	struct ioasid_mapping *mapping;
	u32 n = 0;

	read_lock(&ioas->lock);
	mapping = ioasid_mapping_first(&ioas->tree, *cursor, U64_MAX);
	/* What begins before the cursor was listed, before it was cut. */
	if (mapping && mapping->start < *cursor)
		mapping = ioasid_mapping_next(mapping, U64_MAX);
	for (; mapping && n < capacity; n++) {
		fill_entry(mapping, &entries[n]);
		*cursor = mapping->last == U64_MAX ? U64_MAX : mapping->last + 1;
		mapping = ioasid_mapping_next(mapping, U64_MAX);
	}
	if (!mapping)
		*cursor = U64_MAX;
	read_unlock(&ioas->lock);
	return n;
}

/**
 * ioasid_ioas_list_one() - the same for one entry, by the number of the address space
 * @number: of the address space
 * @cursor: as for ioasid_ioas_list()
 * @entry: filled
 *
 * Context: may sleep.
 * Return: false at the end, or when there is no such address space.
 */
bool ioasid_ioas_list_one(u64 number, u64 *cursor, struct ioasid_query_entry *entry)
{
	struct ioasid_ioas *ioas;
	bool found = false;

	if (*cursor == U64_MAX)
		return false;
	mutex_lock(&ioases_lock);
	ioas = xa_load(&ioases, number);
	if (ioas)
		found = ioasid_ioas_list(ioas, cursor, entry, 1);
	mutex_unlock(&ioases_lock);
	return found;
}

static bool agrees(const struct ioasid_ioas *ioas, u64 mappings, u64 mapped)
{
	return ioas->mappings == mappings && ioas->mapped == mapped;
}

/**
 * ioasid_ioas_audit() - walk all mappings
 * @mappings: set to their number
 * @mapped: set to their pages
 * @text: the first disagreement in words; left alone when there is none
 * @size: bytes in @text
 * @count: called for each mapping's segment
 * @arg: its argument
 *
 * Context: commits are frozen, may sleep.
 * Return: disagreements.
 */
int ioasid_ioas_audit(u64 *mappings, u64 *mapped, char *text, size_t size,
		      void (*count)(void *arg, const struct ioasid_segment *segment), void *arg)
{
	struct ioasid_mapping *mapping;
	struct ioasid_ioas *ioas;
	unsigned long number;
	struct rb_node *node;
	u64 n, pages, end;
	int errors = 0;

	*mappings = 0;
	*mapped = 0;
	mutex_lock(&ioases_lock);
	xa_for_each(&ioases, number, ioas) {
		n = 0;
		pages = 0;
		end = 0;
		read_lock(&ioas->lock);
		for (node = rb_first(&ioas->tree); node; node = rb_next(node)) {
			mapping = rb_entry(node, struct ioasid_mapping, node);
			if ((end && mapping->start < end) || mapping->last < mapping->start) {
				if (!errors++)
					snprintf(text, size, "ioas %llu: mappings overlap",
						 ioas->number);
			}
			end = mapping->last + 1;
			if (ioasid_mapping_reserved(mapping))
				continue;
			n++;
			pages += ioasid_mapping_pages(mapping);
			count(arg, &mapping->segment);
		}
		if (!agrees(ioas, n, pages) && !errors++)
			snprintf(text, size, "ioas %llu: %llu mappings, counter has %llu",
				 ioas->number, n, ioas->mappings);
		read_unlock(&ioas->lock);
		*mappings += n;
		*mapped += pages;
	}
	mutex_unlock(&ioases_lock);
	return errors;
}
