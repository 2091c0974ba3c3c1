// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bad policies: the call that finds out goes on under the built-in policy, nothing is lost, and it
 * can be read what happened. tests/policy/eject.sh has some that need no more than a workload.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"
#include "module.h"
#include "policy.h"
#include "random.h"
#include "user.h"

#define AT 0x10000000ULL
#define RESERVED 0x40000000ULL

static int fd;
static uint32_t ioas;
static char *memory;

static void open_one(void)
{
	want_nothing_left();
	fd = device_open();
	ioas = make_ioas(fd);
	make_table(fd, ioas);
	want(reserve_iovas(fd, ioas, RESERVED, MIB), 0);
	want(map_at(fd, ioas, anon(PAGE), PAGE, READ_WRITE, AT), 0);
	memory = anon(16 * PAGE);
}

/* Whatever the policy did, the books are right and the module can go. */
static void close_one(void)
{
	want_builtin(POLICY_ACCOUNT);
	want_builtin(POLICY_PLACE);
	want(unmap_all(fd, ioas, NULL), 0);
	want(unreserve_iovas(fd, ioas, RESERVED, MIB), 0);
	want_pinned(fd, 0, 0);
	want(close(fd), 0);
	want_nothing_left();
	want_module_goes();
}

#define BAD_TEST(name) TEST_BETWEEN(open_one, close_one, bad, name)

/* A page that is mapped, charged and read, as if there were no policy. */
static void want_map_works(void)
{
	struct ioasid_query before = query_process(fd), after;
	struct ioasid_audit now;
	uint64_t iova;

	fill(memory, 2 * PAGE, 1);
	iova = make_map(fd, ioas, memory, 2 * PAGE);
	want_iova_filled(fd, ioas, iova, 2 * PAGE, 1, 0);
	after = query_process(fd);
	want(after.pinned, before.pinned + 2 * PAGE);
	want(after.charged, before.charged + 2 * PAGE);
	now = audit();
	want(now.charged, after.charged);
	want(now.mapped, after.mapped);
	want(now.in_flight, 0);
	want(unmap(fd, ioas, iova, 2 * PAGE, NULL), 0);
}

static struct policy load(const char *file)
{
	struct policy policy = policy_open(file);

	want(policy_load(&policy), 0);
	return policy;
}

/* One that is loaded, and that a single map ejects. */
static void want_ejected(struct policy *policy, const char *exit, int64_t code, const char *text)
{
	enum policy_kind kind = policy->kind;
	struct slot before = slot_read(kind), after;
	char name[IOASID_NAME_LEN];

	want(policy_attach(policy), 0);
	snprintf(name, sizeof(name), "%s", slot_read(kind).name);
	want_that(slot_has(kind, name, "default"));
	want_map_works();
	want_exit(kind, name, exit, code, text);
	want_builtin(kind);
	after = slot_read(kind);
	want(after.ejections, before.ejections + 1);
	policy_detach(policy);
	/* The link's end adds nothing: the first error wins. */
	want_exit(kind, name, exit, code, text);
	want(slot_read(kind).ejections, before.ejections + 1);
}

static const struct {
	const char *what;
	uint64_t at;
	const char *text;
} iovas[] = {
	{ "in use", AT, "in use" },
	{ "overlaps what is in use", AT - PAGE, "in use" },
	{ "reserved", RESERVED, "in use" },
	{ "the last page of what is reserved", RESERVED + MIB - PAGE, "in use" },
	{ "unaligned by a byte", AT + GIB + 1, "unaligned or out of range" },
	{ "0", 0, "unaligned or out of range" },
	{ "out of the table's reach", 1ULL << 47, "unaligned or out of range" },
	{ "ends out of reach", (1ULL << 47) - PAGE, "unaligned or out of range" },
	{ "wraps", ~0ULL - PAGE + 1, "unaligned or out of range" },
	{ "the last byte that there is", ~0ULL, "unaligned or out of range" },
};

BAD_TEST(iovas_eject)
{
	struct policy policy = load("place_fixed");
	unsigned int i;
	char dump[64];

	for (i = 0; i < ARRAY_SIZE(iovas); i++) {
		context("%s", iovas[i].what);
		policy_set(&policy, "at", iovas[i].at);
		want_ejected(&policy, "invalid_iova", (int64_t)iovas[i].at, iovas[i].text);
		if (iovas[i].text[0] != 'u')
			continue;
		snprintf(dump, sizeof(dump), "length=0x2000 va=%p iova=0x%llx first=", memory,
			 (unsigned long long)iovas[i].at);
		want_dump(POLICY_PLACE, dump);
	}
	policy_close(&policy);
}

/* Beyond what 47 bits reach, an address space without a table has more. */
BAD_TEST(iovas_that_wrap_without_a_table_eject)
{
	uint32_t own = ioas;
	struct policy policy = load("place_fixed");

	ioas = make_ioas(fd);
	policy_set(&policy, "at", ~0ULL - PAGE + 1);
	want_ejected(&policy, "invalid_iova", (int64_t)(~0ULL - PAGE + 1), "out of range");
	policy_close(&policy);
	want(unmap_all(fd, ioas, NULL), 0);
	ioas = own;
}

