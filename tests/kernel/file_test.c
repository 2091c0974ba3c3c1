// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files: memfds, tmpfs, hugetlbfs and dma-bufs, mapped by descriptor. What is pinned of a file
 * belongs to the file: it is counted by the audit here, and charged to whoever was first.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"
#include "random.h"
#include "user.h"

#define AT (4 * GIB)
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

#define FILE_TEST(name) TEST_BETWEEN(open_one, close_one, file, name)

/* So much is pinned in the whole system, all of it charged to this process. */
#define want_held(pages)                            \
	do {                                        \
		struct ioasid_audit now_ = audit(); \
                                                    \
		want(now_.pinned, (pages) * PAGE);  \
		want(now_.charged, (pages) * PAGE); \
		want(vm_pin(), (pages) * PAGE);     \
	} while (0)

/* Another open file of the same file. */
static int reopen(int file, int flags)
{
	char path[32];
	int other;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	other = open(path, flags | O_CLOEXEC);
	want_that(other >= 0);
	return other;
}

static int sealable(uint64_t size)
{
	int file = memfd_create("ioasid-test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	want_that(file >= 0);
	want(ftruncate(file, size), 0);
	return file;
}

static uint64_t blocks(int file)
{
	struct stat stat;

	want(fstat(file, &stat), 0);
	return stat.st_blocks * 512;
}

static struct ioasid_translate look_up(uint32_t id, uint64_t iova)
{
	struct ioasid_translate found;

	want(translate(fd, id, iova, IOASID_TRANSLATE_PHYS, &found), 0);
	return found;
}

static void want_refused(uint32_t flags, int file, uint64_t offset, uint64_t length, int error)
{
	struct ioasid_error why = ERROR_INIT;
	struct counts before = counts(fd);
	struct ioasid_map_file map = {
		.flags = flags,
		.ioas_id = ioas,
		.fd = file,
		.offset = offset,
		.length = length,
		.error = ADDRESS(&why),
	};

	context("flags %u, offset 0x%llx, length 0x%llx", flags, (unsigned long long)offset,
		(unsigned long long)length);
	want(map_file_call(fd, &map), -error);
	want(why.code, error);
	want_that(why.stage != IOASID_STAGE_NONE);
	want_unchanged(fd, &before);
}

FILE_TEST(is_pinned_and_charged_once_whoever_maps_it)
{
	int file, again, other_fd = device_open();
	char *memory = memfd(SIZE, &file);
	uint32_t second = make_ioas(fd), third = make_ioas(other_fd);

	again = reopen(file, O_RDWR);
	fill(memory, SIZE, 1);
	want(make_map_file(fd, ioas, file, 0, SIZE, AT), 0);
	want_held(PAGES);
	want(make_map_file(fd, second, file, 0, SIZE, AT), SIZE);
	want(make_map_file(fd, second, again, 0, SIZE, AT + GIB), SIZE);
	want(make_map_file(other_fd, third, again, PAGE, 3 * PAGE, AT), 3 * PAGE);
	want_held(PAGES);
	want(look_up(second, AT + GIB).out_pin, look_up(ioas, AT).out_pin);
	want(look_up(ioas, AT + 3 * PAGE).out_phys, physical(memory + 3 * PAGE));
	want(look_up(ioas, AT + 3 * PAGE + 5).out_va, 3 * PAGE + 5);
	want_iova_filled(other_fd, third, AT, 3 * PAGE, 1, PAGE);
	want(query_ioas(fd, second).mapped, 2 * SIZE);

	want(unmap_all(fd, ioas, NULL), 0);
	want(unmap_all(fd, second, NULL), 0);
	want_held(PAGES);
	want(close(other_fd), 0);
	want_held(0);
	want(make_map_file(fd, ioas, file, 0, PAGE, AT), 0);
	want_held(1);
}

FILE_TEST(only_gaps_are_new)
{
	int file;
	char *memory = memfd(SIZE, &file);

	fill(memory, SIZE, 1);
	want(make_map_file(fd, ioas, file, 2 * PAGE, 2 * PAGE, AT), 0);
	want(make_map_file(fd, ioas, file, 5 * PAGE, PAGE, AT + GIB), 0);
	want_held(3);
	want(make_map_file(fd, ioas, file, 0, SIZE, AT + 2 * GIB), 3 * PAGE);
	want_held(PAGES);
	want_iova_filled(fd, ioas, AT + 2 * GIB, SIZE, 1, 0);
	want(make_map_file(fd, ioas, file, 3 * PAGE, 4 * PAGE, AT + 3 * GIB), 4 * PAGE);
	want_iova_filled(fd, ioas, AT + 3 * GIB, 4 * PAGE, 1, 3 * PAGE);
	/* By address it is memory like any other, and has pins of its own. */
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT + 4 * GIB), 0);
	want_held(2 * PAGES);
	want(look_up(ioas, AT + 4 * GIB).out_phys, look_up(ioas, AT + 2 * GIB).out_phys);
}

