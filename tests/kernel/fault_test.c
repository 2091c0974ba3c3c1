// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every place of a call where it can fail does, one after the other: the call has then changed
 * nothing, or it has worked. lib/sweep.h says which places these are.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/udmabuf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "emu.h"
#include "format.h"
#include "memory.h"
#include "sweep.h"
#include "user.h"

#define AT 0x10000000ULL
#define OTHER (AT + GIB)
#define SIZE (64 * PAGE)

static int fd;
static uint32_t ioas;
static char *memory;

static void prepare(void)
{
	sweep_prepare();
	fd = device_open();
	ioas = make_ioas(fd);
	/* Two tables, so that the second may fail after the first. */
	make_table(fd, ioas);
	make_table(fd, ioas);
	memory = anon(SIZE);
	fill(memory, SIZE, 1);
}

static void finish(void)
{
	want(close(fd), 0);
	want(vm_pin(), 0);
	want_nothing_left();
}

#define FAULT_TEST(name) TEST_BETWEEN(prepare, finish, fault, name)
#define SWEEP(...) sweep(fd, &(struct sweep){ __VA_ARGS__ })

/* What the calls are given and answer. Static: nothing is to be touched for the first time. */
static union {
	struct ioasid_info info;
	struct ioasid_ioas_alloc ioas_alloc;
	struct ioasid_destroy destroy;
	struct ioasid_table_alloc table_alloc;
	struct ioasid_pin pin;
	struct ioasid_unpin unpin;
	struct ioasid_map map;
	struct ioasid_map_file map_file;
	struct ioasid_map_batch map_batch;
	struct ioasid_copy copy;
	struct ioasid_unmap unmap;
	struct ioasid_translate translate;
	struct ioasid_access access;
	struct ioasid_query query;
	struct ioasid_audit audit;
	struct ioasid_iova_ranges iova_ranges;
	struct ioasid_allow_iovas allow_iovas;
	struct ioasid_reserve reserve;
	struct ioasid_change_owner change_owner;
	struct ioasid_option option;
	struct ioasid_dirty dirty;
	struct emu_args emu;
	struct emu_walk walk;
} arg;

static bool is_mapped(uint64_t iova)
{
	struct ioasid_translate entry;
	int ret = translate(fd, ioas, iova, 0, &entry);

	want_that(!ret || ret == -ENOENT);
	return !ret;
}

/* Opening */

static int opened;

static int run_open(void)
{
	opened = open("/dev/ioasid", O_RDWR | O_CLOEXEC);
	return opened < 0 ? -errno : 0;
}

static void close_opened(void)
{
	want(close(opened), 0);
}

FAULT_TEST(in_open_opens_nothing)
{
	SWEEP(.name = "open()", .run = run_open, .worked = close_opened, .flags = SWEEP_SILENT,
	      .min_places = 2);
}

/* Making and giving back */

static int run_ioas_alloc(void)
{
	arg.ioas_alloc = (struct ioasid_ioas_alloc){ .size = sizeof(arg.ioas_alloc) };
	return call(fd, IOASID_IOAS_ALLOC, &arg);
}

static void undo_ioas_alloc(void)
{
	want(destroy(fd, arg.ioas_alloc.out_id), 0);
}

FAULT_TEST(in_ioas_alloc_makes_none)
{
	SWEEP(.name = "IOAS_ALLOC", .run = run_ioas_alloc, .worked = undo_ioas_alloc,
	      .min_places = 4);
}

static int run_table_alloc(void)
{
	arg.table_alloc =
		(struct ioasid_table_alloc){ .size = sizeof(arg.table_alloc), .ioas_id = ioas };
	return call(fd, IOASID_TABLE_ALLOC, &arg);
}

static void undo_table_alloc(void)
{
	struct ioasid_translate entry;

	want(translate(fd, arg.table_alloc.out_id, AT + SIZE - PAGE, 0, &entry), 0);
	want(destroy(fd, arg.table_alloc.out_id), 0);
}

FAULT_TEST(in_table_alloc_attaches_none)
{
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, 512 * GIB - 8 * PAGE), 0);
	SWEEP(.name = "TABLE_ALLOC", .run = run_table_alloc, .worked = undo_table_alloc,
	      .min_places = 8);
}

/* Of each format; ARM's second stage with several top tables. */
static struct ioasid_table_alloc shape;

static int run_table_alloc_of_format(void)
{
	arg.table_alloc = shape;
	return call(fd, IOASID_TABLE_ALLOC, &arg);
}

static void undo_table_alloc_of_format(void)
{
	want_tables_agree(fd, ioas, &arg.table_alloc.out_id, 1, AT - PAGE, SIZE + 2 * PAGE);
	want(destroy(fd, arg.table_alloc.out_id), 0);
}

FAULT_TEST(in_table_alloc_of_any_format_attaches_none)
{
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, GIB - 8 * PAGE), 0);
	shape = (struct ioasid_table_alloc){ .size = sizeof(shape),
					     .ioas_id = ioas,
					     .flags = IOASID_TABLE_ALLOC_TRACK };
	for (shape.format = 0; shape.format < FORMATS; shape.format++)
		SWEEP(.name = formats[shape.format].name, .run = run_table_alloc_of_format,
		      .worked = undo_table_alloc_of_format, .min_places = 8);
	shape.format = IOASID_FORMAT_ARM_S2;
	shape.levels = 3;
	shape.address_bits = 43;
	SWEEP(.name = "ARM stage 2, 16 top tables", .run = run_table_alloc_of_format,
	      .worked = undo_table_alloc_of_format, .min_places = 8);
}

