// SPDX-License-Identifier: GPL-2.0-only
/* Steps that pin, lists, owners, and wrong arguments. */
#include <string.h>

#include "steps.h"

static void some_wish(unsigned int worker, unsigned int file, struct ioasid_pin *pin,
		      struct wish *wish)
{
	some_pages(&wish->first, &wish->pages);
	wish->domain = domain_of_mm(m.mm_of[worker]);
	wish->owner = m.mm_of[worker];
	wish->mode = m.modes[file];
	wish->write = !once_in(3);
	*pin = (struct ioasid_pin){
		.flags = wish->write ? IOASID_PIN_WRITE : 0,
		.va = VA(wish->first),
		.length = wish->pages * PAGE,
	};
}

void step_pin(void)
{
	struct handle *handle = &m.handles[below(HANDLES)];
	unsigned int worker = below(WORKERS), file = some_file(worker);
	struct segments segments;
	struct ioasid_pin pin;
	struct wish wish;
	int ret, expected;

	if (handle->id)
		return;
	some_wish(worker, file, &pin, &wish);
	ret = CALL(worker, file, IOASID_PIN, &pin);
	note("%u: PIN file %u pages %u+%u flags %x: %d, %u, new %llu", worker, file, wish.first,
	     wish.pages, pin.flags, ret, pin.out_id, (unsigned long long)pin.out_new / PAGE);
	expected = pin_range(&wish, &segments);
	want(ret, expected);
	if (ret)
		return;
	want(pin.out_new, (segments.pages - segments.reused) * PAGE);
	want_that(pin.out_id != 0);
	*handle = (struct handle){
		.id = pin.out_id, .file = file, .write = wish.write, .segments = segments
	};
}

void step_dry_run(void)
{
	unsigned int worker = below(WORKERS), file = some_file(worker);
	unsigned int missing;
	struct ioasid_pin pin;
	struct wish wish;
	int ret;

	some_wish(worker, file, &pin, &wish);
	pin.flags |= IOASID_PIN_DRY_RUN;
	ret = CALL(worker, file, IOASID_PIN, &pin);
	note("%u: PIN dry file %u pages %u+%u flags %x: %d", worker, file, wish.first, wish.pages,
	     pin.flags, ret);
	want(ret, pin_missing(&wish, &missing));
	want(pin.out_id, 0);
	if (!ret)
		want(pin.out_new, missing * PAGE);
}

static bool busy(const struct handle *handle)
{
	unsigned int i;

	for (i = 0; i < handle->segments.count; i++)
		if (handle->segments.list[i].pin->mappings)
			return true;
	return false;
}

void step_unpin(void)
{
	struct handle *handle = &m.handles[below(HANDLES)];
	bool defer = once_in(3), by_destroy = !defer && once_in(2);
	struct ioasid_destroy destroy = { .id = handle->id };
	struct ioasid_unpin unpin = { .id = handle->id };
	unsigned int worker;
	int ret;

	if (!handle->id)
		return;
	worker = some_caller(handle->file);
	unpin.flags = defer ? IOASID_UNPIN_DEFER : 0;
	ret = by_destroy ? CALL(worker, handle->file, IOASID_DESTROY, &destroy) :
			   CALL(worker, handle->file, IOASID_UNPIN, &unpin);
	note("%u: %s %u.%u flags %x: %d", worker, by_destroy ? "DESTROY pin" : "UNPIN",
	     handle->file, handle->id, unpin.flags, ret);
	want(ret, !defer && busy(handle) ? -EBUSY : 0);
	if (ret)
		return;
	segments_put(&handle->segments);
	handle->id = 0;
}

void step_owner(void)
{
	unsigned int worker = below(WORKERS), file = some_file(worker);
	struct ioasid_change_owner change = {};
	uint64_t moved;
	int ret;

	if (!once_in(4))
		return;
	ret = CALL(worker, file, IOASID_CHANGE_OWNER, &change);
	note("%u: CHANGE_OWNER file %u: %d, moved %llu", worker, file, ret,
	     (unsigned long long)change.out_moved / PAGE);
	want(ret, 0);
	moved = move_charges(file, m.mm_of[worker]);
	want(change.out_moved, moved);
}

