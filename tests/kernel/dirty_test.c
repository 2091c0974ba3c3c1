// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was written through a table: each read tells exactly that, in every format, against an array
 * of pages.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "format.h"
#include "memory.h"
#include "random.h"

#define AT (4 * GIB)
#define KIB 1024ULL
/* Pages that the model knows, from AT on. */
#define WINDOW 1024
#define ALL (WINDOW * PAGE)
#define KEEP IOASID_DIRTY_KEEP

/**
 * struct model - a table, and what has to be dirty in it
 * @id: the table
 * @left: of each page, bytes to the end of its entry; 0 where nothing is mapped
 * @dirty: by page
 */
struct model {
	uint32_t id;
	uint64_t left[WINDOW];
	bool dirty[WINDOW];
};

static int fd;
static uint32_t ioas;
static struct model models[FORMATS];
/* The longest bitmap: a bit for each byte of all pages; and something behind it. */
static uint64_t bitmap[ALL / 64 + 2], expected[ALL / 64 + 2];

static void open_one(void)
{
	uint32_t i;

	fd = device_open();
	ioas = make_ioas(fd);
	for (i = 0; i < FORMATS; i++) {
		memset(&models[i], 0, sizeof(models[i]));
		models[i].id = make_format_table(fd, ioas, i, IOASID_TABLE_ALLOC_TRACK);
		want(dirty_switch(fd, models[i].id, IOASID_DIRTY_START), 0);
	}
}

static void close_one(void)
{
	want(close(fd), 0);
	want_nothing_left();
}

#define DIRTY_TEST(name) TEST_BETWEEN(open_one, close_one, dirty, name)
#define each_model(model) (model = models; model < models + FORMATS; model++)

/* Look which entries there are. What isn't mapped any more is not dirty. */
static void learn(void)
{
	struct ioasid_translate entry;
	struct model *model;
	unsigned int page;
	int ret;

	for
		each_model(model)
		{
			for (page = 0; page < WINDOW; page++) {
				ret = translate(fd, model->id, AT + page * PAGE, 0, &entry);
				want_that(!ret || ret == -ENOENT);
				model->left[page] = ret ? 0 : entry.out_length;
				model->dirty[page] &= !ret;
			}
		}
}

/* The pages of the entry that a page belongs to. */
static void entry_of(const struct model *model, unsigned int page, unsigned int *first,
		     unsigned int *last)
{
	for (*first = page; *first && model->left[*first - 1] > PAGE; --*first)
		;
	*last = page + model->left[page] / PAGE - 1;
}

static void set_entry(struct model *model, unsigned int page, bool dirty)
{
	unsigned int first, last;

	entry_of(model, page, &first, &last);
	memset(&model->dirty[first], dirty, last - first + 1);
}

static void write_at(uint64_t offset, uint64_t length)
{
	static char data[64 * PAGE];
	struct model *model;
	unsigned int page;

	want(access_write(fd, ioas, AT + offset, data, length, NULL), 0);
	for
		each_model(model) for (page = offset / PAGE; page <= (offset + length - 1) / PAGE;
				       page++) set_entry(model, page, true);
}

static void set_bits(uint64_t *bits, uint64_t first, uint64_t last)
{
	for (; first <= last; first++)
		bits[first / 64] |= 1ULL << first % 64;
}

/* What a read adds to the bitmap; returns how many bytes of the range are dirty. */
static uint64_t expect(const struct model *model, uint64_t iova, uint64_t length, uint64_t granule)
{
	uint64_t first, last, dirty = 0;
	unsigned int page;

	for (page = 0; page < WINDOW; page++) {
		first = AT + page * PAGE;
		last = first + PAGE - 1;
		if (!model->dirty[page] || last < iova || first - iova >= length)
			continue;
		set_bits(expected, (first - iova) / granule, (last - iova) / granule);
		dirty += PAGE;
	}
	return dirty;
}

