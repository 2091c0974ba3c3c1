/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running BPF programs, of whatever backend: loading, reading events and counters.
 */
#ifndef IOASID_TRACE_TRACER_H
#define IOASID_TRACE_TRACER_H

#include <bpf/libbpf.h>

#include "event.h"
#include "view.h"

/* Bytes of the smallest ring buffer: a page. */
#define BUFFER_LEAST 4096

struct histogram;
struct phases;

/**
 * struct backend - programs that feed the maps of count.bpf.h
 * @name: for --backend
 * @operations: bits: what it knows
 * @open: opens the object, sets its wish and which programs are loaded; tracer_start() does the
 *	rest. Returns NULL with errno set
 * @close: undoes it
 */
struct backend {
	const char *name;
	uint32_t operations;
	struct bpf_object *(*open)(const struct wish *wish);
	void (*close)(void);
};

extern const struct backend backend_ioasid;

/**
 * tracer_start - look from now on; dies with a reason when that cannot be
 * @buffer: bytes of the ring buffer: a power of two, BUFFER_LEAST or more
 *
 * Programs of sections tp_btf, fentry and so on that are to be loaded are attached; then, if there
 * is one, the program "walk" runs once: it passes on what is there already (EVENT_ASIDE).
 */
void tracer_start(const struct backend *backend, const struct wish *wish, size_t buffer);

/**
 * tracer_events - give each event since the last time to @take
 */
void tracer_events(void (*take)(const struct event *event, void *context), void *context);

/**
 * tracer_wait - wait for events, until a moment or a signal, but no longer than a tenth of a second
 *
 * Returns false when a signal asks to end. If nothing is passed on, it waits as long as it takes.
 */
bool tracer_wait(uint64_t deadline_ns);

/**
 * tracer_stop - look no more; tracer_events() and so on give what there was
 */
void tracer_stop(void);

void tracer_end(void);

/**
 * tracer_started_ns - when tracer_start() attached, on CLOCK_MONOTONIC
 */
uint64_t tracer_started_ns(void);

/**
 * tracer_losses - what was lost since the start; @losses->of_cpu is allocated if NULL
 */
void tracer_losses(struct losses *losses);

/**
 * tracer_histogram - add what was counted since the start
 */
void tracer_histogram(struct histogram *histogram);

/**
 * tracer_phases - add what was counted since the start
 */
void tracer_phases(struct phases *phases);

/**
 * tracer_stack - addresses of a stack, by its number in an event, innermost first
 *
 * Returns how many, 0 when it is not known.
 */
unsigned int tracer_stack(int32_t number, uint64_t addresses[STACK_DEPTH]);

#endif /* IOASID_TRACE_TRACER_H */
