// SPDX-License-Identifier: GPL-2.0-only
/*
 * peer: what our page tables cost beside those of the kernel's generic_pt, in instructions.
 *
 * Run under -icount, where a tick is an instruction, with ioasid-pt.ko: `make bench-table`.
 *
 *	peer [TIMES]
 */
#include <err.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "../module/ioasid-pt.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define KIB 1024ULL
#define PAGE (4 * KIB)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define MIX_RUNS 64

/*
 * What is mapped: @runs runs of @length bytes, aligned to that but not to more, at an IOVA in the
 * middle of a table; a leaf of the size @beside before and after it keeps the tables alive when
 * they are warm. No runs: a mix.
 */
static const struct work {
	const char *name;
	uint64_t iova;
	uint64_t length;
	uint64_t beside;
} works[] = {
	{ "1 x 4K", 7 * GIB + 16 * MIB + 129 * PAGE, PAGE, PAGE },
	{ "256 x 4K", 7 * GIB + 16 * MIB + 129 * PAGE, MIB, PAGE },
	{ "1 x 2M", 7 * GIB + 129 * 2 * MIB, 2 * MIB, 2 * MIB },
	{ "256 x 2M", 7 * GIB + 129 * 2 * MIB, 512 * MIB, 2 * MIB },
	{ "1 x 1G", 7 * GIB, GIB, GIB },
	{ "mix", 7 * GIB + 131 * PAGE, 0, PAGE },
};

static const char *const formats[PT_FORMATS] = {
	[PT_AMD_V1] = "AMD v1",
	[PT_VTD_SS] = "VT-d second stage",
	[PT_X86_64] = "x86-64",
};

static int fd;
static double log_sum, worst;
static unsigned int cells;

static void call(unsigned long request, void *args, const char *what)
{
	if (ioctl(fd, request, args))
		err(1, "%s", what);
}

static void map(uint64_t iova, uint64_t phys, uint64_t length)
{
	struct pt_run run = { phys, length };
	struct pt_map args = {
		.iova = iova,
		.runs = (uintptr_t)&run,
		.count = 1,
		.access = PT_READ | PT_WRITE,
	};

	call(PT_MAP, &args, "map");
}

/* Runs of 1 to 1024 pages, most of them short, no two contiguous: always the same ones. */
static uint32_t mix(struct pt_run *runs)
{
	uint64_t random = 1, pages;
	uint32_t i;

	for (i = 0; i < MIX_RUNS; i++) {
		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		pages = 1 + ((random >> 40) & ((1ULL << (random >> 33) % 11) - 1));
		runs[i] = (struct pt_run){ 16 * GIB + i * 16 * MIB + (random >> 50) * PAGE,
					   pages * PAGE };
	}
	return MIX_RUNS;
}

static uint32_t fill(const struct work *work, struct pt_run *runs)
{
	if (!work->length)
		return mix(runs);
	/* Aligned as the IOVA is to the size of one leaf, and no better. */
	runs[0] = (struct pt_run){ 16 * GIB + work->iova % GIB + work->beside, work->length };
	return 1;
}

static void line(const char *format, const char *work, const char *state, const char *op,
		 uint64_t ours, uint64_t theirs)
{
	double ratio = (double)ours / theirs;

	printf("%-18s %-9s %-5s %-6s %11llu %11llu %8.2f\n", format, work, state, op,
	       (unsigned long long)ours, (unsigned long long)theirs, ratio);
	log_sum += log(ratio);
	worst = fmax(worst, ratio);
	cells++;
}

static void measure(uint32_t format, const struct work *work, bool cold, uint32_t times)
{
	struct pt_make make = { .format = format, .levels = 4, .coherent = 1 };
	struct pt_run runs[MIX_RUNS];
	struct pt_time args = {
		.map = {
			.iova = work->iova,
			.runs = (uintptr_t)runs,
			.count = fill(work, runs),
			.access = PT_READ | PT_WRITE,
		},
		.times = times,
		.cold = cold,
	};
	uint32_t i;

	for (i = 0; i < args.map.count; i++)
		args.length += runs[i].length;
	call(PT_MAKE, &make, "make");
	if (!cold) {
		map(work->iova - work->beside, 8 * GIB, work->beside);
		map(work->iova + args.length, 8 * GIB, work->beside);
	}
	call(PT_TIME, &args, "time");
	line(formats[format], work->name, cold ? "cold" : "warm", "map", args.ours.map,
	     args.theirs.map);
	line(formats[format], work->name, cold ? "cold" : "warm", "unmap", args.ours.unmap,
	     args.theirs.unmap);
}

static void explain(uint32_t times)
{
	printf("Guest instructions of a map and an unmap, ours beside the kernel's generic_pt: each\n"
	       "the mean of the middle half of %u repetitions. 4 levels, memory contiguous but\n"
	       "for the mix (%d runs of 1 to 1024 pages), tables allocated with\n"
	       "GFP_KERNEL_ACCOUNT in both.\n"
	       "\n"
	       "warm: the tables on the way are there and stay, as neighbours are mapped.\n"
	       "cold: from an empty table to an empty one. generic_pt keeps tables that reach out\n"
	       "      of what is unmapped: its unmap is counted with what giving back the whole\n"
	       "      table then takes, less what giving back an empty one does. Ours counts what\n"
	       "      RCU's callbacks take to free the tables later.\n"
	       "\n"
	       "%-18s %-9s %-5s %-6s %11s %11s %8s\n",
	       times, MIX_RUNS, "format", "operation", "", "", "ours", "generic_pt", "ratio");
}

int main(int argc, char **argv)
{
	uint32_t times = argc > 1 ? strtoul(argv[1], NULL, 0) : 64;
	uint32_t format, cold;
	size_t i;

	fd = open("/dev/ioasid-pt", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "/dev/ioasid-pt (is ioasid-pt.ko loaded?)");
	if (ioctl(fd, PT_TICKS, NULL) != 1000)
		errx(1, "1000 instructions take %d ticks: not under -icount?",
		     ioctl(fd, PT_TICKS, NULL));
	explain(times);
	for (format = 0; format < PT_FORMATS; format++)
		for (i = 0; i < ARRAY_SIZE(works); i++)
			for (cold = 0; cold < 2; cold++)
				measure(format, &works[i], cold, times);
	printf("\n%-65s %8.2f\n%-65s %8.2f\n", "largest", worst, "geometric mean",
	       exp(log_sum / cells));
	return 0;
}
