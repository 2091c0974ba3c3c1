/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An event: names of what it has, and which ones are wanted.
 */
#ifndef IOASID_TRACE_EVENT_H
#define IOASID_TRACE_EVENT_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "ioasid-trace.h"

extern const char *const operation_names[OPERATIONS];
extern const char *const phase_names[PHASES];
extern const char *const by_names[BYS]; /* "", "process", ... */

#define OPERATION_BIT(operation) (1u << (operation))

/**
 * struct filter - which events are wanted
 * @tgid: of this process only, or 0
 * @ioas: of this address space only, or 0
 * @operations: bits of enum operation
 */
struct filter {
	uint32_t tgid;
	uint32_t operations;
	uint64_t ioas;
};

/**
 * filter_takes - is the event wanted?
 *
 * An attach or detach of devices always is: models need to know them. One that is not asked for
 * gets EVENT_ASIDE and is not counted.
 */
bool filter_takes(const struct filter *filter, struct event *event);

/**
 * event_stage - name of the step that refused, NULL for none
 */
const char *event_stage(const struct event *event);

/**
 * event_reason - name of the reason, NULL for none
 */
const char *event_reason(const struct event *event);

/**
 * event_size - pages that were mapped, unmapped, pinned or entered
 */
uint64_t event_size(const struct event *event);

/**
 * bytes_set_page - events are of a machine whose pages are so long; else they are of this one
 */
void bytes_set_page(uint64_t bytes);

/**
 * bytes_of - bytes of so many pages; all ones stay all ones
 */
uint64_t bytes_of(uint64_t pages);

/**
 * size_class - class of so many pages, as the BPF programs have it
 */
unsigned int size_class(uint64_t pages);

#endif /* IOASID_TRACE_EVENT_H */
