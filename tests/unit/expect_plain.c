// SPDX-License-Identifier: GPL-2.0-only
/* Expect, in a program of its own: it says what is wrong and aborts. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "expect.h"

const char *expect_subject = "";

void expect_failed(const char *file, int line, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s:%d: %s: ", file, line, expect_subject);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}
