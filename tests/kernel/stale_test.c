// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything that gives a process other memory at an address that is mapped, or looks as if it did:
 * a later map gets what the process sees, an earlier one keeps what it has. One row a cause.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"

#define AT 0x10000000ULL
#define AGAIN (AT + GIB)
#define RW (PROT_READ | PROT_WRITE)

/* Of these, the headers of Debian 13 do not know the last two. */
#define GUARD_INSTALL 102
#define GUARD_REMOVE 103

/* The patterns: before the change, and by whom it is written after it. */
enum { OLD = 20, BY_PROCESS, BY_NEW_IOVA, BY_OLD_IOVA, BY_OTHERS };

static int fd, memory_fd;
static uint32_t ioas;
static int64_t pinned_before;
static char *memory;
static uint64_t size;

/* Kinds of memory. */

static void small(void)
{
	size = 8 * PAGE;
	memory = anon(size);
}

/* With a page of its own on each side. */
static void between_others(void)
{
	size = 8 * PAGE;
	memory = anon(size + 2 * PAGE) + PAGE;
}

static void huge(void)
{
	size = HUGE_2M;
	memory = thp(size);
}

/* As the one above could be, and is not. */
static void not_huge(void)
{
	size = HUGE_2M;
	memory = reserve(size, HUGE_2M);
	want(mprotect(memory, size, RW), 0);
	want(madvise(memory, size, MADV_NOHUGEPAGE), 0);
	memset(memory, 0, size);
	want(madvise(memory, size, MADV_HUGEPAGE), 0);
	want(smaps(memory, "AnonHugePages:"), 0);
}

static void shared(void)
{
	size = 8 * PAGE;
	memory = memfd(size, &memory_fd);
}

/* A private mapping of a file, whose pages became the process's own when it wrote them. */
static void private(void)
{
	shared();
	fill(memory, size, BY_OTHERS);
	want(munmap(memory, size), 0);
	memory = mmap(NULL, size, RW, MAP_PRIVATE, memory_fd, 0);
	want_that(memory != MAP_FAILED);
}

static void hugetlb_private(void)
{
	size = 2 * HUGE_2M;
	want_that(hugetlb_reserve(HUGE_2M, 6));
	memory = hugetlb(size, HUGE_2M);
}

static void hugetlb_shared(void)
{
	size = 2 * HUGE_2M;
	want_that(hugetlb_reserve(HUGE_2M, 6));
	memory_fd = memfd_create("ioasid-test", MFD_CLOEXEC | MFD_HUGETLB);
	want_that(memory_fd >= 0);
	want(ftruncate(memory_fd, size), 0);
	memory = mmap(NULL, size, RW, MAP_SHARED, memory_fd, 0);
	want_that(memory != MAP_FAILED);
}

/* What happens to it. */

static void map_over(int flags, int file)
{
	want_that(mmap(memory, size, RW, flags | MAP_FIXED, file, 0) == memory);
}

