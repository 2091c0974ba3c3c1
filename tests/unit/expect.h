/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Expect: what must be so. Where it isn't, a Criterion test fails (expect_criterion.c), and a plain
 * program ends (expect_plain.c).
 */
#ifndef UNIT_EXPECT_H
#define UNIT_EXPECT_H

/* What is being tested, for whoever reads of a failure. */
extern const char *expect_subject;

__attribute__((noreturn, format(printf, 3, 4))) void expect_failed(const char *file, int line,
								   const char *format, ...);

#define expect(so, format, ...)                                                               \
	do {                                                                                  \
		if (!(so))                                                                    \
			expect_failed(__FILE__, __LINE__, "%s: " format, #so, ##__VA_ARGS__); \
	} while (0)

#define expect_equal(a, b, format, ...)                                                           \
	do {                                                                                      \
		unsigned long long expect_a = (a), expect_b = (b);                                \
		if (expect_a != expect_b)                                                         \
			expect_failed(__FILE__, __LINE__, "%s is %#llx, not %s = %#llx: " format, \
				      #a, expect_a, #b, expect_b, ##__VA_ARGS__);                 \
	} while (0)

#endif