FILE_TEST(has_what_is_written_on_both_sides)
{
	char *memory, *buffer = malloc(SIZE), path[] = "/dev/shm/ioasid-test-XXXXXX";
	int file = mkstemp(path);

	want_that(file >= 0);
	want(unlink(path), 0);
	want(ftruncate(file, SIZE), 0);
	want(blocks(file), 0);
	/* Nothing was there yet: holes are filled, for a reader, too. */
	want(map_file_at(fd, ioas, file, 0, 2 * PAGE, READ_ONLY, AT), 0);
	want(blocks(file), 2 * PAGE);
	want_held(2);
	want(access_write(fd, ioas, AT, buffer, 8, NULL), -EACCES);
	want(make_map_file(fd, ioas, file, 0, SIZE, AT + GIB), 2 * PAGE);
	want(blocks(file), SIZE);
	want_held(PAGES);
	want(access_read(fd, ioas, AT + GIB, buffer, SIZE, NULL), 0);
	want(buffer[0], 0);
	want(memcmp(buffer, buffer + 1, SIZE - 1), 0);

	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	want_that(memory != MAP_FAILED);
	fill(memory, SIZE, 1);
	want_iova_filled(fd, ioas, AT + GIB, SIZE, 1, 0);
	want_iova_filled(fd, ioas, AT, 2 * PAGE, 1, 0);
	fill(buffer, SIZE, 2);
	want(access_write(fd, ioas, AT + GIB, buffer, SIZE, NULL), 0);
	want_filled(memory, SIZE, 2, 0);
	want_iova_filled(fd, ioas, AT, 2 * PAGE, 2, 0);
	fill(buffer, SIZE, 3);
	want(pwrite(file, buffer, SIZE, 0), SIZE);
	want_iova_filled(fd, ioas, AT + GIB, SIZE, 3, 0);
	/* Writing doesn't change which pages it has. */
	want(make_map_file(fd, ioas, file, 0, SIZE, AT + 2 * GIB), SIZE);
	want_held(PAGES);
	want(munmap(memory, SIZE), 0);
	want(close(file), 0);
	free(buffer);
}

FILE_TEST(outlives_its_descriptor)
{
	int file;
	char *memory = memfd(SIZE, &file), *buffer = malloc(SIZE);

	fill(memory, SIZE, 1);
	make_map_file(fd, ioas, file, 0, SIZE, AT);
	want(munmap(memory, SIZE), 0);
	want(close(file), 0);
	want_held(PAGES);
	want_iova_filled(fd, ioas, AT, SIZE, 1, 0);
	fill(buffer, SIZE, 2);
	want(access_write(fd, ioas, AT, buffer, SIZE, NULL), 0);
	want_iova_filled(fd, ioas, AT, SIZE, 2, 0);
	free(buffer);
}

FILE_TEST(ends_where_it_ends)
{
	int file;

	memfd(SIZE, &file);
	want_refused(READ_WRITE, file, SIZE, PAGE, EFAULT);
	want_refused(READ_WRITE, file, 0, SIZE + PAGE, EFAULT);
	want_refused(READ_ONLY, file, SIZE - PAGE, 2 * PAGE, EFAULT);
	want_refused(READ_ONLY, file, 1ULL << 50, PAGE, EFAULT);
	want_refused(READ_ONLY, file, 0, 1ULL << 50, EFAULT);
	want_refused(READ_ONLY, file, 0, 0, EINVAL);
	want_refused(READ_ONLY, file, 0, PAGE + 1, EINVAL);
	want_refused(READ_ONLY, file, 512, PAGE, EINVAL);
	want_refused(READ_ONLY, file, -PAGE, 2 * PAGE, EOVERFLOW);
	want_refused(0, file, 0, PAGE, EINVAL);
	/* It grows: there is more to have. */
	want(ftruncate(file, SIZE + PAGE), 0);
	want(make_map_file(fd, ioas, file, 0, SIZE + PAGE, AT), 0);
	want_held(PAGES + 1);
}

