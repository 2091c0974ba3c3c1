/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests use of Criterion, where there is none: Debian has it for few processors. Each test is
 * a process; the program tells results in TAP, to the file of --tap= or to its output.
 */
#ifndef CRITERION_H
#define CRITERION_H

struct criterion_test {
	const char *suite;
	const char *name;
	void (*run)(void);
	struct criterion_test *next;
};

void criterion_add(struct criterion_test *test);

#define Test(suite_is, name_is)                                                   \
	static void suite_is##_##name_is##_run(void);                             \
	static struct criterion_test suite_is##_##name_is = {                     \
		.suite = #suite_is,                                               \
		.name = #name_is,                                                 \
		.run = suite_is##_##name_is##_run,                                \
	};                                                                        \
	static __attribute__((constructor)) void suite_is##_##name_is##_add(void) \
	{                                                                         \
		criterion_add(&suite_is##_##name_is);                             \
	}                                                                         \
	static void suite_is##_##name_is##_run(void)

void cr_assert_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif /* CRITERION_H */
