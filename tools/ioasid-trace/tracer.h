/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model: calls counted since the start, and in an interval; events one by one.
 */
#ifndef IOASID_TRACE_TRACER_H
#define IOASID_TRACE_TRACER_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ioasid-trace.h"

extern const char *const operation_names[OPERATIONS];

/**
 * struct reading - what was counted, over all CPUs
 * @time_ns: when, on CLOCK_MONOTONIC; of a difference how long
 * @lost: events that the kernel could not give to the BPF programs
 * @tallies: the rest
 */
struct reading {
	uint64_t time_ns;
	uint64_t lost;
	struct tally tallies[OPERATIONS];
};

/**
 * tracer_start - count from now on; dies with a reason when that cannot be
 * @pid: this process only, or 0
 * @wants_events: keep attaches, detaches and refusals for tracer_events()
 */
void tracer_start(pid_t pid, bool wants_events);

/**
 * tracer_events - give each event since the last time to @show, with the time since the start
 */
void tracer_events(void (*show)(const struct event *event, uint64_t time_ns));

/**
 * tracer_read - what was counted since the start
 */
void tracer_read(struct reading *reading);

/**
 * tracer_stop - count no more; tracer_read() gives what there was
 */
void tracer_stop(void);

void tracer_end(void);

/**
 * reading_since - what @now has and @before had not
 *
 * A longest time that was not surpassed meanwhile is known to its bucket only.
 */
void reading_since(struct reading *now, const struct reading *before);

/**
 * tally_percentile - time that @percent of the calls did not exceed, to its bucket's middle
 */
uint64_t tally_percentile(const struct tally *tally, unsigned int percent);

#endif /* IOASID_TRACE_TRACER_H */
