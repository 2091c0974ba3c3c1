/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mode, fed by what happens now: from the start until the end or a signal, in intervals or not.
 */
#ifndef IOASID_TRACE_LIVE_H
#define IOASID_TRACE_LIVE_H

#include "model.h"
#include "tracer.h"

/**
 * struct live - what to look at, and how to show it
 * @model: the mode
 * @backend: where it comes from
 * @options: for the model
 * @filter: what is wanted
 * @view: how it is shown
 * @interval_ns: 0: no intervals
 * @count: of intervals, 0 is until a signal
 * @duration_ns: 0: until a signal
 * @buffer: bytes of the ring buffer
 * @events: show each attach and detach, and each call that is refused, as it happens
 */
struct live {
	const struct model *model;
	const struct backend *backend;
	struct model_options options;
	struct filter filter;
	struct view view;
	uint64_t interval_ns;
	uint64_t count;
	uint64_t duration_ns;
	size_t buffer;
	bool events;
};

/**
 * live_run - do it; dies with a reason when that cannot be
 */
void live_run(const struct live *live);

/**
 * live_stack - stack of an event that has just come, for struct model_options
 */
unsigned int live_stack(const struct event *event, bool of_user, struct frame *frames);

#endif /* IOASID_TRACE_LIVE_H */
