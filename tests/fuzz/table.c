// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes one format's page tables: the input says with which number of levels and features, which
 * window of its IOVAs, and then operation by operation what is done. Each is done on the model, too
 * (tests/unit/model.h), and an entry is what the second decoder says that it is.
 *
 * Compiled once for each format, whose symbol is FUZZ_FORMAT.
 */
#include "model.h"

#define OPERATIONS 48
/* So few that a check of all takes little: 4 MiB of pages, several tables. */
#define UNITS 1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *input;
static size_t left;

/* A number from as many bytes of the input as it needs; 0 when it has ended. */
static unsigned long long draw(unsigned long long n)
{
	unsigned long long value = 0, span;

	for (span = n - 1; span && left; span >>= 8, left--)
		value = value << 8 | *input++;
	return n ? value % n : 0;
}

/* The format's own subject number so and so. */
static const struct subject *choose(void)
{
	unsigned int count, i, n = 0;
	const struct subject *all = subjects(&count), *mine[64];

	for (i = 0; i < count; i++)
		if (all[i].format == &FUZZ_FORMAT)
			mine[n++] = &all[i];
	return mine[draw(n)];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned int shifts[] = { 12, 12, 16, 21, 30 };
	const struct subject *subject;
	static struct model model;
	unsigned int window, shift, n;

	input = data;
	left = size;
	subject = choose();
	window = draw(model_windows(subject));
	shift = shifts[draw(sizeof(shifts) / sizeof(shifts[0]))];
	if ((4ULL << shift) - 1 > subject_last(subject))
		shift = 12;
	model_begin(&model, subject, window, shift, UNITS, draw);
	for (n = 0; left && n < OPERATIONS; n++)
		model_step(&model);
	model_check(&model);
	model_end(&model);
	return 0;
}
