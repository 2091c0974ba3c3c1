/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the time of map, unmap and pin calls went: phases of calls of each size, added up.
 */
#ifndef IOASID_TRACE_PHASES_H
#define IOASID_TRACE_PHASES_H

#include "event.h"
#include "view.h"

/**
 * struct phases - added up
 * @operations: bits: what was asked for by --op, 0 for nothing in particular
 * @sums: by operation and class of size
 */
struct phases {
	uint32_t operations;
	struct phase_sum sums[OPERATIONS][SIZE_CLASSES];
};

/**
 * phases_add - add a call that succeeded
 */
void phases_add(struct phases *phases, const struct event *event);

/**
 * phases_add_sum - add what the BPF programs have added up
 */
void phases_add_sum(struct phase_sum *sum, const struct phase_sum *part);

/**
 * phases_subtract - leave what @now has and @before had not
 */
void phases_subtract(struct phases *now, const struct phases *before);

void phases_show(const struct phases *phases, const struct view *view);

/**
 * phases_other - time that is in no phase
 */
uint64_t phases_other(uint64_t total_ns, const __u64 phases_ns[PHASES]);

#endif /* IOASID_TRACE_PHASES_H */
