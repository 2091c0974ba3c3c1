/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy without a name.
 */
#define ODD_NAMELESS
#include "ctl_odd.h"
