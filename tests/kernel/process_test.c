// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that share a file: whose memory a call means, whose pins these are, and what stays when
 * one of them calls exec() or goes.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"
#include "random.h"
#include "user.h"

#define AT 0x10000000ULL
#define SIZE (8 * PAGE)

enum { BY_PARENT = 1, BY_CHILD, BY_DEVICE };

static int fd;
static uint32_t ioas;
static int64_t pinned_before;
static char *memory;

static void open_one(void)
{
	want_nothing_left();
	pinned_before = system_pinned();
	fd = device_open();
	ioas = make_ioas(fd);
	memory = anon(SIZE);
}

static void close_one(void)
{
	want(close(fd), 0);
	want(vm_pin(), 0);
	want(system_pinned(), pinned_before);
	want_nothing_left();
}

#define PROCESS_TEST(name) TEST_BETWEEN(open_one, close_one, process, name)

static void fill_iova(uint64_t iova, uint64_t from)
{
	char copy[SIZE];

	fill(copy, SIZE, from);
	want(access_write(fd, ioas, iova, copy, SIZE, NULL), 0);
}

/* The mapping can be read and written, whoever's memory it was. */
static void want_usable(uint64_t iova, uint64_t contents)
{
	want_iova_filled(fd, ioas, iova, SIZE, contents, 0);
	fill_iova(iova, BY_DEVICE);
	want_iova_filled(fd, ioas, iova, SIZE, BY_DEVICE, 0);
}

/* Ids are the file's, so the child may use the parent's; the memory stays the parent's. */
static uint32_t parents_pin;

static void uses_the_parents_pin(void *arg)
{
	(void)arg;
	fill(memory, SIZE, BY_CHILD);
	want(map_pin_at(fd, ioas, parents_pin, 0, SIZE, READ_WRITE, AT), 0);
	want_pinned(fd, 0, 0);
	want_iova_filled(fd, ioas, AT, SIZE, BY_PARENT, 0);
	fill_iova(AT, BY_DEVICE);
	want_filled(memory, SIZE, BY_CHILD, 0);
}

static void gives_the_parents_pin_back(void *arg)
{
	(void)arg;
	want(unmap(fd, ioas, AT, SIZE, NULL), 0);
	want(unpin(fd, parents_pin, 0), 0);
}

PROCESS_TEST(ids_of_the_parent_work_in_the_child)
{
	fill(memory, SIZE, BY_PARENT);
	parents_pin = make_pin(fd, memory, SIZE);
	in_child(uses_the_parents_pin, NULL);
	want_filled(memory, SIZE, BY_DEVICE, 0);
	want_pinned(fd, 1, SIZE);
	want(query_process(fd).mapped, SIZE);
	want(audit().domains, 1);
	in_child(gives_the_parents_pin_back, NULL);
	want_pinned(fd, 0, 0);
	want_nothing_left();
}

/* The same pages, but not the same memory: each process has a pin and a charge for them. */
static void maps_its_own(void *arg)
{
	(void)arg;
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT + MIB), 0);
	want_pinned(fd, 1, SIZE);
}

PROCESS_TEST(shared_memory_is_pinned_by_each_process)
{
	int memory_fd;

	memory = memfd(SIZE, &memory_fd);
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT), 0);
	in_child(maps_its_own, NULL);
	want_pinned(fd, 1, SIZE);
	want(audit().domains, 2);
	want(audit().pinned, 2 * SIZE);
	want(audit().charged, 2 * SIZE);
	want(query_process(fd).shared, 0);
	fill(memory, SIZE, BY_PARENT);
	want_iova_filled(fd, ioas, AT + MIB, SIZE, BY_PARENT, 0);
	fill_iova(AT + MIB, BY_DEVICE);
	want_filled(memory, SIZE, BY_DEVICE, 0);
	close(memory_fd);
}

/* The other way round: a process with the same memory has the same pins. */
static int maps_as_a_thread_would(void *arg)
{
	(void)arg;
	return map_at(fd, ioas, memory, SIZE, READ_WRITE, AT) ? 1 : 0;
}

