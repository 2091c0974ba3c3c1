// SPDX-License-Identifier: GPL-2.0-only
/* Steps with address spaces, tables, IOVAs, and accesses through them. */
#include <string.h>

#include "steps.h"

static void destroy_by(unsigned int worker, unsigned int file, uint32_t id, int expected)
{
	struct ioasid_destroy destroy = { .id = id };

	want(CALL(worker, file, IOASID_DESTROY, &destroy), expected);
}

static void make(struct ioas *ioas)
{
	struct ioasid_ioas_alloc alloc = {};
	unsigned int file = below(FILES);

	memset(ioas, 0, sizeof(*ioas));
	want(CALL(some_caller(file), file, IOASID_IOAS_ALLOC, &alloc), 0);
	want_that(alloc.out_id != 0);
	ioas->file = file;
	ioas->id = alloc.out_id;
	note("IOAS_ALLOC file %u: %u", file, ioas->id);
}

static void end(struct ioas *ioas)
{
	unsigned int worker = some_caller(ioas->file), i;

	note("%u: DESTROY ioas %u.%u", worker, ioas->file, ioas->id);
	if (has_tables(ioas))
		destroy_by(worker, ioas->file, ioas->id, -EBUSY);
	for (i = 0; i < TABLES; i++)
		if (ioas->tables[i])
			destroy_by(worker, ioas->file, ioas->tables[i], 0);
	destroy_by(worker, ioas->file, ioas->id, 0);
	model_unmap(ioas, 0, LAST);
	ioas->id = 0;
}

void step_ioas(void)
{
	struct ioas *ioas = &m.ioases[below(IOASES)];

	if (!ioas->id)
		make(ioas);
	else if (once_in(8))
		end(ioas);
}

static int expected_of_table(const struct ioas *ioas)
{
	unsigned int i;

	for (i = 0; i < ioas->allows; i++)
		if (ioas->allowed[i].last > REACH)
			return -EBUSY;
	return is_mapped(ioas, REACH + 1, LAST) ? -ERANGE : 0;
}

void step_table(void)
{
	unsigned int worker, which = below(TABLES);
	struct ioas *ioas = some_ioas(&worker);
	struct ioasid_table_alloc table;

	if (!ioas)
		return;
	worker = some_caller(ioas->file);
	if (ioas->tables[which]) {
		note("%u: DESTROY table %u.%u", worker, ioas->file, ioas->tables[which]);
		destroy_by(worker, ioas->file, ioas->id, -EBUSY);
		destroy_by(worker, ioas->file, ioas->tables[which], 0);
		ioas->tables[which] = 0;
		return;
	}
	table = (struct ioasid_table_alloc){ .ioas_id = ioas->id };
	note("%u: TABLE_ALLOC ioas %u.%u", worker, ioas->file, ioas->id);
	want(CALL(worker, ioas->file, IOASID_TABLE_ALLOC, &table), expected_of_table(ioas));
	ioas->tables[which] = table.out_id;
}

static int translate_by(struct ioas *ioas, uint32_t id, uint64_t iova,
			struct ioasid_translate *where)
{
	*where =
		(struct ioasid_translate){ .id = id, .iova = iova, .flags = IOASID_TRANSLATE_PHYS };
	return CALL(WORKERS, ioas->file, IOASID_TRANSLATE, where);
}

static void want_entry(struct ioas *ioas, const struct mapping *mapping, uint32_t id, uint64_t iova)
{
	struct ioasid_translate where, entry;

	want(translate_by(ioas, ioas->id, iova, &where), 0);
	want(translate_by(ioas, id, iova, &entry), 0);
	/* The format can't say write without read. */
	want(entry.out_access & IOASID_MAP_WRITE, mapping->access & IOASID_MAP_WRITE);
	want(entry.out_access & IOASID_MAP_READ, IOASID_MAP_READ);
	want(entry.out_phys, where.out_phys);
	m.large_entries += entry.out_length > PAGE;
	if (ioas->small)
		want_that(entry.out_length <= PAGE);
}

static void want_mapping(struct ioas *ioas, const struct mapping *mapping, uint64_t iova)
{
	struct pin *pin = mapping->segment.pin;
	uint64_t page = iova / PAGE - mapping->iova, at = mapping->segment.page + page;
	struct ioasid_translate where;
	uint64_t address = at + pin->first;

	if (pin->domain >= MEMFDS)
		address += MEMORY_AT / PAGE;
	want(translate_by(ioas, ioas->id, iova, &where), 0);
	want(where.out_access, mapping->access);
	want(where.out_pin_offset, at * PAGE + iova % PAGE);
	want(where.out_va, address * PAGE + iova % PAGE);
	want_that(where.out_phys != 0);
	want_that(where.out_length >= PAGE - iova % PAGE);
	want_that(where.out_length <= (mapping->segment.pages - page) * PAGE - iova % PAGE);
	if (!pin->number)
		pin->number = where.out_pin;
	want(where.out_pin, pin->number);
}

