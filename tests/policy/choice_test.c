// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOASID_OPTION_PLACE_POLICY: an address space asks for a place policy by name, while it is there.
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
#include "module.h"
#include "policy.h"

static int fd;
static uint32_t ioas, other;
static char *memory;

static void open_one(void)
{
	want_nothing_left();
	fd = device_open();
	ioas = make_ioas(fd);
	other = make_ioas(fd);
	memory = anon(4 * PAGE);
}

static void close_one(void)
{
	want_builtin(POLICY_PLACE);
	want(close(fd), 0);
	want_nothing_left();
	want_module_goes();
}

#define CHOICE_TEST(name) TEST_BETWEEN(open_one, close_one, choice, name)

static struct policy start(const char *file, const char *name, const char *constant, uint64_t value,
			   uint64_t flags)
{
	struct policy policy = policy_open(file);

	policy_rename(&policy, name);
	policy_set(&policy, constant, value);
	policy_set_flags(&policy, flags);
	policy_start(&policy);
	return policy;
}

static struct policy window(const char *name, uint64_t from, uint64_t flags)
{
	return start("place_window", name, "from", from, flags);
}

static int choose(uint32_t id, const char *policy)
{
	char name[IOASID_NAME_LEN] = "";

	strncpy(name, policy, sizeof(name));
	return option_set(fd, IOASID_OPTION_PLACE_POLICY, id, ADDRESS(name));
}

static void want_chosen(uint32_t id, const char *policy)
{
	char name[IOASID_NAME_LEN];
	struct ioasid_option option = {
		.size = sizeof(option),
		.option = IOASID_OPTION_PLACE_POLICY,
		.id = id,
		.value = ADDRESS(name),
	};

	memset(name, 0xff, sizeof(name));
	want(call(fd, IOASID_OPTION, &option), 0);
	want(option.value, ADDRESS(name));
	if (strcmp(name, policy))
		fail("'%.16s' is chosen, not '%s'", name, policy);
}

/* Where a page goes now, and who decided; the GiB that it is in. */
static uint64_t goes_to(uint32_t id)
{
	uint64_t iova = make_map(fd, id, memory, PAGE);

	want(unmap(fd, id, iova, PAGE, NULL), 0);
	return iova / GIB;
}

CHOICE_TEST(is_the_default_at_first)
{
	want_chosen(ioas, "");
	want(choose(ioas, "nobody"), -ENOENT);
	want_chosen(ioas, "");
	want(choose(ioas, ""), 0);
	want_chosen(ioas, "");
	want(goes_to(ioas), 0);
}

CHOICE_TEST(is_of_one_address_space)
{
	struct policy named = window("named", 3 * GIB, POLICY_NAMED);

	want(goes_to(ioas), 0);
	want(choose(ioas, "named"), 0);
	want_chosen(ioas, "named");
	want_chosen(other, "");
	want(goes_to(ioas), 3);
	want(goes_to(other), 0);
	want(choose(ioas, ""), 0);
	want_chosen(ioas, "");
	want(goes_to(ioas), 0);
	policy_close(&named);
}

CHOICE_TEST(may_be_the_built_in_policy)
{
	struct policy by_default = window("usual", 2 * GIB, 0);

	want(goes_to(ioas), 2);
	want(choose(ioas, "builtin"), 0);
	want_chosen(ioas, "builtin");
	want(goes_to(ioas), 0);
	want(goes_to(other), 2);
	/* The default one by its name, too. */
	want(choose(ioas, "usual"), 0);
	want(goes_to(ioas), 2);
	policy_close(&by_default);
	want(goes_to(ioas), 0);
	want(choose(ioas, "builtin"), 0);
}

/* When it leaves, the default decides; when one of the name comes, that one does. */
CHOICE_TEST(outlives_the_policy)
{
	struct policy by_default = window("usual", 2 * GIB, 0);
	struct policy named = window("named", 3 * GIB, POLICY_NAMED);

	want(choose(ioas, "named"), 0);
	want(goes_to(ioas), 3);
	policy_close(&named);
	want_chosen(ioas, "named");
	want(goes_to(ioas), 2);
	want(choose(other, "named"), -ENOENT);
	named = window("named", 4 * GIB, POLICY_NAMED);
	want(goes_to(ioas), 4);
	want(goes_to(other), 2);
	policy_close(&by_default);
	want(goes_to(ioas), 4);
	want(goes_to(other), 0);
	policy_close(&named);
	want(goes_to(ioas), 0);
	/* One of the name that is the default. */
	named = window("named", 5 * GIB, 0);
	want(goes_to(ioas), 5);
	want(goes_to(other), 5);
	policy_close(&named);
}

