/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * workload - do exactly what the arguments say, one after another, and say what came of it. The
 * tests compare that with what the tools see.
 *
 *	memory PAGES	new memory for what follows, PAGES long; forgets the old
 *	huge PAGES	the same, in huge pages where one fits
 *	map N		map each page of the memory on its own, N of them, going round
 *	whole N		map the whole memory, N times
 *	at IOVA		map the whole memory there
 *	pin		pin the whole memory
 *	fail N		N map calls of addresses where nothing is
 *	random SEED	map and unmap parts of the memory, 200 times, all by lot
 *	churn		the same until there is a line or the end of stdin; refusals don't matter
 *	unmap		undo every map call since the last unmap, one by one, oldest first
 *	space		a new address space for what follows
 *	table		feed it into a page table, of 47 bits
 *	allow BYTES	so many from 1 GiB on are the only ones where mappings are placed
 *	entries		say how many entries of each size the table has for what was mapped last
 *	device N	attach edu device N of tests/module to the address space
 *	detach		detach all of these
 *	bounce N	attach edu device 0 and detach it again, N times
 *	container	a new VFIO container for what follows
 *	group N		put the VFIO group N into it
 *	dma IOVA	map the whole memory there in the container
 *	pages IOVA	map each page of the memory on its own, from there on in the container
 *	undma IOVA	unmap as much there as the memory is long
 *	release		close all containers and groups
 *	renew		get other memory at the same addresses
 *	query		say what IOASID_QUERY says of the process
 *	uid UID		become that user
 *	crowd N		N child processes that map a page each and live as long as this one
 *	wait		say "waiting" and wait for a line or the end of stdin
 *
 * What is mapped is said with its IOVA's offset from the address, modulo 2 MiB.
 * A call that is refused is said with what struct ioasid_error tells, and does not end the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioasid.h>
#include <linux/vfio.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../module/ioasid-edu.h"

#define MAPPINGS_MOST 100000
#define DEVICES_MOST 16
#define VFIO_MOST 32

static struct {
	int fd;
	uint32_t ioas;
	uint32_t table;
	size_t page;
	char *memory;
	size_t pages;
	struct {
		uint32_t ioas;
		uint64_t iova;
		uint64_t length;
	} mappings[MAPPINGS_MOST];
	size_t count;
	int devices[DEVICES_MOST]; /* files of /dev/ioasid-edu */
	size_t attached;
	int vfio[VFIO_MOST]; /* containers and groups */
	size_t opened;
	int container; /* the last one */
	bool is_empty; /* it has no group yet */
} work;

static void die(const char *what)
{
	fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = text ? strtoull(text, &end, 0) : 0;

	if (!text || end == text || *end) {
		fprintf(stderr, "workload: '%s' is no number\n", text ? text : "");
		exit(2);
	}
	return value;
}

static const char *errno_name(int code)
{
	switch (code) {
	case ENOMEM:
		return "ENOMEM";
	case EDQUOT:
		return "EDQUOT";
	case EFAULT:
		return "EFAULT";
	case EPERM:
		return "EPERM";
	case EAGAIN:
		return "EAGAIN";
	case ENOSPC:
		return "ENOSPC";
	case EINVAL:
		return "EINVAL";
	default:
		return strerror(code);
	}
}

static void say_refusal(const char *what, int code, const struct ioasid_error *error)
{
	printf("%s %s stage=%u code=%d policy=%s asked=%llu used=%llu limit=%llu", what,
	       errno_name(code), error->stage, error->code, error->policy, error->asked,
	       error->used, error->limit);
	if (error->reason)
		printf(" reason=%u", error->reason);
	putchar('\n');
}

/* At an address that is never that of a large page. */
static void take_memory(size_t pages)
{
	size_t large = 2 << 20;
	char *area = mmap(NULL, pages * work.page + large, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED)
		die("mmap");
	work.pages = pages;
	work.memory = area + ((7 * work.page - (uintptr_t)area) & (large - 1));
	madvise(work.memory, pages * work.page, MADV_NOHUGEPAGE);
}

static void take_huge_memory(size_t pages)
{
	take_memory(pages);
	madvise(work.memory, pages * work.page, MADV_HUGEPAGE);
	memset(work.memory, 1, pages * work.page);
}

static void new_space(void)
{
	struct ioasid_ioas_alloc as = { .size = sizeof(as) };

	if (ioctl(work.fd, IOASID_IOAS_ALLOC, &as))
		die("IOASID_IOAS_ALLOC");
	work.ioas = as.out_id;
}

