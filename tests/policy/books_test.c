// SPDX-License-Identifier: GPL-2.0-only
/*
 * Books: a policy that counts by itself what it is told of has, for each owner, exactly what the
 * ledger has; from the moment it takes over, whoever pins, unpins, takes over charges, asks without
 * pinning or is killed, and whatever policy was there before.
 *
 *	worker	a process that makes random calls, on a file of its own and on files that all share
 *	auditor	this process: starts and kills workers, and stops all to compare
 */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"
#include "module.h"
#include "policy.h"
#include "random.h"
#include "user.h"
#include "walk.h"

#define WORKERS 4
#define SHARED 2
#define PAGES 64
#define OWNERS 1024

/* As in books.bpf.c. */
struct owner {
	uint64_t cgroup;
	uint32_t tgid;
	uint32_t uid;
};

static struct shared {
	int fd;
	uint32_t ioas;
} shared[SHARED];

static pid_t workers[WORKERS];
static uint64_t from, workers_made, compared, adopted;
static struct policy walker;

/* Workers. */

static bool is_expected(int ret)
{
	switch (ret) {
	case 0:
	case -EAGAIN:
	case -EBUSY:
	case -EDQUOT:
	case -EEXIST:
	case -ENOENT:
	case -ENOSPC:
		return true;
	default:
		return false;
	}
}

static int dry_run(int fd, void *va, uint64_t length)
{
	struct ioasid_pin pin;

	return pin_call(fd, va, length, IOASID_PIN_WRITE | IOASID_PIN_DRY_RUN, &pin);
}

static int pin_and_unpin(int fd, void *va, uint64_t length)
{
	struct ioasid_pin pin;
	int ret = pin_call(fd, va, length, IOASID_PIN_WRITE, &pin);

	return ret ?: unpin(fd, pin.out_id, IOASID_UNPIN_DEFER);
}

static int act(struct rng *rng, const struct shared *at, char *memory)
{
	uint64_t first = rng_below(rng, PAGES);
	uint64_t length = (1 + rng_below(rng, PAGES - first)) * PAGE, iova;
	char *va = memory + first * PAGE;

	switch (rng_below(rng, 10)) {
	case 0:
		return change_owner(at->fd, NULL, NULL);
	case 1:
		return dry_run(at->fd, va, length);
	case 2:
		return pin_and_unpin(at->fd, va, length);
	case 3:
		return madvise(va, length, MADV_DONTNEED) ? -errno : 0;
	case 4 ... 5:
		return map_any(at->fd, at->ioas, va, length, READ_WRITE, &iova);
	case 6 ... 7:
		return map_at(at->fd, at->ioas, va, length, READ_WRITE, GIB + first * PAGE);
	default:
		return unmap(at->fd, at->ioas, rng_once_in(rng, 4) ? 0 : GIB + first * PAGE,
			     rng_once_in(rng, 4) ? 2 * GIB : length, NULL);
	}
}

static void work(void *arg)
{
	struct rng rng = rng_make(*(uint64_t *)arg);
	char *memory = anon(PAGES * PAGE);
	struct shared own = { .fd = device_open() };
	const struct shared *at;
	int ret;

	own.ioas = make_ioas(own.fd);
	if (rng_once_in(&rng, 3))
		become_user(USER_A, 4 * MIB);
	/* It never ends by itself; nor would it when the auditor fails. */
	want(prctl(PR_SET_PDEATHSIG, SIGKILL), 0);
	for (;;) {
		at = rng_once_in(&rng, 2) ? &own : &shared[rng_below(&rng, SHARED)];
		ret = act(&rng, at, memory);
		/* The limit of USER_A, and what it is told to take over may be beyond it. */
		if (!is_expected(ret) && ret != -ENOMEM)
			fail("a call says %d", ret);
	}
}

static void start_worker(unsigned int number)
{
	uint64_t own = from + ++workers_made;

	workers[number] = child_start(work, &own);
}

