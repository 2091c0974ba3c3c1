// SPDX-License-Identifier: GPL-2.0-only
/* Expect, in a Criterion program. */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>

#include "expect.h"

const char *expect_subject = "";

void expect_failed(const char *file, int line, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	cr_assert_fail("%s:%d: %s: %s", file, line, expect_subject, text);
	abort();
}
