// SPDX-License-Identifier: GPL-2.0-only
/* Steps that map and unmap. */
#include <string.h>

#include "steps.h"

/* What a call that maps was told and what it said; IOVAs in bytes. */
struct mapping_call {
	struct ioas *ioas;
	uint32_t flags;
	uint64_t iova;
	int ret;
	uint64_t out_iova;
	uint64_t out_reused;
	bool tells_reused;
};

static uint64_t alignment(uint64_t pages)
{
	if (pages >= HUGE_1G / PAGE)
		return HUGE_1G / PAGE;
	return pages >= HUGE_2M / PAGE ? HUGE_2M / PAGE : 1;
}

/* Page of the address, or of the file, that a list of segments begins with. */
static uint64_t address_of(const struct segments *segments)
{
	const struct pin *pin = segments->list[0].pin;

	return (pin->domain < MEMFDS ? 0 : MEMORY_AT / PAGE) + pin->first + segments->list[0].page;
}

/* A placed mapping: anywhere, where it may be. */
static int judge_place(const struct mapping_call *call, const struct segments *segments,
		       uint64_t *iova)
{
	uint64_t align = alignment(segments->pages), skew = address_of(segments) & (align - 1);
	uint64_t last;

	if (call->ret == -ENOSPC) {
		want(has_room(call->ioas, segments->pages, 1, 0), false);
		return -ENOSPC;
	}
	want(call->ret, 0);
	*iova = call->out_iova / PAGE;
	last = *iova + segments->pages - 1;
	want(call->out_iova % PAGE, 0);
	want_that(*iova != 0);
	want_that(last <= reach(call->ioas));
	want(is_mapped(call->ioas, *iova, last), false);
	want(is_reserved(call->ioas, *iova, last), false);
	if (call->ioas->allows)
		want(is_allowed(call->ioas, *iova, *iova) && is_allowed(call->ioas, last, last),
		     true);
	if ((*iova & (align - 1)) != skew)
		want(has_room(call->ioas, segments->pages, align, skew), false);
	return 0;
}

static int judge_fixed(const struct mapping_call *call, const struct segments *segments,
		       uint64_t *iova)
{
	uint64_t last;
	int expected = 0;

	*iova = call->iova / PAGE;
	last = *iova + segments->pages - 1;
	if (last > reach(call->ioas))
		expected = -ERANGE;
	else if (is_mapped(call->ioas, *iova, last) || is_reserved(call->ioas, *iova, last))
		expected = -EEXIST;
	want(call->ret, expected);
	if (!expected)
		want(call->out_iova, call->iova);
	return expected;
}

/* The segments could be had: is the rest as it has to be? Their references are taken over. */
static void judge(const struct mapping_call *call, struct segments *segments)
{
	uint64_t iova;
	int ret;

	if (call->flags & IOASID_MAP_FIXED)
		ret = judge_fixed(call, segments, &iova);
	else
		ret = judge_place(call, segments, &iova);
	if (ret) {
		segments_put(segments);
		return;
	}
	if (call->tells_reused)
		want(call->out_reused, segments->reused * PAGE);
	map_segments(call->ioas, iova, call->flags & READ_WRITE, segments);
}

/* The pages of a domain are mapped. */
static void judge_wish(const struct mapping_call *call, const struct wish *wish)
{
	struct segments segments;
	int ret = pin_range(wish, &segments);

	if (ret)
		want(call->ret, ret);
	else
		judge(call, &segments);
}

static uint32_t some_flags(void)
{
	return (1 + below(3)) | (once_in(3) ? 0 : IOASID_MAP_FIXED);
}

static bool full(struct ioas *ioas)
{
	return mappings_count(ioas) > ENOUGH;
}

/* What a map by address is told. */
static void fill_map(struct ioas *ioas, unsigned int worker, struct ioasid_map *map,
		     struct wish *wish)
{
	*map = (struct ioasid_map){ .ioas_id = ioas->id, .flags = some_flags() };
	some_pages(&wish->first, &wish->pages);
	if (once_in(8))
		some_huge(&wish->first, &wish->pages);
	wish->domain = domain_of_mm(m.mm_of[worker]);
	wish->owner = m.mm_of[worker];
	wish->mode = m.modes[ioas->file];
	wish->write = map->flags & IOASID_MAP_WRITE;
	map->va = VA(wish->first);
	map->length = wish->pages * PAGE;
	if (map->flags & IOASID_MAP_FIXED)
		map->iova = some_iova(wish->pages, wish->first) * PAGE;
}

