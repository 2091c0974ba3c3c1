/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arguments of options that several commands have. What makes no sense is a usage error.
 */
#ifndef IOASID_TRACE_OPTION_H
#define IOASID_TRACE_OPTION_H

#include <argp.h>

#include "event.h"
#include "tracer.h"

/**
 * option_operations - bits of a list of operations, with commas
 */
uint32_t option_operations(struct argp_state *state, const char *list);

enum by option_by(struct argp_state *state, const char *name);

/**
 * option_buffer - bytes of a buffer, the next power of two
 */
size_t option_buffer(struct argp_state *state, const char *text);

const struct backend *option_backend(struct argp_state *state, const char *name);

#endif /* IOASID_TRACE_OPTION_H */
