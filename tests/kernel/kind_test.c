// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of every kind, pinned for reading and for writing: what it costs to the page, and that
 * device and process see the same. And memory that cannot be had: where it ends, and nothing left.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"

#define AT 0x10000000ULL
#define RW (PROT_READ | PROT_WRITE)
#define SMALL (8 * PAGE)

enum { BY_PROCESS = 1, BY_DEVICE, BEFORE };

static int fd;
static uint32_t ioas;
static int64_t pinned_before;
static char *memory;
static uint64_t size;

static void open_one(void)
{
	want_nothing_left();
	pinned_before = system_pinned();
	fd = device_open();
	ioas = make_ioas(fd);
}

static void close_one(void)
{
	want_pinned(fd, 0, 0);
	want(close(fd), 0);
	want(vm_pin(), 0);
	want(system_pinned(), pinned_before);
	want_nothing_left();
}

#define KIND_TEST(name) TEST_BETWEEN(open_one, close_one, kind, name)

/* Makers: set memory and size. */

static void map_file(int file, int prot, int flags)
{
	memory = mmap(NULL, size, prot, flags, file, 0);
	if (memory == MAP_FAILED)
		fail("mmap: %m");
	close(file);
}

static int file_in(const char *folder)
{
	char path[64], contents[SMALL];
	int file;

	snprintf(path, sizeof(path), "%s/ioasid-test-XXXXXX", folder);
	file = mkstemp(path);
	if (file < 0)
		fail("%s: %m", path);
	want(unlink(path), 0);
	fill(contents, SMALL, BEFORE);
	want(write(file, contents, SMALL), SMALL);
	size = SMALL;
	return file;
}

/* The one folder that is on a real disk, in a way: another machine's. */
static int file_on_disk(void)
{
	struct statfs fs;

	want(statfs("/out", &fs), 0);
	want_that(fs.f_type != TMPFS_MAGIC && fs.f_type != OVERLAYFS_SUPER_MAGIC);
	return file_in("/out");
}

static void touched(void)
{
	size = SMALL;
	memory = anon(size);
}

static void untouched(void)
{
	size = SMALL;
	memory = anon_lazy(size);
}

static void only_read(void)
{
	uint64_t at;

	untouched();
	for (at = 0; at < size; at += PAGE)
		want(((volatile char *)memory)[at], 0);
	want(physical(memory), physical(memory + PAGE));
}

static void half_touched(void)
{
	untouched();
	memset(memory + PAGE, 1, PAGE);
	want(((volatile char *)memory)[4 * PAGE], 0);
}

static void huge(void)
{
	size = 2 * HUGE_2M;
	memory = thp(size);
}

static void huge_untouched(void)
{
	size = 2 * HUGE_2M;
	memory = reserve(size, HUGE_2M);
	want(mprotect(memory, size, RW), 0);
	want(madvise(memory, size, MADV_HUGEPAGE), 0);
}

static void huge_only_read(void)
{
	huge_untouched();
	size = HUGE_2M;
	want(((volatile char *)memory)[0], 0);
}

static void part_of_huge(void)
{
	huge();
	memory += HUGE_2M - 3 * PAGE;
	size = 7 * PAGE;
}

static void hugetlb_private(void)
{
	want_that(hugetlb_reserve(HUGE_2M, 2));
	size = 2 * HUGE_2M;
	memory = hugetlb(size, HUGE_2M);
}

