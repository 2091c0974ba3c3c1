// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO type1 and ioasid-vfio, given the same calls: thousands at random, with everything that can
 * be seen of them (results, errnos, structures, bitmaps, what DMA has moved) recorded and compared.
 *
 * What may differ is not recorded: how many more mappings a container may have, and counts that
 * sharing makes smaller.
 */
#include <criterion/criterion.h>

#include "backend.h"
#include "check.h"
#include "count.h"
#include "differential/steps.h"
#include "memory.h"

#define ALL_KINDS ((1ULL << KINDS) - 1)
#define LIMIT_KINDS (1ULL << KIND_MAP | 1ULL << KIND_UNMAP | 1ULL << KIND_ATTACH)
#define LONG_ENOUGH 1000

struct sequence {
	void (*make)(struct world *world, uint64_t count);
	enum backend backend;
	uint64_t seed;
	uint64_t steps;
	struct record *record;
};

static void make_sequence(void *arg)
{
	const struct sequence *sequence = arg;
	static struct world world;

	world_make(&world, sequence->seed, sequence->backend, sequence->record);
	sequence->make(&world, sequence->steps);
	world_end(&world);
	record_line(sequence->record, "pinned %llu locked %llu", (long long)vm_pin(),
		    (long long)vm_lck());
}

/*
 * A sequence where nothing works compares well, and proves nothing. In a short one not every kind
 * has its turn.
 */
static void want_successes(const struct record *record, uint64_t count, uint64_t kinds)
{
	unsigned int i;

	if (count < LONG_ENOUGH)
		kinds &= LIMIT_KINDS;
	for (i = 0; i < KINDS; i++)
		if (kinds & 1ULL << i && !record->successes[i])
			fail("no step of kind %u has worked", i);
}

static struct record *record_of(struct sequence sequence, enum backend backend)
{
	sequence.backend = backend;
	sequence.record = record_make();
	backend_use(backend);
	in_child(make_sequence, &sequence);
	return sequence.record;
}

static void compare(enum backend other, void (*make)(struct world *world, uint64_t count),
		    uint64_t count, uint64_t kinds)
{
	struct sequence sequence = { .make = make, .seed = seed(), .steps = count };
	struct record *expected, *actual;

	want_that(hugetlb_reserve(HUGE_2M, 4));
	context("SEED=%llu STEPS=%llu", (unsigned long long)sequence.seed,
		(unsigned long long)count);
	expected = record_of(sequence, BACKEND_TYPE1);
	actual = record_of(sequence, other);
	want_same_record(expected, actual, backend_names[BACKEND_TYPE1], backend_names[other]);
	want_successes(expected, count, kinds);
	record_free(expected);
	record_free(actual);
	want_that(hugetlb_reserve(HUGE_2M, 0));
	if (other == BACKEND_IOASID)
		want_nothing_left();
}

/* Else the comparison would say nothing: a sequence comes again with its seed. */
Test(differential, sequences_repeat)
{
	compare(BACKEND_TYPE1, steps_make, steps(200, 30), LIMIT_KINDS);
}

Test(differential, both_backends_do_the_same)
{
	compare(BACKEND_IOASID, steps_make, steps(2000, 150), ALL_KINDS);
}

Test(differential, both_backends_charge_the_same)
{
	compare(BACKEND_IOASID, limit_steps_make, steps(2000, 150), LIMIT_KINDS);
}
