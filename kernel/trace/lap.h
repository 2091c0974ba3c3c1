/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lap: the time that each phase of an operation takes, taken only while somebody listens.
 *
 *	struct ioasid_lap lap = ioasid_lap_start(trace_ioasid_map_enabled());
 *	... pin ...
 *	event.pin_ns = ioasid_lap(&lap);
 *	...
 *	event.total_ns = ioasid_lap_total(&lap);
 */
#ifndef IOASID_TRACE_LAP_H
#define IOASID_TRACE_LAP_H

#include <linux/ktime.h>
#include <linux/timekeeping.h>

struct ioasid_lap {
	u64 start; /* ns, 0: not timed */
	u64 last;
};

static inline struct ioasid_lap ioasid_lap_start(bool timed)
{
	struct ioasid_lap lap = {};

	if (timed) {
		lap.start = ktime_get_ns();
		lap.last = lap.start;
	}
	return lap;
}

/* Time since the last lap, or since the start. */
static inline u64 ioasid_lap(struct ioasid_lap *lap)
{
	u64 now, ns;

	if (!lap->start)
		return 0;
	now = ktime_get_ns();
	ns = now - lap->last;
	lap->last = now;
	return ns;
}

static inline u64 ioasid_lap_total(const struct ioasid_lap *lap)
{
	return lap->start ? ktime_get_ns() - lap->start : 0;
}

#endif /* IOASID_TRACE_LAP_H */
