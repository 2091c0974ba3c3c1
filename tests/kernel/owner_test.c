// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is charged and how: a file that changes hands, the charge modes, and the other options.
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
#include "random.h"
#include "user.h"

#define AT (4 * GIB)
#define MODE IOASID_OPTION_CHARGE_MODE
#define LARGE IOASID_OPTION_LARGE_ENTRIES

static int fd;
static uint32_t ioas;
static struct gate held, next, over;

static void open_one(void)
{
	fd = device_open();
	ioas = make_ioas(fd);
	held = gate_make();
	next = gate_make();
	over = gate_make();
	want(user_locked(USER_A), 0);
	want(user_locked(USER_B), 0);
}

static void close_one(void)
{
	want(close(fd), 0);
	want(user_locked(USER_A), 0);
	want(user_locked(USER_B), 0);
	want(vm_pin(), 0);
	want(vm_lck(), 0);
	want_nothing_left();
}

#define OWNER_TEST(name) TEST_BETWEEN(open_one, close_one, owner, name)
#define OPTION_TEST(name) TEST_BETWEEN(open_one, close_one, option, name)

/*
 * The first owner: 4 pages under an id and 6 mapped, of a pin of 8 that a file of his own has, too.
 * So 12 pages are charged for what the file uses, and 3 for what it does not.
 */
#define USED (12 * PAGE)
#define UNUSED (3 * PAGE)

static char *pinned, *mapped, *unused;

static void hold(void)
{
	int own = device_open();

	pinned = anon(4 * PAGE);
	mapped = anon(8 * PAGE);
	unused = anon(3 * PAGE);
	make_pin(fd, pinned, 4 * PAGE);
	make_pin(own, mapped, 8 * PAGE);
	make_pin(own, unused, 3 * PAGE);
	want(map_at(fd, ioas, mapped + PAGE, 6 * PAGE, READ_WRITE, AT), 0);
	want_pinned(fd, 3, USED + UNUSED);
}

static void hold_as_user(void *arg)
{
	(void)arg;
	become_user(USER_A, USED + UNUSED);
	hold();
	gate_open(&held);
	gate_wait(&next);
	/* It has all that it had; what it pays for has become less. */
	want(query_process(fd).pinned, USED + UNUSED);
	want(query_process(fd).charged, UNUSED);
	want(vm_pin(), UNUSED);
	make_pin(fd, anon(USED), USED);
	want(query_process(fd).charged, USED + UNUSED);
	want(vm_pin(), USED + UNUSED);
	gate_open(&held);
	gate_wait(&over);
}

/* The second owner, a process of USER_B. */
struct taking {
	uint64_t limit;
	uint64_t before; /* bytes that it has pinned itself by the same file */
	uint64_t moved;
	int error;
};

static void take(void *arg)
{
	struct ioasid_error why = ERROR_INIT;
	struct taking *taking = arg;
	uint64_t moved;

	become_user(USER_B, taking->limit);
	if (taking->before)
		make_pin(fd, anon(taking->before), taking->before);
	want(change_owner(fd, &moved, &why), -taking->error);
	if (!taking->error) {
		want(moved, taking->moved);
		want(vm_pin(), taking->moved + taking->before);
		want(vm_lck(), 0);
		/* Once more there is nothing to move. */
		want(change_owner(fd, &moved, NULL), 0);
		want(moved, 0);
		return;
	}
	want(why.code, taking->error);
	want(why.stage, IOASID_STAGE_CHARGE);
	want(why.asked, taking->moved);
	want(why.used, taking->before);
	want(why.limit, taking->limit);
	want(vm_pin(), taking->before);
}

