/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each walk has to pass. A program names its walks and has a suite for each:
 *
 *	static const struct walk_kind kind = { ... };
 *	WALK_SUITE(vtd_legacy_3, &kind)
 */
#ifndef CASES_H
#define CASES_H

#include <criterion/criterion.h>

#include "walk.h"

/* clang-format off */
#define WALK_CASES(CASE, ...) \
	CASE(sizes, __VA_ARGS__) \
	CASE(pages, __VA_ARGS__) \
	CASE(rights, __VA_ARGS__) \
	CASE(unmapped, __VA_ARGS__) \
	CASE(unmap, __VA_ARGS__) \
	CASE(caches, __VA_ARGS__) \
	CASE(remap, __VA_ARGS__) \
	CASE(split, __VA_ARGS__) \
	CASE(tables_come_and_go, __VA_ARGS__) \
	CASE(marks, __VA_ARGS__) \
	CASE(dirty, __VA_ARGS__) \
	CASE(two_devices, __VA_ARGS__) \
	CASE(shared, __VA_ARGS__) \
	CASE(attach, __VA_ARGS__) \
	CASE(close, __VA_ARGS__) \
	CASE(random, __VA_ARGS__)
/* clang-format on */

#define WALK_DECLARE(name, unused) void walk_case_##name(void);
WALK_CASES(WALK_DECLARE, )

#define WALK_TEST(name, suite, kind) \
	Test(suite, name)            \
	{                            \
		walk_begin(kind);    \
		walk_case_##name();  \
		walk_end();          \
	}

#define WALK_SUITE(suite, kind) WALK_CASES(WALK_TEST, suite, kind)

/* The unit says that it can't walk such a table. */
void walk_want_refused(const struct walk_kind *kind);

#endif /* CASES_H */
