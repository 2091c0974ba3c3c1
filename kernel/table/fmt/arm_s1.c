// SPDX-License-Identifier: GPL-2.0-only
/* The walk, compiled for ARMv8 stage 1 tables. */
#include "table/fmt/arm_s1.h"

#include "table/walk.h"
