/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "controller.h"
#include "fail.h"

#define PAGE 4096u
#define IO_QUEUE 1
#define NAMESPACE 1
#define ADMIN_TIMEOUT_MS 60000 /* an emulated machine may be slow */

/* Registers, by their offset. */
#define CAP 0x00 /* what the controller can do */
#define CC 0x14 /* its configuration */
#define CSTS 0x1c /* its status */
#define AQA 0x24 /* sizes, and below addresses, of the admin queues */
#define ASQ 0x28
#define ACQ 0x30
#define DOORBELLS 0x1000

#define CAP_ENTRIES_LESS_1(cap) ((cap) & 0xffff)
#define CAP_TIMEOUT(cap) ((cap) >> 24 & 0xff) /* in 500 ms */
#define CAP_STRIDE(cap) ((cap) >> 32 & 0xf)
#define CAP_LEAST_PAGE(cap) ((cap) >> 48 & 0xf) /* 4 KiB to that power of two */
#define CC_ENABLE (1u << 0)
#define CC_SIZES (6u << 16 | 4u << 20) /* of commands and completions, as powers of two */
#define CSTS_READY (1u << 0)

enum admin_command {
	CREATE_SUBMISSION_QUEUE = 1,
	CREATE_COMPLETION_QUEUE = 5,
	IDENTIFY = 6,
};

enum identify {
	IDENTIFY_NAMESPACE = 0,
	IDENTIFY_CONTROLLER = 1,
};

#define ENTRIES (PAGE / sizeof(struct command))

struct controller_memory {
	struct command admin_commands[ENTRIES];
	struct command io_commands[ENTRIES];
	struct completion admin_completions[PAGE / sizeof(struct completion)];
	struct completion io_completions[PAGE / sizeof(struct completion)];
	uint8_t identity[PAGE];
	uint64_t lists[CONTROLLER_DEPTH][PAGE / sizeof(uint64_t)];
};

#define IOVA_OF(c, member) ((c)->iova + offsetof(struct controller_memory, member))

_Static_assert(ENTRIES > CONTROLLER_DEPTH, "a full ring would look empty");
_Static_assert(CONTROLLER_DEPTH == 32, "a bit of 'idle' for each");

size_t controller_memory_length(void)
{
	return sizeof(struct controller_memory);
}

static volatile uint32_t *register32(struct controller *c, unsigned int offset)
{
	return (volatile uint32_t *)((volatile char *)c->registers + offset);
}