/* What a page of an address space leads to, by itself or by one of its tables. */
void want_translation(struct ioas *ioas, uint32_t id, uint64_t page)
{
	struct mapping *mapping = mapping_at(ioas, page);
	uint64_t iova = page * PAGE + below(PAGE);
	struct ioasid_translate where;

	if (!mapping)
		want(translate_by(ioas, id, iova, &where), -ENOENT);
	else if (id == ioas->id)
		want_mapping(ioas, mapping, iova);
	else
		want_entry(ioas, mapping, id, iova);
}

/* A page of an address space, mostly of one that is mapped. */
static uint64_t some_page(struct ioas *ioas)
{
	struct mapping *mapping = &ioas->mappings[below(ENOUGH)];

	if (!mapping->used)
		return below(SPACE);
	return mapping->iova + below(mapping->segment.pages + once_in(8));
}

void step_translate(void)
{
	unsigned int worker, i;
	struct ioas *ioas = some_ioas(&worker);
	uint64_t page;

	if (!ioas)
		return;
	page = some_page(ioas);
	note("TRANSLATE ioas %u.%u page 0x%llx", ioas->file, ioas->id, (unsigned long long)page);
	want_translation(ioas, ioas->id, page);
	for (i = 0; i < TABLES; i++)
		if (ioas->tables[i])
			want_translation(ioas, ioas->tables[i], page);
}

static struct frame *frame_at(struct ioas *ioas, uint64_t iova)
{
	struct mapping *mapping = mapping_at(ioas, iova);

	return mapping->segment.pin->frames[mapping->segment.page + iova - mapping->iova];
}

/* 0, or which of two errnos it may be. */
static void want_access(struct ioas *ioas, uint64_t start, uint64_t length, bool write, int ret)
{
	uint32_t right = write ? IOASID_MAP_WRITE : IOASID_MAP_READ;
	bool hole = false, forbidden = false;
	struct mapping *mapping;
	uint64_t i;

	for (i = start / PAGE; i <= (start + length - 1) / PAGE; i++) {
		mapping = mapping_at(ioas, i);
		hole |= !mapping;
		forbidden |= mapping && !(mapping->access & right);
	}
	if (hole && forbidden)
		want_that(ret == -ENOENT || ret == -EACCES);
	else
		want(ret, hole ? -ENOENT : forbidden ? -EACCES : 0);
}

static void agree(struct ioas *ioas, uint64_t start, uint64_t length, bool write, char *buffer)
{
	uint64_t i, n;
	struct frame *frame;

	for (i = 0; i < length; i += n) {
		n = PAGE - (start + i) % PAGE;
		if (n > length - i)
			n = length - i;
		frame = frame_at(ioas, (start + i) / PAGE);
		if (write)
			memcpy(frame_writable(frame) + (start + i) % PAGE, buffer + i, n);
		else if (memcmp(frame_bytes(frame) + (start + i) % PAGE, buffer + i, n))
			fail("something else is at IOVA 0x%llx", (unsigned long long)(start + i));
	}
}

void step_access(void)
{
	unsigned int worker, i;
	struct ioas *ioas = some_ioas(&worker);
	struct ioasid_access access;
	bool write = once_in(2);
	uint64_t word = rng_next(&m.rng), length;
	char *buffer;
	int ret;

	if (!ioas)
		return;
	worker = some_caller(ioas->file);
	buffer = channel(worker)->buffer;
	length = 1 + below(once_in(2) ? 64 : BUFFER);
	for (i = 0; i < length; i++)
		buffer[i] = word >> (i % 8 * 8);
	access = (struct ioasid_access){
		.flags = write ? IOASID_ACCESS_WRITE : 0,
		.ioas_id = ioas->id,
		.iova = some_page(ioas) * PAGE + below(PAGE),
		.length = length,
		.buffer = ADDRESS(buffer),
		.out_done = ~0ULL,
	};
	ret = CALL(worker, ioas->file, IOASID_ACCESS, &access);
	note("%u: ACCESS ioas %u.%u %s 0x%llx+%llu: %d", worker, ioas->file, ioas->id,
	     write ? "write" : "read", (unsigned long long)access.iova, (unsigned long long)length,
	     ret);
	want_access(ioas, access.iova, length, write, ret);
	want(access.out_done, ret ? 0 : length);
	if (!ret)
		agree(ioas, access.iova, length, write, buffer);
}

