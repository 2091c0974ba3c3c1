/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers as people write them.
 */
#ifndef TOOLS_LIB_NUMBER_H
#define TOOLS_LIB_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/**
 * number_parse - a number: decimal, 0x or 0, and maybe a suffix K, M, G or T, powers of 1024
 * @text: all of it must be the number
 * @value: the number; a negative one as its two's complement
 * @negative: it begins with '-'; NULL when it may not
 *
 * Returns false when it is none, or does not fit in 64 bits.
 */
bool number_parse(const char *text, uint64_t *value, bool *negative);

#endif /* TOOLS_LIB_NUMBER_H */
