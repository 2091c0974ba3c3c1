// SPDX-License-Identifier: GPL-2.0-only
/* A RISC-V IOMMU walks RISC-V tables. */
#include "call.h"
#include "check.h"
#include "hwwalk/cases.h"
#include "memory.h"

/* QEMU's doesn't tell of a write that a cached entry refuses. */
#define RISCV(asked, mode_is, count)              \
	{                                         \
		.name = "RISC-V IOMMU, " mode_is, \
		.unit = WALK_RISCV,               \
		.format = IOASID_FORMAT_RISCV,    \
		.levels = count,                  \
		.flags = asked,                   \
		.quiet = WALK_QUIET_CACHED,       \
	}

static const struct walk_kind sv39 = RISCV(0, "Sv39", 3);
static const struct walk_kind sv48 = RISCV(0, "Sv48", 4);
static const struct walk_kind sv57 = RISCV(0, "Sv57", 5);

WALK_SUITE(riscv_sv39, &sv39)
WALK_SUITE(riscv_sv48, &sv48)
WALK_SUITE(riscv_sv57, &sv57)

static const struct walk_kind tracked = RISCV(IOASID_TABLE_ALLOC_TRACK, "Sv48", 4);

Test(riscv_refused, marks)
{
	walk_want_refused(&tracked);
}

/* Causes of faults: those of the privileged architecture. */
#define READ_FAULT 13
#define WRITE_FAULT 15

static void want_one_fault(uint64_t iova, bool write)
{
	struct walk_faults faults;

	lane_dma(&lane, iova, 4, write);
	faults = lane_faults(&lane);
	want(faults.count, 1);
	want(faults.lost, 0);
	want(faults.fault[0].address, iova);
	want(faults.fault[0].device, 0);
	want(faults.fault[0].write, write);
	want(faults.fault[0].reason, write ? WRITE_FAULT : READ_FAULT);
}

Test(riscv_log, tells_address_and_cause)
{
	char *memory;

	walk_begin(&sv48);
	memory = anon(PAGE);
	lane_map(&lane, memory, PAGE, READ_ONLY, lane.field);
	want_one_fault(lane.field + 0x128, true);
	want_one_fault(lane.field + PAGE + 0x128, true);
	want_one_fault(lane.field + PAGE + 0x14c, false);
	want_reads(&lane, lane.field, memory, PAGE);
	walk_end();
	note("%s: tells each fault's address, type and cause", sv48.name);
}
