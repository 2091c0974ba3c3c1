// SPDX-License-Identifier: GPL-2.0-only
/* Marks: visits set, read and clear them, entry by entry; none is lost when a leaf is cut. */
#include "subject_test.h"

#define A IOASID_TABLE_ACCESSED
#define D IOASID_TABLE_DIRTY
#define MARKS IOASID_TABLE_MARKS

/* What a visit has told, in order. */
struct told {
	unsigned int count;
	u64 iova[2048];
	struct ioasid_entry entry[2048];
};

static void tell(void *data, u64 iova, const struct ioasid_entry *entry)
{
	struct told *told = data;

	expect(told->count < 2048, "too many");
	told->iova[told->count] = iova;
	told->entry[told->count++] = *entry;
}

static struct told told;

/* Visit a range; @told says what was seen. */
static void visit(const struct subject *subject, struct ioasid_root *root, u64 iova, u64 last,
		  unsigned int set, unsigned int clear)
{
	struct ioasid_visit visit = { .set = set, .clear = clear, .seen = tell, .data = &told };

	told.count = 0;
	subject_visit(subject, root, iova, last, &visit);
}

static unsigned int marks(const struct subject *subject, const struct ioasid_root *root, u64 iova)
{
	return subject_access(subject, root, iova) & MARKS;
}

static void map(const struct subject *subject, struct ioasid_root *root, u64 iova, u64 length)
{
	expect_equal(subject_map(subject, root, iova, length, iova, READ_WRITE), 0, "%#llx", iova);
}

TRACKED_TEST(table_mark, are_set_seen_and_cleared)
{
	struct ioasid_root root;

	subject_begin(subject, &root);
	map(subject, &root, 0x1000, 4 * KIB);
	map(subject, &root, 0x5000, 4 * KIB);
	expect_equal(marks(subject, &root, 0x1000), 0, "a new leaf has none");
	visit(subject, &root, 0, 0x7fff, A, 0);
	expect_equal(told.count, 2, "leaves");
	expect_equal(told.entry[0].access, READ_WRITE, "what it had before");
	expect_equal(told.iova[1], 0x5000, "in order");
	expect_equal(told.entry[1].phys, 0x5000, "where it leads to");
	expect_equal(told.entry[1].left, 4 * KIB, "its size");
	expect_equal(marks(subject, &root, 0x1000), A, "accessed");
	visit(subject, &root, 0x5fff, 0x5fff, MARKS, 0);
	expect_equal(told.count, 1, "one byte");
	expect_equal(marks(subject, &root, 0x1000), A, "the other is not touched");
	expect_equal(marks(subject, &root, 0x5000), MARKS, "both");
	visit(subject, &root, 0, 0xffff, 0, D);
	expect_equal(told.entry[0].access & MARKS, A, "before");
	expect_equal(told.entry[1].access & MARKS, MARKS, "before");
	expect_equal(marks(subject, &root, 0x5000), A, "dirty is cleared only");
	expect_equal(subject_access(subject, &root, 0x5000), READ_WRITE | A, "and nothing else");
	visit(subject, &root, 0, 0xffff, 0, MARKS);
	visit(subject, &root, 0, 0xffff, 0, 0);
	expect_equal(told.entry[0].access | told.entry[1].access, READ_WRITE, "all are gone");
	subject_end(subject, &root);
}

TRACKED_TEST(table_mark, a_leaf_that_begins_before_the_range_is_whole)
{
	u64 sizes = subject->format->sizes(subject->levels), size;
	struct ioasid_root root;

	for (size = 8 * KIB; size <= GIB && 2 * size - 1 <= subject_last(subject); size *= 2) {
		if (!(size & sizes))
			continue;
		subject_begin(subject, &root);
		map(subject, &root, size, size);
		visit(subject, &root, size + size / 2 + 7, size + size / 2 + 7, D, 0);
		expect_equal(told.count, 1, "one leaf of %#llx", size);
		expect_equal(told.iova[0], size, "from its start");
		expect_equal(told.entry[0].phys, size, "from its start");
		expect_equal(told.entry[0].left, size, "to its end");
		expect_equal(marks(subject, &root, size), D, "all of it");
		expect_equal(marks(subject, &root, 2 * size - 1), D, "all of it");
		visit(subject, &root, 2 * size - 1, 2 * size - 1, 0, D);
		expect_equal(told.entry[0].access & MARKS, D, "it was");
		expect_equal(marks(subject, &root, size), 0, "not any more");
		visit(subject, &root, 0, size - 1, A, 0);
		expect_equal(told.count, 0, "not before it");
		subject_end(subject, &root);
	}
}

