// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bad input to every ioctl: a definite errno, and nothing has changed.
 *
 * Each call is one row of calls[]; the tests go through the rows. A new call is a new row.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
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

/* A file with one object of every kind, which good arguments name. */
struct world {
	int fd;
	char *memory; /* under the pin, and mapped at MAPPED_AT */
	char *other; /* not pinned */
	uint32_t ioas;
	uint32_t table;
	uint32_t pin;
	uint32_t victim_ioas; /* for calls that take something away */
	uint32_t victim_pin;
	char *victim;
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
	w.pin = make_pin(w.fd, w.memory, SIZE);
	w.victim_ioas = make_ioas(w.fd);
	w.victim_pin = make_pin(w.fd, w.victim, SIZE);
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
}

static void good_audit(void *arg)
{
	memset(arg, (uint8_t)GARBAGE, sizeof(struct ioasid_audit));
	((struct ioasid_audit *)arg)->size = sizeof(struct ioasid_audit);
	((struct ioasid_audit *)arg)->flags = 0;
	((struct ioasid_audit *)arg)->__reserved = 0;
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
	  .reserved = AT(ioasid_destroy, __reserved),
	  .id = AT(ioasid_destroy, id),
	  .kinds = IOAS | TABLE | PIN,
	  .good = good_destroy,
	  .undo = undo_destroy },
	{ .name = "PIN",
	  .request = IOASID_PIN,
	  TYPE(ioasid_pin),
	  .flags = IOASID_PIN_WRITE,
	  .answers = true,
	  .reserved = AT(ioasid_pin, __reserved),
	  .va = AT(ioasid_pin, va),
	  .length = AT(ioasid_pin, length),
	  .good = good_pin,
	  .undo = undo_pin },
	{ .name = "UNPIN",
	  .request = IOASID_UNPIN,
	  TYPE(ioasid_unpin),
	  .flags = IOASID_UNPIN_DEFER,
	  .reserved = AT(ioasid_unpin, __reserved),
	  .id = AT(ioasid_unpin, id),
	  .kinds = PIN,
	  .good = good_unpin,
	  .undo = undo_unpin },
	{ .name = "MAP",
	  .request = IOASID_MAP,
	  TYPE(ioasid_map),
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
	  .flags = IOASID_ACCESS_WRITE,
	  .answers = true,
	  .reserved = AT(ioasid_access, __reserved),
	  .id = AT(ioasid_access, ioas_id),
	  .kinds = IOAS,
	  .good = good_access },
	{ .name = "QUERY",
	  .request = IOASID_QUERY,
	  TYPE(ioasid_query),
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
		for (size = 0; size < row->size; size++) {
			context("%s with size %u", row->name, size);
			row->good(arg);
			*u32_at(arg, 0) = size;
			refused(row, arg, EINVAL);
		}
		want_unchanged(w.fd, &before);
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
	for (request = IOASID_AUDIT + 1; request <= (IOASID_AUDIT | 0xff); request++) {
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
	want(info.page_sizes, PAGE | HUGE_2M | HUGE_1G);
	want(info.formats, 1ULL << IOASID_FORMAT_X86_64);
	want(info.features, 0);
}

/* Memory that cannot be pinned. The first bad byte is what the error names. */

static void memory_refused(const char *what, char *va, uint64_t length, uint32_t access, char *bad)
{
	struct ioasid_error error = ERROR_INIT;
	struct counts before = counts(w.fd);
	struct ioasid_pin pin = {
		.size = sizeof(pin),
		.flags = access & IOASID_MAP_WRITE ? IOASID_PIN_WRITE : 0,
		.va = ADDRESS(va),
		.length = length,
		.error = ADDRESS(&error),
	};
	struct ioasid_map map = {
		.flags = access,
		.ioas_id = w.ioas,
		.va = ADDRESS(va),
		.length = length,
		.error = ADDRESS(&error),
	};

	context("PIN of memory that is %s", what);
	want(call(w.fd, IOASID_PIN, &pin), -EFAULT);
	want(error.stage, IOASID_STAGE_PIN);
	want(error.code, EFAULT);
	want(error.addr, ADDRESS(bad));
	want_unchanged(w.fd, &before);

	context("MAP of memory that is %s", what);
	error = (struct ioasid_error)ERROR_INIT;
	want(map_call(w.fd, &map), -EFAULT);
	want(error.stage, IOASID_STAGE_PIN);
	want(error.code, EFAULT);
	want(error.addr, ADDRESS(bad));
	want_unchanged(w.fd, &before);
}

static void whole_refused(const char *what, void *va, uint32_t access)
{
	memory_refused(what, va, PAGE, access, va);
}

WORLD_TEST(memory, that_is_not_there_is_efault)
{
	char *va = anon(SIZE);

	want(munmap(va + 5 * PAGE, PAGE), 0);
	memory_refused("unmapped after 5 pages", va, SIZE, READ_WRITE, va + 5 * PAGE);
	memory_refused("unmapped at first", va + 5 * PAGE, 2 * PAGE, READ_ONLY, va + 5 * PAGE);
	want(mprotect(va + 2 * PAGE, PAGE, PROT_NONE), 0);
	memory_refused("PROT_NONE after 2 pages", va, 5 * PAGE, READ_ONLY, va + 2 * PAGE);
	whole_refused("at 0", NULL, READ_ONLY);
}

WORLD_TEST(memory, that_is_read_only_cannot_be_had_for_writing)
{
	char *va = anon(SIZE);
	int fd;
	char *shared = memfd(SIZE, &fd);
	uint64_t iova;

	want(mprotect(va + 3 * PAGE, PAGE, PROT_READ), 0);
	memory_refused("read-only after 3 pages", va, SIZE, READ_WRITE, va + 3 * PAGE);
	want(mprotect(shared, SIZE, PROT_READ), 0);
	whole_refused("a read-only mapping of a file", shared, READ_WRITE);
	whole_refused("the program's text", (void *)(ADDRESS(memory_refused) & -PAGE), READ_WRITE);

	context("read-only memory for reading");
	want(map_any(w.fd, w.ioas, va, SIZE, READ_ONLY, &iova), 0);
	want(unmap(w.fd, w.ioas, iova, SIZE, NULL), 0);
}

WORLD_TEST(memory, beyond_user_space_is_efault)
{
	whole_refused("the last page below the end", (void *)0x7ffffffff000, READ_ONLY);
	whole_refused("not canonical", (void *)0x800000000000, READ_ONLY);
	whole_refused("the direct map", (void *)0xffff888000000000, READ_ONLY);
	whole_refused("the kernel's text", (void *)0xffffffff81000000, READ_WRITE);
	whole_refused("vsyscall", (void *)0xffffffffff600000, READ_ONLY);
}

/* No memory is that long: said at once, not after pinning what there is of it. */
WORLD_TEST(memory, that_never_ends_is_efault)
{
	const uint64_t lengths[] = { 1ULL << 57, 1ULL << 60, 1ULL << 62 };
	struct counts before = counts(w.fd);
	struct ioasid_error error;
	struct ioasid_pin pin;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		error = (struct ioasid_error)ERROR_INIT;
		good_pin(&pin);
		pin.length = lengths[i];
		pin.error = ADDRESS(&error);
		want(call(w.fd, IOASID_PIN, &pin), -EFAULT);
		want(error.stage, IOASID_STAGE_PIN);
		want_that(error.addr >= ADDRESS(w.other) + SIZE);
		want_that(error.addr < ADDRESS(w.other) + lengths[i]);
		want_unchanged(w.fd, &before);
	}
}

