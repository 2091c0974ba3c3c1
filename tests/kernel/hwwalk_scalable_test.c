// SPDX-License-Identifier: GPL-2.0-only
/* VT-d in scalable mode walks second-stage tables, coherent ones. */
#include "hwwalk/cases.h"

#define VTD_SCALABLE(count)                                                     \
	{                                                                       \
		.name = "VT-d, scalable mode, second stage, " #count " levels", \
		.unit = WALK_VTD,                                               \
		.mode = WALK_SCALABLE,                                          \
		.format = IOASID_FORMAT_VTD_SS,                                 \
		.levels = count,                                                \
		.flags = IOASID_TABLE_ALLOC_COHERENT,                           \
		.quiet = WALK_QUIET_CACHED,                                     \
	}

static const struct walk_kind three = VTD_SCALABLE(3);
static const struct walk_kind four = VTD_SCALABLE(4);

WALK_SUITE(vtd_scalable_3, &three)
WALK_SUITE(vtd_scalable_4, &four)
