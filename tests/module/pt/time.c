// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time: what a map and an unmap cost in ticks of the processor's counter, which in a VM under
 * -icount counts instructions.
 *
 * Each repetition is timed by itself, and the mean of the middle half counts, so that an interrupt
 * doesn't. Ours frees tables by RCU: what its callbacks take is the ticks between two callbacks of
 * ours that are queued before and after.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <asm/msr.h>

#include "pt/pair.h"

/* One repetition after the other, of what is measured. */
enum series { MAP, UNMAP, LATER, BETWEEN, FREE, FREE_EMPTY, NOTHING, SERIES };

/**
 * struct samples - what was measured
 * @times: repetitions
 * @of: ticks of each repetition, by series
 */
struct samples {
	u32 times;
	u64 *of[SERIES];
};

/**
 * struct marker - tells when RCU came to it
 * @head: RCU's
 * @at: then
 */
struct marker {
	struct rcu_head head;
	u64 at;
};

struct markers {
	struct marker before;
	struct marker after;
};

static int by_value(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* The mean of the middle half. */
static u64 mean(struct samples *samples, enum series series)
{
	u32 from = samples->times / 4, to = samples->times - from, i;
	u64 sum = 0;

	sort(samples->of[series], samples->times, sizeof(u64), by_value, NULL);
	for (i = from; i < to; i++)
		sum += samples->of[series][i];
	return sum / (to - from);
}

static void samples_free(struct samples *samples)
{
	unsigned int i;

	for (i = 0; i < SERIES; i++)
		kvfree(samples->of[i]);
}

static int samples_make(struct samples *samples, u32 times)
{
	unsigned int i;

	*samples = (struct samples){ .times = times };
	for (i = 0; i < SERIES; i++) {
		samples->of[i] = kvcalloc(times, sizeof(u64), GFP_KERNEL);
		if (!samples->of[i]) {
			samples_free(samples);
			return -ENOMEM;
		}
	}
	return 0;
}

static void mark(struct rcu_head *head)
{
	container_of(head, struct marker, head)->at = rdtsc_ordered();
}

static void queue_marker(struct marker *marker)
{
	init_rcu_head_on_stack(&marker->head);
	call_rcu(&marker->head, mark);
}

/* Ticks that RCU spent between them, on callbacks queued between them. */
static u64 between_markers(struct markers *markers)
{
	rcu_barrier();
	destroy_rcu_head_on_stack(&markers->before.head);
	destroy_rcu_head_on_stack(&markers->after.head);
	return markers->after.at - markers->before.at;
}

/* What two readings with nothing between them are apart. */
static void time_nothing(struct samples *samples, u32 i)
{
	struct markers markers;
	u64 start = rdtsc_ordered();

	samples->of[NOTHING][i] = rdtsc_ordered() - start;
	queue_marker(&markers.before);
	queue_marker(&markers.after);
	samples->of[BETWEEN][i] = between_markers(&markers);
}

static int time_ours(struct pair *pair, const struct memory *memory, u64 length,
		     struct samples *samples, u32 i)
{
	struct markers markers;
	u64 start = rdtsc_ordered();
	int ret;

	ret = pair_map_ours(pair, memory);
	samples->of[MAP][i] = rdtsc_ordered() - start;
	if (ret)
		return ret;
	queue_marker(&markers.before);
	start = rdtsc_ordered();
	if (pair_unmap_ours(pair, memory->iova, length) != length)
		ret = -EIO;
	samples->of[UNMAP][i] = rdtsc_ordered() - start;
	queue_marker(&markers.after);
	samples->of[LATER][i] = between_markers(&markers);
	return ret;
}

static int time_theirs(struct pair *pair, const struct memory *memory, u64 length,
		       struct samples *samples, u32 i)
{
	u64 start = rdtsc_ordered();
	int ret;

	ret = pair_map_theirs(pair, memory);
	samples->of[MAP][i] = rdtsc_ordered() - start;
	if (ret)
		return ret;
	start = rdtsc_ordered();
	if (peer_unmap(&pair->peer, memory->iova, length) != length)
		ret = -EIO;
	samples->of[UNMAP][i] = rdtsc_ordered() - start;
	return ret;
}

static int make_theirs(struct pair *pair)
{
	memset(&pair->peer, 0, sizeof(pair->peer));
	return peer_init(&pair->peer, pair->make.format, pair->make.levels, pair->make.coherent);
}

static u64 time_free(struct pair *pair)
{
	u64 start = rdtsc_ordered();

	peer_free(&pair->peer);
	return rdtsc_ordered() - start;
}

/* Theirs gets a new table each time; the one that it had is not used meanwhile. */
static int time_theirs_cold(struct pair *pair, const struct memory *memory, u64 length,
			    struct samples *samples, u32 i)
{
	int ret = make_theirs(pair);

	if (ret)
		return ret;
	samples->of[FREE_EMPTY][i] = time_free(pair);
	ret = make_theirs(pair);
	if (ret)
		return ret;
	ret = time_theirs(pair, memory, length, samples, i);
	samples->of[FREE][i] = time_free(pair);
	return ret;
}

/* A pair like the other, but empty. */
static int time_cold(struct pair *like, const struct memory *memory, struct pt_time *args,
		     struct samples *ours, struct samples *theirs)
{
	struct pt_make make = like->make;
	struct pair *pair = kzalloc(sizeof(*pair), GFP_KERNEL);
	int ret = pair ? pair_make(pair, &make) : -ENOMEM;
	u32 i;

	if (ret)
		goto out;
	peer_free(&pair->peer);
	for (i = 0; i < args->times && !ret; i++) {
		ret = time_ours(pair, memory, args->length, ours, i);
		if (!ret)
			ret = time_theirs_cold(pair, memory, args->length, theirs, i);
	}
	pair_free(pair);
out:
	kfree(pair);
	return ret;
}

static int time_warm(struct pair *pair, const struct memory *memory, struct pt_time *args,
		     struct samples *ours, struct samples *theirs)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < args->times && !ret; i++) {
		ret = time_ours(pair, memory, args->length, ours, i);
		if (!ret)
			ret = time_theirs(pair, memory, args->length, theirs, i);
	}
	return ret;
}

