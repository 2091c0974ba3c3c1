/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_BITOPS_H
#define SHIM_LINUX_BITOPS_H

/* Number of the highest and of the lowest bit that is set. */
#define __fls(word) (63 - __builtin_clzll(word))
#define __ffs64(word) __builtin_ctzll(word)

#endif