FILE_TEST(permits_what_its_descriptor_permits)
{
	int file = sealable(SIZE), reader = reopen(file, O_RDONLY), writer = reopen(file, O_WRONLY);
	int sealed = sealable(SIZE), later = sealable(SIZE);
	uint32_t flags;

	want_refused(READ_WRITE, reader, 0, SIZE, EACCES);
	want_refused(IOASID_MAP_WRITE, reader, 0, SIZE, EACCES);
	want_refused(READ_ONLY, writer, 0, SIZE, EACCES);
	want_refused(READ_WRITE, writer, 0, SIZE, EACCES);
	want(fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE), 0);
	want_refused(READ_WRITE, sealed, 0, SIZE, EACCES);
	want(map_file_at(fd, ioas, sealed, 0, SIZE, READ_ONLY, AT), 0);
	want(fcntl(later, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	want_refused(READ_WRITE, later, 0, SIZE, EACCES);
	want_held(PAGES);
	/* One that was mapped for reading is no reason to refuse a writer, nor to pin again. */
	want(map_file_at(fd, ioas, reader, 0, SIZE, READ_ONLY, AT + GIB), 0);
	want(make_map_file(fd, ioas, file, 0, SIZE, AT + 2 * GIB), SIZE);
	want_held(2 * PAGES);
	/* And the other way round; the reader's mapping stays one. */
	want(map_file_at(fd, ioas, reader, 0, SIZE, READ_ONLY, AT + 3 * GIB), 0);
	want(access_write(fd, ioas, AT + 3 * GIB, &flags, sizeof(flags), NULL), -EACCES);
	want_refused(READ_WRITE, reader, 0, SIZE, EACCES);
	want_held(2 * PAGES);
	/* What a device may write cannot be sealed. */
	want(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), -1);
	want(errno, EBUSY);
}

FILE_TEST(must_be_of_a_known_kind)
{
	int pipes[2], pair[2], path, regular = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	want(pipe(pipes), 0);
	want(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	want_that(regular >= 0);
	path = open("/dev/shm", O_PATH | O_CLOEXEC);
	want_that(path >= 0);
	want_refused(READ_ONLY, pipes[0], 0, PAGE, EINVAL);
	want_refused(READ_ONLY, pair[0], 0, PAGE, EINVAL);
	want_refused(READ_ONLY, regular, 0, PAGE, EINVAL);
	want_refused(READ_ONLY, open("/dev/shm", O_RDONLY | O_CLOEXEC), 0, PAGE, EINVAL);
	want_refused(READ_ONLY, open("/proc/self/maps", O_RDONLY | O_CLOEXEC), 0, PAGE, EINVAL);
	want_refused(READ_ONLY, open("/dev/zero", O_RDWR | O_CLOEXEC), 0, PAGE, EINVAL);
	want_refused(READ_ONLY, fd, 0, PAGE, EINVAL);
	want_refused(READ_ONLY, path, 0, PAGE, EBADF);
	want_refused(READ_ONLY, -1, 0, PAGE, EBADF);
	want_refused(READ_ONLY, 0x7fffffff, 0, PAGE, EBADF);
	want(close(pipes[1]), 0);
	want_refused(READ_ONLY, pipes[1], 0, PAGE, EBADF);
}

/* What a page has: the pattern, or zeros. */
static void want_page(uint64_t iova, unsigned int page, bool zero)
{
	char buffer[PAGE], zeros[PAGE] = {};

	context("page %u", page);
	if (!zero) {
		want_iova_filled(fd, ioas, iova + page * PAGE, PAGE, 1, page * PAGE);
		return;
	}
	want(access_read(fd, ioas, iova + page * PAGE, buffer, PAGE, NULL), 0);
	want(memcmp(buffer, zeros, PAGE), 0);
}

FILE_TEST(with_a_new_hole_has_new_pages_for_a_new_map)
{
	int file;
	char *memory = memfd(SIZE, &file), mark[8] = "new";
	unsigned int page;

	fill(memory, SIZE, 1);
	make_map_file(fd, ioas, file, 0, SIZE, AT);
	want(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2 * PAGE, 3 * PAGE), 0);
	make_map_file(fd, ioas, file, 0, SIZE, AT + GIB);
	for (page = 0; page < PAGES; page++) {
		want_page(AT, page, false);
		want_page(AT + GIB, page, page >= 2 && page < 5);
		want(!*(uint64_t *)(memory + page * PAGE + 8), page >= 2 && page < 5);
		want(look_up(ioas, AT + GIB + page * PAGE).out_phys,
		     physical(memory + page * PAGE));
	}
	want(access_write(fd, ioas, AT + GIB + 3 * PAGE, mark, sizeof(mark), NULL), 0);
	want(memcmp(memory + 3 * PAGE, mark, sizeof(mark)), 0);
	want_page(AT, 3, false);

	/* A third map shares what the second has. */
	want(make_map_file(fd, ioas, file, 0, SIZE, AT + 2 * GIB), SIZE);
	want(look_up(ioas, AT + 2 * GIB + 3 * PAGE).out_pin,
	     look_up(ioas, AT + GIB + 3 * PAGE).out_pin);
	audit();
}