/* What is reachable and not reserved. */
static unsigned int usable(const struct ioas *ioas, struct ioasid_range *ranges)
{
	uint64_t start = 0, last = reach(ioas), first;
	unsigned int i, n = 0;
	const struct range *next;

	for (;;) {
		next = NULL;
		for (i = 0; i < ioas->reservations; i++)
			if (ioas->reserved[i].first >= start &&
			    (!next || ioas->reserved[i].first < next->first))
				next = &ioas->reserved[i];
		first = next && next->first <= last ? next->first : last + 1;
		if (first > start)
			ranges[n++] = (struct ioasid_range){ start * PAGE, first * PAGE - 1 };
		if (first > last)
			return n;
		start = next->last + 1;
		if (start > last)
			return n;
	}
}

void step_ranges(void)
{
	struct ioasid_range expected[MAX_RANGES + 1];
	struct ioasid_iova_ranges ranges;
	unsigned int worker, i, count, room;
	struct ioas *ioas = some_ioas(&worker);
	struct channel *ch;

	if (!ioas)
		return;
	worker = some_caller(ioas->file);
	ch = channel(worker);
	count = usable(ioas, expected);
	room = below(2 * count + 1);
	ranges = (struct ioasid_iova_ranges){ .ioas_id = ioas->id,
					      .count = room,
					      .ranges = room ? ADDRESS(ch->ranges) : 0 };
	note("%u: IOVA_RANGES ioas %u.%u room %u for %u", worker, ioas->file, ioas->id, room,
	     count);
	want(CALL(worker, ioas->file, IOASID_IOVA_RANGES, &ranges), room < count ? -EMSGSIZE : 0);
	want(ranges.count, count);
	want(ranges.out_alignment, PAGE);
	for (i = 0; room >= count && i < count; i++) {
		want(ch->ranges[i].start, expected[i].start);
		want(ch->ranges[i].last, expected[i].last);
	}
}

static int expected_of_allow(const struct ioas *ioas, const struct range *ranges, unsigned int n)
{
	bool far = false, taken = false;
	unsigned int i, j;

	for (i = 0; i < n; i++) {
		far |= ranges[i].last > reach(ioas);
		taken |= is_reserved(ioas, ranges[i].first, ranges[i].last);
		for (j = 0; j < i; j++)
			if (ranges[i].first <= ranges[j].last && ranges[j].first <= ranges[i].last)
				return -EINVAL;
	}
	return far ? -ERANGE : taken ? -EEXIST : 0;
}

void step_allow(void)
{
	unsigned int worker, i, n = once_in(2) ? 0 : 1 + below(4);
	struct ioas *ioas = some_ioas(&worker);
	struct ioasid_allow_iovas allow;
	struct range ranges[4];
	struct channel *ch;
	int ret, expected;

	if (!ioas || !once_in(2))
		return;
	worker = some_caller(ioas->file);
	ch = channel(worker);
	for (i = 0; i < n; i++) {
		ranges[i].first = once_in(8) ? REACH - below(32) : below(2 * SPACE);
		ranges[i].last = ranges[i].first + below(once_in(4) ? HUGE_SPACE : 64);
		ch->ranges[i].start = ranges[i].first * PAGE;
		ch->ranges[i].last = ranges[i].last * PAGE + PAGE - 1;
	}
	allow = (struct ioasid_allow_iovas){ .ioas_id = ioas->id,
					     .count = n,
					     .ranges = ADDRESS(ch->ranges) };
	expected = expected_of_allow(ioas, ranges, n);
	ret = CALL(worker, ioas->file, IOASID_ALLOW_IOVAS, &allow);
	note("%u: ALLOW_IOVAS ioas %u.%u %u ranges: %d", worker, ioas->file, ioas->id, n, ret);
	want(ret, expected);
	if (ret)
		return;
	ioas->allows = n;
	memcpy(ioas->allowed, ranges, n * sizeof(ranges[0]));
}

static int reserve(struct ioas *ioas, const struct range *range)
{
	if (is_mapped(ioas, range->first, range->last) ||
	    is_reserved(ioas, range->first, range->last))
		return -EEXIST;
	if (is_allowed(ioas, range->first, range->last))
		return -EBUSY;
	ioas->reserved[ioas->reservations++] = *range;
	return 0;
}

static int unreserve(struct ioas *ioas, const struct range *range)
{
	unsigned int i;

	for (i = 0; i < ioas->reservations; i++) {
		if (ioas->reserved[i].first != range->first ||
		    ioas->reserved[i].last != range->last)
			continue;
		ioas->reserved[i] = ioas->reserved[--ioas->reservations];
		return 0;
	}
	return -ENOENT;
}