/* Something that is to be destroyed. */
static uint32_t made;

static void make_one_ioas(void)
{
	made = make_ioas(fd);
	want(map_at(fd, made, memory, SIZE, READ_WRITE, AT), 0);
}

static void make_one_table(void)
{
	made = make_table(fd, ioas);
}

static void make_one_pin(void)
{
	made = make_pin(fd, memory, SIZE);
}

static int run_destroy(void)
{
	arg.destroy = (struct ioasid_destroy){ .size = sizeof(arg.destroy), .id = made };
	return call(fd, IOASID_DESTROY, &arg);
}

static int run_unpin(void)
{
	arg.unpin = (struct ioasid_unpin){ .size = sizeof(arg.unpin), .id = made };
	return call(fd, IOASID_UNPIN, &arg);
}

static void is_gone(void)
{
	want(destroy(fd, made), -ENOENT);
}

static void is_there(void)
{
	want(destroy(fd, made), 0);
}

FAULT_TEST(in_destroy_and_unpin_never_matters)
{
	static const struct sweep sweeps[] = {
		{ "DESTROY of an address space", make_one_ioas, run_destroy, is_gone, is_there,
		  .flags = SWEEP_SILENT | SWEEP_STEADY },
		{ "DESTROY of a table", make_one_table, run_destroy, is_gone, is_there,
		  .flags = SWEEP_SILENT | SWEEP_STEADY },
		{ "DESTROY of a pin", make_one_pin, run_destroy, is_gone, is_there,
		  .flags = SWEEP_SILENT | SWEEP_STEADY },
		{ "UNPIN", make_one_pin, run_unpin, is_gone, is_there,
		  .flags = SWEEP_SILENT | SWEEP_STEADY },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sweeps); i++)
		sweep(fd, &sweeps[i]);
}

/* Pinning */

static int run_pin(void)
{
	arg.pin = (struct ioasid_pin){ .size = sizeof(arg.pin),
				       .flags = IOASID_PIN_WRITE,
				       .va = ADDRESS(memory),
				       .length = SIZE };
	return call(fd, IOASID_PIN, &arg);
}

static void undo_pin(void)
{
	want(arg.pin.out_new, SIZE);
	want_pinned(fd, 1, SIZE);
	want(unpin(fd, arg.pin.out_id, 0), 0);
}

FAULT_TEST(in_pin_pins_nothing)
{
	SWEEP(.name = "PIN", .run = run_pin, .worked = undo_pin, .min_places = 6);
}

static int run_dry_run(void)
{
	arg.pin = (struct ioasid_pin){ .size = sizeof(arg.pin),
				       .flags = IOASID_PIN_WRITE | IOASID_PIN_DRY_RUN,
				       .va = ADDRESS(memory),
				       .length = SIZE };
	return call(fd, IOASID_PIN, &arg);
}

static void check_dry_run(void)
{
	want(arg.pin.out_id, 0);
	want(arg.pin.out_new, SIZE - 4 * PAGE);
}

FAULT_TEST(in_a_dry_run_changes_nothing)
{
	make_pin(fd, memory + 8 * PAGE, 4 * PAGE);
	SWEEP(.name = "PIN dry run", .run = run_dry_run, .worked = check_dry_run, .min_places = 1);
}

/* Mapping */

static int run_map(void)
{
	arg.map = (struct ioasid_map){ .size = sizeof(arg.map),
				       .flags = READ_WRITE,
				       .ioas_id = ioas,
				       .va = ADDRESS(memory),
				       .length = SIZE };
	return call(fd, IOASID_MAP, &arg);
}

static void undo_map(void)
{
	want_iova_filled(fd, ioas, arg.map.iova, SIZE, 1, 0);
	want(unmap(fd, ioas, arg.map.iova, SIZE, NULL), 0);
}

FAULT_TEST(in_map_maps_nothing)
{
	SWEEP(.name = "MAP", .run = run_map, .worked = undo_map, .min_places = 6);
}

/* Into tables of all formats: what one has not taken is in none. */
static uint32_t all[FORMATS];

static int run_map_fixed(void)
{
	arg.map = (struct ioasid_map){ .size = sizeof(arg.map),
				       .flags = READ_WRITE | IOASID_MAP_FIXED,
				       .ioas_id = ioas,
				       .va = ADDRESS(memory),
				       .length = SIZE,
				       .iova = 512 * GIB - 8 * PAGE };
	return call(fd, IOASID_MAP, &arg);
}

static void are_in_none(void)
{
	want(is_mapped(arg.map.iova), false);
	want_tables_agree(fd, ioas, all, FORMATS, arg.map.iova, SIZE);
}

static void undo_map_fixed(void)
{
	want_tables_agree(fd, ioas, all, FORMATS, arg.map.iova, SIZE);
	undo_map();
}

