// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accounting: RLIMIT_MEMLOCK to the page, per user, charged once, given back by every path.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"
#include "user.h"

#define AT 0x10000000ULL
#define NO_LIMIT (~0ULL)

static int fd, other_fd;
static uint32_t ioas;
static uint64_t root_locked, file_pins;

static void open_one(void)
{
	fd = device_open();
	ioas = make_ioas(fd);
	root_locked = user_locked(0);
	want(user_locked(USER_A), 0);
	want(user_locked(USER_B), 0);
}

static void close_one(void)
{
	want(user_locked(0), root_locked);
	want(user_locked(USER_A), 0);
	want(user_locked(USER_B), 0);
	want(close(fd), 0);
	want_nothing_left();
}

#define ACCOUNT_TEST(name) TEST_BETWEEN(open_one, close_one, account, name)

/* A test runs its body as another user, in a child; what it makes goes with the child. */
#define TEST_AS_USER(name, uid, limit)        \
	static void name##_body(void);        \
	static void name##_child(void *arg)   \
	{                                     \
		(void)arg;                    \
		want(close(fd), 0);           \
		fd = device_open();           \
		other_fd = device_open();     \
		ioas = make_ioas(fd);         \
		become_user(uid, limit);      \
		name##_body();                \
	}                                     \
	ACCOUNT_TEST(name)                    \
	{                                     \
		in_child(name##_child, NULL); \
	}                                     \
	static void name##_body(void)

/* Nothing has been pinned or charged since. What has become stale may be found out at any time. */
static void want_kept(const struct ioasid_query *before)
{
	struct ioasid_query now = query_process(fd);

	want(now.pins, before->pins);
	want(now.pinned, before->pinned);
	want(now.charged, before->charged);
	want(now.limit, before->limit);
	want(now.mappings, before->mappings);
	want(now.mapped, before->mapped);
	want(now.metadata, before->metadata);
	want(vm_pin(), before->charged);
}

/* A refusal by the limit, in pages, and every field of it. */
static void want_refused(void *memory, uint64_t pages, uint64_t asked, uint64_t used,
			 uint64_t limit)
{
	struct ioasid_error error;
	struct ioasid_query before = query_process(fd);
	struct ioasid_pin pin = {
		.size = sizeof(pin),
		.flags = IOASID_PIN_WRITE,
		.va = ADDRESS(memory),
		.length = pages * PAGE,
		.error = ADDRESS(&error),
	};
	struct ioasid_map map = {
		.flags = READ_WRITE,
		.ioas_id = ioas,
		.va = ADDRESS(memory),
		.length = pages * PAGE,
		.error = ADDRESS(&error),
	};
	int i;

	for (i = 0; i < 2; i++) {
		memset(&error, 0xff, sizeof(error));
		error.size = sizeof(error);
		want(i ? map_call(fd, &map) : call(fd, IOASID_PIN, &pin), -ENOMEM);
		want(error.size, sizeof(error));
		want(error.stage, IOASID_STAGE_CHARGE);
		want(error.code, ENOMEM);
		want(error.reason, 0);
		want(error.asked, asked * PAGE);
		want(error.used, used * PAGE);
		want(error.limit, limit * PAGE);
		want(error.addr, 0);
		want(memcmp(error.policy, "builtin\0\0\0\0\0\0\0\0", IOASID_NAME_LEN), 0);
		want_kept(&before);
	}
}

/* What the user has pinned, as a refusal tells it. */
static uint64_t user_used(void)
{
	struct ioasid_error error = ERROR_INIT;
	struct ioasid_pin pin = {
		.size = sizeof(pin),
		.flags = IOASID_PIN_DRY_RUN,
		.length = GIB,
		.error = ADDRESS(&error),
	};

	want(call(fd, IOASID_PIN, &pin), -ENOMEM);
	return error.used;
}

TEST_AS_USER(the_limit_is_exact, USER_A, 8 * PAGE)
{
	char *memory = anon(10 * PAGE);
	uint32_t id;

	want(query_process(fd).limit, 8 * PAGE);
	want_refused(memory, 9, 9, 0, 8);
	id = make_pin(fd, memory, 8 * PAGE);
	want_pinned(fd, 1, 8 * PAGE);
	want_refused(memory + 8 * PAGE, 1, 1, 8, 8);
	want(unpin(fd, id, 0), 0);
	make_pin(fd, memory, 7 * PAGE);
	want_refused(memory + 7 * PAGE, 2, 2, 7, 8);
	make_pin(fd, memory + 7 * PAGE, PAGE);
	want_refused(memory + 8 * PAGE, 1, 1, 8, 8);
	/* What is pinned already needs no room. */
	make_map(fd, ioas, memory, 8 * PAGE);
	make_pin(fd, memory + PAGE, 7 * PAGE);
	want_pinned(fd, 2, 8 * PAGE);
}

TEST_AS_USER(only_the_gaps_count_against_the_limit, USER_A, 8 * PAGE)
{
	char *memory = anon(10 * PAGE);
	struct ioasid_pin pin;

	make_pin(fd, memory, 6 * PAGE);
	want_refused(memory, 9, 3, 6, 8);
	want(pin_call(fd, memory, 8 * PAGE, IOASID_PIN_WRITE, &pin), 0);
	want(pin.out_new, 2 * PAGE);
}

TEST_AS_USER(a_limit_of_nothing_permits_nothing, USER_A, 0)
{
	want_refused(anon(PAGE), 1, 1, 0, 0);
	want(query_process(fd).limit, 0);
	/* Less than a page is nothing, too. */
	set_limit(PAGE - 1);
	want_refused(anon(PAGE), 1, 1, 0, 0);
}

TEST_AS_USER(a_new_limit_holds_from_the_next_call_on, USER_A, 8 * PAGE)
{
	char *memory = anon(8 * PAGE);
	uint32_t id = make_pin(fd, memory, 6 * PAGE);

	set_limit(4 * PAGE);
	want(query_process(fd).limit, 4 * PAGE);
	want_pinned(fd, 1, 6 * PAGE);
	want_refused(memory + 6 * PAGE, 1, 1, 6, 4);
	want(unpin(fd, id, 0), 0);
	make_pin(fd, memory, 4 * PAGE);
}

TEST_AS_USER(refused_half_way_gives_the_charge_back, USER_A, 8 * PAGE)
{
	char *memory = anon(8 * PAGE);
	struct ioasid_pin pin;
	int i;

	want(munmap(memory + 4 * PAGE, 4 * PAGE), 0);
	for (i = 0; i < 5; i++)
		want(pin_call(fd, memory, 8 * PAGE, IOASID_PIN_WRITE, &pin), -EFAULT);
	want(map_at(fd, ioas, memory, 8 * PAGE, READ_WRITE, AT), -EFAULT);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, memory + PAGE, PAGE, READ_WRITE, AT), -EEXIST);
	want_pinned(fd, 1, PAGE);
	make_pin(fd, anon(7 * PAGE), 7 * PAGE);
	want_pinned(fd, 2, 8 * PAGE);
}

