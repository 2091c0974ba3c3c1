// SPDX-License-Identifier: GPL-2.0-only
/* See model.h. */
#include "model.h"

#include <errno.h>

static u64 iova_of(const struct model *model, unsigned int unit)
{
	return model->base + ((u64)unit << model->shift);
}

/* 0 and the end; then the middle of the top table, and where its first two tables meet, ... */
unsigned int model_windows(const struct subject *subject)
{
	return 2 + subject->levels;
}

static u64 window_base(const struct model *model, unsigned int window)
{
	u64 last = subject_last(model->subject), bytes = (u64)model->units << model->shift;
	u64 middle;

	if (!window)
		return 0;
	if (window == 1)
		return last - bytes + 1;
	middle = window == 2 ? last / 2 + 1 :
			       1ULL << decode_shift(model->subject->levels - window + 3);
	if (middle < bytes / 2)
		return 0;
	return (middle - bytes / 2) & -(1ULL << model->shift);
}

void model_begin(struct model *model, const struct subject *subject, unsigned int window,
		 unsigned int shift, unsigned int units, model_draw *draw)
{
	unsigned int i;

	model->subject = subject;
	model->shift = shift;
	model->units = units;
	/* A run list has no more than so many pages, here three times the window's. */
	while ((u64)model->units << (shift - 12) > 1 << 22)
		model->units /= 2;
	while (((u64)model->units << shift) - 1 > subject_last(subject))
		model->units /= 2;
	model->draw = draw;
	model->base = window_base(model, window);
	for (i = 0; i < MODEL_UNITS; i++)
		model->unit[i].phys = MODEL_NOTHING;
	subject_begin(subject, &model->root);
}

void model_end(struct model *model)
{
	subject_end(model->subject, &model->root);
}

void model_check(const struct model *model)
{
	const struct model_unit *unit;
	struct decoded seen;
	unsigned int i;
	u64 iova;

	for (i = 0; i < model->units; i++) {
		unit = &model->unit[i];
		iova = iova_of(model, i);
		seen = subject_look(model->subject, &model->root, iova);
		expect_equal(seen.present, unit->phys != MODEL_NOTHING, "unit %u", i);
		if (!seen.present)
			continue;
		expect_equal(seen.phys, unit->phys, "unit %u", i);
		expect_equal(subject_access(model->subject, &model->root, iova), unit->access,
			     "unit %u, entry %#llx", i, seen.entry);
		/* The last byte of it. */
		iova |= (1ULL << model->shift) - 1;
		seen = subject_look(model->subject, &model->root, iova);
		expect_equal(seen.phys, unit->phys | ((1ULL << model->shift) - 1), "unit %u", i);
	}
	if (model->base)
		expect(!subject_look(model->subject, &model->root, model->base - 1).present,
		       "before");
	iova = iova_of(model, model->units);
	if (iova - 1 < subject_last(model->subject))
		expect(!subject_look(model->subject, &model->root, iova).present, "behind");
}

/* Lengths around those of large entries come up often. */
static unsigned int draw_run(const struct model *model)
{
	static const unsigned int usual[] = { 1, 2, 16, 32, 512, 1024 };

	if (model->draw(3) == 0)
		return 1 + model->draw(1100);
	return usual[model->draw(6)] + (model->draw(2) ? 0 : model->draw(3));
}

/* A frame for the page at @iova: often congruent, so that large entries come up. */
static u64 draw_phys(const struct model *model, u64 iova, u64 length)
{
	static const unsigned int usual[] = { 13, 16, 17, 20, 21, 24, 25, 30, 34 };
	u64 most = subject_last_phys(model->subject) - length, unit = 1ULL << model->shift, same;
	u64 phys = (model->draw(1ULL << 40) << 12) % most & -unit;

	if (!model->draw(8))
		return most & -unit;
	if (model->draw(4)) {
		same = (1ULL << usual[model->draw(9)]) - 1;
		phys = ((phys & ~same) | (iova & same)) & -unit;
	}
	return phys > most ? most & -unit : phys;
}

static unsigned int draw_access(const struct model *model)
{
	return IOASID_TABLE_READ | (model->draw(2) ? IOASID_TABLE_WRITE : 0) |
	       (model->draw(4) ? 0 : IOASID_TABLE_SOFTWARE);
}

/* A run list whose units from @before on are to be mapped; it has more on both sides. */
static void draw_runs(struct model *model, struct ioasid_runs *runs, unsigned int unit,
		      unsigned int before, unsigned int units, unsigned int after,
		      unsigned int access)
{
	u64 bytes = 1ULL << model->shift, phys = 0;
	unsigned int i, left = 0, at;

	for (i = 0; i < before + units + after; i++, left--, phys += bytes) {
		if (!left) {
			left = draw_run(model);
			phys = draw_phys(model, iova_of(model, unit) + i * bytes - before * bytes,
					 left * bytes);
		}
		expect_equal(ioasid_runs_add(runs, phys >> 12, bytes >> 12), 0, "a run");
		if (i < before || i >= before + units)
			continue;
		at = unit + i - before;
		model->unit[at] = (struct model_unit){ phys, subject_new(model->subject, access) };
	}
}

static void forget(struct model *model, unsigned int unit, unsigned int units)
{
	unsigned int i;

	for (i = unit; i < unit + units; i++)
		model->unit[i].phys = MODEL_NOTHING;
}

