// SPDX-License-Identifier: GPL-2.0-only
#include "record.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "call.h"
#include "check.h"

#define MOST (512 * MIB)
/* Lines that are shown before the two that differ. */
#define LAST 12

struct record *record_make(void)
{
	struct record *record = mmap(NULL, MOST, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	want_that(record != MAP_FAILED);
	return record;
}

void record_free(struct record *record)
{
	want(munmap(record, MOST), 0);
}

void record_line(struct record *record, const char *format, ...)
{
	size_t room = MOST - sizeof(*record) - record->length;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(record->text + record->length, room, format, args);
	va_end(args);
	want_that(length >= 0 && (size_t)length + 1 < room);
	record->length += length;
	record->text[record->length++] = '\n';
}

static const char *line_start(const char *text, const char *at)
{
	while (at > text && at[-1] != '\n')
		at--;
	return at;
}

static void show_line(const char *of, const char *line)
{
	fprintf(stderr, "    %-12s %.*s\n", of, (int)strcspn(line, "\n"), line);
}

static void show_last(const struct record *record, const char *line)
{
	const char *first = line;
	unsigned int i;

	for (i = 0; i < LAST && first > record->text; i++)
		first = line_start(record->text, first - 1);
	for (; first < line; first = strchr(first, '\n') + 1)
		show_line("both", first);
}

void want_same_record(const struct record *expected, const struct record *actual,
		      const char *expected_of, const char *actual_of)
{
	size_t shorter = expected->length < actual->length ? expected->length : actual->length;
	const char *line;
	size_t i = 0;

	while (i < shorter && expected->text[i] == actual->text[i])
		i++;
	if (i == expected->length && i == actual->length)
		return;
	line = line_start(expected->text, expected->text + i);
	show_last(expected, line);
	show_line(expected_of, line);
	show_line(actual_of, line_start(actual->text, actual->text + i));
	fail("%s and %s differ, see above", expected_of, actual_of);
}
