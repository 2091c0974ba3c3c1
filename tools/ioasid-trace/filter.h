/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options that choose events: -p, -i, --op.
 */
#ifndef IOASID_TRACE_FILTER_H
#define IOASID_TRACE_FILTER_H

#include <argp.h>

#include "event.h"

/* A child parser; its input is a struct filter, whose operations stay 0 without --op. */
extern const struct argp filter_argp;

#endif /* IOASID_TRACE_FILTER_H */
