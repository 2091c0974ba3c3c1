/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * demo-tenant NAME MEBIBYTES - a process of the demo that wants a lot of memory, piece by piece.
 *
 * Maps a part, waits for a line on stdin, and maps the rest. When it is refused it says why, keeps
 * what it has and asks again until it is granted. Waits for the end of stdin in the end.
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
#include <unistd.h>

#define MEBI (1ULL << 20)
#define PIECE (4 * MEBI)
#define FIRST_PART (16 * MEBI)
#define PAUSE_US 100000

static const char *name;
static int device;
static uint32_t space;
static char *memory;

static void die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", name, what, strerror(errno));
	exit(1);
}

/* Whose limit it is, in words. */
static const char *owner(uint32_t reason)
{
	static char text[280] = "the cgroup ";
	FILE *file;

	if (reason == IOASID_REASON_PROCESS)
		return "the process";
	if (reason == IOASID_REASON_USER)
		return "the user";
	if (reason != IOASID_REASON_CGROUP)
		return "it";
	file = fopen("/proc/self/cgroup", "r");
	if (!file || fscanf(file, "0::%255s", text + strlen("the cgroup ")) != 1)
		return "the cgroup";
	fclose(file);
	return text;
}

static void say_refusal(const struct ioasid_error *error)
{
	printf("%s is refused %llu MiB: the policy '%s' gives %s %llu MiB at the most, and it has "
	       "%llu MiB (%s)\n",
	       name, error->asked / MEBI, error->policy, owner(error->reason), error->limit / MEBI,
	       error->used / MEBI, strerror(error->code));
}

/* Returns false when it was refused. */
static int map(uint64_t offset, struct ioasid_error *error)
{
	struct ioasid_map map = {
		.size = sizeof(map),
		.flags = IOASID_MAP_READ | IOASID_MAP_WRITE,
		.ioas_id = space,
		.va = (uintptr_t)memory + offset,
		.length = PIECE,
		.error = (uintptr_t)error,
	};

	*error = (struct ioasid_error){ .size = sizeof(*error) };
	if (!ioctl(device, IOASID_MAP, &map))
		return 1;
	if (error->stage != IOASID_STAGE_CHARGE)
		die("IOASID_MAP");
	return 0;
}

/* Ask until it is granted. */
static void insist(uint64_t offset)
{
	struct ioasid_error error;
	unsigned int refusals = 0;

	while (!map(offset, &error)) {
		if (!refusals++)
			say_refusal(&error);
		usleep(PAUSE_US);
	}
	if (refusals)
		printf("%s goes on, after %u refusals\n", name, refusals);
}

static void map_up_to(uint64_t from, uint64_t to)
{
	for (; from < to; from += PIECE)
		insist(from);
	printf("%s has %llu MiB\n", name, to / MEBI);
}

int main(int argc, char **argv)
{
	struct ioasid_ioas_alloc as = { .size = sizeof(as) };
	uint64_t length;

	if (argc != 3) {
		fprintf(stderr, "usage: demo-tenant NAME MEBIBYTES\n");
		return 2;
	}
	name = argv[1];
	prctl(PR_SET_NAME, name);
	prctl(PR_SET_PDEATHSIG, 9);
	length = strtoull(argv[2], NULL, 0) * MEBI;
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	device = open("/dev/ioasid", O_RDWR | O_CLOEXEC);
	if (device < 0)
		die("/dev/ioasid");
	if (ioctl(device, IOASID_IOAS_ALLOC, &as))
		die("IOASID_IOAS_ALLOC");
	space = as.out_id;
	memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		die("mmap");

	map_up_to(0, FIRST_PART);
	getchar();
	map_up_to(FIRST_PART, length);
	getchar();
	return 0;
}
