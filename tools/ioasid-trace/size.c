/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>

#include "event.h"
#include "size.h"

static uint64_t first_pages(unsigned int size_class)
{
	return size_class ? 1ULL << (size_class - 1) : 0;
}

static uint64_t last_pages(unsigned int size_class)
{
	return size_class ? first_pages(size_class) + (first_pages(size_class) - 1) : 0;
}

struct text size_text(unsigned int size_class)
{
	struct text first = text_size(bytes_of(first_pages(size_class)));
	struct text last = text_size(bytes_of(last_pages(size_class)));
	struct text both;

	if (size_class < 2)
		return first;
	snprintf(both.s, sizeof(both.s), "%.8s-%.8s", first.s, last.s);
	return both;
}

void size_put(struct json *json, unsigned int size_class)
{
	json_number(json, "from_pages", first_pages(size_class));
	json_number(json, "to_pages", last_pages(size_class));
}

struct text size_count(uint64_t count)
{
	static const char units[] = "MGTPE";
	double value = count / 1e6;
	const char *unit = units;
	struct text text;

	if (count < 1000000) {
		snprintf(text.s, sizeof(text.s), "%" PRIu64, count);
		return text;
	}
	for (; value >= 999.5; unit++)
		value /= 1000;
	snprintf(text.s, sizeof(text.s), "%.*f%c", value < 99.95 ? 1 : 0, value, *unit);
	return text;
}
