// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peer: our page tables beside those of the kernel's generic_pt. Both are given the same random
 * operations, and then every IOVA leads to the same place and every entry is the same.
 *
 * generic_pt doesn't split entries, so what is unmapped is what was mapped, as a whole.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../module/ioasid-pt.h"
#include "check.h"
#include "load.h"
#include "random.h"

#define PAGE 4096ULL
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

#define AREAS 48
#define RUNS 24
#define PHYS_BITS 52

/* What one MAP entered, and can be unmapped as a whole. */
struct area {
	uint64_t iova;
	uint64_t length;
	uint32_t count;
	uint32_t access;
	struct pt_run runs[RUNS];
};

struct tables {
	int fd;
	struct pt_make make;
	struct rng rng;
	struct area areas[AREAS];
	uint64_t maps;
	uint64_t unmaps;
	uint64_t look_ups;
	uint64_t leaves;
	uint64_t compared;
	uint64_t spare;
};

static struct tables t;

static int call(unsigned long request, void *args)
{
	return ioctl(t.fd, request, args) ? -errno : 0;
}

static uint64_t below(uint64_t limit)
{
	return rng_below(&t.rng, limit);
}

/* Up to 2^bits, small ones as likely as large ones; a whole number of pages. */
static uint64_t some_length(unsigned int bits)
{
	uint64_t most = 1ULL << (12 + below(bits - 12 + 1));

	return rng_once_in(&t.rng, 3) ? most : (1 + below(most / PAGE)) * PAGE;
}

/*
 * Memory for a run at that IOVA: as well aligned as that is, up to some size, or to a page only. Of
 * what is long, at least so well that it takes few tables.
 */
static uint64_t some_phys(uint64_t iova, uint64_t length)
{
	uint64_t phys = below(1ULL << (PHYS_BITS - 1)) & -PAGE;
	unsigned int least = length > 8 * MIB ? 21 : 12;
	uint64_t congruent = (1ULL << (least + below(40 - least))) - 1;

	if (length > 8 * MIB || !rng_once_in(&t.rng, 3))
		phys = (phys & ~congruent) | (iova & congruent);
	/* 0 is what a look-up of theirs says when nothing is there. */
	return phys ? phys : 1ULL << (PHYS_BITS - 1);
}

static uint64_t last_iova(void)
{
	return ~0ULL >> (64 - t.make.bits);
}

/* Near the start, near the end, around a boundary of a large entry, or anywhere. */
static uint64_t some_iova(uint64_t length)
{
	uint64_t align = -(1ULL << (12 + below(20))), iova = rng_next(&t.rng);

	switch (below(4)) {
	case 0:
		iova %= 4 * GIB;
		break;
	case 1:
		iova = last_iova() - iova % (4 * GIB);
		break;
	case 2:
		iova = (iova & -GIB) - below(4 * MIB);
		break;
	}
	iova &= align & last_iova();
	return iova <= last_iova() - (length - 1) ? iova : 0;
}

static bool is_free(const struct area *area)
{
	const struct area *other;

	for (other = t.areas; other < t.areas + AREAS; other++)
		if (other != area && other->length &&
		    area->iova <= other->iova + (other->length - 1) &&
		    other->iova <= area->iova + (area->length - 1))
			return false;
	return true;
}

static void fill_runs(struct area *area)
{
	uint64_t iova;
	uint32_t i;

	area->length = 0;
	for (i = 0; i < area->count; i++)
		area->length += area->runs[i].length = some_length(area->count > 1 ? 23 : 34);
	area->iova = some_iova(area->length);
	iova = area->iova;
	for (i = 0; i < area->count; i++) {
		do {
			area->runs[i].phys = some_phys(iova, area->runs[i].length);
		} while (i &&
			 area->runs[i].phys == area->runs[i - 1].phys + area->runs[i - 1].length);
		iova += area->runs[i].length;
	}
}

static void map(struct area *area)
{
	struct pt_map args;

	area->count = rng_once_in(&t.rng, 2) ? 1 : 1 + below(RUNS);
	area->access = 1 + below(PT_READ | PT_WRITE);
	/* There are entries that can't be read in neither of the others. */
	if (t.make.format == PT_X86_64)
		area->access |= PT_READ;
	fill_runs(area);
	if (!is_free(area)) {
		area->length = 0;
		return;
	}
	args = (struct pt_map){
		.iova = area->iova,
		.runs = (uintptr_t)area->runs,
		.count = area->count,
		.access = area->access,
	};
	want(call(PT_MAP, &args), 0);
	t.maps++;
}

static void unmap(struct area *area)
{
	struct pt_unmap args = { .iova = area->iova, .length = area->length };

	want(call(PT_UNMAP, &args), 0);
	want(args.ours, area->length);
	want(args.theirs, area->length);
	area->length = 0;
	t.unmaps++;
}

