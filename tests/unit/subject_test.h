/* SPDX-License-Identifier: GPL-2.0-only */
/* A Criterion test that is run for every subject, or for those that a condition holds for. */
#ifndef UNIT_SUBJECT_TEST_H
#define UNIT_SUBJECT_TEST_H

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "subject.h"

/* In here, @which holds of a subject or doesn't. */
#define SUBJECT_TEST_OF(suite, test, which)                           \
	static void test##_with(const struct subject *subject);       \
	ParameterizedTestParameters(suite, test)                      \
	{                                                             \
		static unsigned int numbers[128];                     \
		unsigned int count, i, n = 0;                         \
		const struct subject *subject = subjects(&count);     \
                                                                      \
		for (i = 0; i < count; i++, subject++)                \
			if (which)                                    \
				numbers[n++] = i;                     \
		return cr_make_param_array(unsigned int, numbers, n); \
	}                                                             \
	ParameterizedTest(unsigned int *number, suite, test)          \
	{                                                             \
		unsigned int count;                                   \
                                                                      \
		test##_with(&subjects(&count)[*number]);              \
	}                                                             \
	static void test##_with(const struct subject *subject)

#define SUBJECT_TEST(suite, test) SUBJECT_TEST_OF(suite, test, true)
#define TRACKED_TEST(suite, test) \
	SUBJECT_TEST_OF(suite, test, subject->features &IOASID_TABLE_TRACK)

#endif
