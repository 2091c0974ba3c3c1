// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: what read() and poll() on the file tell, and whom.
 *
 * That no event comes cannot be waited for. Instead something is done that makes another one,
 * which then has to be the next: want_next_is_mine().
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"
#include "random.h"
#include "user.h"

#define AT (4 * GIB)
#define MINE_AT (2 * GIB)
#define SIZE (8 * PAGE)
#define PATIENCE_MS 60000 /* much longer than anything takes: no test depends on it to pass */

static int fd, other_fd;
static uint32_t ioas;

static void open_one(void)
{
	fd = device_open();
	other_fd = device_open();
	want(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	want(fcntl(other_fd, F_SETFL, O_NONBLOCK), 0);
	ioas = make_ioas(fd);
}

static void close_one(void)
{
	want(close(fd), 0);
	want(close(other_fd), 0);
	want(vm_pin(), 0);
	want_nothing_left();
}

#define EVENT_TEST(name) TEST_BETWEEN(open_one, close_one, event, name)

static uint64_t now(void)
{
	struct timespec at;

	want(clock_gettime(CLOCK_MONOTONIC, &at), 0);
	return at.tv_sec * 1000000000ULL + at.tv_nsec;
}

static void want_quiet(int file)
{
	struct pollfd poll_fd = { .fd = file, .events = POLLIN };
	struct ioasid_event event;

	want(poll(&poll_fd, 1, 0), 0);
	want(read(file, &event, sizeof(event)), -1);
	want(errno, EAGAIN);
}

static struct ioasid_event next_event(int file)
{
	struct pollfd poll_fd = { .fd = file, .events = POLLIN };
	struct ioasid_event event;

	if (poll(&poll_fd, 1, PATIENCE_MS) != 1)
		fail("no event comes");
	want_that(poll_fd.revents & POLLIN);
	memset(&event, 0xff, sizeof(event));
	want(read(file, &event, sizeof(event)), sizeof(event));
	want(event.size, sizeof(event));
	want(event.lost, 0);
	want_that(event.time_ns && event.time_ns <= now());
	return event;
}

/* A STALE event and what is in it. Returns the number of the address space. */
static uint64_t want_stale(const struct ioasid_event *event, uint64_t iova, uint64_t length,
			   void *va, uint64_t pin)
{
	want(event->kind, IOASID_EVENT_STALE);
	want(event->code, 0);
	want(event->iova, iova);
	want(event->length, length);
	want(event->va, ADDRESS(va));
	want(event->pin, pin);
	want(event->tgid, getpid());
	want(event->asked, 0);
	want(event->used, 0);
	want(event->limit, 0);
	want(event->stage, 0);
	want(event->policy[0], 0);
	want_that(event->ioas != 0);
	return event->ioas;
}

static void want_next_is_mine(void)
{
	char *memory = anon(PAGE);

	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, MINE_AT), 0);
	want(munmap(memory, PAGE), 0);
	want(next_event(fd).iova, MINE_AT);
	want(unmap(fd, ioas, MINE_AT, PAGE, NULL), 0);
	want_quiet(fd);
}

static uint64_t pin_at(int file, uint32_t id, uint64_t iova)
{
	struct ioasid_translate found;

	want(translate(file, id, iova, 0, &found), 0);
	return found.out_pin;
}

/* Ways for memory to become other memory. */

static void unmap_memory(char *memory, int file)
{
	(void)file;
	want(munmap(memory, SIZE), 0);
}

static void drop_memory(char *memory, int file)
{
	(void)file;
	want(madvise(memory, SIZE, MADV_DONTNEED), 0);
}

static void drop_and_touch_memory(char *memory, int file)
{
	drop_memory(memory, file);
	memset(memory, 1, SIZE);
}

static void replace_memory(char *memory, int file)
{
	(void)file;
	want_that(mmap(memory, SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == memory);
}

static void move_memory(char *memory, int file)
{
	(void)file;
	want_that(mremap(memory, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, reserve(SIZE, PAGE)) !=
		  MAP_FAILED);
}

static void punch_memory(char *memory, int file)
{
	(void)memory;
	want(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, SIZE), 0);
}

static const struct change {
	const char *what;
	void (*change)(char *memory, int file);
	bool shared;
} changes[] = {
	{ "munmap", unmap_memory, false },
	{ "MADV_DONTNEED", drop_memory, false },
	{ "MADV_DONTNEED and touched", drop_and_touch_memory, false },
	{ "MAP_FIXED", replace_memory, false },
	{ "mremap", move_memory, false },
	{ "a punched hole", punch_memory, true },
	{ "munmap of a file", unmap_memory, true },
};