OWNER_TEST(changes_with_all_that_the_file_uses)
{
	pid_t holder = child_start(hold_as_user, NULL);

	gate_wait(&held);
	want(user_locked(USER_A), USED + UNUSED);
	want(status_of(holder, "VmPin:"), USED + UNUSED);

	/* A page less than it takes: nothing has moved. */
	in_child(take, &(struct taking){ USED - PAGE, 0, USED, ENOMEM });
	want(user_locked(USER_A), USED + UNUSED);
	want(user_locked(USER_B), 0);
	want(status_of(holder, "VmPin:"), USED + UNUSED);
	want(audit().charged, USED + UNUSED);

	in_child(take, &(struct taking){ USED, 0, USED, 0 });
	want(user_locked(USER_A), UNUSED);
	want(user_locked(USER_B), USED);
	want(status_of(holder, "VmPin:"), UNUSED);
	want(audit().charged, USED + UNUSED);
	want(audit().pinned, USED + UNUSED);

	/* What the first owner pins from now on is his own again. */
	gate_open(&next);
	gate_wait(&held);
	want(user_locked(USER_A), USED + UNUSED);
	want(user_locked(USER_B), USED);
	gate_open(&over);
	child_end(holder);
	/* His own file has gone, and with it what only that used. */
	want(user_locked(USER_A), USED);
	want(user_locked(USER_B), USED);
	want(unmap_all(fd, ioas, NULL), 0);
	want(user_locked(USER_B), 4 * PAGE);
}

static void hold_and_leave(void *arg)
{
	(void)arg;
	become_user(USER_A, 5 * PAGE);
	make_pin(fd, anon(5 * PAGE), 5 * PAGE);
}

OWNER_TEST(changes_for_what_is_not_the_callers_yet)
{
	in_child(hold_and_leave, NULL);
	want(user_locked(USER_A), 5 * PAGE);
	in_child(take, &(struct taking){ 7 * PAGE, 3 * PAGE, 5 * PAGE, ENOMEM });
	want(user_locked(USER_A), 5 * PAGE);
	want(user_locked(USER_B), 3 * PAGE);
	/* What another process of the same user has moves, too, and takes no more room. */
	in_child(take, &(struct taking){ 8 * PAGE, 0, 8 * PAGE, 0 });
	want(user_locked(USER_A), 0);
	want(user_locked(USER_B), 8 * PAGE);
}

/* To a process without a limit, which isn't counted for its user, and back to one with it. */
OWNER_TEST(changes_to_root_and_back)
{
	uint64_t moved, root_locked = user_locked(0);

	in_child(hold_and_leave, NULL);
	want(vm_pin(), 0);
	want(change_owner(fd, &moved, NULL), 0);
	want(moved, 5 * PAGE);
	want(vm_pin(), 5 * PAGE);
	want(user_locked(USER_A), 0);
	want(user_locked(0), root_locked);
	want(audit().charged, 5 * PAGE);
	in_child(take, &(struct taking){ 4 * PAGE, 0, 5 * PAGE, ENOMEM });
	want(vm_pin(), 5 * PAGE);
	in_child(take, &(struct taking){ 5 * PAGE, 0, 5 * PAGE, 0 });
	want(vm_pin(), 0);
	want(user_locked(USER_B), 5 * PAGE);
}

OWNER_TEST(of_nothing_changes_nothing)
{
	struct ioasid_error why = { .size = sizeof(why), .code = 77 };
	uint64_t moved;

	want(change_owner(fd, &moved, &why), 0);
	want(moved, 0);
	want(why.code, 77);
	in_child(take, &(struct taking){ 0, 0, 0, 0 });
}

static void map_file_as_user(void *arg)
{
	become_user(USER_A, 8 * PAGE);
	want(make_map_file(fd, ioas, *(int *)arg, 0, 8 * PAGE, AT), 0);
	want(vm_pin(), 8 * PAGE);
}

OWNER_TEST(changes_for_files_too)
{
	int file;

	memfd(8 * PAGE, &file);
	in_child(map_file_as_user, &file);
	want(user_locked(USER_A), 8 * PAGE);
	in_child(take, &(struct taking){ 7 * PAGE, 0, 8 * PAGE, ENOMEM });
	in_child(take, &(struct taking){ 8 * PAGE, 0, 8 * PAGE, 0 });
	want(user_locked(USER_A), 0);
	want(user_locked(USER_B), 8 * PAGE);
	want(unmap_all(fd, ioas, NULL), 0);
	want(user_locked(USER_B), 0);
}

