// SPDX-License-Identifier: GPL-2.0-only
/* The walk, compiled for RISC-V tables. */
#include "table/fmt/riscv.h"

#include "table/walk.h"