/* Once for each mapping, by itself: nobody calls anything until the events are there. */
static void stale_by(const struct change *change)
{
	int file = -1, i;
	char *memory = change->shared ? memfd(SIZE, &file) : anon(SIZE);
	uint32_t second = make_ioas(fd), id = make_pin(fd, memory, SIZE);
	uint64_t spaces[3] = {}, pin, space;
	struct ioasid_event event;

	context("%s", change->what);
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT), 0);
	want(map_pin_at(fd, ioas, id, PAGE, 2 * PAGE, READ_ONLY, AT + GIB), 0);
	want(copy_at(fd, second, AT + 2 * GIB, ioas, AT + 4 * PAGE, 4 * PAGE, READ_ONLY), 0);
	pin = pin_at(fd, ioas, AT);
	want_quiet(fd);
	change->change(memory, file);
	for (i = 0; i < 3; i++) {
		event = next_event(fd);
		if (event.iova == AT)
			space = want_stale(&event, AT, SIZE, memory, pin);
		else if (event.iova == AT + GIB)
			space = want_stale(&event, AT + GIB, 2 * PAGE, memory + PAGE, pin);
		else
			space = want_stale(&event, AT + 2 * GIB, 4 * PAGE, memory + 4 * PAGE, pin);
		want(spaces[(event.iova - AT) / GIB], 0);
		spaces[(event.iova - AT) / GIB] = space;
	}
	want(spaces[0], spaces[1]);
	want_that(spaces[0] != spaces[2]);
	want_next_is_mine();
	want(unmap_all(fd, ioas, NULL), 0);
	want(destroy(fd, second), 0);
	want(unpin(fd, id, 0), 0);
	if (file >= 0)
		want(close(file), 0);
}

EVENT_TEST(stale_comes_once_for_each_mapping)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(changes); i++)
		stale_by(&changes[i]);
}

EVENT_TEST(stale_comes_once_however_often_it_changes)
{
	char *memory = anon(SIZE);
	struct ioasid_event event;
	uint64_t pin;
	int i;

	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT), 0);
	want(unmap(fd, ioas, AT + 2 * PAGE, PAGE, NULL), 0);
	pin = pin_at(fd, ioas, AT);
	drop_and_touch_memory(memory, -1);
	/* Two mappings now. */
	for (i = 0; i < 2; i++) {
		event = next_event(fd);
		if (event.iova == AT)
			want_stale(&event, AT, 2 * PAGE, memory, pin);
		else
			want_stale(&event, AT + 3 * PAGE, 5 * PAGE, memory + 3 * PAGE, pin);
	}
	for (i = 0; i < 10; i++) {
		drop_and_touch_memory(memory, -1);
		want_next_is_mine();
	}
	/* Mapped again it is a new pin, which becomes stale by itself. */
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT + GIB), 0);
	want_that(pin_at(fd, ioas, AT + GIB) != pin);
	pin = pin_at(fd, ioas, AT + GIB);
	want(munmap(memory, SIZE), 0);
	event = next_event(fd);
	want_stale(&event, AT + GIB, SIZE, memory, pin);
	want_next_is_mine();
}

static void do_nothing(void *arg)
{
	/* Its own memory is not its parent's. */
	want(munmap(arg, SIZE), 0);
}

EVENT_TEST(stale_is_not_what_only_looks_so)
{
	char *memory = anon(SIZE), *shared, *pinned = anon(SIZE);
	int file;

	shared = memfd(SIZE, &file);
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, shared, SIZE, READ_WRITE, AT + GIB), 0);
	make_pin(fd, pinned, SIZE);

	want(mprotect(memory, SIZE, PROT_READ), 0);
	want_next_is_mine();
	want(mprotect(memory, SIZE, PROT_READ | PROT_WRITE), 0);
	want_next_is_mine();
	in_child(do_nothing, memory);
	memory[0] = 1;
	want_next_is_mine();
	/* The process's page table has lost these pages, but the file has not. */
	want(madvise(shared, SIZE, MADV_DONTNEED), 0);
	want_next_is_mine();
	/* A part of the area goes, but none that is mapped. */
	want(munmap(anon(SIZE), SIZE), 0);
	want_next_is_mine();
	/* Pinned, but mapped nowhere. */
	want(munmap(pinned, SIZE), 0);
	want_next_is_mine();
	/* All are still what the process has. */
	want(query_process(fd).mapped, 2 * SIZE);
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT + 2 * GIB), 0);
	want(pin_at(fd, ioas, AT + 2 * GIB), pin_at(fd, ioas, AT));
	want(map_at(fd, ioas, shared, SIZE, READ_WRITE, AT + 3 * GIB), 0);
	want(pin_at(fd, ioas, AT + 3 * GIB), pin_at(fd, ioas, AT + GIB));
}