static uint32_t entry_flags(const struct mapping *mapping)
{
	return (mapping->access & IOASID_MAP_READ ? IOASID_ENTRY_READ : 0) |
	       (mapping->access & IOASID_MAP_WRITE ? IOASID_ENTRY_WRITE : 0);
}

static void want_reserved(struct ioas *ioas, const struct ioasid_query_entry *entry)
{
	uint64_t first = entry->start / PAGE, last = first + entry->length / PAGE - 1;
	unsigned int i;

	want(entry->pin, 0);
	for (i = 0; i < ioas->reservations; i++)
		if (ioas->reserved[i].first == first && ioas->reserved[i].last == last)
			return;
	fail("0x%llx is listed as reserved and is not", (unsigned long long)entry->start);
}

static void want_listed(struct ioas *ioas, const struct ioasid_query_entry *entry)
{
	struct mapping *mapping = mapping_at(ioas, entry->start / PAGE);

	if (entry->flags == IOASID_ENTRY_RESERVED) {
		want_reserved(ioas, entry);
		return;
	}
	want_that(mapping);
	want(entry->start, mapping->iova * PAGE);
	want(entry->length, mapping->segment.pages * PAGE);
	want(entry->pin_offset, mapping->segment.page * PAGE);
	want(entry->flags, entry_flags(mapping));
}

/* The mappings of an address space, in parts. */
static void list_ioas(struct ioas *ioas, unsigned int worker)
{
	struct channel *ch = channel(worker);
	struct ioasid_query query = {
		.scope = IOASID_SCOPE_IOAS,
		.id = ioas->id,
		.entries = ADDRESS(ch->entries),
		.capacity = 1 + below(80),
	};
	uint64_t last = 0;
	unsigned int n = 0, i;

	note("%u: QUERY list of ioas %u.%u by %u", worker, ioas->file, ioas->id, query.capacity);
	while (query.cursor != UINT64_MAX) {
		want(CALL(worker, ioas->file, IOASID_QUERY, &query), 0);
		for (i = 0; i < query.count; i++, n++) {
			want_that(!n || ch->entries[i].start > last);
			last = ch->entries[i].start;
			want_listed(ioas, &ch->entries[i]);
		}
	}
	want(n, mappings_count(ioas) + ioas->reservations);
}

/* Id and bytes of an object that the model knows; false when there is none. */
static bool known(unsigned int file, uint32_t id, uint64_t *length)
{
	struct handle *handle;
	struct ioas *ioas;
	unsigned int i;

	*length = 0;
	for_each(ioas, m.ioases)
	{
		if (!ioas->id || ioas->file != file)
			continue;
		if (ioas->id == id)
			return true;
		for (i = 0; i < TABLES; i++)
			if (ioas->tables[i] == id)
				return true;
	}
	for_each(handle, m.handles)
	{
		if (handle->file != file || handle->id != id)
			continue;
		*length = handle->segments.pages * PAGE;
		return true;
	}
	return false;
}

static void list_file(unsigned int file, unsigned int worker)
{
	struct channel *ch = channel(worker);
	struct ioasid_query query = {
		.scope = IOASID_SCOPE_FILE,
		.entries = ADDRESS(ch->entries),
		.capacity = 1 + below(24),
	};
	unsigned int i, n = 0;
	uint64_t length;
	uint32_t last = 0;

	note("%u: QUERY list of file %u by %u", worker, file, query.capacity);
	while (query.cursor != UINT64_MAX) {
		want(CALL(worker, file, IOASID_QUERY, &query), 0);
		for (i = 0; i < query.count; i++, n++) {
			want_that(ch->entries[i].id > last);
			last = ch->entries[i].id;
			want_that(known(file, last, &length));
			want(ch->entries[i].length, length);
		}
	}
	want(n, query.ioases + query.tables + query.pins);
}

void step_list(void)
{
	unsigned int worker = below(WORKERS);
	struct ioas *ioas = some_ioas(&worker);

	if (once_in(3))
		pins_compare(below(WORKERS));
	else if (!ioas)
		return;
	else if (once_in(2))
		list_ioas(ioas, some_caller(ioas->file));
	else
		list_file(ioas->file, some_caller(ioas->file));
}

