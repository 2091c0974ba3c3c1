// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that are killed in the middle of whatever they do leave nothing behind.
 *
 * They are killed when they have done a random number of calls, by another processor: in any place.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"
#include "random.h"
#include "user.h"

#define THREADS 3
#define SMALL 64ULL
#define HUGE_PAGES 2ULL

static struct {
	_Atomic uint64_t calls;
} *shared;

static struct {
	int fds[2];
	uint32_t ioas[2];
	char *small;
	char *file;
	char *huge;
} victim;

/* What a call may say when others work on the same memory and the same space. */
static void want_usual(int ret)
{
	if (ret != 0 && ret != -EBUSY && ret != -EEXIST && ret != -ENOENT && ret != -ENOMEM)
		fail("a call returned %d", ret);
	atomic_fetch_add(&shared->calls, 1);
}

static char *some_memory(struct rng *rng, uint64_t *length)
{
	uint64_t first = rng_below(rng, SMALL), pages = 1 + rng_below(rng, SMALL - first);

	*length = pages * PAGE;
	switch (rng_below(rng, 4)) {
	case 0:
		return victim.file + first * PAGE;
	case 1:
		*length = (1 + rng_below(rng, HUGE_PAGES)) * HUGE_2M;
		return victim.huge;
	default:
		return victim.small + first * PAGE;
	}
}

static void some_call(struct rng *rng, uint32_t *pin)
{
	unsigned int which = rng_below(rng, 2);
	int fd = victim.fds[which];
	uint32_t ioas = victim.ioas[which], id;
	uint64_t length, iova = (1 + rng_below(rng, 4 * SMALL)) * PAGE;
	char *va = some_memory(rng, &length);
	struct ioasid_pin arg;

	switch (rng_below(rng, 8)) {
	case 0:
		want_usual(pin_call(fd, va, length, IOASID_PIN_WRITE, &arg));
		*pin = arg.out_id;
		break;
	case 1:
		want_usual(unpin(fd, *pin, rng_once_in(rng, 2) ? IOASID_UNPIN_DEFER : 0));
		break;
	case 2:
		want_usual(map_any(fd, ioas, va, length, READ_WRITE, &iova));
		break;
	case 3:
		want_usual(map_at(fd, ioas, va, length, READ_ONLY, iova));
		break;
	case 4:
		want_usual(table_call(fd, ioas, &id));
		want_usual(destroy(fd, id));
		break;
	case 5:
		want(madvise(victim.small, SMALL * PAGE, MADV_DONTNEED), 0);
		break;
	case 6:
		want_usual(unmap_all(fd, ioas, NULL));
		break;
	default:
		want_usual(unmap(fd, ioas, iova, length, NULL));
		break;
	}
}

static void work(void *arg)
{
	struct rng rng = rng_make(*(uint64_t *)arg);
	uint32_t pin = 0;

	for (;;)
		some_call(&rng, &pin);
}

static void victim_process(void *arg)
{
	uint64_t seeds[THREADS], *from = arg;
	int memory_fd, i;

	for (i = 0; i < 2; i++) {
		victim.fds[i] = device_open();
		victim.ioas[i] = make_ioas(victim.fds[i]);
		make_table(victim.fds[i], victim.ioas[i]);
	}
	victim.small = anon(SMALL * PAGE);
	victim.file = memfd(SMALL * PAGE, &memory_fd);
	victim.huge = hugetlb(HUGE_PAGES * HUGE_2M, HUGE_2M);
	become_user(USER_A, GIB);
	for (i = 0; i < THREADS; i++)
		seeds[i] = *from + i;
	in_threads(THREADS, work, seeds, sizeof(seeds[0]));
}

static void kill_one(uint64_t from, uint64_t after)
{
	pid_t pid;
	int status;

	atomic_store(&shared->calls, 0);
	pid = child_start(victim_process, &from);
	while (atomic_load(&shared->calls) < after) {
		want(waitpid(pid, &status, WNOHANG), 0);
		sched_yield();
	}
	want(kill(pid, SIGKILL), 0);
	want(waitpid(pid, &status, 0), pid);
	want_that(WIFSIGNALED(status));
	want(WTERMSIG(status), SIGKILL);
}

Test(killed, processes_leave_nothing_behind)
{
	uint64_t from = seed(), count = runs(16, 4), i;
	struct rng rng = rng_make(from);
	int64_t pinned;
	uint64_t huge;

	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	want_that(shared != MAP_FAILED);
	want_that(hugetlb_reserve(HUGE_2M, HUGE_PAGES));
	want_nothing_left();
	huge = meminfo("HugePages_Free:");
	pinned = system_pinned();
	for (i = 0; i < count; i++) {
		context("SEED=%llu, process %llu", (unsigned long long)from, (unsigned long long)i);
		kill_one(rng_next(&rng), rng_below(&rng, 200));
		want_nothing_left();
		want(meminfo("HugePages_Free:"), huge);
		want(system_pinned(), pinned);
		want(user_locked(USER_A), 0);
	}
	want_that(hugetlb_reserve(HUGE_2M, 0));
}

/* Also while a file of another process keeps what the killed one has pinned through it. */
static void victim_of_ours(void *arg)
{
	struct rng rng = rng_make(*(uint64_t *)arg);
	uint64_t length;
	char *va;

	victim.small = anon(SMALL * PAGE);
	for (;;) {
		uint64_t first = rng_below(&rng, SMALL), iova;

		length = (1 + rng_below(&rng, SMALL - first)) * PAGE;
		va = victim.small + first * PAGE;
		want_usual(map_any(victim.fds[0], victim.ioas[0], va, length, READ_WRITE, &iova));
		if (rng_once_in(&rng, 3))
			want_usual(unmap_all(victim.fds[0], victim.ioas[0], NULL));
	}
}

Test(killed, processes_leave_what_another_file_holds_intact)
{
	uint64_t from = seed(), count = runs(12, 3), i;
	struct rng rng = rng_make(from);
	struct ioasid_audit now;
	int64_t pinned;
	int status;

	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	want_that(shared != MAP_FAILED);
	want_nothing_left();
	pinned = system_pinned();
	victim.fds[0] = device_open();
	victim.ioas[0] = make_ioas(victim.fds[0]);
	for (i = 0; i < count; i++) {
		uint64_t after = rng_below(&rng, 200), next = rng_next(&rng);
		pid_t pid;

		context("SEED=%llu, process %llu", (unsigned long long)from, (unsigned long long)i);
		atomic_store(&shared->calls, 0);
		pid = child_start(victim_of_ours, &next);
		while (atomic_load(&shared->calls) < after)
			sched_yield();
		want(kill(pid, SIGKILL), 0);
		want(waitpid(pid, &status, 0), pid);
		now = audit();
		want(now.in_flight, 0);
		want(now.mapped, query_file(victim.fds[0]).mapped);
		want(now.mappings, query_file(victim.fds[0]).mappings);
		want(system_pinned() - pinned, now.pinned / PAGE);
		want(query_process(victim.fds[0]).pinned, 0);
		if (rng_once_in(&rng, 2)) {
			want(unmap_all(victim.fds[0], victim.ioas[0], NULL), 0);
			want_nothing_left();
		}
	}
	want(close(victim.fds[0]), 0);
	want_nothing_left();
	want(system_pinned(), pinned);
}
