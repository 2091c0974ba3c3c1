// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bad input to every ioctl: a definite errno, and nothing has changed.
 *
 * Each call is one row of calls[]; the tests go through the rows. A new call is a new row.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"

#define PAGES 8
#define SIZE (PAGES * PAGE)
#define MAPPED_AT 0x100000ULL
#define VICTIM_AT 0x200000ULL
#define BATCH_AT 0x300000ULL

/* A file with one object of every kind, which good arguments name. */
struct world {
	int fd;
	char *memory; /* under the pin, and mapped at MAPPED_AT */
	char *other; /* not pinned */
	uint32_t ioas;
	uint32_t table;
	uint32_t tracked; /* a table whose dirty entries can be read */
	uint32_t pin;
	uint32_t victim_ioas; /* for calls that take something away */
	uint32_t victim_pin;
	char *victim;
	int file; /* a memfd */
};

static struct world w;

static void make_world(void)
{
	w.fd = device_open();
	w.memory = anon(SIZE);
	w.other = anon(SIZE);
	w.victim = anon(SIZE);
	w.ioas = make_ioas(w.fd);
	w.table = make_table(w.fd, w.ioas);
	w.tracked = make_tracked_table(w.fd, w.ioas);
	w.pin = make_pin(w.fd, w.memory, SIZE);
	w.victim_ioas = make_ioas(w.fd);
	w.victim_pin = make_pin(w.fd, w.victim, SIZE);
	memfd(SIZE, &w.file);
	want(map_pin_at(w.fd, w.ioas, w.pin, 0, SIZE, READ_WRITE, MAPPED_AT), 0);
	want(map_at(w.fd, w.ioas, w.memory, SIZE, READ_WRITE, VICTIM_AT), 0);
}

static void end_world(void)
{
	want(close(w.fd), 0);
	want(vm_pin(), 0);
	want_nothing_left();
}

#define WORLD_TEST(suite, name) TEST_BETWEEN(make_world, end_world, suite, name)

/* Good arguments. What the kernel fills in has garbage in it, which must not matter. */
#define GARBAGE 0xa5a5a5a5a5a5a5a5ULL

static void good_info(void *arg)
{
	*(struct ioasid_info *)arg = (struct ioasid_info){
		.size = sizeof(struct ioasid_info),
		.abi_version = (uint32_t)GARBAGE,
		.page_sizes = GARBAGE,
		.formats = GARBAGE,
		.features = GARBAGE,
	};
}

static void good_ioas_alloc(void *arg)
{
	*(struct ioasid_ioas_alloc *)arg = (struct ioasid_ioas_alloc){
		.size = sizeof(struct ioasid_ioas_alloc),
		.out_id = (uint32_t)GARBAGE,
	};
}

static void undo_ioas_alloc(void *arg)
{
	want(destroy(w.fd, ((struct ioasid_ioas_alloc *)arg)->out_id), 0);
}

static void good_destroy(void *arg)
{
	*(struct ioasid_destroy *)arg = (struct ioasid_destroy){
		.size = sizeof(struct ioasid_destroy),
		.id = w.victim_ioas,
	};
}

static void undo_destroy(void *arg)
{
	(void)arg;
	w.victim_ioas = make_ioas(w.fd);
}

static void good_pin(void *arg)
{
	*(struct ioasid_pin *)arg = (struct ioasid_pin){
		.size = sizeof(struct ioasid_pin),
		.flags = IOASID_PIN_WRITE,
		.va = ADDRESS(w.other),
		.length = SIZE,
		.out_id = (uint32_t)GARBAGE,
		.out_new = GARBAGE,
	};
}

static void undo_pin(void *arg)
{
	want(((struct ioasid_pin *)arg)->out_new, SIZE);
	want(unpin(w.fd, ((struct ioasid_pin *)arg)->out_id, 0), 0);
}

static void good_unpin(void *arg)
{
	*(struct ioasid_unpin *)arg = (struct ioasid_unpin){
		.size = sizeof(struct ioasid_unpin),
		.id = w.victim_pin,
	};
}

static void undo_unpin(void *arg)
{
	(void)arg;
	w.victim_pin = make_pin(w.fd, w.victim, SIZE);
}

static void good_map(void *arg)
{
	*(struct ioasid_map *)arg = (struct ioasid_map){
		.size = sizeof(struct ioasid_map),
		.flags = READ_WRITE,
		.ioas_id = w.ioas,
		.va = ADDRESS(w.other),
		.length = SIZE,
		.out_reused = GARBAGE,
	};
}

static void good_map_pin(void *arg)
{
	*(struct ioasid_map *)arg = (struct ioasid_map){
		.size = sizeof(struct ioasid_map),
		.flags = READ_WRITE | IOASID_MAP_PIN,
		.ioas_id = w.ioas,
		.pin_id = w.pin,
		.length = SIZE,
		.out_reused = GARBAGE,
	};
}

static void undo_map(void *arg)
{
	struct ioasid_map *map = arg;

	want(map->out_reused, map->flags & IOASID_MAP_PIN ? SIZE : 0);
	want(unmap(w.fd, w.ioas, map->iova, SIZE, NULL), 0);
}

static void good_unmap(void *arg)
{
	*(struct ioasid_unmap *)arg = (struct ioasid_unmap){
		.size = sizeof(struct ioasid_unmap),
		.ioas_id = w.ioas,
		.iova = VICTIM_AT,
		.length = SIZE,
		.out_unmapped = GARBAGE,
	};
}

static void undo_unmap(void *arg)
{
	want(((struct ioasid_unmap *)arg)->out_unmapped, SIZE);
	want(map_at(w.fd, w.ioas, w.memory, SIZE, READ_WRITE, VICTIM_AT), 0);
}

static void good_table_alloc(void *arg)
{
	*(struct ioasid_table_alloc *)arg = (struct ioasid_table_alloc){
		.size = sizeof(struct ioasid_table_alloc),
		.ioas_id = w.ioas,
		.out_id = (uint32_t)GARBAGE,
	};
}

static void undo_table_alloc(void *arg)
{
	want(destroy(w.fd, ((struct ioasid_table_alloc *)arg)->out_id), 0);
}

