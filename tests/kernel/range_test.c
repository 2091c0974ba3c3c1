// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOVAs: which there are, which are reserved, and where mappings are placed.
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

#define AT (4 * GIB)
#define END (~0ULL)
#define TABLE_END ((1ULL << 47) - 1)
#define MAX_RANGES 300
#define POISON 0x5a

static int fd;
static uint32_t ioas;
static char *memory;

static void open_one(void)
{
	fd = device_open();
	ioas = make_ioas(fd);
	memory = anon(16 * PAGE);
}

static void close_one(void)
{
	want(close(fd), 0);
	want_nothing_left();
}

#define RANGE_TEST(name) TEST_BETWEEN(open_one, close_one, range, name)

static struct ioasid_range pages_at(uint64_t iova, uint64_t pages)
{
	return (struct ioasid_range){ .start = iova, .last = iova + pages * PAGE - 1 };
}

/* These are the ranges, and what is too short for them is told how many there are. */
static void want_ranges_at(int line, const struct ioasid_range *expected, uint32_t n)
{
	struct ioasid_range ranges[MAX_RANGES];
	uint32_t count = n + 1, i;

	memset(ranges, POISON, sizeof(ranges));
	if (iova_ranges(fd, ioas, ranges, &count) || count != n)
		fail("line %d: %u ranges, not %u", line, count, n);
	for (i = 0; i < n; i++) {
		if (ranges[i].start != expected[i].start || ranges[i].last != expected[i].last)
			fail("line %d: range %u is 0x%llx-0x%llx, not 0x%llx-0x%llx", line, i,
			     ranges[i].start, ranges[i].last, expected[i].start, expected[i].last);
	}
	if (!n)
		return;
	memset(ranges, POISON, sizeof(ranges));
	count = n - 1;
	want(iova_ranges(fd, ioas, n > 1 ? ranges : NULL, &count), -EMSGSIZE);
	want(count, n);
	for (i = 0; i < n * sizeof(ranges[0]); i++)
		want(((char *)ranges)[i], POISON);
	want(iova_ranges(fd, ioas, ranges, &count), 0);
	want(count, n);
}

#define want_ranges(...)                                                    \
	do {                                                                \
		const struct ioasid_range expected_[] = { __VA_ARGS__ };    \
                                                                            \
		want_ranges_at(__LINE__, expected_, ARRAY_SIZE(expected_)); \
	} while (0)

static uint64_t want_placed(uint64_t pages, uint64_t first, uint64_t last)
{
	uint64_t iova = make_map(fd, ioas, memory, pages * PAGE);

	if (iova < first || iova + pages * PAGE - 1 > last)
		fail("placed at 0x%llx, not in 0x%llx-0x%llx", (unsigned long long)iova,
		     (unsigned long long)first, (unsigned long long)last);
	return iova;
}

static int place(uint64_t pages)
{
	uint64_t iova;

	return map_any(fd, ioas, memory, pages * PAGE, READ_WRITE, &iova);
}

RANGE_TEST(are_what_all_tables_reach)
{
	uint32_t table, second;

	want_ranges({ 0, END });
	table = make_table(fd, ioas);
	want_ranges({ 0, TABLE_END });
	second = make_table(fd, ioas);
	want_ranges({ 0, TABLE_END });
	want(destroy(fd, table), 0);
	want_ranges({ 0, TABLE_END });
	want(destroy(fd, second), 0);
	want_ranges({ 0, END });
	/* What is mapped doesn't matter. */
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT), 0);
	want_ranges({ 0, END });
}

