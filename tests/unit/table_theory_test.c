// SPDX-License-Identifier: GPL-2.0-only
/* What holds of page tables of every format, at the addresses where something begins or ends. */
#include <errno.h>

#include "subject_test.h"

/* Where tables and leaves of a level meet, the first and the last page, one page around each. */
static unsigned int boundaries(const struct subject *subject, u64 *list)
{
	unsigned int level, n = 0;
	u64 last = subject_last(subject), at;

	list[n++] = 0;
	for (level = 1; level <= subject->levels; level++) {
		at = 1ULL << decode_shift(level);
		list[n++] = at - 4 * KIB;
		list[n++] = at;
		list[n++] = (last & -at) - 4 * KIB;
		list[n++] = last & -at;
	}
	list[n++] = last / 2 + 1;
	list[n++] = last / 2 + 1 - 8 * KIB;
	list[n++] = last & -(4 * KIB);
	return n;
}

static const u64 lengths[] = { 4 * KIB,
			       8 * KIB,
			       60 * KIB,
			       64 * KIB,
			       68 * KIB,
			       2 * MIB,
			       4 * MIB,
			       4 * MIB + 4 * KIB,
			       32 * MIB,
			       GIB,
			       2 * GIB + 2 * MIB + 4 * KIB,
			       16 * GIB };

#define LENGTHS (sizeof(lengths) / sizeof(lengths[0]))

static bool fits(const struct subject *subject, u64 iova, u64 length)
{
	return iova + length - 1 <= subject_last(subject) && iova + length - 1 >= iova;
}

/* As congruent as can be, and not at all; always such that it fits. */
static u64 phys_for(u64 iova, unsigned int kind)
{
	static const u64 offsets[] = { 0, 4 * KIB, 64 * KIB, 2 * MIB };

	return (iova & (64 * GIB - 1)) + 64 * GIB + offsets[kind];
}

/* No leaf of what was mapped at once could be larger. */
static void expect_largest(const struct subject *subject, const struct ioasid_root *root, u64 iova,
			   u64 length, u64 phys)
{
	u64 done, size, larger, sizes = subject->format->sizes(subject->levels);

	for (done = 0; done < length; done += size) {
		size = subject_look(subject, root, iova + done).size;
		for (larger = size * 2; larger <= length - done; larger *= 2)
			expect(!(larger & sizes) || (iova + done) & (larger - 1) ||
				       (phys + done) & (larger - 1),
			       "%#llx bytes at %#llx, not %#llx", size, iova + done, larger);
	}
}

SUBJECT_TEST(table_theory, unmapping_undoes_mapping)
{
	struct ioasid_root root;
	unsigned int n, count, kind, i;
	u64 at[64], length;

	count = boundaries(subject, at);
	subject_begin(subject, &root);
	for (n = 0; n < count; n++)
		for (i = 0; i < LENGTHS; i++)
			for (kind = 0; kind < 4; kind++) {
				length = lengths[i];
				/* Large and in small leaves takes long and shows nothing new. */
				if (!fits(subject, at[n], length) || (kind && length > 4 * MIB))
					continue;
				expect_equal(subject_map(subject, &root, at[n], length,
							 phys_for(at[n], kind), READ_WRITE),
					     0, "%#llx, %#llx bytes", at[n], length);
				if (length < 16 * GIB)
					subject_expect(subject, &root, at[n], length,
						       phys_for(at[n], kind),
						       subject_new(subject, READ_WRITE));
				expect_largest(subject, &root, at[n], length,
					       phys_for(at[n], kind));
				expect_equal(subject_unmap(subject, &root, at[n], length), length,
					     "%#llx", at[n]);
				subject_expect_empty(subject, &root);
			}
	subject_end(subject, &root);
}

