/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy with a flag that is none.
 */
#define ODD_FLAGS
#include "ctl_odd.h"
