// SPDX-License-Identifier: GPL-2.0-only
/* The walk, compiled for x86-64 first-stage tables. */
#include "table/fmt/x86_64.h"

#include "table/walk.h"
