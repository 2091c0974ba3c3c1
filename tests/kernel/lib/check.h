/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Assertions that work everywhere: in a Criterion test, in its threads and in its children.
 *
 * A passing one costs a comparison (Criterion's own sends a message each), so that random tests
 * can make millions. A failing one ends the test; in a thread it ends the process, in a child the
 * child, whose parent then fails in child_end().
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Ends the test. The text set by context() goes with it. */
void fail_at(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

#define fail(...) fail_at(__FILE__, __LINE__, __VA_ARGS__)

/* Two integers are equal; both are shown when they are not. */
#define want(actual, expected)                                                                    \
	do {                                                                                      \
		long long actual_ = (long long)(actual), expected_ = (long long)(expected);       \
                                                                                                  \
		if (actual_ != expected_)                                                         \
			fail("%s is %lld (0x%llx), not %lld (0x%llx)", #actual, actual_, actual_, \
			     expected_, expected_);                                               \
	} while (0)

#define want_that(condition)                            \
	do {                                            \
		if (!(condition))                       \
			fail("not so: %s", #condition); \
	} while (0)

/* Said with every failure from now on: which row of a table, which step, which seed. */
void context(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Called before a test ends with a failure, to print what may help. */
void on_failure(void (*fn)(void));

/*
 * A Criterion test with something before and after it. Not with Criterion's own fixtures: it does
 * not notice when an assertion in one of these fails.
 */
#define TEST_BETWEEN(before, after, suite, name) \
	static void suite##_##name##_body(void); \
	Test(suite, name)                        \
	{                                        \
		before();                        \
		suite##_##name##_body();         \
		after();                         \
	}                                        \
	static void suite##_##name##_body(void)

/* Run fn(arg) in a child; child_end() waits and fails unless it went well. */
pid_t child_start(void (*fn)(void *arg), void *arg);
void child_end(pid_t pid);
void in_child(void (*fn)(void *arg), void *arg);

/*
 * Become a process that runs one function after exec(). It gets the descriptor, which stays open,
 * and three numbers. Only functions made with AFTER_EXEC() can be named.
 */
typedef void (*after_exec_fn)(int fd, uint64_t a, uint64_t b, uint64_t c);
void exec_into(const char *name, int fd, uint64_t a, uint64_t b, uint64_t c)
	__attribute__((noreturn));
bool after_exec_is(const char *name);
void after_exec_run(after_exec_fn fn) __attribute__((noreturn));

#define AFTER_EXEC(name)                                                \
	static void name(int kept, uint64_t a, uint64_t b, uint64_t c); \
	__attribute__((constructor)) static void name##_if_asked(void)  \
	{                                                               \
		if (after_exec_is(#name))                               \
			after_exec_run(name);                           \
	}                                                               \
	static void name(int kept, uint64_t a, uint64_t b, uint64_t c)

/* Two processes take turns: one waits until the other has opened the gate. */
struct gate {
	int fds[2];
};

struct gate gate_make(void);
void gate_open(struct gate *gate);
void gate_wait(struct gate *gate);

/* Run fn(arg + i * size) for i < count at the same moment, each in a thread; wait for all. */
void in_threads(unsigned int count, void (*fn)(void *arg), void *args, size_t size);

#endif /* CHECK_H */