FILE_TEST(that_was_cut_off_has_new_pages_for_a_new_map)
{
	int file;
	char *memory = memfd(SIZE, &file);
	unsigned int page;

	fill(memory, SIZE, 1);
	make_map_file(fd, ioas, file, 0, SIZE, AT);
	want(ftruncate(file, 3 * PAGE), 0);
	want_refused(READ_WRITE, file, 0, SIZE, EFAULT);
	want_refused(READ_WRITE, file, 3 * PAGE, PAGE, EFAULT);
	want(map_file_at(fd, ioas, file, 0, 3 * PAGE, READ_WRITE, AT + GIB), 0);
	want(ftruncate(file, SIZE), 0);
	make_map_file(fd, ioas, file, 0, SIZE, AT + 2 * GIB);
	for (page = 0; page < PAGES; page++) {
		want_page(AT, page, false);
		want_page(AT + 2 * GIB, page, page >= 3);
	}
	want(munmap(memory, SIZE), 0);
	want(close(file), 0);
	want(unmap_all(fd, ioas, NULL), 0);
	want_held(0);
}

FILE_TEST(of_huge_pages_has_huge_entries)
{
	int file = memfd_create("ioasid-test", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
	uint32_t table = make_table(fd, ioas);
	struct ioasid_map_file map = {
		.flags = READ_WRITE,
		.ioas_id = ioas,
		.fd = file,
		.length = 2 * HUGE_2M,
	};
	char *memory;

	want_that(file >= 0);
	want_that(hugetlb_reserve(HUGE_2M, 2));
	want(ftruncate(file, 2 * HUGE_2M), 0);
	/* A page of a huge page costs a page, and is filled by the whole. */
	want(make_map_file(fd, ioas, file, HUGE_2M + 5 * PAGE, PAGE, AT), 0);
	want_held(1);
	want(blocks(file), HUGE_2M);
	want(map_file_call(fd, &map), 0);
	want(map.out_reused, PAGE);
	want_held(2 * HUGE_2M / PAGE);
	want(map.iova % HUGE_2M, 0);
	/* What mmap() sets aside is nobody else's to take. */
	want(meminfo("HugePages_Rsvd:"), 0);
	memory = mmap(NULL, 2 * HUGE_2M, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	want_that(memory != MAP_FAILED);
	fill(memory, 2 * HUGE_2M, 1);
	want_iova_filled(fd, ioas, map.iova, 2 * HUGE_2M, 1, 0);
	want_iova_filled(fd, ioas, AT, PAGE, 1, HUGE_2M + 5 * PAGE);
	want(look_up(table, map.iova).out_length, HUGE_2M);
	want(look_up(table, map.iova).out_phys, physical(memory));
	want_that(look_up(ioas, map.iova).out_length >= HUGE_2M);
	want(look_up(ioas, map.iova).out_phys % HUGE_2M, 0);
	want_refused(READ_WRITE, file, 2 * HUGE_2M - PAGE, 2 * PAGE, EFAULT);
	want(unmap_all(fd, ioas, NULL), 0);
	/* Whole, it is one run: one entry, in one piece. */
	want(make_map_file(fd, ioas, file, 0, HUGE_2M, AT), 0);
	want(look_up(ioas, AT).out_length, HUGE_2M);
	want(query_ioas(fd, ioas).mappings, 1);
	want(query_ioas(fd, ioas).table_memory, 3 * PAGE);
	want(munmap(memory, 2 * HUGE_2M), 0);
	want(unmap_all(fd, ioas, NULL), 0);
	want(close(file), 0);
	want_that(hugetlb_reserve(HUGE_2M, 0));
	want(meminfo("HugePages_Total:"), 0);
	want(meminfo("HugePages_Rsvd:"), 0);
}

/* Threads that map and unmap parts of a file, and one that takes its pages away. */
struct worker {
	int fd, file;
	uint32_t ioas;
	struct rng rng;
};

static void map_parts(struct worker *w)
{
	unsigned int first = rng_below(&w->rng, PAGES), pages = 1 + rng_below(&w->rng, PAGES);
	bool inside = first + pages <= PAGES;
	uint64_t mark = rng_next(&w->rng);

	want(map_file_at(w->fd, w->ioas, w->file, first * PAGE, pages * PAGE, READ_WRITE, AT),
	     inside ? 0 : -EFAULT);
	if (inside)
		want(access_write(w->fd, w->ioas, AT, &mark, sizeof(mark), NULL), 0);
	want(unmap_all(w->fd, w->ioas, NULL), 0);
}

static void punch(struct worker *w)
{
	unsigned int first = rng_below(&w->rng, PAGES);

	want(fallocate(w->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, first * PAGE, 2 * PAGE),
	     0);
}

static void work(void *arg)
{
	struct worker *w = arg;
	uint64_t n = runs(1000, 200), i;

	for (i = 0; i < n; i++) {
		if (w->fd < 0)
			punch(w);
		else
			map_parts(w);
	}
}

FILE_TEST(is_mapped_by_many_while_it_changes)
{
	int file, other_fd = device_open();
	struct worker workers[4];
	unsigned int i;

	memfd(SIZE, &file);
	for (i = 0; i < 4; i++)
		workers[i] = (struct worker){ .fd = i ? i % 2 ? fd : other_fd : -1,
					      .file = file,
					      .rng = rng_make(seed() + i) };
	for (i = 1; i < 4; i++)
		workers[i].ioas = make_ioas(workers[i].fd);
	in_threads(4, work, workers, sizeof(workers[0]));
	want_held(0);
	/* With nobody at it, what one pins is all there is. */
	want(make_map_file(fd, ioas, file, 0, SIZE, AT), 0);
	want_held(PAGES);
	want(close(other_fd), 0);
}

/* Charged to whoever was first, and what comes later costs a second process nothing. */
static int shared_file;
static struct gate mapped, done;

static void map_as_user_b(void *arg)
{
	int own = device_open();

	(void)arg;
	become_user(USER_B, PAGE);
	want(make_map_file(own, make_ioas(own), shared_file, 0, SIZE, AT), SIZE);
	want(vm_pin(), 0);
	gate_open(&mapped);
	gate_wait(&done);
}

static void limited_to_eight_pages(void *arg)
{
	struct ioasid_error why = ERROR_INIT;
	struct ioasid_map_file map = {
		.flags = READ_WRITE,
		.ioas_id = ioas,
		.length = SIZE + PAGE,
		.error = ADDRESS(&why),
	};

	(void)arg;
	memfd(SIZE + PAGE, &shared_file);
	map.fd = shared_file;
	become_user(USER_A, SIZE);
	want(map_file_call(fd, &map), -ENOMEM);
	want(why.stage, IOASID_STAGE_CHARGE);
	want(why.asked, SIZE + PAGE);
	want(why.used, 0);
	want(why.limit, SIZE);
	want(make_map_file(fd, ioas, shared_file, 0, SIZE, AT), 0);
	want(vm_pin(), SIZE);
	want(map_file_call(fd, &map), -ENOMEM);
	want(why.asked, PAGE);
	want(why.used, SIZE);
	want(make_map_file(fd, ioas, shared_file, 0, SIZE, AT + GIB), SIZE);
}

FILE_TEST(is_charged_against_the_limit)
{
	in_child(limited_to_eight_pages, NULL);
	want(user_locked(USER_A), SIZE);
	want(audit().charged, SIZE);
	want(unmap_all(fd, ioas, NULL), 0);
	want(user_locked(USER_A), 0);
}

FILE_TEST(is_charged_to_the_first)
{
	pid_t child;

	mapped = gate_make();
	done = gate_make();
	memfd(SIZE, &shared_file);
	want(make_map_file(fd, ioas, shared_file, 0, SIZE, AT), 0);
	child = child_start(map_as_user_b, NULL);
	gate_wait(&mapped);
	want_held(PAGES);
	want(user_locked(USER_B), 0);
	/* The charge stays where it is as long as anybody has it mapped. */
	want(unmap_all(fd, ioas, NULL), 0);
	want_held(PAGES);
	gate_open(&done);
	child_end(child);
	want_held(0);
}

/* A dma-buf of some pages of a memfd, in the order of the list; -1 where there is no such thing. */
static int udmabuf(int file, const unsigned int *pages, unsigned int count)
{
	struct udmabuf_create_list *list;
	unsigned int i;
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), buf;

	if (device < 0)
		return -1;
	list = calloc(1, sizeof(*list) + count * sizeof(list->list[0]));
	list->flags = UDMABUF_FLAGS_CLOEXEC;
	list->count = count;
	for (i = 0; i < count; i++) {
		list->list[i].memfd = file;
		list->list[i].offset = pages[i] * PAGE;
		list->list[i].size = PAGE;
	}
	buf = ioctl(device, UDMABUF_CREATE_LIST, list);
	want_that(buf >= 0);
	want(close(device), 0);
	free(list);
	return buf;
}

FILE_TEST(that_is_a_dma_buf_is_attached_to)
{
	const unsigned int order[] = { 3, 4, 0, 6 };
	int file = sealable(SIZE), buf;
	char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	uint32_t second = make_ioas(fd), table = make_table(fd, ioas);
	unsigned int i;

	want_that(memory != MAP_FAILED);
	fill(memory, SIZE, 1);
	want(fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	buf = udmabuf(file, order, 4);
	if (buf < 0)
		cr_skip_test("there is no /dev/udmabuf");
	want_refused(READ_ONLY, buf, 4 * PAGE, PAGE, EINVAL);
	want_refused(READ_ONLY, buf, 0, 5 * PAGE, EINVAL);
	want_refused(READ_ONLY, buf, 3 * PAGE, 2 * PAGE, EINVAL);
	want_refused(READ_ONLY, buf, 1ULL << 50, PAGE, EINVAL);
	want_refused(READ_ONLY, buf, -PAGE, 2 * PAGE, EOVERFLOW);

	want(make_map_file(fd, ioas, buf, 0, 4 * PAGE, AT), 0);
	make_map_file(fd, second, buf, PAGE, 2 * PAGE, AT);
	want(audit().charged, 0);
	want(vm_pin(), 0);
	want(query_ioas(fd, ioas).mapped, 4 * PAGE);
	for (i = 0; i < 4; i++) {
		want_iova_filled(fd, ioas, AT + i * PAGE, PAGE, 1, order[i] * PAGE);
		want(look_up(table, AT + i * PAGE).out_phys, physical(memory + order[i] * PAGE));
	}
	want_iova_filled(fd, second, AT, PAGE, 1, 4 * PAGE);
	want(access_write(fd, second, AT + PAGE + 8, "written", 8, NULL), 0);
	want(memcmp(memory + 8, "written", 8), 0);
	/* It stays when its descriptors go. */
	want(close(buf), 0);
	want(munmap(memory, SIZE), 0);
	want(close(file), 0);
	want_iova_filled(fd, ioas, AT, PAGE, 1, 3 * PAGE);
	want(unmap(fd, ioas, AT + PAGE, PAGE, NULL), 0);
	want_iova_filled(fd, ioas, AT + 3 * PAGE, PAGE, 1, 6 * PAGE);
	want(copy_at(fd, second, AT + GIB, ioas, AT, PAGE, READ_ONLY), 0);
	want(destroy(fd, table), 0);
	want(destroy(fd, ioas), 0);
	want_iova_filled(fd, second, AT + GIB, PAGE, 1, 3 * PAGE);
}