static void unmap_and_map(void)
{
	want(munmap(memory, size), 0);
	map_over(MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void map_anonymous_over(void)
{
	map_over(MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void map_file_over(void)
{
	int file;
	char *elsewhere = memfd(size, &file);

	fill(elsewhere, size, BY_OTHERS);
	map_over(MAP_SHARED, file);
	want_filled(memory, size, BY_OTHERS, 0);
}

static void map_same_file_over(void)
{
	map_over(MAP_SHARED, memory_fd);
}

static void move_to(char *from, char *to)
{
	want_that(mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
}

static void move_away_and_map(void)
{
	move_to(memory, reserve(size, PAGE));
	map_over(MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void move_away_and_back(void)
{
	char *elsewhere = reserve(size, HUGE_2M);

	move_to(memory, elsewhere);
	move_to(elsewhere, memory);
}

static void move_others_onto(void)
{
	char *others = anon(size);

	fill(others, size, BY_OTHERS);
	move_to(others, memory);
	want_filled(memory, size, BY_OTHERS, 0);
}

static void move_only_the_pages(void)
{
	want_that(mremap(memory, size, size, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL) !=
		  MAP_FAILED);
}

static void shrink(void)
{
	want_that(mremap(memory, size, 5 * PAGE, 0) == memory);
}

static void grow(void)
{
	want_that(mremap(memory, 5 * PAGE, size, 0) == memory);
}

static void shrink_and_grow(void)
{
	shrink();
	grow();
}

static void advise(int advice)
{
	want(madvise(memory, size, advice), 0);
}

static void dontneed(void)
{
	advise(MADV_DONTNEED);
}

static void dontneed_some(void)
{
	want(madvise(memory + 5 * PAGE, 2 * PAGE, MADV_DONTNEED), 0);
}

static void dontneed_the_first(void)
{
	want(madvise(memory, PAGE, MADV_DONTNEED), 0);
}

static void dontneed_the_last(void)
{
	want(madvise(memory + size - PAGE, PAGE, MADV_DONTNEED), 0);
}

static void dontneed_the_neighbours(void)
{
	want(madvise(memory - PAGE, PAGE, MADV_DONTNEED), 0);
	want(madvise(memory + size, PAGE, MADV_DONTNEED), 0);
}

static void dontneed_one_hugetlb(void)
{
	want(madvise(memory + HUGE_2M, HUGE_2M, MADV_DONTNEED), 0);
}

static void unmap_and_map_some(void)
{
	want(munmap(memory + 5 * PAGE, 2 * PAGE), 0);
	want_that(mmap(memory + 5 * PAGE, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		       0) == memory + 5 * PAGE);
}

static void free_lazily(void)
{
	advise(MADV_FREE);
}

static void free_lazily_and_reclaim(void)
{
	advise(MADV_FREE);
	advise(MADV_PAGEOUT);
}

static void remove_from_file(void)
{
	advise(MADV_REMOVE);
}

static void punch(off_t from, off_t length)
{
	int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	want(fallocate(memory_fd, mode, from, length), 0);
}

static void punch_all(void)
{
	punch(0, size);
}

static void punch_some(void)
{
	punch(5 * PAGE, 2 * PAGE);
}

static void punch_one_hugetlb(void)
{
	punch(HUGE_2M, HUGE_2M);
}

static void truncate_to(off_t length)
{
	want(ftruncate(memory_fd, length), 0);
}

static void truncate_down(void)
{
	truncate_to(5 * PAGE);
}

static void truncate_up(void)
{
	truncate_to(size);
}

static void truncate_down_and_up(void)
{
	truncate_to(0);
	truncate_to(size);
}

static void truncate_some_and_up(void)
{
	truncate_down();
	truncate_up();
}

static void cut_one_hugetlb_and_up(void)
{
	truncate_to(HUGE_2M);
	truncate_to(size);
}

static void allow(int prot)
{
	want(mprotect(memory, size, prot), 0);
}

static void allow_nothing(void)
{
	allow(PROT_NONE);
}

static void allow_reading(void)
{
	allow(PROT_READ);
}

static void allow_all(void)
{
	allow(RW);
}

static void read_only_and_back(void)
{
	allow_reading();
	allow_all();
}

/* The closest to what NUMA balancing does: the entries stay, without any right. */
static void none_and_back(void)
{
	allow_nothing();
	allow_all();
}

static void none_and_back_some(void)
{
	want(mprotect(memory + 5 * PAGE, 2 * PAGE, PROT_NONE), 0);
	want(mprotect(memory + 5 * PAGE, 2 * PAGE, RW), 0);
	if (size == HUGE_2M)
		want(smaps(memory, "AnonHugePages:"), 0);
}

static void in_the_child(void *arg)
{
	(void)arg;
	fill(memory, size, BY_OTHERS);
}

/* More than one change, in both orders: none is forgotten for another. */
static void protect_the_ends(void)
{
	want(mprotect(memory, PAGE, PROT_READ), 0);
	want(mprotect(memory, PAGE, RW), 0);
	want(mprotect(memory + size - PAGE, PAGE, PROT_READ), 0);
	want(mprotect(memory + size - PAGE, PAGE, RW), 0);
}

static void protect_and_dontneed(void)
{
	protect_the_ends();
	dontneed_some();
}

static void dontneed_and_protect(void)
{
	dontneed_some();
	protect_the_ends();
}

static void fork_and_child_writes(void)
{
	in_child(in_the_child, NULL);
}

static struct gate written, seen;

static void child_that_waits(void *arg)
{
	(void)arg;
	close(written.fds[1]); /* if the parent fails, this ends too */
	gate_wait(&written);
	want_filled(memory, size, OLD, 0);
	gate_open(&seen);
	gate_wait(&written);
}

/* The child is there and has the same contents while the parent writes. */
static void fork_and_parent_writes(void)
{
	pid_t child;

	written = gate_make();
	seen = gate_make();
	child = child_start(child_that_waits, NULL);
	fill(memory, size / 2, BY_OTHERS);
	fill(memory, size, OLD);
	gate_open(&written);
	gate_wait(&seen);
	fill(memory, size / 2, BY_OTHERS);
	fill(memory, size, OLD);
	gate_open(&written);
	child_end(child);
}

static void lock_and_unlock(void)
{
	want(mlock(memory, size), 0);
	want(munlock(memory, size), 0);
}

static void cool(void)
{
	advise(MADV_COLD);
}

static void set_kernel(const char *path, const char *value)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);

	if (file < 0)
		fail("%s: %m", path);
	want(write(file, value, strlen(value)), strlen(value));
	close(file);
}

static void clear_soft_dirty(void)
{
	set_kernel("/proc/self/clear_refs", "4");
}

static void clear_accessed(void)
{
	set_kernel("/proc/self/clear_refs", "1");
}

static void compact(void)
{
	set_kernel("/proc/sys/vm/compact_memory", "1");
}

static void move_pages_to_node(void)
{
	uint64_t pages = size / PAGE, i;
	int nodes[pages], status[pages];
	void *list[pages];

	for (i = 0; i < pages; i++) {
		list[i] = memory + i * PAGE;
		nodes[i] = 0;
	}
	want(syscall(SYS_move_pages, 0, pages, list, nodes, status, MPOL_MF_MOVE_ALL), 0);
	for (i = 0; i < pages; i++)
		want(status[i], 0);
}

static void bind_to_node(void)
{
	unsigned long nodes = 1;

	want(syscall(SYS_mbind, memory, size, MPOL_BIND, &nodes, 64, MPOL_MF_MOVE_ALL), 0);
}

/* Memory like it that is not pinned becomes huge, this one does not. */
static void collapse(void)
{
	char *pinned = memory;

	not_huge();
	want(madvise(memory, size, MADV_COLLAPSE), 0);
	want(smaps(memory, "AnonHugePages:"), size);
	want(munmap(memory, size), 0);
	memory = pinned;
	want(madvise(memory, size, MADV_COLLAPSE), -1);
	want(smaps(memory, "AnonHugePages:"), 0);
}

/* Split by a protection for a part, it could become huge again. */
static void split_and_collapse(void)
{
	none_and_back_some();
	madvise(memory, size, MADV_COLLAPSE);
}

#define KSM "/sys/kernel/mm/ksm/"

static char *mergeable(void)
{
	char *twin = anon(size);

	fill(twin, size, OLD);
	want(madvise(twin, size, MADV_MERGEABLE), 0);
	return twin;
}

static uint64_t full_scans(void)
{
	char text[32] = "";
	int file = open(KSM "full_scans", O_RDONLY | O_CLOEXEC);

	want_that(file >= 0);
	want_that(read(file, text, sizeof(text) - 1) > 0);
	close(file);
	return strtoull(text, NULL, 10);
}

/* Of three areas with the same contents the two that are not pinned become one. */
static void merge_equal_pages(void)
{
	char *one = mergeable(), *two = mergeable();
	uint64_t at, until;

	advise(MADV_MERGEABLE);
	set_kernel(KSM "sleep_millisecs", "0");
	set_kernel(KSM "run", "1");
	for (at = 0; at < size; at += PAGE)
		while (physical(one + at) != physical(two + at))
			usleep(1000);
	for (until = full_scans() + 2; full_scans() < until;)
		usleep(1000);
	set_kernel(KSM "run", "0");
	for (at = 0; at < size; at += PAGE)
		want_that(physical(memory + at) != physical(one + at));
	advise(MADV_UNMERGEABLE);
	want(munmap(one, size), 0);
	want(munmap(two, size), 0);
}

#define SWAP "/dev/zram0"

/* Compressed memory to swap to, where the kernel has it. */
static void swap_start(void)
{
	if (system("modprobe -q zram 2>/dev/null") || access(SWAP, F_OK))
		cr_skip_test("there is nothing to swap to");
	set_kernel("/sys/block/zram0/disksize", "64M");
	want(system("mkswap -q " SWAP " >/dev/null"), 0);
	want(swapon(SWAP, 0), 0);
}

static void swap_end(void)
{
	want(swapoff(SWAP), 0);
	set_kernel("/sys/block/zram0/reset", "1");
}

/* Memory like it that is not pinned goes, so that the kernel has tried. */
static void page_out(void)
{
	char *other = anon(size);

	swap_start();
	fill(other, size, OLD);
	while (physical(other) || physical(other + size - PAGE)) {
		compact(); /* gets it onto the list that is reclaimed from */
		want(madvise(other, size, MADV_PAGEOUT), 0);
	}
	advise(MADV_PAGEOUT);
	swap_end();
	want_filled(other, size, OLD, 0);
	want(munmap(other, size), 0);
}

static void page_out_without_swap(void)
{
	compact();
	advise(MADV_PAGEOUT);
}

static int uffd;

static void uffd_register(uint64_t mode)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register arg = {
		.range = { .start = ADDRESS(memory), .len = size },
		.mode = mode,
	};

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	want_that(uffd >= 0);
	want(ioctl(uffd, UFFDIO_API, &api), 0);
	want(ioctl(uffd, UFFDIO_REGISTER, &arg), 0);
}

static void uffd_protect(uint64_t mode)
{
	struct uffdio_writeprotect arg = {
		.range = { .start = ADDRESS(memory), .len = size },
		.mode = mode,
	};

	want(ioctl(uffd, UFFDIO_WRITEPROTECT, &arg), 0);
}

static void write_protect(void)
{
	uffd_register(UFFDIO_REGISTER_MODE_WP);
	uffd_protect(UFFDIO_WRITEPROTECT_MODE_WP);
}

static void write_unprotect(void)
{
	uffd_protect(0);
	want(close(uffd), 0);
}

static void write_protect_and_back(void)
{
	write_protect();
	write_unprotect();
}

/* As a virtual machine that arrives is filled: page by page. */
static void missing_and_copied(void)
{
	char *source = anon(size);
	struct uffdio_copy copy = {
		.dst = ADDRESS(memory),
		.src = ADDRESS(source),
		.len = size,
	};

	fill(source, size, BY_OTHERS);
	uffd_register(UFFDIO_REGISTER_MODE_MISSING);
	dontneed();
	want(ioctl(uffd, UFFDIO_COPY, &copy), 0);
	want(close(uffd), 0);
	want_filled(memory, size, BY_OTHERS, 0);
}

static void guard_one(void)
{
	if (madvise(memory + 4 * PAGE, PAGE, GUARD_INSTALL))
		cr_skip_test("the kernel has no guard pages");
}

static void unguard_one(void)
{
	want(madvise(memory + 4 * PAGE, PAGE, GUARD_REMOVE), 0);
}

static void write_to_file(void)
{
	want(pwrite(memory_fd, memory, size, 0), size);
}

/* Which pages of the area the process has got anew: the first, how many. */
#define NONE 0, 0
#define ALL 0, ~0ULL
#define SOME 5, 2

static const struct cause {
	const char *name;
	void (*make)(void);
	void (*change)(void);
	uint64_t first;
	uint64_t count;
} causes[] = {
	{ "nothing at all", small, NULL, NONE },
	{ "munmap, mmap", small, unmap_and_map, ALL },
	{ "munmap, mmap of a part", small, unmap_and_map_some, SOME },
	{ "munmap, mmap of a part of a huge page", huge, unmap_and_map_some, SOME },
	{ "MAP_FIXED", small, map_anonymous_over, ALL },
	{ "MAP_FIXED of a file", small, map_file_over, ALL },
	{ "MAP_FIXED of a file over a huge page", huge, map_file_over, ALL },
	{ "MAP_FIXED of memory over a file", shared, map_anonymous_over, ALL },
	{ "MAP_FIXED of the same file", shared, map_same_file_over, NONE },
	{ "mremap away", small, move_away_and_map, ALL },
	{ "mremap away of a huge page", huge, move_away_and_map, ALL },
	{ "mremap away of a file", shared, move_away_and_map, ALL },
	{ "mremap onto", small, move_others_onto, ALL },
	{ "mremap onto a huge page", huge, move_others_onto, ALL },
	{ "mremap without unmapping", small, move_only_the_pages, ALL },
	{ "mremap smaller and larger", small, shrink_and_grow, 5, 3 },
	{ "MADV_DONTNEED", small, dontneed, ALL },
	{ "MADV_DONTNEED of a part", small, dontneed_some, SOME },
	{ "MADV_DONTNEED of the first page", small, dontneed_the_first, 0, 1 },
	{ "MADV_DONTNEED of the last page", small, dontneed_the_last, 7, 1 },
	{ "MADV_DONTNEED of the neighbours", between_others, dontneed_the_neighbours, NONE },
	{ "MADV_DONTNEED after other changes", small, protect_and_dontneed, SOME },
	{ "MADV_DONTNEED before other changes", small, dontneed_and_protect, SOME },
	{ "MADV_DONTNEED of a huge page", huge, dontneed, ALL },
	{ "MADV_DONTNEED of a part of a huge page", huge, dontneed_some, SOME },
	{ "MADV_DONTNEED of a file", shared, dontneed, NONE },
	{ "MADV_DONTNEED of a private file", private, dontneed, ALL },
	{ "MADV_DONTNEED of hugetlb", hugetlb_private, dontneed, ALL },
	{ "MADV_DONTNEED of a hugetlb page", hugetlb_private, dontneed_one_hugetlb, 512, 512 },
	{ "MADV_FREE", small, free_lazily, NONE },
	{ "MADV_FREE of a huge page", huge, free_lazily, NONE },
	{ "MADV_FREE and reclaim", small, free_lazily_and_reclaim, NONE },
	{ "MADV_REMOVE", shared, remove_from_file, ALL },
	{ "MADV_REMOVE of hugetlb", hugetlb_shared, remove_from_file, ALL },
	{ "a hole", shared, punch_all, ALL },
	{ "a small hole", shared, punch_some, SOME },
	{ "a hole below a private file", private, punch_all, NONE },
	{ "a hole in hugetlb", hugetlb_shared, punch_all, ALL },
	{ "a hole of a hugetlb page", hugetlb_shared, punch_one_hugetlb, 512, 512 },
	{ "ftruncate down and up", shared, truncate_down_and_up, ALL },
	{ "ftruncate a bit down and up", shared, truncate_some_and_up, 5, 3 },
	{ "ftruncate of a private file", private, truncate_down_and_up, ALL },
	{ "ftruncate of hugetlb", hugetlb_shared, cut_one_hugetlb_and_up, 512, 512 },
	{ "write() to the file", shared, write_to_file, NONE },
	{ "mprotect to read-only and back", small, read_only_and_back, NONE },
	{ "mprotect to none and back", small, none_and_back, NONE },
	{ "mprotect of a file to none and back", shared, none_and_back, NONE },
	{ "mprotect of hugetlb to none and back", hugetlb_private, none_and_back, NONE },
	{ "mprotect of a part to none and back", small, none_and_back_some, NONE },
	{ "mprotect that splits a huge page", huge, none_and_back_some, NONE },
	{ "MADV_COLLAPSE", not_huge, collapse, NONE },
	{ "MADV_COLLAPSE of a split huge page", huge, split_and_collapse, NONE },
	{ "fork, the child writes", small, fork_and_child_writes, NONE },
	{ "fork, the parent writes", small, fork_and_parent_writes, NONE },
	{ "fork with a huge page, the child writes", huge, fork_and_child_writes, NONE },
	{ "fork with a huge page, the parent writes", huge, fork_and_parent_writes, NONE },
	{ "fork with a private file", private, fork_and_child_writes, NONE },
	{ "fork with hugetlb, the child writes", hugetlb_private, fork_and_child_writes, NONE },
	{ "fork with hugetlb, the parent writes", hugetlb_private, fork_and_parent_writes, NONE },
	{ "mlock", small, lock_and_unlock, NONE },
	{ "MADV_COLD", small, cool, NONE },
	{ "KSM", small, merge_equal_pages, NONE },
	{ "soft-dirty", small, clear_soft_dirty, NONE },
	{ "soft-dirty of a huge page", huge, clear_soft_dirty, NONE },
	{ "soft-dirty of a file", shared, clear_soft_dirty, NONE },
	{ "referenced", small, clear_accessed, NONE },
	{ "compaction", not_huge, compact, NONE },
	{ "move_pages()", small, move_pages_to_node, NONE },
	{ "mbind()", small, bind_to_node, NONE },
	{ "mbind() of a huge page", huge, bind_to_node, NONE },
	{ "mbind() of a file", shared, bind_to_node, NONE },
	{ "swap", small, page_out, NONE },
	{ "swap of a huge page", huge, page_out, NONE },
	{ "swap of a file", shared, page_out, NONE },
	{ "MADV_PAGEOUT without swap", small, page_out_without_swap, NONE },
	{ "MADV_PAGEOUT of a file without swap", shared, page_out_without_swap, NONE },
	{ "userfaultfd write protection", small, write_protect_and_back, NONE },
	{ "userfaultfd write protection of a file", shared, write_protect_and_back, NONE },
	{ "userfaultfd copy", small, missing_and_copied, ALL },
};

/* Memory that cannot be had for a while: which page is refused, and what is new afterwards. */
static const struct refusal {
	const char *name;
	void (*make)(void);
	void (*take)(void);
	void (*give)(void);
	uint64_t refused;
	uint64_t first;
	uint64_t count;
} refusals[] = {
	{ "mprotect to none", small, allow_nothing, allow_all, 0, NONE },
	{ "mprotect of a huge page to none", huge, allow_nothing, allow_all, 0, NONE },
	{ "mprotect of a file to none", shared, allow_nothing, allow_all, 0, NONE },
	{ "mprotect to read-only", small, allow_reading, allow_all, 0, NONE },
	{ "userfaultfd write protection", small, write_protect, write_unprotect, 0, NONE },
	{ "mremap smaller", small, shrink, grow, 5, 5, 3 },
	{ "ftruncate down", shared, truncate_down, truncate_up, 5, 5, 3 },
	{ "a guard page", small, guard_one, unguard_one, 4, 4, 1 },
};

/* Memory that can only be read for a while: whoever wants to read it shares it. */
static const struct limit {
	const char *name;
	void (*make)(void);
	void (*take)(void);
	void (*give)(void);
} limits[] = {
	{ "mprotect to read-only", small, allow_reading, allow_all },
	{ "mprotect of a huge page to read-only", huge, allow_reading, allow_all },
	{ "mprotect of a file to read-only", shared, allow_reading, allow_all },
	{ "mprotect of hugetlb to read-only", hugetlb_private, allow_reading, allow_all },
	{ "userfaultfd write protection", small, write_protect, write_unprotect },
};

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
	want(query_process(fd).stale, 0);
	want(query_process(fd).shared, 0);
	want(close(fd), 0);
	want(vm_pin(), 0);
	want(system_pinned(), pinned_before);
	want_nothing_left();
	want(munmap(memory, size), 0);
	close(memory_fd);
	want_that(hugetlb_reserve(HUGE_2M, 0));
}

static void fill_iova(uint64_t iova, uint64_t from)
{
	char *copy = malloc(size);

	want_that(copy);
	fill(copy, size, from);
	want(access_write(fd, ioas, iova, copy, size, NULL), 0);
	free(copy);
}

/* The changed pages have one pattern, those around them another. */
static void want_iova(uint64_t iova, uint64_t first, uint64_t count, uint64_t inside,
		      uint64_t around)
{
	uint64_t start = first * PAGE, length = count * PAGE, end = start + length;

	if (length)
		want_iova_filled(fd, ioas, iova + start, length, inside, start);
	if (start)
		want_iova_filled(fd, ioas, iova, start, around, 0);
	if (end < size)
		want_iova_filled(fd, ioas, iova + end, size - end, around, end);
}

static void want_unchanged_around(uint64_t first, uint64_t count)
{
	uint64_t start = first * PAGE, end = start + count * PAGE;

	want_filled(memory, start, OLD, 0);
	want_filled(memory + end, size - end, OLD, end);
}

/* All that can be written is seen by whom it has to be seen by, and by nobody else. */
static void want_old_and_new(uint32_t access, uint64_t first, uint64_t count)
{
	want_iova(AT, 0, size / PAGE, OLD, OLD);
	fill(memory, size, BY_PROCESS);
	want_iova_filled(fd, ioas, AGAIN, size, BY_PROCESS, 0);
	want_iova(AT, first, count, OLD, BY_PROCESS);
	if (access == READ_ONLY)
		return;
	fill_iova(AGAIN, BY_NEW_IOVA);
	want_filled(memory, size, BY_NEW_IOVA, 0);
	want_iova(AT, first, count, OLD, BY_NEW_IOVA);
	fill_iova(AT, BY_OLD_IOVA);
	want_iova_filled(fd, ioas, AT, size, BY_OLD_IOVA, 0);
	want_iova(AGAIN, first, count, BY_NEW_IOVA, BY_OLD_IOVA);
	want_filled(memory + first * PAGE, count * PAGE, BY_NEW_IOVA, first * PAGE);
}

/* A pin that was touched is looked up again, one that was not isn't. */
static void want_looked_again(const struct ioasid_query *before, const struct ioasid_query *after)
{
	uint64_t looks = after->rechecked - before->rechecked;

	if (after->turned_stale)
		want_that(before->suspected > 0);
	else if (before->suspected)
		want(looks, 1);
	else if (!after->suspected)
		want(looks, 0);
}

/* Map again, see what is there and what is counted, and give it all back. */
static void want_again(uint32_t access, uint64_t first, uint64_t count)
{
	struct ioasid_map map = {
		.flags = access | IOASID_MAP_FIXED,
		.ioas_id = ioas,
		.va = ADDRESS(memory),
		.length = size,
		.iova = AGAIN,
	};
	struct ioasid_query before = query_process(fd), after;
	bool other = count;

	want_unchanged_around(first, count);
	want(map_call(fd, &map), 0);
	want(map.out_reused, other ? 0 : size);
	want_pinned(fd, 1 + other, size << other);
	after = query_process(fd);
	want(after.stale, other ? size : 0);
	want(after.shared, other ? 0 : size);
	want(after.turned_stale, other);
	want_looked_again(&before, &after);
	want_old_and_new(access, first, count);
	want(unmap(fd, ioas, AT, size, NULL), 0);
	want_pinned(fd, 1, size);
	want(query_process(fd).stale, 0);
	want(unmap(fd, ioas, AGAIN, size, NULL), 0);
}

static void map_first(void (*make)(void), uint32_t access)
{
	make();
	fill(memory, size, OLD);
	want(map_at(fd, ioas, memory, size, access, AT), 0);
	want_pinned(fd, 1, size);
}

static void run_cause(const struct cause *cause, uint32_t access)
{
	uint64_t count;

	context("%s, %s", cause->name, access == READ_ONLY ? "read-only" : "writable");
	open_one();
	map_first(cause->make, access);
	if (cause->change)
		cause->change();
	count = cause->count == ~0ULL ? size / PAGE : cause->count;
	want_again(access, cause->first, count);
	close_one();
}

/* Each row is a test of its own, in a process of its own: it is named by its index. */
static struct criterion_test_params rows(size_t count)
{
	static size_t index[ARRAY_SIZE(causes)];
	size_t i;

	for (i = 0; i < count; i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, count);
}

ParameterizedTestParameters(stale, cause)
{
	return rows(ARRAY_SIZE(causes));
}

ParameterizedTest(size_t *row, stale, cause)
{
	run_cause(&causes[*row], READ_WRITE);
	run_cause(&causes[*row], READ_ONLY);
}

/*
 * The pages are the same in the end, but were away for a moment. Whether that was noticed or not,
 * both mappings have them.
 */
static void run_away_and_back(void (*make)(void))
{
	struct ioasid_map map = {
		.flags = READ_WRITE | IOASID_MAP_FIXED,
		.iova = AGAIN,
	};
	bool noticed;

	open_one();
	map_first(make, READ_WRITE);
	map.ioas_id = ioas;
	map.va = ADDRESS(memory);
	map.length = size;
	move_away_and_back();
	want(map_call(fd, &map), 0);
	noticed = query_process(fd).turned_stale;
	want(map.out_reused, noticed ? 0 : size);
	want_pinned(fd, 1 + noticed, size << noticed);
	fill(memory, size, BY_PROCESS);
	want_iova_filled(fd, ioas, AT, size, BY_PROCESS, 0);
	want_iova_filled(fd, ioas, AGAIN, size, BY_PROCESS, 0);
	want(unmap(fd, ioas, AT, size, NULL), 0);
	want(unmap(fd, ioas, AGAIN, size, NULL), 0);
	close_one();
}

Test(stale, moved_away_and_back)
{
	context("4K pages");
	run_away_and_back(small);
	context("a huge page");
	run_away_and_back(huge);
}

/* While it cannot be had, a map says where and changes nothing, and the old one has what it had. */
static void want_refused(uint64_t page)
{
	struct ioasid_error error = ERROR_INIT;
	struct ioasid_map map = {
		.flags = READ_WRITE,
		.ioas_id = ioas,
		.va = ADDRESS(memory),
		.length = size,
		.error = ADDRESS(&error),
	};

	want(map_call(fd, &map), -EFAULT);
	want(error.stage, IOASID_STAGE_PIN);
	want(error.addr, ADDRESS(memory) + page * PAGE);
	want_pinned(fd, 1, size);
	want(query_file(fd).mapped, size);
	want(system_pinned() - pinned_before, size / PAGE);
	want_iova_filled(fd, ioas, AT, size, OLD, 0);
	fill_iova(AT, OLD);
}

ParameterizedTestParameters(stale, refusal)
{
	return rows(ARRAY_SIZE(refusals));
}

ParameterizedTest(size_t *row, stale, refusal)
{
	const struct refusal *refusal = &refusals[*row];

	context("%s", refusal->name);
	open_one();
	map_first(refusal->make, READ_WRITE);
	refusal->take();
	want_refused(refusal->refused);
	refusal->give();
	want_again(READ_WRITE, refusal->first, refusal->count);
	close_one();
}

/* One memory after the other at the same address: each has its mapping, in any order of going. */
#define GENERATIONS 5

static void want_generations(uint64_t from, uint64_t until)
{
	uint64_t n;

	for (n = from; n < until; n++)
		want_iova_filled(fd, ioas, AT + n * GIB, size, 100 + n, 0);
}

Test(stale, again_and_again)
{
	uint64_t n;

	open_one();
	small();
	for (n = 0; n < GENERATIONS; n++) {
		fill(memory, size, 100 + n);
		want(map_at(fd, ioas, memory, size, READ_WRITE, AT + n * GIB), 0);
		want_pinned(fd, n + 1, (n + 1) * size);
		want(query_process(fd).stale, n * size);
		if (n < GENERATIONS - 1)
			dontneed();
	}
	want_generations(0, GENERATIONS);
	/* The newest first: what is left is all stale, and nobody is given it. */
	n = GENERATIONS - 1;
	want(unmap(fd, ioas, AT + n * GIB, size, NULL), 0);
	want_pinned(fd, n, n * size);
	want(query_process(fd).stale, n * size);
	want(map_at(fd, ioas, memory, size, READ_WRITE, AT + n * GIB), 0);
	want_pinned(fd, n + 1, (n + 1) * size);
	want_generations(0, GENERATIONS);
	for (n = 0; n < GENERATIONS; n++) {
		want_generations(n, GENERATIONS);
		want(unmap(fd, ioas, AT + n * GIB, size, NULL), 0);
		want_pinned(fd, GENERATIONS - 1 - n, (GENERATIONS - 1 - n) * size);
	}
	close_one();
}

/* All files of the process find the new memory, and it is pinned once for them. */
Test(stale, all_files_share_what_is_new)
{
	int other;
	uint32_t other_ioas, id;
	uint64_t iova;
	struct ioasid_pin pin;

	open_one();
	small();
	other = device_open();
	other_ioas = make_ioas(other);
	fill(memory, size, OLD);
	id = make_pin(fd, memory, size);
	want(map_at(other, other_ioas, memory, size, READ_WRITE, AT), 0);
	want_pinned(fd, 1, size);
	unmap_and_map();
	fill(memory, size, BY_PROCESS);
	want(map_any(other, other_ioas, memory, size, READ_WRITE, &iova), 0);
	want(pin_call(fd, memory, size, IOASID_PIN_WRITE, &pin), 0);
	want(pin.out_new, 0);
	want_pinned(fd, 2, 2 * size);
	/* The first id is the old memory still. */
	want(map_pin_at(fd, ioas, id, 0, size, READ_WRITE, AT), 0);
	want(map_pin_at(fd, ioas, pin.out_id, 0, size, READ_WRITE, AGAIN), 0);
	want_iova_filled(fd, ioas, AT, size, OLD, 0);
	want_iova_filled(fd, ioas, AGAIN, size, BY_PROCESS, 0);
	want_iova_filled(other, other_ioas, AT, size, OLD, 0);
	want_iova_filled(other, other_ioas, iova, size, BY_PROCESS, 0);
	want(query_process(fd).stale, size);
	want(query_process(fd).shared, 2 * size);
	want(close(other), 0);
	want_pinned(fd, 2, 2 * size);
	want(close(fd), 0);
	fd = device_open();
	close_one();
}

static void want_shared_for_reading(void)
{
	struct ioasid_map map = {
		.flags = READ_ONLY | IOASID_MAP_FIXED,
		.ioas_id = ioas,
		.va = ADDRESS(memory),
		.length = size,
		.iova = AGAIN,
	};

	want(map_call(fd, &map), 0);
	want(map.out_reused, size);
	want_pinned(fd, 1, size);
	want(query_process(fd).stale, 0);
	want_iova_filled(fd, ioas, AGAIN, size, OLD, 0);
	want(unmap(fd, ioas, AGAIN, size, NULL), 0);
}

ParameterizedTestParameters(stale, limit)
{
	return rows(ARRAY_SIZE(limits));
}

ParameterizedTest(size_t *row, stale, limit)
{
	const struct limit *limit = &limits[*row];

	context("%s", limit->name);
	open_one();
	map_first(limit->make, READ_WRITE);
	limit->take();
	want_shared_for_reading();
	limit->give();
	want_again(READ_WRITE, NONE);
	close_one();
}