static void map(struct ioas *ioas, unsigned int worker, struct ioasid_map *map,
		const struct wish *wish)
{
	struct mapping_call result = {
		.ioas = ioas, .flags = map->flags, .iova = map->iova, .tells_reused = true
	};

	result.ret = CALL(worker, ioas->file, IOASID_MAP, map);
	note("%u: MAP ioas %u.%u flags %x pages %u+%u at 0x%llx: %d, 0x%llx reused %llu", worker,
	     ioas->file, ioas->id, map->flags, wish->first, wish->pages,
	     (unsigned long long)result.iova, result.ret, (unsigned long long)map->iova,
	     (unsigned long long)map->out_reused / PAGE);
	result.out_iova = map->iova;
	result.out_reused = map->out_reused;
	judge_wish(&result, wish);
}

void step_map(void)
{
	unsigned int worker;
	struct ioas *ioas = some_ioas(&worker);
	struct ioasid_map call;
	struct wish wish;

	if (!ioas || full(ioas))
		return;
	fill_map(ioas, worker, &call, &wish);
	map(ioas, worker, &call, &wish);
}

/* A huge page where a table can have it in one entry. */
void step_map_large(void)
{
	unsigned int worker;
	struct ioas *ioas = some_ioas(&worker);
	struct ioasid_map call;
	struct wish wish;

	if (!ioas || full(ioas))
		return;
	fill_map(ioas, worker, &call, &wish);
	wish.first = below(HUGE_PAGES / 512) * 512;
	wish.pages = 512;
	call.flags |= IOASID_MAP_FIXED;
	call.va = VA(wish.first);
	call.length = HUGE_2M;
	call.iova = (1 + below(6)) * HUGE_2M;
	memory_renew(worker, wish.first, wish.pages);
	map(ioas, worker, &call, &wish);
}

static struct handle *handle_with(unsigned int file, uint32_t id)
{
	struct handle *handle;

	for_each(handle, m.handles) if (handle->id == id && handle->file == file) return handle;
	return NULL;
}

void step_map_pin(void)
{
	struct handle *handle = &m.handles[below(HANDLES)], *found;
	unsigned int worker, first, pages;
	struct ioas *ioas = some_ioas(&worker);
	struct mapping_call result;
	struct segments segments;
	struct ioasid_map map;

	if (!handle->id || !ioas || full(ioas))
		return;
	worker = some_caller(ioas->file);
	some_range(handle->segments.pages + once_in(16), &first, &pages);
	map = (struct ioasid_map){
		.ioas_id = ioas->id,
		.flags = some_flags() | IOASID_MAP_PIN,
		.pin_id = handle->id,
		.pin_offset = first * PAGE,
		.length = pages * PAGE,
	};
	if (map.flags & IOASID_MAP_FIXED)
		map.iova = some_iova(pages, first) * PAGE;
	result = (struct mapping_call){
		.ioas = ioas, .flags = map.flags, .iova = map.iova, .tells_reused = true
	};
	result.ret = CALL(worker, ioas->file, IOASID_MAP, &map);
	note("%u: MAP ioas %u.%u flags %x pin %u.%u pages %u+%u at 0x%llx: %d, 0x%llx", worker,
	     ioas->file, ioas->id, map.flags, handle->file, handle->id, first, pages,
	     (unsigned long long)result.iova, result.ret, (unsigned long long)map.iova);
	result.out_iova = map.iova;
	result.out_reused = map.out_reused;
	found = handle_with(ioas->file, handle->id);
	if (!found) {
		want(result.ret, -ENOENT);
	} else if (first + pages > found->segments.pages) {
		want(result.ret, -EINVAL);
	} else if (map.flags & IOASID_MAP_WRITE && !found->write) {
		want(result.ret, -EACCES);
	} else {
		slice(&found->segments, first, pages, &segments);
		judge(&result, &segments);
	}
}