FAULT_TEST(in_map_leaves_nothing_in_any_table)
{
	make_all_tables(fd, ioas, IOASID_TABLE_ALLOC_TRACK, all);
	SWEEP(.name = "MAP into all formats", .run = run_map_fixed, .worked = undo_map_fixed,
	      .failed = are_in_none, .min_places = 20);
}

/* Over several pins, some of which are there already and must stay. */
static void undo_map_of_some(void)
{
	want(arg.map.out_reused, 8 * PAGE);
	undo_map();
}

FAULT_TEST(in_map_keeps_what_was_pinned)
{
	make_pin(fd, memory + 8 * PAGE, 4 * PAGE);
	make_pin(fd, memory + 32 * PAGE, 4 * PAGE);
	SWEEP(.name = "MAP over pins", .run = run_map, .worked = undo_map_of_some, .min_places = 8);
}

/* Pages that have to be brought in, at an IOVA where all table pages are missing. */
static void drop_pages(void)
{
	want(madvise(memory, 8 * PAGE, MADV_DONTNEED), 0);
}

static int run_map_lazy(void)
{
	arg.map = (struct ioasid_map){ .size = sizeof(arg.map),
				       .flags = READ_WRITE | IOASID_MAP_FIXED,
				       .ioas_id = ioas,
				       .va = ADDRESS(memory),
				       .length = 8 * PAGE,
				       .iova = 512 * GIB - 4 * PAGE };
	return call(fd, IOASID_MAP, &arg);
}

static void undo_map_lazy(void)
{
	want(unmap(fd, ioas, arg.map.iova, 8 * PAGE, NULL), 0);
}

FAULT_TEST(in_map_of_new_pages_maps_nothing)
{
	SWEEP(.name = "MAP of new pages", .before = drop_pages, .run = run_map_lazy,
	      .worked = undo_map_lazy, .min_places = 6, .flags = SWEEP_VARIES);
}

/* Of a pin. */
static int run_map_pin(void)
{
	arg.map = (struct ioasid_map){ .size = sizeof(arg.map),
				       .flags = READ_WRITE | IOASID_MAP_PIN,
				       .ioas_id = ioas,
				       .pin_id = made,
				       .length = SIZE };
	return call(fd, IOASID_MAP, &arg);
}

FAULT_TEST(in_map_of_a_pin_maps_nothing)
{
	make_one_pin();
	SWEEP(.name = "MAP of a pin", .run = run_map_pin, .worked = undo_map, .min_places = 8);
}

/* For writing what is pinned for reading: one pin becomes the base of the other. */
static void map_for_reading(void)
{
	want(map_at(fd, ioas, memory, SIZE, READ_ONLY, OTHER), 0);
	want_pinned(fd, 1, SIZE);
}

static void unmap_for_reading(void)
{
	want(query_process(fd).pinned, SIZE);
	want(query_process(fd).charged, SIZE);
	want_iova_filled(fd, ioas, OTHER, SIZE, 1, 0);
	want(unmap(fd, ioas, OTHER, SIZE, NULL), 0);
}

static void undo_map_on_base(void)
{
	want(query_process(fd).pins, 2);
	want(query_process(fd).charged, SIZE);
	want(unmap(fd, ioas, OTHER, SIZE, NULL), 0);
	undo_map();
}

FAULT_TEST(in_map_for_writing_keeps_what_was_for_reading)
{
	SWEEP(.name = "MAP on a base", .before = map_for_reading, .run = run_map,
	      .worked = undo_map_on_base, .failed = unmap_for_reading, .min_places = 6);
}

/* Files */

static int shared;
static uint64_t shared_size, hole;

/* It has a hole at its beginning each time, which the call fills. */
static void punch_hole(void)
{
	if (hole)
		want(fallocate(shared, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, hole), 0);
}

static int run_map_file(void)
{
	arg.map_file = (struct ioasid_map_file){ .size = sizeof(arg.map_file),
						 .flags = READ_WRITE,
						 .ioas_id = ioas,
						 .fd = shared,
						 .length = shared_size };
	return call(fd, IOASID_MAP_FILE, &arg);
}

static void undo_map_file(void)
{
	want_iova_filled(fd, ioas, arg.map_file.iova + hole, shared_size - hole, 1, hole);
	want(unmap(fd, ioas, arg.map_file.iova, shared_size, NULL), 0);
}

static void sweep_map_file(const char *name, int min_places)
{
	SWEEP(.name = name, .before = punch_hole, .run = run_map_file, .worked = undo_map_file,
	      .min_places = min_places);
}

FAULT_TEST(in_map_file_maps_nothing)
{
	shared_size = SIZE;
	hole = 8 * PAGE;
	fill(memfd(SIZE, &shared), SIZE, 1);
	sweep_map_file("MAP_FILE", 6);
}

static void fill_huge(void)
{
	char *pages = mmap(NULL, shared_size, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);

	want_that(pages != MAP_FAILED);
	fill(pages, shared_size, 1);
	want(munmap(pages, shared_size), 0);
}

