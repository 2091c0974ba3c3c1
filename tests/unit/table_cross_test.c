// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that cross: right before each step of one (a load, a store or an atomic operation on
 * what threads share), the whole of another one is run, and at each step from there on, in the one
 * or the other, a third. So every order that comes of so many interruptions is tried, not only
 * those that threads happen to come by. A table that dies is freed as soon as nobody reads, so that
 * the address sanitizer sees whoever is in it all the same.
 */
#include <stdio.h>

#include "step.h"
#include "subject_test.h"

#define UNITS 512

enum kind { NOTHING, MAP, UNMAP, HOLE, WRITE, SET, CLEAR };

/*
 * On units from @unit on. A HOLE is the first page of one. A WRITE is of one, and marks the entry
 * of unit @count if it can.
 */
struct op {
	enum kind kind;
	unsigned int unit, count;
};

struct scene {
	const char *name;
	struct op before[3];
	struct op ops[3]; /* each is run within those before it */
};

/* A group is of 16 units, where the format has groups; a leaf of the next level of 512. */
static const struct scene scenes[] = {
	{ "a table dies while another page comes",
	  { { MAP, 0, 1 } },
	  { { UNMAP, 0, 1 }, { MAP, 9, 1 } } },
	{ "a page comes while the table dies",
	  { { MAP, 0, 1 } },
	  { { MAP, 9, 1 }, { UNMAP, 0, 1 } } },
	{ "a table dies, is born and dies",
	  { { MAP, 0, 1 } },
	  { { UNMAP, 0, 1 }, { MAP, 9, 1 }, { MAP, 7, 1 } } },
	{ "one of two in a table goes while the other does",
	  { { MAP, 0, 1 }, { MAP, 9, 1 } },
	  { { UNMAP, 0, 1 }, { UNMAP, 9, 1 }, { MAP, 3, 4 } } },
	{ "a table dies while it is visited",
	  { { MAP, 0, 1 }, { MAP, 9, 1 } },
	  { { CLEAR, 0, 16 }, { UNMAP, 0, 1 }, { UNMAP, 9, 1 } } },
	{ "a table dies and is born while it is visited",
	  { { MAP, 0, 1 } },
	  { { CLEAR, 0, 16 }, { UNMAP, 0, 1 }, { MAP, 9, 1 } } },
	{ "two come at once", {}, { { MAP, 0, 1 }, { MAP, 9, 1 }, { MAP, 16, 16 } } },
	{ "three come, and all is looked at",
	  {},
	  { { MAP, 1, 1 }, { MAP, 2, 1 }, { SET, 0, UNITS } } },
	{ "a group is cut twice", { { MAP, 0, 16 } }, { { UNMAP, 0, 1 }, { UNMAP, 15, 1 } } },
	{ "a group is cut three times",
	  { { MAP, 0, 16 } },
	  { { UNMAP, 3, 1 }, { UNMAP, 12, 4 }, { UNMAP, 4, 3 } } },
	{ "a group is cut and its place taken again",
	  { { MAP, 0, 12 }, { MAP, 16, 16 } },
	  { { UNMAP, 16, 8 }, { UNMAP, 24, 8 }, { MAP, 12, 4 } } },
	{ "a device writes while a group is cut",
	  { { MAP, 0, 16 } },
	  { { UNMAP, 5, 1 }, { WRITE, 9, 3 } } },
	{ "marked elsewhere while a group is cut",
	  { { MAP, 0, 16 } },
	  { { UNMAP, 5, 1 }, { WRITE, 2, 14 } } },
	{ "written and cut twice",
	  { { MAP, 0, 16 } },
	  { { UNMAP, 5, 1 }, { UNMAP, 15, 1 }, { WRITE, 9, 12 } } },
	{ "written, and cut twice and smaller",
	  { { MAP, 0, 16 } },
	  { { UNMAP, 5, 1 }, { WRITE, 9, 3 }, { HOLE, 9, 1 } } },
	{ "written before a hole is made", { { MAP, 0, 16 } }, { { HOLE, 9, 1 }, { WRITE, 9, 3 } } },
	{ "a hole is made while it is marked",
	  { { MAP, 0, 16 } },
	  { { SET, 9, 1 }, { HOLE, 9, 1 }, { HOLE, 2, 1 } } },
	{ "a group is marked while it is cut",
	  { { MAP, 0, 16 } },
	  { { UNMAP, 5, 1 }, { SET, 9, 1 } } },
	{ "a group is cut while it is marked",
	  { { MAP, 0, 16 } },
	  { { SET, 9, 1 }, { UNMAP, 5, 1 } } },
	{ "a group is cut while a range is marked",
	  { { MAP, 0, 16 } },
	  { { SET, 6, 5 }, { UNMAP, 5, 1 }, { UNMAP, 12, 1 } } },
	{ "a group is cut, cleared and written",
	  { { MAP, 0, 16 } },
	  { { UNMAP, 5, 1 }, { CLEAR, 0, 16 }, { WRITE, 9, 4 } } },
	{ "a group is cleared, cut and written",
	  { { MAP, 0, 16 } },
	  { { CLEAR, 0, 16 }, { UNMAP, 5, 1 }, { WRITE, 9, 4 } } },
	{ "a written group is cut while it is cleared",
	  { { MAP, 0, 16 }, { WRITE, 9, 4 } },
	  { { CLEAR, 0, 16 }, { UNMAP, 5, 1 }, { UNMAP, 14, 1 } } },
	{ "a written group is cleared while it is cut",
	  { { MAP, 0, 16 }, { WRITE, 9, 4 } },
	  { { UNMAP, 5, 1 }, { CLEAR, 0, 16 } } },
	{ "a large leaf is cut twice",
	  { { MAP, 0, UNITS } },
	  { { UNMAP, 0, 1 }, { UNMAP, 511, 1 } } },
	{ "a large leaf is cut while it is marked",
	  { { MAP, 0, UNITS } },
	  { { SET, 100, 1 }, { UNMAP, 0, 1 } } },
	{ "a large leaf is written while it is cut",
	  { { MAP, 0, UNITS } },
	  { { UNMAP, 7, 1 }, { WRITE, 100, 100 } } },
	{ "a written leaf is cut while it is cleared",
	  { { MAP, 0, UNITS }, { WRITE, 100, 100 } },
	  { { CLEAR, 0, UNITS }, { UNMAP, 0, 1 } } },
	{ "a large leaf goes in halves",
	  { { MAP, 0, UNITS } },
	  { { UNMAP, 0, 256 }, { UNMAP, 256, 256 } } },
};

