/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy in a section that gives it no link.
 */
#define ODD_UNLINKED
#include "ctl_odd.h"
