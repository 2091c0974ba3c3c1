/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * demo-workload NAME KIND MEBIBYTES SPACES [UID] - a process of the demo.
 *
 * Takes memory of a kind (small, thp, hugetlb, memfd), maps it in pieces into each of a number of
 * I/O address spaces that feed a page table each, reads and writes through the IOVAs and compares
 * with the memory. Says what the kernel counts for it, waits for a line on stdin, undoes it all
 * and ends. With UID it is that user's, and shows in the end how it is refused beyond its limit.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioasid.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define MEBI (1ULL << 20)
#define HUGE_PAGE (2 * MEBI)
#define PROBE 64 /* bytes read and written at a time */
#define SPACES_MOST 8

/* A piece is what one call maps. */
struct space {
	uint32_t id;
	uint32_t table;
	uint64_t *iovas;
};

static const char *name;
static int device;
static char *memory;
static uint64_t length, piece;
static struct space spaces[SPACES_MOST];
static unsigned int space_count;

static void die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", name, what, strerror(errno));
	exit(1);
}

static void call(unsigned long request, void *argument, const char *what)
{
	if (ioctl(device, request, argument))
		die(what);
}

/* Private memory that starts where a huge page can. */
static char *take_private(void)
{
	char *area = mmap(NULL, length + HUGE_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED)
		die("mmap");
	return area + (-(uintptr_t)area & (HUGE_PAGE - 1));
}

static char *take_hugetlb(void)
{
	return mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
		    -1, 0);
}

static char *take_memfd(void)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, length))
		die("memfd");
	return mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

