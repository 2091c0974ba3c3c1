/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers for people.
 */
#ifndef TOOLS_LIB_TEXT_H
#define TOOLS_LIB_TEXT_H

#include <stdint.h>

struct text {
	char s[24];
};

/**
 * text_size - bytes in at most five characters: 0, 92K, 4036K, 16.0M, 1009M
 *
 * Exact below 10000K. UINT64_MAX is "-".
 */
struct text text_size(uint64_t bytes);

/**
 * text_time - nanoseconds in at most seven characters: 812ns, 8.19us, 104us, 2.30ms, 1.07s
 */
struct text text_time(uint64_t ns);

#endif /* TOOLS_LIB_TEXT_H */
