// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct criterion_test *first, **last = &first;
static unsigned int count, failed;
static unsigned int seconds = 400; /* of a test */
static FILE *tap;

void criterion_add(struct criterion_test *test)
{
	*last = test;
	last = &test->next;
	count++;
}

void cr_assert_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

/* An alarm that nobody awaits kills, and a killed test has failed. */
static void run(const struct criterion_test *test, unsigned int number)
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		alarm(seconds);
		test->run();
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		status = -1;
	failed += !!status;
	fprintf(tap, "%sok %u - %s::%s\n", status ? "not " : "", number, test->suite, test->name);
	if (status)
		fprintf(tap, "  status 0x%x; what it says is in the log\n", status);
}

/* Arguments that this one doesn't know are meant for Criterion, which does more. */
static void take_argument(const char *argument)
{
	if (!strncmp(argument, "--tap=", 6))
		tap = fopen(argument + 6, "we");
	else if (!strncmp(argument, "--timeout=", 10))
		seconds = atoi(argument + 10);
}

int main(int argc, char **argv)
{
	const struct criterion_test *test;
	unsigned int number = 0;
	int i;

	tap = stdout;
	for (i = 1; i < argc && tap; i++)
		take_argument(argv[i]);
	if (!tap)
		return 2;
	fprintf(tap, "1..%u\n", count);
	for (test = first; test; test = test->next)
		run(test, ++number);
	if (fclose(tap))
		return 2;
	return failed ? 1 : 0;
}
