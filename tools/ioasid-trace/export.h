/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioasid-trace export: a recording for other programs to show.
 */
#ifndef IOASID_TRACE_EXPORT_H
#define IOASID_TRACE_EXPORT_H

#include "recording.h"

int export_main(int argc, char **argv);

/**
 * struct export_options - what is exported
 * @out: it goes there
 * @filter: these events only
 * @addresses: with user addresses
 */
struct export_options {
	FILE *out;
	struct filter filter;
	bool addresses;
};

/**
 * export_perfetto - in the trace event format, JSON, that ui.perfetto.dev opens
 *
 * A track for each thread and each address space; calls are slices, with their phases in them.
 * Phases and pins lie in their call one after another, in the order of the steps: how long each
 * took is exact, when it began is not recorded.
 */
void export_perfetto(struct recording *recording, const struct export_options *options);

/**
 * export_folded - a line for each stack with a phase, and its nanoseconds, for flame graphs
 */
void export_folded(struct recording *recording, const struct export_options *options);

#endif /* IOASID_TRACE_EXPORT_H */
