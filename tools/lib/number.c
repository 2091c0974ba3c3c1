/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

/* How far a suffix shifts; -1 when it is none. */
static int suffix_shift(const char *suffix)
{
	static const char units[] = "KMGT";
	const char *unit;

	if (!*suffix)
		return 0;
	unit = strchr(units, *suffix);
	return unit && !suffix[1] ? 10 * (int)(unit - units + 1) : -1;
}

bool number_parse(const char *text, uint64_t *value, bool *negative)
{
	bool minus = negative && *text == '-';
	uint64_t number;
	char *end;
	int shift;

	text += minus;
	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	number = strtoull(text, &end, 0);
	shift = suffix_shift(end);
	if (errno || shift < 0 || number << shift >> shift != number)
		return false;
	number <<= shift;
	if (minus && number > 1ULL << 63)
		return false;
	*value = minus ? -number : number;
	if (negative)
		*negative = minus;
	return true;
}