static const struct subject *current;
static struct ioasid_root root;
static unsigned int shift;
static const struct scene *scene;

/* What became of each unit. */
static bool there[UNITS], written[UNITS], reported[UNITS];
static bool any_mark;

/* Operations that have begun, and steps until the next one does. */
static unsigned int begun;
static long countdown[2], order[2];

static u64 iova_of(unsigned int unit)
{
	return (64ULL * MIB << (shift - 12)) + ((u64)unit << shift);
}

static void see(void *data, u64 iova, const struct ioasid_entry *entry)
{
	u64 first = iova < iova_of(0) ? 0 : (iova - iova_of(0)) >> shift, unit;

	for (unit = first; unit < UNITS && iova_of(unit) - iova < entry->left; unit++)
		reported[unit] |= !!(entry->access & IOASID_TABLE_DIRTY);
}

static void visit_units(const struct op *op, unsigned int set, unsigned int clear)
{
	struct ioasid_visit visit = { .set = set, .clear = clear, .seen = clear ? see : NULL };
	u64 iova = iova_of(op->unit), last = iova_of(op->unit + op->count) - 1;

	while (current->format->visit(&root, &iova, last, &visit))
		;
}

static void map_units(const struct op *op, struct ioasid_garbage *garbage)
{
	u64 iova = iova_of(op->unit), bytes = (u64)op->count << shift;
	struct ioasid_run_iter iter;
	struct ioasid_runs runs;

	ioasid_runs_init(&runs);
	ioasid_runs_add(&runs, iova >> 12, bytes >> 12);
	iter = ioasid_runs_seek(&runs, 0);
	expect_equal(current->format->map(&root, iova, iova + bytes - 1, &iter, READ_WRITE,
					  garbage),
		     0, "%s: map", scene->name);
	expect(!garbage->first || garbage->flush, "%s: it says so if there is garbage",
	       scene->name);
}

/* What comes or goes only while a whole window is marked may be marked or not. */
static void remember_written(const struct op *op)
{
	unsigned int i;

	for (i = op->unit; i < op->unit + op->count && op->count < UNITS; i++)
		written[i] |= there[i];
}

