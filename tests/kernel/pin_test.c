// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins: exact counts on every kind of memory, sharing, and what fork, exec and changes of the
 * process's memory do to them.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"

#define AT 0x10000000ULL

static int fd;
static uint32_t ioas;
static int64_t pinned_before; /* by whoever else there is in the system */

static void open_one(void)
{
	want_nothing_left();
	pinned_before = system_pinned();
	fd = device_open();
	ioas = make_ioas(fd);
}

static void close_one(void)
{
	want(close(fd), 0);
	want(vm_pin(), 0);
	want(system_pinned(), pinned_before);
	want_nothing_left();
}

#define PIN_TEST(name) TEST_BETWEEN(open_one, close_one, pin, name)

/* Pin all of it, see that every count is exact and the pages stay where they are, give it back. */
static void want_exact(void *memory, uint64_t size)
{
	struct ioasid_translate where;
	struct ioasid_query now;
	struct ioasid_pin pin;

	want(pin_call(fd, memory, size, IOASID_PIN_WRITE, &pin), 0);
	want(pin.out_new, size);
	want_pinned(fd, 1, size);
	now = query_process(fd);
	want(now.runs, physical_runs(memory, size));
	want(now.mappings, 0);
	want(now.mapped, 0);
	want(now.shared, 0);
	want(now.stale, 0);
	now = query_file(fd);
	want(now.pins, 1);
	want(now.pinned, size);
	want(system_pinned() - pinned_before, size / PAGE);

	want(map_pin_at(fd, ioas, pin.out_id, 0, size, READ_WRITE, AT), 0);
	want(query_process(fd).mapped, size);
	want(translate(fd, ioas, AT + size - 1, IOASID_TRANSLATE_PHYS, &where), 0);
	want(where.out_phys, physical((char *)memory + size - 1));
	want(where.out_pin_offset, size - 1);
	want(where.out_va, ADDRESS(memory) + size - 1);
	want(where.out_length, 1);
	fill(memory, size, 1);
	want_iova_filled(fd, ioas, AT, size, 1, 0);
	want(unmap(fd, ioas, AT, size, NULL), 0);
	want(unpin(fd, pin.out_id, 0), 0);
	want_pinned(fd, 0, 0);
	want(system_pinned(), pinned_before);
}

PIN_TEST(counts_anonymous_pages)
{
	want_exact(anon(PAGE), PAGE);
	want_exact(anon(64 * PAGE), 64 * PAGE);
}

PIN_TEST(counts_pages_that_were_not_there_yet)
{
	want_exact(anon_lazy(64 * PAGE), 64 * PAGE);
}

PIN_TEST(counts_transparent_huge_pages)
{
	char *memory = thp(2 * HUGE_2M);

	want_that(physical_runs(memory, 2 * HUGE_2M) <= 2);
	want_exact(memory, 2 * HUGE_2M);
	/* A part of a huge page is that part. */
	want_exact(memory + HUGE_2M - 3 * PAGE, 7 * PAGE);
	want(smaps(memory, "AnonHugePages:"), 2 * HUGE_2M);
}

PIN_TEST(counts_hugetlb_pages)
{
	want_that(hugetlb_reserve(HUGE_2M, 3));
	want_exact(hugetlb(3 * HUGE_2M, HUGE_2M), 3 * HUGE_2M);
	want_that(hugetlb_reserve(HUGE_2M, 0));
}

PIN_TEST(counts_shared_memory)
{
	int memory_fd;

	want_exact(memfd(16 * PAGE, &memory_fd), 16 * PAGE);
	want_exact(file(16 * PAGE, MAP_SHARED), 16 * PAGE);
}

/* Pinned for writing, a private mapping of a file gets pages of its own. */
PIN_TEST(counts_private_file_memory)
{
	int memory_fd;
	char *shared = memfd(4 * PAGE, &memory_fd);
	char *private;

	fill(shared, 4 * PAGE, 7);
	private = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, memory_fd, 0);
	want_that(private != MAP_FAILED);
	want_exact(private, 4 * PAGE);
	want_filled(shared, 4 * PAGE, 7, 0);
	want_exact(file(16 * PAGE, MAP_PRIVATE), 16 * PAGE);
}

