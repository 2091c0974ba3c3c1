/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy with a blank in its name.
 */
#define ODD_BLANK
#include "ctl_odd.h"