FAULT_TEST(in_map_file_of_huge_pages_maps_nothing)
{
	shared = memfd_create("ioasid-test", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
	want_that(shared >= 0);
	shared_size = 2 * HUGE_2M;
	hole = HUGE_2M;
	want_that(hugetlb_reserve(HUGE_2M, 2));
	want(ftruncate(shared, shared_size), 0);
	fill_huge();
	sweep_map_file("MAP_FILE of huge pages", 6);
	/* None is lost, none stays set aside. */
	want(meminfo("HugePages_Rsvd:"), 0);
	want(close(shared), 0);
	want(meminfo("HugePages_Free:"), 2);
	want_that(hugetlb_reserve(HUGE_2M, 0));
	want(meminfo("HugePages_Total:"), 0);
}

/* A dma-buf of a whole memfd; -1 where there is no such thing. */
static int udmabuf(uint64_t size)
{
	int file = memfd_create("ioasid-test", MFD_CLOEXEC | MFD_ALLOW_SEALING), buf;
	struct udmabuf_create create = { .memfd = file, .size = size };
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	char *pages;

	if (device < 0)
		return -1;
	want(ftruncate(file, size), 0);
	pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	want_that(pages != MAP_FAILED);
	fill(pages, size, 1);
	want(munmap(pages, size), 0);
	want(fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	buf = ioctl(device, UDMABUF_CREATE, &create);
	want_that(buf >= 0);
	want(close(device), 0);
	want(close(file), 0);
	return buf;
}

FAULT_TEST(in_map_file_of_a_dma_buf_maps_nothing)
{
	shared_size = SIZE;
	hole = 0;
	shared = udmabuf(SIZE);
	if (shared < 0)
		cr_skip_test("there is no /dev/udmabuf");
	sweep_map_file("MAP_FILE of a dma-buf", 6);
	want(close(shared), 0);
}

/* A batch: each entry works or fails by itself, and the others work. */

static struct ioasid_batch_entry entries[4];

static int run_map_batch(void)
{
	size_t i;

	for (i = 0; i < 3; i++)
		entries[i] = (struct ioasid_batch_entry){ .op = IOASID_BATCH_MAP,
							  .flags = READ_WRITE | IOASID_MAP_FIXED,
							  .out_code = -1,
							  .va = ADDRESS(memory) + i * 8 * PAGE,
							  .length = 8 * PAGE,
							  .iova = AT + i * GIB };
	entries[3] = (struct ioasid_batch_entry){
		.op = IOASID_BATCH_UNMAP, .out_code = -1, .length = 8 * PAGE, .iova = AT + PAGE
	};
	arg.map_batch = (struct ioasid_map_batch){ .size = sizeof(arg.map_batch),
						   .ioas_id = ioas,
						   .count = ARRAY_SIZE(entries),
						   .entries = ADDRESS(entries) };
	return call(fd, IOASID_MAP_BATCH, &arg);
}

/* What the entries say is what there is; returns how many failed. */
static uint32_t check_entries(void)
{
	uint32_t failed = 0;
	size_t i;

	for (i = 0; i < 4; i++) {
		if (entries[i].out_code)
			want_that(entries[i].out_code == ENOMEM ||
				  (!sweeping.by_module && entries[i].out_code == EFAULT));
		failed += entries[i].out_code != 0;
	}
	/* Unmapping worked; it left the first page. */
	want(entries[3].out_code, 0);
	want(entries[3].out_bytes, entries[0].out_code ? 0 : 7 * PAGE);
	want(is_mapped(AT), !entries[0].out_code);
	want(is_mapped(AT + PAGE), false);
	for (i = 1; i < 3; i++)
		want(is_mapped(AT + i * GIB), !entries[i].out_code);
	return failed;
}

static void undo_map_batch(void)
{
	uint32_t failed = 0;

	/* The module loses the answer only after all entries, the kernel anywhere. */
	if (!sweeping.ret || sweeping.by_module)
		failed = check_entries();
	if (!sweeping.ret) {
		want(arg.map_batch.out_done, 4);
		want(arg.map_batch.out_failed, failed);
		want_that(failed <= sweeping.happened);
		if (sweeping.by_module)
			want(failed, sweeping.happened);
	}
	want(unmap_all(fd, ioas, NULL), 0);
}

static void check_no_batch(void)
{
	want(query_ioas(fd, ioas).mappings, 0);
}

static bool mapped_any(void)
{
	return query_ioas(fd, ioas).mappings;
}

FAULT_TEST(in_a_batch_fails_one_entry)
{
	SWEEP(.name = "MAP_BATCH", .run = run_map_batch, .worked = undo_map_batch,
	      .failed = check_no_batch, .done = mapped_any, .min_places = 10);
}

/* Copying */

static uint32_t target;

static int run_copy(void)
{
	arg.copy = (struct ioasid_copy){ .size = sizeof(arg.copy),
					 .flags = READ_WRITE,
					 .dst_ioas = target,
					 .src_ioas = ioas,
					 .length = 48 * PAGE,
					 .src_iova = AT + 8 * PAGE };
	return call(fd, IOASID_COPY, &arg);
}

static void undo_copy(void)
{
	want_iova_filled(fd, target, arg.copy.dst_iova, 48 * PAGE, 1, 8 * PAGE);
	want(unmap(fd, target, arg.copy.dst_iova, 48 * PAGE, NULL), 0);
}

FAULT_TEST(in_copy_maps_nothing)
{
	target = make_ioas(fd);
	make_table(fd, target);
	make_table(fd, target);
	want(map_at(fd, ioas, memory, SIZE / 2, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, memory + SIZE / 2, SIZE / 2, READ_WRITE, AT + SIZE / 2), 0);
	SWEEP(.name = "COPY", .run = run_copy, .worked = undo_copy, .min_places = 10);
}

/*
 * Unmapping never fails for want of memory, though it has to cut mappings and large entries. A user
 * copy that fails is another matter: the answer is lost, but the call has done all of it or
 * nothing.
 */

static char *huge;

static void map_huge(void)
{
	want(map_at(fd, ioas, huge, HUGE_2M, READ_WRITE, AT + HUGE_2M), 0);
}

static int run_unmap(void)
{
	arg.unmap = (struct ioasid_unmap){ .size = sizeof(arg.unmap),
					   .ioas_id = ioas,
					   .iova = AT + HUGE_2M + 100 * PAGE,
					   .length = 200 * PAGE };
	return call(fd, IOASID_UNMAP, &arg);
}

static bool is_unmapped(void)
{
	return query_ioas(fd, ioas).mappings != 1;
}

static void check_unmap(void)
{
	struct ioasid_query now = query_ioas(fd, ioas);

	if (!sweeping.ret)
		want(arg.unmap.out_unmapped, 200 * PAGE);
	want(now.mappings, 2);
	want(now.mapped, 312 * PAGE);
	want_iova_filled(fd, ioas, AT + HUGE_2M, 100 * PAGE, 2, 0);
	want_iova_filled(fd, ioas, AT + HUGE_2M + 300 * PAGE, 212 * PAGE, 2, 300 * PAGE);
	want(unmap_all(fd, ioas, NULL), 0);
}

static void check_no_unmap(void)
{
	/* The module's places are all in the call's work, or after it. */
	want(sweeping.by_module, false);
	want(query_ioas(fd, ioas).mapped, HUGE_2M);
	want(unmap_all(fd, ioas, NULL), 0);
}

FAULT_TEST(in_unmap_never_matters)
{
	huge = thp(HUGE_2M);
	fill(huge, HUGE_2M, 2);
	SWEEP(.name = "UNMAP", .before = map_huge, .run = run_unmap, .worked = check_unmap,
	      .failed = check_no_unmap, .done = is_unmapped, .flags = SWEEP_STEADY,
	      .min_places = 1);
}

/* Calls that only tell */

static struct ioasid_query_entry list[8];
static struct ioasid_range ranges[8];

static int run_info(void)
{
	arg.info = (struct ioasid_info){ .size = sizeof(arg.info) };
	return call(fd, IOASID_INFO, &arg);
}

static int run_audit(void)
{
	arg.audit = (struct ioasid_audit){ .size = sizeof(arg.audit) };
	return call(fd, IOASID_AUDIT, &arg);
}

static int run_translate(void)
{
	arg.translate = (struct ioasid_translate){ .size = sizeof(arg.translate),
						   .id = ioas,
						   .iova = AT + 5 * PAGE };
	return call(fd, IOASID_TRANSLATE, &arg);
}

static void check_translate(void)
{
	want(arg.translate.out_va, ADDRESS(memory) + 5 * PAGE);
}

static int query(uint32_t scope, uint32_t id, uint32_t capacity)
{
	arg.query = (struct ioasid_query){ .size = sizeof(arg.query),
					   .scope = scope,
					   .id = id,
					   .entries = capacity ? ADDRESS(list) : 0,
					   .capacity = capacity };
	return call(fd, IOASID_QUERY, &arg);
}

static int run_query_ioas(void)
{
	return query(IOASID_SCOPE_IOAS, ioas, 0);
}

static int run_query_process(void)
{
	return query(IOASID_SCOPE_PROCESS, 0, 0);
}

static void check_query(void)
{
	want(arg.query.mapped, SIZE);
}

static int run_list_ioas(void)
{
	return query(IOASID_SCOPE_IOAS, ioas, ARRAY_SIZE(list));
}

static int run_list_process(void)
{
	return query(IOASID_SCOPE_PROCESS, 0, ARRAY_SIZE(list));
}

static void check_list(void)
{
	want(arg.query.count, 1);
	want(list[0].length, SIZE);
}

static int run_list_file(void)
{
	return query(IOASID_SCOPE_FILE, 0, ARRAY_SIZE(list));
}

static void check_list_file(void)
{
	want(arg.query.count, 3);
}

static int run_iova_ranges(void)
{
	arg.iova_ranges = (struct ioasid_iova_ranges){ .size = sizeof(arg.iova_ranges),
						       .ioas_id = ioas,
						       .count = ARRAY_SIZE(ranges),
						       .ranges = ADDRESS(ranges) };
	return call(fd, IOASID_IOVA_RANGES, &arg);
}

static void check_iova_ranges(void)
{
	want(arg.iova_ranges.count, 2);
	want(ranges[1].start, OTHER + SIZE);
}

FAULT_TEST(in_calls_that_tell_changes_nothing)
{
	static const struct sweep sweeps[] = {
		{ "INFO", NULL, run_info, .min_places = 1 },
		{ "AUDIT", NULL, run_audit, .min_places = 1 },
		{ "TRANSLATE", NULL, run_translate, check_translate, .min_places = 1 },
		{ "QUERY of an address space", NULL, run_query_ioas, check_query, .min_places = 1 },
		{ "QUERY of the process", NULL, run_query_process, check_query, .min_places = 1 },
		{ "list of mappings", NULL, run_list_ioas, check_list, .min_places = 2 },
		{ "list of pins", NULL, run_list_process, check_list, .min_places = 2 },
		{ "list of objects", NULL, run_list_file, check_list_file, .min_places = 2 },
		{ "IOVA_RANGES", NULL, run_iova_ranges, check_iova_ranges, .min_places = 2 },
	};
	size_t i;

	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT), 0);
	for (i = 0; i < ARRAY_SIZE(sweeps) - 1; i++)
		sweep(fd, &sweeps[i]);
	want(reserve_iovas(fd, ioas, OTHER, SIZE), 0);
	sweep(fd, &sweeps[i]);
}

