// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loaders: policies come, stand side by side or in each other's way, are swapped, and leave with
 * who brought them, by an operator, or all at once.
 */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"
#include "module.h"
#include "policy.h"

#define BPFFS "/sys/fs/bpf"

static int fd;
static uint32_t ioas;
static char *memory;

static void open_one(void)
{
	want_nothing_left();
	fd = device_open();
	ioas = make_ioas(fd);
	memory = anon(4 * PAGE);
}

static void close_one(void)
{
	want_builtin(POLICY_ACCOUNT);
	want_builtin(POLICY_PLACE);
	want(unmap_all(fd, ioas, NULL), 0);
	want(close(fd), 0);
	want_nothing_left();
	want_module_goes();
}

#define LOADER_TEST(name) TEST_BETWEEN(open_one, close_one, loader, name)

static uint64_t map_one(void)
{
	uint64_t iova = make_map(fd, ioas, memory, PAGE);

	want(unmap(fd, ioas, iova, PAGE, NULL), 0);
	return iova;
}

static struct policy window(const char *name, uint64_t from, uint64_t flags)
{
	struct policy policy = policy_open("place_window");

	policy_rename(&policy, name);
	policy_set(&policy, "from", from);
	policy_set_flags(&policy, flags);
	want(policy_load(&policy), 0);
	return policy;
}

/* One whose loader is killed. */

static struct gate ready;

static void load_and_wait(void *arg)
{
	struct policy account = policy_open("account_life"), place = policy_open("place_window");

	(void)arg;
	policy_start(&account);
	policy_set(&place, "from", GIB);
	policy_start(&place);
	gate_open(&ready);
	pause();
}

LOADER_TEST(that_is_killed_takes_its_policies_along)
{
	pid_t loader;
	int status;

	ready = gate_make();
	loader = child_start(load_and_wait, NULL);
	gate_wait(&ready);
	want_that(slot_has(POLICY_ACCOUNT, "account_life", "default"));
	want(map_one(), GIB);
	want(kill(loader, SIGKILL), 0);
	want(waitpid(loader, &status, 0), loader);
	want_builtin(POLICY_ACCOUNT);
	want_builtin(POLICY_PLACE);
	want_exit(POLICY_ACCOUNT, "account_life", "unregistered", 0, "detached");
	want_exit(POLICY_PLACE, "place_window", "unregistered", 0, "detached");
	want_that(map_one() < GIB);
}

/* What is pinned outlives its loader. */
static void load_and_pin(void *arg)
{
	struct policy place = policy_open("place_window");

	policy_set(&place, "from", GIB);
	policy_start(&place);
	want(bpf_link__pin(place.link, arg), 0);
}

LOADER_TEST(that_pins_leaves_its_policy_behind)
{
	char path[] = BPFFS "/pinned_place";

	in_child(load_and_pin, path);
	usleep(100000);
	want_that(slot_has(POLICY_PLACE, "place_window", "default"));
	want(map_one(), GIB);
	want(unlink(path), 0);
	want_builtin(POLICY_PLACE);
	want_exit(POLICY_PLACE, "place_window", "unregistered", 0, "detached");
}

LOADER_TEST(that_comes_second_is_refused)
{
	struct policy first = window("first", GIB, 0), second = window("second", 2 * GIB, 0);
	struct policy named = window("first", 3 * GIB, POLICY_NAMED);

	want(policy_attach(&first), 0);
	want(policy_attach(&second), -EBUSY);
	want(policy_attach(&named), -EEXIST);
	want(map_one(), GIB);
	policy_detach(&first);
	want(policy_attach(&second), 0);
	want(policy_attach(&named), 0);
	want(map_one(), 2 * GIB);
	policy_close(&named);
	policy_close(&second);
	policy_close(&first);
}

LOADER_TEST(of_named_policies_stand_side_by_side)
{
	struct policy by_default = window("usual", GIB, 0);
	struct policy a = window("a", 2 * GIB, POLICY_NAMED),
		      b = window("b", 3 * GIB, POLICY_NAMED);
	struct policy again = window("a", 4 * GIB, POLICY_NAMED);
	struct slot slot;

	want(policy_attach(&a), 0);
	want(policy_attach(&b), 0);
	want(policy_attach(&by_default), 0);
	want(policy_attach(&again), -EEXIST);
	slot = slot_read(POLICY_PLACE);
	want(slot.attached, 3);
	want(strcmp(slot.name, "usual"), 0);
	want_that(slot_has(POLICY_PLACE, "a", "named"));
	want_that(slot_has(POLICY_PLACE, "b", "named"));
	want_that(slot_has(POLICY_PLACE, "usual", "default"));
	want(map_one(), GIB);
	policy_close(&by_default);
	policy_close(&a);
	want_that(map_one() < GIB);
	policy_close(&b);
	policy_close(&again);
}