RANGE_TEST(leave_out_what_is_reserved)
{
	uint32_t table;

	want(reserve_iovas(fd, ioas, AT, 2 * PAGE), 0);
	want_ranges({ 0, AT - 1 }, { AT + 2 * PAGE, END });
	want(reserve_iovas(fd, ioas, AT + 2 * PAGE, PAGE), 0);
	want_ranges({ 0, AT - 1 }, { AT + 3 * PAGE, END });
	want(reserve_iovas(fd, ioas, 0, PAGE), 0);
	want_ranges({ PAGE, AT - 1 }, { AT + 3 * PAGE, END });
	want(reserve_iovas(fd, ioas, -PAGE, PAGE), 0);
	want_ranges({ PAGE, AT - 1 }, { AT + 3 * PAGE, END - PAGE });
	table = make_table(fd, ioas);
	want_ranges({ PAGE, AT - 1 }, { AT + 3 * PAGE, TABLE_END });
	want(destroy(fd, table), 0);
	want(unreserve_iovas(fd, ioas, AT, 2 * PAGE), 0);
	want_ranges({ PAGE, AT + 2 * PAGE - 1 }, { AT + 3 * PAGE, END - PAGE });
	want(unreserve_iovas(fd, ioas, -PAGE, PAGE), 0);
	want(unreserve_iovas(fd, ioas, 0, PAGE), 0);
	want(unreserve_iovas(fd, ioas, AT + 2 * PAGE, PAGE), 0);
	want_ranges({ 0, END });
}

RANGE_TEST(may_be_none_at_all)
{
	uint32_t table, count = 0;

	want(reserve_iovas(fd, ioas, 0, -PAGE), 0);
	want_ranges({ -PAGE, END });
	want(reserve_iovas(fd, ioas, -PAGE, PAGE), 0);
	want(iova_ranges(fd, ioas, NULL, &count), 0);
	want(count, 0);
	table = make_table(fd, ioas);
	want(iova_ranges(fd, ioas, NULL, &count), 0);
	want(count, 0);
	want(place(1), -ENOSPC);
	want(destroy(fd, table), 0);
	/* An address space goes with its reservations. */
	want(destroy(fd, ioas), 0);
	ioas = make_ioas(fd);
	want_ranges({ 0, END });
}

/* Every second page of 512, which is more than an answer in one piece might hold. */
RANGE_TEST(may_be_many)
{
	struct ioasid_range expected[MAX_RANGES];
	unsigned int i;

	expected[0] = (struct ioasid_range){ 0, AT - 1 };
	for (i = 0; i < 256; i++) {
		want(reserve_iovas(fd, ioas, AT + 2 * i * PAGE, PAGE), 0);
		expected[i + 1] = pages_at(AT + (2 * i + 1) * PAGE, 1);
	}
	expected[256].last = END;
	want_ranges_at(__LINE__, expected, 257);
}

static void want_map_refused(uint64_t iova, uint64_t pages, int error)
{
	struct ioasid_error why = ERROR_INIT;
	struct counts before = counts(fd);
	struct ioasid_map map = {
		.flags = READ_WRITE | IOASID_MAP_FIXED,
		.ioas_id = ioas,
		.va = ADDRESS(memory),
		.length = pages * PAGE,
		.iova = iova,
		.error = ADDRESS(&why),
	};

	want(map_call(fd, &map), -error);
	want(why.stage, IOASID_STAGE_PLACE);
	want(why.code, error);
	want_unchanged(fd, &before);
}

RANGE_TEST(reserved_are_free_of_mappings)
{
	uint64_t gone;

	want(reserve_iovas(fd, ioas, AT, 4 * PAGE), 0);
	want_map_refused(AT, 1, EEXIST);
	want_map_refused(AT + 3 * PAGE, 1, EEXIST);
	want_map_refused(AT - PAGE, 2, EEXIST);
	want_map_refused(AT - PAGE, 6, EEXIST);
	want_map_refused(AT + 3 * PAGE, 2, EEXIST);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT - PAGE), 0);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT + 4 * PAGE), 0);
	want(copy_at(fd, ioas, AT + PAGE, ioas, AT - PAGE, PAGE, READ_WRITE), -EEXIST);
	/* Unmapping doesn't end a reservation; nothing is there for anybody. */
	want(unmap(fd, ioas, AT - PAGE, 6 * PAGE, &gone), 0);
	want(gone, 2 * PAGE);
	want(unmap_all(fd, ioas, &gone), 0);
	want(gone, 0);
	want(access_read(fd, ioas, AT, memory, 8, NULL), -ENOENT);
	want(query_ioas(fd, ioas).mappings, 0);
	want(query_ioas(fd, ioas).mapped, 0);
	want_map_refused(AT, 1, EEXIST);
	want(unreserve_iovas(fd, ioas, AT, 4 * PAGE), 0);
	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT), 0);
}

