// SPDX-License-Identifier: GPL-2.0-only
/* The walk, compiled for ARMv8 stage 2 tables. */
#include "table/fmt/arm_s2.h"

#include "table/walk.h"