/*
 * Memory that was only read has the zero page. A device that may read it must see what the process
 * writes there later, so pinning gives it real pages, for reading too.
 */
PIN_TEST(replaces_the_zero_page_even_for_reading)
{
	char *memory = anon_lazy(4 * PAGE), *files = file(4 * PAGE, MAP_PRIVATE);
	struct ioasid_pin pin;
	uint64_t zero;

	want(*(volatile char *)memory, 0);
	want(*(volatile char *)(memory + PAGE), 0);
	want(*(volatile char *)files, 0);
	zero = physical(memory);
	want(physical(memory + PAGE), zero);
	want(pin_call(fd, memory, 4 * PAGE, 0, &pin), 0);
	want(pin.out_new, 4 * PAGE);
	want_pinned(fd, 1, 4 * PAGE);
	want(system_pinned() - pinned_before, 4);
	want_that(physical(memory) != zero);
	want(map_pin_at(fd, ioas, pin.out_id, 0, 4 * PAGE, READ_ONLY, AT), 0);
	fill(memory, 4 * PAGE, 2);
	want_iova_filled(fd, ioas, AT, 4 * PAGE, 2, 0);

	want(map_at(fd, ioas, files, 4 * PAGE, READ_ONLY, AT + MIB), 0);
	fill(files, 4 * PAGE, 3);
	want_iova_filled(fd, ioas, AT + MIB, 4 * PAGE, 3, 0);
}

PIN_TEST(spans_areas_of_every_kind)
{
	char *memory = reserve(6 * HUGE_2M, HUGE_2M);
	const uint64_t size = 2 * HUGE_2M + 8 * PAGE;
	char *start = memory + HUGE_2M - 4 * PAGE;
	int prot = PROT_READ | PROT_WRITE, memory_fd;

	want_that(hugetlb_reserve(HUGE_2M, 1));
	memfd(PAGE, &memory_fd);
	want(ftruncate(memory_fd, HUGE_2M), 0);
	/* 4 pages; a page of hugetlb; shared memory; 4 pages. */
	want(mprotect(start, 4 * PAGE, prot), 0);
	want_that(mmap(memory + HUGE_2M, HUGE_2M, prot,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_FIXED, -1, 0) != MAP_FAILED);
	want_that(mmap(memory + 2 * HUGE_2M, HUGE_2M, prot, MAP_SHARED | MAP_FIXED, memory_fd, 0) !=
		  MAP_FAILED);
	want(mprotect(memory + 3 * HUGE_2M, 4 * PAGE, prot), 0);
	want_exact(start, size);
	want(munmap(start, size), 0);
	want_that(hugetlb_reserve(HUGE_2M, 0));
}

PIN_TEST(a_hole_is_refused_and_both_sides_are_not)
{
	char *memory = anon(9 * PAGE);
	struct ioasid_pin pin;

	want(munmap(memory + 4 * PAGE, PAGE), 0);
	want(pin_call(fd, memory, 9 * PAGE, IOASID_PIN_WRITE, &pin), -EFAULT);
	want_pinned(fd, 0, 0);
	make_pin(fd, memory, 4 * PAGE);
	make_pin(fd, memory + 5 * PAGE, 4 * PAGE);
	want_pinned(fd, 2, 8 * PAGE);
}

PIN_TEST(only_the_gaps_are_new)
{
	char *memory = anon(16 * PAGE);
	struct ioasid_pin pin;

	make_pin(fd, memory + 2 * PAGE, 3 * PAGE);
	make_pin(fd, memory + 8 * PAGE, PAGE);
	want_pinned(fd, 2, 4 * PAGE);
	/* 0-1 gap, 2-4 there, 5-7 gap, 8 there, 9-15 gap */
	want(pin_call(fd, memory, 16 * PAGE, IOASID_PIN_WRITE, &pin), 0);
	want(pin.out_new, 12 * PAGE);
	want_pinned(fd, 5, 16 * PAGE);
	want(query_file(fd).pins, 3);
	want(query_file(fd).pinned, 20 * PAGE);
	/* All there. */
	want(pin_call(fd, memory + PAGE, 9 * PAGE, IOASID_PIN_WRITE, &pin), 0);
	want(pin.out_new, 0);
	want_pinned(fd, 5, 16 * PAGE);
	want(system_pinned() - pinned_before, 16);
}

