// SPDX-License-Identifier: GPL-2.0-only
#include "call.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "check.h"

int device_open(void)
{
	int fd = open("/dev/ioasid", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fail("/dev/ioasid: %m");
	return fd;
}

int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

uint32_t make_ioas(int fd)
{
	struct ioasid_ioas_alloc alloc = { .size = sizeof(alloc) };

	want(call(fd, IOASID_IOAS_ALLOC, &alloc), 0);
	want_that(alloc.out_id != 0);
	return alloc.out_id;
}

int table_call(int fd, uint32_t ioas, uint32_t *out_id)
{
	struct ioasid_table_alloc table = {
		.size = sizeof(table),
		.ioas_id = ioas,
		.format = IOASID_FORMAT_X86_64,
	};
	int ret = call(fd, IOASID_TABLE_ALLOC, &table);

	*out_id = table.out_id;
	return ret;
}

uint32_t make_table(int fd, uint32_t ioas)
{
	uint32_t id;

	want(table_call(fd, ioas, &id), 0);
	want_that(id != 0);
	return id;
}

int table_alloc(int fd, struct ioasid_table_alloc *table)
{
	table->size = sizeof(*table);
	return call(fd, IOASID_TABLE_ALLOC, table);
}

uint32_t make_tracked_table(int fd, uint32_t ioas)
{
	struct ioasid_table_alloc table = { .ioas_id = ioas, .flags = IOASID_TABLE_ALLOC_TRACK };

	want(table_alloc(fd, &table), 0);
	want(dirty_switch(fd, table.out_id, IOASID_DIRTY_START), 0);
	return table.out_id;
}

int dirty_read(int fd, uint32_t table, uint32_t flags, uint64_t iova, uint64_t length,
	       uint64_t granule, uint64_t *bitmap, uint64_t *out_dirty)
{
	struct ioasid_dirty arg = {
		.size = sizeof(arg),
		.flags = flags,
		.op = IOASID_DIRTY_READ,
		.table_id = table,
		.iova = iova,
		.length = length,
		.granule = granule,
		.bitmap = ADDRESS(bitmap),
	};
	int ret = call(fd, IOASID_DIRTY, &arg);

	if (out_dirty)
		*out_dirty = arg.out_dirty;
	return ret;
}

int dirty_switch(int fd, uint32_t table, uint32_t op)
{
	struct ioasid_dirty arg = { .size = sizeof(arg), .op = op, .table_id = table };

	return call(fd, IOASID_DIRTY, &arg);
}

int pin_call(int fd, void *va, uint64_t length, uint32_t flags, struct ioasid_pin *out)
{
	*out = (struct ioasid_pin){
		.size = sizeof(*out),
		.flags = flags,
		.va = ADDRESS(va),
		.length = length,
	};
	return call(fd, IOASID_PIN, out);
}

uint32_t make_pin(int fd, void *va, uint64_t length)
{
	struct ioasid_pin pin;

	want(pin_call(fd, va, length, IOASID_PIN_WRITE, &pin), 0);
	want_that(pin.out_id != 0);
	return pin.out_id;
}

int unpin(int fd, uint32_t id, uint32_t flags)
{
	struct ioasid_unpin arg = { .size = sizeof(arg), .flags = flags, .id = id };

	return call(fd, IOASID_UNPIN, &arg);
}

int destroy(int fd, uint32_t id)
{
	struct ioasid_destroy arg = { .size = sizeof(arg), .id = id };

	return call(fd, IOASID_DESTROY, &arg);
}

int map_call(int fd, struct ioasid_map *map)
{
	map->size = sizeof(*map);
	return call(fd, IOASID_MAP, map);
}

int map_at(int fd, uint32_t ioas, void *va, uint64_t length, uint32_t flags, uint64_t iova)
{
	struct ioasid_map map = {
		.flags = flags | IOASID_MAP_FIXED,
		.ioas_id = ioas,
		.va = ADDRESS(va),
		.length = length,
		.iova = iova,
	};

	return map_call(fd, &map);
}

int map_any(int fd, uint32_t ioas, void *va, uint64_t length, uint32_t flags, uint64_t *iova)
{
	struct ioasid_map map = {
		.flags = flags,
		.ioas_id = ioas,
		.va = ADDRESS(va),
		.length = length,
	};
	int ret = map_call(fd, &map);

	*iova = map.iova;
	return ret;
}

int map_pin_at(int fd, uint32_t ioas, uint32_t pin, uint64_t offset, uint64_t length,
	       uint32_t flags, uint64_t iova)
{
	struct ioasid_map map = {
		.flags = flags | IOASID_MAP_FIXED | IOASID_MAP_PIN,
		.ioas_id = ioas,
		.pin_id = pin,
		.pin_offset = offset,
		.length = length,
		.iova = iova,
	};

	return map_call(fd, &map);
}

uint64_t make_map(int fd, uint32_t ioas, void *va, uint64_t length)
{
	uint64_t iova;

	want(map_any(fd, ioas, va, length, READ_WRITE, &iova), 0);
	want_that(iova != 0);
	return iova;
}

static int unmap_call(int fd, struct ioasid_unmap *arg, uint64_t *out_unmapped)
{
	int ret = call(fd, IOASID_UNMAP, arg);

	if (out_unmapped)
		*out_unmapped = arg->out_unmapped;
	return ret;
}

int unmap(int fd, uint32_t ioas, uint64_t iova, uint64_t length, uint64_t *out_unmapped)
{
	struct ioasid_unmap arg = {
		.size = sizeof(arg),
		.ioas_id = ioas,
		.iova = iova,
		.length = length,
	};

	return unmap_call(fd, &arg, out_unmapped);
}

int unmap_all(int fd, uint32_t ioas, uint64_t *out_unmapped)
{
	struct ioasid_unmap arg = {
		.size = sizeof(arg),
		.flags = IOASID_UNMAP_ALL,
		.ioas_id = ioas,
	};

	return unmap_call(fd, &arg, out_unmapped);
}

int translate(int fd, uint32_t id, uint64_t iova, uint32_t flags, struct ioasid_translate *out)
{
	*out = (struct ioasid_translate){
		.size = sizeof(*out),
		.flags = flags,
		.id = id,
		.iova = iova,
	};
	return call(fd, IOASID_TRANSLATE, out);
}

static int access_call(int fd, struct ioasid_access *arg, uint64_t *out_done)
{
	int ret = call(fd, IOASID_ACCESS, arg);

	if (out_done)
		*out_done = arg->out_done;
	if (!ret)
		want(arg->out_done, arg->length);
	return ret;
}

int access_read(int fd, uint32_t ioas, uint64_t iova, void *buffer, uint64_t length,
		uint64_t *out_done)
{
	struct ioasid_access arg = {
		.size = sizeof(arg),
		.ioas_id = ioas,
		.iova = iova,
		.length = length,
		.buffer = ADDRESS(buffer),
		.out_done = ~0ULL,
	};

	return access_call(fd, &arg, out_done);
}

int access_write(int fd, uint32_t ioas, uint64_t iova, const void *buffer, uint64_t length,
		 uint64_t *out_done)
{
	struct ioasid_access arg = {
		.size = sizeof(arg),
		.flags = IOASID_ACCESS_WRITE,
		.ioas_id = ioas,
		.iova = iova,
		.length = length,
		.buffer = ADDRESS(buffer),
		.out_done = ~0ULL,
	};

	return access_call(fd, &arg, out_done);
}

static struct ioasid_query query(int fd, uint32_t scope, uint32_t id)
{
	struct ioasid_query arg = { .size = sizeof(arg), .scope = scope, .id = id };

	want(call(fd, IOASID_QUERY, &arg), 0);
	return arg;
}

struct ioasid_query query_process(int fd)
{
	return query(fd, IOASID_SCOPE_PROCESS, 0);
}

struct ioasid_query query_file(int fd)
{
	return query(fd, IOASID_SCOPE_FILE, 0);
}

struct ioasid_query query_ioas(int fd, uint32_t ioas)
{
	return query(fd, IOASID_SCOPE_IOAS, ioas);
}

int query_list(int fd, uint32_t scope, uint32_t id, uint64_t *cursor,
	       struct ioasid_query_entry *entries, uint32_t capacity, uint32_t *count)
{
	struct ioasid_query arg = {
		.size = sizeof(arg),
		.scope = scope,
		.id = id,
		.cursor = *cursor,
		.entries = ADDRESS(entries),
		.capacity = capacity,
	};
	int ret = call(fd, IOASID_QUERY, &arg);

	*cursor = arg.cursor;
	*count = arg.count;
	return ret;
}

int map_file_call(int fd, struct ioasid_map_file *map)
{
	map->size = sizeof(*map);
	return call(fd, IOASID_MAP_FILE, map);
}

int map_file_at(int fd, uint32_t ioas, int file, uint64_t offset, uint64_t length, uint32_t flags,
		uint64_t iova)
{
	struct ioasid_map_file map = {
		.flags = flags | IOASID_MAP_FIXED,
		.ioas_id = ioas,
		.fd = file,
		.offset = offset,
		.length = length,
		.iova = iova,
	};

	return map_file_call(fd, &map);
}

uint64_t make_map_file(int fd, uint32_t ioas, int file, uint64_t offset, uint64_t length,
		       uint64_t iova)
{
	struct ioasid_map_file map = {
		.flags = READ_WRITE | IOASID_MAP_FIXED,
		.ioas_id = ioas,
		.fd = file,
		.offset = offset,
		.length = length,
		.iova = iova,
		.out_reused = ~0ULL,
	};

	want(map_file_call(fd, &map), 0);
	want(map.iova, iova);
	return map.out_reused;
}

int batch_call(int fd, struct ioasid_map_batch *batch)
{
	batch->size = sizeof(*batch);
	batch->out_done = batch->out_failed = ~0u;
	return call(fd, IOASID_MAP_BATCH, batch);
}

int copy_at(int fd, uint32_t dst, uint64_t dst_iova, uint32_t src, uint64_t src_iova,
	    uint64_t length, uint32_t flags)
{
	struct ioasid_copy arg = {
		.size = sizeof(arg),
		.flags = flags | IOASID_MAP_FIXED,
		.dst_ioas = dst,
		.src_ioas = src,
		.length = length,
		.dst_iova = dst_iova,
		.src_iova = src_iova,
	};

	return call(fd, IOASID_COPY, &arg);
}

int iova_ranges(int fd, uint32_t ioas, struct ioasid_range *ranges, uint32_t *count)
{
	struct ioasid_iova_ranges arg = {
		.size = sizeof(arg),
		.ioas_id = ioas,
		.count = *count,
		.ranges = ADDRESS(ranges),
	};
	int ret = call(fd, IOASID_IOVA_RANGES, &arg);

	if (!ret || ret == -EMSGSIZE)
		want(arg.out_alignment, PAGE);
	*count = arg.count;
	return ret;
}

int allow_iovas(int fd, uint32_t ioas, const struct ioasid_range *ranges, uint32_t count)
{
	struct ioasid_allow_iovas arg = {
		.size = sizeof(arg),
		.ioas_id = ioas,
		.count = count,
		.ranges = ADDRESS(ranges),
	};

	return call(fd, IOASID_ALLOW_IOVAS, &arg);
}

static int reserve_call(int fd, uint32_t ioas, uint64_t iova, uint64_t length, uint32_t flags)
{
	struct ioasid_reserve arg = {
		.size = sizeof(arg),
		.flags = flags,
		.ioas_id = ioas,
		.iova = iova,
		.length = length,
	};

	return call(fd, IOASID_RESERVE, &arg);
}

int reserve_iovas(int fd, uint32_t ioas, uint64_t iova, uint64_t length)
{
	return reserve_call(fd, ioas, iova, length, 0);
}

int unreserve_iovas(int fd, uint32_t ioas, uint64_t iova, uint64_t length)
{
	return reserve_call(fd, ioas, iova, length, IOASID_RESERVE_UNDO);
}

int change_owner(int fd, uint64_t *out_moved, struct ioasid_error *error)
{
	struct ioasid_change_owner arg = {
		.size = sizeof(arg),
		.out_moved = ~0ULL,
		.error = ADDRESS(error),
	};
	int ret = call(fd, IOASID_CHANGE_OWNER, &arg);

	if (out_moved)
		*out_moved = arg.out_moved;
	return ret;
}

int option_set(int fd, uint32_t option, uint32_t id, uint64_t value)
{
	struct ioasid_option arg = {
		.size = sizeof(arg),
		.flags = IOASID_OPTION_SET,
		.option = option,
		.id = id,
		.value = value,
	};
	int ret = call(fd, IOASID_OPTION, &arg);

	if (!ret)
		want(arg.value, value);
	return ret;
}

uint64_t option_get(int fd, uint32_t option, uint32_t id)
{
	struct ioasid_option arg = { .size = sizeof(arg), .option = option, .id = id };

	want(call(fd, IOASID_OPTION, &arg), 0);
	return arg.value;
}