TEST_AS_USER(is_charged_once_whatever_the_number_of_spaces, USER_A, 8 * PAGE)
{
	char *memory = anon(8 * PAGE);
	int i;

	for (i = 0; i < 4; i++) {
		make_map(fd, make_ioas(fd), memory, 8 * PAGE);
		want_pinned(fd, 1, 8 * PAGE);
		make_map(other_fd, make_ioas(other_fd), memory, 8 * PAGE);
		want_pinned(other_fd, 1, 8 * PAGE);
	}
	want(query_process(fd).mapped, 8 * 8 * PAGE);
	want_refused(anon(PAGE), 1, 1, 8, 8);
}

TEST_AS_USER(what_has_become_stale_is_still_charged, USER_A, 8 * PAGE)
{
	char *memory = anon(8 * PAGE);

	want(map_at(fd, ioas, memory, 8 * PAGE, READ_WRITE, AT), 0);
	want(madvise(memory, 8 * PAGE, MADV_DONTNEED), 0);
	want_refused(anon(PAGE), 1, 1, 8, 8);
	want(map_at(fd, ioas, memory, 8 * PAGE, READ_WRITE, AT + MIB), -ENOMEM);
	want(unmap(fd, ioas, AT, 8 * PAGE, NULL), 0);
	want(map_at(fd, ioas, memory, 8 * PAGE, READ_WRITE, AT + MIB), 0);
	want_pinned(fd, 1, 8 * PAGE);
}

TEST_AS_USER(huge_pages_count_whole, USER_A, HUGE_2M)
{
	char *memory = thp(2 * HUGE_2M);

	make_pin(fd, memory, HUGE_2M);
	want_refused(memory + HUGE_2M, 1, 1, 512, 512);
}