static void good_translate(void *arg)
{
	*(struct ioasid_translate *)arg = (struct ioasid_translate){
		.size = sizeof(struct ioasid_translate),
		.id = w.ioas,
		.iova = MAPPED_AT + 5,
		.out_access = (uint32_t)GARBAGE,
		.out_length = GARBAGE,
		.out_pin = GARBAGE,
		.out_pin_offset = GARBAGE,
		.out_va = GARBAGE,
		.out_phys = GARBAGE,
	};
}

static char access_buffer[64];

static void good_access(void *arg)
{
	*(struct ioasid_access *)arg = (struct ioasid_access){
		.size = sizeof(struct ioasid_access),
		.ioas_id = w.ioas,
		.iova = MAPPED_AT + 5,
		.length = sizeof(access_buffer),
		.buffer = ADDRESS(access_buffer),
		.out_done = GARBAGE,
	};
}

static void good_query(void *arg)
{
	memset(arg, (uint8_t)GARBAGE, sizeof(struct ioasid_query));
	((struct ioasid_query *)arg)->size = sizeof(struct ioasid_query);
	((struct ioasid_query *)arg)->flags = 0;
	((struct ioasid_query *)arg)->scope = IOASID_SCOPE_IOAS;
	((struct ioasid_query *)arg)->id = w.ioas;
	((struct ioasid_query *)arg)->cursor = 0;
	((struct ioasid_query *)arg)->entries = 0;
	((struct ioasid_query *)arg)->capacity = 0;
}

static void good_audit(void *arg)
{
	memset(arg, (uint8_t)GARBAGE, sizeof(struct ioasid_audit));
	((struct ioasid_audit *)arg)->size = sizeof(struct ioasid_audit);
	((struct ioasid_audit *)arg)->flags = 0;
	((struct ioasid_audit *)arg)->__reserved = 0;
}

static void good_map_file(void *arg)
{
	*(struct ioasid_map_file *)arg = (struct ioasid_map_file){
		.size = sizeof(struct ioasid_map_file),
		.flags = READ_WRITE,
		.ioas_id = w.ioas,
		.fd = w.file,
		.length = SIZE,
		.out_reused = GARBAGE,
	};
}

static void undo_map_file(void *arg)
{
	want(((struct ioasid_map_file *)arg)->out_reused, 0);
	want(unmap(w.fd, w.ioas, ((struct ioasid_map_file *)arg)->iova, SIZE, NULL), 0);
}

/* A map and the unmap of it. */
static struct ioasid_batch_entry batch[2];

static void good_map_batch(void *arg)
{
	batch[0] = (struct ioasid_batch_entry){
		.op = IOASID_BATCH_MAP,
		.flags = READ_WRITE | IOASID_MAP_FIXED,
		.out_code = (int)GARBAGE,
		.va = ADDRESS(w.other),
		.length = SIZE,
		.iova = BATCH_AT,
		.out_bytes = GARBAGE,
	};
	batch[1] = batch[0];
	batch[1].op = IOASID_BATCH_UNMAP;
	batch[1].flags = 0;
	batch[1].va = 0;
	*(struct ioasid_map_batch *)arg = (struct ioasid_map_batch){
		.size = sizeof(struct ioasid_map_batch),
		.ioas_id = w.ioas,
		.count = 2,
		.entries = ADDRESS(batch),
		.out_done = (uint32_t)GARBAGE,
		.out_failed = (uint32_t)GARBAGE,
	};
}

static void undo_map_batch(void *arg)
{
	want(((struct ioasid_map_batch *)arg)->out_done, 2);
	want(((struct ioasid_map_batch *)arg)->out_failed, 0);
	want(batch[0].out_code, 0);
	want(batch[0].out_bytes, 0);
	want(batch[1].out_code, 0);
	want(batch[1].out_bytes, SIZE);
}

static void good_copy(void *arg)
{
	*(struct ioasid_copy *)arg = (struct ioasid_copy){
		.size = sizeof(struct ioasid_copy),
		.flags = READ_WRITE,
		.dst_ioas = w.victim_ioas,
		.src_ioas = w.ioas,
		.length = SIZE,
		.src_iova = MAPPED_AT,
	};
}

static void undo_copy(void *arg)
{
	want(unmap(w.fd, w.victim_ioas, ((struct ioasid_copy *)arg)->dst_iova, SIZE, NULL), 0);
}

static struct ioasid_range ranges[4];

static void good_iova_ranges(void *arg)
{
	*(struct ioasid_iova_ranges *)arg = (struct ioasid_iova_ranges){
		.size = sizeof(struct ioasid_iova_ranges),
		.ioas_id = w.ioas,
		.count = ARRAY_SIZE(ranges),
		.ranges = ADDRESS(ranges),
		.out_alignment = GARBAGE,
	};
}

static const struct ioasid_range allowed[] = { { PAGE, GIB - 1 } };

static void good_allow_iovas(void *arg)
{
	*(struct ioasid_allow_iovas *)arg = (struct ioasid_allow_iovas){
		.size = sizeof(struct ioasid_allow_iovas),
		.ioas_id = w.victim_ioas,
		.count = 1,
		.ranges = ADDRESS(allowed),
	};
}

static void undo_allow_iovas(void *arg)
{
	(void)arg;
	want(allow_iovas(w.fd, w.victim_ioas, NULL, 0), 0);
}

static void good_reserve(void *arg)
{
	*(struct ioasid_reserve *)arg = (struct ioasid_reserve){
		.size = sizeof(struct ioasid_reserve),
		.ioas_id = w.victim_ioas,
		.iova = BATCH_AT,
		.length = SIZE,
	};
}

static void undo_reserve(void *arg)
{
	(void)arg;
	want(unreserve_iovas(w.fd, w.victim_ioas, BATCH_AT, SIZE), 0);
}

static void good_change_owner(void *arg)
{
	*(struct ioasid_change_owner *)arg = (struct ioasid_change_owner){
		.size = sizeof(struct ioasid_change_owner),
		.out_moved = GARBAGE,
	};
}

static void undo_change_owner(void *arg)
{
	want(((struct ioasid_change_owner *)arg)->out_moved, 0);
}