/* Two processes take the file from each other while both pin and let go by it. */
static void take_and_pin(uint32_t space)
{
	uint64_t n = runs(300, 60), i, moved;
	char *memory = anon(8 * PAGE);
	struct rng rng = rng_make(seed() + space);

	for (i = 0; i < n; i++) {
		unsigned int first = rng_below(&rng, 8);

		want(map_at(fd, space, memory + first * PAGE, (8 - first) * PAGE, READ_WRITE, AT),
		     0);
		want(change_owner(fd, &moved, NULL), 0);
		want_that(moved <= 16 * PAGE && moved % PAGE == 0);
		want(unmap_all(fd, space, NULL), 0);
	}
}

static void take_and_pin_as_user(void *arg)
{
	become_user(USER_B, 64 * PAGE);
	take_and_pin(*(uint32_t *)arg);
}

OWNER_TEST(changes_while_others_pin)
{
	uint32_t other = make_ioas(fd);
	pid_t child = child_start(take_and_pin_as_user, &other);

	take_and_pin(ioas);
	audit();
	child_end(child);
	want(query_file(fd).mapped, 0);
	want(audit().charged, 0);
}

/* Charge modes. */

static void new_file(uint64_t mode)
{
	want(close(fd), 0);
	fd = device_open();
	want(option_set(fd, MODE, 0, mode), 0);
	want(option_get(fd, MODE, 0), mode);
	ioas = make_ioas(fd);
}

static void want_no_room(char *memory, uint64_t used, uint64_t limit)
{
	struct ioasid_error why = ERROR_INIT;
	struct ioasid_pin pin = {
		.size = sizeof(pin),
		.va = ADDRESS(memory),
		.length = PAGE,
		.error = ADDRESS(&why),
	};

	want(call(fd, IOASID_PIN, &pin), -ENOMEM);
	want(why.stage, IOASID_STAGE_CHARGE);
	want(why.asked, PAGE);
	want(why.used, used);
	want(why.limit, limit);
}

static void count_for_the_process(void *arg)
{
	char *memory = anon(9 * PAGE);
	uint32_t pin;

	(void)arg;
	become_user(USER_A, 8 * PAGE);
	/* What is locked already counts. */
	want(mlock(memory, 2 * PAGE), 0);
	want(vm_lck(), 2 * PAGE);
	pin = make_pin(fd, memory + 2 * PAGE, 6 * PAGE);
	want(vm_lck(), 8 * PAGE);
	want(vm_pin(), 6 * PAGE);
	want_no_room(memory + 8 * PAGE, 8 * PAGE, 8 * PAGE);
	want(mlock(memory + 8 * PAGE, PAGE), -1);
	want(munlock(memory, 2 * PAGE), 0);
	want(map_at(fd, ioas, memory, 2 * PAGE, READ_WRITE, AT), 0);
	want(vm_lck(), 8 * PAGE);
	want_no_room(memory + 8 * PAGE, 8 * PAGE, 8 * PAGE);
	want(unpin(fd, pin, 0), 0);
	want(vm_lck(), 2 * PAGE);
	want(unmap_all(fd, ioas, NULL), 0);
	want(vm_lck(), 0);
	make_pin(fd, memory, 8 * PAGE);
	want_no_room(memory + 8 * PAGE, 8 * PAGE, 8 * PAGE);
}

OPTION_TEST(mode_mm_counts_for_each_process)
{
	char *memory;

	new_file(IOASID_CHARGE_MM);
	/* Two processes of a user: each may have its limit. */
	in_child(count_for_the_process, NULL);
	in_child(count_for_the_process, NULL);
	want(user_locked(USER_A), 0);
	want(audit().charged, 16 * PAGE);
	/* With the capability there is no limit, but it is counted. */
	memory = anon(64 * PAGE);
	set_limit(PAGE);
	make_pin(fd, memory, 64 * PAGE);
	want(vm_lck(), 64 * PAGE);
	want(vm_pin(), 64 * PAGE);
}