static const struct area *area_of(uint64_t iova)
{
	unsigned int i;

	for (i = 0; i < AREAS; i++)
		if (iova - t.areas[i].iova < t.areas[i].length)
			return &t.areas[i];
	return NULL;
}

/* Ours and theirs say what we know. */
static void want_same(uint64_t iova)
{
	const struct area *area = area_of(iova);
	struct pt_look_up args = { .iova = iova };
	uint64_t offset = area ? iova - area->iova : 0;
	unsigned int i;

	want(call(PT_LOOK_UP, &args), 0);
	t.look_ups++;
	want(args.ours, args.theirs);
	if (!area) {
		want(args.ours, 0);
		return;
	}
	for (i = 0; offset >= area->runs[i].length; i++)
		offset -= area->runs[i].length;
	want(args.ours, area->runs[i].phys + offset);
	want(args.access, area->access);
	want_that(args.left && args.left <= area->runs[i].length - offset);
}

static void want_same_around(uint64_t iova)
{
	if (iova)
		want_same(iova - 1);
	if (iova <= last_iova())
		want_same(iova);
}

static void want_same_in(const struct area *area)
{
	uint64_t iova = area->iova;
	unsigned int i;

	for (i = 0; i < area->count; i++) {
		want_same_around(iova);
		want_same(iova + below(area->runs[i].length));
		iova += area->runs[i].length;
	}
	want_same_around(iova);
}

/* Both trees, entry by entry. */
static void want_same_entries(void)
{
	struct pt_compare compare;

	want(call(PT_COMPARE, &compare), 0);
	if (compare.differ)
		fail("%llu entries differ, first of them at 0x%llx of level %llu: 0x%llx in ours, "
		     "0x%llx in theirs",
		     compare.differ, compare.iova, compare.level, compare.ours, compare.theirs);
	/* The top one, and no table that is empty. */
	want(compare.pages, compare.tables + 1);
	t.leaves += compare.leaves;
	t.spare += compare.spare;
	t.compared++;
}

static void step(uint64_t i, uint64_t every)
{
	struct area *area = &t.areas[below(AREAS)];

	if (area->length) {
		want_same_in(area);
		unmap(area);
		want_same(area->iova);
	} else {
		map(area);
		if (area->length)
			want_same_in(area);
	}
	want_same(some_iova(PAGE));
	if (i % every == 0)
		want_same_entries();
}

/* Theirs has no AMD entries of 512 GiB, for the sake of some hardware. */
static void want_same_sizes(void)
{
	uint64_t theirs = t.make.sizes;

	if (t.make.format == PT_AMD_V1)
		theirs = (theirs | 512 * GIB) & last_iova();
	want(t.make.our_sizes, theirs);
}

static void run(const char *name, uint32_t format, uint32_t levels, uint32_t coherent, uint64_t n)
{
	uint64_t from = seed(), i;

	t = (struct tables){ .fd = open("/dev/ioasid-pt", O_RDWR | O_CLOEXEC) };
	want_that(t.fd >= 0);
	t.make = (struct pt_make){ .format = format, .levels = levels, .coherent = coherent };
	t.rng = rng_make(from + levels * 2 + coherent);
	context("%s, %u levels%s, SEED=%" PRIu64, name, levels, coherent ? ", snooping" : "", from);
	want(call(PT_MAKE, &t.make), 0);
	want_same_sizes();
	for (i = 0; i < n; i++)
		step(i, 16);
	want_same_entries();
	for (i = 0; i < AREAS; i++)
		if (t.areas[i].length)
			unmap(&t.areas[i]);
	want_same_entries();
	want(close(t.fd), 0);
	fprintf(stderr,
		"%s, %u levels%s: %" PRIu64 " maps, %" PRIu64 " unmaps, %" PRIu64
		" look-ups; %" PRIu64 " walks compared %" PRIu64 " leaves (SEED=%" PRIu64 ")\n",
		name, levels, coherent ? ", snooping" : "", t.maps, t.unmaps, t.look_ups,
		t.compared, t.leaves, from);
}

static uint64_t some_steps(void)
{
	return steps(2000, 2000);
}

Test(peer, amd_v1)
{
	uint32_t levels;

	module_load("ioasid-pt");
	/* Tables of generic_pt have at least 2 levels, and always snoop. */
	for (levels = 3; levels <= 6; levels++)
		run("AMD v1", PT_AMD_V1, levels, 1, some_steps());
}

Test(peer, vtd_ss)
{
	uint32_t levels;

	module_load("ioasid-pt");
	for (levels = 3; levels <= 5; levels++) {
		run("VT-d second stage", PT_VTD_SS, levels, 0, some_steps());
		run("VT-d second stage", PT_VTD_SS, levels, 1, some_steps());
	}
}

Test(peer, x86_64)
{
	uint32_t levels;

	module_load("ioasid-pt");
	for (levels = 4; levels <= 5; levels++)
		run("x86-64", PT_X86_64, levels, 0, some_steps());
}
