// SPDX-License-Identifier: GPL-2.0-only
/* SMMUv3 walks ARMv8 tables, of both stages. It tells every fault. */
#include "call.h"
#include "check.h"
#include "hwwalk/cases.h"
#include "memory.h"

/* Types of events, IHI 0070, 7.3. */
#define NO_TRANSLATION 0x10
#define NO_PERMISSION 0x13

/* QEMU's doesn't tell of a write that a cached entry of the second stage refuses. */
#define SMMU(stage, asked, count, width)                                                \
	{                                                                               \
		.name = "SMMUv3, stage " #stage ", " #count " levels, " #width " bits", \
		.unit = WALK_SMMUV3,                                                    \
		.format = IOASID_FORMAT_ARM_S##stage,                                   \
		.levels = count,                                                        \
		.bits = width,                                                          \
		.flags = asked,                                                         \
		.quiet = (stage) == 2 ? WALK_QUIET_CACHED : 0,                          \
	}

static const struct walk_kind first_3 = SMMU(1, IOASID_TABLE_ALLOC_COHERENT, 3, 39);
static const struct walk_kind first_4 = SMMU(1, 0, 4, 48);

WALK_SUITE(smmu_first_3, &first_3)
WALK_SUITE(smmu_first_4, &first_4)

static const struct walk_kind second_3 = SMMU(2, IOASID_TABLE_ALLOC_COHERENT, 3, 39);
static const struct walk_kind second_4 = SMMU(2, 0, 4, 44);

WALK_SUITE(smmu_second_3, &second_3)
WALK_SUITE(smmu_second_4, &second_4)

/* Several top tables, one behind the other: QEMU's takes the first for all of them. */
static const struct walk_kind second_3_wide = SMMU(2, 0, 3, 43);

#define FIRST_TOP_TABLE_TEST(name)          \
	Test(smmu_second_3_wide, name)      \
	{                                   \
		walk_begin(&second_3_wide); \
		lane.field = 261 * GIB;     \
		walk_case_##name();         \
		walk_end();                 \
	}

FIRST_TOP_TABLE_TEST(sizes)
FIRST_TOP_TABLE_TEST(pages)
FIRST_TOP_TABLE_TEST(rights)
FIRST_TOP_TABLE_TEST(unmap)
FIRST_TOP_TABLE_TEST(random)

/* What the unit can't: to mark entries, and to translate more bits than memory has. */
static const struct walk_kind tracked = SMMU(1, IOASID_TABLE_ALLOC_TRACK, 4, 48);
static const struct walk_kind second_wide = SMMU(2, 0, 4, 48);

Test(smmu_refused, marks)
{
	walk_want_refused(&tracked);
}

Test(smmu_refused, second_stage_of_48_bits)
{
	walk_want_refused(&second_wide);
}

static void want_one_fault(uint64_t iova, bool write, uint32_t reason)
{
	struct walk_faults faults;

	lane_dma(&lane, iova, 4, write);
	faults = lane_faults(&lane);
	want(faults.count, 1);
	want(faults.lost, 0);
	want(faults.fault[0].address, iova);
	want(faults.fault[0].device, 0);
	want(faults.fault[0].write, write);
	want(faults.fault[0].reason, reason);
}

/* To the byte, and why; also when it is cached. */
static void tells_why(const struct walk_kind *kind)
{
	char *memory;
	int i;

	walk_begin(kind);
	memory = anon(PAGE);
	lane_map(&lane, memory, PAGE, READ_ONLY, lane.field);
	for (i = 0; i < 2; i++) {
		if (!i || !(kind->quiet & WALK_QUIET_CACHED))
			want_one_fault(lane.field + 0x128, true, NO_PERMISSION);
		want_one_fault(lane.field + PAGE + 0x128, true, NO_TRANSLATION);
		want_one_fault(lane.field + PAGE + 0x14c, false, NO_TRANSLATION);
		want_reads(&lane, lane.field, memory, PAGE);
	}
	walk_end();
	note("%s: tells each fault's address, type and reason", kind->name);
}

Test(smmu_log, first_stage)
{
	tells_why(&first_4);
}

Test(smmu_log, second_stage)
{
	tells_why(&second_4);
}