SUBJECT_TEST(table_theory, takes_the_largest_leaves_that_fit)
{
	u64 sizes = subject->format->sizes(subject->levels), size;
	struct ioasid_root root;

	subject_begin(subject, &root);
	for (size = 4 * KIB; size <= 64 * GIB && size - 1 < subject_last(subject); size *= 2) {
		if (!(size & sizes))
			continue;
		expect_equal(subject_map(subject, &root, subject_last(subject) - size + 1, size,
					 size, READ_WRITE),
			     0, "%#llx", size);
		expect_equal(subject_look(subject, &root, subject_last(subject)).size, size, "one");
		subject_unmap(subject, &root, 0, size);
		subject_end(subject, &root);
		subject_begin(subject, &root);
		/* Neither where the IOVA doesn't fit, nor where the address doesn't. */
		if (!fits(subject, size / 2, size) || size == 4 * KIB)
			continue;
		subject_map(subject, &root, size / 2, size, 0, READ_WRITE);
		expect(subject_look(subject, &root, size / 2).size < size, "%#llx", size);
		subject_unmap(subject, &root, size / 2, size);
		subject_map(subject, &root, 0, size, size / 2, READ_WRITE);
		expect(subject_look(subject, &root, 0).size < size, "%#llx", size);
		subject_unmap(subject, &root, 0, size);
	}
	subject_end(subject, &root);
}

SUBJECT_TEST(table_theory, the_last_iova_is_like_any_other)
{
	u64 last = subject_last(subject), page = last & -(4 * KIB),
	    size = subject_largest(subject, GIB);
	struct ioasid_root root;

	subject_begin(subject, &root);
	expect_equal(subject_map(subject, &root, page, 4 * KIB, 0x7000, READ_WRITE), 0, "a page");
	expect_equal(subject_look(subject, &root, last).phys, 0x7fff, "its last byte");
	expect_equal(subject_unmap(subject, &root, page, 4 * KIB), 4 * KIB, "a page");
	subject_expect_empty(subject, &root);
	/* The largest leaf, cut from its end and from its start. */
	expect_equal(subject_map(subject, &root, last - size + 1, size, size, READ_WRITE), 0,
		     "map");
	expect_equal(subject_unmap(subject, &root, page, 4 * KIB), 4 * KIB, "the last page");
	expect(!subject_look(subject, &root, last).present, "it is gone");
	expect_equal(subject_look(subject, &root, page - 1).phys, 2 * size - 4 * KIB - 1, "left");
	expect_equal(subject_unmap(subject, &root, last - size + 1, size), size - 4 * KIB, "rest");
	subject_expect_empty(subject, &root);
	subject_end(subject, &root);
}

/* What the window has, leaf by leaf, must not depend on the order. */
static void same(const struct subject *subject, const struct ioasid_root *a,
		 const struct ioasid_root *b, u64 iova, u64 length)
{
	struct decoded x, y;
	u64 at;

	expect_equal(atomic64_read(&a->pages), atomic64_read(&b->pages), "as many tables");
	for (at = iova; at < iova + length; at += 4 * KIB) {
		x = subject_look(subject, a, at);
		y = subject_look(subject, b, at);
		expect_equal(x.entry, y.entry, "at %#llx", at);
		expect_equal(x.parent, y.parent, "at %#llx", at);
		expect_equal(x.size, y.size, "at %#llx", at);
	}
}

static void free_both(const struct subject *subject, struct ioasid_root *a, struct ioasid_root *b)
{
	struct ioasid_garbage garbage = {};

	subject->format->unmap(b, 0, ioasid_root_last(b), &garbage);
	ioasid_garbage_free(&garbage);
	ioasid_root_free(b);
	subject_end(subject, a);
}

/* Without the check of all pages, as there are two tables. */
static void map_raw(const struct subject *subject, struct ioasid_root *root, u64 iova, u64 length)
{
	struct ioasid_garbage garbage = {};
	struct ioasid_run_iter iter;
	struct ioasid_runs runs;

	ioasid_runs_init(&runs);
	ioasid_runs_add(&runs, (iova + 8 * GIB) >> 12, length >> 12);
	iter = ioasid_runs_seek(&runs, 0);
	expect_equal(subject->format->map(root, iova, iova + length - 1, &iter, READ_WRITE,
					  &garbage),
		     0, "%#llx", iova);
	expect(!garbage.first, "nothing died");
}