/* Access: all or nothing; with a bad copy in the middle what came before, which is told. */

#define MOVED (3 * PAGE)

static char buffer[MOVED];

static void fill_memory(void)
{
	fill(memory, MOVED, 1);
	fill(buffer, MOVED, 2);
}

static int run_access(uint32_t flags)
{
	arg.access = (struct ioasid_access){ .size = sizeof(arg.access),
					     .flags = flags,
					     .ioas_id = ioas,
					     .iova = AT,
					     .length = MOVED,
					     .buffer = ADDRESS(buffer),
					     .out_done = 1 };
	return call(fd, IOASID_ACCESS, &arg);
}

static int run_access_read(void)
{
	return run_access(0);
}

static int run_access_write(void)
{
	return run_access(IOASID_ACCESS_WRITE);
}

/* What was @old has become @new as far as it was moved. */
static void check_moved(const char *to, uint64_t old, uint64_t new)
{
	size_t moved = filled(to, MOVED, new, 0) / PAGE * PAGE;

	want_filled(to + moved, MOVED - moved, old, moved);
	if (!sweeping.ret)
		want(moved, MOVED);
	if (sweeping.ret == -ENOMEM)
		want(moved, 0);
	if (sweeping.ret == -EFAULT && sweeping.by_module)
		want(moved, MOVED);
	if (sweeping.ret != -EFAULT)
		want(arg.access.out_done, moved);
}