PIN_TEST(is_shared_by_all_files_of_a_process)
{
	char *memory = anon(8 * PAGE);
	int other = device_open(), third = device_open();
	uint32_t id = make_pin(fd, memory, 8 * PAGE), other_id;
	struct ioasid_pin pin;

	want(pin_call(other, memory, 8 * PAGE, IOASID_PIN_WRITE, &pin), 0);
	want(pin.out_new, 0);
	other_id = pin.out_id;
	want(pin_call(third, memory + PAGE, 2 * PAGE, IOASID_PIN_WRITE, &pin), 0);
	want(pin.out_new, 0);
	want_pinned(fd, 1, 8 * PAGE);
	want_pinned(other, 1, 8 * PAGE);
	want(query_file(other).pinned, 8 * PAGE);
	want(query_file(third).pinned, 2 * PAGE);
	want(system_pinned() - pinned_before, 8);

	/* The last user of a group decides when it goes. */
	want(unpin(fd, id, 0), 0);
	want_pinned(fd, 1, 8 * PAGE);
	want(unpin(other, other_id, 0), 0);
	want_pinned(fd, 1, 8 * PAGE);
	want(close(third), 0);
	want_pinned(fd, 0, 0);
	want(close(other), 0);
}

PIN_TEST(in_use_is_ebusy_whoever_uses_it)
{
	struct ioasid_error error = ERROR_INIT;
	char *memory = anon(8 * PAGE);
	int other = device_open();
	uint32_t id = make_pin(fd, memory, 8 * PAGE), other_ioas = make_ioas(other);
	struct ioasid_unpin arg = { .size = sizeof(arg), .id = id, .error = ADDRESS(&error) };
	struct counts before;
	uint64_t iova;

	/* The other file maps three pages of the group by address. */
	want(map_any(other, other_ioas, memory + PAGE, 3 * PAGE, READ_WRITE, &iova), 0);
	before = counts(fd);
	want(call(fd, IOASID_UNPIN, &arg), -EBUSY);
	want(error.stage, IOASID_STAGE_USE);
	want(error.code, EBUSY);
	want(destroy(fd, id), -EBUSY);
	want_unchanged(fd, &before);
	want(unmap(other, other_ioas, iova + PAGE, 2 * PAGE, NULL), 0);
	want(unpin(fd, id, 0), -EBUSY);
	want(unmap(other, other_ioas, iova, PAGE, NULL), 0);
	want(unpin(fd, id, 0), 0);
	want(unpin(fd, id, 0), -ENOENT);
	want_pinned(fd, 0, 0);
	want(close(other), 0);
}

PIN_TEST(deferred_goes_with_its_last_mapping)
{
	char *memory = anon(8 * PAGE);
	uint32_t id = make_pin(fd, memory, 8 * PAGE);

	fill(memory, 8 * PAGE, 5);
	want(map_pin_at(fd, ioas, id, 2 * PAGE, 4 * PAGE, READ_WRITE, AT), 0);
	want(unpin(fd, id, IOASID_UNPIN_DEFER), 0);
	want(unpin(fd, id, IOASID_UNPIN_DEFER), -ENOENT);
	want(query_file(fd).pins, 0);
	want_pinned(fd, 1, 8 * PAGE);
	want_iova_filled(fd, ioas, AT, 4 * PAGE, 5, 2 * PAGE);
	want(unmap(fd, ioas, AT, 2 * PAGE, NULL), 0);
	want_pinned(fd, 1, 8 * PAGE);
	want(unmap(fd, ioas, AT + 2 * PAGE, 2 * PAGE, NULL), 0);
	want_pinned(fd, 0, 0);
}