/* Swapped on the same link, in one step. */
LOADER_TEST(swaps_a_policy_for_another)
{
	struct policy first = window("first", GIB, 0), second = window("second", 2 * GIB, 0);
	struct policy named = window("named", 3 * GIB, POLICY_NAMED);
	struct policy a = window("a", 3 * GIB, POLICY_NAMED);

	want(policy_attach(&first), 0);
	want(map_one(), GIB);
	want(policy_swap(&second, &first), 0);
	want(map_one(), 2 * GIB);
	want(slot_read(POLICY_PLACE).attached, 1);
	want_exit(POLICY_PLACE, "first", "unregistered", 0, "replaced by another policy");
	/* By one that has the name of a third: not so. */
	want(policy_attach(&a), 0);
	policy_close(&named);
	named = window("a", 3 * GIB, POLICY_NAMED);
	want(bpf_link__update_map(second.link, named.map), -EEXIST);
	want(map_one(), 2 * GIB);
	/* A named one may become the default if there is none. */
	want(bpf_link__update_map(a.link, first.map), -EBUSY);
	policy_detach(&second);
	want(policy_swap(&first, &a), 0);
	want(map_one(), GIB);
	policy_close(&first);
	policy_close(&second);
	policy_close(&named);
	policy_close(&a);
}

/* By another of another kind: no. */
LOADER_TEST(does_not_swap_kinds)
{
	struct policy place = window("place", GIB, 0), account = policy_open("account_life");

	want(policy_load(&account), 0);
	want(policy_attach(&place), 0);
	want_that(bpf_link__update_map(place.link, account.map) < 0);
	want(map_one(), GIB);
	policy_close(&place);
	policy_close(&account);
}

/* init() and exit(). */

static uint32_t number_of(const struct policy *policy, const char *name)
{
	return *(uint32_t *)policy_variable(policy, name);
}

static void want_told(const struct policy *policy, enum exit_kind kind, int64_t code,
		      const char *text)
{
	want(number_of(policy, "exits"), 1);
	want(number_of(policy, "exit_kind"), kind);
	want(*(int64_t *)policy_variable(policy, "exit_code"), code);
	if (!strstr(policy_variable(policy, "exit_text"), text))
		fail("it was told '%s'", (char *)policy_variable(policy, "exit_text"));
}

static const char *const lives[POLICY_KINDS] = { "account_life", "place_life" };

LOADER_TEST(fails_as_init_does)
{
	static const struct {
		int64_t answer;
		int ret;
	} answers[] = {
		{ -EPERM, -EPERM }, { -ENODATA, -ENODATA },
		{ -EBUSY, -EBUSY }, { -4095, -4095 },
		{ 1, -EINVAL },	    { 0x7fffffff, -EINVAL },
		{ -4096, -EINVAL }, { -2147483648LL, -EINVAL },
	};
	enum policy_kind kind;
	struct policy policy;
	unsigned int i;
	struct slot before;

	for (kind = 0; kind < POLICY_KINDS; kind++) {
		policy = policy_open(lives[kind]);
		want(policy_load(&policy), 0);
		for (i = 0; i < ARRAY_SIZE(answers); i++) {
			context("%s, init() says %lld", lives[kind], (long long)answers[i].answer);
			before = slot_read(kind);
			policy_set(&policy, "init_answer", answers[i].answer);
			want(policy_attach(&policy), answers[i].ret);
			want(number_of(&policy, "inits"), i + 1);
			want(number_of(&policy, "exits"), 0);
			want_builtin(kind);
			want(strcmp(slot_read(kind).last_exit, before.last_exit), 0);
		}
		policy_close(&policy);
	}
}

LOADER_TEST(is_told_that_it_left)
{
	enum policy_kind kind;
	struct policy policy, other;

	for (kind = 0; kind < POLICY_KINDS; kind++) {
		policy = policy_open(lives[kind]);
		other = policy_open(lives[kind]);
		want(policy_load(&other), 0);
		policy_start(&policy);
		want(number_of(&policy, "inits"), 1);
		want(number_of(&policy, "exits"), 0);
		want(policy_swap(&other, &policy), 0);
		want_told(&policy, EXIT_UNREGISTERED, 0, "replaced by another policy");
		policy_detach(&other);
		want_told(&other, EXIT_UNREGISTERED, 0, "detached");
		want(*(char *)policy_variable(&other, "exit_dump"), 0);
		policy_close(&policy);
		policy_close(&other);
	}
}