void step_reserve(void)
{
	unsigned int worker;
	struct ioas *ioas = some_ioas(&worker);
	struct ioasid_reserve arg;
	struct range range;
	bool undo;
	int ret;

	if (!ioas)
		return;
	worker = some_caller(ioas->file);
	undo = once_in(2) || ioas->reservations == MAX_RANGES;
	range.first = once_in(16) ? REACH - below(16) : below(2 * SPACE);
	range.last = range.first + below(once_in(16) ? 700 : 12);
	if (undo && ioas->reservations && !once_in(4))
		range = ioas->reserved[below(ioas->reservations)];
	if (undo && once_in(8))
		range.last++;
	arg = (struct ioasid_reserve){
		.flags = undo ? IOASID_RESERVE_UNDO : 0,
		.ioas_id = ioas->id,
		.iova = range.first * PAGE,
		.length = (range.last - range.first + 1) * PAGE,
	};
	ret = CALL(worker, ioas->file, IOASID_RESERVE, &arg);
	note("%u: RESERVE ioas %u.%u flags %x 0x%llx+%llu: %d", worker, ioas->file, ioas->id,
	     arg.flags, (unsigned long long)arg.iova, (unsigned long long)arg.length / PAGE, ret);
	want(ret, undo ? unreserve(ioas, &range) : reserve(ioas, &range));
}

static void set_large(struct ioas *ioas, unsigned int worker)
{
	struct ioasid_option option = {
		.flags = IOASID_OPTION_SET,
		.option = IOASID_OPTION_LARGE_ENTRIES,
		.id = ioas->id,
		.value = !once_in(3),
	};
	bool differs = option.value != !ioas->small;
	int ret;

	ret = CALL(worker, ioas->file, IOASID_OPTION, &option);
	note("%u: OPTION large of ioas %u.%u = %llu: %d", worker, ioas->file, ioas->id,
	     (unsigned long long)option.value, ret);
	want(ret, differs && has_tables(ioas) && mappings_count(ioas) ? -EBUSY : 0);
	if (!ret)
		ioas->small = !option.value;
}

static bool has_objects(unsigned int file)
{
	struct handle *handle;
	struct ioas *ioas;

	for_each(ioas, m.ioases) if (ioas->id && ioas->file == file) return true;
	for_each(handle, m.handles) if (handle->id && handle->file == file) return true;
	return false;
}

static void set_mode(unsigned int file, unsigned int worker)
{
	struct ioasid_option option = {
		.flags = IOASID_OPTION_SET,
		.option = IOASID_OPTION_CHARGE_MODE,
		.value = below(3),
	};
	bool differs = option.value != m.modes[file];
	int ret;

	ret = CALL(worker, file, IOASID_OPTION, &option);
	note("%u: OPTION mode of file %u = %llu: %d", worker, file,
	     (unsigned long long)option.value, ret);
	want(ret, differs && has_objects(file) ? -EBUSY : 0);
	if (!ret)
		m.modes[file] = option.value;
}

void step_option(void)
{
	struct ioasid_option option = {};
	unsigned int worker, file;
	struct ioas *ioas = some_ioas(&worker);

	if (!ioas)
		return;
	file = ioas->file;
	worker = some_caller(file);
	if (once_in(2))
		set_mode(file, worker);
	else
		set_large(ioas, worker);
	want(CALL(worker, file, IOASID_OPTION, &option), 0);
	want(option.value, m.modes[file]);
	option = (struct ioasid_option){ .option = IOASID_OPTION_LARGE_ENTRIES, .id = ioas->id };
	want(CALL(worker, file, IOASID_OPTION, &option), 0);
	want(option.value, !ioas->small);
}

/* All objects of a file go, in any order; then it may have another mode. */
void step_empty(void)
{
	unsigned int file = below(FILES), worker = some_caller(file);
	struct ioasid_unpin unpin;
	struct handle *handle;
	struct ioas *ioas;

	if (!once_in(16))
		return;
	note("%u: empty file %u", worker, file);
	for_each(ioas, m.ioases) if (ioas->id && ioas->file == file) end(ioas);
	for_each(handle, m.handles)
	{
		if (!handle->id || handle->file != file)
			continue;
		unpin = (struct ioasid_unpin){ .id = handle->id, .flags = IOASID_UNPIN_DEFER };
		want(CALL(worker, file, IOASID_UNPIN, &unpin), 0);
		segments_put(&handle->segments);
		handle->id = 0;
	}
	set_mode(file, worker);
}