static void new_table(void)
{
	struct ioasid_table_alloc table = {
		.size = sizeof(table),
		.ioas_id = work.ioas,
		.format = IOASID_FORMAT_X86_64,
	};

	if (ioctl(work.fd, IOASID_TABLE_ALLOC, &table))
		die("IOASID_TABLE_ALLOC");
	work.table = table.out_id;
}

static void allow(size_t length)
{
	struct ioasid_range range = { .start = 1 << 30, .last = (1 << 30) + length - 1 };
	struct ioasid_allow_iovas argument = {
		.size = sizeof(argument),
		.ioas_id = work.ioas,
		.ranges = (uintptr_t)&range,
		.count = 1,
	};

	if (ioctl(work.fd, IOASID_ALLOW_IOVAS, &argument))
		die("IOASID_ALLOW_IOVAS");
}

static int attach(uint32_t number)
{
	struct edu_attach argument = { .fd = work.fd, .ioas_id = work.ioas, .device = number };
	int file = open("/dev/ioasid-edu", O_RDWR | O_CLOEXEC);

	if (file < 0)
		die("/dev/ioasid-edu");
	if (ioctl(file, EDU_ATTACH, &argument)) {
		printf("device %u %s\n", number, errno_name(errno));
		close(file);
		return -1;
	}
	return file;
}

static void add_device(size_t number)
{
	int file = attach(number);

	if (file < 0)
		return;
	if (work.attached == DEVICES_MOST) {
		fprintf(stderr, "workload: too many devices\n");
		exit(2);
	}
	work.devices[work.attached++] = file;
	printf("device %zu ok\n", number);
}

/* Closing detaches. */
static void detach(void)
{
	while (work.attached)
		close(work.devices[--work.attached]);
	puts("detach ok");
}

static void bounce(size_t times)
{
	size_t good = 0;

	for (size_t i = 0; i < times; i++) {
		int file = attach(0);

		if (file < 0)
			continue;
		good++;
		close(file);
	}
	printf("bounce %zu ok, %zu failed\n", good, times - good);
}

static int open_vfio(const char *path)
{
	int file = open(path, O_RDWR | O_CLOEXEC);

	if (file < 0)
		die(path);
	if (work.opened == VFIO_MOST) {
		fprintf(stderr, "workload: too many containers and groups\n");
		exit(2);
	}
	work.vfio[work.opened++] = file;
	return file;
}

static void new_container(void)
{
	work.container = open_vfio("/dev/vfio/vfio");
	work.is_empty = true;
}

static void add_group(size_t number)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/vfio/%zu", number);
	if (ioctl(open_vfio(path), VFIO_GROUP_SET_CONTAINER, &work.container))
		die("VFIO_GROUP_SET_CONTAINER");
	if (work.is_empty && ioctl(work.container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		die("VFIO_SET_IOMMU");
	work.is_empty = false;
	printf("group %zu ok\n", number);
}

static void map_dma(size_t iova)
{
	struct vfio_iommu_type1_dma_map argument = {
		.argsz = sizeof(argument),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)work.memory,
		.iova = iova,
		.size = work.pages * work.page,
	};

	if (ioctl(work.container, VFIO_IOMMU_MAP_DMA, &argument))
		printf("dma %s\n", errno_name(errno));
	else
		puts("dma ok");
}

static bool map_page_dma(size_t page, size_t iova)
{
	struct vfio_iommu_type1_dma_map argument = {
		.argsz = sizeof(argument),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)work.memory + page * work.page,
		.iova = iova + page * work.page,
		.size = work.page,
	};

	return !ioctl(work.container, VFIO_IOMMU_MAP_DMA, &argument);
}

static void map_pages_dma(size_t iova)
{
	size_t good = 0;

	for (size_t page = 0; page < work.pages; page++)
		good += map_page_dma(page, iova);
	printf("pages %zu ok, %zu failed\n", good, work.pages - good);
}

static void unmap_dma(size_t iova)
{
	struct vfio_iommu_type1_dma_unmap argument = {
		.argsz = sizeof(argument),
		.iova = iova,
		.size = work.pages * work.page,
	};

	if (ioctl(work.container, VFIO_IOMMU_UNMAP_DMA, &argument))
		printf("undma %s\n", errno_name(errno));
	else
		printf("undma ok length=%llu\n", argument.size);
}

static void release(void)
{
	while (work.opened)
		close(work.vfio[--work.opened]);
	puts("release ok");
}

