/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An NVMe controller with one namespace and one pair of queues for reads and writes, polled.
 *
 * block	what the namespace counts in, usually 512 or 4096 bytes
 * PRP		the address of a page as a command has it; if there are more than two, in a list
 *
 * All that the controller reads and writes on its own account is in one piece of memory, mapped
 * once: the queues, a page for what it tells of itself, and a list for each command under way.
 */
#ifndef EXAMPLES_NVME_CONTROLLER_H
#define EXAMPLES_NVME_CONTROLLER_H

#include <stddef.h>
#include <stdint.h>

#include "queue.h"
#include "vfio.h"

#define CONTROLLER_DEPTH 32 /* commands under way at most */

enum controller_command {
	CONTROLLER_WRITE = 1,
	CONTROLLER_READ = 2,
};

struct controller {
	struct vfio *vfio;
	volatile void *registers;
	size_t registers_length;
	unsigned int timeout_ms;

	struct controller_memory *memory;
	uint64_t iova; /* of it */
	struct queue admin, io;
	uint32_t idle; /* a bit for each command that is not under way */

	char model[41], serial[21];
	uint32_t block_size;
	uint64_t blocks;
	uint32_t most; /* blocks that a command can move */
	uint64_t commands; /* reads and writes that were completed */
};

/**
 * controller_open - map the memory of a controller, and start it
 *
 * Returns 0, or -1 when it has told what failed; as does controller_start().
 */
int controller_open(struct controller *controller, struct vfio *vfio);
void controller_close(struct controller *controller);

/**
 * controller_start - reset the controller, set up its queues, ask what it is
 *
 * Commands that were under way are forgotten.
 */
int controller_start(struct controller *controller);

/**
 * controller_submit - begin to read or write blocks
 * @blocks: at most controller->most
 * @iova: of the memory, 4-byte aligned
 *
 * Returns the command's id, or -1 when CONTROLLER_DEPTH commands are under way.
 */
int controller_submit(struct controller *controller, enum controller_command what, uint64_t first,
		      uint32_t blocks, uint64_t iova);

/**
 * controller_wait - wait until a command is completed
 * @id: out: its id
 *
 * Returns its status: 0, or what NVMe says of it; -1 when none was within @timeout_ms.
 */
int controller_wait(struct controller *controller, int *id, unsigned int timeout_ms);

/**
 * controller_move - read or write any number of blocks, in as many commands as it takes
 *
 * Returns 0, or -1 when it has told what failed.
 */
int controller_move(struct controller *controller, enum controller_command what, uint64_t first,
		    uint64_t blocks, uint64_t iova);

/**
 * controller_memory_length - how many bytes a controller maps for its queues and lists
 */
size_t controller_memory_length(void);

#endif /* EXAMPLES_NVME_CONTROLLER_H */
