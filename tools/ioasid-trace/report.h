/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ways to show a reading, and events.
 */
#ifndef IOASID_TRACE_REPORT_H
#define IOASID_TRACE_REPORT_H

#include "tracer.h"

/**
 * struct report - one way
 * @start: once, before the first; may be NULL
 * @show: a reading; @interval counts from 1, 0 is the whole time
 * @show_event: an event, so many nanoseconds after the start
 */
struct report {
	void (*start)(void);
	void (*show_event)(const struct event *event, uint64_t time_ns);
	void (*show)(const struct reading *reading, uint64_t interval);
};

extern const struct report report_text;
extern const struct report report_json;

#endif /* IOASID_TRACE_REPORT_H */