static void want_read(struct model *model, uint32_t flags, uint64_t iova, uint64_t length,
		      uint64_t granule)
{
	uint64_t words = ((length - 1) / granule) / 64 + 1, dirty, should, i;
	unsigned int page;

	/* Bits that are there already stay; so does what is behind. */
	for (i = 0; i < words + 2; i++)
		bitmap[i] = expected[i] = i % 3 ? 0 : 0x8000100000000001 << i % 7;
	should = expect(model, iova, length, granule);
	want(dirty_read(fd, model->id, flags, iova, length, granule, bitmap, &dirty), 0);
	for (i = 0; i < words + 2; i++)
		if (bitmap[i] != expected[i])
			fail("%s: 0x%llx bytes from 0x%llx, granule 0x%llx: word %llu is 0x%llx, "
			     "not 0x%llx",
			     formats[model - models].name, (unsigned long long)length,
			     (unsigned long long)iova, (unsigned long long)granule,
			     (unsigned long long)i, (unsigned long long)bitmap[i],
			     (unsigned long long)expected[i]);
	if (dirty != should)
		fail("%s: %llu bytes are dirty, not %llu", formats[model - models].name,
		     (unsigned long long)dirty, (unsigned long long)should);
	for (page = 0; page < WINDOW && !(flags & KEEP); page++)
		if (model->dirty[page] && AT + page * PAGE - iova < length)
			set_entry(model, page, false);
}

static void want_all_read(uint32_t flags, uint64_t iova, uint64_t length, uint64_t granule)
{
	struct model *model;

	for
		each_model(model) want_read(model, flags, iova, length, granule);
}

/* 64 pages, each with an entry of its own, of which some are written. */
static const unsigned int written[] = { 0, 1, 5, 16, 17, 18, 31, 47, 62, 63 };

static void map_small(void)
{
	want(unmap_all(fd, ioas, NULL), 0);
	want(map_at(fd, ioas, anon(64 * PAGE), 64 * PAGE, READ_WRITE, AT), 0);
	learn();
}

static void write_some(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(written); i++)
		write_at(written[i] * PAGE + i * 100, 1 + i);
}

/* Large entries for none of them: the option wants neither tables or nothing mapped. */
static void only_small(void)
{
	uint32_t i;

	for (i = 0; i < FORMATS; i++)
		want(destroy(fd, models[i].id), 0);
	want(option_set(fd, IOASID_OPTION_LARGE_ENTRIES, ioas, 0), 0);
	for (i = 0; i < FORMATS; i++) {
		models[i].id = make_format_table(fd, ioas, i, IOASID_TABLE_ALLOC_TRACK);
		want(dirty_switch(fd, models[i].id, IOASID_DIRTY_START), 0);
	}
}

static int refused(uint32_t table, uint32_t op, uint32_t stage, uint32_t reason)
{
	struct ioasid_error error = ERROR_INIT;
	struct ioasid_dirty arg = {
		.size = sizeof(arg), .op = op, .table_id = table, .error = ADDRESS(&error)
	};
	int ret;

	if (op == IOASID_DIRTY_READ) {
		arg.iova = AT;
		arg.length = arg.granule = PAGE;
		arg.bitmap = ADDRESS(bitmap);
	}
	ret = call(fd, IOASID_DIRTY, &arg);
	want(error.stage, stage);
	want(error.reason, reason);
	want(error.code, -ret);
	return ret;
}

DIRTY_TEST(is_begun_once_and_ended_once)
{
	uint32_t id = models[0].id, i;

	for (i = 0; i < 3; i++) {
		want(refused(id, IOASID_DIRTY_START, IOASID_STAGE_USE, 0), -EBUSY);
		want(dirty_switch(fd, id, IOASID_DIRTY_STOP), 0);
		want(refused(id, IOASID_DIRTY_STOP, IOASID_STAGE_USE, 0), -EBUSY);
		want(refused(id, IOASID_DIRTY_READ, IOASID_STAGE_USE, 0), -EBUSY);
		want(dirty_switch(fd, id, IOASID_DIRTY_START), 0);
		want_read(&models[0], 0, AT, PAGE, PAGE);
	}
	for (i = 0; i < FORMATS; i++) {
		uint32_t plain = make_format_table(fd, ioas, i, 0), op;

		for (op = IOASID_DIRTY_START; op <= IOASID_DIRTY_READ; op++)
			want(refused(plain, op, IOASID_STAGE_TABLE, IOASID_REASON_TRACK),
			     -EOPNOTSUPP);
	}
	want(dirty_switch(fd, ioas, IOASID_DIRTY_START), -ENOENT);
	want(dirty_switch(fd, 0, IOASID_DIRTY_STOP), -ENOENT);
}