static void good_option(void *arg)
{
	*(struct ioasid_option *)arg = (struct ioasid_option){
		.size = sizeof(struct ioasid_option),
		.option = IOASID_OPTION_LARGE_ENTRIES,
		.id = w.ioas,
	};
}

static void undo_option(void *arg)
{
	want(((struct ioasid_option *)arg)->value, 1);
}

static uint64_t dirty_bits[1];

static void good_dirty(void *arg)
{
	*(struct ioasid_dirty *)arg = (struct ioasid_dirty){
		.size = sizeof(struct ioasid_dirty),
		.op = IOASID_DIRTY_READ,
		.table_id = w.tracked,
		.iova = MAPPED_AT,
		.length = SIZE,
		.granule = PAGE,
		.bitmap = ADDRESS(dirty_bits),
		.out_dirty = GARBAGE,
	};
}

static void undo_dirty(void *arg)
{
	want(((struct ioasid_dirty *)arg)->out_dirty, 0);
	want(dirty_bits[0], 0);
}

enum kind {
	IOAS = 1,
	TABLE = 2,
	PIN = 4,
};

/* How one call is called, and what its argument is made of. Offsets are 0 where there is no such
 * field. */
struct row {
	const char *name;
	unsigned long request;
	size_t size;
	size_t first; /* size of the first version, where that was less */
	size_t error; /* the pointer to an error */
	uint32_t flags; /* known */
	size_t reserved; /* a 32-bit field */
	size_t id; /* a field with an id */
	unsigned int kinds; /* of the objects it may name */
	bool answers; /* fills fields in */
	size_t va, iova, length; /* memory, I/O addresses */
	void (*good)(void *arg);
	void (*undo)(void *arg);
};

#define TYPE(type) .size = sizeof(struct type)
#define AT(type, field) offsetof(struct type, field)

