/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is remembered of a row from one snapshot to the next, found by the row's key.
 */
#ifndef IOASID_TOP_MEMO_H
#define IOASID_TOP_MEMO_H

#include "sample.h"
#include "snapshot.h"

/* Snapshots that a trend looks back. */
#define MEMO_TREND 5

/**
 * struct memo - of one row
 * @kind: of the row
 * @id: likewise
 * @seen: number of the last snapshot that it was in
 * @index: where in the rows of its kind it is in that one
 * @last: what had been counted then
 * @took: map calls by their nanoseconds, likewise; NULL before the first
 * @p50_ns: of the last interval with map calls, or ROW_NONE
 * @p99_ns: likewise
 * @charged: in the last snapshots, in a ring
 * @charged_count: how many there have been
 * @is_dead: the process had gone already
 * @history: what is shown of it
 */
struct memo {
	enum kind kind;
	uint64_t id;
	uint64_t seen;
	size_t index;
	struct traffic last;
	uint32_t *took;
	uint64_t p50_ns;
	uint64_t p99_ns;
	uint64_t charged[MEMO_TREND];
	size_t charged_count;
	bool is_dead;
	struct history history;
};

/**
 * memo_of - the memo of a row, which is made when there is none. It stays where it is
 */
struct memo *memo_of(enum kind kind, uint64_t id);

/**
 * memo_find - the same, NULL when there is none
 */
struct memo *memo_find(enum kind kind, uint64_t id);

/**
 * memo_count_map_times - p50 and p99 of the calls that were not there before
 */
void memo_count_map_times(struct memo *memo, const uint32_t took[TRAFFIC_BUCKETS]);

/**
 * memo_trend - of what is charged; remembers it
 */
int memo_trend(struct memo *memo, uint64_t charged);

/**
 * memo_history - one more in the history
 */
void memo_history(struct memo *memo, uint64_t pinned);

/**
 * memo_sweep - forget all that was not in this snapshot, nor the one before
 * @now: number of this snapshot
 * @forget: called for each; NULL: forget all, whenever it was seen
 */
void memo_sweep(uint64_t now, void (*forget)(const struct memo *memo));

#endif /* IOASID_TOP_MEMO_H */