static void check_access_read(void)
{
	check_moved(buffer, 2, 1);
}

static void check_access_write(void)
{
	check_moved(memory, 1, 2);
}

FAULT_TEST(in_access_moves_nothing_or_all)
{
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT), 0);
	SWEEP(.name = "ACCESS, reading", .before = fill_memory, .run = run_access_read,
	      .worked = check_access_read, .failed = check_access_read, .min_places = 2);
	SWEEP(.name = "ACCESS, writing", .before = fill_memory, .run = run_access_write,
	      .worked = check_access_write, .failed = check_access_write, .min_places = 2);
}

/* What is dirty: told, or still dirty. Several parts, so that one may fail after another. */

#define DIRTY_PAGES 24
#define DIRTY_WORDS (DIRTY_PAGES * PAGE / 64)

static uint32_t tracked;
static uint64_t bits[DIRTY_WORDS];

static void make_dirty(void)
{
	memset(bits, 0, sizeof(bits));
	want(access_write(fd, ioas, AT + PAGE, buffer, PAGE, NULL), 0);
	want(access_write(fd, ioas, AT + 20 * PAGE, buffer, 2 * PAGE, NULL), 0);
}

static int run_dirty(void)
{
	arg.dirty = (struct ioasid_dirty){ .size = sizeof(arg.dirty),
					   .op = IOASID_DIRTY_READ,
					   .table_id = tracked,
					   .iova = AT,
					   .length = DIRTY_PAGES * PAGE,
					   .granule = 1,
					   .bitmap = ADDRESS(bits) };
	return call(fd, IOASID_DIRTY, &arg);
}

static bool is_told(unsigned int page)
{
	return bits[page * PAGE / 64] == ~0ULL && bits[(page + 1) * PAGE / 64 - 1] == ~0ULL;
}

/* Of each page that was written: told by this call, or by the next. */
static void check_dirty(void)
{
	static const unsigned int pages[] = { 1, 20, 21 };
	uint64_t later = 0, i;

	want(dirty_read(fd, tracked, 0, AT, DIRTY_PAGES * PAGE, PAGE, &later, NULL), 0);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		want_that(is_told(pages[i]) || later & 1ULL << pages[i]);
	for (i = 0; i < DIRTY_PAGES; i++)
		if (i != 1 && i != 20 && i != 21)
			want(is_told(i) || later & 1ULL << i, false);
	if (sweeping.ret)
		return;
	want(later, 0);
	want(arg.dirty.out_dirty, 3 * PAGE);
}

FAULT_TEST(in_dirty_loses_nothing)
{
	want(option_get(fd, IOASID_OPTION_LARGE_ENTRIES, ioas), 1);
	tracked = make_tracked_table(fd, ioas);
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT), 0);
	/* Each part has a place at which it can't be told: the answer gets lost more than once. */
	SWEEP(.name = "DIRTY", .before = make_dirty, .run = run_dirty, .worked = check_dirty,
	      .failed = check_dirty, .flags = SWEEP_LOSES, .min_places = 4);
}