/* exit() after an ejection: the same kind, code, text and dump as in sysfs. */
LOADER_TEST(is_told_why_it_was_ejected)
{
	struct policy policy = policy_open("account_life");

	policy_set(&policy, "answer", 4711);
	policy_start(&policy);
	map_one();
	want_builtin(POLICY_ACCOUNT);
	want_told(&policy, EXIT_ERRNO, 4711, "charge() returned none of");
	want_dump(POLICY_ACCOUNT, policy_variable(&policy, "exit_dump"));
	want_that(strstr(policy_variable(&policy, "exit_dump"), "pages=1 tgid="));
	policy_close(&policy);

	policy = policy_open("place_life"); /* chooses IOVA 0 */
	policy_start(&policy);
	map_one();
	want_builtin(POLICY_PLACE);
	want_told(&policy, EXIT_IOVA, 0, "unaligned or out of range");
	want_dump(POLICY_PLACE, policy_variable(&policy, "exit_dump"));
	policy_close(&policy);
}

/* The link of one that was ejected says so to who polls it. */
LOADER_TEST(hears_of_the_ejection)
{
	struct policy policy = policy_open("account_life");
	struct epoll_event event = { .events = EPOLLHUP };
	int poll = epoll_create1(EPOLL_CLOEXEC);

	policy_start(&policy);
	want(epoll_ctl(poll, EPOLL_CTL_ADD, bpf_link__fd(policy.link), &event), 0);
	want(epoll_wait(poll, &event, 1, 0), 0);
	want(sysfs_write("eject", "account_life it was in the way\n"), 0);
	want(epoll_wait(poll, &event, 1, 10000), 1);
	want(event.events, EPOLLHUP);
	want_told(&policy, EXIT_OPERATOR, 0, "it was in the way");
	want_exit(POLICY_ACCOUNT, "account_life", "operator", 0, "it was in the way");
	close(poll);
	policy_close(&policy);
}

/* Flags and names that make no sense. */

static int attach_with(const char *file, const char *name, uint64_t flags)
{
	struct policy policy = policy_open(file);
	int ret;

	if (name)
		policy_rename(&policy, name);
	policy_set_flags(&policy, flags);
	ret = policy_load(&policy);
	if (!ret)
		ret = policy_attach(&policy);
	policy_close(&policy);
	return ret;
}

LOADER_TEST(is_refused_with_flags_that_nobody_knows)
{
	unsigned int bit;

	want(attach_with("account_life", NULL, POLICY_WATCHDOG), 0);
	want(attach_with("place_window", NULL, POLICY_WATCHDOG), 0);
	want(attach_with("place_window", NULL, POLICY_WATCHDOG | POLICY_NAMED), 0);
	for (bit = 1; bit < 64; bit += 31) {
		context("flag %u", bit);
		want(attach_with("account_life", NULL, 1ULL << bit), -EINVAL);
		want(attach_with("place_window", NULL, 1ULL << bit), bit == 1 ? 0 : -EINVAL);
	}
}

LOADER_TEST(is_refused_with_a_name_that_is_none)
{
	static const char *const names[] = { "", "builtin", "a b", "sixteen_and_more" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		context("name '%s'", names[i]);
		want(attach_with("account_life", names[i], 0), -EINVAL);
	}
	want(attach_with("account_life", "Fifteen.is-fine", 0), 0);
}

/* The module stays while a policy is attached, and goes after that: close_one(). */
LOADER_TEST(keeps_the_module)
{
	struct policy policy = policy_open("account_life"), named = window("n", GIB, POLICY_NAMED);

	policy_start(&policy);
	want(policy_attach(&named), 0);
	want(unmap_all(fd, ioas, NULL), 0);
	want(close(fd), 0);
	want(module_remove(), -EAGAIN);
	policy_close(&policy);
	want(module_remove(), -EAGAIN);
	policy_close(&named);
	want_module_goes();
	fd = device_open();
	ioas = make_ioas(fd);
}

/* Operators. */