/* At times there is no memory, and then it is undone. */
static void map_step(struct model *model, unsigned int unit, unsigned int units)
{
	unsigned int before = model->draw(3) ? 0 : model->draw(model->units);
	unsigned int after = model->draw(3) ? 0 : model->draw(model->units),
		     access = draw_access(model);
	u64 last = iova_of(model, unit + units) - 1;
	struct ioasid_run_iter iter;
	struct ioasid_runs runs;
	u64 pages = 1ULL << (model->shift - 12);
	int ret;

	ioasid_runs_init(&runs);
	draw_runs(model, &runs, unit, before, units, after, access);
	iter = ioasid_runs_seek(&runs, before * pages);
	shim_allocations_left = model->draw(8) ? -1 : model->draw(6);
	ret = subject_map_runs(model->subject, &model->root, iova_of(model, unit), last, &iter,
			       access);
	if (shim_allocations_left >= 0 || !ret) {
		expect_equal(ret, 0, "nothing failed");
		expect_equal(iter.page, (before + units) * pages, "the iterator is behind it");
	} else {
		expect_equal(ret, -ENOMEM, "an allocation failed");
		subject_unmap(model->subject, &model->root, iova_of(model, unit),
			      (u64)units << model->shift);
		forget(model, unit, units);
	}
	shim_allocations_left = -1;
	ioasid_runs_free(&runs);
}

static void unmap_step(struct model *model, unsigned int unit, unsigned int units)
{
	unsigned int i, were = 0;

	for (i = unit; i < unit + units; i++)
		were += model->unit[i].phys != MODEL_NOTHING;
	forget(model, unit, units);
	expect_equal(subject_unmap(model->subject, &model->root, iova_of(model, unit),
				   (u64)units << model->shift),
		     (u64)were << model->shift, "bytes unmapped");
}

/* A visit, and what it has told of. */
struct visiting {
	struct model *model;
	struct ioasid_visit visit;
	u64 next; /* where the last leaf ended, then nothing below that comes */
	u64 first, last;
	unsigned int seen;
};

/* A leaf is told of, whole, with the marks that it had; in the model it's a number of units. */
static void see_leaf(void *data, u64 iova, const struct ioasid_entry *entry)
{
	struct visiting *visiting = data;
	struct model *model = visiting->model;
	unsigned int access;
	struct model_unit *unit;
	u64 at, bytes = 1ULL << model->shift;

	expect(iova >= visiting->next || iova + entry->left - 1 >= visiting->first, "in order");
	expect(iova <= visiting->last && iova + entry->left - 1 >= visiting->first, "in the range");
	for (at = iova & -bytes; at - iova < entry->left || at < iova; at += bytes) {
		unit = &model->unit[(at - model->base) >> model->shift];
		expect((at - model->base) >> model->shift < model->units, "at %#llx", at);
		expect(unit->phys != MODEL_NOTHING, "at %#llx", at);
		access = entry->access & ~IOASID_TABLE_MARKS;
		expect_equal(access, unit->access & ~IOASID_TABLE_MARKS, "at %#llx", at);
		if (iova <= at)
			expect_equal(entry->phys + (at - iova), unit->phys, "at %#llx", at);
		if (bytes <= entry->left)
			expect_equal(entry->access, unit->access, "at %#llx", at);
		unit->access = subject_mark(model->subject, unit->access, visiting->visit.set,
					    visiting->visit.clear);
		if (at + bytes - 1 == ~0ULL)
			break;
	}
	visiting->next = iova + entry->left;
	visiting->seen++;
}

/*
 * Marks are set and cleared for whole units, so that those of a unit with several leaves stay
 * alike; a range that starts or ends within a unit is for windows whose unit is a page.
 */
static void visit_step(struct model *model, unsigned int unit, unsigned int units)
{
	static const unsigned int choices[] = { 0, IOASID_TABLE_ACCESSED, IOASID_TABLE_MARKS,
						IOASID_TABLE_DIRTY };
	bool tracked = model->subject->features & IOASID_TABLE_TRACK;
	struct visiting visiting = { .model = model };
	unsigned int i, some = 0;

	visiting.visit.seen = see_leaf;
	visiting.visit.data = &visiting;
	if (tracked && model->draw(2))
		visiting.visit.set = choices[model->draw(3)];
	else if (tracked)
		visiting.visit.clear = choices[model->draw(4)];
	visiting.first = iova_of(model, unit);
	visiting.last = iova_of(model, unit + units) - 1;
	if (model->shift == 12 && model->draw(2)) {
		visiting.first += model->draw(4096);
		visiting.last -= units > 1 ? model->draw(4096) : 0;
	}
	for (i = unit; i < unit + units; i++)
		some |= model->unit[i].phys != MODEL_NOTHING;
	subject_visit(model->subject, &model->root, visiting.first, visiting.last, &visiting.visit);
	expect_equal(!!visiting.seen, some, "a leaf was seen if there is one");
}

/* Nothing comes of a map over something, and the others are left alone. */
static void refused_step(struct model *model, unsigned int unit)
{
	u64 bytes = 1ULL << model->shift;

	if (model->unit[unit].phys == MODEL_NOTHING)
		return;
	expect_equal(subject_map(model->subject, &model->root, iova_of(model, unit), bytes, 0,
				 IOASID_TABLE_READ),
		     -EEXIST, "something is there");
}

void model_step(struct model *model)
{
	static const unsigned int aligned[] = { 1, 1, 2, 16, 512 };
	unsigned int unit = model->draw(model->units) & -aligned[model->draw(5)], units, i;

	units = 1 + model->draw(model->draw(2) ? model->units - unit : 8);
	if (units > model->units - unit)
		units = model->units - unit;
	switch (model->draw(8)) {
	case 0 ... 2:
		/* As much as is free from there on. */
		for (i = 0; i < units && model->unit[unit + i].phys == MODEL_NOTHING; i++)
			;
		if (i)
			map_step(model, unit, i);
		break;
	case 3 ... 4:
		unmap_step(model, unit, units);
		break;
	case 5 ... 6:
		visit_step(model, unit, units);
		break;
	case 7:
		refused_step(model, unit);
		break;
	}
}
