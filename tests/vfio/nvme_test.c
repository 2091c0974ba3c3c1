// SPDX-License-Identifier: GPL-2.0-only
/*
 * A disk, driven from user space by the driver of examples/nvme: blocks are right, in the eyes of
 * the kernel's own driver too, while mappings come and go; and what was unmapped stays as it was.
 *
 * Each test is run three ways: on VFIO type1, on ioasid-vfio, and on ioasid-vfio with all memory in
 * an address space of /dev/ioasid that the container has joined.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <nvme/controller.h>
#include <nvme/pattern.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend.h"
#include "check.h"
#include "count.h"
#include "memory.h"
#include "pci.h"
#include "random.h"

#define PAGE 4096ULL
#define BLOCK 512ULL
#define DISK (16ULL << 20)
#define BLOCKS (DISK / BLOCK)
#define LBA_OUT_OF_RANGE 0x80 /* an NVMe status */
#define SECOND 1000 /* in ms */
#define PATIENCE (60 * SECOND)

struct way {
	enum backend backend;
	bool ioas;
};

static const struct way type1 = { BACKEND_TYPE1, false };
static const struct way ioasid = { BACKEND_IOASID, false };
static const struct way joined = { BACKEND_IOASID, true };

#define EACH_WAY(name)            \
	Test(nvme, name##_type1)  \
	{                         \
		name(&type1);     \
	}                         \
	Test(nvme, name##_ioasid) \
	{                         \
		name(&ioasid);    \
	}                         \
	Test(nvme, name##_joined) \
	{                         \
		name(&joined);    \
	}

static struct pci_device disk;
static struct vfio vfio;
static struct controller controller;

static void take_disk(const struct way *way)
{
	backend_use(way->backend);
	want(pci_find(PCI_NVME, &disk, 1), 1);
	pci_bind(&disk, "vfio-pci");
	want(vfio_open(&vfio, disk.address, way->ioas), 0);
	want(backend_of(vfio.container), way->backend);
	want(controller_open(&controller, &vfio), 0);
	want(controller.block_size, BLOCK);
	want(controller.blocks, BLOCKS);
}

static void give_disk(void)
{
	controller_close(&controller);
	vfio_close(&vfio);
}

static void move(enum controller_command what, uint64_t first, uint64_t blocks, uint64_t iova)
{
	want(controller_move(&controller, what, first, blocks, iova), 0);
}

static void want_pattern(const void *memory, uint64_t blocks, uint64_t seed, uint64_t first)
{
	want(pattern_wrong(memory, blocks * BLOCK, seed, first * BLOCK), 0);
}

/* Blocks of one page and of two, of a list, of many commands; from a page's middle on. */
static void sizes(const struct way *way)
{
	static const struct {
		uint64_t first, blocks, offset, commands;
	} rows[] = {
		{ 0, 1, 0, 1 },	       { 7, 8, 0, 1 },		{ 1, 8, 512, 1 },
		{ 100, 9, 0, 1 },      { 200, 16, 3584, 1 },	{ 300, 17, 4, 1 },
		{ 1000, 1024, 0, 1 },  { 1000, 1024, 2560, 1 }, { 3001, 1025, 0, 2 },
		{ 5000, 9973, 0, 10 }, { BLOCKS - 1, 1, 0, 1 },
	};
	uint64_t length = 10000 * BLOCK, from = 0, to = 0, before;
	char *source = anon(length), *target = anon(length);
	unsigned int i;

	take_disk(way);
	want(controller.most, 1024);
	want(vfio_map(&vfio, source, length, &from), 0);
	want(vfio_map(&vfio, target, length, &to), 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t bytes = rows[i].blocks * BLOCK, end = rows[i].offset + bytes;

		context("row %u", i);
		memset(target, 0xa5, length);
		pattern_fill(source + rows[i].offset, bytes, i, rows[i].first * BLOCK);
		before = controller.commands;
		move(CONTROLLER_WRITE, rows[i].first, rows[i].blocks, from + rows[i].offset);
		move(CONTROLLER_READ, rows[i].first, rows[i].blocks, to + rows[i].offset);
		want(controller.commands - before, 2 * rows[i].commands);
		want_pattern(target + rows[i].offset, rows[i].blocks, i, rows[i].first);
		want_that(!rows[i].offset || target[rows[i].offset - 1] == (char)0xa5);
		want_that(target[end] == (char)0xa5);
	}
	give_disk();
}
EACH_WAY(sizes)

/* The disk as the kernel's driver has it; waits until it is there. */
static int open_disk(void)
{
	unsigned int tries;
	int fd = -1;

	want(system("modprobe nvme"), 0);
	pci_bind(&disk, "nvme");
	for (tries = 0; fd < 0 && tries < 600; tries++) {
		usleep(100000);
		fd = open("/dev/nvme0n1", O_RDWR | O_CLOEXEC);
	}
	want_that(fd >= 0);
	return fd;
}

/* Somebody else's driver finds what was written through the IOMMU, and we what it has written. */
static void kernel_agrees(const struct way *way)
{
	char *memory = anon(DISK);
	uint64_t iova = 0;
	int fd;

	take_disk(way);
	want(vfio_map(&vfio, memory, DISK, &iova), 0);
	pattern_fill(memory, DISK, 11, 0);
	move(CONTROLLER_WRITE, 0, BLOCKS, iova);
	give_disk();

	fd = open_disk();
	memset(memory, 0, DISK);
	want(read(fd, memory, DISK), DISK);
	want_pattern(memory, BLOCKS, 11, 0);
	pattern_fill(memory, DISK, 13, 0);
	want(pwrite(fd, memory, DISK, 0), DISK);
	want(fsync(fd), 0);
	want(close(fd), 0);

	memset(memory, 0, DISK);
	take_disk(way);
	iova = 0;
	want(vfio_map(&vfio, memory, DISK, &iova), 0);
	move(CONTROLLER_READ, 0, BLOCKS, iova);
	want_pattern(memory, BLOCKS, 13, 0);
	give_disk();
}
EACH_WAY(kernel_agrees)

/* What the other thread does until it is told to stop. */
struct churn {
	uint64_t from; /* its IOVAs */
	uint64_t rounds;
	bool stop;
};

#define CHURN_PAGES 64

static void *churn(void *arg)
{
	struct churn *work = arg;
	char *memory = anon(CHURN_PAGES * PAGE);
	struct rng rng = rng_make(seed());

	while (!__atomic_load_n(&work->stop, __ATOMIC_RELAXED)) {
		uint64_t first = rng_below(&rng, CHURN_PAGES);
		uint64_t length = (1 + rng_below(&rng, CHURN_PAGES - first)) * PAGE;
		uint64_t iova = work->from + first * PAGE;

		want(vfio_map(&vfio, memory, length, &iova), 0);
		want(vfio_unmap(&vfio, iova, length), 0);
		work->rounds++;
	}
	return NULL;
}

/*
 * One command after the other, from and to buffers that are at another IOVA each time; another
 * thread maps and unmaps right beside them.
 */
static void moving_buffers(const struct way *way)
{
	const uint64_t most = 256 * BLOCK, base = 1ULL << 33;
	struct churn other = { .from = base + (1ULL << 30) };
	uint64_t n = runs(200, 10), from = seed(), i;
	struct rng rng = rng_make(from);
	char *source = anon(most), *target = anon(most);
	pthread_t thread;

	context("SEED=%llu", (unsigned long long)from);
	take_disk(way);
	want(pthread_create(&thread, NULL, churn, &other), 0);
	for (i = 0; i < n; i++) {
		uint64_t blocks = 1 + rng_below(&rng, 256);
		uint64_t first = rng_below(&rng, BLOCKS - blocks);
		/* both sides of what the other thread maps, adjacent now and then */
		uint64_t out = other.from - (1 + rng_below(&rng, 16)) * most;
		uint64_t in = other.from + CHURN_PAGES * PAGE + rng_below(&rng, 16) * most;

		pattern_fill(source, blocks * BLOCK, i, first * BLOCK);
		memset(target, 0, most);
		want(vfio_map(&vfio, source, most, &out), 0);
		move(CONTROLLER_WRITE, first, blocks, out);
		want(vfio_unmap(&vfio, out, most), 0);
		want(vfio_map(&vfio, target, most, &in), 0);
		move(CONTROLLER_READ, first, blocks, in);
		want(vfio_unmap(&vfio, in, most), 0);
		want_pattern(target, blocks, i, first);
	}
	__atomic_store_n(&other.stop, true, __ATOMIC_RELAXED);
	want(pthread_join(thread, NULL), 0);
	want_that(other.rounds > 0);
	give_disk();
}
EACH_WAY(moving_buffers)

/*
 * A read to where nothing is mapped any more: NVMe may call it an error, or say nothing for ever;
 * the memory, which is still ours, must not change. What is still mapped may.
 */
static void nothing_after_unmap(const struct way *way)
{
	const uint64_t length = 64 * PAGE, blocks = length / BLOCK;
	char *source = anon(length), *target = anon(length), *expected = anon(length);
	uint64_t from = 0, to = 0, gone, i;
	int id;

	take_disk(way);
	want(vfio_map(&vfio, source, length, &from), 0);
	pattern_fill(source, length, 17, 0);
	move(CONTROLLER_WRITE, 0, blocks, from);

	/* all of it, then all but one page, which has a mapping of its own */
	memset(expected, 0xa5, length);
	for (i = 0; i < 2; i++) {
		uint64_t kept = i * PAGE;

		context("%llu bytes stay mapped", (unsigned long long)kept);
		to = 1ULL << 34;
		if (kept)
			want(vfio_map(&vfio, target, kept, &to), 0);
		gone = to + kept;
		want(vfio_map(&vfio, target + kept, length - kept, &gone), 0);
		memset(target, 0, length);
		move(CONTROLLER_READ, 0, blocks, to);
		want_pattern(target, blocks, 17, 0);

		want(vfio_unmap(&vfio, gone, length - kept), 0);
		memset(target, 0xa5, length);
		want(controller_submit(&controller, CONTROLLER_READ, 0, blocks, to), 0);
		controller_wait(&controller, &id, 3 * SECOND);
		want(memcmp(target + kept, expected + kept, length - kept), 0);

		/* it forgets what it may still have in hand, and goes on */
		want(controller_start(&controller), 0);
		want(memcmp(target + kept, expected + kept, length - kept), 0);
		if (kept)
			want(vfio_unmap(&vfio, to, kept), 0);
	}
	to = 1ULL << 34;
	want(vfio_map(&vfio, target, length, &to), 0);
	move(CONTROLLER_READ, 0, blocks, to);
	want_pattern(target, blocks, 17, 0);
	give_disk();
}
EACH_WAY(nothing_after_unmap)

/* A test that reads wrong blocks, or none, would show. */
Test(nvme, errors_are_seen)
{
	char *memory = anon(PAGE);
	uint64_t iova = 0;
	int id;

	take_disk(&ioasid);
	want(vfio_map(&vfio, memory, PAGE, &iova), 0);
	pattern_fill(memory, PAGE, 19, 0);
	move(CONTROLLER_WRITE, 0, 8, iova);
	memory[1000] ^= 1;
	memory[3000] ^= 0x80;
	want(pattern_wrong(memory, PAGE, 19, 0), 2);
	move(CONTROLLER_READ, 0, 8, iova);
	want(pattern_wrong(memory, PAGE, 19, 0), 0);
	want_that(pattern_wrong(memory, PAGE, 20, 0) > PAGE * 9 / 10);
	want_that(controller_submit(&controller, CONTROLLER_READ, BLOCKS, 1, iova) >= 0);
	want(controller_wait(&controller, &id, PATIENCE), LBA_OUT_OF_RANGE);
	give_disk();
}

/* Pinned and charged while mapped, once, although mapped twice; and nothing of it is left. */
Test(nvme, pinned_once)
{
	const uint64_t length = 256 * PAGE;
	char *memory = anon(length);
	uint64_t before = vm_pin(), one = 0, two = 0, queues;

	take_disk(&joined);
	queues = vm_pin() - before;
	want(queues, controller_memory_length());
	want(vfio_map(&vfio, memory, length, &one), 0);
	want(vfio_map(&vfio, memory, length, &two), 0);
	want_that(one != two);
	want(vm_pin() - before, queues + length);
	pattern_fill(memory, length, 23, 0);
	move(CONTROLLER_WRITE, 0, length / BLOCK, one);
	memset(memory, 0, length);
	move(CONTROLLER_READ, 0, length / BLOCK, two);
	want_pattern(memory, length / BLOCK, 23, 0);
	want(vfio_unmap(&vfio, one, length), 0);
	want(vm_pin() - before, queues + length);
	want(vfio_unmap(&vfio, two, length), 0);
	want(vm_pin() - before, queues);
	give_disk();
	want(vm_pin(), before);
}