PIN_TEST(deferred_and_unused_goes_at_once)
{
	uint32_t id = make_pin(fd, anon(8 * PAGE), 8 * PAGE);

	want(unpin(fd, id, IOASID_UNPIN_DEFER), 0);
	want_pinned(fd, 0, 0);
}

/* Memory pinned for reading is not good enough for a device that writes. */
PIN_TEST(for_reading_never_serves_a_writer)
{
	char *memory = file(4 * PAGE, MAP_PRIVATE);
	struct ioasid_pin reader, writer;

	fill(memory, 4 * PAGE, 1);
	want(pin_call(fd, memory, 4 * PAGE, 0, &reader), 0);
	want(map_pin_at(fd, ioas, reader.out_id, 0, PAGE, READ_WRITE, AT), -EACCES);
	want(map_pin_at(fd, ioas, reader.out_id, 0, PAGE, IOASID_MAP_WRITE, AT), -EACCES);
	want(map_pin_at(fd, ioas, reader.out_id, 0, 4 * PAGE, READ_ONLY, AT), 0);
	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT + MIB), 0);
	want(access_write(fd, ioas, AT + MIB, "device", 7, NULL), 0);
	want(strcmp(memory, "device"), 0);
	want(pin_call(fd, memory, 4 * PAGE, IOASID_PIN_WRITE, &writer), 0);
	want(writer.out_new, 0);
	/* The other way round, a pin for writing serves readers. */
	want(pin_call(fd, memory, 4 * PAGE, 0, &reader), 0);
	want(reader.out_new, 0);
}

/* The child's fd is the same file, but the memory it names is the child's own. */
static char *family_memory;
static uint32_t family_pin;

static void child_of_fork(void *arg)
{
	struct gate *go = arg;

	want(vm_pin(), 0);
	want_pinned(fd, 0, 0);
	fill(family_memory, 4 * PAGE, 2);
	/* The ids and the mapping are the file's: this is the parent's memory. */
	want_iova_filled(fd, ioas, AT, 4 * PAGE, 1, 0);
	want(map_at(fd, ioas, family_memory, 4 * PAGE, READ_WRITE, AT + MIB), 0);
	want_pinned(fd, 1, 4 * PAGE);
	want_iova_filled(fd, ioas, AT + MIB, 4 * PAGE, 2, 0);
	gate_open(go);
}

PIN_TEST(after_fork_each_process_has_its_own)
{
	struct gate go = gate_make();
	struct counts before;
	pid_t child;

	family_memory = anon(4 * PAGE);
	family_pin = make_pin(fd, family_memory, 4 * PAGE);
	want(map_pin_at(fd, ioas, family_pin, 0, 4 * PAGE, READ_WRITE, AT), 0);
	fill(family_memory, 4 * PAGE, 1);
	before = counts(fd);
	child = child_start(child_of_fork, &go);
	gate_wait(&go);
	child_end(child);

	want_filled(family_memory, 4 * PAGE, 1, 0);
	want_pinned(fd, 1, 4 * PAGE);
	want(query_process(fd).mapped, 4 * PAGE);
	/* The child has gone; what it mapped stays in the file's address space until unmapped. */
	want_iova_filled(fd, ioas, AT + MIB, 4 * PAGE, 2, 0);
	want(audit().domains, 2);
	want(query_file(fd).mapped, 8 * PAGE);
	/* A write after fork must not move the parent's pages away from under the device. */
	fill(family_memory, 4 * PAGE, 3);
	want_iova_filled(fd, ioas, AT, 4 * PAGE, 3, 0);
	want(map_at(fd, ioas, family_memory, 4 * PAGE, READ_WRITE, AT + 2 * MIB), 0);
	want_pinned(fd, 1, 4 * PAGE);
	want(unmap(fd, ioas, AT + 2 * MIB, 4 * PAGE, NULL), 0);
	want(unmap(fd, ioas, AT + MIB, 4 * PAGE, NULL), 0);
	want_unchanged(fd, &before);
}

