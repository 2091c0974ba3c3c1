// SPDX-License-Identifier: GPL-2.0-only
/*
 * A storm: two threads attach, swap, detach and eject policies of both kinds, good ones and bad
 * ones, while four map and unmap. No map fails, and in the end everything is as it was.
 */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"
#include "module.h"
#include "policy.h"
#include "random.h"

#define CHANGERS 2
#define MAPPERS 4
#define PAGES 16

/**
 * struct hand - a policy that a changer attaches and takes away
 * @policy: loaded; its link while it is attached, or was and is ejected
 * @other: another of its kind, loaded, to swap it for
 */
struct hand {
	struct policy policy;
	struct policy other;
};

enum { ACCOUNT_GOOD, ACCOUNT_BAD, PLACE_GOOD, PLACE_BAD, PLACE_NAMED, HANDS };

static struct changer {
	unsigned int number;
	struct hand hands[HANDS];
	struct rng rng;
} changers[CHANGERS];

static int fd;
static uint32_t ioas;
static char *memory;
static uint64_t rounds, from;
static atomic_uint changers_left;
static atomic_ulong attached, swapped, ejected, mapped;

static struct policy load(const char *file, const char *constant, uint64_t value, const char *name,
			  unsigned int number, uint64_t flags)
{
	struct policy policy = policy_open(file);
	char full[IOASID_NAME_LEN];

	snprintf(full, sizeof(full), "%s%u", name, number);
	policy_rename(&policy, full);
	policy_set_flags(&policy, flags);
	policy_set(&policy, constant, value);
	want(policy_load(&policy), 0);
	return policy;
}

/* Both changers have policies of the same names. */
static void fill_hands(struct changer *changer)
{
	struct hand *hands = changer->hands;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct policy *to[HANDS];
		unsigned int hand;

		for (hand = 0; hand < HANDS; hand++)
			to[hand] = i ? &hands[hand].other : &hands[hand].policy;
		*to[ACCOUNT_GOOD] = load("books", "refuse_every", 0, "books", i, 0);
		*to[ACCOUNT_BAD] = load("account_errno", "error", 5, "errno", i, 0);
		*to[PLACE_GOOD] = load("place_window", "from", GIB << i, "window", i, 0);
		*to[PLACE_BAD] = load("place_fixed", "at", 4711, "fixed", i, 0);
		*to[PLACE_NAMED] = load("place_window", "from", 8 * GIB, "named", i, POLICY_NAMED);
	}
}

static bool is_one_of(int ret, const int *allowed)
{
	while (*allowed && *allowed != ret)
		allowed++;
	return ret == *allowed;
}

static void attach(struct hand *hand)
{
	static const int allowed[] = { -EBUSY, -EEXIST, -EPERM, 0 };
	struct bpf_link *link = bpf_map__attach_struct_ops(hand->policy.map);
	int ret = link ? 0 : -errno;

	if (!is_one_of(ret, allowed))
		fail("attach: %d", ret);
	hand->policy.link = link;
	attached += !ret;
}

static void swap(struct hand *hand)
{
	static const int allowed[] = { -EBUSY, -EEXIST, -EPERM, -ENOLINK, 0 };
	struct policy tmp;
	int ret = policy_swap(&hand->other, &hand->policy);

	if (!is_one_of(ret, allowed))
		fail("swap: %d", ret);
	if (ret)
		return;
	tmp = hand->policy;
	hand->policy = hand->other;
	hand->other = tmp;
	swapped++;
}

static void eject(struct rng *rng)
{
	static const char *const names[] = { "account", "place",  "books0 why not",
					     "window1", "named0", "errno0" };
	static const int allowed[] = { -ENOENT, 0 };
	int ret = sysfs_write("eject", names[rng_below(rng, ARRAY_SIZE(names))]);

	if (!is_one_of(ret, allowed))
		fail("eject: %d", ret);
	ejected += !ret;
}

static void change_once(struct changer *changer)
{
	struct hand *hand = &changer->hands[rng_below(&changer->rng, HANDS)];

	if (rng_once_in(&changer->rng, 6)) {
		eject(&changer->rng);
	} else if (rng_once_in(&changer->rng, 40)) {
		want(sysfs_write("builtin_only", "1"), 0);
		want(sysfs_write("builtin_only", "0"), 0);
	} else if (!hand->policy.link) {
		attach(hand);
	} else if (rng_once_in(&changer->rng, 2)) {
		swap(hand);
	} else {
		policy_detach(&hand->policy);
	}
}

static void change(struct changer *changer)
{
	unsigned int i;

	for (i = 0; i < rounds; i++)
		change_once(changer);
	for (i = 0; i < HANDS; i++)
		policy_detach(&changer->hands[i].policy);
	changers_left--;
}

static void map(unsigned int number)
{
	struct rng rng = rng_make(from + number);
	char *own = memory + number * PAGES * PAGE, name[IOASID_NAME_LEN] = "named0";
	uint32_t own_ioas = number % 2 ? make_ioas(fd) : ioas;
	uint64_t first, length, iova;
	int ret;

	while (changers_left) {
		first = rng_below(&rng, PAGES);
		length = (1 + rng_below(&rng, PAGES - first)) * PAGE;
		if (number % 2 && rng_once_in(&rng, 16)) {
			ret = option_set(fd, IOASID_OPTION_PLACE_POLICY, own_ioas, ADDRESS(name));
			want_that(ret == 0 || ret == -ENOENT);
		}
		iova = make_map(fd, own_ioas, own + first * PAGE, length);
		want(unmap(fd, own_ioas, iova, length, NULL), 0);
		mapped++;
	}
}

struct part {
	unsigned int number;
};

static void take_part(void *arg)
{
	unsigned int number = ((struct part *)arg)->number;

	if (number < CHANGERS)
		change(&changers[number]);
	else
		map(number - CHANGERS);
}

Test(storm, leaves_nothing_behind)
{
	struct part parts[CHANGERS + MAPPERS];
	struct ioasid_audit now;
	unsigned int i, hand;

	from = seed();
	context("SEED=%llu", (unsigned long long)from);
	want_nothing_left();
	rounds = runs(400, 40);
	fd = device_open();
	ioas = make_ioas(fd);
	make_table(fd, ioas);
	memory = anon(MAPPERS * PAGES * PAGE);
	for (i = 0; i < CHANGERS; i++) {
		changers[i].number = i;
		changers[i].rng = rng_make(from + 1000 + i);
		fill_hands(&changers[i]);
	}
	changers_left = CHANGERS;
	for (i = 0; i < ARRAY_SIZE(parts); i++)
		parts[i].number = i;
	in_threads(ARRAY_SIZE(parts), take_part, parts, sizeof(parts[0]));

	want_builtin(POLICY_ACCOUNT);
	want_builtin(POLICY_PLACE);
	fprintf(stderr, "%lu attached, %lu swapped, %lu ejected by hand, %lu maps\n", attached,
		swapped, ejected, mapped);
	want_that(attached && swapped && mapped);
	want_that(slot_read(POLICY_ACCOUNT).ejections && slot_read(POLICY_PLACE).ejections);
	now = audit();
	want(now.charged, 0);
	want(now.mapped, 0);
	want(now.in_flight, 0);
	want_pinned(fd, 0, 0);
	for (i = 0; i < CHANGERS; i++) {
		for (hand = 0; hand < HANDS; hand++) {
			policy_close(&changers[i].hands[hand].policy);
			policy_close(&changers[i].hands[hand].other);
		}
	}
	want(close(fd), 0);
	want_nothing_left();
	want_module_goes();
}
