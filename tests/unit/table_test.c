// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables (kernel/table) against a flat array, read by a decoder of their own.
 *
 * The decoder below is written from the Intel SDM, volume 3A, tables 5-15 to 5-20, and shares
 * nothing with the code that it checks.
 */
#include <criterion/criterion.h>
#include <errno.h>

#include "random.h"
#include "shim.h"
#include "table/format.h"
#include "table/page.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define TOP (1ULL << 47)

static const struct ioasid_table_format *const x86 = &ioasid_format_x86_64;

/* What a walk by the manual ends at. */
struct seen {
	bool present;
	bool writable;
	u64 phys;
	u64 size;
};

static struct seen decode(const void *top, u64 iova)
{
	const u64 *table = top;
	struct seen seen = { .writable = true };
	int shift;
	u64 entry;

	for (shift = 39;; shift -= 9) {
		entry = table[(iova >> shift) % 512];
		if (!(entry & 1))
			return (struct seen){};
		cr_assert(entry & 4, "U/S is set on every level");
		cr_assert(entry & 0x20, "A is set on every level");
		cr_assert_eq(entry & 0xfff0000000000f98 & ~(shift < 39 && shift > 12 ? 0x80 : 0), 0,
			     "no bit is set that has another meaning: %#llx", entry);
		seen.writable &= !!(entry & 2);
		if (shift == 12 || (entry & 0x80))
			break;
		table = (const void *)(uintptr_t)(entry & 0x000ffffffffff000);
	}
	seen.present = true;
	seen.size = 1ULL << shift;
	seen.phys = (entry & 0x000ffffffffff000) + (iova & (seen.size - 1));
	cr_assert_eq(entry & 0x000ffffffffff000 & (seen.size - 1), 0, "a leaf is aligned");
	cr_assert_eq(!!(entry & 0x40), seen.writable, "D is set where it may be written");
	return seen;
}

/* What the code under test says must be what the manual says. */
static struct seen look(const struct ioasid_root *root, u64 iova)
{
	struct seen seen = decode(root->page, iova);
	struct ioasid_entry entry;
	int ret = x86->look_up(root, iova, &entry);

	cr_assert_eq(ret, seen.present ? 0 : -ENOENT);
	if (ret)
		return seen;
	cr_assert_eq(entry.phys, seen.phys);
	cr_assert_eq(entry.left, seen.size - (iova & (seen.size - 1)));
	cr_assert_eq(entry.access, IOASID_TABLE_READ | (seen.writable ? IOASID_TABLE_WRITE : 0));
	return seen;
}

static void begin(struct ioasid_root *root)
{
	cr_assert_eq(shim_table_pages, 0);
	root->page = ioasid_table_page_alloc(true);
	root->levels = 4;
	root->pages = 1;
}

static void collect(struct ioasid_garbage *garbage)
{
	void *next;

	for (; garbage->first; garbage->first = next) {
		next = *(void **)garbage->first;
		ioasid_table_page_free(garbage->first);
	}
}

static u64 unmap(struct ioasid_root *root, u64 iova, u64 length)
{
	struct ioasid_garbage garbage = {};
	u64 unmapped = x86->unmap(root, iova, length >> 12, &garbage);

	collect(&garbage);
	cr_assert_eq(root->pages, shim_table_pages, "table pages are counted");
	return unmapped;
}

static void end(struct ioasid_root *root)
{
	unmap(root, 0, TOP);
	cr_assert_eq(root->pages, 1);
	ioasid_table_page_free(root->page);
	cr_assert_eq(shim_table_pages, 0);
}

/* Map one run. */
static int map_run(struct ioasid_root *root, u64 iova, u64 length, u64 phys, unsigned int access)
{
	struct ioasid_runs runs;
	struct ioasid_run_iter iter;
	int ret;

	ioasid_runs_init(&runs);
	ioasid_runs_add(&runs, phys >> 12);
	runs.pages = length >> 12;
	iter = ioasid_runs_seek(&runs, 0);
	ret = x86->map(root, iova, length >> 12, &iter, access);
	cr_assert_eq(root->pages, shim_table_pages);
	return ret;
}

static const unsigned int both = IOASID_TABLE_READ | IOASID_TABLE_WRITE;

static u64 raw(const struct ioasid_root *root, u64 iova, int level)
{
	const u64 *table = root->page;
	int at;

	for (at = 4; at > level; at--)
		table = (const void *)(uintptr_t)(table[iova >> (3 + 9 * at) & 511] & ~0xfffULL);
	return table[iova >> (3 + 9 * level) & 511];
}

