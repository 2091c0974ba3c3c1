/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What becomes of events: a model for each mode. It is fed with events, of the ring buffer or of a
 * recording; hist and phases may be fed with what the BPF programs have counted instead.
 */
#ifndef IOASID_TRACE_MODEL_H
#define IOASID_TRACE_MODEL_H

#include "event.h"
#include "view.h"

/**
 * struct frame - one function on a stack
 * @address: where it is
 * @offset: in the function
 * @name: of the function, empty when it is not known
 * @object: file name of the program or the library; "kernel", or a module's name
 */
struct frame {
	uint64_t address;
	uint64_t offset;
	char name[128];
	char object[64];
};

/**
 * struct model_options - what a model is made with
 * @operations: bits: what was asked for by --op, 0 for nothing in particular
 * @by: hist: what there is a histogram for each of
 * @from_ns: slow: what took so long; what failed is always shown
 * @stack: slow: frames of an event's stack, innermost first, at most STACK_DEPTH; returns how many,
 *	0 when there is none; NULL: there are no stacks
 */
struct model_options {
	uint32_t operations;
	enum by by;
	uint64_t from_ns;
	unsigned int (*stack)(const struct event *event, bool of_user, struct frame *frames);
};

/**
 * struct model - a mode
 * @name: "hist", ...
 * @operations: bits: what it looks at if --op does not say
 * @possible: bits: what --op may say
 * @create: an empty one
 * @destroy: and all it has
 * @add: an event; it has to be of the model's operations, the caller filters
 * @show: what there is; a model of single events (slow) shows those that came since the last time
 */
struct model {
	const char *name;
	uint32_t operations;
	uint32_t possible;
	void *(*create)(const struct model_options *options);
	void (*destroy)(void *model);
	void (*add)(void *model, const struct event *event);
	void (*show)(void *model, const struct view *view);
};

extern const struct model model_hist;
extern const struct model model_phases;
extern const struct model model_slow;
extern const struct model model_pins;

/**
 * model_find - by name, or NULL
 */
const struct model *model_find(const char *name);

#endif /* IOASID_TRACE_MODEL_H */
