// SPDX-License-Identifier: GPL-2.0-only
/*
 * The iterators: BPF programs of type "syscall" walk everything; what they are told is what QUERY
 * tells, also while others come and go.
 */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"
#include "policy.h"
#include "random.h"
#include "user.h"
#include "walk.h"

#define AT 0x10000000ULL
#define MAX_ENTRIES 64

static struct policy programs;
static int fd;

static void open_one(void)
{
	want_nothing_left();
	programs = policy_open("walk");
	want(policy_load(&programs), 0);
	fd = device_open();
}

static void close_one(void)
{
	want(close(fd), 0);
	want_nothing_left();
	policy_close(&programs);
}

#define WALK_TEST(name) TEST_BETWEEN(open_one, close_one, walk, name)

typedef uint64_t row[FIELDS];

/* Run a program; what it was told. */
static const row *walk(const char *name, uint64_t of, uint32_t *count)
{
	struct bpf_program *program = bpf_object__find_program_by_name(programs.object, name);
	LIBBPF_OPTS(bpf_test_run_opts, options);

	want_that(program);
	*(uint64_t *)policy_variable(&programs, "of") = of;
	memset(policy_variable(&programs, "rows"), 0xff, ROWS * sizeof(row));
	want(bpf_prog_test_run_opts(bpf_program__fd(program), &options), 0);
	*count = *(uint32_t *)policy_variable(&programs, "count");
	return policy_variable(&programs, "rows");
}

/* What is told of a process's pin domain. */
static const uint64_t *domain_row(pid_t pid)
{
	uint32_t count, i;
	const row *rows = walk("walk_domains", 0, &count);

	for (i = 0; i < count; i++)
		if (rows[i][1] == (uint64_t)pid)
			return rows[i];
	fail("process %d has no domain", pid);
}

static uint64_t domain_of(pid_t pid)
{
	return domain_row(pid)[0];
}

static uint32_t list(uint32_t scope, uint32_t id, struct ioasid_query_entry *entries)
{
	uint64_t cursor = 0;
	uint32_t count;

	want(query_list(fd, scope, id, &cursor, entries, MAX_ENTRIES, &count), 0);
	want(cursor, ~0ULL);
	return count;
}

WALK_TEST(of_nothing_finds_nothing)
{
	uint32_t count;

	walk("walk_owners", 0, &count);
	want(count, 0);
	walk("walk_ioases", 0, &count);
	want(count, 0);
	walk("walk_pins", 0, &count);
	want(count, 0);
	walk("walk_pins", ~0ULL, &count);
	want(count, 0);
	walk("walk_mappings", 0, &count);
	want(count, 0);
	walk("walk_mappings", ~0ULL, &count);
	want(count, 0);
}

/* Pins of different sizes, shared, stale, by id and by mapping. */
static void want_pins_as_listed(void)
{
	struct ioasid_query_entry entries[MAX_ENTRIES];
	struct ioasid_query query = query_process(fd);
	uint32_t count, listed = list(IOASID_SCOPE_PROCESS, 0, entries), i;
	const row *rows = walk("walk_pins", domain_of(getpid()), &count);
	uint64_t mappings = 0, mapped = 0, runs = 0;

	want(count, listed);
	want(count, query.pins);
	for (i = 0; i < count; i++) {
		want(rows[i][0], entries[i].pin);
		want(rows[i][1], entries[i].start);
		want(rows[i][2] * PAGE, entries[i].length);
		want(rows[i][3] * PAGE, entries[i].va);
		want(rows[i][4], entries[i].pin_offset);
		want((uint32_t)rows[i][7], entries[i].flags);
		mappings += rows[i][5];
		mapped += rows[i][6] * PAGE;
		want_that(rows[i][8] && rows[i][8] <= rows[i][2]);
		runs += rows[i][8];
	}
	want(mappings, query.mappings);
	want(mapped, query.mapped);
	want(domain_row(getpid())[4], runs);
}

