/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "memo.h"
#include "tool.h"

/* A hash with open addressing; the number of slots is a power of two, more than half are empty. */
static struct {
	struct memo **slots;
	size_t room;
	size_t count;
} memos;

static size_t slot_of(enum kind kind, uint64_t id)
{
	uint64_t hash = (id * KINDS + kind) * 0x9e3779b97f4a7c15;
	size_t slot = (hash >> 20) & (memos.room - 1);

	while (memos.slots[slot] &&
	       (memos.slots[slot]->kind != kind || memos.slots[slot]->id != id))
		slot = (slot + 1) & (memos.room - 1);
	return slot;
}

static void resize(size_t room)
{
	struct memo **old = memos.slots;
	size_t count = memos.room;

	memos.slots = calloc(room, sizeof(*memos.slots));
	if (!memos.slots)
		tool_die("no memory for %zu rows", room);
	memos.room = room;
	for (size_t i = 0; i < count; i++)
		if (old[i])
			memos.slots[slot_of(old[i]->kind, old[i]->id)] = old[i];
	free(old);
}

struct memo *memo_find(enum kind kind, uint64_t id)
{
	return memos.room ? memos.slots[slot_of(kind, id)] : NULL;
}

struct memo *memo_of(enum kind kind, uint64_t id)
{
	struct memo *memo = memo_find(kind, id);

	if (memo)
		return memo;
	if (memos.count * 2 >= memos.room)
		resize(memos.room ? memos.room * 2 : 256);
	memo = calloc(1, sizeof(*memo));
	if (!memo)
		tool_die("no memory for %zu rows", memos.count);
	memo->kind = kind;
	memo->id = id;
	memo->p50_ns = ROW_NONE;
	memo->p99_ns = ROW_NONE;
	memos.slots[slot_of(kind, id)] = memo;
	memos.count++;
	return memo;
}

/* The middle of the bucket in which the one is that so many come before. */
static uint64_t nth(const uint32_t counts[TRAFFIC_BUCKETS], uint64_t before)
{
	unsigned int i = 0;

	for (; i < TRAFFIC_BUCKETS - 1 && before >= counts[i]; i++)
		before -= counts[i];
	return (hist_from(2 * i) + hist_from(2 * i + 2) - 1) / 2;
}

void memo_count_map_times(struct memo *memo, const uint32_t took[TRAFFIC_BUCKETS])
{
	uint32_t recent[TRAFFIC_BUCKETS];
	uint64_t count = 0;

	for (size_t i = 0; i < TRAFFIC_BUCKETS; i++) {
		recent[i] = took[i] - (memo->took ? memo->took[i] : 0);
		count += recent[i];
	}
	if (!count)
		return;
	memo->p50_ns = nth(recent, (count - 1) / 2);
	memo->p99_ns = nth(recent, (count - 1) * 99 / 100);
	if (!memo->took)
		memo->took = malloc(sizeof(recent));
	if (!memo->took)
		tool_die("no memory for the times of map calls");
	memcpy(memo->took, took, sizeof(recent));
}

int memo_trend(struct memo *memo, uint64_t charged)
{
	size_t oldest = memo->charged_count < MEMO_TREND ? 0 : memo->charged_count % MEMO_TREND;
	uint64_t before = memo->charged_count ? memo->charged[oldest] : charged;

	memo->charged[memo->charged_count++ % MEMO_TREND] = charged;
	return (charged > before) - (charged < before);
}

void memo_history(struct memo *memo, uint64_t pinned)
{
	struct history *history = &memo->history;

	if (history->count == HISTORY_MOST)
		memmove(history->pinned, history->pinned + 1,
			--history->count * sizeof(history->pinned[0]));
	history->pinned[history->count++] = pinned;
}

/* Into a new table, for removing from one with open addressing leaves holes. */
void memo_sweep(uint64_t now, void (*forget)(const struct memo *memo))
{
	size_t kept = 0;

	for (size_t i = 0; i < memos.room; i++) {
		struct memo *memo = memos.slots[i];

		if (!memo)
			continue;
		if (forget && memo->seen + 1 >= now) {
			kept++;
			continue;
		}
		if (forget)
			forget(memo);
		free(memo->took);
		free(memo);
		memos.slots[i] = NULL;
	}
	if (!kept) {
		free(memos.slots);
		memos.slots = NULL;
		memos.room = 0;
	} else if (kept != memos.count) {
		resize(memos.room);
	}
	memos.count = kept;
}
