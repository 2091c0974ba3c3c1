// SPDX-License-Identifier: GPL-2.0-only
#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"

#define RANGES 8
#define LITTLE 64 /* bytes of a DMA that is to be refused */

const struct walk_kind *walk_kind;
struct lane lane;

void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("note: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

static void load_module(void)
{
	const char *kernel = getenv("KERNEL");
	char path[256];
	int module;

	if (!access("/dev/ioasid-walk", F_OK))
		return;
	snprintf(path, sizeof(path), "build/mod/%s/tests/module/ioasid-walk.ko",
		 kernel ? kernel : "stock");
	module = open(path, O_RDONLY | O_CLOEXEC);
	if (module < 0)
		fail("cannot open %s", path);
	want(syscall(SYS_finit_module, module, "", 0), 0);
	close(module);
}

int lane_table(int fd, uint32_t ioas, const struct walk_kind *kind, uint32_t *id)
{
	struct ioasid_table_alloc args = {
		.size = sizeof(args),
		.flags = kind->flags,
		.ioas_id = ioas,
		.format = kind->format,
		.levels = kind->levels,
		.address_bits = kind->bits,
	};
	int ret = call(fd, IOASID_TABLE_ALLOC, &args);

	*id = args.out_id;
	return ret;
}

int lane_attach(int fd, uint32_t table, uint32_t mode, uint32_t number, int *device,
		struct walk_attach *args)
{
	*args = (struct walk_attach){
		.fd = fd,
		.table_id = table,
		.mode = mode,
		.device = number,
	};
	*device = open("/dev/ioasid-walk", O_RDWR | O_CLOEXEC);
	want_that(*device >= 0);
	return ioctl(*device, WALK_ATTACH, args) ? -errno : 0;
}

/* The home is at the beginning, the field in the upper half of what can be mapped. */
static void lay_out(struct lane *which)
{
	struct ioasid_range ranges[RANGES];
	uint32_t count = RANGES;
	uint64_t half;

	want(iova_ranges(which->fd, which->ioas, ranges, &count), 0);
	want(count, 1);
	half = (ranges[0].last >> 1) + 1;
	which->home = ranges[0].start;
	/* Each level's index differs from the others, when there is room for that. */
	which->field = half + (half >= 64 * GIB ? half / 8 + 5 * GIB : 0);
	which->field_size = half >= 64 * GIB ? 4 * GIB : half;
	which->source = anon(2 * PAGE);
	which->sink = which->source + PAGE;
}

struct lane lane_open(uint32_t number)
{
	struct lane made = { .fd = device_open() };
	struct walk_attach args;

	made.ioas = make_ioas(made.fd);
	want(lane_table(made.fd, made.ioas, walk_kind, &made.table), 0);
	lay_out(&made);
	want(lane_attach(made.fd, made.table, walk_kind->mode, number, &made.device, &args), 0);
	want(args.levels, walk_kind->levels);
	made.sizes = args.sizes;
	lane_map(&made, made.source, 2 * PAGE, READ_WRITE, made.home);
	lane_faults(&made);
	return made;
}

void lane_close(struct lane *which)
{
	want_no_fault(which);
	want(close(which->device), 0);
	want(close(which->fd), 0);
}

void walk_load(const struct walk_kind *kind)
{
	struct walk_about about;
	int device;

	load_module();
	device = open("/dev/ioasid-walk", O_RDWR | O_CLOEXEC);
	want_that(device >= 0);
	want(ioctl(device, WALK_ABOUT, &about), 0);
	want(about.unit, kind->unit);
	want(close(device), 0);
	walk_kind = kind;
	context("%s", kind->name);
}

void walk_begin(const struct walk_kind *kind)
{
	walk_load(kind);
	lane = lane_open(0);
}

void walk_end(void)
{
	lane_close(&lane);
	want_nothing_left();
}

void lane_dma(struct lane *which, uint64_t iova, uint32_t length, bool write)
{
	struct walk_dma dma = { .iova = iova, .length = length, .write = write };

	want(ioctl(which->device, WALK_DMA, &dma), 0);
}

struct walk_faults lane_faults(struct lane *which)
{
	struct walk_faults faults;

	want(ioctl(which->device, WALK_FAULTS, &faults), 0);
	return faults;
}

struct walk_flushes lane_flushes(struct lane *which, bool deaf)
{
	struct walk_flushes flushes = { .deaf = deaf };

	want(ioctl(which->device, WALK_FLUSHES, &flushes), 0);
	return flushes;
}

void buffer_fill(struct lane *which, uint64_t from)
{
	fill(which->source, PAGE, from);
	lane_dma(which, which->home, PAGE, false);
	want_no_fault(which);
}

void buffer_dump(struct lane *which)
{
	memset(which->sink, 0xee, PAGE);
	lane_dma(which, which->home + PAGE, PAGE, true);
	want_no_fault(which);
}

void want_no_fault(struct lane *which)
{
	struct walk_faults faults = lane_faults(which);

	if (faults.count)
		fail("fault at 0x%llx, reason 0x%x, %s",
		     (unsigned long long)faults.fault[0].address, faults.fault[0].reason,
		     faults.fault[0].write ? "write" : "read");
}

void want_fault(struct lane *which, uint64_t iova, bool write, unsigned int quiet)
{
	struct walk_faults faults = lane_faults(which);
	uint32_t i;

	want_that(faults.count || walk_kind->quiet & quiet);
	for (i = 0; i < faults.count; i++) {
		want(faults.fault[i].address & -PAGE, iova & -PAGE);
		want(faults.fault[i].write, write);
	}
}

void want_reads(struct lane *which, uint64_t iova, const void *memory, uint32_t length)
{
	buffer_fill(which, ~iova);
	lane_dma(which, iova, length, false);
	want_no_fault(which);
	buffer_dump(which);
	want(memcmp(which->sink, memory, length), 0);
	want_filled(which->sink + length, PAGE - length, ~iova, length);
}

void want_writes(struct lane *which, uint64_t iova, void *memory, uint32_t length)
{
	static uint64_t from;

	buffer_fill(which, ++from);
	lane_dma(which, iova, length, true);
	want_no_fault(which);
	want_filled(memory, length, from, 0);
}

void want_moves(struct lane *which, uint64_t iova, void *memory, uint32_t length)
{
	fill(memory, length & -8u, iova + 1);
	want_reads(which, iova, memory, length);
	want_writes(which, iova, memory, length);
}

void want_refused(struct lane *which, uint64_t iova, bool write, void *memory, unsigned int quiet)
{
	static uint64_t from;
	unsigned char before[LITTLE];

	/* Not zeroes, which a refused read may find. */
	if (memory)
		fill(memory, LITTLE, --from);
	if (memory)
		memcpy(before, memory, LITTLE);
	buffer_fill(which, iova + 7);
	lane_dma(which, iova, LITTLE, write);
	want_fault(which, iova, write, quiet);
	if (memory)
		want(memcmp(before, memory, LITTLE), 0);
	if (memory && !write) {
		buffer_dump(which);
		want_that(memcmp(which->sink, memory, LITTLE) != 0);
	}
}

void want_unreached(struct lane *which, uint64_t iova, void *memory)
{
	want_refused(which, iova, false, memory, WALK_QUIET_EMPTY);
	want_refused(which, iova, true, memory, WALK_QUIET_EMPTY);
}

void lane_map(struct lane *which, void *memory, uint64_t length, uint32_t flags, uint64_t iova)
{
	want(map_at(which->fd, which->ioas, memory, length, flags, iova), 0);
}

void lane_unmap(struct lane *which, uint64_t iova, uint64_t length)
{
	uint64_t unmapped;

	want(unmap(which->fd, which->ioas, iova, length, &unmapped), 0);
	want(unmapped, length);
}

struct ioasid_translate lane_entry(struct lane *which, uint64_t iova)
{
	struct ioasid_translate entry;

	want(translate(which->fd, which->table, iova, IOASID_TRANSLATE_PHYS, &entry), 0);
	return entry;
}