RANGE_TEST(in_use_cannot_be_reserved)
{
	struct ioasid_error why = ERROR_INIT;
	struct ioasid_reserve arg = {
		.size = sizeof(arg),
		.ioas_id = ioas,
		.iova = AT,
		.length = 3 * PAGE,
		.error = ADDRESS(&why),
	};
	struct counts before;

	want(map_at(fd, ioas, memory, 2 * PAGE, READ_WRITE, AT + 2 * PAGE), 0);
	want(reserve_iovas(fd, ioas, AT + 8 * PAGE, 2 * PAGE), 0);
	before = counts(fd);
	want(call(fd, IOASID_RESERVE, &arg), -EEXIST);
	want(why.code, EEXIST);
	want_that(why.stage != IOASID_STAGE_NONE);
	want(reserve_iovas(fd, ioas, AT + 3 * PAGE, 2 * PAGE), -EEXIST);
	want(reserve_iovas(fd, ioas, 0, -PAGE), -EEXIST);
	want(reserve_iovas(fd, ioas, AT + 8 * PAGE, 2 * PAGE), -EEXIST);
	want(reserve_iovas(fd, ioas, AT + 9 * PAGE, 2 * PAGE), -EEXIST);
	want_unchanged(fd, &before);
	want(reserve_iovas(fd, ioas, AT, 2 * PAGE), 0);
	want(reserve_iovas(fd, ioas, AT + 4 * PAGE, 4 * PAGE), 0);
	want_ranges({ 0, AT - 1 }, { AT + 2 * PAGE, AT + 4 * PAGE - 1 }, { AT + 10 * PAGE, END });
}

RANGE_TEST(reserved_end_exactly_as_they_began)
{
	want(reserve_iovas(fd, ioas, AT, 4 * PAGE), 0);
	want(reserve_iovas(fd, ioas, AT + 4 * PAGE, 4 * PAGE), 0);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT + 8 * PAGE), 0);
	want(unreserve_iovas(fd, ioas, AT, 3 * PAGE), -ENOENT);
	want(unreserve_iovas(fd, ioas, AT, 5 * PAGE), -ENOENT);
	want(unreserve_iovas(fd, ioas, AT + PAGE, 3 * PAGE), -ENOENT);
	want(unreserve_iovas(fd, ioas, AT, 8 * PAGE), -ENOENT);
	want(unreserve_iovas(fd, ioas, AT + 8 * PAGE, PAGE), -ENOENT);
	want(unreserve_iovas(fd, ioas, AT + 16 * PAGE, PAGE), -ENOENT);
	want(unreserve_iovas(fd, ioas, AT, 4 * PAGE), 0);
	want(unreserve_iovas(fd, ioas, AT, 4 * PAGE), -ENOENT);
	want(unreserve_iovas(fd, ioas, AT + 4 * PAGE, 4 * PAGE), 0);
	want_ranges({ 0, END });
	want(query_ioas(fd, ioas).mapped, PAGE);
}