static const struct row calls[] = {
	{ .name = "INFO",
	  .request = IOASID_INFO,
	  TYPE(ioasid_info),
	  .answers = true,
	  .reserved = AT(ioasid_info, __reserved),
	  .good = good_info },
	{ .name = "IOAS_ALLOC",
	  .request = IOASID_IOAS_ALLOC,
	  TYPE(ioasid_ioas_alloc),
	  .answers = true,
	  .reserved = AT(ioasid_ioas_alloc, __reserved),
	  .good = good_ioas_alloc,
	  .undo = undo_ioas_alloc },
	{ .name = "DESTROY",
	  .request = IOASID_DESTROY,
	  TYPE(ioasid_destroy),
	  .first = AT(ioasid_destroy, error),
	  .error = AT(ioasid_destroy, error),
	  .reserved = AT(ioasid_destroy, __reserved),
	  .id = AT(ioasid_destroy, id),
	  .kinds = IOAS | TABLE | PIN,
	  .good = good_destroy,
	  .undo = undo_destroy },
	{ .name = "PIN",
	  .request = IOASID_PIN,
	  TYPE(ioasid_pin),
	  .error = AT(ioasid_pin, error),
	  .flags = IOASID_PIN_WRITE | IOASID_PIN_DRY_RUN,
	  .answers = true,
	  .reserved = AT(ioasid_pin, __reserved),
	  .va = AT(ioasid_pin, va),
	  .length = AT(ioasid_pin, length),
	  .good = good_pin,
	  .undo = undo_pin },
	{ .name = "UNPIN",
	  .request = IOASID_UNPIN,
	  TYPE(ioasid_unpin),
	  .error = AT(ioasid_unpin, error),
	  .flags = IOASID_UNPIN_DEFER,
	  .reserved = AT(ioasid_unpin, __reserved),
	  .id = AT(ioasid_unpin, id),
	  .kinds = PIN,
	  .good = good_unpin,
	  .undo = undo_unpin },
	{ .name = "MAP",
	  .request = IOASID_MAP,
	  TYPE(ioasid_map),
	  .error = AT(ioasid_map, error),
	  .flags = READ_WRITE | IOASID_MAP_FIXED | IOASID_MAP_PIN,
	  .answers = true,
	  .id = AT(ioasid_map, ioas_id),
	  .kinds = IOAS,
	  .va = AT(ioasid_map, va),
	  .length = AT(ioasid_map, length),
	  .good = good_map,
	  .undo = undo_map },
	{ .name = "MAP of a pin",
	  .request = IOASID_MAP,
	  TYPE(ioasid_map),
	  .error = AT(ioasid_map, error),
	  .flags = READ_WRITE | IOASID_MAP_FIXED | IOASID_MAP_PIN,
	  .answers = true,
	  .id = AT(ioasid_map, pin_id),
	  .kinds = PIN,
	  .length = AT(ioasid_map, length),
	  .good = good_map_pin,
	  .undo = undo_map },
	{ .name = "UNMAP",
	  .request = IOASID_UNMAP,
	  TYPE(ioasid_unmap),
	  .first = AT(ioasid_unmap, error),
	  .error = AT(ioasid_unmap, error),
	  .flags = IOASID_UNMAP_ALL,
	  .answers = true,
	  .reserved = AT(ioasid_unmap, __reserved),
	  .id = AT(ioasid_unmap, ioas_id),
	  .kinds = IOAS,
	  .iova = AT(ioasid_unmap, iova),
	  .length = AT(ioasid_unmap, length),
	  .good = good_unmap,
	  .undo = undo_unmap },
	{ .name = "TABLE_ALLOC",
	  .request = IOASID_TABLE_ALLOC,
	  TYPE(ioasid_table_alloc),
	  .first = AT(ioasid_table_alloc, address_bits),
	  .flags = IOASID_TABLE_ALLOC_COHERENT | IOASID_TABLE_ALLOC_TRACK,
	  .reserved = AT(ioasid_table_alloc, __reserved),
	  .error = AT(ioasid_table_alloc, error),
	  .answers = true,
	  .id = AT(ioasid_table_alloc, ioas_id),
	  .kinds = IOAS,
	  .good = good_table_alloc,
	  .undo = undo_table_alloc },
	{ .name = "TRANSLATE",
	  .request = IOASID_TRANSLATE,
	  TYPE(ioasid_translate),
	  .flags = IOASID_TRANSLATE_PHYS,
	  .answers = true,
	  .id = AT(ioasid_translate, id),
	  .kinds = IOAS | TABLE,
	  .good = good_translate },
	{ .name = "ACCESS",
	  .request = IOASID_ACCESS,
	  TYPE(ioasid_access),
	  .first = AT(ioasid_access, error),
	  .error = AT(ioasid_access, error),
	  .flags = IOASID_ACCESS_WRITE,
	  .answers = true,
	  .reserved = AT(ioasid_access, __reserved),
	  .id = AT(ioasid_access, ioas_id),
	  .kinds = IOAS,
	  .good = good_access },
	{ .name = "QUERY",
	  .request = IOASID_QUERY,
	  TYPE(ioasid_query),
	  .first = AT(ioasid_query, metadata),
	  .answers = true,
	  .id = AT(ioasid_query, id),
	  .kinds = IOAS,
	  .good = good_query },
	{ .name = "AUDIT",
	  .request = IOASID_AUDIT,
	  TYPE(ioasid_audit),
	  .answers = true,
	  .reserved = AT(ioasid_audit, __reserved),
	  .good = good_audit },
	{ .name = "MAP_FILE",
	  .request = IOASID_MAP_FILE,
	  TYPE(ioasid_map_file),
	  .error = AT(ioasid_map_file, error),
	  .flags = READ_WRITE | IOASID_MAP_FIXED,
	  .answers = true,
	  .id = AT(ioasid_map_file, ioas_id),
	  .kinds = IOAS,
	  .va = AT(ioasid_map_file, offset),
	  .length = AT(ioasid_map_file, length),
	  .good = good_map_file,
	  .undo = undo_map_file },
	{ .name = "MAP_BATCH",
	  .request = IOASID_MAP_BATCH,
	  TYPE(ioasid_map_batch),
	  .error = AT(ioasid_map_batch, error),
	  .flags = IOASID_BATCH_STOP,
	  .answers = true,
	  .id = AT(ioasid_map_batch, ioas_id),
	  .kinds = IOAS,
	  .good = good_map_batch,
	  .undo = undo_map_batch },
	{ .name = "COPY",
	  .request = IOASID_COPY,
	  TYPE(ioasid_copy),
	  .error = AT(ioasid_copy, error),
	  .flags = READ_WRITE | IOASID_MAP_FIXED,
	  .answers = true,
	  .id = AT(ioasid_copy, dst_ioas),
	  .kinds = IOAS,
	  .iova = AT(ioasid_copy, src_iova),
	  .length = AT(ioasid_copy, length),
	  .good = good_copy,
	  .undo = undo_copy },
	{ .name = "COPY's source",
	  .request = IOASID_COPY,
	  TYPE(ioasid_copy),
	  .error = AT(ioasid_copy, error),
	  .flags = READ_WRITE | IOASID_MAP_FIXED,
	  .answers = true,
	  .id = AT(ioasid_copy, src_ioas),
	  .kinds = IOAS,
	  .good = good_copy,
	  .undo = undo_copy },
	{ .name = "IOVA_RANGES",
	  .request = IOASID_IOVA_RANGES,
	  TYPE(ioasid_iova_ranges),
	  .answers = true,
	  .id = AT(ioasid_iova_ranges, ioas_id),
	  .kinds = IOAS,
	  .good = good_iova_ranges },
	{ .name = "ALLOW_IOVAS",
	  .request = IOASID_ALLOW_IOVAS,
	  TYPE(ioasid_allow_iovas),
	  .error = AT(ioasid_allow_iovas, error),
	  .id = AT(ioasid_allow_iovas, ioas_id),
	  .kinds = IOAS,
	  .good = good_allow_iovas,
	  .undo = undo_allow_iovas },
	{ .name = "RESERVE",
	  .request = IOASID_RESERVE,
	  TYPE(ioasid_reserve),
	  .error = AT(ioasid_reserve, error),
	  .flags = IOASID_RESERVE_UNDO,
	  .reserved = AT(ioasid_reserve, __reserved),
	  .id = AT(ioasid_reserve, ioas_id),
	  .kinds = IOAS,
	  .iova = AT(ioasid_reserve, iova),
	  .length = AT(ioasid_reserve, length),
	  .good = good_reserve,
	  .undo = undo_reserve },
	{ .name = "CHANGE_OWNER",
	  .request = IOASID_CHANGE_OWNER,
	  TYPE(ioasid_change_owner),
	  .error = AT(ioasid_change_owner, error),
	  .answers = true,
	  .good = good_change_owner,
	  .undo = undo_change_owner },
	{ .name = "OPTION",
	  .request = IOASID_OPTION,
	  TYPE(ioasid_option),
	  .flags = IOASID_OPTION_SET,
	  .answers = true,
	  .id = AT(ioasid_option, id),
	  .kinds = IOAS,
	  .good = good_option,
	  .undo = undo_option },
	{ .name = "DIRTY",
	  .request = IOASID_DIRTY,
	  TYPE(ioasid_dirty),
	  .error = AT(ioasid_dirty, error),
	  .flags = IOASID_DIRTY_KEEP,
	  .answers = true,
	  .reserved = AT(ioasid_dirty, __reserved),
	  .id = AT(ioasid_dirty, table_id),
	  .kinds = TABLE,
	  .iova = AT(ioasid_dirty, iova),
	  .length = AT(ioasid_dirty, length),
	  .good = good_dirty,
	  .undo = undo_dirty },
};

#define for_each_call(row) for (row = calls; row < calls + ARRAY_SIZE(calls); row++)

#define FLAGS 4 /* every argument: its size, then its flags */

static uint32_t *u32_at(void *arg, size_t offset)
{
	return (uint32_t *)((char *)arg + offset);
}

static uint64_t *u64_at(void *arg, size_t offset)
{
	return (uint64_t *)((char *)arg + offset);
}

/* Two pages for an argument, with none behind them. */
static char *argument_pages(void)
{
	char *pages = reserve(3 * PAGE, PAGE);

	want(mprotect(pages, 2 * PAGE, PROT_READ | PROT_WRITE), 0);
	return pages;
}

