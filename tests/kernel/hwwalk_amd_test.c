// SPDX-License-Identifier: GPL-2.0-only
/* AMD-Vi walks AMD v1 tables. QEMU's logs no event, so what is refused shows by content only. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "hwwalk/cases.h"
#include "memory.h"

#define AMD_V1(count, asked)                                                       \
	{                                                                          \
		.name = "AMD-Vi, v1, " #count " levels",                           \
		.unit = WALK_AMDVI,                                                \
		.format = IOASID_FORMAT_AMD_V1,                                    \
		.levels = count,                                                   \
		.flags = asked,                                                    \
		.quiet = WALK_QUIET_EMPTY | WALK_QUIET_RIGHTS | WALK_QUIET_CACHED, \
	}

static const struct walk_kind one = AMD_V1(1, 0);
static const struct walk_kind two = AMD_V1(2, 0);
static const struct walk_kind three = AMD_V1(3, IOASID_TABLE_ALLOC_COHERENT);
static const struct walk_kind four = AMD_V1(4, 0);
static const struct walk_kind five = AMD_V1(5, IOASID_TABLE_ALLOC_COHERENT);
static const struct walk_kind six = AMD_V1(6, 0);

/* What has room in 2 MiB. */
WALK_TEST(sizes, amd_v1_1, &one)
WALK_TEST(pages, amd_v1_1, &one)
WALK_TEST(rights, amd_v1_1, &one)
WALK_TEST(unmapped, amd_v1_1, &one)
WALK_TEST(unmap, amd_v1_1, &one)
WALK_TEST(caches, amd_v1_1, &one)

WALK_SUITE(amd_v1_2, &two)
WALK_SUITE(amd_v1_3, &three)
WALK_SUITE(amd_v1_4, &four)
WALK_SUITE(amd_v1_5, &five)
WALK_SUITE(amd_v1_6, &six)

/* A device that may only read writes, and reads. */
Test(amd_v1_device, may_only_read)
{
	struct walk_attach args = { .flags = WALK_ATTACH_READ_ONLY };
	char *memory;

	walk_begin(&four);
	memory = anon(PAGE);
	fill(memory, PAGE, 1);
	lane_map(&lane, memory, PAGE, READ_WRITE, lane.field);
	want(ioctl(lane.device, WALK_DETACH), 0);
	args.fd = lane.fd;
	args.table_id = lane.table;
	want(ioctl(lane.device, WALK_ATTACH, &args), 0);
	lane_dma(&lane, lane.field + 0x128, 4, true);
	want_filled(memory, PAGE, 1, 0);
	lane_dma(&lane, lane.field, PAGE, false);
	want_filled(memory, PAGE, 1, 0);
	walk_end();
}
