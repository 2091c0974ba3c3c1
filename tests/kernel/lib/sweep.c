// SPDX-License-Identifier: GPL-2.0-only
#include "sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "count.h"
#include "random.h"

#define MOST_PLACES 2000
/* The way in of the argument. */
#define MIN_KERNEL_PLACES 1

struct sweeping sweeping;

/**
 * struct injector - lets the n-th place fail
 * @name: whose it is
 * @path: a number is written here, and becomes 0 when it has happened
 * @fd: of this
 */
struct injector {
	const char *name;
	const char *path;
	int fd;
};

static struct injector injectors[] = {
	{ "the module's", "/sys/module/ioasid/parameters/fail_nth", -1 },
	{ "the kernel's", "/proc/thread-self/fail-nth", -1 },
};

static void set_up(const char *what, const char *attribute, const char *value)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", what, attribute);
	f = fopen(path, "we");
	if (!f)
		fail("%s: %m", path);
	want_that(fputs(value, f) >= 0);
	want(fclose(f), 0);
}

static void set_up_kernel(void)
{
	set_up("failslab", "ignore-gfp-wait", "N");
	set_up("failslab", "cache-filter", "N");
	set_up("failslab", "verbose", "0");
	set_up("fail_page_alloc", "ignore-gfp-wait", "N");
	set_up("fail_page_alloc", "ignore-gfp-highmem", "N");
	set_up("fail_page_alloc", "min-order", "0");
	set_up("fail_page_alloc", "verbose", "0");
	set_up("fail_usercopy", "verbose", "0");
}

static size_t count_injectors(void)
{
	return kernel_is_debug() ? 2 : 1;
}

void sweep_prepare(void)
{
	size_t i;

	if (kernel_is_debug())
		set_up_kernel();
	for (i = 0; i < count_injectors(); i++) {
		injectors[i].fd = open(injectors[i].path, O_RDWR | O_CLOEXEC);
		if (injectors[i].fd < 0)
			fail("%s: %m", injectors[i].path);
	}
}

static void arm(const struct injector *injector, unsigned int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", n);

	want(pwrite(injector->fd, text, length, 0), length);
}

/* Has it happened? With the kernel's, asking may itself be what fails; then it had not. */
static bool disarm(const struct injector *injector)
{
	char text[16] = "";
	bool happened;

	happened = pread(injector->fd, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;
	if (pwrite(injector->fd, "0", 1, 0) != 1) {
		happened = false;
		want(pwrite(injector->fd, "0", 1, 0), 1);
	}
	return happened;
}

static bool may_fail(const struct sweep *what, int ret)
{
	if (ret == -ENOMEM)
		return !(what->flags & SWEEP_STEADY);
	return ret == -EFAULT && !(sweeping.by_module && what->flags & SWEEP_SILENT);
}

static void judge(const struct sweep *what)
{
	bool lost = sweeping.ret == -EFAULT && what->done && what->done();

	if (sweeping.ret) {
		want_that(sweeping.happened);
		if (!may_fail(what, sweeping.ret))
			fail("%s has failed with %d", what->name, sweeping.ret);
	}
	if (!sweeping.ret || lost) {
		if (what->worked)
			what->worked();
	} else if (what->failed) {
		what->failed();
	}
}

static void at_place(const struct sweep *what, const struct injector *injector, int n)
{
	context("%s, %s place %d", what->name, injector->name, n);
	if (what->before)
		what->before();
	arm(injector, n);
	sweeping.ret = what->run();
	sweeping.happened = disarm(injector);
	judge(what);
}

static void sweep_by(int fd, const struct sweep *what, const struct injector *injector)
{
	struct counts before = counts(fd);
	int n, failed = 0, lost = 0;

	sweeping.by_module = injector == &injectors[0];
	sweeping.happened = true;
	for (n = 0; sweeping.happened; n++) {
		want_that(n < MOST_PLACES);
		at_place(what, injector, n + 1);
		want_unchanged(fd, &before);
		failed += sweeping.ret != 0;
		lost += sweeping.ret == -EFAULT;
	}
	n--;
	context("%s, %d of %s places, %d of them failed the call", what->name, n, injector->name,
		failed);
	if (!sweeping.by_module) {
		want_that(n >= MIN_KERNEL_PLACES);
		return;
	}
	want_that(n >= what->min_places);
	/* The one place where the answer gets lost; the last one, wherever that is this time. */
	if (what->flags & SWEEP_LOSES)
		want_that(lost > 1);
	else if (!(what->flags & SWEEP_VARIES))
		want(lost, what->flags & SWEEP_SILENT ? 0 : 1);
}

void sweep(int fd, const struct sweep *what)
{
	size_t i, count = what->flags & SWEEP_OURS ? 1 : count_injectors();

	for (i = 0; i < count; i++)
		sweep_by(fd, what, &injectors[i]);
}