LOADER_TEST(sees_its_policy_ejected_by_an_operator)
{
	struct policy account = policy_open("account_life");
	struct policy place = window("p", GIB, 0), named = window("n", 2 * GIB, POLICY_NAMED);

	policy_start(&account);
	want(policy_attach(&place), 0);
	want(policy_attach(&named), 0);
	want(sysfs_write("eject", "nonsense"), -ENOENT);
	want(sysfs_write("eject", ""), 0); /* nothing is written at all */
	want(sysfs_write("eject", "\n"), -EINVAL);
	want(sysfs_write("eject", " why"), -EINVAL);
	want(sysfs_write("eject", "sixteen_and_more why"), -EINVAL);
	want(slot_read(POLICY_PLACE).attached, 2);

	want(sysfs_write("eject", "n so that it goes\n"), 0);
	want(map_one(), GIB);
	want_exit(POLICY_PLACE, "n", "operator", 0, "so that it goes");
	want(sysfs_write("eject", "place"), 0);
	want_that(map_one() < GIB);
	want_exit(POLICY_PLACE, "p", "operator", 0, "ejected by an operator");
	want(sysfs_write("eject", "account \ttab and \xff\n"), 0);
	want_exit(POLICY_ACCOUNT, "account_life", "operator", 0, "?tab and ?");
	want_builtin(POLICY_ACCOUNT);
	want_builtin(POLICY_PLACE);
	want(sysfs_write("eject", "account"), -ENOENT);
	want(sysfs_write("eject", "place"), -ENOENT);
	want_told(&account, EXIT_OPERATOR, 0, "?tab and ?");
	policy_close(&account);
	policy_close(&place);
	policy_close(&named);
}

LOADER_TEST(gets_none_in_while_they_are_switched_off)
{
	struct policy account = policy_open("account_life");
	struct policy place = window("p", GIB, 0), named = window("n", 2 * GIB, POLICY_NAMED);

	policy_start(&account);
	want(policy_attach(&place), 0);
	want(policy_attach(&named), 0);
	want(sysfs_write("builtin_only", "x"), -EINVAL);
	want(sysfs_write("builtin_only", "1"), 0);
	want_that(map_one() < GIB);
	want_builtin(POLICY_ACCOUNT);
	want_builtin(POLICY_PLACE);
	want_exit(POLICY_ACCOUNT, "account_life", "builtin_only", 0,
		  "all BPF policies were switched off");
	want_told(&account, EXIT_SYSFS, 0, "all BPF policies were switched off");
	policy_detach(&place);
	policy_detach(&named);
	policy_detach(&account);
	want(policy_attach(&place), -EPERM);
	want(policy_attach(&named), -EPERM);
	want(policy_attach(&account), -EPERM);
	want(sysfs_write("builtin_only", "0"), 0);
	want(policy_attach(&place), 0);
	want(map_one(), GIB);
	policy_close(&account);
	policy_close(&place);
	policy_close(&named);
}

/* The tracepoint tells of each coming and going. */

#define TRACING "/sys/kernel/tracing"
#define INSTANCE TRACING "/instances/ioasid-policy"

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	want_that(file);
	want(fputs(text, file) >= 0, 1);
	want(fclose(file), 0);
}

static void want_traced(const char *what)
{
	char line[1024];
	FILE *file = fopen(INSTANCE "/trace", "r");
	bool found = false;

	want_that(file);
	while (!found && fgets(line, sizeof(line), file))
		found = strstr(line, "ioasid_policy:") && strstr(line, what);
	fclose(file);
	if (!found)
		fail("no '%s' was traced", what);
}

LOADER_TEST(is_traced)
{
	struct policy policy = policy_open("account_life");

	want_that(!mkdir(INSTANCE, 0755) || errno == EEXIST);
	write_file(INSTANCE "/events/ioasid/ioasid_policy/enable", "1");
	policy_set(&policy, "answer", 4711);
	policy_start(&policy);
	map_one();
	want_builtin(POLICY_ACCOUNT);
	policy_close(&policy);
	write_file(INSTANCE "/events/ioasid/ioasid_policy/enable", "0");
	want_traced("kind=account policy=account_life action=attached exit=0 code=0 asked=0 "
		    "refused=0 text=\"\"");
	want_traced("kind=account policy=account_life action=ejected exit=2 code=4711 asked=1 "
		    "refused=0 text=\"charge() returned none of 0");
	want_traced("kind=account policy=account_life action=detached exit=2 code=4711 asked=1 "
		    "refused=0 text=\"charge() returned none of 0");
	want(rmdir(INSTANCE), 0);
}