static void kill_worker(unsigned int number)
{
	int status;

	want(kill(workers[number], SIGKILL), 0);
	want(waitpid(workers[number], &status, 0), workers[number]);
	want_that(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void signal_all(int number)
{
	unsigned int i;
	int status;

	for (i = 0; i < WORKERS; i++)
		want(kill(workers[i], number), 0);
	for (i = 0; number == SIGSTOP && i < WORKERS; i++) {
		want(waitpid(workers[i], &status, WUNTRACED), workers[i]);
		want_that(WIFSTOPPED(status));
	}
}

/* The auditor. */

static int64_t in_books(const struct policy *policy, const struct owner *owner)
{
	int map = bpf_object__find_map_fd_by_name(policy->object, "books");
	int64_t pages;

	want_that(map >= 0);
	return bpf_map_lookup_elem(map, owner, &pages) ? 0 : pages;
}

static int64_t sum_of_books(const struct policy *policy)
{
	int map = bpf_object__find_map_fd_by_name(policy->object, "books");
	struct owner key, *before = NULL;
	int64_t sum = 0;

	while (!bpf_map_get_next_key(map, before, &key)) {
		int64_t pages = in_books(policy, &key);

		want_that(pages >= 0);
		sum += pages;
		before = &key;
	}
	return sum;
}

static uint32_t walk_owners(uint64_t (**rows)[FIELDS])
{
	struct bpf_program *program =
		bpf_object__find_program_by_name(walker.object, "walk_owners");
	LIBBPF_OPTS(bpf_test_run_opts, options);

	want(bpf_prog_test_run_opts(bpf_program__fd(program), &options), 0);
	*rows = policy_variable(&walker, "rows");
	return *(uint32_t *)policy_variable(&walker, "count");
}

/* Nobody is in a call: what the policy counted is what the ledger has, owner by owner. */
static void compare(const struct policy *policy)
{
	uint64_t(*rows)[FIELDS], sum = 0;
	uint32_t count = walk_owners(&rows), i, j;
	struct ioasid_audit now = audit();

	want_that(count < OWNERS);
	for (i = 0; i < count; i++) {
		struct owner owner = {
			.cgroup = rows[i][2],
			.tgid = (uint32_t)rows[i][0],
			.uid = (uint32_t)rows[i][1],
		};
		int64_t pages = 0;

		want(rows[i][4], rows[i][3]);
		for (j = 0; j < count; j++)
			if (rows[j][0] == rows[i][0] && rows[j][1] == rows[i][1] &&
			    rows[j][2] == rows[i][2])
				pages += rows[j][3];
		want(in_books(policy, &owner), pages);
		sum += rows[i][3];
	}
	want(sum_of_books(policy), sum);
	want(now.charged, sum * PAGE);
	want(now.in_flight, 0);
	want(*(uint64_t *)policy_variable(policy, "errors"), 0);
	compared++;
}

static struct policy open_books(uint64_t refuse_every)
{
	struct policy policy = policy_open("books");

	policy_set(&policy, "refuse_every", refuse_every);
	want(policy_load(&policy), 0);
	return policy;
}

static void let_work(struct rng *rng)
{
	unsigned int i, victim;

	for (i = 0; i < 2; i++) {
		usleep(rng_below(rng, 20000));
		victim = rng_below(rng, WORKERS);
		if (rng_once_in(rng, 2)) {
			kill_worker(victim);
			start_worker(victim);
		}
	}
}

static void stop_and_compare(const struct policy *policy)
{
	signal_all(SIGSTOP);
	compare(policy);
	signal_all(SIGCONT);
}

static void begin(void)
{
	unsigned int i;

	from = seed();
	context("SEED=%llu", (unsigned long long)from);
	want_nothing_left();
	walker = policy_open("walk");
	want(policy_load(&walker), 0);
	for (i = 0; i < SHARED; i++) {
		shared[i].fd = device_open();
		shared[i].ioas = make_ioas(shared[i].fd);
	}
	for (i = 0; i < WORKERS; i++)
		start_worker(i);
}

static void end(void)
{
	policy_close(&walker);
	want_builtin(POLICY_ACCOUNT);
	want_nothing_left();
	want_module_goes();
}

TEST_BETWEEN(begin, end, books, balance_whatever_happens)
{
	uint64_t i, rounds = runs(30, 6);
	struct rng rng = rng_make(from);
	struct policy policy, next;
	unsigned int j;

	for (i = 0; i < rounds; i++) {
		let_work(&rng);
		policy = open_books(rng_once_in(&rng, 2) ? 0 : 7);
		want(policy_attach(&policy), 0);
		stop_and_compare(&policy);
		let_work(&rng);
		stop_and_compare(&policy);

		next = open_books(rng_once_in(&rng, 2) ? 0 : 5);
		want(policy_swap(&next, &policy), 0);
		stop_and_compare(&next);
		let_work(&rng);
		stop_and_compare(&next);
		adopted += *(uint64_t *)policy_variable(&next, "adoptions");
		policy_close(&policy);
		if (i + 1 < rounds) {
			/* Workers that began meanwhile have the link, too. */
			want(bpf_link__detach(next.link), 0);
			want_builtin(POLICY_ACCOUNT);
			policy_close(&next);
		}
	}
	want_that(adopted > 0);
	/* All go: nothing is in the books that have seen the end. */
	for (j = 0; j < WORKERS; j++)
		kill_worker(j);
	/* A worker that was killed before its UNPIN has left a pin to the file. */
	for (j = 0; j < SHARED; j++) {
		want(unmap_all(shared[j].fd, shared[j].ioas, NULL), 0);
		want(close(shared[j].fd), 0);
	}
	/* What the killed ones left to the kernel goes a moment later. */
	for (i = 0; sum_of_books(&next) && i < 1000; i++)
		usleep(10000);
	compare(&next);
	want(sum_of_books(&next), 0);
	want(bpf_link__detach(next.link), 0);
	policy_close(&next);
}
