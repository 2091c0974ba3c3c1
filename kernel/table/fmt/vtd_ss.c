// SPDX-License-Identifier: GPL-2.0-only
/* The walk, compiled for VT-d second-stage tables. */
#include "table/fmt/vtd_ss.h"

#include "table/walk.h"
