// SPDX-License-Identifier: GPL-2.0-only
/* VT-d in scalable mode walks x86-64 tables, as its first stage. */
#include "hwwalk/cases.h"

static const struct walk_kind four = {
	.name = "VT-d, scalable mode, first stage, 4 levels",
	.unit = WALK_VTD,
	.mode = WALK_SCALABLE,
	.format = IOASID_FORMAT_X86_64,
	.levels = 4,
	.flags = IOASID_TABLE_ALLOC_TRACK,
	.quiet = WALK_QUIET_CACHED,
};

WALK_SUITE(vtd_first_4, &four)

static const struct walk_kind five = {
	.name = "VT-d, scalable mode, first stage, 5 levels",
	.unit = WALK_VTD,
	.mode = WALK_SCALABLE,
	.format = IOASID_FORMAT_X86_64,
	.levels = 5,
};

static const struct walk_kind second_stage = {
	.name = "VT-d with a first stage only, scalable mode, second stage",
	.unit = WALK_VTD,
	.mode = WALK_SCALABLE,
	.format = IOASID_FORMAT_VTD_SS,
	.levels = 4,
};

Test(vtd_first_refused, five_levels)
{
	walk_want_refused(&five);
}

Test(vtd_first_refused, second_stage)
{
	walk_want_refused(&second_stage);
}