/* IOVAs */

static const struct ioasid_range first_allowed = { 4 * GIB, 5 * GIB - 1 };
static struct ioasid_range then_allowed[] = { { 8 * GIB, 9 * GIB - 1 },
					      { 10 * GIB, 11 * GIB - 1 } };

static void allow_first(void)
{
	want(allow_iovas(fd, ioas, &first_allowed, 1), 0);
}

static void allow_all(void)
{
	want(allow_iovas(fd, ioas, NULL, 0), 0);
}

static int run_allow_iovas(void)
{
	arg.allow_iovas = (struct ioasid_allow_iovas){ .size = sizeof(arg.allow_iovas),
						       .ioas_id = ioas,
						       .count = ARRAY_SIZE(then_allowed),
						       .ranges = ADDRESS(then_allowed) };
	return call(fd, IOASID_ALLOW_IOVAS, &arg);
}

static void want_placed_in(uint64_t start, uint64_t last)
{
	uint64_t iova = make_map(fd, ioas, memory, PAGE);

	want_that(iova >= start && iova <= last);
	want(unmap(fd, ioas, iova, PAGE, NULL), 0);
}

static void check_allowed(void)
{
	want_placed_in(then_allowed[0].start, then_allowed[1].last);
	allow_all();
}

static void check_still_allowed(void)
{
	want_placed_in(first_allowed.start, first_allowed.last);
	allow_all();
}

FAULT_TEST(in_allow_iovas_keeps_what_was_allowed)
{
	SWEEP(.name = "ALLOW_IOVAS", .before = allow_first, .run = run_allow_iovas,
	      .worked = check_allowed, .failed = check_still_allowed, .flags = SWEEP_SILENT,
	      .min_places = 1);
}

static int reservation(uint32_t flags)
{
	arg.reserve = (struct ioasid_reserve){ .size = sizeof(arg.reserve),
					       .flags = flags,
					       .ioas_id = ioas,
					       .iova = AT,
					       .length = SIZE };
	return call(fd, IOASID_RESERVE, &arg);
}

static int run_reserve(void)
{
	return reservation(0);
}

static int run_reserve_undo(void)
{
	return reservation(IOASID_RESERVE_UNDO);
}

static void make_reservation(void)
{
	want(reserve_iovas(fd, ioas, AT, SIZE), 0);
}

static void is_reserved(void)
{
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT), -EEXIST);
	want(unreserve_iovas(fd, ioas, AT, SIZE), 0);
}

static void is_not_reserved(void)
{
	want(unreserve_iovas(fd, ioas, AT, SIZE), -ENOENT);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT), 0);
	want(unmap(fd, ioas, AT, PAGE, NULL), 0);
}

FAULT_TEST(in_reserve_reserves_nothing)
{
	SWEEP(.name = "RESERVE", .run = run_reserve, .worked = is_reserved,
	      .failed = is_not_reserved, .flags = SWEEP_SILENT, .min_places = 1);
	SWEEP(.name = "RESERVE, undo", .before = make_reservation, .run = run_reserve_undo,
	      .worked = is_not_reserved, .failed = is_reserved,
	      .flags = SWEEP_SILENT | SWEEP_STEADY);
}

/* Another user has pinned by a file, mapped by it, and gone. */

#define HIS_PINS 3
#define HIS (HIS_PINS * 4 * PAGE)

static int his;

static void pin_as_user(void *unused)
{
	uint32_t id = make_ioas(his);
	int i;

	(void)unused;
	become_user(USER_A, HIS);
	for (i = 0; i < HIS_PINS - 1; i++)
		make_pin(his, anon(4 * PAGE), 4 * PAGE);
	want(map_at(his, id, anon(4 * PAGE), 4 * PAGE, READ_WRITE, AT), 0);
}

static void let_user_pin(void)
{
	his = device_open();
	in_child(pin_as_user, NULL);
	want(user_locked(USER_A), HIS);
	want(audit().charged, HIS);
}

static int run_change_owner(void)
{
	arg.change_owner = (struct ioasid_change_owner){ .size = sizeof(arg.change_owner) };
	return call(his, IOASID_CHANGE_OWNER, &arg);
}

static bool has_moved(void)
{
	return vm_pin();
}

static void check_change(uint64_t moved)
{
	want(vm_pin(), moved);
	want(user_locked(USER_A), HIS - moved);
	want(audit().charged, HIS);
	want(close(his), 0);
	want(user_locked(USER_A), 0);
}

static void check_owner_changed(void)
{
	if (!sweeping.ret)
		want(arg.change_owner.out_moved, HIS);
	check_change(HIS);
}

static void check_owner_stays(void)
{
	check_change(0);
}

FAULT_TEST(in_change_owner_moves_nothing)
{
	SWEEP(.name = "CHANGE_OWNER", .before = let_user_pin, .run = run_change_owner,
	      .worked = check_owner_changed, .failed = check_owner_stays, .done = has_moved,
	      .min_places = 5);
}

/* Options */

static int run_option(void)
{
	arg.option = (struct ioasid_option){ .size = sizeof(arg.option),
					     .flags = IOASID_OPTION_SET,
					     .option = IOASID_OPTION_LARGE_ENTRIES,
					     .id = ioas };
	return call(fd, IOASID_OPTION, &arg);
}

