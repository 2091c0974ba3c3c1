// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures what mapping and unmapping costs in page tables of each format, per entry, in user space
 * and without a sanitizer. Prints a line for each: format, what was mapped, entries, ns to map, ns
 * to unmap. Under callgrind it does little, and dumps the instructions of each instead.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <valgrind/callgrind.h>

#include "shim.h"
#include "table/format.h"
#include "table/page.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define BASE (4 * GIB)
#define MIXED 512

static const struct ioasid_table_format *const formats[] = {
	&ioasid_format_x86_64, &ioasid_format_vtd_ss, &ioasid_format_amd_v1,
	&ioasid_format_arm_s1, &ioasid_format_arm_s2, &ioasid_format_riscv,
};

/*
 * @count pieces of @size bytes, one after the other but not contiguous in memory, or a mix of sizes
 * if it's 0; or one piece, in leaves of no other size than @leaf.
 */
static const struct {
	const char *name;
	u64 count, size, leaf;
} cases[] = {
	{ "1 x 4K", 1, 4 * KIB, 0 },	 { "256 x 4K", 256, 4 * KIB, 0 },
	{ "1M in 4K", 1, MIB, 4 * KIB }, { "1 x 2M", 1, 2 * MIB, 0 },
	{ "256 x 2M", 256, 2 * MIB, 0 }, { "512M in 2M", 1, 512 * MIB, 2 * MIB },
	{ "1 x 1G", 1, GIB, 0 },	 { "mix", MIXED, 0, 0 },
};

static struct ioasid_root root;

static u64 now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* Fill a run list; a piece of a mix is a page or 2 MiB, or something between. */
static void make_runs(struct ioasid_runs *runs, int n)
{
	u64 i, size, iova = BASE, phys;
	unsigned int state = 1;

	ioasid_runs_init(runs);
	for (i = 0; i < cases[n].count; i++, iova += size) {
		state = state * 1103515245 + 12345;
		size = cases[n].size ?: (4 * KIB) << (state >> 16) % 10;
		/* Congruent with the IOVA, and not next to the one before. */
		phys = 64 * GIB + iova + i % 2 * 16 * GIB;
		ioasid_runs_add(runs, phys >> 12, size >> 12);
	}
}

static void map(const struct ioasid_table_format *format, const struct ioasid_runs *runs)
{
	struct ioasid_run_iter iter = ioasid_runs_seek(runs, 0);
	struct ioasid_garbage garbage = {};

	if (format->map(&root, BASE, BASE + (runs->pages << 12) - 1, &iter,
			IOASID_TABLE_READ | IOASID_TABLE_WRITE, &garbage))
		abort();
}

static void unmap(const struct ioasid_table_format *format, const struct ioasid_runs *runs)
{
	struct ioasid_garbage garbage = {};

	if (format->unmap(&root, BASE, BASE + (runs->pages << 12) - 1, &garbage) != runs->pages
											    << 12)
		abort();
	ioasid_garbage_free(&garbage);
}

static void count(void *data, u64 iova, const struct ioasid_entry *entry)
{
	++*(u64 *)data;
}

/* Leaves that there are of it. */
static u64 entries(const struct ioasid_table_format *format, const struct ioasid_runs *runs)
{
	u64 n = 0, iova = BASE, last = BASE + (runs->pages << 12) - 1;
	struct ioasid_visit visit = { .seen = count, .data = &n };

	map(format, runs);
	while (format->visit(&root, &iova, last, &visit))
		;
	unmap(format, runs);
	shim_quiesce();
	return n;
}

static void count_instructions(const struct ioasid_table_format *format,
			       const struct ioasid_runs *runs, int n, u64 leaves)
{
	char name[96];

	CALLGRIND_ZERO_STATS;
	map(format, runs);
	snprintf(name, sizeof(name), "%s|%s|%llu|map", format->name, cases[n].name, leaves);
	CALLGRIND_DUMP_STATS_AT(name);
	CALLGRIND_ZERO_STATS;
	unmap(format, runs);
	snprintf(name, sizeof(name), "%s|%s|%llu|unmap", format->name, cases[n].name, leaves);
	CALLGRIND_DUMP_STATS_AT(name);
	shim_quiesce();
}

/* The best of some batches, in ns: others disturb but never help. */
static void measure(const struct ioasid_table_format *format, const struct ioasid_runs *runs, int n,
		    u64 leaves)
{
	u64 times = 20000 / (leaves + 20) + 10, i, batch, begun, middle;
	double mapping = 1e18, unmapping = 1e18, spent[2];

	for (batch = 0; batch < 15; batch++) {
		spent[0] = spent[1] = 0;
		for (i = 0; i < times; i++) {
			begun = now();
			map(format, runs);
			middle = now();
			unmap(format, runs);
			spent[1] += now() - middle;
			spent[0] += middle - begun;
			shim_quiesce();
		}
		mapping = spent[0] < mapping ? spent[0] : mapping;
		unmapping = spent[1] < unmapping ? spent[1] : unmapping;
	}
	printf("%s|%s|%llu|%.1f|%.1f\n", format->name, cases[n].name, leaves,
	       mapping / times / leaves, unmapping / times / leaves);
}

int main(void)
{
	static const struct ioasid_shape shape;
	struct ioasid_runs runs;
	size_t i, n;
	u64 leaves;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (ioasid_root_init(&root, formats[i], &shape))
			return 1;
		for (n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
			root.sizes = cases[n].leaf ?: formats[i]->sizes(root.levels);
			make_runs(&runs, n);
			leaves = entries(formats[i], &runs);
			if (RUNNING_ON_VALGRIND)
				count_instructions(formats[i], &runs, n, leaves);
			else
				measure(formats[i], &runs, n, leaves);
			ioasid_runs_free(&runs);
		}
		ioasid_root_free(&root);
	}
	return 0;
}
