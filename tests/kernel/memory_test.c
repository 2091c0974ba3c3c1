// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that cannot be pinned: holes, other rights, devices, and what is no memory at all. The
 * first bad byte is what the error names, and nothing has changed.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"

#define PAGES 8
#define SIZE (PAGES * PAGE)

static int fd;
static uint32_t ioas;

static void open_one(void)
{
	fd = device_open();
	ioas = make_ioas(fd);
}

static void close_one(void)
{
	want(close(fd), 0);
	want(vm_pin(), 0);
	want_nothing_left();
}

#define MEMORY_TEST(name) TEST_BETWEEN(open_one, close_one, memory, name)

static void memory_refused(const char *what, char *va, uint64_t length, uint32_t access, char *bad)
{
	struct ioasid_error error = ERROR_INIT;
	struct counts before = counts(fd);
	struct ioasid_pin pin = {
		.size = sizeof(pin),
		.flags = access & IOASID_MAP_WRITE ? IOASID_PIN_WRITE : 0,
		.va = ADDRESS(va),
		.length = length,
		.error = ADDRESS(&error),
	};
	struct ioasid_map map = {
		.flags = access,
		.ioas_id = ioas,
		.va = ADDRESS(va),
		.length = length,
		.error = ADDRESS(&error),
	};

	context("PIN of memory that is %s", what);
	want(call(fd, IOASID_PIN, &pin), -EFAULT);
	want(error.stage, IOASID_STAGE_PIN);
	want(error.code, EFAULT);
	want(error.addr, ADDRESS(bad));
	want_unchanged(fd, &before);

	context("MAP of memory that is %s", what);
	error = (struct ioasid_error)ERROR_INIT;
	want(map_call(fd, &map), -EFAULT);
	want(error.stage, IOASID_STAGE_PIN);
	want(error.code, EFAULT);
	want(error.addr, ADDRESS(bad));
	want_unchanged(fd, &before);
}

static void whole_refused(const char *what, void *va, uint32_t access)
{
	memory_refused(what, va, PAGE, access, va);
}

MEMORY_TEST(that_is_not_there_is_efault)
{
	char *va = anon(SIZE);

	want(munmap(va + 5 * PAGE, PAGE), 0);
	memory_refused("unmapped after 5 pages", va, SIZE, READ_WRITE, va + 5 * PAGE);
	memory_refused("unmapped at first", va + 5 * PAGE, 2 * PAGE, READ_ONLY, va + 5 * PAGE);
	want(mprotect(va + 2 * PAGE, PAGE, PROT_NONE), 0);
	memory_refused("PROT_NONE after 2 pages", va, 5 * PAGE, READ_ONLY, va + 2 * PAGE);
	whole_refused("at 0", NULL, READ_ONLY);
}

MEMORY_TEST(that_is_read_only_cannot_be_had_for_writing)
{
	char *va = anon(SIZE);
	int file;
	char *shared = memfd(SIZE, &file);
	uint64_t iova;

	want(mprotect(va + 3 * PAGE, PAGE, PROT_READ), 0);
	memory_refused("read-only after 3 pages", va, SIZE, READ_WRITE, va + 3 * PAGE);
	want(mprotect(shared, SIZE, PROT_READ), 0);
	whole_refused("a read-only mapping of a file", shared, READ_WRITE);
	whole_refused("the program's text", (void *)(ADDRESS(memory_refused) & -PAGE), READ_WRITE);

	context("read-only memory for reading");
	want(map_any(fd, ioas, va, SIZE, READ_ONLY, &iova), 0);
	want(unmap(fd, ioas, iova, SIZE, NULL), 0);
}

MEMORY_TEST(beyond_user_space_is_efault)
{
	whole_refused("the last page below the end", (void *)0x7ffffffff000, READ_ONLY);
	whole_refused("not canonical", (void *)0x800000000000, READ_ONLY);
	whole_refused("the direct map", (void *)0xffff888000000000, READ_ONLY);
	whole_refused("the kernel's text", (void *)0xffffffff81000000, READ_WRITE);
	whole_refused("vsyscall", (void *)0xffffffffff600000, READ_ONLY);
}

/* No memory is that long: said at once, not after pinning what there is of it. */
MEMORY_TEST(that_never_ends_is_efault)
{
	const uint64_t lengths[] = { 1ULL << 57, 1ULL << 60, 1ULL << 62 };
	struct counts before = counts(fd);
	char *memory = anon(SIZE);
	struct ioasid_error error;
	struct ioasid_pin pin;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		error = (struct ioasid_error)ERROR_INIT;
		pin = (struct ioasid_pin){
			.size = sizeof(pin),
			.flags = IOASID_PIN_WRITE,
			.va = ADDRESS(memory),
			.length = lengths[i],
			.error = ADDRESS(&error),
		};
		want(call(fd, IOASID_PIN, &pin), -EFAULT);
		want(error.stage, IOASID_STAGE_PIN);
		want_that(error.addr >= ADDRESS(memory) + SIZE);
		want_that(error.addr < ADDRESS(memory) + lengths[i]);
		want_unchanged(fd, &before);
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

MEMORY_TEST(of_devices_is_efault)
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
MEMORY_TEST(that_is_half_good_leaves_what_was_pinned)
{
	char *va = reserve(4 * PAGE, PAGE);

	want(mprotect(va, 3 * PAGE, PROT_READ | PROT_WRITE), 0);
	make_pin(fd, va + PAGE, PAGE);
	memory_refused("good for 3 pages", va, 4 * PAGE, READ_WRITE, va + 3 * PAGE);
}