static void want_mappings_as_listed(uint32_t ioas, uint64_t number)
{
	struct ioasid_query_entry entries[MAX_ENTRIES];
	uint32_t count, listed = list(IOASID_SCOPE_IOAS, ioas, entries), i;
	const row *rows = walk("walk_mappings", number, &count);

	want(count, listed);
	for (i = 0; i < count; i++) {
		want(rows[i][0], entries[i].start);
		want(rows[i][1], entries[i].start + entries[i].length - 1);
		want(rows[i][2], entries[i].va);
		want(rows[i][3], entries[i].pin);
		want(rows[i][4], entries[i].pin_offset);
		want((uint32_t)rows[i][5], entries[i].flags);
	}
}

WALK_TEST(of_a_workload_finds_all_of_it)
{
	uint32_t first = make_ioas(fd), second = make_ioas(fd), count;
	char *memory = anon(32 * PAGE);
	char name[16];
	const row *rows;
	uint64_t numbers[2];

	make_table(fd, first);
	make_table(fd, first);
	want(map_at(fd, first, memory, 8 * PAGE, READ_WRITE, AT), 0);
	want(map_at(fd, first, memory + 4 * PAGE, 8 * PAGE, READ_ONLY, AT + MIB), 0);
	want(map_at(fd, second, memory, 2 * PAGE, READ_WRITE, 3 * PAGE), 0);
	want(reserve_iovas(fd, first, AT + 2 * MIB, MIB), 0);
	make_pin(fd, memory + 20 * PAGE, 3 * PAGE);
	want(munmap(memory + 20 * PAGE, PAGE), 0);
	/* The last page that there is. */
	want(map_at(fd, second, memory, PAGE, READ_WRITE, ~0ULL - PAGE + 1), 0);

	rows = walk("walk_ioases", 0, &count);
	want(count, 2);
	numbers[0] = rows[0][0];
	numbers[1] = rows[1][0];
	want(rows[0][1], query_ioas(fd, first).mappings);
	want(rows[0][2] * PAGE, query_ioas(fd, first).mapped);
	want(rows[0][3], 2);
	want(rows[0][4], 0);
	want((uint32_t)rows[0][6], getpid());
	want(prctl(PR_GET_NAME, name), 0);
	want(strcmp((const char *)&rows[0][7], name), 0);
	want_that(rows[1][0] > rows[0][0]);
	want(rows[1][1], query_ioas(fd, second).mappings);
	want(rows[1][2], 3);
	want(rows[1][3], 0);
	want_mappings_as_listed(first, numbers[0]);
	want_mappings_as_listed(second, numbers[1]);
	want_pins_as_listed();

	rows = walk("walk_owners", 0, &count);
	want(count, 1);
	want((uint32_t)rows[0][0], getpid());
	want((uint32_t)rows[0][1], getuid());
	want(rows[0][3] * PAGE, query_process(fd).charged);
	want(rows[0][4], rows[0][3]);

	want(unmap_all(fd, first, NULL), 0);
	want_mappings_as_listed(first, numbers[0]);
	want(unmap_all(fd, second, NULL), 0);
	want(munmap(memory, 20 * PAGE), 0);
}

WALK_TEST(of_huge_pages_tells_them_and_how_they_lie)
{
	char *huge = thp(2 * HUGE_2M), *small = anon(3 * PAGE);
	uint32_t ioas = make_ioas(fd);
	size_t runs = physical_runs(huge, 2 * HUGE_2M) + physical_runs(small, 3 * PAGE);

	want(map_at(fd, ioas, huge, 2 * HUGE_2M, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, small, 3 * PAGE, READ_WRITE, AT + 8 * MIB), 0);
	want(domain_row(getpid())[3], 1027);
	want(domain_row(getpid())[4], runs);
	want(domain_row(getpid())[5], 1024);
	want(unmap(fd, ioas, AT, 2 * HUGE_2M, NULL), 0);
	want(domain_row(getpid())[5], 0);
	want(domain_row(getpid())[4], physical_runs(small, 3 * PAGE));
}