/* Does a map of a page ask for a flush? */
static bool asks_for_flush(const struct subject *subject, struct ioasid_root *root, u64 iova)
{
	struct ioasid_garbage garbage = {};
	struct ioasid_run_iter iter;
	struct ioasid_runs runs;
	bool asks;

	ioasid_runs_init(&runs);
	ioasid_runs_add(&runs, 0, 1);
	iter = ioasid_runs_seek(&runs, 0);
	expect_equal(subject->format->map(root, iova, iova + 4 * KIB - 1, &iter, READ_WRITE,
					  &garbage),
		     0, "%#llx", iova);
	asks = garbage.flush;
	ioasid_garbage_free(&garbage);
	return asks;
}

/*
 * Hardware may have a dead table in mind until the flush of whoever killed it. Until then whoever
 * maps has to flush: who makes the new table, and who finds it made.
 */
SUBJECT_TEST_OF(table_theory, a_map_into_the_place_of_a_dead_table_flushes, subject->levels > 1)
{
	struct ioasid_garbage dead = {};
	struct ioasid_root root;

	subject_begin(subject, &root);
	expect(!asks_for_flush(subject, &root, 0), "nothing died yet");
	expect_equal(subject->format->unmap(&root, 0, 4 * KIB - 1, &dead), 4 * KIB, "a page");
	expect(dead.first, "its table died");
	expect(asks_for_flush(subject, &root, 4 * KIB), "a table is made in its place");
	expect(asks_for_flush(subject, &root, 8 * KIB), "one page more in that");
	expect(asks_for_flush(subject, &root, 16 * KIB), "and another");
	ioasid_garbage_free(&dead);
	expect(!asks_for_flush(subject, &root, 32 * KIB), "it was flushed");
	shim_quiesce();
	subject_end(subject, &root);
}

SUBJECT_TEST_OF(table_theory, the_order_of_maps_does_not_matter, subject->bits > 21)
{
	static const u64 parts[][2] = {
		{ 0, 64 * KIB },      { 64 * KIB, 2 * MIB - 64 * KIB }, { 2 * MIB, 2 * MIB },
		{ 4 * MIB, 4 * KIB }, { 4 * MIB + 4 * KIB, 8 * KIB },	{ 6 * MIB, 3 * MIB },
	};
	/* Each rotation, forwards and backwards. */
	unsigned int turn, i, n = sizeof(parts) / sizeof(parts[0]);
	struct ioasid_root a, b;
	const u64 *part;

	for (turn = 0; turn < 2 * n; turn++) {
		subject_begin(subject, &a);
		b = a;
		b.page = ioasid_top_table_alloc(a.order);
		for (i = 0; i < n; i++)
			map_raw(subject, &a, parts[i][0], parts[i][1]);
		for (i = 0; i < n; i++) {
			part = parts[turn < n ? (turn + i) % n : (turn + n - i) % n];
			map_raw(subject, &b, part[0], part[1]);
		}
		same(subject, &a, &b, 0, 12 * MIB);
		free_both(subject, &a, &b);
	}
}

/* A hole in large leaves leaves what mapping around the hole would have made. */
static void cut(const struct subject *subject, u64 size, u64 hole, u64 length)
{
	u64 iova = subject_last(subject) - size + 1, phys = 2 * size;
	unsigned int access = subject_new(subject, READ_WRITE | IOASID_TABLE_SOFTWARE);
	struct ioasid_root root;

	subject_begin(subject, &root);
	expect_equal(subject_map(subject, &root, iova, size, phys,
				 READ_WRITE | IOASID_TABLE_SOFTWARE),
		     0, "map");
	expect_equal(subject_look(subject, &root, iova).size, size, "one leaf");
	expect_equal(subject_unmap(subject, &root, iova + hole, length), length, "the hole");
	subject_expect_nothing(subject, &root, iova + hole, length);
	if (hole)
		subject_expect(subject, &root, iova, hole, phys, access);
	if (hole + length < size)
		subject_expect(subject, &root, iova + hole + length, size - hole - length,
			       phys + hole + length, access);
	expect_equal(subject_unmap(subject, &root, iova, size), size - length, "what was left");
	subject_expect_empty(subject, &root);
	subject_end(subject, &root);
}