static bool is_set(void)
{
	return !option_get(fd, IOASID_OPTION_LARGE_ENTRIES, ioas);
}

static void check_set(void)
{
	want_that(is_set());
	want(option_set(fd, IOASID_OPTION_LARGE_ENTRIES, ioas, 1), 0);
}

static void check_not_set(void)
{
	want_that(!is_set());
}

FAULT_TEST(in_option_sets_nothing)
{
	SWEEP(.name = "OPTION", .run = run_option, .worked = check_set, .failed = check_not_set,
	      .done = is_set, .min_places = 1);
}

/* Clients: kernel code that emulates a device */

static int emu;

static void open_emu(void)
{
	emu = emu_device_open();
}

static int run_attach(void)
{
	arg.emu = (struct emu_args){ .fd = fd, .ioas_id = ioas };
	return emu_call(emu, EMU_ATTACH, &arg.emu);
}

static void attach(void)
{
	open_emu();
	want(run_attach(), 0);
}

static void close_emu(void)
{
	want(close(emu), 0);
}

static bool is_attached(void)
{
	struct emu_args state = {};

	return !emu_call(emu, EMU_STATE, &state);
}

static void check_attached(void)
{
	want_that(is_attached());
	close_emu();
}

static void check_not_attached(void)
{
	want_that(!is_attached());
	close_emu();
}

FAULT_TEST(in_attach_makes_no_client)
{
	emu_load();
	SWEEP(.name = "client: attach", .before = open_emu, .run = run_attach,
	      .worked = check_attached, .failed = check_not_attached, .done = is_attached,
	      .flags = SWEEP_SILENT, .min_places = 2);
	/* There is no client, so it can go. */
	want(query_file(fd).ioases, 1);
}

/* Walkers: hardware that walks a table */

static int run_walk_open(void)
{
	arg.walk = (struct emu_walk){ .fd = fd, .table_id = tracked };
	return emu_walk(emu, EMU_WALK_OPEN, &arg.walk);
}

static bool is_walked(void)
{
	struct emu_walk state = {};

	return !emu_walk(emu, EMU_WALK_FLUSHES, &state);
}

static void check_walked(void)
{
	want_that(is_walked());
	want(destroy(fd, tracked), -EBUSY);
	close_emu();
}

static void check_not_walked(void)
{
	want_that(!is_walked());
	close_emu();
}

FAULT_TEST(in_opening_a_walker_makes_none)
{
	emu_load();
	tracked = make_tracked_table(fd, ioas);
	SWEEP(.name = "walker: open", .before = open_emu, .run = run_walk_open,
	      .worked = check_walked, .failed = check_not_walked, .done = is_walked,
	      .flags = SWEEP_SILENT, .min_places = 1);
	/* Nobody walks it, so it can go. */
	want(destroy(fd, tracked), 0);
}

static uint32_t holds(void)
{
	struct emu_args state = {};

	want(emu_call(emu, EMU_STATE, &state), 0);
	return state.access;
}

static int run_hold(void)
{
	arg.emu = (struct emu_args){ .iova = AT, .length = SIZE, .access = READ_WRITE };
	return emu_call(emu, EMU_HOLD, &arg.emu);
}

static bool is_held(void)
{
	return holds();
}

static void check_held(void)
{
	struct emu_args peek = { .access = 40 };

	want(holds(), 1);
	want(emu_call(emu, EMU_PEEK, &peek), 0);
	want_filled((char *)&peek.buffer, 8, 1, 40 * PAGE);
	peek = (struct emu_args){ .iova = AT, .length = SIZE };
	want(emu_call(emu, EMU_RELEASE_RANGE, &peek), 0);
}

static void check_not_held(void)
{
	want(holds(), 0);
}

FAULT_TEST(in_hold_holds_nothing)
{
	emu_load();
	attach();
	want(map_at(fd, ioas, memory, SIZE / 2, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, memory + SIZE / 2, SIZE / 2, READ_WRITE, AT + SIZE / 2), 0);
	SWEEP(.name = "client: hold", .run = run_hold, .worked = check_held,
	      .failed = check_not_held, .done = is_held, .flags = SWEEP_SILENT, .min_places = 2);
	close_emu();
}

/* Unmapping what a client holds, which it lets go when it is told. */
static void map_huge_and_hold(void)
{
	map_huge();
	arg.emu =
		(struct emu_args){ .iova = AT + HUGE_2M, .length = 2 * SIZE, .access = READ_WRITE };
	want(emu_call(emu, EMU_HOLD, &arg.emu), 0);
}

static void check_unmap_of_held(void)
{
	want(holds(), 0);
	check_unmap();
}

FAULT_TEST(in_unmap_of_what_is_held_never_matters)
{
	huge = thp(HUGE_2M);
	fill(huge, HUGE_2M, 2);
	emu_load();
	attach();
	SWEEP(.name = "UNMAP of what is held", .before = map_huge_and_hold, .run = run_unmap,
	      .worked = check_unmap_of_held, .failed = check_no_unmap, .done = is_unmapped,
	      .flags = SWEEP_STEADY, .min_places = 1);
	close_emu();
}