void step_map_file(void)
{
	unsigned int worker, memfd = below(MEMFDS);
	struct ioas *ioas = some_ioas(&worker);
	struct mapping_call result;
	struct ioasid_map_file map;
	struct wish wish;

	if (!ioas || full(ioas))
		return;
	some_range(MEMFD_PAGES + once_in(16), &wish.first, &wish.pages);
	map = (struct ioasid_map_file){
		.ioas_id = ioas->id,
		.flags = some_flags(),
		.fd = files.memfds[memfd],
		.offset = wish.first * PAGE,
		.length = wish.pages * PAGE,
	};
	if (map.flags & IOASID_MAP_FIXED)
		map.iova = some_iova(wish.pages, wish.first) * PAGE;
	wish.domain = domain_of_memfd(memfd);
	wish.owner = m.mm_of[worker];
	wish.mode = m.modes[ioas->file];
	wish.write = map.flags & IOASID_MAP_WRITE;
	result = (struct mapping_call){
		.ioas = ioas, .flags = map.flags, .iova = map.iova, .tells_reused = true
	};
	result.ret = CALL(worker, ioas->file, IOASID_MAP_FILE, &map);
	note("%u: MAP_FILE ioas %u.%u flags %x memfd %u pages %u+%u at 0x%llx: %d, 0x%llx reused %llu",
	     worker, ioas->file, ioas->id, map.flags, memfd, wish.first, wish.pages,
	     (unsigned long long)result.iova, result.ret, (unsigned long long)map.iova,
	     (unsigned long long)map.out_reused / PAGE);
	result.out_iova = map.iova;
	result.out_reused = map.out_reused;
	judge_wish(&result, &wish);
}

/* A mapped range to copy; now and then one with holes. */
static bool some_source(struct ioas *from, uint64_t *iova, unsigned int *pages)
{
	struct mapping *mapping = &from->mappings[below(MAX_MAPPINGS)];
	unsigned int tries;

	for (tries = 0; tries < 16 && !mapping->used; tries++)
		mapping = &from->mappings[below(ENOUGH)];
	if (!mapping->used)
		return false;
	*iova = mapping->iova + below(mapping->segment.pages);
	*pages = 1 + below(once_in(4) ? 600 : 12);
	if (!once_in(6) && *iova + *pages > mapping->iova + mapping->segment.pages)
		*pages = mapping->iova + mapping->segment.pages - *iova;
	return true;
}

/* The segments of a mapped range; -ENOENT, -EACCES. */
static int copy_segments(struct ioas *from, uint64_t iova, unsigned int pages, bool write,
			 struct segments *segments)
{
	struct mapping *mapping;
	uint64_t end = iova + pages;
	unsigned int page, n;

	*segments = (struct segments){};
	while (iova < end) {
		mapping = mapping_at(from, iova);
		if (!mapping || (write && !(mapping->access & IOASID_MAP_WRITE))) {
			segments_put(segments);
			return mapping ? -EACCES : -ENOENT;
		}
		page = iova - mapping->iova;
		n = mapping->segment.pages - page;
		if (n > end - iova)
			n = end - iova;
		segments_add(segments, mapping->segment.pin, mapping->segment.page + page, n);
		iova += n;
	}
	return 0;
}

void step_copy(void)
{
	struct ioas *from, *to = &m.ioases[below(IOASES)];
	struct mapping_call result;
	struct segments segments;
	struct ioasid_copy copy;
	unsigned int worker, pages;
	uint64_t iova;
	int ret;

	from = some_ioas(&worker);
	if (!from || !to->id || to->file != from->file || full(to))
		return;
	if (!some_source(from, &iova, &pages))
		return;
	worker = some_caller(from->file);
	copy = (struct ioasid_copy){
		.flags = some_flags(),
		.dst_ioas = to->id,
		.src_ioas = from->id,
		.length = pages * PAGE,
		.src_iova = iova * PAGE,
	};
	if (copy.flags & IOASID_MAP_FIXED)
		copy.dst_iova = some_iova(pages, 0) * PAGE;
	result = (struct mapping_call){ .ioas = to, .flags = copy.flags, .iova = copy.dst_iova };
	result.ret = CALL(worker, from->file, IOASID_COPY, &copy);
	note("%u: COPY file %u ioas %u to %u flags %x iova 0x%llx+%u at 0x%llx: %d, 0x%llx", worker,
	     from->file, from->id, to->id, copy.flags, (unsigned long long)copy.src_iova, pages,
	     (unsigned long long)result.iova, result.ret, (unsigned long long)copy.dst_iova);
	result.out_iova = copy.dst_iova;
	ret = copy_segments(from, iova, pages, copy.flags & IOASID_MAP_WRITE, &segments);
	if (ret)
		want(result.ret, ret);
	else
		judge(&result, &segments);
}

/* A range to unmap: what is mapped, or anything. */
static void some_unmap(struct ioas *ioas, uint64_t *first, unsigned int *pages)
{
	struct mapping *mapping = &ioas->mappings[below(ENOUGH)];
	unsigned int at;

	if (mapping->used && once_in(2)) {
		at = below(mapping->segment.pages);
		*first = mapping->iova + at;
		*pages = 1 + below(mapping->segment.pages - at);
	} else if (mapping->used && once_in(2)) {
		*first = mapping->iova;
		*pages = mapping->segment.pages;
	} else {
		*pages = 1 + below(once_in(4) ? 1500 : 24);
		*first = below(once_in(4) ? HUGE_SPACE : SPACE);
	}
}

