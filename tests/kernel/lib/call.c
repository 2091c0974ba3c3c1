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
