/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>

#include "text.h"

struct text text_size(uint64_t bytes)
{
	static const char units[] = "MGTPE";
	const char *unit = units;
	struct text text;
	double value;

	if (bytes == UINT64_MAX || !bytes) {
		snprintf(text.s, sizeof(text.s), bytes ? "-" : "0");
		return text;
	}
	if (bytes < 10000 * 1024) {
		snprintf(text.s, sizeof(text.s), "%" PRIu64 "K", bytes / 1024);
		return text;
	}
	value = bytes / 1048576.0;
	for (; value >= 9999.5; unit++)
		value /= 1024;
	snprintf(text.s, sizeof(text.s), "%.*f%c", value < 99.95 ? 1 : 0, value, *unit);
	return text;
}

struct text text_time(uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	unsigned int unit = 0;
	double value = ns;
	struct text text;
	int digits = 0;

	for (; unit < 3 && value >= 999.5; unit++)
		value /= 1000;
	if (unit && value < 99.95)
		digits = value < 9.995 ? 2 : 1;
	snprintf(text.s, sizeof(text.s), "%.*f%s", digits, value, units[unit]);
	return text;
}
