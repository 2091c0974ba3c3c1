/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tally: counted up, subtracted, looked at, drawn.
 */
#ifndef IOASID_TRACE_TALLY_H
#define IOASID_TRACE_TALLY_H

#include <linux/types.h>
#include <stdint.h>

#include "ioasid-trace.h"
#include "view.h"

/**
 * tally_time - count a call that took so long
 */
void tally_time(struct tally *tally, uint64_t ns);

/**
 * tally_add - add @part to @total
 */
void tally_add(struct tally *total, const struct tally *part);

/**
 * tally_subtract - leave what @now has and @before had not
 */
void tally_subtract(struct tally *now, const struct tally *before);

/**
 * tally_percentile - time that @per_mille of the calls did not exceed, to its bucket's middle
 */
uint64_t tally_percentile(const struct tally *tally, unsigned int per_mille);

/**
 * tally_draw - a line for each power of two, with a bar
 */
void tally_draw(const struct tally *tally, FILE *out, const char *what);

/**
 * tally_put_times - put sum, percentiles and longest time into the record that is open
 */
void tally_put_times(const struct tally *tally, struct json *json);

/**
 * tally_put_buckets - put the buckets that are not empty
 */
void tally_put_buckets(const struct tally *tally, struct json *json);

#endif /* IOASID_TRACE_TALLY_H */
