/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between the kernels that ioasid is built for, 6.12 to 7.x; nowhere else does the
 * source ask which kernel it is. Each entry says what changed and when, so that it can go one day.
 */
#ifndef IOASID_COMPAT_H
#define IOASID_COMPAT_H

#include <linux/btf.h>

/* Trusted arguments became what every kfunc has, and the flag went away, in 7.0. */
#ifndef KF_TRUSTED_ARGS
#define KF_TRUSTED_ARGS 0
#endif

#endif /* IOASID_COMPAT_H */