static void take_memory(const char *kind)
{
	piece = HUGE_PAGE;
	if (!strcmp(kind, "hugetlb")) {
		memory = take_hugetlb();
	} else if (!strcmp(kind, "memfd")) {
		memory = take_memfd();
	} else {
		memory = take_private();
		madvise(memory, length, !strcmp(kind, "thp") ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	}
	if (memory == MAP_FAILED)
		die("mmap");
	if (!strcmp(kind, "small"))
		piece = HUGE_PAGE / 16;
	for (uint64_t offset = 0; offset < length; offset += 4096)
		memset(memory + offset, offset / 4096 % 251, 4096);
}

static void make_space(struct space *space)
{
	struct ioasid_ioas_alloc as = { .size = sizeof(as) };
	struct ioasid_table_alloc table = { .size = sizeof(table), .format = IOASID_FORMAT_X86_64 };

	call(IOASID_IOAS_ALLOC, &as, "IOASID_IOAS_ALLOC");
	table.ioas_id = as.out_id;
	call(IOASID_TABLE_ALLOC, &table, "IOASID_TABLE_ALLOC");
	space->id = as.out_id;
	space->table = table.out_id;
	space->iovas = calloc(length / piece, sizeof(*space->iovas));
	if (!space->iovas)
		die("calloc");
}

static void map_all(struct space *space)
{
	for (uint64_t i = 0; i < length / piece; i++) {
		struct ioasid_map map = {
			.size = sizeof(map),
			.flags = IOASID_MAP_READ | IOASID_MAP_WRITE,
			.ioas_id = space->id,
			.va = (uintptr_t)memory + i * piece,
			.length = piece,
		};

		call(IOASID_MAP, &map, "IOASID_MAP");
		space->iovas[i] = map.iova;
	}
}

/* Through the IOVA, as a device would; what is moved is not aligned to anything. */
static void move(const struct space *space, uint64_t i, uint64_t offset, void *buffer, int flags)
{
	struct ioasid_access access = {
		.size = sizeof(access),
		.flags = flags,
		.ioas_id = space->id,
		.iova = space->iovas[i] + offset,
		.length = PROBE,
		.buffer = (uintptr_t)buffer,
	};

	call(IOASID_ACCESS, &access, "IOASID_ACCESS");
	if (access.out_done != PROBE) {
		fprintf(stderr, "%s: %llu bytes were moved, not %d\n", name, access.out_done,
			PROBE);
		exit(1);
	}
}

static void compare(const char *what, const void *a, const void *b)
{
	if (!memcmp(a, b, PROBE))
		return;
	fprintf(stderr, "%s: what was %s through an IOVA is not what the memory has\n", name, what);
	exit(1);
}

/* Returns how many bytes were read and written. */
static uint64_t check(const struct space *space)
{
	uint64_t pieces = length / piece;

	for (uint64_t i = 0; i < pieces; i++) {
		uint64_t offset = (i * 7919 + 4071) % (piece - PROBE);
		char *there = memory + i * piece + offset;
		char buffer[PROBE];

		move(space, i, offset, buffer, 0);
		compare("read", buffer, there);
		memset(buffer, 'A' + i % 26, sizeof(buffer));
		move(space, i, offset, buffer, IOASID_ACCESS_WRITE);
		compare("written", buffer, there);
	}
	return pieces * PROBE * 2;
}

/* How much of the memory the page table's entry for its first byte covers. */
static uint64_t entry_size(const struct space *space)
{
	struct ioasid_translate translate = {
		.size = sizeof(translate),
		.id = space->table,
		.iova = space->iovas[0],
	};

	call(IOASID_TRANSLATE, &translate, "IOASID_TRANSLATE");
	return translate.out_length;
}

static struct ioasid_query query(void)
{
	struct ioasid_query q = { .size = sizeof(q), .scope = IOASID_SCOPE_PROCESS };

	call(IOASID_QUERY, &q, "IOASID_QUERY");
	return q;
}

static void report(uint64_t checked)
{
	struct ioasid_query q = query();

	printf("report %s %d %llu %llu %llu %llu %llu %llu\n", name, getpid(), q.pinned, q.charged,
	       q.mapped, q.shared, (unsigned long long)entry_size(&spaces[0]),
	       (unsigned long long)checked);
}

/* One more mapping than the limit permits, to see what a refusal tells. */
static void exceed(void)
{
	struct ioasid_error error = { .size = sizeof(error) };
	struct ioasid_map map = {
		.size = sizeof(map),
		.flags = IOASID_MAP_READ,
		.ioas_id = spaces[0].id,
		.error = (uintptr_t)&error,
	};

	memory = take_private();
	memset(memory, 1, length);
	map.va = (uintptr_t)memory;
	map.length = length;
	if (!ioctl(device, IOASID_MAP, &map)) {
		fprintf(stderr, "%s: %llu bytes beyond the limit were mapped\n", name, map.length);
		exit(1);
	}
	printf("refused %s: %s; policy '%s': %llu MiB asked, %llu MiB in use, limit %llu MiB\n",
	       name, strerror(errno), error.policy, error.asked / MEBI, error.used / MEBI,
	       error.limit / MEBI);
}

/* Half by unmapping, half by destroying the address space. */
static void undo(struct space *space)
{
	struct ioasid_destroy destroy = { .size = sizeof(destroy) };

	for (uint64_t i = 0; i < length / piece / 2; i++) {
		struct ioasid_unmap unmap = {
			.size = sizeof(unmap),
			.ioas_id = space->id,
			.iova = space->iovas[i],
			.length = piece,
		};

		call(IOASID_UNMAP, &unmap, "IOASID_UNMAP");
	}
	destroy.id = space->table;
	call(IOASID_DESTROY, &destroy, "IOASID_DESTROY of a table");
	destroy.id = space->id;
	call(IOASID_DESTROY, &destroy, "IOASID_DESTROY of an address space");
}

static void become(uid_t uid)
{
	struct rlimit limit = { length + length / 2, length + length / 2 };

	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid))
		die("becoming another user");
}

int main(int argc, char **argv)
{
	uint64_t checked = 0;
	struct ioasid_query q;

	if (argc < 5) {
		fprintf(stderr, "usage: demo-workload NAME KIND MEBIBYTES SPACES [UID]\n");
		return 2;
	}
	name = argv[1];
	prctl(PR_SET_NAME, name);
	length = strtoull(argv[3], NULL, 0) * MEBI;
	space_count = strtoul(argv[4], NULL, 0);
	if (!length || !space_count || space_count > SPACES_MOST)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);

	device = open("/dev/ioasid", O_RDWR | O_CLOEXEC);
	if (device < 0)
		die("/dev/ioasid");
	if (argc > 5)
		become(strtoul(argv[5], NULL, 0));
	take_memory(argv[2]);
	for (unsigned int i = 0; i < space_count; i++) {
		make_space(&spaces[i]);
		map_all(&spaces[i]);
		checked += check(&spaces[i]);
	}
	report(checked);
	getchar();

	if (argc > 5)
		exceed();
	for (unsigned int i = 0; i < space_count; i++)
		undo(&spaces[i]);
	q = query();
	if (q.pinned || q.charged || q.mapped) {
		fprintf(stderr, "%s: %llu bytes are still pinned\n", name, q.pinned);
		return 1;
	}
	return 0;
}