DIRTY_TEST(bad_arguments_make_nothing_clean)
{
	const struct {
		int ret;
		uint32_t flags;
		uint64_t iova, length, granule, shift;
	} rows[] = {
		{ -EINVAL, 0, AT, ALL, 0, 0 },
		{ -EINVAL, 0, AT, ALL, 3, 0 },
		{ -EINVAL, 0, AT, ALL, PAGE + 1, 0 },
		{ -EINVAL, 0, AT, ALL, PAGE, 1 },
		{ -EINVAL, 0, AT, ALL, PAGE, 4 },
		{ -EINVAL, 0, AT + 1, ALL, PAGE, 0 },
		{ -EINVAL, 0, AT, ALL + 512, PAGE, 0 },
		{ -EINVAL, 0, AT, 0, PAGE, 0 },
		{ -EOVERFLOW, 0, -PAGE, 2 * PAGE, PAGE, 0 },
		{ -EOPNOTSUPP, 2, AT, ALL, PAGE, 0 },
	};
	size_t i;

	map_small();
	write_some();
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		char *at = (char *)bitmap + rows[i].shift;

		context("row %zu", i);
		want(dirty_read(fd, models[0].id, rows[i].flags, rows[i].iova, rows[i].length,
				rows[i].granule, (uint64_t *)at, NULL),
		     rows[i].ret);
		want_all_read(KEEP, AT, ALL, PAGE);
	}
}

/* Every granule, and ranges that begin and end at, before and in the middle of what is mapped. */
DIRTY_TEST(each_granule_has_its_bit)
{
	static const uint64_t ranges[][2] = {
		{ 0, 64 }, { 0, 1 },   { 1, 1 },  { 2, 3 },
		{ 1, 46 }, { 17, 47 }, { 63, 1 }, { 60, 200 },
	};
	unsigned int shift;
	size_t i;

	only_small();
	map_small();
	write_some();
	for (shift = 0; shift < 64; shift++)
		for (i = 0; i < ARRAY_SIZE(ranges); i++)
			want_all_read(KEEP, AT + ranges[i][0] * PAGE, ranges[i][1] * PAGE,
				      1ULL << shift);
	/* From before it, so that bits are anywhere in a word; and of all that there is. */
	for (shift = 9; shift < 64; shift++)
		for (i = 0; i < 70; i += kernel_is_debug() ? 23 : 3)
			want_all_read(KEEP, AT - i * PAGE, (i + 40) * PAGE, 1ULL << shift);
	for (shift = 44; shift < 64; shift++)
		want_all_read(KEEP, 0, -PAGE, 1ULL << shift);
	/* Several parts: more bits than fit into a page. */
	want_all_read(KEEP, AT, ALL, 1);
	want_all_read(KEEP, AT - 3 * PAGE, ALL, 64);
	want_all_read(0, AT, ALL, 1);
	want_all_read(0, AT, ALL, PAGE);
}

DIRTY_TEST(what_is_told_is_clean_and_nothing_else)
{
	map_small();
	write_some();
	want_all_read(0, AT + 16 * PAGE, 2 * PAGE, PAGE);
	want_all_read(KEEP, AT, ALL, PAGE);
	/* A granule that is larger than the range doesn't make it larger. */
	want_all_read(0, AT + 5 * PAGE, PAGE, 1ULL << 40);
	want_all_read(KEEP, AT, ALL, PAGE);
	want_all_read(0, AT, ALL, PAGE);
	want_all_read(KEEP, AT, ALL, 512);
	/* Written again, it is dirty again. */
	write_at(17 * PAGE, 1);
	want_all_read(0, AT, ALL, 512);
	want_all_read(0, AT, ALL, 512);
}

