/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two default policies of a kind in one file.
 */
#define ODD_TWO
#include "ctl_odd.h"
