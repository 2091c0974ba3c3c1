// SPDX-License-Identifier: GPL-2.0-only
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "memory.h"

#define CANARY_AT (MEMORY_AT - HUGE_2M)
#define SPINS 500 /* before a wait asks the kernel */
#define POLLS 100000

struct files files;

static struct channel *channels;
static pid_t pids[WORKERS];
static uint32_t canary_ioas;

void files_open(void)
{
	char path[64];
	unsigned int i;

	for (i = 0; i < FILES; i++)
		files.fds[i] = device_open();
	for (i = 0; i < WORKERS; i++)
		files.canaries[i] = device_open();
	for (i = 0; i < MEMFDS; i++) {
		files.memfds[i] = memfd_create("ioasid-model", MFD_CLOEXEC);
		want_that(files.memfds[i] >= 0);
		want(ftruncate(files.memfds[i], MEMFD_PAGES * PAGE), 0);
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", files.memfds[0]);
	files.readonly = open(path, O_RDONLY | O_CLOEXEC);
	want_that(files.readonly >= 0);
}

void files_close(void)
{
	unsigned int i;

	for (i = 0; i < FILES; i++)
		want(close(files.fds[i]), 0);
	for (i = 0; i < WORKERS; i++)
		want(close(files.canaries[i]), 0);
	for (i = 0; i < MEMFDS; i++)
		want(close(files.memfds[i]), 0);
	want(close(files.readonly), 0);
}

static void place(unsigned int first, unsigned int pages, int flags, int fd, unsigned int offset)
{
	void *at = (void *)VA(first);

	want_that(mmap(at, pages * PAGE, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd,
		       offset * PAGE) == at);
}

/* The part of a range that lies in an area; its pages. */
static unsigned int clip(unsigned int *first, unsigned int end, unsigned int from, unsigned int to)
{
	if (*first < from)
		*first = from;
	if (end > to)
		end = to;
	return end > *first ? end - *first : 0;
}

void memory_replace(unsigned int first, unsigned int pages)
{
	const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
	unsigned int at, n, end = first + pages;

	at = first;
	n = clip(&at, end, 0, SMALL_FIRST);
	if (n) {
		place(at, n, anonymous, -1, 0);
		madvise((void *)VA(at), n * PAGE, MADV_HUGEPAGE);
	}
	at = first;
	n = clip(&at, end, SMALL_FIRST, FILE_FIRST);
	if (n) {
		place(at, n, anonymous, -1, 0);
		madvise((void *)VA(at), n * PAGE, MADV_NOHUGEPAGE);
	}
	at = first;
	n = clip(&at, end, FILE_FIRST, PAGES);
	if (n)
		place(at, n, MAP_SHARED, files.memfds[0], at - FILE_FIRST);
}

void memory_make(void)
{
	memory_replace(0, PAGES);
	memset((void *)VA(0), 0, HUGE_PAGES * PAGE);
}

/*
 * Wait until the work item has looked at all pins that are doubtful now: it takes them in order,
 * so when it has found that a page that we lose now is lost, it has seen all others. An event tells
 * us.
 */
static int settle(unsigned int worker)
{
	struct ioasid_query before, now;
	int fd = files.canaries[worker], i;
	void *page = (void *)CANARY_AT;
	struct ioasid_event event;

	before = query_process(fd);
	want(map_at(fd, canary_ioas, page, PAGE, READ_WRITE, PAGE), 0);
	want(madvise(page, PAGE, MADV_DONTNEED), 0);
	want(read(fd, &event, sizeof(event)), sizeof(event));
	want(event.kind, IOASID_EVENT_STALE);
	want(event.iova, PAGE);
	want(event.va, CANARY_AT);
	want(event.tgid, getpid());
	want(unmap_all(fd, canary_ioas, NULL), 0);
	/* It may have the canary for a moment yet. */
	for (i = 0; i < POLLS; i++) {
		now = query_process(fd);
		if (now.pins == before.pins)
			return 0;
		sched_yield();
	}
	return -ETIMEDOUT;
}

static void fork_one(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	want_that(pid > 0);
	want(waitpid(pid, &status, 0), pid);
}

static int run(struct channel *ch)
{
	uint64_t length = ch->pages * PAGE;
	void *va = (void *)VA(ch->first);

	switch (ch->command) {
	case COMMAND_IOCTL:
		return call(ch->fd, ch->request, &ch->argument);
	case COMMAND_READ:
		memcpy(ch->buffer, (void *)ch->va, ch->length);
		return 0;
	case COMMAND_WRITE:
		memcpy((void *)ch->va, ch->buffer, ch->length);
		return 0;
	case COMMAND_DONTNEED:
		return madvise(va, length, MADV_DONTNEED) ? -errno : 0;
	case COMMAND_UNMAP:
		return munmap(va, length) ? -errno : 0;
	case COMMAND_REPLACE:
		memory_replace(ch->first, ch->pages);
		return 0;
	case COMMAND_PROTECT:
		return mprotect(va, length, PROT_READ | (ch->write ? PROT_WRITE : 0)) ? -errno : 0;
	case COMMAND_MOVE:
		return mremap(va, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, VA(ch->to)) ==
				       MAP_FAILED ?
			       -errno :
			       0;
	case COMMAND_PUNCH:
		return fallocate(ch->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 ch->first * PAGE, length) ?
			       -errno :
			       0;
	case COMMAND_TRUNCATE:
		return ftruncate(ch->fd, ch->first * PAGE) ||
				       ftruncate(ch->fd, MEMFD_PAGES * PAGE) ?
			       -errno :
			       0;
	case COMMAND_FORK:
		fork_one();
		return 0;
	case COMMAND_SETTLE:
		return 0;
	}
	return -ENOSYS;
}

static void wait_while(_Atomic uint32_t *word, uint32_t value, pid_t pid)
{
	struct timespec second = { .tv_sec = 1 };
	int i, status;

	for (i = 0; i < SPINS; i++)
		if (atomic_load(word) != value)
			return;
	while (atomic_load(word) == value) {
		syscall(SYS_futex, word, FUTEX_WAIT, value, &second, NULL, 0);
		if (pid && waitpid(pid, &status, WNOHANG) == pid)
			fail("a worker ended with status 0x%x", status);
	}
}

static void turn(struct channel *ch, uint32_t to)
{
	atomic_store(&ch->turn, to);
	syscall(SYS_futex, &ch->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void close_others(unsigned int worker)
{
	unsigned int i;

	for (i = 0; i < FILES; i++)
		if (!may_use(worker, i))
			close(files.fds[i]);
	for (i = 0; i < WORKERS; i++)
		if (i != worker)
			close(files.canaries[i]);
}

static void worker_main(void *arg)
{
	unsigned int worker = *(unsigned int *)arg;
	struct channel *ch = channel(worker);
	void *page = (void *)CANARY_AT;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_others(worker);
	canary_ioas = make_ioas(files.canaries[worker]);
	want_that(mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		       -1, 0) == page);
	memory_make();
	for (;;) {
		turn(ch, 0);
		wait_while(&ch->turn, 0, 0);
		ch->ret = run(ch);
		if (ch->settle && settle(worker))
			fail("pins of worker %u never settle", worker);
		ch->after = query_process(files.canaries[worker]);
	}
}

struct channel *channel(unsigned int worker)
{
	return &channels[worker];
}

void worker_start(unsigned int worker)
{
	struct channel *ch = channel(worker);

	atomic_store(&ch->turn, 1);
	pids[worker] = child_start(worker_main, &worker);
	wait_while(&ch->turn, 1, pids[worker]);
}

void workers_make(void)
{
	unsigned int i;

	channels = mmap(NULL, (WORKERS + 1) * sizeof(*channels), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	want_that(channels != MAP_FAILED);
	for (i = 0; i < WORKERS; i++)
		worker_start(i);
}

void worker_kill(unsigned int worker)
{
	int status;

	want(kill(pids[worker], SIGKILL), 0);
	want(waitpid(pids[worker], &status, 0), pids[worker]);
	want_that(WIFSIGNALED(status));
	close(files.canaries[worker]);
	files.canaries[worker] = device_open();
}

pid_t worker_pid(unsigned int worker)
{
	return pids[worker];
}

int worker_do(unsigned int worker)
{
	struct channel *ch = channel(worker);

	turn(ch, 1);
	wait_while(&ch->turn, 1, pids[worker]);
	return ch->ret;
}

int call_by(unsigned int worker, int fd, unsigned long request, void *argument, size_t size)
{
	struct channel *ch = channel(worker);
	int ret;

	*(uint32_t *)argument = size;
	if (worker == WORKERS)
		return call(fd, request, argument);
	memcpy(&ch->argument, argument, size);
	ch->command = COMMAND_IOCTL;
	ch->fd = fd;
	ch->request = request;
	ch->settle = false;
	ret = worker_do(worker);
	memcpy(argument, &ch->argument, size);
	return ret;
}