PROCESS_TEST(one_memory_of_two_processes_has_one_pin)
{
	char *stack = anon(16 * PAGE);
	struct ioasid_pin pin;
	pid_t pid;

	fill(memory, SIZE, BY_PARENT);
	pid = clone(maps_as_a_thread_would, stack + 16 * PAGE, CLONE_VM | CLONE_VFORK | SIGCHLD,
		    NULL);
	want_that(pid > 0);
	child_end(pid);
	want_pinned(fd, 1, SIZE);
	want(query_process(fd).stale, 0);
	want(pin_call(fd, memory, SIZE, IOASID_PIN_WRITE, &pin), 0);
	want(pin.out_new, 0);
	fill(memory, SIZE, BY_CHILD);
	want_iova_filled(fd, ioas, AT, SIZE, BY_CHILD, 0);
}

/*
 * Many processes with the same addresses one after the other, each of which leaves a mapping: none
 * is taken for another, and their parent for none of them.
 */
#define PROCESSES 16

static void leaves_a_mapping(void *arg)
{
	uint64_t n = *(uint64_t *)arg;

	want_pinned(fd, 0, 0);
	fill(memory, SIZE, 100 + n);
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT + n * MIB), 0);
	want_pinned(fd, 1, SIZE);
	want(query_process(fd).stale, 0);
}

PROCESS_TEST(many_that_went_are_kept_apart)
{
	uint64_t n;

	for (n = 1; n <= PROCESSES; n++) {
		in_child(leaves_a_mapping, &n);
		want(audit().domains, n);
		want(audit().charged, n * SIZE);
	}
	fill(memory, SIZE, BY_PARENT);
	want_pinned(fd, 0, 0);
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT), 0);
	want_pinned(fd, 1, SIZE);
	want(query_process(fd).shared, 0);
	for (n = 1; n <= PROCESSES; n++)
		want_usable(AT + n * MIB, 100 + n);
	want_filled(memory, SIZE, BY_PARENT, 0);
	for (n = 1; n <= PROCESSES; n++) {
		want(unmap(fd, ioas, AT + n * MIB, SIZE, NULL), 0);
		want(audit().domains, 1 + PROCESSES - n);
	}
	want_pinned(fd, 1, SIZE);
}

/* exec(). */

static uint64_t physical_of(int file, uint32_t id, uint64_t iova)
{
	struct ioasid_translate where;

	want(translate(file, id, iova, IOASID_TRANSLATE_PHYS, &where), 0);
	return where.out_phys;
}

/* Everything that was made before: the space, its mapping, its table and the pin. */
AFTER_EXEC(after_exec_uses_all)
{
	uint32_t pin = b >> 32, table = b;

	fd = kept;
	ioas = a;
	want_pinned(fd, 0, 0);
	want(vm_pin(), 0);
	want(physical_of(fd, table, AT), c);
	want_usable(AT, BY_CHILD);
	want(map_pin_at(fd, ioas, pin, 0, SIZE, READ_WRITE, AT + MIB), 0);
	want_usable(AT + MIB, BY_DEVICE);
	want(physical_of(fd, table, AT + MIB), c);
	want(unpin(fd, pin, 0), -EBUSY);
	want(unpin(fd, pin, IOASID_UNPIN_DEFER), 0);
	want(unmap(fd, ioas, AT, SIZE, NULL), 0);
	want_usable(AT + MIB, BY_DEVICE);
	want(audit().charged, SIZE);
	want(unmap(fd, ioas, AT + MIB, SIZE, NULL), 0);
	want_nothing_left();
}

static void maps_and_execs(void *arg)
{
	int own = device_open();
	uint32_t space = make_ioas(own), table = make_table(own, space);
	uint32_t pin = make_pin(own, memory, SIZE);

	(void)arg;
	fill(memory, SIZE, BY_CHILD);
	want(map_pin_at(own, space, pin, 0, SIZE, READ_WRITE, AT), 0);
	want(fcntl(own, F_SETFD, 0), 0);
	exec_into("after_exec_uses_all", own, space, (uint64_t)pin << 32 | table,
		  physical_of(own, space, AT));
}

PROCESS_TEST(a_file_that_exec_keeps_is_all_there)
{
	in_child(maps_and_execs, NULL);
}

