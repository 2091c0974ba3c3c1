// SPDX-License-Identifier: GPL-2.0-only
/* The walk, compiled for AMD v1 tables. */
#include "table/fmt/amd_v1.h"

#include "table/walk.h"
