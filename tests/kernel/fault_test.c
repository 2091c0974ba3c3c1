// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation and every user copy of a call fails, one after the other: the call has then
 * changed nothing, or it has worked. Needs the debug kernel's fault injection.
 *
 * The kernel counts the places of a call where it could fail, with /proc/thread-self/fail-nth set
 * to n the n-th one does. A call that has fewer has been swept.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"
#include "random.h"

#define AT 0x10000000ULL
#define SIZE (64 * PAGE)
#define MOST_PLACES 1000

static int fd, fail_nth;
static uint32_t ioas;
static char *memory;

static void inject(const char *what, const char *attribute, const char *value)
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

static void prepare(void)
{
	if (!kernel_is_debug())
		cr_skip_test("needs a kernel with fault injection");
	inject("failslab", "ignore-gfp-wait", "N");
	inject("failslab", "cache-filter", "N");
	inject("failslab", "verbose", "0");
	inject("fail_page_alloc", "ignore-gfp-wait", "N");
	inject("fail_page_alloc", "ignore-gfp-highmem", "N");
	inject("fail_page_alloc", "min-order", "0");
	inject("fail_page_alloc", "verbose", "0");
	inject("fail_usercopy", "verbose", "0");
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	want_that(fail_nth >= 0);
	fd = device_open();
	ioas = make_ioas(fd);
	/* Two tables, so that the second may fail after the first. */
	make_table(fd, ioas);
	make_table(fd, ioas);
	memory = anon(SIZE);
	fill(memory, SIZE, 1);
}

static void finish(void)
{
	want(close(fd), 0);
	want(vm_pin(), 0);
	want_nothing_left();
}

#define FAULT_TEST(name) TEST_BETWEEN(prepare, finish, fault, name)

static void arm(unsigned int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", n);

	want(pwrite(fail_nth, text, length, 0), length);
}

/* Has the fault happened? Asking may itself be what fails; then it had not. */
static bool disarm(void)
{
	char text[16] = "";
	bool happened;

	happened = pread(fail_nth, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;
	if (pwrite(fail_nth, "0", 1, 0) != 1) {
		happened = false;
		want(pwrite(fail_nth, "0", 1, 0), 1);
	}
	return happened;
}

struct sweep {
	const char *name;
	int (*run)(void);
	void (*undo)(void);
	int min_places; /* fewer would mean that nothing was injected at all */
};

static void sweep(const struct sweep *what)
{
	struct counts before = counts(fd);
	int n, ret, failed = 0;
	bool happened;

	for (n = 1; n < MOST_PLACES; n++) {
		context("%s, place %d", what->name, n);
		arm(n);
		ret = what->run();
		happened = disarm();
		if (!ret) {
			what->undo();
		} else {
			want_that(ret == -ENOMEM || ret == -EFAULT);
			want_that(happened);
			failed++;
		}
		want_unchanged(fd, &before);
		if (!happened)
			break;
	}
	want_that(n < MOST_PLACES);
	context("%s, %d places, %d of them failed the call", what->name, n - 1, failed);
	want_that(failed >= what->min_places);
}

/* What the calls are given and answer. Static: nothing is to be touched for the first time. */
static union {
	struct ioasid_ioas_alloc ioas_alloc;
	struct ioasid_table_alloc table_alloc;
	struct ioasid_pin pin;
	struct ioasid_map map;
	struct ioasid_unmap unmap;
} arg;

static int run_ioas_alloc(void)
{
	arg.ioas_alloc = (struct ioasid_ioas_alloc){ .size = sizeof(arg.ioas_alloc) };
	return call(fd, IOASID_IOAS_ALLOC, &arg);
}

static void undo_ioas_alloc(void)
{
	want(destroy(fd, arg.ioas_alloc.out_id), 0);
}

FAULT_TEST(in_ioas_alloc_makes_none)
{
	sweep(&(struct sweep){ "IOAS_ALLOC", run_ioas_alloc, undo_ioas_alloc, 2 });
}

static int run_pin(void)
{
	arg.pin = (struct ioasid_pin){ .size = sizeof(arg.pin),
				       .flags = IOASID_PIN_WRITE,
				       .va = ADDRESS(memory),
				       .length = SIZE };
	return call(fd, IOASID_PIN, &arg);
}

static void undo_pin(void)
{
	want(arg.pin.out_new, SIZE);
	want(unpin(fd, arg.pin.out_id, 0), 0);
}

FAULT_TEST(in_pin_pins_nothing)
{
	sweep(&(struct sweep){ "PIN", run_pin, undo_pin, 4 });
}

static int run_map(void)
{
	arg.map = (struct ioasid_map){ .size = sizeof(arg.map),
				       .flags = READ_WRITE,
				       .ioas_id = ioas,
				       .va = ADDRESS(memory),
				       .length = SIZE };
	return call(fd, IOASID_MAP, &arg);
}

static void undo_map(void)
{
	want_iova_filled(fd, ioas, arg.map.iova, SIZE, 1, 0);
	want(unmap(fd, ioas, arg.map.iova, SIZE, NULL), 0);
}

FAULT_TEST(in_map_maps_nothing)
{
	sweep(&(struct sweep){ "MAP", run_map, undo_map, 8 });
}

/* Over several pins, some of which are there already and must stay. */
static void undo_map_of_some(void)
{
	want(arg.map.out_reused, 8 * PAGE);
	undo_map();
}

FAULT_TEST(in_map_keeps_what_was_pinned)
{
	make_pin(fd, memory + 8 * PAGE, 4 * PAGE);
	make_pin(fd, memory + 32 * PAGE, 4 * PAGE);
	sweep(&(struct sweep){ "MAP over pins", run_map, undo_map_of_some, 12 });
}

/* Pages that have to be brought in, at an IOVA where all table pages are missing. */
static int run_map_lazy(void)
{
	arg.map = (struct ioasid_map){ .size = sizeof(arg.map),
				       .flags = READ_WRITE | IOASID_MAP_FIXED,
				       .ioas_id = ioas,
				       .va = ADDRESS(memory),
				       .length = 8 * PAGE,
				       .iova = 512 * GIB - 4 * PAGE };
	want(madvise(memory, 8 * PAGE, MADV_DONTNEED), 0);
	return call(fd, IOASID_MAP, &arg);
}

static void undo_map_lazy(void)
{
	want(unmap(fd, ioas, arg.map.iova, 8 * PAGE, NULL), 0);
}

FAULT_TEST(in_map_of_new_pages_maps_nothing)
{
	sweep(&(struct sweep){ "MAP of new pages", run_map_lazy, undo_map_lazy, 12 });
}

static int run_table_alloc(void)
{
	arg.table_alloc =
		(struct ioasid_table_alloc){ .size = sizeof(arg.table_alloc), .ioas_id = ioas };
	return call(fd, IOASID_TABLE_ALLOC, &arg);
}

static void undo_table_alloc(void)
{
	want(destroy(fd, arg.table_alloc.out_id), 0);
}

FAULT_TEST(in_table_alloc_attaches_none)
{
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, 512 * GIB - 8 * PAGE), 0);
	sweep(&(struct sweep){ "TABLE_ALLOC", run_table_alloc, undo_table_alloc, 8 });
}

