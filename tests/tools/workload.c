/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * workload - do exactly what the arguments say, one after another, and say what came of it. The
 * tests compare that with what the tools see.
 *
 *	memory PAGES	new memory for what follows, PAGES long; forgets the old
 *	map N		map each page of the memory on its own, N of them, going round
 *	whole N		map the whole memory, N times
 *	pin		pin the whole memory
 *	fail N		N map calls of addresses where nothing is
 *	unmap		undo every map call since the last unmap, one by one, oldest first
 *	space		a new address space for what follows
 *	table		feed it into a page table, of 47 bits
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

#define MAPPINGS_MOST 100000

static struct {
	int fd;
	uint32_t ioas;
	size_t page;
	char *memory;
	size_t pages;
	struct {
		uint32_t ioas;
		uint64_t iova;
		uint64_t length;
	} mappings[MAPPINGS_MOST];
	size_t count;
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
	default:
		return strerror(code);
	}
}

static void say_refusal(const char *what, int code, const struct ioasid_error *error)
{
	printf("%s %s stage=%u code=%d policy=%s asked=%llu used=%llu limit=%llu\n", what,
	       errno_name(code), error->stage, error->code, error->policy, error->asked,
	       error->used, error->limit);
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
}

/* Returns whether it was mapped. */
static bool map(void *va, size_t length, bool is_quiet)
{
	struct ioasid_error error = { .size = sizeof(error) };
	struct ioasid_map argument = {
		.size = sizeof(argument),
		.flags = IOASID_MAP_READ | IOASID_MAP_WRITE,
		.ioas_id = work.ioas,
		.va = (uintptr_t)va,
		.length = length,
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

static void query(void)
{
	struct ioasid_query q = { .size = sizeof(q), .scope = IOASID_SCOPE_PROCESS };

	if (ioctl(work.fd, IOASID_QUERY, &q))
		die("IOASID_QUERY");
	printf("query pinned=%llu charged=%llu limit=%llu mapped=%llu shared=%llu pins=%llu "
	       "mappings=%llu stale=%llu\n",
	       q.pinned, q.charged, q.limit, q.mapped, q.shared, q.pins, q.mappings, q.stale);
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
	{ "map", NULL, map_pages },
	{ "whole", NULL, map_whole },
	{ "fail", NULL, fail },
	{ "uid", NULL, become },
	{ "crowd", NULL, crowd },
	{ "pin", pin, NULL },
	{ "unmap", unmap, NULL },
	{ "space", new_space, NULL },
	{ "table", new_table, NULL },
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