CHOICE_TEST(of_a_bad_policy_ends_with_its_ejection)
{
	struct policy by_default = window("usual", 2 * GIB, 0);
	struct policy bad = start("place_fixed", "bad", "at", 4711, POLICY_NAMED);

	want(goes_to(other), 2);
	want(choose(ioas, "bad"), 0);
	want(goes_to(other), 2);
	want_that(slot_has(POLICY_PLACE, "bad", "named"));
	/* The call that finds out goes on under the built-in policy, the next asks the default. */
	want(goes_to(ioas), 0);
	want_exit(POLICY_PLACE, "bad", "invalid_iova", 4711, "unaligned or out of range");
	want(goes_to(ioas), 2);
	want(goes_to(other), 2);
	want_that(slot_has(POLICY_PLACE, "usual", "default"));
	policy_close(&bad);
	bad = start("place_errno", "bad", "error", -ENOSPC, POLICY_NAMED);
	want(make_map(fd, other, memory, PAGE) / GIB, 2);
	want(map_any(fd, ioas, memory, PAGE, READ_WRITE, &(uint64_t){ 0 }), -ENOSPC);
	policy_close(&bad);
	policy_close(&by_default);
}

/* Named policies have no say in how memory is cut, nor in what is mapped where it is told to go. */
CHOICE_TEST(does_not_cut_pins)
{
	struct policy cut = start("group_size", "cut", "bytes", PAGE, POLICY_NAMED);

	want(choose(ioas, "cut"), 0);
	make_map(fd, ioas, memory, 4 * PAGE);
	want(query_process(fd).pins, 1);
	want(slot_read(POLICY_PLACE).ejections, 0);
	policy_close(&cut);
	want(unmap_all(fd, ioas, NULL), 0);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, 7 * GIB), 0);
}

static int option_call(uint32_t flags, uint32_t id, uint64_t value)
{
	struct ioasid_option option = {
		.size = sizeof(option),
		.flags = flags,
		.option = IOASID_OPTION_PLACE_POLICY,
		.id = id,
		.value = value,
	};

	return call(fd, IOASID_OPTION, &option);
}

CHOICE_TEST(that_is_none_is_refused)
{
	char unending[IOASID_NAME_LEN], *edge = anon(PAGE), *nothing = reserve(PAGE, PAGE);
	char *locked = anon(PAGE);

	memset(unending, 'x', sizeof(unending));
	want(option_call(IOASID_OPTION_SET, ioas, ADDRESS(unending)), -EINVAL);
	want(option_call(IOASID_OPTION_SET, ioas, ADDRESS(nothing)), -EFAULT);
	want(option_call(IOASID_OPTION_SET, ioas, 0), -EFAULT);
	want(option_call(0, ioas, ADDRESS(nothing)), -EFAULT);
	want(option_call(0, ioas, 0), -EFAULT);
	want(option_call(IOASID_OPTION_SET, ioas, 1ULL << 63), -EFAULT);
	/* All 16 bytes are read, also of a shorter name. */
	want(munmap(edge, PAGE), 0);
	edge = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	want(munmap(edge + PAGE, PAGE), 0);
	want(option_call(IOASID_OPTION_SET, ioas, ADDRESS(edge + PAGE - 8)), -EFAULT);
	want(option_call(0, ioas, ADDRESS(edge + PAGE - 8)), -EFAULT);
	want(mprotect(locked, PAGE, PROT_READ), 0);
	want(option_call(0, ioas, ADDRESS(locked)), -EFAULT);

	want(choose(0, "builtin"), -ENOENT);
	want(choose(ioas + 4711, "builtin"), -ENOENT);
	want(choose(make_table(fd, ioas), "builtin"), -ENOENT);
	want(option_call(2, ioas, ADDRESS(unending)), -EOPNOTSUPP);
	want_chosen(ioas, "");
}