/* The first address of an area of this name in /proc/self/maps, NULL if there is none. */
static void *area(const char *name)
{
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long first, found = 0;
	char line[256];

	want_that(f);
	while (!found && fgets(line, sizeof(line), f)) {
		if (strstr(line, name) && sscanf(line, "%lx-", &first) == 1)
			found = first;
	}
	fclose(f);
	return (void *)found;
}

/* Map a page of a file that stands for a device; how many there were that could be mapped. */
static int device_refused(const char *what, const char *path, int prot, off_t offset)
{
	int file_fd = open(path, O_RDWR | O_CLOEXEC);
	void *va = MAP_FAILED;

	if (file_fd >= 0)
		va = mmap(NULL, PAGE, prot, MAP_SHARED, file_fd, offset);
	close(file_fd);
	if (va == MAP_FAILED)
		return 0;
	want_that(is_device_memory(va));
	whole_refused(what, va, prot & PROT_WRITE ? READ_WRITE : READ_ONLY);
	want(munmap(va, PAGE), 0);
	return 1;
}

WORLD_TEST(memory, of_devices_is_efault)
{
	char *va = area("[vvar]");
	int tried = 0;
	glob_t bars;
	size_t i;

	/* Newer kernels have pages for it. */
	if (va && is_device_memory(va)) {
		whole_refused("vvar", va, READ_ONLY);
		tried++;
	}
	tried += device_refused("/dev/mem", "/dev/mem", PROT_READ, 0xf0000);
	if (!glob("/sys/bus/pci/devices/*/resource[0-5]", 0, NULL, &bars)) {
		for (i = 0; i < bars.gl_pathc; i++)
			tried += device_refused("a PCI BAR", bars.gl_pathv[i],
						PROT_READ | PROT_WRITE, 0);
		globfree(&bars);
	}
	want_that(tried > 0);
}

/* Part of the range is good memory and is pinned already: it stays so, and nothing is added. */
WORLD_TEST(memory, that_is_half_good_leaves_what_was_pinned)
{
	char *va = reserve(4 * PAGE, PAGE);

	want(mprotect(va, 3 * PAGE, PROT_READ | PROT_WRITE), 0);
	make_pin(w.fd, va + PAGE, PAGE);
	memory_refused("good for 3 pages", va, 4 * PAGE, READ_WRITE, va + 3 * PAGE);
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