static void evaluate(struct pt_time *args, struct samples *ours, struct samples *theirs)
{
	u64 nothing = mean(ours, NOTHING);

	args->ours.map = mean(ours, MAP) - nothing;
	args->ours.unmap = mean(ours, UNMAP) - nothing + mean(ours, LATER) - mean(ours, BETWEEN);
	args->theirs.map = mean(theirs, MAP) - nothing;
	args->theirs.unmap =
		mean(theirs, UNMAP) - nothing + mean(theirs, FREE) - mean(theirs, FREE_EMPTY);
}

/**
 * pair_time() - map and unmap many times, in ours and in theirs
 * @pair: the page tables
 * @memory: what is mapped
 * @args: from the user; the costs are filled
 *
 * Return: 0 or an errno.
 */
int pair_time(struct pair *pair, const struct memory *memory, struct pt_time *args)
{
	struct samples ours, theirs;
	int ret;
	u32 i;

	if (args->times < 4 || args->times > 1U << 20)
		return -EINVAL;
	ret = samples_make(&ours, args->times);
	if (ret)
		return ret;
	ret = samples_make(&theirs, args->times);
	if (ret)
		goto out;
	for (i = 0; i < args->times; i++)
		time_nothing(&ours, i);
	ret = (args->cold ? time_cold : time_warm)(pair, memory, args, &ours, &theirs);
	if (!ret)
		evaluate(args, &ours, &theirs);
	samples_free(&theirs);
out:
	samples_free(&ours);
	return ret;
}

/**
 * pair_ticks() - ticks that 1000 instructions take
 */
int pair_ticks(void)
{
	u64 start, nothing, some;
	unsigned long flags;

	local_irq_save(flags);
	start = rdtsc_ordered();
	nothing = rdtsc_ordered() - start;
	start = rdtsc_ordered();
	asm volatile(".rept 1000\n\tnop\n\t.endr");
	some = rdtsc_ordered() - start;
	local_irq_restore(flags);
	return some - nothing;
}
