/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls by the time they took: a tally for each operation, and with --by for each process, address
 * space and so on.
 */
#ifndef IOASID_TRACE_HISTOGRAM_H
#define IOASID_TRACE_HISTOGRAM_H

#include "devices.h"
#include "view.h"

struct histogram;

/**
 * histogram_new - an empty one
 * @operations: bits: what was asked for by --op, 0 for nothing in particular
 * @devices: by device: which there are, else unused
 */
struct histogram *histogram_new(enum by by, uint32_t operations, const struct devices *devices);

/**
 * histogram_copy - another one with the same in it
 */
struct histogram *histogram_copy(const struct histogram *histogram);

void histogram_free(struct histogram *histogram);

/**
 * histogram_add - count a call
 */
void histogram_add(struct histogram *histogram, const struct event *event);

/**
 * histogram_add_tally - add what the BPF programs have counted
 */
void histogram_add_tally(struct histogram *histogram, const struct tally_key *key,
			 const struct tally *tally);

/**
 * histogram_subtract - leave what @now has and @before had not
 *
 * A longest time that was not surpassed meanwhile is known to its bucket only.
 */
void histogram_subtract(struct histogram *now, const struct histogram *before);

void histogram_show(struct histogram *histogram, const struct view *view);

#endif /* IOASID_TRACE_HISTOGRAM_H */