RANGE_TEST(allowed_are_where_mappings_are_placed)
{
	const struct ioasid_range ranges[] = {
		pages_at(AT + 8 * PAGE, 3), pages_at(AT, 2), pages_at(0, 2), /* but never at 0 */
	};

	want(allow_iovas(fd, ioas, ranges, 3), 0);
	want_ranges({ 0, END });
	want_placed(3, AT + 8 * PAGE, AT + 11 * PAGE - 1);
	want(place(3), -ENOSPC);
	want_placed(2, AT, AT + 2 * PAGE - 1);
	want(place(2), -ENOSPC);
	want_placed(1, PAGE, 2 * PAGE - 1);
	want(place(1), -ENOSPC);
	/* A fixed one may go anywhere. */
	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT + 2 * PAGE), 0);
	want(unmap(fd, ioas, AT, 16 * PAGE, NULL), 0);
	want(map_at(fd, ioas, memory, 2 * PAGE, READ_WRITE, AT + 7 * PAGE), 0);
	want_placed(2, AT, AT + 11 * PAGE - 1);
	want_placed(2, AT, AT + 11 * PAGE - 1);
	want(place(1), -ENOSPC);
	want(query_ioas(fd, ioas).mapped, 7 * PAGE);
	/* Others instead; what is mapped stays mapped. */
	want(allow_iovas(fd, ioas, (struct ioasid_range[]){ pages_at(AT + GIB, 1) }, 1), 0);
	want_placed(1, AT + GIB, AT + GIB + PAGE - 1);
	want(place(1), -ENOSPC);
	want(query_ioas(fd, ioas).mapped, 8 * PAGE);
	want(allow_iovas(fd, ioas, NULL, 0), 0);
	want(place(1), 0);
}

RANGE_TEST(allowed_keep_room_for_large_entries)
{
	const struct ioasid_range range = { AT + PAGE, AT + 3 * HUGE_2M - 1 };
	char *huge = thp(HUGE_2M);
	uint64_t iova;

	want(allow_iovas(fd, ioas, &range, 1), 0);
	want(map_any(fd, ioas, huge, HUGE_2M, READ_WRITE, &iova), 0);
	want(iova % HUGE_2M, 0);
	want_that(iova == AT + HUGE_2M || iova == AT + 2 * HUGE_2M);
	want(map_any(fd, ioas, huge, HUGE_2M, READ_WRITE, &iova), 0);
	want(iova % HUGE_2M, 0);
	/* What is left is too short by a page. */
	want(map_any(fd, ioas, huge, HUGE_2M, READ_WRITE, &iova), -ENOSPC);
}

/* Refused, and what was allowed before is allowed still: exactly two pages. */
static void want_not_allowed(const struct ioasid_range *ranges, uint32_t n, int error)
{
	struct ioasid_error why = ERROR_INIT;
	struct ioasid_allow_iovas arg = {
		.size = sizeof(arg),
		.ioas_id = ioas,
		.count = n,
		.ranges = ADDRESS(ranges),
		.error = ADDRESS(&why),
	};
	uint64_t iova;

	want(call(fd, IOASID_ALLOW_IOVAS, &arg), -error);
	want(why.code, error);
	want_that(why.stage != IOASID_STAGE_NONE);
	iova = want_placed(2, AT, AT + 2 * PAGE - 1);
	want(place(1), -ENOSPC);
	want(unmap(fd, ioas, iova, 2 * PAGE, NULL), 0);
}