/* At an IOVA, or anywhere if that is 0. Returns whether it was mapped. */
static bool map_at(uint64_t iova, void *va, size_t length, bool is_quiet)
{
	struct ioasid_error error = { .size = sizeof(error) };
	struct ioasid_map argument = {
		.size = sizeof(argument),
		.flags = IOASID_MAP_READ | IOASID_MAP_WRITE | (iova ? IOASID_MAP_FIXED : 0),
		.ioas_id = work.ioas,
		.va = (uintptr_t)va,
		.length = length,
		.iova = iova,
		.error = (uintptr_t)&error,
	};

	if (ioctl(work.fd, IOASID_MAP, &argument)) {
		if (!is_quiet)
			say_refusal("map", errno, &error);
		return false;
	}
	if (work.count == MAPPINGS_MOST) {
		fprintf(stderr, "workload: too many mappings\n");
		exit(2);
	}
	work.mappings[work.count].ioas = work.ioas;
	work.mappings[work.count].iova = argument.iova;
	work.mappings[work.count++].length = length;
	if (!is_quiet)
		printf("map ok iova=0x%llx length=%zu reused=%llu offset=0x%llx\n", argument.iova,
		       length, argument.out_reused,
		       (argument.iova - (uintptr_t)va) & ((2 << 20) - 1));
	return true;
}

static bool map(void *va, size_t length, bool is_quiet)
{
	return map_at(0, va, length, is_quiet);
}

static void map_fixed(size_t iova)
{
	map_at(iova, work.memory, work.pages * work.page, false);
}

static void map_pages(size_t times)
{
	size_t good = 0;

	for (size_t i = 0; i < times; i++)
		good += map(work.memory + i % work.pages * work.page, work.page, times > 2);
	if (times > 2)
		printf("map %zu ok, %zu failed\n", good, times - good);
}

static void map_whole(size_t times)
{
	size_t good = 0;

	for (size_t i = 0; i < times; i++)
		good += map(work.memory, work.pages * work.page, times > 2);
	if (times > 2)
		printf("map %zu ok, %zu failed\n", good, times - good);
}

static void fail(size_t times)
{
	char *nothing = mmap(NULL, work.page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t good = 0;

	if (nothing == MAP_FAILED || munmap(nothing, work.page))
		die("mmap");
	for (size_t i = 0; i < times; i++)
		good += map(nothing, work.page, true);
	printf("fail %zu\n", times - good);
}

static void pin(void)
{
	struct ioasid_error error = { .size = sizeof(error) };
	struct ioasid_pin argument = {
		.size = sizeof(argument),
		.flags = IOASID_PIN_WRITE,
		.va = (uintptr_t)work.memory,
		.length = work.pages * work.page,
		.error = (uintptr_t)&error,
	};

	if (ioctl(work.fd, IOASID_PIN, &argument))
		say_refusal("pin", errno, &error);
	else
		printf("pin ok new=%llu\n", argument.out_new);
}

static void unmap(void)
{
	for (size_t i = 0; i < work.count; i++) {
		struct ioasid_unmap argument = {
			.size = sizeof(argument),
			.ioas_id = work.mappings[i].ioas,
			.iova = work.mappings[i].iova,
			.length = work.mappings[i].length,
		};

		if (ioctl(work.fd, IOASID_UNMAP, &argument))
			die("IOASID_UNMAP");
		if (argument.out_unmapped != argument.length) {
			fprintf(stderr, "workload: %llu bytes unmapped, not %llu\n",
				argument.out_unmapped, argument.length);
			exit(1);
		}
	}
	printf("unmap %zu ok\n", work.count);
	work.count = 0;
}

/* Bits of a random number, the same ones for the same state. */
static uint32_t draw(uint64_t *state, uint32_t below)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return (*state >> 33) % below;
}

static void forget(size_t i)
{
	struct ioasid_unmap argument = {
		.size = sizeof(argument),
		.ioas_id = work.mappings[i].ioas,
		.iova = work.mappings[i].iova,
		.length = work.mappings[i].length,
	};

	if (ioctl(work.fd, IOASID_UNMAP, &argument))
		die("IOASID_UNMAP");
	work.mappings[i] = work.mappings[--work.count];
}

/* Map a part of the memory, or unmap one that is mapped. */
static void random_step(uint64_t *state, bool is_quiet)
{
	size_t start = draw(state, work.pages);
	size_t length = 1 + draw(state, work.pages - start);

	if (work.count && (work.count > 64 || draw(state, 5) < 2))
		forget(draw(state, work.count));
	else
		map(work.memory + start * work.page, length * work.page, is_quiet);
}

static void query(void);

static void map_random(size_t seed)
{
	uint64_t state = seed;

	for (int i = 0; i < 200; i++) {
		random_step(&state, false);
		query();
	}
}

static void churn(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	uint64_t state = getpid();
	size_t steps = 0;

	puts("churning");
	while (!poll(&in, 1, 0)) {
		random_step(&state, true);
		steps++;
	}
	printf("churn %zu\n", steps);
}