SUBJECT_TEST(table_theory, a_hole_is_all_that_is_missing)
{
	u64 sizes = subject->format->sizes(subject->levels), size;

	for (size = 8 * KIB; size <= 16 * GIB; size *= 2) {
		if (!(size & sizes))
			continue;
		cut(subject, size, 0, 4 * KIB);
		cut(subject, size, size - 4 * KIB, 4 * KIB);
		cut(subject, size, size / 2, size / 2);
		if (size > 8 * KIB)
			cut(subject, size, size / 2 - 4 * KIB, 8 * KIB);
	}
}

SUBJECT_TEST_OF(table_theory, a_failed_map_is_undone, subject->bits > 30)
{
	u64 iova = (1ULL << decode_shift(subject->levels)) - 2 * MIB - 4 * KIB;
	u64 length = 4 * MIB + 8 * KIB;
	struct ioasid_root root;
	long fail;
	int ret;

	for (fail = 0;; fail++) {
		subject_begin(subject, &root);
		/* A neighbour, whose tables stay. */
		expect_equal(subject_map(subject, &root, 0, 4 * KIB, 0, READ_WRITE), 0, "map");
		shim_allocations_left = fail;
		ret = subject_map(subject, &root, iova, length, 4 * KIB, READ_WRITE);
		shim_allocations_left = -1;
		if (!ret)
			break;
		expect_equal(ret, -ENOMEM, "at allocation %ld", fail);
		subject_unmap(subject, &root, iova, length);
		subject_expect(subject, &root, 0, 4 * KIB, 0, subject_new(subject, READ_WRITE));
		expect_equal(atomic64_read(&root.pages), subject->levels - 1 + (1 << root.order),
			     "the neighbour's tables");
		subject_end(subject, &root);
	}
	/*
	 * Four tables of the lowest level, and two of each other but the top one; the neighbour has
	 * one of these already.
	 */
	expect_equal(fail, 4 + 2 * (subject->levels - 2) - 1, "allocations");
	subject_end(subject, &root);
}

SUBJECT_TEST(table_theory, a_map_over_something_leaves_it_alone)
{
	u64 size = subject_largest(subject, 2 * MIB);
	unsigned int access = subject_new(subject, READ_WRITE);
	struct ioasid_root root;

	subject_begin(subject, &root);
	expect_equal(subject_map(subject, &root, 4 * KIB, 4 * KIB, 0, READ_WRITE), 0, "map");
	expect_equal(subject_map(subject, &root, 4 * KIB, 4 * KIB, 8 * KIB, READ_WRITE), -EEXIST,
		     "the same page");
	subject_expect(subject, &root, 4 * KIB, 4 * KIB, 0, access);
	/* In the middle of a leaf that would be a large one. */
	expect_equal(subject_map(subject, &root, 64 * KIB + 20 * KIB, 4 * KIB, 0, READ_WRITE), 0,
		     "");
	expect_equal(subject_map(subject, &root, 64 * KIB, 64 * KIB, 64 * KIB, READ_WRITE), -EEXIST,
		     "over one of its pages");
	subject_expect(subject, &root, 84 * KIB, 4 * KIB, 0, access);
	subject_unmap(subject, &root, 0, 128 * KIB);
	subject_expect_empty(subject, &root);
	if (subject->bits > 21) {
		/* Over tables, and into a leaf. */
		expect_equal(subject_map(subject, &root, size + 4 * KIB, 4 * KIB, 0, READ_WRITE), 0,
			     "map");
		expect_equal(subject_map(subject, &root, size, size, 0, READ_WRITE), -EEXIST,
			     "table");
		subject_expect(subject, &root, size + 4 * KIB, 4 * KIB, 0, access);
		expect_equal(subject_map(subject, &root, 2 * size, size, 0, READ_WRITE), 0, "map");
		expect_equal(subject_map(subject, &root, 3 * size - 4 * KIB, 4 * KIB, 0,
					 READ_WRITE),
			     -EEXIST, "into a leaf");
		subject_expect(subject, &root, 2 * size, size, 0, access);
	}
	subject_end(subject, &root);
}