static volatile uint64_t *register64(struct controller *c, unsigned int offset)
{
	return (volatile uint64_t *)((volatile char *)c->registers + offset);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/* Switch it on or off, and wait until it says that it is. */
static int enable(struct controller *c, bool on)
{
	uint64_t deadline = now_ms() + c->timeout_ms;

	*register32(c, CC) = on ? CC_ENABLE | CC_SIZES : 0;
	while (!!(*register32(c, CSTS) & CSTS_READY) != on) {
		if (now_ms() > deadline) {
			errno = 0;
			return failed(NULL, "the controller does not become %s in %u ms",
				      on ? "ready" : "idle", c->timeout_ms);
		}
	}
	return 0;
}

static struct queue make_queue(struct controller *c, unsigned int number, struct command *commands,
			       struct completion *completions)
{
	unsigned int stride = 4u << CAP_STRIDE(*register64(c, CAP));

	memset(commands, 0, ENTRIES * sizeof(*commands));
	memset(completions, 0, ENTRIES * sizeof(*completions));
	return (struct queue){
		.commands = commands,
		.completions = completions,
		.command_doorbell = register32(c, DOORBELLS + 2 * number * stride),
		.completion_doorbell = register32(c, DOORBELLS + (2 * number + 1) * stride),
		.entries = ENTRIES,
		.phase = true,
	};
}

/* Wait for a queue's next completion: 0 or NVMe's status, -1 when the time is over. */
static int wait_for(struct queue *queue, struct completion *completion, unsigned int timeout_ms)
{
	uint64_t deadline = now_ms() + timeout_ms;

	while (!queue_poll(queue, completion)) {
		if (now_ms() > deadline)
			return -1;
	}
	return completion->status >> 1 & 0x7ff;
}

static int administer(struct controller *c, const struct command *command, const char *what)
{
	struct completion completion;
	int status;

	queue_submit(&c->admin, command);
	status = wait_for(&c->admin, &completion, ADMIN_TIMEOUT_MS);
	if (!status)
		return 0;
	errno = 0;
	if (status < 0)
		return failed("does the IOMMU let it reach its queues? see dmesg",
			      "%s: no answer in %u ms", what, ADMIN_TIMEOUT_MS);
	return failed(NULL, "%s: NVMe status 0x%x", what, status);
}

static int start_admin_queue(struct controller *c)
{
	uint64_t cap = *register64(c, CAP);

	c->timeout_ms = (CAP_TIMEOUT(cap) + 1) * 500;
	if (c->timeout_ms < ADMIN_TIMEOUT_MS)
		c->timeout_ms = ADMIN_TIMEOUT_MS;
	errno = 0;
	if (CAP_LEAST_PAGE(cap) || CAP_ENTRIES_LESS_1(cap) < ENTRIES - 1)
		return failed(NULL,
			      "the controller wants larger pages or shorter queues than we "
			      "have (CAP is 0x%llx)",
			      (unsigned long long)cap);
	if (enable(c, false))
		return -1;
	c->admin = make_queue(c, 0, c->memory->admin_commands, c->memory->admin_completions);
	*register32(c, AQA) = (ENTRIES - 1) << 16 | (ENTRIES - 1);
	*register64(c, ASQ) = IOVA_OF(c, admin_commands);
	*register64(c, ACQ) = IOVA_OF(c, admin_completions);
	return enable(c, true);
}

static int start_io_queue(struct controller *c)
{
	struct command completions = {
		.opcode = CREATE_COMPLETION_QUEUE,
		.data[0] = IOVA_OF(c, io_completions),
		.words = { (ENTRIES - 1) << 16 | IO_QUEUE, 1 }, /* in one piece, no interrupts */
	};
	struct command commands = {
		.opcode = CREATE_SUBMISSION_QUEUE,
		.data[0] = IOVA_OF(c, io_commands),
		.words = { (ENTRIES - 1) << 16 | IO_QUEUE, IO_QUEUE << 16 | 1 },
	};

	c->io = make_queue(c, IO_QUEUE, c->memory->io_commands, c->memory->io_completions);
	c->idle = UINT32_MAX;
	if (administer(c, &completions, "creating the completion queue"))
		return -1;
	return administer(c, &commands, "creating the submission queue");
}

static int identify(struct controller *c, enum identify what, uint32_t namespace)
{
	struct command command = {
		.opcode = IDENTIFY,
		.namespace = namespace,
		.data[0] = IOVA_OF(c, identity),
		.words[0] = what,
	};

	memset(c->memory->identity, 0, PAGE);
	return administer(c, &command, "identify");
}

/* A text of the identity, which blanks fill up. */
static void copy_text(char *to, const uint8_t *from, size_t length)
{
	memcpy(to, from, length);
	while (length && to[length - 1] == ' ')
		length--;
	to[length] = '\0';
}

/* What the controller and its namespace are; offsets are those of NVMe's identify data. */
static int learn(struct controller *c)
{
	const uint8_t *identity = c->memory->identity;
	uint64_t most = (PAGE / sizeof(uint64_t)) * PAGE; /* one list */
	const uint8_t *format;

	if (identify(c, IDENTIFY_CONTROLLER, 0))
		return -1;
	copy_text(c->serial, identity + 4, 20);
	copy_text(c->model, identity + 24, 40);
	if (identity[77] && identity[77] < 9)
		most = (uint64_t)PAGE << identity[77];

	if (identify(c, IDENTIFY_NAMESPACE, NAMESPACE))
		return -1;
	memcpy(&c->blocks, identity, sizeof(c->blocks));
	format = identity + 128 + 4 * (identity[26] & 0xf);
	errno = 0;
	if (!c->blocks || format[0] || format[1] || format[2] < 9 || format[2] > 12)
		return failed("format it to blocks of 512 to 4096 bytes without metadata",
			      "namespace %u can't be used", NAMESPACE);
	c->block_size = 1u << format[2];
	c->most = most / c->block_size;
	return 0;
}

int controller_start(struct controller *c)
{
	if (start_admin_queue(c) || learn(c))
		return -1;
	return start_io_queue(c);
}

int controller_open(struct controller *c, struct vfio *vfio)
{
	*c = (struct controller){ .vfio = vfio };
	c->registers = vfio_registers(vfio, 0, &c->registers_length);
	if (!c->registers)
		return -1;
	c->memory = mmap(NULL, sizeof(*c->memory), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (c->memory == MAP_FAILED) {
		c->memory = NULL;
		failed(NULL, "%zu bytes of memory", sizeof(*c->memory));
		goto close;
	}
	if (vfio_map(vfio, c->memory, sizeof(*c->memory), &c->iova) || controller_start(c))
		goto close;
	return 0;
close:
	controller_close(c);
	return -1;
}

void controller_close(struct controller *c)
{
	if (c->iova) {
		enable(c, false);
		vfio_unmap(c->vfio, c->iova, sizeof(*c->memory));
	}
	if (c->memory)
		munmap(c->memory, sizeof(*c->memory));
	munmap((void *)c->registers, c->registers_length);
}

/* Say in a command where its data is; the pages after the first two are in the id's list. */
static void place_data(struct controller *c, struct command *command, uint64_t iova, size_t length)
{
	uint64_t next = (iova & ~(uint64_t)(PAGE - 1)) + PAGE;
	uint64_t end = iova + length;
	uint64_t *list = c->memory->lists[command->id];

	command->data[0] = iova;
	if (end <= next)
		return;
	if (end <= next + PAGE) {
		command->data[1] = next;
		return;
	}
	command->data[1] = IOVA_OF(c, lists) + command->id * sizeof(c->memory->lists[0]);
	for (; next < end; next += PAGE)
		*list++ = next;
}

int controller_submit(struct controller *c, enum controller_command what, uint64_t first,
		      uint32_t blocks, uint64_t iova)
{
	struct command command = {
		.opcode = what,
		.namespace = NAMESPACE,
		.words = { first, first >> 32, blocks - 1 },
	};

	if (!c->idle)
		return -1;
	command.id = __builtin_ctz(c->idle);
	c->idle &= ~(1u << command.id);
	place_data(c, &command, iova, (size_t)blocks * c->block_size);
	queue_submit(&c->io, &command);
	return command.id;
}

int controller_wait(struct controller *c, int *id, unsigned int timeout_ms)
{
	struct completion completion;
	int status = wait_for(&c->io, &completion, timeout_ms);

	if (status < 0)
		return -1;
	*id = completion.id;
	c->idle |= 1u << completion.id;
	c->commands++;
	return status;
}

/* Wait for one, and tell if it failed. */
static int complete_one(struct controller *c, enum controller_command what)
{
	const char *name = what == CONTROLLER_READ ? "read" : "write";
	int id, status = controller_wait(c, &id, ADMIN_TIMEOUT_MS);

	if (!status)
		return 0;
	errno = 0;
	if (status < 0)
		return failed("does the IOMMU let it reach the data? see dmesg",
			      "%s: no answer in %u ms", name, ADMIN_TIMEOUT_MS);
	return failed(NULL, "%s: NVMe status 0x%x", name, status);
}

int controller_move(struct controller *c, enum controller_command what, uint64_t first,
		    uint64_t blocks, uint64_t iova)
{
	while (blocks) {
		uint32_t some = blocks < c->most ? blocks : c->most;

		if (controller_submit(c, what, first, some, iova) < 0) {
			if (complete_one(c, what))
				return -1;
			continue;
		}
		first += some;
		blocks -= some;
		iova += (uint64_t)some * c->block_size;
	}
	while (c->idle != UINT32_MAX) {
		if (complete_one(c, what))
			return -1;
	}
	return 0;
}