/* Somebody looks at what is suspected: that keeps nothing pinned which a call has given back. */
EVENT_TEST(looking_keeps_nothing)
{
	char *memory = anon(256 * PAGE);
	uint64_t n = runs(1000, 200), i, iova;

	for (i = 0; i < n; i++) {
		context("round %llu", (unsigned long long)i);
		iova = make_map(fd, ioas, memory, 256 * PAGE);
		want(mprotect(memory, 256 * PAGE, PROT_READ), 0);
		want(mprotect(memory, 256 * PAGE, PROT_READ | PROT_WRITE), 0);
		if (i % 2)
			sched_yield();
		want(unmap(fd, ioas, iova, 256 * PAGE, NULL), 0);
		want(vm_pin(), 0);
		want(query_process(fd).pinned, 0);
		want(query_process(fd).charged, 0);
	}
	want_quiet(fd);
}

EVENT_TEST(stale_goes_to_the_file_that_maps_it)
{
	char *memory = anon(SIZE);
	uint32_t other = make_ioas(other_fd);
	int third = device_open();
	struct ioasid_event mine, others;
	uint64_t pin;

	want(fcntl(third, F_SETFL, O_NONBLOCK), 0);
	make_pin(third, memory, SIZE);
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT), 0);
	want(map_at(other_fd, other, memory + PAGE, PAGE, READ_WRITE, AT), 0);
	pin = pin_at(fd, ioas, AT);
	want(munmap(memory, SIZE), 0);
	mine = next_event(fd);
	others = next_event(other_fd);
	want_that(want_stale(&mine, AT, SIZE, memory, pin) !=
		  want_stale(&others, AT, PAGE, memory + PAGE, pin));
	want_quiet(fd);
	want_quiet(other_fd);
	want_quiet(third);
	want(close(third), 0);
}

/* Refusals. */

static int refused_pin(int file, void *va, uint64_t length, struct ioasid_error *error)
{
	struct ioasid_pin pin = {
		.size = sizeof(pin),
		.va = ADDRESS(va),
		.length = length,
		.error = ADDRESS(error),
	};

	*error = (struct ioasid_error)ERROR_INIT;
	return call(file, IOASID_PIN, &pin);
}

static void want_refusal(int file, const struct ioasid_error *error)
{
	struct ioasid_event event = next_event(file);

	want(event.kind, IOASID_EVENT_REFUSAL);
	want(event.code, error->code);
	want(event.stage, error->stage);
	want(event.asked, error->asked);
	want(event.used, error->used);
	want(event.limit, error->limit);
	want(memcmp(event.policy, error->policy, sizeof(event.policy)), 0);
	want(event.tgid, getpid());
	want(event.ioas, 0);
	want(event.iova, 0);
	want(event.length, 0);
	want(event.va, 0);
	want(event.pin, 0);
}

static void be_refused(void *arg)
{
	struct ioasid_error limit, place = ERROR_INIT, none;
	struct ioasid_map map = {
		.flags = READ_WRITE | IOASID_MAP_FIXED,
		.ioas_id = ioas,
		.iova = AT,
		.error = ADDRESS(&place),
	};
	struct ioasid_pin pin;
	char *memory = anon(SIZE);

	(void)arg;
	become_user(USER_A, 2 * PAGE);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT), 0);
	want_quiet(fd);
	want(refused_pin(fd, memory, 3 * PAGE, &limit), -ENOMEM);
	want(limit.asked, 2 * PAGE);
	want(limit.used, PAGE);
	want_refusal(fd, &limit);
	want_quiet(fd);
	/* With or without a structure for the error; each is told by itself, in order. */
	want(pin_call(fd, memory, 3 * PAGE, 0, &pin), -ENOMEM);
	map.va = ADDRESS(memory);
	map.length = PAGE;
	want(map_call(fd, &map), -EEXIST);
	want(refused_pin(fd, NULL, PAGE, &none), -EFAULT);
	want_refusal(fd, &limit);
	want_refusal(fd, &place);
	want_refusal(fd, &none);
	want_quiet(fd);
	/* What works is no event, and others hear of nothing. */
	want(pin_call(fd, memory, 2 * PAGE, 0, &pin), 0);
	want_quiet(fd);
	want_quiet(other_fd);
}

EVENT_TEST(refusal_tells_what_the_error_tells)
{
	in_child(be_refused, NULL);
	want_quiet(other_fd);
}

