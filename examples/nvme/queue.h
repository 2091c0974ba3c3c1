/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pair of queues between us and an NVMe controller: commands go to it, completions come back.
 *
 * Each is a ring in memory. We tell by a doorbell how far we wrote commands and read completions;
 * the controller flips a bit of an entry, its phase, each time it comes round the ring.
 */
#ifndef EXAMPLES_NVME_QUEUE_H
#define EXAMPLES_NVME_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

/* NVMe's layouts are little-endian; so is every machine that this is for. */
struct command {
	uint8_t opcode;
	uint8_t flags;
	uint16_t id; /* comes back in the completion */
	uint32_t namespace;
	uint64_t reserved;
	uint64_t metadata;
	uint64_t data[2]; /* PRP 1 and 2: IOVAs of pages, or of a list of them */
	uint32_t words[6]; /* dwords 10 to 15, by command */
};

struct completion {
	uint32_t result;
	uint32_t reserved;
	uint16_t command_head; /* the controller has taken the commands before this one */
	uint16_t queue;
	uint16_t id;
	uint16_t status; /* bit 0 is the phase */
};

struct queue {
	struct command *commands;
	volatile struct completion *completions;
	volatile uint32_t *command_doorbell, *completion_doorbell;
	unsigned int entries, tail, head;
	bool phase;
};

/**
 * queue_submit - hand a command to the controller
 *
 * The caller sees to it that fewer commands than entries are under way.
 */
void queue_submit(struct queue *queue, const struct command *command);

/**
 * queue_poll - take the next completion, if there is one
 */
bool queue_poll(struct queue *queue, struct completion *completion);

#endif /* EXAMPLES_NVME_QUEUE_H */