AFTER_EXEC(after_exec_nothing_is_left)
{
	(void)kept;
	(void)a;
	(void)b;
	(void)c;
	want_nothing_left();
}

static void maps_and_execs_without(void *arg)
{
	int own = device_open(), out = dup(1);

	(void)arg;
	want(map_at(own, make_ioas(own), memory, SIZE, READ_WRITE, AT), 0);
	make_pin(own, memory, SIZE);
	want_pinned(own, 1, SIZE);
	exec_into("after_exec_nothing_is_left", out, 0, 0, 0);
}

PROCESS_TEST(a_file_that_exec_closes_is_gone)
{
	in_child(maps_and_execs_without, NULL);
}

/* The file is the parent's too. */
static struct gate has_execed, may_go;

AFTER_EXEC(after_exec_waits)
{
	(void)kept;
	has_execed.fds[1] = a;
	may_go.fds[0] = b;
	(void)c;
	gate_open(&has_execed);
	gate_wait(&may_go);
}

static void maps_and_execs_leaving_it(void *arg)
{
	(void)arg;
	fill(memory, SIZE, BY_CHILD);
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT), 0);
	make_pin(fd, memory, SIZE);
	close(may_go.fds[1]); /* if the parent fails, this ends too */
	exec_into("after_exec_waits", dup(1), has_execed.fds[1], may_go.fds[0], 0);
}

PROCESS_TEST(what_exec_leaves_to_another_stays)
{
	pid_t child;

	has_execed = gate_make();
	may_go = gate_make();
	child = child_start(maps_and_execs_leaving_it, NULL);
	gate_wait(&has_execed);
	want(audit().domains, 1);
	want(audit().charged, SIZE);
	want_usable(AT, BY_CHILD);
	gate_open(&may_go);
	child_end(child);
	want_usable(AT, BY_DEVICE);
	want(query_file(fd).pins, 1);
	want(audit().pinned, SIZE);
}

/* exit(). */

static void maps_as_another_user(void *arg)
{
	uint32_t *pin = arg;

	become_user(USER_A, SIZE);
	fill(memory, SIZE, BY_CHILD);
	*pin = make_pin(fd, memory, SIZE);
	want(map_pin_at(fd, ioas, *pin, 0, SIZE, READ_WRITE, AT), 0);
}

static void maps_and_is_killed(void *arg)
{
	maps_as_another_user(arg);
	raise(SIGKILL);
}

/* All that can be done with what it left. */
static void want_left(uint32_t pin)
{
	uint32_t table = make_table(fd, ioas);

	want_pinned(fd, 0, 0);
	want_usable(AT, BY_CHILD);
	want(physical_of(fd, table, AT), physical_of(fd, ioas, AT));
	want(map_pin_at(fd, ioas, pin, PAGE, SIZE - PAGE, READ_WRITE, AT + MIB), 0);
	want_iova_filled(fd, ioas, AT + MIB, SIZE - PAGE, BY_DEVICE, PAGE);
	want(physical_of(fd, table, AT + MIB), physical_of(fd, ioas, AT + PAGE));
	/* The same address here is other memory. */
	fill(memory, SIZE, BY_PARENT);
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT + 2 * MIB), 0);
	want_pinned(fd, 1, SIZE);
	want_iova_filled(fd, ioas, AT + 2 * MIB, SIZE, BY_PARENT, 0);
	want_iova_filled(fd, ioas, AT, SIZE, BY_DEVICE, 0);
	want(audit().domains, 2);
	want(audit().charged, 2 * SIZE);
	want(user_locked(USER_A), SIZE);
	want(unpin(fd, pin, IOASID_UNPIN_DEFER), 0);
	want(unmap(fd, ioas, AT, SIZE, NULL), 0);
	want(user_locked(USER_A), SIZE);
	want(unmap(fd, ioas, AT + MIB, SIZE, NULL), 0);
	want(user_locked(USER_A), 0);
	want(audit().charged, SIZE);
	want(destroy(fd, table), 0);
}

