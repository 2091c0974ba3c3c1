/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a model is shown: text or JSON, of an interval or of the whole.
 */
#ifndef IOASID_TRACE_VIEW_H
#define IOASID_TRACE_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "json.h"

/**
 * struct view - where to and how
 * @out: text goes there
 * @json: JSON goes there instead, if not NULL
 * @addresses: user addresses are shown
 * @colours: text has colours
 * @interval: which, from 1 on; 0: the whole
 * @cumulative: the interval's numbers are since the start
 * @duration_ns: of the interval, or the whole
 * @start_ns: when it all began, on the clock of the events
 */
struct view {
	FILE *out;
	struct json *json;
	bool addresses;
	bool colours;
	uint64_t interval;
	bool cumulative;
	uint64_t duration_ns;
	uint64_t start_ns;
};

/**
 * view_schema - the first record of JSON; nothing in text
 */
void view_schema(const struct view *view);

/**
 * view_heading - text: which interval it is; nothing in JSON
 */
void view_heading(const struct view *view);

/**
 * view_span - JSON: put scope, interval and duration into the record that is open
 */
void view_span(const struct view *view);

/**
 * view_address - JSON: put a user address, if these are shown
 */
void view_address(const struct view *view, const char *key, uint64_t address);

/**
 * struct losses - events that are not in what is shown
 * @cpus: how many CPUs there are
 * @of_cpu: for each, events that did not fit into the buffer
 * @missed: tracepoints hit while the same program ran on that CPU
 * @uncounted: calls that came when the table of --by was full
 */
struct losses {
	unsigned int cpus;
	uint64_t *of_cpu;
	uint64_t missed;
	uint64_t uncounted;
};

/**
 * losses_show - text: "lost events: ..."; JSON: a record "lost"
 */
void losses_show(const struct losses *losses, const struct view *view);

#endif /* IOASID_TRACE_VIEW_H */