/*
 * Unmapping never fails for want of memory, though it has to cut mappings and large entries. A user
 * copy that fails is another matter: the answer is lost, but the call has done all of it or
 * nothing.
 */
static void unmap_with_fault(char *huge, unsigned int n, bool *happened)
{
	struct ioasid_query now;
	int ret;

	want(map_at(fd, ioas, huge, HUGE_2M, READ_WRITE, AT + HUGE_2M), 0);
	arg.unmap = (struct ioasid_unmap){ .size = sizeof(arg.unmap),
					   .ioas_id = ioas,
					   .iova = AT + HUGE_2M + 100 * PAGE,
					   .length = 200 * PAGE };
	arm(n);
	ret = call(fd, IOASID_UNMAP, &arg);
	*happened = disarm();
	now = query_ioas(fd, ioas);
	if (!ret)
		want(arg.unmap.out_unmapped, 200 * PAGE);
	else
		want(ret, -EFAULT);
	if (!ret || now.mappings == 2) {
		want(now.mappings, 2);
		want(now.mapped, 312 * PAGE);
		want_iova_filled(fd, ioas, AT + HUGE_2M, 100 * PAGE, 2, 0);
		want_iova_filled(fd, ioas, AT + HUGE_2M + 300 * PAGE, 212 * PAGE, 2, 300 * PAGE);
	} else {
		want(now.mappings, 1);
		want(now.mapped, 512 * PAGE);
	}
	want(unmap_all(fd, ioas, NULL), 0);
}

FAULT_TEST(in_unmap_never_matters)
{
	char *huge = thp(HUGE_2M);
	struct counts before = counts(fd);
	bool happened = true;
	int n;

	fill(huge, HUGE_2M, 2);
	for (n = 1; happened && n < MOST_PLACES; n++) {
		context("UNMAP, place %d", n);
		unmap_with_fault(huge, n, &happened);
		want_unchanged(fd, &before);
	}
	want_that(n < MOST_PLACES);
	/* At least its argument's way in and its answer's way out. */
	want_that(n > 2);
}