/* The memory that was pinned has gone with exec(), its pages have not. */
AFTER_EXEC(after_exec_checks)
{
	char *memory;

	fd = kept;
	ioas = a;
	(void)b;
	(void)c;
	want(vm_pin(), 0);
	want_pinned(fd, 0, 0);
	want(query_file(fd).mapped, 4 * PAGE);
	want_iova_filled(fd, ioas, AT, 4 * PAGE, 9, 0);
	memory = anon(4 * PAGE);
	fill(memory, 4 * PAGE, 10);
	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT + MIB), 0);
	want_pinned(fd, 1, 4 * PAGE);
	want_iova_filled(fd, ioas, AT + MIB, 4 * PAGE, 10, 0);
	want(audit().domains, 2);
	want(unmap(fd, ioas, AT, 4 * PAGE, NULL), 0);
	want(audit().domains, 1);
	want_pinned(fd, 1, 4 * PAGE);
}

static void child_that_execs(void *arg)
{
	char *memory = anon(4 * PAGE);
	int own = device_open();
	uint32_t own_ioas = make_ioas(own);

	(void)arg;
	fill(memory, 4 * PAGE, 9);
	want(map_at(own, own_ioas, memory, 4 * PAGE, READ_WRITE, AT), 0);
	want(fcntl(own, F_SETFD, 0), 0);
	exec_into("after_exec_checks", own, own_ioas, 0, 0);
}

PIN_TEST(after_exec_the_file_keeps_the_old_pages)
{
	in_child(child_that_execs, NULL);
}

/* Changes of the process's memory between two maps of the same addresses. */

/*
 * The first mapping, at AT, keeps the old pages; a second one gets what the process sees now. Both
 * ways: reading and writing.
 */
static void want_old_and_new(char *memory, uint64_t size, uint64_t old_fill)
{
	want_iova_filled(fd, ioas, AT, size, old_fill, 0);
	want(map_at(fd, ioas, memory, size, READ_WRITE, AT + GIB), 0);
	fill(memory, size, 21);
	want_iova_filled(fd, ioas, AT + GIB, size, 21, 0);
	want_iova_filled(fd, ioas, AT, size, old_fill, 0);
	want(access_write(fd, ioas, AT + GIB, "second", 7, NULL), 0);
	want(strcmp(memory, "second"), 0);
	want(access_write(fd, ioas, AT, "first", 6, NULL), 0);
	want(strcmp(memory, "second"), 0);
	want_pinned(fd, 2, 2 * size);
	want(query_process(fd).stale, size);
	want(query_process(fd).shared, 0);
	want(unmap(fd, ioas, AT, size, NULL), 0);
	want(query_process(fd).stale, 0);
	want_pinned(fd, 1, size);
	want(unmap(fd, ioas, AT + GIB, size, NULL), 0);
	want_pinned(fd, 0, 0);
}

