// SPDX-License-Identifier: GPL-2.0-only
/* VT-d in legacy mode walks second-stage tables. */
#include "hwwalk/cases.h"

#define VTD_LEGACY(count)                                                     \
	{                                                                     \
		.name = "VT-d, legacy mode, second stage, " #count " levels", \
		.unit = WALK_VTD,                                             \
		.mode = WALK_LEGACY,                                          \
		.format = IOASID_FORMAT_VTD_SS,                               \
		.levels = count,                                              \
		.quiet = WALK_QUIET_CACHED,                                   \
	}

static const struct walk_kind three = VTD_LEGACY(3);
static const struct walk_kind four = VTD_LEGACY(4);

WALK_SUITE(vtd_legacy_3, &three)
WALK_SUITE(vtd_legacy_4, &four)

static const struct walk_kind five = VTD_LEGACY(5);

static const struct walk_kind scalable = {
	.name = "VT-d without scalable mode, scalable mode",
	.unit = WALK_VTD,
	.mode = WALK_SCALABLE,
	.format = IOASID_FORMAT_VTD_SS,
	.levels = 4,
};

static const struct walk_kind coherent = {
	.name = "VT-d without snoop control, coherent table",
	.unit = WALK_VTD,
	.mode = WALK_LEGACY,
	.format = IOASID_FORMAT_VTD_SS,
	.levels = 4,
	.flags = IOASID_TABLE_ALLOC_COHERENT,
};

static const struct walk_kind first_stage = {
	.name = "VT-d, legacy mode, first stage",
	.unit = WALK_VTD,
	.mode = WALK_LEGACY,
	.format = IOASID_FORMAT_X86_64,
	.levels = 4,
};

Test(vtd_legacy_refused, five_levels)
{
	walk_want_refused(&five);
}

Test(vtd_legacy_refused, scalable_mode)
{
	walk_want_refused(&scalable);
}

Test(vtd_legacy_refused, coherent)
{
	walk_want_refused(&coherent);
}

Test(vtd_legacy_refused, first_stage)
{
	walk_want_refused(&first_stage);
}