static void hold_in_mode_mm(void *arg)
{
	(void)arg;
	become_user(USER_A, 5 * PAGE);
	make_pin(fd, anon(5 * PAGE), 5 * PAGE);
	gate_open(&held);
	gate_wait(&over);
	want(vm_lck(), 0);
	want(vm_pin(), 0);
}

static void refused_in_mode_mm(void *arg)
{
	struct ioasid_error why = ERROR_INIT;

	(void)arg;
	become_user(USER_B, 4 * PAGE);
	want(change_owner(fd, NULL, &why), -ENOMEM);
	want(why.asked, 5 * PAGE);
	want(why.used, 0);
	want(why.limit, 4 * PAGE);
	want(vm_lck(), 0);
	want(vm_pin(), 0);
}

static void take_in_mode_mm(void *arg)
{
	uint64_t moved;

	(void)arg;
	become_user(USER_B, 5 * PAGE);
	want(change_owner(fd, &moved, NULL), 0);
	want(moved, 5 * PAGE);
	want(vm_lck(), 5 * PAGE);
	want(vm_pin(), 5 * PAGE);
}

OPTION_TEST(mode_mm_stays_when_the_owner_changes)
{
	pid_t holder;

	new_file(IOASID_CHARGE_MM);
	holder = child_start(hold_in_mode_mm, NULL);
	gate_wait(&held);
	want(status_of(holder, "VmLck:"), 5 * PAGE);
	in_child(refused_in_mode_mm, NULL);
	want(status_of(holder, "VmLck:"), 5 * PAGE);
	in_child(take_in_mode_mm, NULL);
	want(status_of(holder, "VmLck:"), 0);
	gate_open(&over);
	child_end(holder);
	want(user_locked(USER_B), 0);
}

OPTION_TEST(mode_none_counts_for_nobody)
{
	char *memory = anon(8 * PAGE);
	uint64_t root_locked = user_locked(0);

	new_file(IOASID_CHARGE_NONE);
	set_limit(0);
	make_pin(fd, memory, 8 * PAGE);
	want(vm_lck(), 0);
	want_pinned(fd, 1, 8 * PAGE);
	want(audit().charged, 8 * PAGE);
	want(user_locked(0), root_locked);
}

static void ask_without_the_capability(void *arg)
{
	int own = device_open();

	(void)arg;
	become_user(USER_A, 8 * PAGE);
	want(option_set(own, MODE, 0, IOASID_CHARGE_NONE), -EPERM);
	want(option_get(own, MODE, 0), IOASID_CHARGE_USER);
	want(option_set(own, MODE, 0, IOASID_CHARGE_MM), 0);
	want(option_set(own, MODE, 0, IOASID_CHARGE_USER), 0);
}

OPTION_TEST(mode_is_chosen_before_anything_is_made)
{
	uint32_t table, pin;

	want(option_get(fd, MODE, 0), IOASID_CHARGE_USER);
	want(option_set(fd, MODE, 0, IOASID_CHARGE_MM), -EBUSY);
	table = make_table(fd, ioas);
	pin = make_pin(fd, anon(PAGE), PAGE);
	want(destroy(fd, table), 0);
	want(destroy(fd, ioas), 0);
	want(option_set(fd, MODE, 0, IOASID_CHARGE_MM), -EBUSY);
	want(option_get(fd, MODE, 0), IOASID_CHARGE_USER);
	want(unpin(fd, pin, 0), 0);
	want(option_set(fd, MODE, 0, IOASID_CHARGE_MM), 0);
	want(option_get(fd, MODE, 0), IOASID_CHARGE_MM);
	want(option_set(fd, MODE, 0, IOASID_CHARGE_NONE), 0);
	want(option_set(fd, MODE, 0, IOASID_CHARGE_USER), 0);
	in_child(ask_without_the_capability, NULL);
}