static void query(void)
{
	struct ioasid_query q = { .size = sizeof(q), .scope = IOASID_SCOPE_PROCESS };

	if (ioctl(work.fd, IOASID_QUERY, &q))
		die("IOASID_QUERY");
	printf("query pinned=%llu charged=%llu limit=%llu mapped=%llu shared=%llu pins=%llu "
	       "mappings=%llu stale=%llu\n",
	       q.pinned, q.charged, q.limit, q.mapped, q.shared, q.pins, q.mappings, q.stale);
}

static void count_entries(void)
{
	struct ioasid_translate translate = { .size = sizeof(translate), .id = work.table };
	uint64_t iova, last, small = 0, large = 0, huge = 0;

	if (!work.count)
		return;
	iova = work.mappings[work.count - 1].iova;
	last = iova + work.mappings[work.count - 1].length - 1;
	while (iova <= last) {
		translate.iova = iova;
		if (ioctl(work.fd, IOASID_TRANSLATE, &translate))
			die("IOASID_TRANSLATE");
		small += translate.out_length == 4 << 10;
		large += translate.out_length == 2 << 20;
		huge += translate.out_length == 1 << 30;
		iova = (iova & -translate.out_length) + translate.out_length;
	}
	printf("entries 4K=%llu 2M=%llu 1G=%llu\n", (unsigned long long)small,
	       (unsigned long long)large, (unsigned long long)huge);
}

static void wait_for_line(void)
{
	char line[64];

	puts("waiting");
	if (!fgets(line, sizeof(line), stdin))
		clearerr(stdin);
}

static void become(size_t uid)
{
	if (setresuid(uid, uid, uid))
		die("setresuid");
}

static void renew(void)
{
	if (mmap(work.memory, work.pages * work.page, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		die("mmap");
}

/* In a child: with its own file, as ids and pins of the parent's are not its own. */
static void live_in_crowd(int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	work.fd = open("/dev/ioasid", O_RDWR | O_CLOEXEC);
	if (work.fd < 0)
		die("/dev/ioasid");
	new_space();
	take_memory(1);
	if (!map(work.memory, work.page, true) || write(ready, "", 1) != 1)
		exit(1);
	close(ready);
	for (;;)
		pause();
}

static void crowd(size_t children)
{
	int ready[2];
	char byte;

	if (pipe(ready))
		die("pipe");
	for (size_t i = 0; i < children; i++) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (!child)
			live_in_crowd(ready[1]);
	}
	close(ready[1]);
	for (size_t i = 0; i < children; i++)
		if (read(ready[0], &byte, 1) != 1)
			die("a child has failed");
	printf("crowd %zu\n", children);
}

static const struct verb {
	const char *name;
	void (*run)(void);
	void (*run_with)(size_t argument);
} verbs[] = {
	{ "memory", NULL, take_memory },
	{ "huge", NULL, take_huge_memory },
	{ "map", NULL, map_pages },
	{ "whole", NULL, map_whole },
	{ "at", NULL, map_fixed },
	{ "fail", NULL, fail },
	{ "uid", NULL, become },
	{ "crowd", NULL, crowd },
	{ "device", NULL, add_device },
	{ "bounce", NULL, bounce },
	{ "group", NULL, add_group },
	{ "dma", NULL, map_dma },
	{ "pages", NULL, map_pages_dma },
	{ "undma", NULL, unmap_dma },
	{ "detach", detach, NULL },
	{ "container", new_container, NULL },
	{ "release", release, NULL },
	{ "pin", pin, NULL },
	{ "random", NULL, map_random },
	{ "churn", churn, NULL },
	{ "unmap", unmap, NULL },
	{ "space", new_space, NULL },
	{ "table", new_table, NULL },
	{ "allow", NULL, allow },
	{ "entries", count_entries, NULL },
	{ "renew", renew, NULL },
	{ "query", query, NULL },
	{ "wait", wait_for_line, NULL },
};

static const struct verb *find_verb(const char *word)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i].name, word))
			return &verbs[i];
	fprintf(stderr, "workload: what is '%s'?\n", word);
	exit(2);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	work.page = sysconf(_SC_PAGESIZE);
	work.fd = open("/dev/ioasid", O_RDWR | O_CLOEXEC);
	if (work.fd < 0)
		die("/dev/ioasid");
	new_space();
	take_memory(1);
	for (int i = 1; i < argc; i++) {
		const struct verb *verb = find_verb(argv[i]);

		if (verb->run)
			verb->run();
		else
			verb->run_with(number(argv[++i]));
	}
	return 0;
}