PIN_TEST(new_memory_at_an_old_address_is_new)
{
	const uint64_t size = 8 * PAGE;
	char *memory = anon(size);

	fill(memory, size, 20);
	want(map_at(fd, ioas, memory, size, READ_WRITE, AT), 0);
	want(munmap(memory, size), 0);
	want_that(mmap(memory, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == memory);
	want_old_and_new(memory, size, 20);
}

PIN_TEST(dontneeded_memory_is_new)
{
	const uint64_t size = 8 * PAGE;
	char *memory = anon(size);

	fill(memory, size, 20);
	want(map_at(fd, ioas, memory, size, READ_WRITE, AT), 0);
	want(madvise(memory, size, MADV_DONTNEED), 0);
	want_old_and_new(memory, size, 20);
}

PIN_TEST(dontneeded_huge_memory_is_new)
{
	char *memory = thp(HUGE_2M);

	fill(memory, HUGE_2M, 20);
	want(map_at(fd, ioas, memory, HUGE_2M, READ_WRITE, AT), 0);
	want(madvise(memory, HUGE_2M, MADV_DONTNEED), 0);
	want_old_and_new(memory, HUGE_2M, 20);
}

PIN_TEST(a_punched_hole_in_a_file_is_new)
{
	const uint64_t size = 8 * PAGE;
	int memory_fd;
	char *memory = memfd(size, &memory_fd);

	fill(memory, size, 20);
	want(map_at(fd, ioas, memory, size, READ_WRITE, AT), 0);
	want(fallocate(memory_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, size), 0);
	want_old_and_new(memory, size, 20);
}

PIN_TEST(a_change_in_one_page_is_enough)
{
	const uint64_t size = 8 * PAGE;
	char *memory = anon(size), byte;

	fill(memory, size, 20);
	want(map_at(fd, ioas, memory, size, READ_WRITE, AT), 0);
	want(madvise(memory + 5 * PAGE, PAGE, MADV_DONTNEED), 0);
	want(map_at(fd, ioas, memory, size, READ_WRITE, AT + MIB), 0);
	memory[5 * PAGE] = 42;
	want(access_read(fd, ioas, AT + MIB + 5 * PAGE, &byte, 1, NULL), 0);
	want(byte, 42);
	want_iova_filled(fd, ioas, AT, size, 20, 0);
	/* And the pages that did not change are seen by all three. */
	memory[6 * PAGE] = 43;
	want(access_read(fd, ioas, AT + MIB + 6 * PAGE, &byte, 1, NULL), 0);
	want(byte, 43);
	want(access_read(fd, ioas, AT + 6 * PAGE, &byte, 1, NULL), 0);
	want(byte, 43);
}

PIN_TEST(moved_memory_is_found_at_its_new_address)
{
	const uint64_t size = 8 * PAGE;
	char *memory = anon(size), *target = reserve(size, PAGE);
	uint64_t iova;

	fill(memory, size, 20);
	want(map_at(fd, ioas, memory, size, READ_WRITE, AT), 0);
	want_that(mremap(memory, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target);
	want(map_any(fd, ioas, memory, size, READ_WRITE, &iova), -EFAULT);
	want(map_at(fd, ioas, target, size, READ_WRITE, AT + MIB), 0);
	/* The same pages, under both. */
	fill(target, size, 21);
	want_iova_filled(fd, ioas, AT, size, 21, 0);
	want_iova_filled(fd, ioas, AT + MIB, size, 21, 0);
	/* Other memory at the old address is other memory. */
	want_that(mmap(memory, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == memory);
	want(map_at(fd, ioas, memory, size, READ_WRITE, AT + 2 * MIB), 0);
	fill(memory, size, 22);
	want_iova_filled(fd, ioas, AT + 2 * MIB, size, 22, 0);
	want_iova_filled(fd, ioas, AT, size, 21, 0);
}

/* What changes nothing of the pages costs nothing: they are looked at again, and shared. */
PIN_TEST(unchanged_pages_are_shared_after_a_suspicion)
{
	const uint64_t size = 8 * PAGE;
	char *memory = anon(size);

	fill(memory, size, 20);
	want(map_at(fd, ioas, memory, size, READ_WRITE, AT), 0);
	want(mprotect(memory, size, PROT_READ), 0);
	want(mprotect(memory, size, PROT_READ | PROT_WRITE), 0);
	want(map_at(fd, ioas, memory, size, READ_WRITE, AT + MIB), 0);
	want_pinned(fd, 1, size);
	want(query_process(fd).shared, size);
	want(query_process(fd).stale, 0);
}

/* A process that goes takes the addresses with it, the file of another keeps the pages. */
static void child_that_maps(void *arg)
{
	char *memory = anon(8 * PAGE);

	(void)arg;
	fill(memory, 8 * PAGE, 30);
	want(map_at(fd, ioas, memory, 8 * PAGE, READ_WRITE, AT), 0);
	make_pin(fd, memory, 8 * PAGE);
}

PIN_TEST(outlives_its_process_in_a_file_that_stays)
{
	in_child(child_that_maps, NULL);
	want_pinned(fd, 0, 0);
	want(query_file(fd).mapped, 8 * PAGE);
	want(query_file(fd).pins, 1);
	want(audit().pinned, 8 * PAGE);
	want(audit().charged, 8 * PAGE);
	want_iova_filled(fd, ioas, AT, 8 * PAGE, 30, 0);
	want(unmap_all(fd, ioas, NULL), 0);
	want(audit().pinned, 8 * PAGE);
}