DIRTY_TEST(reading_makes_nothing_dirty)
{
	char *memory = anon(2 * PAGE), buffer[2 * PAGE];

	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, memory + PAGE, PAGE, READ_ONLY, AT + PAGE), 0);
	learn();
	want(access_read(fd, ioas, AT, buffer, 2 * PAGE, NULL), 0);
	want(access_write(fd, ioas, AT + PAGE, buffer, PAGE, NULL), -EACCES);
	want(access_write(fd, ioas, AT, buffer, 2 * PAGE, NULL), -EACCES);
	want_all_read(KEEP, AT, ALL, PAGE);
	write_at(PAGE - 1, 1);
	want_all_read(0, AT, ALL, PAGE);
}

DIRTY_TEST(each_table_has_its_own)
{
	uint32_t i, late;
	uint64_t dirty;

	map_small();
	write_some();
	for (i = 0; i < FORMATS; i++) {
		want_read(&models[i], 0, AT, ALL, PAGE);
		want_all_read(KEEP, AT, ALL, PAGE);
	}
	write_some();
	/* One that comes later hasn't seen it. */
	late = make_tracked_table(fd, ioas);
	want(dirty_read(fd, late, 0, AT, ALL, PAGE, bitmap, &dirty), 0);
	want(dirty, 0);
	want_all_read(0, AT, ALL, PAGE);
}

DIRTY_TEST(what_is_new_is_clean)
{
	struct model *model;

	map_small();
	write_some();
	want(unmap(fd, ioas, AT, 8 * PAGE, NULL), 0);
	want(map_at(fd, ioas, anon(8 * PAGE), 8 * PAGE, READ_WRITE, AT), 0);
	for
		each_model(model) memset(model->dirty, 0, 8);
	learn();
	want_all_read(KEEP, AT, ALL, PAGE);
	/* So is all that there is, where it is begun. */
	for
		each_model(model)
		{
			want(dirty_switch(fd, model->id, IOASID_DIRTY_STOP), 0);
			want(dirty_switch(fd, model->id, IOASID_DIRTY_START), 0);
			memset(model->dirty, 0, sizeof(model->dirty));
			want_all_read(KEEP, AT, ALL, PAGE);
		}
}

DIRTY_TEST(huge_entries_are_dirty_as_a_whole)
{
	char *memory = thp(2 * HUGE_2M);
	unsigned int shift;

	want(map_at(fd, ioas, memory + 256 * PAGE, 768 * PAGE, READ_WRITE, AT + 256 * PAGE), 0);
	learn();
	write_at(HUGE_2M + 100 * PAGE, 1);
	write_at(300 * PAGE, PAGE);
	/* Also when an entry goes over several parts of the bitmap. */
	for (shift = 0; shift < 24; shift++) {
		write_at(HUGE_2M + 100 * PAGE, 1);
		write_at(300 * PAGE, PAGE);
		context("granule 2^%u", shift);
		want_all_read(KEEP, AT, ALL, 1ULL << shift);
		want_all_read(0, AT, ALL, 1ULL << shift);
		want_all_read(KEEP, AT, ALL, PAGE);
	}
	/* A part of it is told, and all of it clean. */
	write_at(HUGE_2M + 100 * PAGE, 1);
	want_all_read(0, AT + HUGE_2M + 200 * PAGE, 3 * PAGE, 16);
	want_all_read(KEEP, AT, ALL, PAGE);
	/* Split, what was written stays dirty. */
	write_at(HUGE_2M + 100 * PAGE, 1);
	want(unmap(fd, ioas, AT + HUGE_2M + 17 * PAGE, PAGE, NULL), 0);
	learn();
	want_all_read(KEEP, AT, ALL, PAGE);
	want_all_read(0, AT, ALL, 8);
	write_at(HUGE_2M + 18 * PAGE, 1);
	want_all_read(0, AT, ALL, PAGE);
}