static const int64_t wild[] = { 1, 4096, 0x7fffffff, -1000000, -2147483648LL, -EINTR, -EINVAL };

BAD_TEST(errnos_eject)
{
	struct policy account = load("account_life"), place = load("place_life");
	unsigned int i;
	char dump[128];

	for (i = 0; i < ARRAY_SIZE(wild); i++) {
		context("errno %lld", (long long)wild[i]);
		policy_set(&account, "answer", wild[i]);
		want_ejected(&account, "invalid_errno", wild[i], "charge() returned none of 0");
		snprintf(dump, sizeof(dump), "pages=2 tgid=%d uid=%d cgroup=", getpid(), getuid());
		want_dump(POLICY_ACCOUNT, dump);
		policy_set(&place, "answer", wild[i]);
		want_ejected(&place, "invalid_errno", wild[i], "place() returned none of 0");
	}
	policy_close(&account);
	policy_close(&place);
}

/* 0 is seen in eject.sh. */
static const int64_t lengths[] = { 1, PAGE - 1, PAGE + 1, 3 * PAGE, -(int64_t)PAGE, -1 };

BAD_TEST(lengths_eject)
{
	struct policy policy = load("place_fixed");
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		context("length %lld", (long long)lengths[i]);
		policy_set(&policy, "bytes", lengths[i]);
		want_ejected(&policy, "invalid_length", lengths[i], "group() returned no length");
		want_dump(POLICY_PLACE, " length=0x2000 tgid=");
	}
	policy_close(&policy);
}

/* Errors that a policy reports itself: code and text are its own, a line of what can be printed. */
BAD_TEST(accounts_that_give_up_are_ejected)
{
	static const char *const callbacks[] = { "charge", "uncharge", "adopt", "limit" };
	struct policy policy = load("account_error");
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(callbacks); i++) {
		context("in %s()", callbacks[i]);
		policy_set(&policy, "where", i);
		want(policy_attach(&policy), 0);
		want_map_works();
		want_exit(POLICY_ACCOUNT, "account_error", "error", -4711,
			  "the books?do not balance");
		want_dump(POLICY_ACCOUNT, i == 2 ? "pages=1 tgid=" : "pages=2 tgid=");
		want_builtin(POLICY_ACCOUNT);
		policy_detach(&policy);
	}
	/* An errno that it may return doesn't count when it gave up in the same call. */
	policy_set(&policy, "where", 0);
	policy_set(&policy, "answer", -EDQUOT);
	want_ejected(&policy, "error", -4711, "the books?do not balance");
	policy_close(&policy);
}

BAD_TEST(places_that_give_up_are_ejected)
{
	struct policy policy = load("place_error");
	char text[128];

	memset(text, 'x', sizeof(text));
	text[127] = '\0';
	want_ejected(&policy, "error", 1LL << 40, text);
	want_dump(POLICY_PLACE, "length=0x2000 va=0x");
	policy_set(&policy, "where", 1);
	want_ejected(&policy, "error", 1LL << 40, text);
	want_dump(POLICY_PLACE, "va=0x");
	policy_close(&policy);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

static int try_map(struct ioasid_error *error)
{
	struct ioasid_map map = {
		.flags = READ_WRITE,
		.ioas_id = ioas,
		.va = ADDRESS(memory),
		.length = PAGE,
		.error = ADDRESS(error),
	};
	int ret;

	*error = (struct ioasid_error)ERROR_INIT;
	ret = map_call(fd, &map);
	if (!ret)
		want(unmap(fd, ioas, map.iova, PAGE, NULL), 0);
	return ret;
}

static const struct {
	const char *file;
	int error;
	enum policy_kind kind;
} refusers[] = {
	{ "account_errno", -ENOMEM, POLICY_ACCOUNT },
	{ "account_errno", -EAGAIN, POLICY_ACCOUNT },
	{ "place_errno", -ENOSPC, POLICY_PLACE },
};

BAD_TEST(ones_that_refuse_everything_may_stay)
{
	struct ioasid_error error;
	struct policy policy;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(refusers); i++) {
		context("%s %d", refusers[i].file, refusers[i].error);
		policy = policy_open(refusers[i].file);
		policy_set(&policy, "error", refusers[i].error);
		policy_set_timeout(&policy, 1);
		policy_start(&policy);
		for (j = 0; j < 20; j++) {
			want(try_map(&error), refusers[i].error);
			want(strcmp(error.policy, refusers[i].file), 0);
			usleep(5000);
		}
		want_that(slot_has(refusers[i].kind, refusers[i].file, "default"));
		want_pinned(fd, 1, PAGE);
		policy_close(&policy);
		want_map_works();
	}
}