static size_t least_size(const struct row *row)
{
	return row->first ? row->first : row->size;
}

static void refused(const struct row *row, void *arg, int error)
{
	want(call(w.fd, row->request, arg), -error);
}

static void accepted(const struct row *row, void *arg)
{
	want(call(w.fd, row->request, arg), 0);
	if (row->undo)
		row->undo(arg);
}

WORLD_TEST(size, shorter_than_the_first_version_is_einval)
{
	struct counts before = counts(w.fd);
	char *arg = argument_pages();
	const struct row *row;
	uint32_t size;

	for_each_call(row)
	{
		for (size = 0; size < least_size(row); size++) {
			context("%s with size %u", row->name, size);
			row->good(arg);
			*u32_at(arg, 0) = size;
			refused(row, arg, EINVAL);
		}
		want_unchanged(w.fd, &before);
	}
}

/* What is behind its size is not there: a caller of those days knows nothing of it. */
WORLD_TEST(size, the_first_version_still_works)
{
	struct counts before = counts(w.fd);
	char *end = argument_pages() + 2 * PAGE, whole[PAGE];
	const struct row *row;
	uint32_t size;

	for_each_call(row)
	{
		for (size = least_size(row); size <= row->size; size++) {
			context("%s with size %u", row->name, size);
			row->good(whole);
			memcpy(end - size, whole, size);
			*u32_at(end - size, 0) = size;
			accepted(row, end - size);
			want(*u32_at(end - size, 0), size);
		}
		want_unchanged(w.fd, &before);
	}
}

/* And what it has there by chance is no pointer. */
WORLD_TEST(size, of_the_first_version_knows_no_error)
{
	struct ioasid_error error = { .size = sizeof(error), .code = 77 };
	const struct row *row;
	char arg[PAGE];

	for_each_call(row)
	{
		if (!row->first || row->error < row->first)
			continue;
		context("%s", row->name);
		row->good(arg);
		*u32_at(arg, row->id) = 0x7fffffff;
		*u64_at(arg, row->error) = ADDRESS(&error);
		*u32_at(arg, 0) = row->first;
		refused(row, arg, ENOENT);
		want(error.code, 77);
		*u32_at(arg, 0) = row->size;
		refused(row, arg, ENOENT);
		want(error.code, ENOENT);
		error.code = 77;
	}
}

WORLD_TEST(size, a_longer_argument_is_accepted_when_the_rest_is_zero)
{
	const size_t more[] = { 0, 1, 4, 8, 100 };
	struct counts before = counts(w.fd);
	const struct row *row;
	size_t i;

	for_each_call(row)
	{
		for (i = 0; i <= ARRAY_SIZE(more); i++) {
			size_t size = i < ARRAY_SIZE(more) ? row->size + more[i] : PAGE;
			char *arg = argument_pages();

			context("%s with size %zu", row->name, size);
			/* Not aligned: where an argument lies is nobody's business. */
			arg += 2 * PAGE - size;
			row->good(arg);
			*u32_at(arg, 0) = size;
			accepted(row, arg);
			want(*u32_at(arg, 0), size);
		}
		want_unchanged(w.fd, &before);
	}
}

WORLD_TEST(size, a_tail_that_is_not_zero_is_e2big)
{
	const size_t more[] = { 1, 8, 100 };
	struct counts before = counts(w.fd);
	char *arg = argument_pages();
	const struct row *row;
	size_t i, j;

	for_each_call(row)
	{
		for (i = 0; i <= ARRAY_SIZE(more); i++) {
			size_t size = i < ARRAY_SIZE(more) ? row->size + more[i] : PAGE;
			const size_t dirty[] = { row->size, size - 1 };

			for (j = 0; j < ARRAY_SIZE(dirty); j++) {
				context("%s with size %zu, byte %zu set", row->name, size,
					dirty[j]);
				memset(arg, 0, 2 * PAGE);
				row->good(arg);
				*u32_at(arg, 0) = size;
				arg[dirty[j]] = 1;
				refused(row, arg, E2BIG);
			}
		}
		want_unchanged(w.fd, &before);
	}
}

WORLD_TEST(size, more_than_a_page_is_e2big)
{
	const uint32_t sizes[] = { PAGE + 1, PAGE + 8, 2 * PAGE, 0x80000000, 0xffffffff };
	struct counts before = counts(w.fd);
	char *arg = argument_pages();
	const struct row *row;
	size_t i;

	for_each_call(row)
	{
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			context("%s with size %u", row->name, sizes[i]);
			memset(arg, 0, 2 * PAGE);
			row->good(arg);
			*u32_at(arg, 0) = sizes[i];
			refused(row, arg, E2BIG);
		}
	}
	want_unchanged(w.fd, &before);
}

WORLD_TEST(argument, unknown_flags_are_eopnotsupp)
{
	struct counts before = counts(w.fd);
	char *arg = argument_pages();
	const struct row *row;
	unsigned int bit;

	for_each_call(row)
	{
		for (bit = 0; bit < 32; bit++) {
			if (row->flags & 1u << bit)
				continue;
			context("%s with flag bit %u", row->name, bit);
			row->good(arg);
			*u32_at(arg, FLAGS) |= 1u << bit;
			refused(row, arg, EOPNOTSUPP);
		}
		want_unchanged(w.fd, &before);
	}
}

WORLD_TEST(argument, reserved_fields_are_zero_or_eopnotsupp)
{
	struct counts before = counts(w.fd);
	char *arg = argument_pages();
	const struct row *row;
	size_t byte;

	for_each_call(row)
	{
		for (byte = 0; row->reserved && byte < 4; byte++) {
			context("%s with reserved byte %zu", row->name, byte);
			row->good(arg);
			arg[row->reserved + byte] = 1;
			refused(row, arg, EOPNOTSUPP);
		}
		want_unchanged(w.fd, &before);
	}
}

