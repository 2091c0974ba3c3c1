/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "sparkline.h"

#define LEVELS 8

static const char *const bars[2][LEVELS] = {
	{ "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" },
	{ "_", ".", ",", "-", "=", "+", "*", "#" },
};

static uint64_t largest(const uint64_t *values, size_t count)
{
	uint64_t most = 0;

	for (size_t i = 0; i < count; i++)
		most = values[i] > most ? values[i] : most;
	return most;
}

/* Only 0 has the lowest bar to itself: what is there, however little, is seen. */
static unsigned int level(uint64_t value, uint64_t most)
{
	unsigned int height;

	if (!value || !most)
		return 0;
	if (value >= most)
		return LEVELS - 1;
	height = (double)value / most * (LEVELS - 1) + 0.5;
	return height ? height : 1;
}

struct sparkline sparkline(const uint64_t *values, size_t count, uint64_t most, bool ascii)
{
	struct sparkline line;
	char *end = line.s;

	if (count > SPARKLINE_MOST) {
		values += count - SPARKLINE_MOST;
		count = SPARKLINE_MOST;
	}
	if (!most)
		most = largest(values, count);
	for (size_t i = 0; i < count; i++)
		end = stpcpy(end, bars[ascii][level(values[i], most)]);
	*end = '\0';
	return line;
}
