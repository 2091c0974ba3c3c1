// SPDX-License-Identifier: GPL-2.0-only
/* The tracepoints' bodies, made once here from include/trace/events/ioasid.h. */
#define CREATE_TRACE_POINTS
#include <trace/events/ioasid.h>
