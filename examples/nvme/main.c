/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvme - write blocks of an NVMe disk from user space, read them back, compare.
 *
 * An example of a device driver that is a program: VFIO hands it the disk, and its queues and data
 * are in an address space that it maps itself. Nothing of it is interrupt-driven: it polls.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "controller.h"
#include "fail.h"
#include "pattern.h"
#include "vfio.h"

#define PAGE 4096u

static struct {
	const char *address;
	uint64_t first, blocks, transfer, seed;
	bool ioas, pause;
} settings = {
	.blocks = 2048,
	.seed = 1,
};

static const struct argp_option options[] = {
	{ "blocks", 'b', "N", 0, "Write and read N blocks (2048)", 0 },
	{ "first", 'f', "N", 0, "The first is block N (0)", 0 },
	{ "ioas", 'i', NULL, 0, "Take an address space of /dev/ioasid", 0 },
	{ "pause", 'p', NULL, 0, "Before the end, wait for a line on stdin", 0 },
	{ "seed", 's', "N", 0, "Of what is written (1)", 0 },
	{ "transfer", 't', "N", 0, "Move N blocks by a command (as many as the disk can)", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", 0 },
	{ 0 },
};

static const char documentation[] =
	"Write blocks of an NVMe disk from user space, read them back into other memory,\n"
	"and compare. WHAT THE BLOCKS HELD IS LOST. The disk is bound to vfio-pci before.\v"
	"Without --ioas the memory is mapped through the VFIO container, whatever backend\n"
	"serves it; with it, the container joins an address space of /dev/ioasid, which\n"
	"takes ioasid-vfio. Exit status: 0 all is right, 1 something failed or differs.\n\n"
	"Examples:\n"
	"  nvme 0000:00:05.0                1 MiB from block 0 on\n"
	"  nvme -b 65536 -t 64 0000:00:05.0 32 MiB, 64 blocks by a command\n"
	"  nvme --ioas -s 7 0000:00:05.0    another pattern, by way of /dev/ioasid\n\n"
	"To bind a disk to vfio-pci:\n"
	"  echo vfio-pci >/sys/bus/pci/devices/0000:00:05.0/driver_override\n"
	"  echo 0000:00:05.0 >/sys/bus/pci/devices/0000:00:05.0/driver/unbind\n"
	"  echo 0000:00:05.0 >/sys/bus/pci/drivers_probe\n";

static uint64_t number(struct argp_state *state, const char *text, uint64_t least)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || value < least)
		argp_error(state, "'%s' is no number of %" PRIu64 " or more", text, least);
	return value;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	switch (key) {
	case 'b':
		settings.blocks = number(state, argument, 1);
		return 0;
	case 'f':
		settings.first = number(state, argument, 0);
		return 0;
	case 'i':
		settings.ioas = true;
		return 0;
	case 'p':
		settings.pause = true;
		return 0;
	case 's':
		settings.seed = number(state, argument, 0);
		return 0;
	case 't':
		settings.transfer = number(state, argument, 1);
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		if (settings.address)
			argp_error(state, "one device at a time");
		settings.address = argument;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "say which device, by its PCI address");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Memory for data, and where the device has it. */
struct buffer {
	void *memory;
	uint64_t iova;
	size_t length;
};

static int take_buffer(struct buffer *buffer, struct vfio *vfio, size_t length)
{
	length = (length + PAGE - 1) & ~(size_t)(PAGE - 1);
	*buffer = (struct buffer){ .length = length };
	buffer->memory =
		mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buffer->memory == MAP_FAILED)
		return failed("take fewer blocks", "%zu bytes of memory", length);
	if (vfio_map(vfio, buffer->memory, length, &buffer->iova)) {
		munmap(buffer->memory, length);
		return -1;
	}
	return 0;
}

static void drop_buffer(struct buffer *buffer, struct vfio *vfio)
{
	vfio_unmap(vfio, buffer->iova, buffer->length);
	munmap(buffer->memory, buffer->length);
}

/* Does what was asked fit the disk? */
static int fit(struct controller *c)
{
	errno = 0;
	if (settings.blocks > c->blocks || settings.first > c->blocks - settings.blocks)
		return failed("take other ones", "the disk ends at block %" PRIu64, c->blocks);
	if (settings.blocks > SIZE_MAX / 2 / c->block_size)
		return failed("take fewer", "so many blocks don't fit into memory");
	if (settings.transfer > c->most)
		return failed("take fewer", "a command moves %u blocks at most", c->most);
	if (settings.transfer)
		c->most = settings.transfer;
	return 0;
}

static int move(struct controller *c, enum controller_command what, const struct buffer *buffer)
{
	uint64_t before = c->commands;

	if (controller_move(c, what, settings.first, settings.blocks, buffer->iova))
		return -1;
	printf("%-8s %" PRIu64 " blocks, %" PRIu64 " bytes, %" PRIu64 " commands\n",
	       what == CONTROLLER_READ ? "read" : "wrote", settings.blocks,
	       settings.blocks * c->block_size, c->commands - before);
	return 0;
}

static int compare(struct controller *c, const struct buffer *buffer)
{
	uint64_t length = settings.blocks * c->block_size;
	uint64_t wrong = pattern_wrong(buffer->memory, length, settings.seed,
				       settings.first * c->block_size);

	printf("compared %" PRIu64 " bytes: %" PRIu64 " differ\n", length, wrong);
	return wrong ? -1 : 0;
}

static void pause_for_line(void)
{
	int c;

	printf("waiting\n");
	fflush(stdout);
	do {
		c = getchar();
	} while (c != '\n' && c != EOF);
}

static void show_mappings(const struct controller *c, const struct buffer *source,
			  const struct buffer *target)
{
	size_t queues = controller_memory_length();

	printf("mapped   queues at 0x%" PRIx64 ", to write from at 0x%" PRIx64
	       ", to read into at 0x%" PRIx64 "; %zu bytes in all\n",
	       c->iova, source->iova, target->iova, queues + source->length + target->length);
}

static int write_and_read(struct controller *c)
{
	size_t length = settings.blocks * c->block_size;
	struct buffer source, target;
	int ret = -1;

	if (take_buffer(&source, c->vfio, length))
		return -1;
	if (take_buffer(&target, c->vfio, length))
		goto drop_source;
	show_mappings(c, &source, &target);
	pattern_fill(source.memory, length, settings.seed, settings.first * c->block_size);
	if (!move(c, CONTROLLER_WRITE, &source) && !move(c, CONTROLLER_READ, &target))
		ret = compare(c, &target);
	if (settings.pause)
		pause_for_line();
	drop_buffer(&target, c->vfio);
drop_source:
	drop_buffer(&source, c->vfio);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "DEVICE",
		.doc = documentation,
	};
	struct controller controller;
	struct vfio vfio;
	int ret = -1;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (vfio_open(&vfio, settings.address, settings.ioas))
		return 1;
	if (controller_open(&controller, &vfio))
		goto close_vfio;
	printf("disk     %s: %s, serial %s, %" PRIu64 " blocks of %u bytes\n", settings.address,
	       controller.model, controller.serial, controller.blocks, controller.block_size);
	if (settings.ioas)
		printf("joined   an address space of /dev/ioasid\n");
	if (!fit(&controller))
		ret = write_and_read(&controller);
	controller_close(&controller);
close_vfio:
	vfio_close(&vfio);
	return ret ? 1 : 0;
}