Test(table, entries_are_what_the_manual_says)
{
	struct ioasid_root root;

	begin(&root);
	/* P, R/W, U/S, A, D; the address. */
	cr_assert_eq(map_run(&root, 0x1000, 4 * KIB, 0x123456789000, both), 0);
	cr_assert_eq(raw(&root, 0x1000, 1), 0x123456789067);
	/* A reader's leaf has neither R/W nor D. */
	cr_assert_eq(map_run(&root, 0x2000, 4 * KIB, 0x1000, IOASID_TABLE_READ), 0);
	cr_assert_eq(raw(&root, 0x2000, 1), 0x1025);
	/* PS in leaves of 2 MiB and 1 GiB. */
	cr_assert_eq(map_run(&root, 2 * MIB, 2 * MIB, 0x40000000, both), 0);
	cr_assert_eq(raw(&root, 2 * MIB, 2), 0x400000e7);
	cr_assert_eq(map_run(&root, GIB, GIB, 0x8000000000, IOASID_TABLE_READ), 0);
	cr_assert_eq(raw(&root, GIB, 3), 0x80000000a5);
	/* Tables permit everything; the leaf decides. */
	cr_assert_eq(raw(&root, 0, 4) & 0xfff, 0x27);
	end(&root);
}

Test(table, takes_the_largest_entries_that_fit)
{
	static const struct {
		u64 iova, phys, length;
		u64 first, last; /* sizes of the first and the last entry */
		long pages; /* table pages afterwards */
	} rows[] = {
		{ 0, 0, 4 * KIB, 4 * KIB, 4 * KIB, 4 },
		{ 0, 0, 2 * MIB, 2 * MIB, 2 * MIB, 3 },
		{ 0, 0, GIB, GIB, GIB, 2 },
		{ 0, 0, 3 * GIB, GIB, GIB, 2 },
		{ GIB, 0, GIB + 2 * MIB + 4 * KIB, GIB, 4 * KIB, 4 },
		/* Not congruent modulo 2 MiB: small entries only. */
		{ 0, 4 * KIB, 4 * MIB, 4 * KIB, 4 * KIB, 5 },
		/* Congruent modulo 2 MiB but not modulo 1 GiB. */
		{ 0, 2 * MIB, 2 * GIB, 2 * MIB, 2 * MIB, 4 },
		{ 2 * MIB - 4 * KIB, 4 * MIB - 4 * KIB, 2 * MIB + 8 * KIB, 4 * KIB, 4 * KIB, 5 },
		{ TOP - 4 * KIB, 0, 4 * KIB, 4 * KIB, 4 * KIB, 4 },
		{ TOP - GIB, GIB, GIB, GIB, GIB, 2 },
		/* Across the entries of the top table. */
		{ 512 * GIB - 4 * KIB, 0x7fffff000, 8 * KIB, 4 * KIB, 4 * KIB, 7 },
	};
	struct ioasid_root root;
	size_t i;
	u64 at;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(&root);
		cr_assert_eq(map_run(&root, rows[i].iova, rows[i].length, rows[i].phys, both), 0);
		cr_assert_eq(look(&root, rows[i].iova).size, rows[i].first, "row %zu", i);
		cr_assert_eq(look(&root, rows[i].iova + rows[i].length - 1).size, rows[i].last,
			     "row %zu", i);
		cr_assert_eq(shim_table_pages, rows[i].pages, "row %zu: %ld pages", i,
			     shim_table_pages);
		for (at = 0; at < rows[i].length; at += look(&root, rows[i].iova + at).size)
			cr_assert_eq(look(&root, rows[i].iova + at).phys, rows[i].phys + at);
		if (rows[i].iova)
			cr_assert_not(look(&root, rows[i].iova - 1).present);
		if (rows[i].iova + rows[i].length < TOP)
			cr_assert_not(look(&root, rows[i].iova + rows[i].length).present);
		cr_assert_eq(unmap(&root, rows[i].iova, rows[i].length), rows[i].length);
		cr_assert_eq(root.pages, 1, "all tables went with their last entry");
		end(&root);
	}
}

Test(table, cutting_a_large_entry_leaves_the_rest)
{
	struct ioasid_root root;
	u64 hole = 5 * MIB + 12 * KIB, at;

	begin(&root);
	cr_assert_eq(map_run(&root, 0, GIB, 4 * GIB, both), 0);
	cr_assert_eq(unmap(&root, hole, 8 * KIB), 8 * KIB);
	for (at = 0; at < GIB; at += 4 * KIB) {
		struct seen seen = decode(root.page, at);

		cr_assert_eq(seen.present, at != hole && at != hole + 4 * KIB);
		if (seen.present)
			cr_assert_eq(seen.phys, 4 * GIB + at);
	}
	/* 1 GiB became 2 MiB entries, one of these 4 KiB entries. */
	cr_assert_eq(shim_table_pages, 4);
	cr_assert_eq(look(&root, 0).size, 2 * MIB);
	cr_assert_eq(look(&root, 4 * MIB).size, 4 * KIB);
	end(&root);
}