DIRTY_TEST(without_large_entries_pages_are_dirty)
{
	char *memory = thp(HUGE_2M);
	size_t i;

	only_small();
	want(map_at(fd, ioas, memory, HUGE_2M, READ_WRITE, AT), 0);
	learn();
	write_some();
	for (i = 0; i < FORMATS; i++)
		want(expect(&models[i], AT, ALL, PAGE), ARRAY_SIZE(written) * PAGE);
	want_all_read(0, AT, ALL, PAGE);
	want_all_read(0, AT, ALL, PAGE);
}

/* Two pages for the bits of 16 pages, one for each byte. */
static void want_bad_bitmap(char *bits, uint32_t flags)
{
	struct model *model;

	for
		each_model(model) want(dirty_read(fd, model->id, flags, AT, 16 * PAGE, 1,
						  (uint64_t *)bits, NULL),
				       -EFAULT);
	want_all_read(KEEP, AT, ALL, PAGE);
}

DIRTY_TEST(a_bad_bitmap_loses_nothing)
{
	char *bits = anon(2 * PAGE);

	map_small();
	write_some();
	want(mprotect(bits + PAGE, PAGE, PROT_READ), 0);
	want_bad_bitmap(bits, 0);
	want_bad_bitmap(bits, KEEP);
	want(mprotect(bits + PAGE, PAGE, PROT_NONE), 0);
	want_bad_bitmap(bits, 0);
	want(munmap(bits + PAGE, PAGE), 0);
	want_bad_bitmap(bits, 0);
	want_bad_bitmap(bits + PAGE, 0);
	want(mprotect(bits, PAGE, PROT_READ), 0);
	want_bad_bitmap(bits - PAGE, 0);
	want_bad_bitmap(NULL, 0);
	want_bad_bitmap((char *)-PAGE, 0);
	want_bad_bitmap((char *)(1ULL << 63), 0);
	/* More bits than there are addresses. */
	want(dirty_read(fd, models[0].id, 0, 0, -PAGE, 1, bitmap, NULL), -EFAULT);
	want_all_read(0, AT, ALL, PAGE);
}

static void map_at_random(struct rng *rng, char *memory, struct model *model)
{
	unsigned int first = rng_below(rng, WINDOW), pages = 1 + rng_below(rng, WINDOW - first);

	if (rng_once_in(rng, 2)) {
		first &= -64;
		pages = (pages + 63) & -64;
	}
	if (first + pages > WINDOW)
		pages = WINDOW - first;
	if (rng_once_in(rng, 3)) {
		want(unmap(fd, ioas, AT + first * PAGE, pages * PAGE, NULL), 0);
		for
			each_model(model) memset(&model->dirty[first], 0, pages);
	} else if (map_at(fd, ioas, memory + first * PAGE, pages * PAGE, READ_WRITE,
			  AT + first * PAGE) == -EEXIST) {
		return;
	}
	learn();
}

DIRTY_TEST(agrees_with_an_array_at_random)
{
	uint64_t from = seed(), n = steps(2000, 200), step;
	struct rng rng = rng_make(from);
	char *memory = thp(ALL);

	want(map_at(fd, ioas, memory, ALL, READ_WRITE, AT), 0);
	learn();
	for (step = 0; step < n; step++) {
		unsigned int page = rng_below(&rng, WINDOW), pages = 1 + rng_below(&rng, 8);
		unsigned int shift = rng_below(&rng, 30);
		struct model *model = &models[rng_below(&rng, FORMATS)];

		context("SEED=%llu, step %llu", (unsigned long long)from, (unsigned long long)step);
		if (rng_once_in(&rng, 50))
			map_at_random(&rng, memory, model);
		if (page + pages <= WINDOW && model->left[page] >= PAGE * pages &&
		    rng_once_in(&rng, 2))
			write_at(page * PAGE, pages * PAGE - rng_below(&rng, PAGE));
		else if (rng_once_in(&rng, 20))
			want_read(model, rng_below(&rng, 2), AT, ALL, 1ULL << shift);
		else
			want_read(model, rng_below(&rng, 2), AT + page * PAGE,
				  (1 + rng_below(&rng, 64)) * PAGE, 1ULL << shift);
	}
	want_all_read(0, AT, ALL, PAGE);
	want_all_read(0, AT, ALL, PAGE);
}
