// SPDX-License-Identifier: GPL-2.0-only
/* Queue: see queue.h. */
#include "queue.h"

#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "fault.h"

static DEFINE_SPINLOCK(queues_lock);
static LIST_HEAD(queues);

/**
 * ioasid_queue_alloc() - make an empty queue
 *
 * Return: the queue with one reference, or NULL.
 */
struct ioasid_queue *ioasid_queue_alloc(void)
{
	struct ioasid_queue *queue;

	queue = ioasid_fault() ? NULL : kzalloc(sizeof(*queue), GFP_KERNEL_ACCOUNT);
	if (!queue)
		return NULL;
	refcount_set(&queue->refs, 1);
	spin_lock_init(&queue->lock);
	init_waitqueue_head(&queue->ready);
	spin_lock(&queues_lock);
	list_add_tail(&queue->link, &queues);
	spin_unlock(&queues_lock);
	return queue;
}

/**
 * ioasid_queue_get() - take one more reference
 * @queue: a queue that the caller has a reference to
 */
void ioasid_queue_get(struct ioasid_queue *queue)
{
	refcount_inc(&queue->refs);
}

/**
 * ioasid_queue_put() - drop a reference
 * @queue: the queue; the last reference frees it
 */
void ioasid_queue_put(struct ioasid_queue *queue)
{
	bool last;

	spin_lock(&queues_lock);
	last = refcount_dec_and_test(&queue->refs);
	if (last)
		list_del(&queue->link);
	spin_unlock(&queues_lock);
	if (last)
		kfree(queue);
}

static struct ioasid_event *slot(struct ioasid_queue *queue, u32 n)
{
	return &queue->events[(queue->first + n) % IOASID_QUEUE_EVENTS];
}

/**
 * ioasid_queue_post() - add an event
 * @queue: the queue
 * @event: copied; size, time and what was lost are filled in
 *
 * Context: any that may take a spinlock.
 */
void ioasid_queue_post(struct ioasid_queue *queue, const struct ioasid_event *event)
{
	struct ioasid_event *to;

	spin_lock(&queue->lock);
	if (queue->count == IOASID_QUEUE_EVENTS) {
		queue->lost++;
		spin_unlock(&queue->lock);
		return;
	}
	to = slot(queue, queue->count);
	*to = *event;
	to->size = sizeof(*to);
	to->time_ns = ktime_get_ns();
	to->lost = queue->lost;
	queue->lost = 0;
	WRITE_ONCE(queue->count, queue->count + 1);
	spin_unlock(&queue->lock);
	wake_up_interruptible(&queue->ready);
}

/**
 * ioasid_queue_post_all() - add an event to all queues
 * @event: as for ioasid_queue_post()
 *
 * Context: any that may take a spinlock.
 */
void ioasid_queue_post_all(const struct ioasid_event *event)
{
	struct ioasid_queue *queue;

	spin_lock(&queues_lock);
	list_for_each_entry(queue, &queues, link)
		ioasid_queue_post(queue, event);
	spin_unlock(&queues_lock);
}

/**
 * ioasid_queue_take() - take the oldest event out
 * @queue: the queue
 * @event: filled
 *
 * Return: false when there is none.
 */
bool ioasid_queue_take(struct ioasid_queue *queue, struct ioasid_event *event)
{
	bool found;

	spin_lock(&queue->lock);
	found = queue->count;
	if (found) {
		*event = *slot(queue, 0);
		queue->first = (queue->first + 1) % IOASID_QUEUE_EVENTS;
		WRITE_ONCE(queue->count, queue->count - 1);
	}
	spin_unlock(&queue->lock);
	return found;
}

/**
 * ioasid_queue_give_back() - put an event back that could not be delivered
 * @queue: the queue
 * @event: what ioasid_queue_take() gave
 *
 * It becomes the oldest again; when the queue is full by now, it counts as lost.
 */
void ioasid_queue_give_back(struct ioasid_queue *queue, const struct ioasid_event *event)
{
	spin_lock(&queue->lock);
	if (queue->count == IOASID_QUEUE_EVENTS) {
		slot(queue, 0)->lost += event->lost + 1;
	} else {
		queue->first = (queue->first + IOASID_QUEUE_EVENTS - 1) % IOASID_QUEUE_EVENTS;
		WRITE_ONCE(queue->count, queue->count + 1);
		*slot(queue, 0) = *event;
	}
	spin_unlock(&queue->lock);
}
