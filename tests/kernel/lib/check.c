// SPDX-License-Identifier: GPL-2.0-only
#include "check.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char context_text[256];
static bool is_child;
static void (*failure_hook)(void);

void on_failure(void (*fn)(void))
{
	failure_hook = fn;
}

void context(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(context_text, sizeof(context_text), format, args);
	va_end(args);
}

void fail_at(const char *file, int line, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "%s:%d: %s%s%s\n", file, line, text, *context_text ? " | " : "",
		context_text);
	if (failure_hook && !is_child)
		failure_hook();
	/* Criterion's way out is a longjmp to the test's main thread: not from anywhere else. */
	if (!is_child && gettid() == getpid())
		cr_assert_fail("%s:%d: %s%s%s", file, line, text, *context_text ? " | " : "",
			       context_text);
	_exit(1);
}

pid_t child_start(void (*fn)(void *arg), void *arg)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	want_that(pid >= 0);
	if (pid)
		return pid;
	is_child = true;
	fn(arg);
	_exit(0);
}

void child_end(pid_t pid)
{
	int status;

	want(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		fail("the child was killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status))
		fail("the child failed, see above");
}

void in_child(void (*fn)(void *arg), void *arg)
{
	child_end(child_start(fn, arg));
}

#define EXEC_NAME "IOASID_AFTER_EXEC"
#define EXEC_ARGS "IOASID_AFTER_EXEC_ARGS"

void exec_into(const char *name, int fd, uint64_t a, uint64_t b, uint64_t c)
{
	char args[128];

	snprintf(args, sizeof(args), "%d %llu %llu %llu", fd, (unsigned long long)a,
		 (unsigned long long)b, (unsigned long long)c);
	setenv(EXEC_NAME, name, 1);
	setenv(EXEC_ARGS, args, 1);
	execl("/proc/self/exe", "after-exec", NULL);
	fail("exec: %m");
}

bool after_exec_is(const char *name)
{
	const char *asked = getenv(EXEC_NAME);

	return asked && !strcmp(asked, name);
}

void after_exec_run(after_exec_fn fn)
{
	unsigned long long a, b, c;
	int fd;

	is_child = true;
	want(sscanf(getenv(EXEC_ARGS), "%d %llu %llu %llu", &fd, &a, &b, &c), 4);
	fn(fd, a, b, c);
	_exit(0);
}

struct gate gate_make(void)
{
	struct gate gate;

	want(pipe(gate.fds), 0);
	return gate;
}

void gate_open(struct gate *gate)
{
	want(write(gate->fds[1], "", 1), 1);
}

void gate_wait(struct gate *gate)
{
	char byte;

	want(read(gate->fds[0], &byte, 1), 1);
}

struct thread {
	pthread_t thread;
	pthread_barrier_t *start;
	void (*fn)(void *arg);
	void *arg;
};

static void *thread_main(void *arg)
{
	struct thread *thread = arg;

	pthread_barrier_wait(thread->start);
	thread->fn(thread->arg);
	return NULL;
}

void in_threads(unsigned int count, void (*fn)(void *arg), void *args, size_t size)
{
	struct thread threads[count];
	pthread_barrier_t start;
	unsigned int i;

	want(pthread_barrier_init(&start, NULL, count), 0);
	for (i = 0; i < count; i++) {
		threads[i] = (struct thread){ .start = &start,
					      .fn = fn,
					      .arg = (char *)args + i * size };
		want(pthread_create(&threads[i].thread, NULL, thread_main, &threads[i]), 0);
	}
	for (i = 0; i < count; i++)
		want(pthread_join(threads[i].thread, NULL), 0);
	pthread_barrier_destroy(&start);
}