/* The name of the policy that an address space asks for. */
WALK_TEST(tells_which_policy_is_wanted)
{
	uint32_t ioas = make_ioas(fd), count;
	char name[IOASID_NAME_LEN] = "builtin";
	const row *rows;

	want(option_set(fd, IOASID_OPTION_PLACE_POLICY, ioas, ADDRESS(name)), 0);
	rows = walk("walk_ioases", 0, &count);
	want(count, 1);
	want(memcmp(&rows[0][4], name, sizeof(name)), 0);
}

/* Owners: a process as two users, and one of its own each. */

static struct gate pinned, done;

static void pin_as_users(void *arg)
{
	char *memory = anon(8 * PAGE);

	(void)arg;
	fd = device_open();
	become_user(USER_A, MIB);
	make_pin(fd, memory, 3 * PAGE);
	become_user(USER_B, MIB);
	make_pin(fd, memory + 4 * PAGE, 2 * PAGE);
	gate_open(&pinned);
	gate_wait(&done);
}

WALK_TEST(of_owners_tells_each)
{
	char *memory = anon(5 * PAGE);
	uint32_t id = make_pin(fd, memory, 5 * PAGE), count;
	const row *rows;
	pid_t child;

	pinned = gate_make();
	done = gate_make();
	child = child_start(pin_as_users, NULL);
	gate_wait(&pinned);
	rows = walk("walk_owners", 0, &count);
	want(count, 3);
	want((uint32_t)rows[0][0], getpid());
	want(rows[0][3], 5);
	want((uint32_t)rows[1][0], child);
	want((uint32_t)rows[1][1], USER_A);
	want(rows[1][3], 3);
	want(rows[1][4], 3);
	want((uint32_t)rows[2][0], child);
	want((uint32_t)rows[2][1], USER_B);
	want(rows[2][3], 2);
	want(rows[2][2], rows[1][2]);
	gate_open(&done);
	child_end(child);
	want(unpin(fd, id, 0), 0);
}

/* While others come and go, what stays comes once, and all in order. */

static _Atomic bool enough;
static _Atomic uint64_t rounds_made;

static void come_and_go(void *arg)
{
	char *memory = arg;
	int own = device_open();
	uint32_t ioas;

	while (!atomic_load(&enough)) {
		ioas = make_ioas(own);
		want(map_at(own, ioas, memory, 4 * PAGE, READ_WRITE, AT), 0);
		want(unmap(own, ioas, AT, 4 * PAGE, NULL), 0);
		want(destroy(own, ioas), 0);
		atomic_fetch_add(&rounds_made, 1);
	}
	want(close(own), 0);
}

static void come_and_go_child(void *arg)
{
	uint64_t i, times = *(uint64_t *)arg;
	char *memory = anon(4 * PAGE);
	uint32_t ioas;

	for (i = 0; i < times; i++) {
		fd = device_open();
		ioas = make_ioas(fd);
		want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT), 0);
		want(close(fd), 0);
	}
}

static const row *walk_in_order(const char *name, uint64_t of, uint64_t *once, uint32_t field)
{
	uint32_t count, i, found = 0;
	const row *rows = walk(name, of, &count);

	for (i = 0; i < count; i++) {
		if (field != 1 && i)
			want_that(rows[i][field] > rows[i - 1][field]);
		found += rows[i][field] == *once;
	}
	if (found != 1)
		fail("%s tells %llu %u times", name, (unsigned long long)*once, found);
	return rows;
}

static uint32_t staying;
static uint64_t staying_number;

