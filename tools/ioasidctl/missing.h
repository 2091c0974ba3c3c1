/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASIDCTL_MISSING_H
#define IOASIDCTL_MISSING_H

/**
 * missing_feature - what this kernel lacks that policies need, and what to do; NULL when it has all
 *
 * Asked after something failed: it takes a while.
 */
const char *missing_feature(void);

#endif /* IOASIDCTL_MISSING_H */