OPTION_TEST(values_are_checked)
{
	struct ioasid_option arg = { .size = sizeof(arg), .option = MODE, .value = 1 };

	want(option_set(fd, MODE, 0, IOASID_CHARGE_NONE + 1), -EINVAL);
	want(option_set(fd, MODE, 0, ~0ULL), -EINVAL);
	want(option_set(fd, MODE, 0, 1ULL << 32), -EINVAL);
	want(option_set(fd, LARGE, ioas, 2), -EINVAL);
	want(option_set(fd, LARGE, ioas, 1ULL << 32), -EINVAL);
	want(option_set(fd, LARGE, 0, 1), -ENOENT);
	want(option_set(fd, LARGE, ioas + 1000, 1), -ENOENT);
	want(option_set(fd, IOASID_OPTION_PLACE_POLICY + 1, 0, 0), -EOPNOTSUPP);
	want(option_set(fd, ~0u, 0, 0), -EOPNOTSUPP);
	/* Not to be set when it is to be read, and no id for what is the file's. */
	want(call(fd, IOASID_OPTION, &arg), -EINVAL);
	arg = (struct ioasid_option){ .size = sizeof(arg), .option = MODE, .id = ioas };
	want(call(fd, IOASID_OPTION, &arg), -EINVAL);
}

static uint64_t entry_at(uint32_t table, uint64_t iova, void *memory)
{
	struct ioasid_translate entry;

	want(translate(fd, table, iova, IOASID_TRANSLATE_PHYS, &entry), 0);
	want(entry.out_phys, physical(memory));
	return entry.out_length;
}

OPTION_TEST(without_large_entries_all_are_small)
{
	uint32_t table, other = make_ioas(fd), other_table = make_table(fd, other);
	char *memory = thp(HUGE_2M);
	uint64_t at;

	want(option_get(fd, LARGE, ioas), 1);
	want(option_set(fd, LARGE, ioas, 0), 0);
	want(option_get(fd, LARGE, ioas), 0);
	want(option_get(fd, LARGE, other), 1);
	table = make_table(fd, ioas);
	want(map_at(fd, ioas, memory, HUGE_2M, READ_WRITE, AT), 0);
	want(map_at(fd, other, memory, HUGE_2M, READ_WRITE, AT), 0);
	want(entry_at(other_table, AT, memory), HUGE_2M);
	for (at = 0; at < HUGE_2M; at += 73 * PAGE)
		want(entry_at(table, AT + at, memory + at), PAGE);
	want(query_ioas(fd, ioas).table_memory, 4 * PAGE);
	want(query_ioas(fd, other).table_memory, 3 * PAGE);
	/* The address space itself still knows how long a run is. */
	want(entry_at(ioas, AT, memory), HUGE_2M);
	want(option_set(fd, LARGE, ioas, 1), -EBUSY);
	want(unmap(fd, ioas, AT + 5 * PAGE, PAGE, NULL), 0);
	want(query_ioas(fd, ioas).table_memory, 4 * PAGE);
	want(option_set(fd, LARGE, ioas, 1), -EBUSY);

	/* With one of the two only it can be set; a new table is as it says then. */
	want(unmap_all(fd, ioas, NULL), 0);
	want(query_ioas(fd, ioas).table_memory, PAGE);
	want(option_set(fd, LARGE, ioas, 1), 0);
	want(map_at(fd, ioas, memory, HUGE_2M, READ_WRITE, AT), 0);
	want(entry_at(table, AT, memory), HUGE_2M);
	want(option_set(fd, LARGE, ioas, 0), -EBUSY);
	want(destroy(fd, table), 0);
	want(option_set(fd, LARGE, ioas, 0), 0);
	table = make_table(fd, ioas);
	want(entry_at(table, AT + HUGE_2M - PAGE, memory + HUGE_2M - PAGE), PAGE);
	want(query_ioas(fd, ioas).table_memory, 4 * PAGE);
}