WORLD_TEST(argument, that_cannot_be_read_is_efault)
{
	struct counts before = counts(w.fd);
	char *pages = argument_pages();
	char *end = pages + 2 * PAGE;
	char *const nowhere[] = {
		NULL,
		(char *)8,
		end, /* no access */
		(char *)0x7ffffffff000, /* behind user space */
		(char *)0x800000000000, /* not canonical */
		(char *)0xffff888000000000, /* the kernel's */
		(char *)-8,
	};
	const struct row *row;
	size_t i;

	for_each_call(row)
	{
		for (i = 0; i < ARRAY_SIZE(nowhere); i++) {
			context("%s with its argument at %p", row->name, nowhere[i]);
			refused(row, nowhere[i], EFAULT);
		}
		/* Its beginning is there, its end is not. */
		for (i = 4; i < row->size; i += 4) {
			char whole[PAGE];

			context("%s with %zu bytes of its argument", row->name, i);
			row->good(whole);
			memcpy(end - i, whole, i);
			refused(row, end - i, EFAULT);
		}
		/* Its known part is there, a tail that it promises is not. */
		context("%s without its tail", row->name);
		row->good(end - row->size);
		*u32_at(end - row->size, 0) = row->size + 8;
		refused(row, end - row->size, EFAULT);
		want_unchanged(w.fd, &before);
	}
}

/* A call that answers must be able to; one that does not has no reason to write. */
WORLD_TEST(argument, that_cannot_be_written_is_efault_and_undone)
{
	struct counts before = counts(w.fd);
	char *arg = argument_pages();
	const struct row *row;

	for_each_call(row)
	{
		context("%s with a read-only argument", row->name);
		want(mprotect(arg, PAGE, PROT_READ | PROT_WRITE), 0);
		row->good(arg);
		want(mprotect(arg, PAGE, PROT_READ), 0);
		if (row->answers)
			refused(row, arg, EFAULT);
		else
			accepted(row, arg);
		want_unchanged(w.fd, &before);
	}
}

/* Error structures are a courtesy: one that cannot be written changes nothing. */
WORLD_TEST(argument, an_error_that_cannot_be_written_does_not_matter)
{
	struct counts before = counts(w.fd);
	char *arg = argument_pages();
	char *read_only = argument_pages();
	struct ioasid_map *map = (struct ioasid_map *)arg;
	const uint64_t bad[] = { 1, ADDRESS(read_only), 0xffff888000000000, -8ULL };
	size_t i;

	want(mprotect(read_only, PAGE, PROT_READ), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		context("error at 0x%llx", (unsigned long long)bad[i]);
		good_map(map);
		map->error = bad[i];
		want(call(w.fd, IOASID_MAP, map), 0);
		undo_map(map);
		good_map(map);
		map->error = bad[i];
		map->ioas_id = 0x7fffffff;
		want(call(w.fd, IOASID_MAP, map), -ENOENT);
	}
	want_unchanged(w.fd, &before);
}

WORLD_TEST(argument, an_error_tells_what_was_refused)
{
	struct counts before = counts(w.fd);
	struct ioasid_error error;
	struct ioasid_destroy destroy_arg;
	const struct row *row;
	char arg[PAGE];

	for_each_call(row)
	{
		if (!row->error || !row->id)
			continue;
		context("%s of an id that is not there", row->name);
		memset(&error, 0xff, sizeof(error));
		error.size = sizeof(error);
		row->good(arg);
		*u64_at(arg, row->error) = ADDRESS(&error);
		*u32_at(arg, row->id) = 0x7fffffff;
		refused(row, arg, ENOENT);
		want(error.size, sizeof(error));
		want(error.stage, IOASID_STAGE_CHECK);
		want(error.code, ENOENT);
		want(error.reason, 0);
		/* Left alone by what works. */
		error.code = 77;
		row->good(arg);
		*u64_at(arg, row->error) = ADDRESS(&error);
		accepted(row, arg);
		want(error.code, 77);
	}
	context("DESTROY of a space with tables");
	good_destroy(&destroy_arg);
	destroy_arg.id = w.ioas;
	destroy_arg.error = ADDRESS(&error);
	want(call(w.fd, IOASID_DESTROY, &destroy_arg), -EBUSY);
	want(error.code, EBUSY);
	want(error.stage, IOASID_STAGE_USE);
	want_unchanged(w.fd, &before);
}

static uint32_t id_of(enum kind kind)
{
	return kind == IOAS ? w.victim_ioas : kind == TABLE ? w.table : w.pin;
}

WORLD_TEST(id, that_names_nothing_or_another_kind_is_enoent)
{
	struct counts before = counts(w.fd);
	const uint32_t nothing[] = { 0, 0x7ffffffe, 0x7fffffff, 0x80000000, 0xffffffff };
	char *arg = argument_pages();
	const struct row *row;
	enum kind kind;
	size_t i;

	for_each_call(row)
	{
		if (!row->kinds)
			continue;
		for (i = 0; i < ARRAY_SIZE(nothing); i++) {
			context("%s of id 0x%x", row->name, nothing[i]);
			row->good(arg);
			*u32_at(arg, row->id) = nothing[i];
			refused(row, arg, ENOENT);
		}
		for (kind = IOAS; kind <= PIN; kind *= 2) {
			if (row->kinds & kind)
				continue;
			context("%s of an object of kind %u", row->name, kind);
			row->good(arg);
			*u32_at(arg, row->id) = id_of(kind);
			refused(row, arg, ENOENT);
		}
		want_unchanged(w.fd, &before);
	}
}

WORLD_TEST(id, of_a_destroyed_object_is_enoent)
{
	char *arg = argument_pages();
	struct counts before;
	const struct row *row;
	uint32_t gone;

	for_each_call(row)
	{
		if (!row->kinds)
			continue;
		context("%s", row->name);
		gone = row->kinds & IOAS ? make_ioas(w.fd) : make_pin(w.fd, w.victim, SIZE);
		want(destroy(w.fd, gone), 0);
		before = counts(w.fd);
		row->good(arg);
		*u32_at(arg, row->id) = gone;
		refused(row, arg, ENOENT);
		want_unchanged(w.fd, &before);
	}
}

WORLD_TEST(id, is_valid_on_its_own_file_only)
{
	struct counts before = counts(w.fd);
	int other = device_open();
	char *arg = argument_pages();
	const struct row *row;

	for_each_call(row)
	{
		if (!row->kinds)
			continue;
		context("%s on another file", row->name);
		row->good(arg);
		want(call(other, row->request, arg), -ENOENT);
	}
	want(close(other), 0);
	want_unchanged(w.fd, &before);
}