TRACKED_TEST(table_mark, a_mark_of_one_entry_is_a_mark_of_the_leaf)
{
	u64 base = 64 * KIB, size = subject_largest(subject, 64 * KIB);
	unsigned int i, n, count = size / (4 * KIB);
	struct ioasid_root root;

	for (n = 0; n < count; n++) {
		subject_begin(subject, &root);
		map(subject, &root, base, size);
		expect(subject_write(subject, &root, base, n * 4 * KIB), "it is there");
		for (i = 0; i < count; i++)
			expect_equal(marks(subject, &root, base + i * 4 * KIB), MARKS, "%u", i);
		/* And so when it is cut. */
		subject_unmap(subject, &root, base + (n ^ 1) * 4 * KIB, 4 * KIB);
		for (i = 0; i < count; i++)
			if (i != (n ^ 1))
				expect_equal(marks(subject, &root, base + i * 4 * KIB), MARKS,
					     "page %u, mark at %u", i, n);
		visit(subject, &root, base, base + 4 * KIB - 1, 0, MARKS);
		for (i = 0; i < count; i++)
			if (i != (n ^ 1) && told.count)
				expect_equal(marks(subject, &root, base + i * 4 * KIB),
					     i ? MARKS : 0, "page %u is its own", i);
		subject_end(subject, &root);
	}
}

TRACKED_TEST(table_mark, cutting_a_leaf_leaves_its_parts_marked)
{
	u64 sizes = subject->format->sizes(subject->levels), size, at;
	static const unsigned int all[] = { 0, A, MARKS };
	struct ioasid_root root;
	unsigned int i;

	for (size = 8 * KIB; size <= GIB && 2 * size - 1 <= subject_last(subject); size *= 2) {
		if (!(size & sizes))
			continue;
		for (i = 0; i < 3; i++) {
			subject_begin(subject, &root);
			map(subject, &root, size, size);
			visit(subject, &root, size, size, all[i], 0);
			subject_unmap(subject, &root, size + size / 2, 4 * KIB);
			for (at = size; at < 2 * size;) {
				struct decoded seen = subject_look(subject, &root, at);

				if (seen.present)
					expect_equal(marks(subject, &root, at), all[i], "%#llx",
						     at);
				at += seen.present ? seen.size - (at & (seen.size - 1)) : 4 * KIB;
			}
			subject_end(subject, &root);
		}
	}
}

/* Tables enough for several rounds of a visit, which has a budget. */
TRACKED_TEST(table_mark, a_visit_is_resumed_where_it_stopped)
{
	struct ioasid_visit visit = { .clear = MARKS, .seen = tell, .data = &told };
	u64 last = subject_last(subject), iova = 0;
	unsigned int i, rounds = 1, n = 300;
	struct ioasid_root root;

	if (subject->levels < 3)
		return;
	subject_begin(subject, &root);
	for (i = 0; i < n; i++) {
		map(subject, &root, i * 2 * MIB, 4 * KIB);
		map(subject, &root, i * 2 * MIB + 2 * MIB - 4 * KIB, 4 * KIB);
	}
	map(subject, &root, last & -(4 * KIB) & (64 * GIB - 1), 4 * KIB);
	told.count = 0;
	last = subject->bits > 36 ? 64 * GIB - 1 : last;
	while (subject->format->visit(&root, &iova, last, &visit))
		rounds++;
	expect(rounds > 3, "in %u rounds", rounds);
	expect_equal(told.count, 2 * n + 1, "each once");
	for (i = 1; i < told.count; i++)
		expect(told.iova[i] > told.iova[i - 1], "in order");
	subject_end(subject, &root);
}

/* The whole address space, where little is in it. */
TRACKED_TEST(table_mark, a_visit_ends_at_the_last_iova)
{
	u64 page = subject_last(subject) & -(4 * KIB);
	struct ioasid_root root;

	subject_begin(subject, &root);
	visit(subject, &root, 0, subject_last(subject), MARKS, 0);
	expect_equal(told.count, 0, "nothing");
	map(subject, &root, 0, 4 * KIB);
	expect_equal(subject_map(subject, &root, page, 4 * KIB, 0x1000, READ_WRITE), 0, "map");
	visit(subject, &root, 0, subject_last(subject), MARKS, 0);
	expect_equal(told.count, 2, "both");
	expect_equal(told.iova[1], page, "the last");
	expect_equal(marks(subject, &root, page), MARKS, "marked");
	visit(subject, &root, subject_last(subject), subject_last(subject), 0, MARKS);
	expect_equal(told.count, 1, "the last byte");
	expect_equal(marks(subject, &root, page), 0, "cleared");
	subject_end(subject, &root);
}

/* Without IOASID_TABLE_TRACK a leaf has all marks that hardware might miss. */
SUBJECT_TEST_OF(table_mark, without_tracking_nothing_is_ever_missed,
		!(subject->features & IOASID_TABLE_TRACK))
{
	struct ioasid_root root;

	subject_begin(subject, &root);
	map(subject, &root, 0, 4 * KIB);
	expect_equal(subject_access(subject, &root, 0), subject_new(subject, READ_WRITE), "new");
	visit(subject, &root, 0, 4 * KIB, 0, 0);
	expect_equal(told.entry[0].access, subject_new(subject, READ_WRITE), "told so");
	subject_end(subject, &root);
}