static void hugetlb_untouched(void)
{
	want_that(hugetlb_reserve(HUGE_2M, 2));
	size = 2 * HUGE_2M;
	memory = mmap(NULL, size, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	want_that(memory != MAP_FAILED);
}

static void hugetlb_shared(void)
{
	int file = memfd_create("ioasid-test", MFD_CLOEXEC | MFD_HUGETLB);

	want_that(hugetlb_reserve(HUGE_2M, 2));
	size = 2 * HUGE_2M;
	want_that(file >= 0);
	want(ftruncate(file, size), 0);
	map_file(file, RW, MAP_SHARED);
}

static void part_of_hugetlb(void)
{
	hugetlb_private();
	memory += HUGE_2M - 3 * PAGE;
	size = 7 * PAGE;
}

static void shared(void)
{
	int file;

	size = SMALL;
	memory = memfd(size, &file);
	close(file);
}

static void shared_anonymous(void)
{
	size = SMALL;
	map_file(-1, RW, MAP_SHARED | MAP_ANONYMOUS);
}

static void tmpfs_shared(void)
{
	map_file(file_in("/dev/shm"), RW, MAP_SHARED);
}

static void tmpfs_private(void)
{
	map_file(file_in("/dev/shm"), RW, MAP_PRIVATE);
}

static void overlay_shared(void)
{
	map_file(file_in("/var/tmp"), RW, MAP_SHARED);
}

static void overlay_private(void)
{
	map_file(file_in("/var/tmp"), RW, MAP_PRIVATE);
}

static void disk_private(void)
{
	map_file(file_on_disk(), RW, MAP_PRIVATE);
}

static void disk_shared(void)
{
	map_file(file_on_disk(), RW, MAP_SHARED);
}

static void locked(void)
{
	untouched();
	want(mlock(memory, size), 0);
}

static void data(void)
{
	static char area[SMALL + PAGE] = { 1 };

	size = SMALL;
	memory = (char *)((ADDRESS(area) + PAGE - 1) & -PAGE);
}

static void heap(void)
{
	char *now = sbrk(0);

	memory = now + (-ADDRESS(now) & (PAGE - 1));
	size = SMALL;
	want_that(sbrk(memory + size - now) == now);
}

/* Neighbours of different rights are different areas. */
static void many_areas(void)
{
	uint64_t at;

	size = 64 * PAGE;
	memory = anon(size);
	for (at = 0; at < size; at += 2 * PAGE)
		want(mprotect(memory + at, PAGE, RW | PROT_EXEC), 0);
}

static void many_kinds(void)
{
	char *start = reserve(4 * SMALL, PAGE);
	int file = file_in("/dev/shm");

	size = 4 * SMALL;
	memory = start;
	want(mprotect(start, SMALL, RW), 0);
	want_that(mmap(start + SMALL, SMALL, RW, MAP_SHARED | MAP_FIXED, file, 0) != MAP_FAILED);
	want_that(mmap(start + 2 * SMALL, SMALL, RW, MAP_PRIVATE | MAP_FIXED, file, 0) !=
		  MAP_FAILED);
	want(mprotect(start + 3 * SMALL, SMALL, RW), 0);
	close(file);
}

static void want_counts(uint64_t mapped)
{
	struct ioasid_query now = query_process(fd);

	want_pinned(fd, 1, size);
	want(now.runs, physical_runs(memory, size));
	want(now.mapped, mapped);
	want(now.shared, 0);
	want(now.stale, 0);
	want(system_pinned() - pinned_before, size / PAGE);
}

/* Every page that is mapped is the one that the process has. */
static void want_its_pages(void)
{
	struct ioasid_translate where;
	uint64_t at;

	for (at = 0; at < size; at += where.out_length) {
		want(translate(fd, ioas, AT + at, IOASID_TRANSLATE_PHYS, &where), 0);
		want(where.out_phys, physical(memory + at));
		want(where.out_va, ADDRESS(memory) + at);
		want_that(where.out_length > 0);
	}
	want(at, size);
}

static void want_both_see_it(uint32_t access)
{
	char *copy = malloc(size);

	want_that(copy);
	want(access_read(fd, ioas, AT, copy, size, NULL), 0);
	want(memcmp(copy, memory, size), 0);
	fill(memory, size, BY_PROCESS);
	want_iova_filled(fd, ioas, AT, size, BY_PROCESS, 0);
	fill(copy, size, BY_DEVICE);
	if (access == READ_ONLY) {
		want(access_write(fd, ioas, AT, copy, size, NULL), -EACCES);
		want_filled(memory, size, BY_PROCESS, 0);
	} else {
		want(access_write(fd, ioas, AT, copy, size, NULL), 0);
		want_filled(memory, size, BY_DEVICE, 0);
	}
	free(copy);
}

static void want_exact(uint32_t access)
{
	uint32_t flags = access == READ_ONLY ? 0 : IOASID_PIN_WRITE;
	struct ioasid_pin pin;

	want(pin_call(fd, memory, size, flags, &pin), 0);
	want(pin.out_new, size);
	want_counts(0);
	want(map_pin_at(fd, ioas, pin.out_id, 0, size, access, AT), 0);
	want_counts(size);
	want_both_see_it(access);
	want_its_pages();
	want(unmap(fd, ioas, AT, size, NULL), 0);
	want(unpin(fd, pin.out_id, 0), 0);
	want_pinned(fd, 0, 0);
	want(system_pinned(), pinned_before);
}

static const struct kind {
	const char *name;
	void (*make)(void);
} kinds[] = {
	{ "anonymous", touched },
	{ "never touched", untouched },
	{ "zero pages", only_read },
	{ "pages, zero pages and nothing", half_touched },
	{ "huge pages", huge },
	{ "huge pages, never touched", huge_untouched },
	{ "huge zero pages", huge_only_read },
	{ "a part of two huge pages", part_of_huge },
	{ "hugetlb", hugetlb_private },
	{ "hugetlb, never touched", hugetlb_untouched },
	{ "hugetlb, shared", hugetlb_shared },
	{ "a part of two hugetlb pages", part_of_hugetlb },
	{ "memfd", shared },
	{ "shared anonymous", shared_anonymous },
	{ "a file on tmpfs, shared", tmpfs_shared },
	{ "a file on tmpfs, private", tmpfs_private },
	{ "a file on the overlay, shared", overlay_shared },
	{ "a file on the overlay, private", overlay_private },
	{ "a file on disk, private", disk_private },
	{ "locked", locked },
	{ "data", data },
	{ "heap", heap },
	{ "many areas", many_areas },
	{ "many kinds", many_kinds },
};

/* Each row is a test of its own, in a process of its own: it is named by its index. */
static struct criterion_test_params rows(size_t count)
{
	static size_t index[ARRAY_SIZE(kinds)];
	size_t i;

	for (i = 0; i < count; i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, count);
}

ParameterizedTestParameters(kind, exact)
{
	return rows(ARRAY_SIZE(kinds));
}

static void run_kind(const struct kind *kind, uint32_t access)
{
	context("%s, %s", kind->name, access == READ_ONLY ? "read-only" : "writable");
	open_one();
	kind->make();
	want_exact(access);
	close_one();
}

static void run_read_only(void *kind)
{
	run_kind(kind, READ_ONLY);
}

static void run_writable(void *kind)
{
	run_kind(kind, READ_WRITE);
}

ParameterizedTest(size_t *row, kind, exact)
{
	in_child(run_read_only, (void *)&kinds[*row]);
	in_child(run_writable, (void *)&kinds[*row]);
	want_that(hugetlb_reserve(HUGE_2M, 0));
}

KIND_TEST(the_stack)
{
	char area[SMALL + PAGE];

	size = SMALL;
	memory = (char *)((ADDRESS(area) + PAGE - 1) & -PAGE);
	memset(area, 0, sizeof(area));
	want_exact(READ_ONLY);
	want_exact(READ_WRITE);
}

/* Huge pages are there when they were asked for, and are not split by it. */
KIND_TEST(huge_pages_that_were_not_there_are_huge)
{
	huge_untouched();
	want_exact(READ_WRITE);
	want(smaps(memory, "AnonHugePages:"), size);
	want_that(physical_runs(memory, size) <= 2);
}

KIND_TEST(hugetlb_pages_that_were_not_there_are_taken)
{
	hugetlb_untouched();
	want(meminfo("HugePages_Free:"), 2);
	make_pin(fd, memory, HUGE_2M);
	want(meminfo("HugePages_Free:"), 1);
	want(munmap(memory, size), 0);
	want(meminfo("HugePages_Free:"), 1);
	want(close(fd), 0);
	want(meminfo("HugePages_Free:"), 2);
	fd = device_open();
	want_that(hugetlb_reserve(HUGE_2M, 0));
}

/* The program's text: nobody can write it, so it may only be read. */
KIND_TEST(text_for_reading)
{
	char copy[PAGE];

	size = PAGE;
	memory = (char *)(ADDRESS(want_its_pages) & -PAGE);
	want(map_at(fd, ioas, memory, size, READ_ONLY, AT), 0);
	want_counts(size);
	want_its_pages();
	want(access_read(fd, ioas, AT, copy, PAGE, NULL), 0);
	want(memcmp(copy, memory, PAGE), 0);
	want(unmap(fd, ioas, AT, size, NULL), 0);
}

/*
 * A file that a file system writes back: a device that writes into it would do so behind the file
 * system's back. For reading it can be had, and is the file.
 */

static void want_refused(char *va, uint64_t length, uint32_t access, char *bad)
{
	struct ioasid_error error = ERROR_INIT;
	struct counts before = counts(fd);
	struct ioasid_map map = {
		.flags = access,
		.ioas_id = ioas,
		.va = ADDRESS(va),
		.length = length,
		.error = ADDRESS(&error),
	};

	want(map_call(fd, &map), -EFAULT);
	want(error.stage, IOASID_STAGE_PIN);
	want(error.code, EFAULT);
	want(error.addr, ADDRESS(bad));
	want(system_pinned() - pinned_before, before.process.pinned / PAGE);
	want_unchanged(fd, &before);
}

KIND_TEST(a_shared_file_on_disk_can_only_be_read)
{
	disk_shared();
	want_refused(memory, size, READ_WRITE, memory);
	want_refused(memory, size, IOASID_MAP_WRITE, memory);
	want_filled(memory, size, BEFORE, 0);
	want_exact(READ_ONLY);
}

/* Good memory before it and after it. */
KIND_TEST(a_shared_file_on_disk_in_the_middle)
{
	char *start = anon(3 * SMALL);
	int file = file_on_disk();

	want_that(mmap(start + SMALL, SMALL, RW, MAP_SHARED | MAP_FIXED, file, 0) != MAP_FAILED);
	close(file);
	want_refused(start, 3 * SMALL, READ_WRITE, start + SMALL);
	memory = start;
	size = 3 * SMALL;
	want_exact(READ_ONLY);
}

/* Pages that cannot be had, anywhere in a range: the first of them is named, nothing is kept. */

static void make_guard(char *page)
{
	want(mprotect(page, PAGE, PROT_NONE), 0);
}

static void make_hole(char *page)
{
	want(munmap(page, PAGE), 0);
}

static void make_end_of_file(char *page)
{
	int file = file_in("/dev/shm");

	want(ftruncate(file, 0), 0);
	want_that(mmap(page, PAGE, RW, MAP_SHARED | MAP_FIXED, file, 0) == page);
	close(file);
}

static void make_read_only(char *page)
{
	want(mprotect(page, PAGE, PROT_READ), 0);
}

static void make_secret(char *page)
{
	int file = syscall(SYS_memfd_secret, 0);

	if (file < 0)
		cr_skip_test("the kernel has no secret memory");
	want(ftruncate(file, PAGE), 0);
	want_that(mmap(page, PAGE, RW, MAP_SHARED | MAP_FIXED, file, 0) == page);
	close(file);
}

static const struct bad {
	const char *name;
	void (*make)(char *page);
	bool readable;
} bads[] = {
	{ "guard", make_guard, false },	    { "hole", make_hole, false },
	{ "end", make_end_of_file, false }, { "read-only", make_read_only, true },
	{ "secret", make_secret, false },
};

ParameterizedTestParameters(kind, refused)
{
	return rows(ARRAY_SIZE(bads));
}

/* Pages are pinned in batches of 512; so the last is not in the first. */
static void want_one_refused(const struct bad *bad, uint64_t pages, uint64_t page)
{
	char *start = anon(pages * PAGE);

	context("%s at page %llu of %llu", bad->name, (unsigned long long)page,
		(unsigned long long)pages);
	bad->make(start + page * PAGE);
	want_refused(start, pages * PAGE, READ_WRITE, start + page * PAGE);
	if (!bad->readable)
		want_refused(start, pages * PAGE, READ_ONLY, start + page * PAGE);
	want(munmap(start, pages * PAGE), 0);
}

ParameterizedTest(size_t *row, kind, refused)
{
	const struct bad *bad = &bads[*row];
	char *start;

	open_one();
	want_one_refused(bad, 9, 0);
	want_one_refused(bad, 9, 4);
	want_one_refused(bad, 9, 8);
	want_one_refused(bad, 1100, 512);
	want_one_refused(bad, 1100, 1099);
	/* Two of them, and what was pinned on both sides stays. */
	start = anon(9 * PAGE);
	bad->make(start + 2 * PAGE);
	bad->make(start + 6 * PAGE);
	want(map_at(fd, ioas, start, 2 * PAGE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, start + 7 * PAGE, 2 * PAGE, READ_WRITE, AT + MIB), 0);
	want_refused(start, 9 * PAGE, READ_WRITE, start + 2 * PAGE);
	want_refused(start + 3 * PAGE, 6 * PAGE, READ_WRITE, start + 6 * PAGE);
	want_pinned(fd, 2, 4 * PAGE);
	want(unmap_all(fd, ioas, NULL), 0);
	close_one();
}

/*
 * The stack grows when the process goes there, not when a device is to. Nearer than 64 KiB the
 * kernel also writes a warning into its log, whoever asks.
 */
KIND_TEST(below_the_stack)
{
	char *area = reserve(32 * PAGE, PAGE), *top = area + 31 * PAGE;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED;

	want_that(mmap(top, PAGE, RW, flags, -1, 0) == top);
	want(munmap(area, 31 * PAGE), 0);
	want_refused(area, 32 * PAGE, READ_WRITE, area);
	want_refused(area, 32 * PAGE, READ_ONLY, area);
	memory = top;
	size = PAGE;
	want_exact(READ_WRITE);
}

/* Hugetlb memory that nothing was set aside for, and there is none. */
KIND_TEST(hugetlb_pages_that_cannot_be_had)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE;

	want_that(hugetlb_reserve(HUGE_2M, 1));
	memory = mmap(NULL, 2 * HUGE_2M, RW, flags, -1, 0);
	want_that(memory != MAP_FAILED);
	want_refused(memory, 2 * HUGE_2M, READ_WRITE, memory + HUGE_2M);
	want(munmap(memory, 2 * HUGE_2M), 0);
	want(meminfo("HugePages_Free:"), 1);
	want_that(hugetlb_reserve(HUGE_2M, 0));
}