static void want_left_by(void (*fn)(void *arg), int sig)
{
	uint32_t *pin = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int status;

	want_that(pin != MAP_FAILED);
	pid = child_start(fn, pin);
	want(waitpid(pid, &status, 0), pid);
	want(WIFSIGNALED(status) ? WTERMSIG(status) : 0, sig);
	want(WIFEXITED(status) ? WEXITSTATUS(status) : 0, 0);
	want_left(*pin);
	want(munmap(pin, PAGE), 0);
}

PROCESS_TEST(what_exit_leaves_to_another_stays)
{
	want_left_by(maps_as_another_user, 0);
}

PROCESS_TEST(what_a_killed_one_leaves_to_another_stays)
{
	want_left_by(maps_and_is_killed, SIGKILL);
}

/* A file that was sent: the receiver's memory is meant, the sender's stays mapped. */

static void send_file(int to, int file)
{
	char control[CMSG_SPACE(sizeof(int))] = "", byte = 0;
	struct iovec vector = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &file, sizeof(int));
	want(sendmsg(to, &message, 0), 1);
}

static int receive_file(int from)
{
	char control[CMSG_SPACE(sizeof(int))] = "", byte;
	struct iovec vector = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int file;

	want(recvmsg(from, &message, MSG_CMSG_CLOEXEC), 1);
	want_that(CMSG_FIRSTHDR(&message));
	memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return file;
}

static void maps_sends_and_goes(void *arg)
{
	int own = device_open();

	ioas = make_ioas(own);
	fill(memory, SIZE, BY_CHILD);
	want(map_at(own, ioas, memory, SIZE, READ_WRITE, AT), 0);
	send_file(*(int *)arg, own);
	want(write(*(int *)arg, &ioas, sizeof(ioas)), sizeof(ioas));
}

PROCESS_TEST(a_file_that_was_sent_acts_on_the_receivers_memory)
{
	int sockets[2];

	want(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	want(close(fd), 0);
	in_child(maps_sends_and_goes, &sockets[1]);
	want(audit().mapped, SIZE); /* on its way, it is open */
	fd = receive_file(sockets[0]);
	want(read(sockets[0], &ioas, sizeof(ioas)), sizeof(ioas));
	want_usable(AT, BY_CHILD);
	want_pinned(fd, 0, 0);
	fill(memory, SIZE, BY_PARENT);
	want(map_at(fd, ioas, memory, SIZE, READ_WRITE, AT + MIB), 0);
	want_pinned(fd, 1, SIZE);
	want_usable(AT + MIB, BY_PARENT);
	want_filled(memory, SIZE, BY_DEVICE, 0);
	want(audit().domains, 2);
	close(sockets[0]);
	close(sockets[1]);
}

static volatile unsigned int ticks;

static void tick(int number)
{
	(void)number;
	ticks++;
}

/* The first call of a process that signals rain on, which all have a handler. */
static void map_in_the_rain(void *arg)
{
	const struct itimerval often = { { 0, 50 }, { 0, 50 } }, never = {};
	struct ioasid_batch_entry entry = { .flags = READ_ONLY, .length = SIZE };
	struct ioasid_map_batch batch = {
		.size = sizeof(batch),
		.ioas_id = ioas,
		.count = 1,
		.entries = ADDRESS(&entry),
	};
	struct sigaction action = { .sa_handler = tick };
	unsigned int seen;
	uint64_t iova;

	entry.va = ADDRESS(memory);
	want(sigaction(SIGALRM, &action, NULL), 0);
	want(setitimer(ITIMER_REAL, &often, NULL), 0);
	for (seen = ticks; seen == ticks;)
		;
	if (arg)
		want(call(fd, IOASID_MAP_BATCH, &batch), 0);
	else
		want(map_any(fd, ioas, memory, SIZE, READ_WRITE, &iova), 0);
	want(setitimer(ITIMER_REAL, &never, NULL), 0);
	want(entry.out_code, 0);
	want(unmap(fd, ioas, arg ? entry.iova : iova, SIZE, NULL), 0);
}

PROCESS_TEST(a_signal_that_kills_nobody_disturbs_no_call)
{
	uint64_t i, times = runs(100, 10);

	for (i = 0; i < times; i++)
		in_child(map_in_the_rain, i % 2 ? memory : NULL);
}