/* A row's memory or I/O range, with other values in it. */
static void range_refused(const struct row *row, size_t field, uint64_t start, uint64_t length,
			  int error)
{
	char arg[PAGE];

	context("%s of 0x%llx, length 0x%llx", row->name, (unsigned long long)start,
		(unsigned long long)length);
	row->good(arg);
	*u64_at(arg, field) = start;
	*u64_at(arg, row->length) = length;
	refused(row, arg, error);
}

WORLD_TEST(range, unaligned_or_empty_is_einval)
{
	struct counts before = counts(w.fd);
	const uint64_t crooked[] = { 1, 8, 512, 2048, PAGE - 1 };
	const struct row *row;
	char arg[PAGE];
	size_t i;

	for_each_call(row)
	{
		size_t field = row->va ? row->va : row->iova;

		if (!row->length)
			continue;
		if (field) {
			row->good(arg);
			range_refused(row, field, *u64_at(arg, field), 0, EINVAL);
		}
		for (i = 0; i < ARRAY_SIZE(crooked); i++) {
			row->good(arg);
			context("%s of length %llu", row->name, (unsigned long long)crooked[i]);
			*u64_at(arg, row->length) = crooked[i];
			refused(row, arg, EINVAL);
			if (field) {
				row->good(arg);
				range_refused(row, field, *u64_at(arg, field) + crooked[i], PAGE,
					      EINVAL);
			}
		}
		want_unchanged(w.fd, &before);
	}
}

WORLD_TEST(range, that_wraps_around_is_eoverflow)
{
	struct counts before = counts(w.fd);
	struct ioasid_access access;
	struct ioasid_map map;
	const struct row *row;

	for_each_call(row)
	{
		size_t field = row->va ? row->va : row->iova;

		if (!field)
			continue;
		range_refused(row, field, -PAGE, 2 * PAGE, EOVERFLOW);
		range_refused(row, field, 1ULL << 63, (1ULL << 63) + PAGE, EOVERFLOW);
		range_refused(row, field, 2 * PAGE, -PAGE, EOVERFLOW);
	}
	context("MAP at an IOVA that wraps");
	good_map(&map);
	map.flags |= IOASID_MAP_FIXED;
	map.iova = -PAGE;
	want(call(w.fd, IOASID_MAP, &map), -EOVERFLOW);
	context("MAP of a pin at an offset that wraps");
	good_map_pin(&map);
	map.pin_offset = -PAGE;
	want(call(w.fd, IOASID_MAP, &map), -EOVERFLOW);
	context("ACCESS that wraps");
	good_access(&access);
	access.iova = -8;
	want(call(w.fd, IOASID_ACCESS, &access), -EOVERFLOW);
	want_unchanged(w.fd, &before);
}

