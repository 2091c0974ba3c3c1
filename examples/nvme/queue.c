/* SPDX-License-Identifier: GPL-2.0-only */
#include "queue.h"

_Static_assert(sizeof(struct command) == 64, "an NVMe command has 64 bytes");
_Static_assert(sizeof(struct completion) == 16, "an NVMe completion has 16 bytes");

void queue_submit(struct queue *queue, const struct command *command)
{
	queue->commands[queue->tail] = *command;
	queue->tail = (queue->tail + 1) % queue->entries;
	/* the device must not hear of it before it is in memory */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*queue->command_doorbell = queue->tail;
}

bool queue_poll(struct queue *queue, struct completion *completion)
{
	volatile struct completion *next = &queue->completions[queue->head];
	uint16_t status = next->status;

	if ((status & 1) != queue->phase)
		return false;
	/* nothing else of it, or of what it completes, may be read before its phase */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*completion = (struct completion){
		.result = next->result,
		.command_head = next->command_head,
		.queue = next->queue,
		.id = next->id,
		.status = status,
	};
	queue->head = (queue->head + 1) % queue->entries;
	if (!queue->head)
		queue->phase = !queue->phase;
	*queue->completion_doorbell = queue->head;
	return true;
}