static void walk_on(void *arg)
{
	uint64_t i, pid = getpid(), pin, domain = domain_of(getpid()), times = runs(200, 20);
	uint64_t at = AT;
	uint32_t count;

	pin = walk("walk_pins", domain, &count)[0][0];
	for (i = 0; i < times; i++) {
		walk_in_order("walk_ioases", 0, &staying_number, 0);
		walk_in_order("walk_mappings", staying_number, &at, 0);
		walk_in_order("walk_domains", 0, &domain, 0);
		walk_in_order("walk_pins", domain, &pin, 0);
		/* Owners are in no order of their numbers: see that each comes once. */
		want_that(walk("walk_owners", 0, &count) && count >= 1);
		walk_in_order("walk_domains", 0, &pid, 1);
	}
	(void)arg;
	atomic_store(&enough, true);
}

struct part {
	void (*fn)(void *arg);
	void *arg;
};

static void take_part(void *arg)
{
	struct part *part = arg;

	part->fn(part->arg);
}

WALK_TEST(goes_on_while_others_come_and_go)
{
	char *memory = anon(12 * PAGE);
	struct part parts[] = {
		{ come_and_go, memory + 4 * PAGE },
		{ come_and_go, memory + 8 * PAGE },
		{ walk_on, NULL },
	};
	uint64_t times = runs(300, 30);
	uint32_t count;
	pid_t child;

	staying = make_ioas(fd);
	staying_number = walk("walk_ioases", 0, &count)[0][0];
	want(map_at(fd, staying, memory, PAGE, READ_WRITE, AT), 0);
	child = child_start(come_and_go_child, &times);
	in_threads(ARRAY_SIZE(parts), take_part, parts, sizeof(parts[0]));
	child_end(child);
	want_that(rounds_made > 0);
	want(unmap_all(fd, staying, NULL), 0);
}

/* From policies: each callback that may, does, and is told what there is. */

static uint64_t number_of(struct policy *policy, const char *name)
{
	return *(uint64_t *)policy_variable(policy, name);
}

WALK_TEST(is_open_to_account_policies)
{
	struct policy policy = policy_open("account_every");
	uint32_t ioas = make_ioas(fd);
	char *memory = anon(8 * PAGE);

	want(map_at(fd, ioas, memory, 2 * PAGE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT + MIB), 0);
	policy_start(&policy);
	want(number_of(&policy, "seen_init"), 1);
	want(number_of(&policy, "domains"), 1);
	want(number_of(&policy, "pins"), 1);
	want(number_of(&policy, "ioases"), 1);
	want(number_of(&policy, "mappings"), 2);
	want(number_of(&policy, "seen_adopt"), 1);
	want(map_at(fd, ioas, memory + 4 * PAGE, 2 * PAGE, READ_WRITE, AT + 2 * MIB), 0);
	want(number_of(&policy, "seen_charge"), 1);
	want(unmap(fd, ioas, AT + 2 * MIB, 2 * PAGE, NULL), 0);
	want(number_of(&policy, "seen_uncharge"), 1);
	want_that(slot_has(POLICY_ACCOUNT, "account_every", "default"));
	policy_close(&policy);
	want_exit(POLICY_ACCOUNT, "account_every", "unregistered", 0, "detached");
	want(unmap_all(fd, ioas, NULL), 0);
}

WALK_TEST(is_open_to_place_policies)
{
	struct policy policy = policy_open("place_every");
	uint32_t ioas = make_ioas(fd);
	char *memory = anon(8 * PAGE);

	want(map_at(fd, ioas, memory, 2 * PAGE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT + MIB), 0);
	policy_start(&policy);
	make_map(fd, ioas, memory + 4 * PAGE, 2 * PAGE);
	want(number_of(&policy, "usage_mappings"), 2);
	want(number_of(&policy, "ioas_mappings"), 2);
	want(number_of(&policy, "mappings"), 2);
	want(number_of(&policy, "ledger"), 4);
	want(number_of(&policy, "domains"), 1);
	want(number_of(&policy, "pins"), 1);
	want_that(slot_has(POLICY_PLACE, "place_every", "default"));
	policy_close(&policy);
	want_exit(POLICY_PLACE, "place_every", "unregistered", 0, "detached");
	want(unmap_all(fd, ioas, NULL), 0);
}
