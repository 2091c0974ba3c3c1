/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queue: events that wait to be read from a file of /dev/ioasid.
 *
 * It holds a fixed number of events. When it is full new ones are dropped and counted, and the next
 * one that is taken in tells how many were lost before it.
 *
 * Lock order: queues_lock, queue->lock. Both are innermost but for the wait queue's.
 */
#ifndef IOASID_QUEUE_H
#define IOASID_QUEUE_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <uapi/linux/ioasid.h>

#define IOASID_QUEUE_EVENTS 64

/**
 * struct ioasid_queue - events of one file
 * @refs: the file's, and of address spaces that may outlive it
 * @link: in the list of all queues
 * @lock: guards all below
 * @first: index of the oldest event
 * @count: events
 * @lost: events dropped since the last one was taken in
 * @ready: woken when there is an event
 * @events: the events
 */
struct ioasid_queue {
	refcount_t refs;
	struct list_head link;
	spinlock_t lock;
	u32 first;
	u32 count;
	u32 lost;
	wait_queue_head_t ready;
	struct ioasid_event events[IOASID_QUEUE_EVENTS];
};

struct ioasid_queue *ioasid_queue_alloc(void);
void ioasid_queue_get(struct ioasid_queue *queue);
void ioasid_queue_put(struct ioasid_queue *queue);
void ioasid_queue_post(struct ioasid_queue *queue, const struct ioasid_event *event);
void ioasid_queue_post_all(const struct ioasid_event *event);
bool ioasid_queue_take(struct ioasid_queue *queue, struct ioasid_event *event);
void ioasid_queue_give_back(struct ioasid_queue *queue, const struct ioasid_event *event);

static inline bool ioasid_queue_empty(const struct ioasid_queue *queue)
{
	return !READ_ONCE(queue->count);
}

#endif /* IOASID_QUEUE_H */
