/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a sequence of calls has come to: a line of text for each step, in memory that the process
 * of the sequence and the one that compares share.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stddef.h>
#include <stdint.h>

struct record {
	size_t length;
	/* Lines that tell of success, by the kind of step: none may be 0 in the end. */
	uint64_t successes[16];
	char text[];
};

struct record *record_make(void);
void record_free(struct record *record);

/* One more line. */
void record_line(struct record *record, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* They are equal, line by line. Else the test ends with the first lines that differ. */
void want_same_record(const struct record *expected, const struct record *actual,
		      const char *expected_of, const char *actual_of);

#endif /* RECORD_H */
