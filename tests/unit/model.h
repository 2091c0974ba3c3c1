/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model: a window of a table's IOVAs as a flat array, and operations on both, which must agree.
 * What to do is drawn from whoever uses it: at random (table_model_test.c), or from the input of a
 * fuzzer (tests/fuzz).
 */
#ifndef UNIT_MODEL_H
#define UNIT_MODEL_H

#include "subject.h"

#define MODEL_UNITS 4096U
#define MODEL_NOTHING (~0ULL)

/* A number below @n. */
typedef unsigned long long model_draw(unsigned long long n);

/* What one unit of the window leads to: MODEL_NOTHING, or there, and with that access. */
struct model_unit {
	u64 phys;
	unsigned int access;
};

/**
 * struct model - a window
 * @subject: whose
 * @root: the page table, with nothing outside of the window
 * @base: where the window starts
 * @shift: log2 of a unit; operations start and end at units
 * @units: how many it has
 * @draw: where choices come from
 * @unit: what is in them
 */
struct model {
	const struct subject *subject;
	struct ioasid_root root;
	u64 base;
	unsigned int shift;
	unsigned int units;
	model_draw *draw;
	struct model_unit unit[MODEL_UNITS];
};

/* How many windows a subject has: where tables of its levels meet, and both ends. */
unsigned int model_windows(const struct subject *subject);
/* A window of at most @units, a power of two, MODEL_UNITS or less. */
void model_begin(struct model *model, const struct subject *subject, unsigned int window,
		 unsigned int shift, unsigned int units, model_draw *draw);
/* One operation. */
void model_step(struct model *model);
/* Every unit is what it should be. */
void model_check(const struct model *model);
void model_end(struct model *model);

#endif