static void run_op(const struct op *op)
{
	struct ioasid_garbage garbage = {};

	switch (op->kind) {
	case MAP:
		map_units(op, &garbage);
		memset(there + op->unit, 1, op->count);
		break;
	case UNMAP:
		current->format->unmap(&root, iova_of(op->unit), iova_of(op->unit + op->count) - 1,
				       &garbage);
		memset(there + op->unit, 0, op->count);
		break;
	case HOLE:
		current->format->unmap(&root, iova_of(op->unit), iova_of(op->unit) + 4095,
				       &garbage);
		if (shift == 12)
			there[op->unit] = false;
		break;
	case WRITE:
		any_mark = true;
		written[op->unit] |= subject_write(current, &root, iova_of(op->unit + 1) - 1,
						   ((s64)op->count - op->unit) * (1LL << shift));
		break;
	case SET:
		any_mark = true;
		remember_written(op);
		visit_units(op, IOASID_TABLE_MARKS, 0);
		break;
	case CLEAR:
		visit_units(op, 0, IOASID_TABLE_MARKS);
		break;
	case NOTHING:
		break;
	}
	ioasid_garbage_free(&garbage);
}

/* Before a step: run the next operation in here if it's time. */
static void step(void)
{
	if (begun > 2 || countdown[begun - 1]--)
		return;
	run_op(&scene->ops[begun++]);
}

/* Units that the scene may touch. */
static unsigned int touched(void)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (scene->before[i].count > 32 || scene->ops[i].count > 32)
			return UNITS;
	return 48;
}

static void check_units(void)
{
	unsigned int i, units = touched();
	struct decoded seen;

	for (i = 0; i < units; i++) {
		/* The last byte: a hole is at the start. */
		seen = subject_look(current, &root, iova_of(i + 1) - 1);
		expect_equal(seen.present, there[i], "%s: unit %u", scene->name, i);
		if (!seen.present)
			continue;
		expect_equal(seen.phys, iova_of(i + 1) - 1, "%s: unit %u", scene->name, i);
		expect(!written[i] || seen.dirty || reported[i], "%s: unit %u, at %ld and %ld",
		       scene->name, i, order[0], order[1]);
		expect(any_mark || !seen.dirty, "%s: unit %u", scene->name, i);
	}
}

/* One order. */
static void run_order(long first, long second)
{
	unsigned int i;

	subject_begin(current, &root);
	memset(there, 0, sizeof(there));
	memset(written, 0, sizeof(written));
	memset(reported, 0, sizeof(reported));
	any_mark = false;
	for (i = 0; i < 3; i++)
		run_op(&scene->before[i]);
	countdown[0] = order[0] = first;
	countdown[1] = order[1] = second;
	begun = 1;
	shim_step = step;
	shim_frees_early = true;
	run_op(&scene->ops[0]);
	shim_step = NULL;
	expect_equal(shim_readers, 0, "all readers are done");
	shim_frees_early = false;
	shim_quiesce();
	check_units();
	subject_end(current, &root);
}

/* Until an operation has fewer steps than that. */
static long run_scene(void)
{
	unsigned int most = scene->ops[2].kind == NOTHING ? 2 : 3;
	long first, second, orders = 0;

	for (first = 0;; first++) {
		for (second = 0;; second++) {
			run_order(first, second);
			orders++;
			if (begun == 1)
				return orders;
			if (begun < most || most == 2)
				break;
		}
	}
}

static void run_all(const struct subject *subject, unsigned int unit)
{
	unsigned int i;
	long orders = 0;

	current = subject;
	shift = unit;
	for (i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		scene = &scenes[i];
		orders += run_scene();
	}
	expect(orders > 1000, "%ld orders", orders);
	printf("# %s, units of 2^%u bytes: %ld orders\n", subject->name, unit, orders);
}

/* One number of levels is as good as another; what differs is whether there is a level more. */
SUBJECT_TEST_OF(table_cross, any_two_or_three_operations_may_cross,
		subject->features == IOASID_TABLE_TRACK &&
			subject->levels == (subject->format->min_levels > 3 ? 4 : 3) &&
			subject->bits < 40 + 8 * (subject->format->min_levels > 3))
{
	run_all(subject, 12);
}

SUBJECT_TEST_OF(table_cross, so_may_those_on_larger_leaves,
		subject->features == IOASID_TABLE_TRACK &&
			subject->levels == (subject->format->min_levels > 3 ? 4 : 3) &&
			subject->bits < 40 + 8 * (subject->format->min_levels > 3))
{
	run_all(subject, 21);
}