BAD_TEST(ones_that_refuse_too_long_are_ejected_if_they_want)
{
	struct ioasid_error error;
	struct policy policy;
	uint64_t begin, took;
	unsigned int i;
	struct slot slot;
	long long code;
	int ret;

	for (i = 0; i < ARRAY_SIZE(refusers); i++) {
		context("%s %d", refusers[i].file, refusers[i].error);
		policy = policy_open(refusers[i].file);
		policy_set(&policy, "error", refusers[i].error);
		policy_set_flags(&policy, POLICY_WATCHDOG);
		policy_set_timeout(&policy, 300);
		policy_start(&policy);
		begin = now_ms();
		while ((ret = try_map(&error)) == refusers[i].error)
			usleep(20000);
		took = now_ms() - begin;
		want(ret, 0);
		want_that(took >= 300);
		want_builtin(refusers[i].kind);
		slot = slot_read(refusers[i].kind);
		want(sscanf(slot.last_exit, "refused_too_long %lld", &code), 1);
		want_that(code >= 300 && code <= (long long)took + 20);
		want_exit(refusers[i].kind, refusers[i].file, "refused_too_long", code,
			  "it refused everything for longer than its timeout");
		policy_close(&policy);
		want_map_works();
	}
}

/* One grant, however late, and its time begins anew. */
BAD_TEST(ones_that_grant_now_and_then_are_not_ejected)
{
	struct policy policy = policy_open("books");
	struct ioasid_error error;
	unsigned int i, refused = 0;

	policy_set(&policy, "refuse_every", 2);
	policy_set_flags(&policy, POLICY_WATCHDOG);
	policy_set_timeout(&policy, 100);
	policy_start(&policy);
	for (i = 0; i < 20; i++) {
		refused += try_map(&error) == -EDQUOT;
		usleep(30000);
	}
	want(refused, 10);
	want_that(slot_has(POLICY_ACCOUNT, "books", "default"));
	policy_close(&policy);
}

/* The verifier does not take it, and says this. */
static void want_not_taken(const char *file, const char *why)
{
	static char said[65536];
	struct policy policy = policy_open(file);
	struct bpf_program *program;

	/* Level 4: what is wrong, and not each step that led there. */
	bpf_object__for_each_program(program, policy.object)
	{
		want(bpf_program__set_log_level(program, 4), 0);
		want(bpf_program__set_log_buf(program, said, sizeof(said)), 0);
	}
	want_that(policy_load(&policy) < 0);
	if (!strstr(said, why))
		fail("%s: no '%s' in '%s'", file, why, said);
	policy_close(&policy);
}

/* Loops: those that end are waited for, the verifier takes no others. */
BAD_TEST(loops_end_or_are_not_taken)
{
	struct policy policy = policy_open("account_slow");
	uint64_t times = kernel_is_debug() ? 1 << 16 : 1 << 23;

	policy_set(&policy, "times", times);
	policy_start(&policy);
	want_map_works();
	want(*(uint64_t *)policy_variable(&policy, "passes"), times);
	want_that(slot_has(POLICY_ACCOUNT, "account_slow", "default"));
	policy_close(&policy);
	want_not_taken("account_endless", "infinite loop detected");
	want_not_taken("account_long", "too complex");
	want_not_taken("account_writes", "a policy's arguments are for reading");
}

/* Its own books are its own: it refuses sooner than it should, and the ledger doesn't care. */
BAD_TEST(books_harm_only_the_policy)
{
	struct policy policy = policy_open("account_unbalanced");
	struct ioasid_error error;
	unsigned int i;

	policy_set(&policy, "most", 20);
	policy_start(&policy);
	for (i = 0; i < 10; i++)
		want(try_map(&error), 0);
	want(try_map(&error), -EDQUOT);
	want(error.used, 22 * PAGE);
	want(error.limit, 20 * PAGE);
	want(error.reason, IOASID_REASON_CGROUP);
	want_pinned(fd, 1, PAGE);
	want(audit().charged, PAGE);
	policy_close(&policy);
	want_exit(POLICY_ACCOUNT, "unbalanced", "unregistered", 0, "detached");
	want_map_works();
}

/* The hard limit holds whatever a policy grants. */
static void map_beyond_the_limit(void *arg)
{
	struct ioasid_error error = ERROR_INIT;
	struct ioasid_map map = {
		.flags = READ_WRITE,
		.va = ADDRESS(memory),
		.length = 5 * PAGE,
		.error = ADDRESS(&error),
	};

	(void)arg;
	fd = device_open();
	map.ioas_id = make_ioas(fd);
	become_user(USER_A, 4 * PAGE);
	want(map_call(fd, &map), -ENOMEM);
	want(strcmp(error.policy, "builtin"), 0);
	want(error.limit, 4 * PAGE);
	make_map(fd, map.ioas_id, memory, 4 * PAGE);
}

BAD_TEST(grants_do_not_lift_the_limit)
{
	struct policy policy = policy_open("books");
	uint64_t charges;

	policy_start(&policy);
	in_child(map_beyond_the_limit, NULL);
	charges = *(uint64_t *)policy_variable(&policy, "charges");
	want(charges, 1);
	policy_close(&policy);
}
