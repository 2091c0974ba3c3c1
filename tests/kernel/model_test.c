// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random sequences of calls against a model of plain arrays (model/model.h).
 *
 * The model knows what the header promises and nothing of how it is done. After every step errnos,
 * results and counts agree; contents and translations are looked at here and there, all there is
 * and the audit at intervals.
 *
 *	SEED=n STEPS=n model_test
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "count.h"
#include "model/model.h"
#include "model/storm.h"

#define INTERVAL 256

/* khugepaged moves pages when it likes. */
static void calm_kernel(void)
{
	FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs", "w");

	if (!f)
		return;
	fprintf(f, "4000000000\n");
	fclose(f);
}

static void begin(uint64_t from)
{
	calm_kernel();
	want_nothing_left();
	on_failure(notes_print);
	m.rng = rng_make(from);
	m.system_pinned = system_pinned();
	files_open();
	workers_make();
	memory_begin();
}

static void end(void)
{
	unsigned int i;

	for (i = 0; i < WORKERS; i++)
		worker_kill(i);
	files_close();
	want_nothing_left();
	want(system_pinned(), m.system_pinned);
}

Test(model, agrees_after_every_step)
{
	uint64_t from = seed(), count = steps(12000, 3000), i;

	begin(from);
	for (i = 0; i < count; i++) {
		context("SEED=%llu STEPS=%llu", (unsigned long long)from,
			(unsigned long long)i + 1);
		step_any();
		check_step();
		if (i % INTERVAL == 0)
			check_everything();
	}
	check_everything();
	fprintf(stderr, "SEED=%llu STEPS=%llu: %llu calls, %llu refused, %llu large entries\n",
		(unsigned long long)from, (unsigned long long)count,
		(unsigned long long)(m.calls_ok + m.calls_refused),
		(unsigned long long)m.calls_refused, (unsigned long long)m.large_entries);
	end();
	want_that(m.large_entries > 0 || count < 10000);
}

/* The same from many threads: at the end of each round, everything agrees. */
Test(model, agrees_when_many_threads_have_stopped)
{
	calm_kernel();
	want_nothing_left();
	storm(seed(), runs(150, 25), false);
}

/* And with a process killed at a random moment of each round. */
Test(model, agrees_when_a_process_was_killed)
{
	calm_kernel();
	want_nothing_left();
	storm(seed(), runs(40, 8), true);
}