#define NOT_ALLOWED(error, ...)                                        \
	do {                                                           \
		const struct ioasid_range ranges_[] = { __VA_ARGS__ }; \
                                                                       \
		context("allow " #__VA_ARGS__);                        \
		want_not_allowed(ranges_, ARRAY_SIZE(ranges_), error); \
	} while (0)

RANGE_TEST(allowed_must_make_sense)
{
	struct ioasid_range many[IOASID_ALLOW_MAX + 1];
	const struct ioasid_range two = pages_at(AT, 2);
	uint32_t table;
	unsigned int i;

	want(allow_iovas(fd, ioas, &two, 1), 0);
	NOT_ALLOWED(EINVAL, { PAGE + 1, 2 * PAGE - 1 });
	NOT_ALLOWED(EINVAL, { PAGE, 2 * PAGE });
	NOT_ALLOWED(EINVAL, { PAGE, 2 * PAGE - 2 });
	NOT_ALLOWED(EINVAL, { 2 * PAGE, 2 * PAGE - 1 });
	NOT_ALLOWED(EINVAL, { 2 * PAGE, PAGE - 1 });
	NOT_ALLOWED(EINVAL, { PAGE, 3 * PAGE - 1 }, { 2 * PAGE, 4 * PAGE - 1 });
	NOT_ALLOWED(EINVAL, { 8 * PAGE, 9 * PAGE - 1 }, { PAGE, 2 * PAGE - 1 }, { 0, END });
	NOT_ALLOWED(EINVAL, { PAGE, 2 * PAGE - 1 }, { PAGE, 2 * PAGE - 1 });
	for (i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = pages_at((1000 - 2 * i) * PAGE, 1);
	want_not_allowed(many, ARRAY_SIZE(many), EINVAL);
	want_not_allowed(NULL, 1, EFAULT);
	want_not_allowed((void *)-PAGE, 1, EFAULT);

	want(reserve_iovas(fd, ioas, 64 * PAGE, 4 * PAGE), 0);
	NOT_ALLOWED(EEXIST, { 0, 64 * PAGE - 1 }, { 67 * PAGE, 100 * PAGE - 1 });
	NOT_ALLOWED(EEXIST, { 60 * PAGE, 65 * PAGE - 1 });
	NOT_ALLOWED(EEXIST, { 0, END });
	table = make_table(fd, ioas);
	NOT_ALLOWED(ERANGE, { 0, PAGE - 1 }, { TABLE_END + 1, TABLE_END + PAGE });
	NOT_ALLOWED(ERANGE, { TABLE_END - PAGE + 1, TABLE_END + PAGE });
	want(allow_iovas(fd, ioas, (struct ioasid_range[]){ { TABLE_END - PAGE + 1, TABLE_END } },
			 1),
	     0);
	want_placed(1, TABLE_END - PAGE + 1, TABLE_END);
	want(destroy(fd, table), 0);
	want(unreserve_iovas(fd, ioas, 64 * PAGE, 4 * PAGE), 0);

	/* As many as there may be; each is used. */
	want(allow_iovas(fd, ioas, many, IOASID_ALLOW_MAX), 0);
	want(place(2), -ENOSPC);
	for (i = 0; i < IOASID_ALLOW_MAX; i++)
		want_placed(1, many[IOASID_ALLOW_MAX - 1].start, many[0].last);
	want(place(1), -ENOSPC);
	want(allow_iovas(fd, ioas, (struct ioasid_range[]){ { 0, END } }, 1), 0);
}

RANGE_TEST(allowed_stay_usable)
{
	const struct ioasid_range ranges[] = { pages_at(AT, 2), pages_at(1ULL << 47, 1) };
	struct counts before;
	uint32_t table;

	want(allow_iovas(fd, ioas, ranges, 2), 0);
	before = counts(fd);
	want(reserve_iovas(fd, ioas, AT, PAGE), -EBUSY);
	want(reserve_iovas(fd, ioas, AT - PAGE, 2 * PAGE), -EBUSY);
	want(reserve_iovas(fd, ioas, AT + PAGE, GIB), -EBUSY);
	want(reserve_iovas(fd, ioas, 1ULL << 47, PAGE), -EBUSY);
	want(table_call(fd, ioas, &table), -EBUSY);
	want_unchanged(fd, &before);
	want_ranges({ 0, END });
	want(reserve_iovas(fd, ioas, AT - PAGE, PAGE), 0);
	want(reserve_iovas(fd, ioas, AT + 2 * PAGE, PAGE), 0);
	want(allow_iovas(fd, ioas, ranges, 1), 0);
	want(table_call(fd, ioas, &table), 0);
	want(reserve_iovas(fd, ioas, AT, PAGE), -EBUSY);
	want(allow_iovas(fd, ioas, NULL, 0), 0);
	want(reserve_iovas(fd, ioas, AT, PAGE), 0);
}

/*
 * At random, against an array. All but a window is reserved, so that all that happens, happens in
 * there.
 */
#define WINDOW 256
#define WINDOW_AT AT
#define ALLOWED 6

struct reservation {
	unsigned int first;
	unsigned int pages; /* 0: free entry */
};

static struct {
	struct rng rng;
	uint32_t pin;
	uint32_t table;
	bool mapped[WINDOW];
	bool reserved[WINDOW];
	bool allowed[WINDOW];
	unsigned int allowed_ranges; /* 0: everywhere */
	struct reservation reservations[WINDOW];
} m;

static unsigned int below(unsigned int limit)
{
	return rng_below(&m.rng, limit);
}

static uint64_t iova_of(unsigned int page)
{
	return WINDOW_AT + page * PAGE;
}

static void some_pages(unsigned int *first, unsigned int *pages)
{
	unsigned int most = below(4) ? 8 : 64;

	*pages = 1 + below(most);
	*first = below(WINDOW - *pages + 1);
}

static unsigned int count_in(const bool *set, unsigned int first, unsigned int pages)
{
	unsigned int n = 0, i;

	for (i = first; i < first + pages; i++)
		n += set[i];
	return n;
}

static void set_all(bool *set, unsigned int first, unsigned int pages, bool value)
{
	memset(set + first, value, pages * sizeof(*set));
}

static struct reservation *reservation_of(unsigned int first, unsigned int pages)
{
	unsigned int i;

	for (i = 0; i < WINDOW; i++) {
		if (m.reservations[i].pages == pages &&
		    (!pages || m.reservations[i].first == first))
			return &m.reservations[i];
	}
	return NULL;
}

static void random_reserve(void)
{
	unsigned int first, pages;
	bool in_use, allowed;
	int ret;

	some_pages(&first, &pages);
	in_use = count_in(m.mapped, first, pages) || count_in(m.reserved, first, pages);
	allowed = m.allowed_ranges && count_in(m.allowed, first, pages);
	ret = reserve_iovas(fd, ioas, iova_of(first), pages * PAGE);
	if (in_use && allowed) {
		want_that(ret == -EEXIST || ret == -EBUSY);
		return;
	}
	want(ret, in_use ? -EEXIST : allowed ? -EBUSY : 0);
	if (ret)
		return;
	set_all(m.reserved, first, pages, true);
	*reservation_of(0, 0) = (struct reservation){ first, pages };
}

static void random_undo(void)
{
	struct reservation *one = &m.reservations[below(WINDOW)];
	unsigned int first = one->first, pages = one->pages;

	if (!pages || !below(4))
		some_pages(&first, &pages);
	one = reservation_of(first, pages);
	want(unreserve_iovas(fd, ioas, iova_of(first), pages * PAGE), one ? 0 : -ENOENT);
	if (!one)
		return;
	set_all(m.reserved, first, pages, false);
	one->pages = 0;
}

static bool may_be_placed(unsigned int page)
{
	return !m.mapped[page] && !m.reserved[page] && (!m.allowed_ranges || m.allowed[page]);
}

static unsigned int longest_place(void)
{
	unsigned int longest = 0, run = 0, i;

	for (i = 0; i < WINDOW; i++) {
		run = may_be_placed(i) ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest;
}

static void random_place(void)
{
	unsigned int first, pages, i;
	struct ioasid_map map = { .flags = READ_WRITE | IOASID_MAP_PIN,
				  .ioas_id = ioas,
				  .pin_id = m.pin };

	some_pages(&first, &pages);
	map.length = pages * PAGE;
	if (pages > longest_place()) {
		want(map_call(fd, &map), -ENOSPC);
		return;
	}
	want(map_call(fd, &map), 0);
	want_that(map.iova >= WINDOW_AT && map.iova + map.length <= iova_of(WINDOW));
	want(map.iova % PAGE, 0);
	first = (map.iova - WINDOW_AT) / PAGE;
	for (i = first; i < first + pages; i++) {
		if (!may_be_placed(i))
			fail("%u pages were placed at %u, and may not be at %u", pages, first, i);
	}
	set_all(m.mapped, first, pages, true);
}

static void random_fix(void)
{
	unsigned int first, pages;
	bool in_use;

	some_pages(&first, &pages);
	in_use = count_in(m.mapped, first, pages) || count_in(m.reserved, first, pages);
	want(map_pin_at(fd, ioas, m.pin, first * PAGE, pages * PAGE, READ_WRITE, iova_of(first)),
	     in_use ? -EEXIST : 0);
	if (!in_use)
		set_all(m.mapped, first, pages, true);
}

static void random_unmap(void)
{
	unsigned int first, pages;
	uint64_t gone;

	some_pages(&first, &pages);
	want(unmap(fd, ioas, iova_of(first), pages * PAGE, &gone), 0);
	want(gone, count_in(m.mapped, first, pages) * PAGE);
	set_all(m.mapped, first, pages, false);
}

/* Ranges with a page at least between them, in any order. */
static void random_allow(void)
{
	struct ioasid_range ranges[ALLOWED], other;
	unsigned int n = below(ALLOWED + 1), first = 0, i, j;
	bool allowed[WINDOW] = {};

	for (i = 0; i < n; i++) {
		unsigned int pages = 1 + below(WINDOW / ALLOWED / 2);

		first += 1 + below(WINDOW / ALLOWED / 2 - 1);
		ranges[i] = pages_at(iova_of(first), pages);
		set_all(allowed, first, pages, true);
		first += pages;
	}
	for (i = 0; i < n; i++) {
		j = below(n);
		other = ranges[i];
		ranges[i] = ranges[j];
		ranges[j] = other;
	}
	for (i = 0; i < WINDOW && !(allowed[i] && m.reserved[i]); i++)
		;
	want(allow_iovas(fd, ioas, ranges, n), i < WINDOW ? -EEXIST : 0);
	if (i < WINDOW)
		return;
	memcpy(m.allowed, allowed, sizeof(allowed));
	m.allowed_ranges = n;
}

static void random_table(void)
{
	if (m.table)
		want(destroy(fd, m.table), 0);
	m.table = m.table ? 0 : make_table(fd, ioas);
}

static void want_model_ranges(void)
{
	struct ioasid_range expected[WINDOW];
	unsigned int n = 0, i;

	for (i = 0; i < WINDOW; i++) {
		if (m.reserved[i])
			continue;
		if (n && expected[n - 1].last + 1 == iova_of(i))
			expected[n - 1].last += PAGE;
		else
			expected[n++] = pages_at(iova_of(i), 1);
	}
	want_ranges_at(__LINE__, expected, n);
}

static void random_step(void)
{
	switch (below(16)) {
	case 0 ... 2:
		return random_reserve();
	case 3 ... 5:
		return random_undo();
	case 6 ... 8:
		return random_place();
	case 9 ... 10:
		return random_fix();
	case 11 ... 13:
		return random_unmap();
	case 14:
		return random_allow();
	case 15:
		return random_table();
	}
}

RANGE_TEST(agree_with_a_model)
{
	uint64_t from = seed(), n = steps(20000, 2000), i;

	m.rng = rng_make(from);
	m.pin = make_pin(fd, anon(WINDOW * PAGE), WINDOW * PAGE);
	want(reserve_iovas(fd, ioas, 0, WINDOW_AT), 0);
	want(reserve_iovas(fd, ioas, iova_of(WINDOW), -iova_of(WINDOW)), 0);
	for (i = 0; i < n; i++) {
		context("SEED=%llu, step %llu", (unsigned long long)from, (unsigned long long)i);
		random_step();
		want_model_ranges();
		want(query_ioas(fd, ioas).mapped, count_in(m.mapped, 0, WINDOW) * PAGE);
		if (i % 256 == 0)
			audit();
	}
}