SUBJECT_TEST(table_theory, what_is_entered_can_be_told_from_what_is_not)
{
	static const unsigned int all[] = { IOASID_TABLE_READ, READ_WRITE,
					    IOASID_TABLE_READ | IOASID_TABLE_SOFTWARE,
					    READ_WRITE | IOASID_TABLE_SOFTWARE };
	struct ioasid_root root;
	unsigned int i;

	subject_begin(subject, &root);
	for (i = 0; i < 4; i++) {
		expect_equal(subject_map(subject, &root, 128 * KIB * i, 128 * KIB, 0, all[i]), 0,
			     "");
		subject_expect(subject, &root, 128 * KIB * i, 128 * KIB, 0,
			       subject_new(subject, all[i]));
	}
	subject_end(subject, &root);
}

SUBJECT_TEST(table_theory, sizes_can_be_fewer)
{
	u64 sizes = subject->format->sizes(subject->levels), size, bytes;
	struct ioasid_shape shape = { subject->levels, subject->bits, subject->features, 0 };
	struct ioasid_root root;

	expect_subject = subject->name;
	for (size = 4 * KIB; size <= GIB; size *= 2) {
		if (!(size & sizes))
			continue;
		shape.sizes = size | 4 * KIB;
		expect_equal(ioasid_root_init(&root, subject->format, &shape), 0, "a root");
		expect_equal(root.sizes, size | 4 * KIB, "sizes");
		bytes = size * 2 - 1 <= subject_last(subject) ? size * 2 : size;
		expect_equal(subject_map(subject, &root, 0, bytes, 0, READ_WRITE), 0, "map");
		expect_equal(subject_look(subject, &root, 0).size, size, "the size allowed");
		expect_equal(subject_look(subject, &root, bytes - 1).size, size, "here too");
		subject_unmap(subject, &root, 0, bytes);
		subject_end(subject, &root);
	}
}

SUBJECT_TEST(table_theory, a_root_has_what_it_was_asked_for)
{
	struct ioasid_shape shape = { .levels = subject->levels, .features = subject->features };
	struct ioasid_root root;
	unsigned int usual = subject->format->bits(subject->levels);

	expect_subject = subject->name;
	expect_equal(ioasid_root_init(&root, subject->format, &shape), 0, "a root");
	expect_equal(root.bits, usual, "what the levels give");
	expect_equal(root.order, 0, "one page");
	expect_equal(root.sizes, subject->format->sizes(subject->levels), "all sizes");
	expect_equal(root.features, subject->features, "features");
	ioasid_root_free(&root);

	subject_begin(subject, &root);
	expect_equal(root.levels, subject->levels, "levels");
	expect_equal(root.order, subject->bits > usual ? subject->bits - usual : 0, "pages");
	expect_equal(atomic64_read(&root.pages), 1ULL << root.order, "all counted");
	expect_equal((uintptr_t)root.page & ((4096ULL << root.order) - 1), 0, "aligned");
	subject_expect_empty(subject, &root);
	subject_end(subject, &root);

	shape.levels = 0;
	shim_allocations_left = 0;
	expect_equal(ioasid_root_init(&root, subject->format, &shape), -ENOMEM, "no memory");
	shim_allocations_left = -1;
	expect_equal(shim_table_pages, 0, "nothing is left");
	expect_equal(ioasid_root_init(&root, subject->format, &shape), 0, "a root");
	expect_equal(root.levels, subject->format->usual_levels, "the usual levels");
	ioasid_root_free(&root);
}