/* Arguments that are wrong in one way. */

static void wrong_map(unsigned int worker, const struct ioas *ioas)
{
	struct ioasid_map map = {
		.flags = READ_WRITE, .ioas_id = ioas->id, .va = VA(SMALL_FIRST), .length = PAGE
	};
	int expected = -EINVAL;

	switch (below(9)) {
	case 0:
		map.va++;
		break;
	case 1:
		map.length = 0;
		break;
	case 2:
		map.va = -PAGE;
		map.length = 2 * PAGE;
		expected = -EOVERFLOW;
		break;
	case 3:
		map.flags |= 1 << 9;
		expected = -EOPNOTSUPP;
		break;
	case 4:
		map.flags = IOASID_MAP_FIXED;
		break;
	case 5:
		map.iova = PAGE;
		break;
	case 6:
		map.ioas_id = 0;
		expected = -ENOENT;
		break;
	case 7:
		map.flags |= IOASID_MAP_FIXED;
		map.iova = -PAGE;
		map.length = 2 * PAGE;
		expected = -EOVERFLOW;
		break;
	default:
		map.va = 1ULL << 63;
		expected = -EFAULT;
	}
	want(CALL(worker, ioas->file, IOASID_MAP, &map), expected);
}

static void wrong_file(unsigned int worker, const struct ioas *ioas)
{
	struct ioasid_map_file map = {
		.flags = READ_WRITE, .ioas_id = ioas->id, .fd = files.memfds[0], .length = PAGE
	};
	int expected = -EINVAL;

	switch (below(5)) {
	case 0:
		map.fd = -1;
		expected = -EBADF;
		break;
	case 1:
		map.fd = files.fds[0];
		break;
	case 2:
		map.fd = files.readonly;
		expected = -EACCES;
		break;
	case 3:
		map.offset = MEMFD_PAGES * PAGE;
		expected = -EFAULT;
		break;
	default:
		map.offset = 1;
	}
	want(CALL(worker, ioas->file, IOASID_MAP_FILE, &map), expected);
}

static void wrong_space(unsigned int worker, const struct ioas *ioas)
{
	struct ioasid_copy copy = { .flags = READ_ONLY,
				    .dst_ioas = ioas->id,
				    .src_ioas = ioas->id,
				    .src_iova = LAST * PAGE,
				    .length = PAGE };
	struct ioasid_table_alloc table = { .ioas_id = ioas->id, .levels = 77 };
	struct ioasid_query query = { .scope = IOASID_SCOPE_FILE, .id = ioas->id };
	struct ioasid_access access = { .ioas_id = ioas->id };
	struct ioasid_unpin unpin = { .id = ioas->id };
	struct ioasid_option option = { .option = 99 };
	struct ioasid_unmap unmap = { .ioas_id = ioas->id, .length = 1 };

	switch (below(7)) {
	case 0:
		want(CALL(worker, ioas->file, IOASID_COPY, &copy), -ENOENT);
		break;
	case 1:
		want(CALL(worker, ioas->file, IOASID_TABLE_ALLOC, &table), -EOPNOTSUPP);
		break;
	case 2:
		want(CALL(worker, ioas->file, IOASID_QUERY, &query), -EINVAL);
		break;
	case 3:
		want(CALL(worker, ioas->file, IOASID_ACCESS, &access), -EINVAL);
		break;
	case 4:
		want(CALL(worker, ioas->file, IOASID_UNPIN, &unpin), -ENOENT);
		break;
	case 5:
		want(CALL(worker, ioas->file, IOASID_OPTION, &option), -EOPNOTSUPP);
		break;
	default:
		want(CALL(worker, ioas->file, IOASID_UNMAP, &unmap), -EINVAL);
	}
}

void step_wrong(void)
{
	unsigned int worker;
	struct ioas *ioas = some_ioas(&worker);

	if (!ioas)
		return;
	note("%u: something wrong on ioas %u.%u", worker, ioas->file, ioas->id);
	if (once_in(3))
		wrong_map(worker, ioas);
	else if (once_in(2))
		wrong_file(worker, ioas);
	else
		wrong_space(worker, ioas);
}