/* One event and its place in a sequence: refused pages. */
static void refuse(unsigned int pages)
{
	static char *memory;
	struct ioasid_error error;

	if (!memory)
		memory = anon(1000 * PAGE);
	want(refused_pin(fd, memory, pages * PAGE, &error), -ENOMEM);
}

static void read_in_many_ways(void *arg)
{
	struct ioasid_event events[5];
	char *page;

	(void)arg;
	become_user(USER_A, 0);
	refuse(1);
	refuse(2);
	refuse(3);
	refuse(4);
	/* No room for one: nothing is lost by trying. */
	want(read(fd, events, sizeof(events[0]) - 1), -1);
	want(errno, EINVAL);
	want(read(fd, events, 1), -1);
	want(errno, EINVAL);
	page = reserve(PAGE, PAGE);
	want(read(fd, page, PAGE), -1);
	want(errno, EFAULT);
	/* Two and a half. */
	want(read(fd, events, 2 * sizeof(events[0]) + sizeof(events[0]) / 2),
	     2 * sizeof(events[0]));
	want(events[0].asked, PAGE);
	want(events[1].asked, 2 * PAGE);
	want_that(events[0].time_ns <= events[1].time_ns);
	/* What there is, though there is room for more. */
	want(read(fd, events, sizeof(events)), 2 * sizeof(events[0]));
	want(events[0].asked, 3 * PAGE);
	want(events[1].asked, 4 * PAGE);
	want_quiet(fd);
}

EVENT_TEST(many_are_read_at_a_time)
{
	in_child(read_in_many_ways, NULL);
}

#define FLOOD 3000

static void flood(void *arg)
{
	struct ioasid_event event;
	unsigned int kept = 0, i;

	(void)arg;
	become_user(USER_A, 0);
	for (i = 0; i < FLOOD; i++)
		refuse(i % 1000 + 1);
	while (read(fd, &event, sizeof(event)) == sizeof(event)) {
		want(event.lost, 0);
		want(event.asked, (kept % 1000 + 1) * PAGE);
		kept++;
	}
	want(errno, EAGAIN);
	want_that(kept > 0 && kept < FLOOD);
	refuse(7);
	refuse(8);
	want(read(fd, &event, sizeof(event)), sizeof(event));
	want(event.lost, FLOOD - kept);
	want(event.asked, 7 * PAGE);
	want(next_event(fd).asked, 8 * PAGE);
	want_quiet(fd);
}

EVENT_TEST(lost_ones_are_counted)
{
	in_child(flood, NULL);
}

static struct gate reading;

static void wait_for_one(void *arg)
{
	struct ioasid_event event;

	(void)arg;
	gate_open(&reading);
	want(read(fd, &event, sizeof(event)), sizeof(event));
	want(event.kind, IOASID_EVENT_REFUSAL);
	want(event.code, EFAULT);
	want(event.stage, IOASID_STAGE_PIN);
	want(event.tgid, getppid());
}

EVENT_TEST(read_waits_for_one)
{
	struct ioasid_error error;
	pid_t child;

	reading = gate_make();
	want(fcntl(fd, F_SETFL, 0), 0);
	child = child_start(wait_for_one, NULL);
	gate_wait(&reading);
	usleep(100000);
	want(refused_pin(fd, NULL, PAGE, &error), -EFAULT);
	child_end(child);
	want(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	want_quiet(fd);
}

/* A policy that answers nonsense, loaded by the tool; it is ejected when it is asked first. */
static bool load_policy(const char *object)
{
	char self[512], command[1200];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *end;

	want_that(length > 0);
	self[length] = 0;
	end = strstr(self, "/tests/kernel/");
	if (!end)
		return false;
	*end = 0;
	snprintf(command, sizeof(command), "%s/tools/ioasidctl policy load %s/bpf/%s >/dev/null",
		 self, self, object);
	return system(command) == 0;
}

EVENT_TEST(ejection_is_told)
{
	struct ioasid_event event;

	if (!load_policy("bad/place_errno.bpf.o"))
		cr_skip_test("no policy can be loaded");
	make_map(fd, ioas, anon(PAGE), PAGE);
	event = next_event(fd);
	want(event.kind, IOASID_EVENT_EJECTION);
	want(strncmp(event.policy, "place_errno", sizeof(event.policy)), 0);
	want_that(event.code != 0);
	want(event.ioas, 0);
	want(event.asked, 0);
	want_quiet(fd);
	make_map(fd, ioas, anon(PAGE), PAGE);
	want_quiet(fd);
}
