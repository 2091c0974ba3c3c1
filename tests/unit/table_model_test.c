// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables at random, against a flat array: windows where tables of every level begin and end,
 * and at both ends of the address space; operations on pages, on 64 KiB, 2 MiB and 1 GiB.
 */
#include "model.h"
#include "random.h"
#include "subject_test.h"

static void run(const struct subject *subject, unsigned int shift, unsigned long steps)
{
	static struct model model;
	unsigned int window, windows = model_windows(subject);
	unsigned long step, each = steps / windows + 1;

	for (window = 0; window < windows; window++) {
		model_begin(&model, subject, window, shift, MODEL_UNITS, below);
		for (step = 0; step < each; step++) {
			model_step(&model);
			if (step % 16 == 0)
				model_check(&model);
		}
		model_check(&model);
		model_end(&model);
	}
}

SUBJECT_TEST(table_model, random_operations_agree_with_a_flat_array)
{
	unsigned long steps = from_env("STEPS", 800);

	random_begin();
	run(subject, 12, steps / 2);
	run(subject, 16, steps / 4);
	if (subject->bits > 21)
		run(subject, 21, steps / 4);
	if (subject->bits > 32)
		run(subject, 30, steps / 4);
}