WORLD_TEST(range, values_that_do_not_go_together_are_einval)
{
	struct counts before = counts(w.fd);
	struct ioasid_access access;
	struct ioasid_unmap all;
	struct ioasid_query query;
	struct ioasid_map map;

#define MAP_IS_EINVAL(make, ...)                             \
	do {                                                 \
		context("MAP with " #__VA_ARGS__);           \
		make(&map);                                  \
		__VA_ARGS__;                                 \
		want(call(w.fd, IOASID_MAP, &map), -EINVAL); \
	} while (0)

	MAP_IS_EINVAL(good_map, map.flags = 0);
	MAP_IS_EINVAL(good_map, map.pin_id = w.pin);
	MAP_IS_EINVAL(good_map, map.pin_offset = PAGE);
	MAP_IS_EINVAL(good_map, map.iova = PAGE);
	MAP_IS_EINVAL(good_map, map.flags |= IOASID_MAP_FIXED; map.iova = PAGE + 1);
	MAP_IS_EINVAL(good_map_pin, map.va = ADDRESS(w.memory));
	MAP_IS_EINVAL(good_map_pin, map.length = 0);
	MAP_IS_EINVAL(good_map_pin, map.length = SIZE + PAGE);
	MAP_IS_EINVAL(good_map_pin, map.length = PAGE; map.pin_offset = 1);
	MAP_IS_EINVAL(good_map_pin, map.length = PAGE; map.pin_offset = SIZE);
	MAP_IS_EINVAL(good_map_pin, map.length = PAGE; map.pin_offset = 1ULL << 40);
	context("UNMAP of everything and a range");
	all = (struct ioasid_unmap){
		.size = sizeof(all), .flags = IOASID_UNMAP_ALL, .ioas_id = w.ioas, .length = PAGE
	};
	want(call(w.fd, IOASID_UNMAP, &all), -EINVAL);
	all.length = 0;
	all.iova = MAPPED_AT;
	want(call(w.fd, IOASID_UNMAP, &all), -EINVAL);
	context("ACCESS of nothing");
	good_access(&access);
	access.length = 0;
	want(call(w.fd, IOASID_ACCESS, &access), -EINVAL);
	context("QUERY of a file with an id");
	good_query(&query);
	query.scope = IOASID_SCOPE_FILE;
	want(call(w.fd, IOASID_QUERY, &query), -EINVAL);
	query.scope = IOASID_SCOPE_PROCESS;
	want(call(w.fd, IOASID_QUERY, &query), -EINVAL);
	want_unchanged(w.fd, &before);
}

WORLD_TEST(range, of_new_places_must_make_sense)
{
	struct counts before = counts(w.fd);
	struct ioasid_map_file file;
	struct ioasid_copy copy;

#define IS_REFUSED(arg, request, make, error, ...)       \
	do {                                             \
		context(#request " with " #__VA_ARGS__); \
		make(&arg);                              \
		__VA_ARGS__;                             \
		want(call(w.fd, request, &arg), -error); \
	} while (0)
#define FILE_IS_REFUSED(error, ...) \
	IS_REFUSED(file, IOASID_MAP_FILE, good_map_file, error, __VA_ARGS__)
#define COPY_IS_REFUSED(error, ...) IS_REFUSED(copy, IOASID_COPY, good_copy, error, __VA_ARGS__)

	FILE_IS_REFUSED(EINVAL, file.flags = 0);
	FILE_IS_REFUSED(EINVAL, file.flags = IOASID_MAP_FIXED);
	FILE_IS_REFUSED(EINVAL, file.iova = PAGE);
	FILE_IS_REFUSED(EINVAL, file.flags |= IOASID_MAP_FIXED; file.iova = PAGE + 1);
	FILE_IS_REFUSED(EOVERFLOW, file.flags |= IOASID_MAP_FIXED; file.iova = -PAGE);
	FILE_IS_REFUSED(EEXIST, file.flags |= IOASID_MAP_FIXED; file.iova = MAPPED_AT);
	FILE_IS_REFUSED(ERANGE, file.flags |= IOASID_MAP_FIXED; file.iova = 1ULL << 47);
	FILE_IS_REFUSED(EOPNOTSUPP, file.flags |= IOASID_MAP_PIN);
	COPY_IS_REFUSED(EINVAL, copy.flags = 0);
	COPY_IS_REFUSED(EINVAL, copy.flags = IOASID_MAP_FIXED);
	COPY_IS_REFUSED(EINVAL, copy.dst_iova = PAGE);
	COPY_IS_REFUSED(EINVAL, copy.flags |= IOASID_MAP_FIXED; copy.dst_iova = PAGE + 1);
	COPY_IS_REFUSED(EOVERFLOW, copy.flags |= IOASID_MAP_FIXED; copy.dst_iova = -PAGE);
	COPY_IS_REFUSED(EOPNOTSUPP, copy.flags |= IOASID_MAP_PIN);
	want_unchanged(w.fd, &before);
}

WORLD_TEST(range, arrays_that_cannot_be_had_are_efault)
{
	struct counts before = counts(w.fd);
	char *pages = argument_pages();
	char *const nowhere[] = {
		NULL,	    pages + 2 * PAGE, pages + 2 * PAGE - 8, (char *)0xffff888000000000,
		(char *)-8,
	};
	struct ioasid_iova_ranges get;
	struct ioasid_allow_iovas allow;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(nowhere); i++) {
		context("an array at %p", nowhere[i]);
		good_iova_ranges(&get);
		get.ranges = ADDRESS(nowhere[i]);
		want(call(w.fd, IOASID_IOVA_RANGES, &get), -EFAULT);
		good_allow_iovas(&allow);
		allow.ranges = ADDRESS(nowhere[i]);
		want(call(w.fd, IOASID_ALLOW_IOVAS, &allow), -EFAULT);
	}
	context("arrays of any length");
	good_iova_ranges(&get);
	get.count = 0xffffffff;
	want(call(w.fd, IOASID_IOVA_RANGES, &get), 0);
	want(get.count, 1);
	good_allow_iovas(&allow);
	allow.count = 0xffffffff;
	want(call(w.fd, IOASID_ALLOW_IOVAS, &allow), -EINVAL);
	want_unchanged(w.fd, &before);
}

WORLD_TEST(range, unknown_enumerators_are_refused)
{
	struct counts before = counts(w.fd);
	const uint32_t levels[] = { 1, 2, 3, 6, 100, 0xffffffff };
	struct ioasid_table_alloc table;
	struct ioasid_query query;
	size_t i;

	good_table_alloc(&table);
	table.format = 0xffffffff;
	want(call(w.fd, IOASID_TABLE_ALLOC, &table), -EOPNOTSUPP);
	for (i = 0; i < ARRAY_SIZE(levels); i++) {
		context("%u levels", levels[i]);
		good_table_alloc(&table);
		table.levels = levels[i];
		want(call(w.fd, IOASID_TABLE_ALLOC, &table), -EOPNOTSUPP);
	}
	context("an unknown scope");
	good_query(&query);
	query.scope = 0xffffffff;
	query.id = 0;
	want(call(w.fd, IOASID_QUERY, &query), -EOPNOTSUPP);
	want_unchanged(w.fd, &before);
}

/* No such call: other numbers, other types, and the calls' numbers with a direction or a size. */
WORLD_TEST(request, unknown_is_enotty)
{
	struct counts before = counts(w.fd);
	char *arg = argument_pages();
	unsigned long request;

	good_info(arg);
	for (request = IOASID_DIRTY + 1; request <= (IOASID_DIRTY | 0xff); request++) {
		context("request 0x%lx", request);
		want(call(w.fd, request, arg), -ENOTTY);
	}
	context("another type or size");
	want(call(w.fd, _IO(IOASID_TYPE + 1, 0), arg), -ENOTTY);
	want(call(w.fd, _IO(0, 0), arg), -ENOTTY);
	want(call(w.fd, _IOWR(IOASID_TYPE, 0, struct ioasid_info), arg), -ENOTTY);
	want(call(w.fd, _IOR(IOASID_TYPE, 4, uint32_t), arg), -ENOTTY);
	want_unchanged(w.fd, &before);
}

Test(request, info_says_what_there_is)
{
	struct ioasid_info info = { .size = sizeof(info) };
	int fd = device_open();

	want(call(fd, IOASID_INFO, &info), 0);
	want(info.abi_version, IOASID_ABI_VERSION);
	want(info.page_sizes, (1ULL << 52) - PAGE);
	want(info.formats, (1ULL << (IOASID_FORMAT_RISCV + 1)) - 1);
	want(info.features, 0);
}

/* Without capabilities: the audit and physical addresses. */
static void drop_root_and_ask(void *arg)
{
	struct ioasid_audit now = { .size = sizeof(now) };
	struct ioasid_translate where;

	(void)arg;
	want(setuid(54321), 0);
	want(call(w.fd, IOASID_AUDIT, &now), -EPERM);
	want(translate(w.fd, w.ioas, MAPPED_AT, IOASID_TRANSLATE_PHYS, &where), -EPERM);
	want(where.out_phys, 0);
	want(translate(w.fd, w.ioas, MAPPED_AT, 0, &where), 0);
	want(where.out_phys, 0);
}

WORLD_TEST(permission, audit_and_physical_addresses_need_a_capability)
{
	struct counts before = counts(w.fd);

	in_child(drop_root_and_ask, NULL);
	want_unchanged(w.fd, &before);
}