Test(table, a_failed_map_can_be_undone)
{
	struct ioasid_root root;
	long fail;
	int ret;

	for (fail = 0;; fail++) {
		begin(&root);
		shim_allocations_left = fail;
		ret = map_run(&root, 512 * GIB - 2 * MIB - 4 * KIB, 4 * MIB + 8 * KIB, 4 * KIB,
			      both);
		shim_allocations_left = -1;
		if (!ret)
			break;
		cr_assert_eq(ret, -ENOMEM);
		unmap(&root, 512 * GIB - 2 * MIB - 4 * KIB, 4 * MIB + 8 * KIB);
		cr_assert_eq(root.pages, 1);
		end(&root);
	}
	/* Two tables of each level below the top, four of the lowest. */
	cr_assert_eq(fail, 8);
	end(&root);
}

Test(table, mapping_over_something_is_refused)
{
	struct ioasid_root root;

	begin(&root);
	cr_assert_eq(map_run(&root, 4 * KIB, 4 * KIB, 0, both), 0);
	cr_assert_eq(map_run(&root, 4 * KIB, 4 * KIB, 8 * KIB, both), -EEXIST);
	cr_assert_eq(look(&root, 4 * KIB).phys, 0);
	cr_assert_eq(map_run(&root, 2 * MIB, 2 * MIB, 0, both), 0);
	cr_assert_eq(map_run(&root, 3 * MIB, 4 * KIB, 0, both), -EEXIST);
	end(&root);
}

/* The model: a window of pages, each with the frame that it leads to, or none. */
#define WINDOW 4096U
#define NONE (~0ULL)

struct page_model {
	u64 frame;
	bool writable;
};

static void check_window(const struct ioasid_root *root, const struct page_model *model, u64 base)
{
	struct seen seen;
	unsigned int i;

	for (i = 0; i < WINDOW; i++) {
		seen = look(root, base + i * 4 * KIB);
		cr_assert_eq(seen.present, model[i].frame != NONE, "page %u", i);
		if (!seen.present)
			continue;
		cr_assert_eq(seen.phys, model[i].frame << 12, "page %u", i);
		cr_assert_eq(seen.writable, model[i].writable, "page %u", i);
	}
}

/* Lengths around those of large entries come up often. */
static unsigned int random_run(void)
{
	return below(4) ? 1 + below(1100) : 512 * (1 + below(2)) - 1 + below(3);
}

/* Map a part of a run list: it has pages before and after, in runs that reach into the part. */
static void model_map(struct ioasid_root *root, struct page_model *model, u64 base,
		      unsigned int page, unsigned int pages)
{
	unsigned int before = below(3) ? 0 : below(600), after = below(3) ? 0 : below(600);
	unsigned int i, left = 0, access = below(2) ? both : IOASID_TABLE_READ;
	struct ioasid_run_iter iter;
	struct ioasid_runs runs;
	u64 frame = 0;

	ioasid_runs_init(&runs);
	for (i = 0; i < before + pages + after; i++, left--, frame++) {
		if (!left) {
			left = random_run();
			frame = below(1ULL << 35);
			/* Often congruent, so that large entries come up. */
			if (below(4))
				frame = (frame & ~511ULL) | ((page + i - before) & 511);
		}
		ioasid_runs_add(&runs, frame);
		if (i >= before && i < before + pages)
			model[page + i - before] = (struct page_model){ frame, access == both };
	}
	iter = ioasid_runs_seek(&runs, before);
	cr_assert_eq(x86->map(root, base + page * 4 * KIB, pages, &iter, access), 0);
	cr_assert_eq(iter.page, before + pages);
	ioasid_runs_free(&runs);
}

static void model_step(struct ioasid_root *root, struct page_model *model, u64 base)
{
	unsigned int page = below(WINDOW) & (below(2) ? ~511U : ~0U);
	unsigned int pages = 1 + below(below(2) ? WINDOW - page : 8), i, were = 0;

	if (page + pages > WINDOW)
		pages = WINDOW - page;
	if (below(2)) {
		/* As much as is free from there on. */
		for (i = 0; i < pages && model[page + i].frame == NONE; i++)
			;
		if (i)
			model_map(root, model, base, page, i);
		return;
	}
	for (i = page; i < page + pages; i++) {
		were += model[i].frame != NONE;
		model[i].frame = NONE;
	}
	cr_assert_eq(unmap(root, base + page * 4 * KIB, pages * 4 * KIB), were * 4 * KIB);
}

Test(table, random_maps_and_unmaps_agree_with_a_flat_array)
{
	/* Where tables of several levels begin and end. */
	static const u64 bases[] = { 0, 512 * GIB - 8 * MIB, GIB - 6 * MIB, TOP - 16 * MIB };
	static struct page_model model[WINDOW];
	unsigned long step, steps = from_env("STEPS", 2000) / 4 + 1;
	struct ioasid_root root;
	unsigned int i;
	size_t b;

	random_begin();
	for (b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
		begin(&root);
		for (i = 0; i < WINDOW; i++)
			model[i].frame = NONE;
		for (step = 0; step < steps; step++) {
			model_step(&root, model, bases[b]);
			if (step % 16 == 0 || step == steps - 1)
				check_window(&root, model, bases[b]);
		}
		end(&root);
	}
}