/* A dry run, in pages: what it would take, and whether it would be refused; it changes nothing. */
static void want_dry_run(void *memory, uint64_t pages, uint64_t new, uint64_t used, uint64_t limit)
{
	struct ioasid_error error = { .size = sizeof(error), .code = 77 };
	struct ioasid_query before = query_process(fd);
	bool fits = used + new <= limit || !new;
	struct ioasid_pin pin = {
		.size = sizeof(pin),
		.flags = IOASID_PIN_WRITE | IOASID_PIN_DRY_RUN,
		.va = ADDRESS(memory),
		.length = pages * PAGE,
		.out_id = ~0u,
		.out_new = ~0ULL,
		.error = ADDRESS(&error),
	};

	want(call(fd, IOASID_PIN, &pin), fits ? 0 : -ENOMEM);
	want_kept(&before);
	want(query_file(fd).pins, file_pins);
	if (fits) {
		want(pin.out_id, 0);
		want(pin.out_new, new *PAGE);
		want(error.code, 77);
		return;
	}
	want(error.code, ENOMEM);
	want(error.stage, IOASID_STAGE_CHARGE);
	want(error.asked, new *PAGE);
	want(error.used, used * PAGE);
	want(error.limit, limit * PAGE);
}

TEST_AS_USER(a_dry_run_tells_what_it_would_take, USER_A, 8 * PAGE)
{
	char *memory = anon(16 * PAGE);

	want_dry_run(memory, 8, 8, 0, 8);
	want_dry_run(memory, 9, 9, 0, 8);
	make_pin(fd, memory + 2 * PAGE, 3 * PAGE);
	make_pin(fd, memory + 7 * PAGE, PAGE);
	file_pins = 2;
	want_dry_run(memory, 8, 4, 4, 8);
	want_dry_run(memory, 9, 5, 4, 8);
	want_dry_run(memory + 3 * PAGE, 2, 0, 4, 8);
	want_dry_run(memory + 8 * PAGE, 4, 4, 4, 8);
	want_dry_run(memory + 4 * PAGE, 4, 2, 4, 8);
	/* What is mapped and nothing else is pinned, too. */
	want(map_at(fd, ioas, memory + 5 * PAGE, 2 * PAGE, READ_WRITE, AT), 0);
	want_dry_run(memory, 8, 2, 6, 8);
	want_dry_run(memory, 9, 3, 6, 8);
	set_limit(0);
	want_dry_run(memory, 1, 1, 6, 0);
	want_dry_run(memory + 2 * PAGE, 6, 0, 6, 0);
	set_limit(8 * PAGE);
	/* It does not look whether there is memory at all. */
	want(munmap(memory + 8 * PAGE, 8 * PAGE), 0);
	want_dry_run(memory + 8 * PAGE, 2, 2, 6, 8);
	want_dry_run(memory + 8 * PAGE, 3, 3, 6, 8);
	want_dry_run(NULL, 2, 2, 6, 8);
}

/* One page is charged once, also when it has to be pinned again for a writer. */
TEST_AS_USER(a_writer_of_the_same_pages_is_not_charged_again, USER_A, 8 * PAGE)
{
	char *memory = anon(9 * PAGE);
	struct ioasid_pin reader;
	uint32_t writer;
	int i;

	for (i = 0; i < 2; i++) {
		context("the %s goes first", i ? "writer" : "reader");
		want(pin_call(fd, memory, 8 * PAGE, 0, &reader), 0);
		writer = make_pin(fd, memory, 8 * PAGE);
		want(query_process(fd).charged, 8 * PAGE);
		want(vm_pin(), 8 * PAGE);
		want(user_used(), 8 * PAGE);
		want(unpin(fd, i ? writer : reader.out_id, 0), 0);
		want(query_process(fd).charged, 8 * PAGE);
		want(vm_pin(), 8 * PAGE);
		want(user_used(), 8 * PAGE);
		want(unpin(fd, i ? reader.out_id : writer, 0), 0);
		want_pinned(fd, 0, 0);
		want(user_used(), 0);
	}
}

/* The capability lifts the limit, not the counting. */
ACCOUNT_TEST(there_is_no_limit_with_cap_ipc_lock)
{
	char *memory = anon(64 * PAGE);

	set_limit(0);
	want(query_process(fd).limit, NO_LIMIT);
	make_pin(fd, memory, 64 * PAGE);
	want_pinned(fd, 1, 64 * PAGE);
	want(user_locked(0), root_locked);
}