void step_unmap(void)
{
	unsigned int worker, pages;
	struct ioas *ioas = some_ioas(&worker);
	struct ioasid_unmap unmap = {};
	uint64_t first;
	int ret;

	if (!ioas)
		return;
	worker = some_caller(ioas->file);
	unmap.ioas_id = ioas->id;
	some_unmap(ioas, &first, &pages);
	if (once_in(24)) {
		unmap.flags = IOASID_UNMAP_ALL;
	} else {
		unmap.iova = first * PAGE;
		unmap.length = pages * PAGE;
	}
	ret = CALL(worker, ioas->file, IOASID_UNMAP, &unmap);
	note("%u: UNMAP ioas %u.%u flags %x 0x%llx+%u: %d, %llu", worker, ioas->file, ioas->id,
	     unmap.flags, (unsigned long long)unmap.iova, pages, ret,
	     (unsigned long long)unmap.out_unmapped / PAGE);
	want(ret, 0);
	if (unmap.flags)
		want(unmap.out_unmapped, model_unmap(ioas, 0, LAST) * PAGE);
	else
		want(unmap.out_unmapped, model_unmap(ioas, first, first + pages - 1) * PAGE);
}

static void fill_entry(struct ioas *ioas, unsigned int worker, struct ioasid_batch_entry *entry,
		       struct wish *wish)
{
	struct ioasid_map map;
	unsigned int pages;
	uint64_t first;

	if (once_in(2)) {
		some_unmap(ioas, &first, &pages);
		*entry = (struct ioasid_batch_entry){ .op = IOASID_BATCH_UNMAP,
						      .iova = first * PAGE,
						      .length = pages * PAGE };
		return;
	}
	fill_map(ioas, worker, &map, wish);
	*entry = (struct ioasid_batch_entry){
		.op = IOASID_BATCH_MAP,
		.flags = map.flags,
		.va = map.va,
		.length = map.length,
		.iova = map.iova,
	};
}

/* One entry of a batch that was tried; true when it failed. */
static bool judge_entry(struct ioas *ioas, const struct ioasid_batch_entry *told,
			const struct ioasid_batch_entry *got, const struct wish *wish)
{
	struct mapping_call result = {
		.ioas = ioas,
		.flags = told->flags,
		.iova = told->iova,
		.ret = -got->out_code,
		.out_iova = got->iova,
		.out_reused = got->out_bytes,
		.tells_reused = true,
	};
	uint64_t first = told->iova / PAGE;

	if (told->op == IOASID_BATCH_MAP) {
		judge_wish(&result, wish);
		return result.ret;
	}
	want(got->out_code, 0);
	want(got->out_bytes, model_unmap(ioas, first, first + told->length / PAGE - 1) * PAGE);
	return false;
}

void step_batch(void)
{
	struct ioasid_batch_entry told[MAX_BATCH];
	unsigned int worker, i, failed = 0, count = 1 + below(MAX_BATCH);
	struct ioas *ioas = some_ioas(&worker);
	struct wish wishes[MAX_BATCH];
	struct ioasid_map_batch batch;
	struct channel *ch;
	int ret;

	if (!ioas || full(ioas))
		return;
	ch = channel(worker);
	for (i = 0; i < count; i++)
		fill_entry(ioas, worker, &told[i], &wishes[i]);
	memcpy(ch->batch, told, sizeof(told));
	batch = (struct ioasid_map_batch){
		.flags = once_in(2) ? IOASID_BATCH_STOP : 0,
		.ioas_id = ioas->id,
		.count = count,
		.entries = ADDRESS(ch->batch),
	};
	ret = CALL(worker, ioas->file, IOASID_MAP_BATCH, &batch);
	note("%u: MAP_BATCH ioas %u.%u flags %x of %u: %d, done %u failed %u", worker, ioas->file,
	     ioas->id, batch.flags, count, ret, batch.out_done, batch.out_failed);
	want(ret, 0);
	for (i = 0; i < batch.out_done; i++) {
		note("    op %u flags %x pages %u+%llu at 0x%llx: %d", told[i].op, told[i].flags,
		     told[i].op ? 0 : wishes[i].first, (unsigned long long)told[i].length / PAGE,
		     (unsigned long long)told[i].iova, ch->batch[i].out_code);
		failed += judge_entry(ioas, &told[i], &ch->batch[i], &wishes[i]);
		if (failed && batch.flags)
			break;
	}
	want(batch.out_failed, failed);
	want(batch.out_done, i < count ? i + 1 : count);
}
