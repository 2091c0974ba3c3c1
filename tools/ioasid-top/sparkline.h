/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A row of numbers as a row of bars.
 */
#ifndef IOASID_TOP_SPARKLINE_H
#define IOASID_TOP_SPARKLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPARKLINE_MOST 256

struct sparkline {
	char s[SPARKLINE_MOST * 3 + 1]; /* UTF-8 has three bytes for a bar */
};

/**
 * sparkline - bars as high as numbers, 0 as the lowest
 * @values: the numbers
 * @count: how many; of more than SPARKLINE_MOST, the last ones are drawn
 * @most: the number of the highest bar; larger ones are no higher. 0: the largest of the numbers
 * @ascii: use ASCII characters only
 */
struct sparkline sparkline(const uint64_t *values, size_t count, uint64_t most, bool ascii);

#endif /* IOASID_TOP_SPARKLINE_H */