static void root_without_the_capability(void *arg)
{
	char *memory = anon(10 * PAGE);

	(void)arg;
	drop_ipc_lock();
	set_limit(root_locked + 8 * PAGE);
	make_pin(fd, memory, 8 * PAGE);
	want_refused(memory + 8 * PAGE, 1, 1, root_locked / PAGE + 8, root_locked / PAGE + 8);
	want(user_locked(0), root_locked + 8 * PAGE);
}

ACCOUNT_TEST(root_without_the_capability_is_limited)
{
	in_child(root_without_the_capability, NULL);
	/* The handle is the file's and keeps the charge after its process has gone. */
	want(user_locked(0), root_locked + 8 * PAGE);
	want(close(fd), 0);
	want(user_locked(0), root_locked);
	fd = device_open();
}

/* Two processes of one user share the limit; another user has his own. */
static struct gate first_has_pinned, second_is_done;

static void first_process(void *arg)
{
	int own = device_open();

	(void)arg;
	become_user(USER_A, 10 * PAGE);
	make_pin(own, anon(6 * PAGE), 6 * PAGE);
	gate_open(&first_has_pinned);
	gate_wait(&second_is_done);
}

static void second_process(void *arg)
{
	char *memory = anon(10 * PAGE);

	(void)arg;
	become_user(USER_A, 10 * PAGE);
	want_refused(memory, 5, 5, 6, 10);
	make_pin(fd, memory, 4 * PAGE);
	want_pinned(fd, 1, 4 * PAGE);
	want_refused(memory + 4 * PAGE, 1, 1, 10, 10);
}

static void another_user(void *arg)
{
	(void)arg;
	become_user(USER_B, 10 * PAGE);
	make_pin(fd, anon(10 * PAGE), 10 * PAGE);
}

ACCOUNT_TEST(the_limit_is_the_users)
{
	pid_t first;

	first_has_pinned = gate_make();
	second_is_done = gate_make();
	first = child_start(first_process, NULL);
	gate_wait(&first_has_pinned);
	want(user_locked(USER_A), 6 * PAGE);
	in_child(second_process, NULL);
	want(user_locked(USER_A), 10 * PAGE);
	in_child(another_user, NULL);
	want(user_locked(USER_A), 10 * PAGE);
	want(user_locked(USER_B), 10 * PAGE);
	gate_open(&second_is_done);
	child_end(first);
	want(user_locked(USER_A), 4 * PAGE);
	want(close(fd), 0);
	want(user_locked(USER_A), 0);
	want(user_locked(USER_B), 0);
	fd = device_open();
}

/* Charges go back to whom they came from, whoever drops the last reference. */
static void pin_as_one_unpin_as_another(void *arg)
{
	char *memory = anon(8 * PAGE);
	uint32_t id;

	(void)arg;
	become_user(USER_A, 8 * PAGE);
	id = make_pin(fd, memory, 4 * PAGE);
	become_user(USER_B, 8 * PAGE);
	make_pin(fd, memory + 4 * PAGE, 4 * PAGE);
	want(user_locked(USER_A), 4 * PAGE);
	want(user_locked(USER_B), 4 * PAGE);
	want_pinned(fd, 2, 8 * PAGE);
	want(unpin(fd, id, 0), 0);
	want(user_locked(USER_A), 0);
	want(user_locked(USER_B), 4 * PAGE);
}

ACCOUNT_TEST(a_charge_goes_back_where_it_came_from)
{
	in_child(pin_as_one_unpin_as_another, NULL);
	want(user_locked(USER_B), 4 * PAGE);
	want(close(fd), 0);
	fd = device_open();
}

/* Everything at once goes with the last close. */
static void die_with_everything(void *arg)
{
	int own = device_open(), copy = dup(own);
	uint32_t own_ioas = make_ioas(own);
	char *memory = anon(8 * PAGE);

	(void)arg;
	become_user(USER_A, 8 * PAGE);
	make_pin(own, memory, 4 * PAGE);
	want(map_at(own, own_ioas, memory, 8 * PAGE, READ_WRITE, AT), 0);
	make_table(own, own_ioas);
	want(close(own), 0);
	want_pinned(copy, 2, 8 * PAGE);
	want(vm_pin(), 8 * PAGE);
	want(close(copy), 0);
	want(vm_pin(), 0);
}

ACCOUNT_TEST(the_last_close_gives_everything_back)
{
	in_child(die_with_everything, NULL);
	want(user_locked(USER_A), 0);
}
