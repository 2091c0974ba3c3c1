// SPDX-License-Identifier: GPL-2.0-only
/*
 * Formats of page tables: each reaches as far as promised, with the entries that are promised, and
 * tables of all formats say what their address space says.
 */
#include <criterion/criterion.h>
#include <errno.h>
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

static int fd;
static uint32_t ioas;

static void open_one(void)
{
	fd = device_open();
	ioas = make_ioas(fd);
}

static void close_one(void)
{
	want(close(fd), 0);
	want_nothing_left();
}

#define FORMAT_TEST(name) TEST_BETWEEN(open_one, close_one, format, name)

#define want_memory(pages) want(query_ioas(fd, ioas).table_memory, (pages) * PAGE)

/* How far a table reaches */

/* The last page can be mapped, and used to its last byte; the next can't. */
static void want_reach(uint32_t table, char *memory, unsigned int bits)
{
	uint64_t end = bits == 64 ? 0 : 1ULL << bits;
	struct ioasid_translate entry;
	char byte = 0;

	memory[PAGE - 1] = bits;
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, end - PAGE), 0);
	want_tables_agree(fd, ioas, &table, 1, end - PAGE, PAGE);
	want(access_read(fd, ioas, end - 1, &byte, 1, NULL), 0);
	want(byte, bits);
	want(translate(fd, table, end - 1, IOASID_TRANSLATE_PHYS, &entry), 0);
	want(entry.out_length, 1);
	want(entry.out_phys, physical(memory) + PAGE - 1);
	want(unmap(fd, ioas, end - PAGE, PAGE, NULL), 0);
	want(translate(fd, table, end - 1, 0, &entry), -ENOENT);
	if (bits == 64)
		return;
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, end), -ERANGE);
	want(map_at(fd, ioas, memory, 2 * PAGE, READ_WRITE, end - PAGE), -ERANGE);
	want(translate(fd, table, end, 0, &entry), -ENOENT);
	want(translate(fd, table, ~0ULL, 0, &entry), -ENOENT);
}

static void try_shape(char *memory, uint32_t format, unsigned int levels, unsigned int asked,
		      unsigned int bits)
{
	struct ioasid_table_alloc table = {
		.ioas_id = ioas,
		.format = format,
		.levels = levels,
		.address_bits = asked,
		.flags = IOASID_TABLE_ALLOC_TRACK |
			 (formats[format].coherent ? IOASID_TABLE_ALLOC_COHERENT : 0),
	};
	unsigned int normal = formats[format].bits[levels ?: formats[format].usual];

	context("%s, %u levels, %u bits", formats[format].name, levels, asked);
	want(table_alloc(fd, &table), 0);
	want_memory(bits > normal ? 1ULL << (bits - normal) : 1);
	want_reach(table.out_id, memory, bits);
	want_memory(bits > normal ? 1ULL << (bits - normal) : 1);
	want(destroy(fd, table.out_id), 0);
	want_memory(0);
}

FORMAT_TEST(each_reaches_as_far_as_its_levels_and_bits_say)
{
	char *memory = anon(2 * PAGE);
	unsigned int levels, bits;
	uint32_t format;

	for (format = 0; format < FORMATS; format++) {
		try_shape(memory, format, 0, 0, formats[format].bits[formats[format].usual]);
		for (levels = 1; levels <= MOST_LEVELS; levels++) {
			if (!formats[format].bits[levels])
				continue;
			try_shape(memory, format, levels, 0, formats[format].bits[levels]);
			for (bits = format_least_bits(format, levels);
			     bits <= format_most_bits(format, levels); bits++)
				try_shape(memory, format, levels, bits, bits);
		}
	}
}

/* What a format has not */

static void want_refused(struct ioasid_table_alloc table, const struct counts *before,
			 enum ioasid_reason reason)
{
	struct ioasid_error error = ERROR_INIT;

	context("%s: %u levels, %u bits, flags %u, sizes 0x%llx",
		table.format < FORMATS ? formats[table.format].name : "unknown", table.levels,
		table.address_bits, table.flags, (unsigned long long)table.page_sizes);
	table.ioas_id = ioas;
	table.error = ADDRESS(&error);
	want(table_alloc(fd, &table), -EOPNOTSUPP);
	want(error.stage, IOASID_STAGE_TABLE);
	want(error.code, EOPNOTSUPP);
	want(error.reason, reason);
	want_unchanged(fd, before);
}

#define REFUSED(why, ...) \
	want_refused((struct ioasid_table_alloc){ __VA_ARGS__ }, before, IOASID_REASON_##why)

static void refuse_of_level(uint32_t format, unsigned int levels, const struct counts *before)
{
	uint64_t sizes = format_sizes(format, levels), other;

	if (!formats[format].bits[levels]) {
		REFUSED(LEVELS, .format = format, .levels = levels);
		return;
	}
	REFUSED(ADDRESS_BITS, .format = format, .levels = levels,
		.address_bits = format_most_bits(format, levels) + 1);
	REFUSED(ADDRESS_BITS, .format = format, .levels = levels,
		.address_bits = format_least_bits(format, levels) - 1);
	REFUSED(ADDRESS_BITS, .format = format, .levels = levels, .address_bits = 0xffffffff);
	REFUSED(PAGE_SIZES, .format = format, .levels = levels, .page_sizes = sizes & ~PAGE);
	for (other = 1; other; other *= 2)
		if (!(sizes & other))
			REFUSED(PAGE_SIZES, .format = format, .levels = levels,
				.page_sizes = PAGE | other);
}

FORMAT_TEST(what_it_has_not_is_refused_with_the_reason)
{
	char *memory = anon(PAGE);
	struct counts before_, *before = &before_;
	unsigned int levels;
	uint32_t format;

	make_table(fd, ioas);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT), 0);
	before_ = counts(fd);
	for (format = 0; format < FORMATS; format++) {
		for (levels = 1; levels <= MOST_LEVELS + 1; levels++)
			if (levels <= MOST_LEVELS)
				refuse_of_level(format, levels, before);
			else
				REFUSED(LEVELS, .format = format, .levels = levels);
		REFUSED(LEVELS, .format = format, .levels = 0xffffffff);
		if (!formats[format].coherent)
			REFUSED(COHERENT, .format = format, .flags = IOASID_TABLE_ALLOC_COHERENT);
	}
	REFUSED(FORMAT, .format = FORMATS);
	REFUSED(FORMAT, .format = 0xffffffff);
}

FORMAT_TEST(info_tells_all_formats_and_their_entries)
{
	struct ioasid_info info = { .size = sizeof(info) };
	uint64_t sizes = 0;
	uint32_t format;

	for (format = 0; format < FORMATS; format++)
		sizes |= format_sizes(format, format == IOASID_FORMAT_RISCV ? 5 : 4);
	sizes |= format_sizes(IOASID_FORMAT_AMD_V1, 6);
	want(call(fd, IOASID_INFO, &info), 0);
	want(info.formats, (1ULL << FORMATS) - 1);
	want(info.page_sizes, sizes);
}

/* Entries */

/* Huge, small and huge memory in one piece: 4 MiB, 2 MiB, 4 MiB. */
#define MIXED (5 * HUGE_2M)

static char *mixed(void)
{
	char *memory = reserve(MIXED, HUGE_2M);

	want(mprotect(memory, MIXED, PROT_READ | PROT_WRITE), 0);
	want(madvise(memory, MIXED, MADV_HUGEPAGE), 0);
	want(madvise(memory + 2 * HUGE_2M, HUGE_2M, MADV_NOHUGEPAGE), 0);
	fill(memory, MIXED, 1);
	want(smaps(memory, "AnonHugePages:"), 2 * HUGE_2M);
	return memory;
}

FORMAT_TEST(entries_are_the_largest_that_fit)
{
	/* Where the mapping begins and ends in the memory, and how far its IOVA is off. */
	static const struct {
		uint64_t first, last, off;
	} rows[] = {
		{ 0, MIXED, 0 },
		{ PAGE, MIXED - PAGE, 0 },
		{ 60 * KIB, HUGE_2M + 68 * KIB, 0 },
		{ 1020 * KIB, 3 * MIB + 4 * KIB, 0 },
		{ 0, HUGE_2M, PAGE },
		{ 0, 2 * HUGE_2M, 64 * KIB },
		{ 4 * KIB, 2 * HUGE_2M - 16 * KIB, MIB },
	};
	char *memory = mixed();
	uint32_t tables[FORMATS];
	uint64_t sizes, at;
	size_t i, format;

	make_all_tables(fd, ioas, 0, tables);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		at = AT + rows[i].first + rows[i].off;
		want(map_at(fd, ioas, memory + rows[i].first, rows[i].last - rows[i].first,
			    READ_WRITE, at),
		     0);
		for (format = 0; format < FORMATS; format++) {
			context("%s, row %zu", formats[format].name, i);
			sizes = format_sizes(format, formats[format].usual);
			want_largest_entries(fd, ioas, tables[format], sizes, at,
					     rows[i].last - rows[i].first);
		}
		want(unmap_all(fd, ioas, NULL), 0);
		want_memory(FORMATS);
	}
}

/* What is documented, without computing anything: one huge page, from 4 KiB before its middle. */
FORMAT_TEST(entries_have_the_documented_sizes)
{
	static const struct {
		uint32_t format;
		uint64_t offset, length;
	} rows[] = {
		{ IOASID_FORMAT_X86_64, 60 * KIB, 4 * KIB },
		{ IOASID_FORMAT_X86_64, 64 * KIB, 4 * KIB },
		{ IOASID_FORMAT_X86_64, HUGE_2M, HUGE_2M },
		{ IOASID_FORMAT_VTD_SS, 64 * KIB, 4 * KIB },
		{ IOASID_FORMAT_VTD_SS, HUGE_2M, HUGE_2M },
		{ IOASID_FORMAT_AMD_V1, 60 * KIB, 4 * KIB },
		{ IOASID_FORMAT_AMD_V1, 64 * KIB, 64 * KIB },
		{ IOASID_FORMAT_AMD_V1, 128 * KIB, 128 * KIB },
		{ IOASID_FORMAT_AMD_V1, 512 * KIB, 512 * KIB },
		{ IOASID_FORMAT_AMD_V1, MIB, MIB },
		{ IOASID_FORMAT_AMD_V1, HUGE_2M, HUGE_2M },
		{ IOASID_FORMAT_ARM_S1, 60 * KIB, 4 * KIB },
		{ IOASID_FORMAT_ARM_S1, 64 * KIB, 64 * KIB },
		{ IOASID_FORMAT_ARM_S1, HUGE_2M - 64 * KIB, 64 * KIB },
		{ IOASID_FORMAT_ARM_S1, HUGE_2M, HUGE_2M },
		{ IOASID_FORMAT_ARM_S2, 60 * KIB, 4 * KIB },
		{ IOASID_FORMAT_ARM_S2, 64 * KIB, 64 * KIB },
		{ IOASID_FORMAT_ARM_S2, HUGE_2M, HUGE_2M },
		{ IOASID_FORMAT_RISCV, 60 * KIB, 4 * KIB },
		{ IOASID_FORMAT_RISCV, 64 * KIB, 64 * KIB },
		{ IOASID_FORMAT_RISCV, HUGE_2M - 64 * KIB, 64 * KIB },
		{ IOASID_FORMAT_RISCV, HUGE_2M, HUGE_2M },
	};
	char *memory = thp(2 * HUGE_2M);
	struct ioasid_translate entry;
	uint32_t tables[FORMATS];
	size_t i;

	make_all_tables(fd, ioas, 0, tables);
	want(map_at(fd, ioas, memory + 60 * KIB, 2 * HUGE_2M - 60 * KIB, READ_ONLY, AT + 60 * KIB),
	     0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		context("%s, 0x%llx", formats[rows[i].format].name,
			(unsigned long long)rows[i].offset);
		want(translate(fd, tables[rows[i].format], AT + rows[i].offset,
			       IOASID_TRANSLATE_PHYS, &entry),
		     0);
		want(entry.out_length, rows[i].length);
		want(entry.out_phys, physical(memory + rows[i].offset));
		want(entry.out_access & READ_WRITE, READ_ONLY);
	}
}

FORMAT_TEST(only_the_sizes_that_were_asked_for_are_used)
{
	const struct ioasid_table_alloc rows[] = {
		{ .format = IOASID_FORMAT_X86_64, .page_sizes = PAGE },
		{ .format = IOASID_FORMAT_VTD_SS, .page_sizes = PAGE | HUGE_1G },
		{ .format = IOASID_FORMAT_AMD_V1, .page_sizes = PAGE | 32 * KIB | MIB },
		{ .format = IOASID_FORMAT_AMD_V1, .page_sizes = PAGE | HUGE_2M },
		{ .format = IOASID_FORMAT_ARM_S1, .page_sizes = PAGE | HUGE_2M },
		{ .format = IOASID_FORMAT_ARM_S2, .page_sizes = PAGE | 64 * KIB },
		{ .format = IOASID_FORMAT_RISCV, .page_sizes = PAGE | 64 * KIB },
	};
	uint32_t tables[ARRAY_SIZE(rows)];
	char *memory = thp(HUGE_2M);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ioasid_table_alloc table = rows[i];

		table.ioas_id = ioas;
		want(table_alloc(fd, &table), 0);
		tables[i] = table.out_id;
	}
	want(map_at(fd, ioas, memory, HUGE_2M, READ_WRITE, AT), 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t largest = rows[i].page_sizes & ~HUGE_1G;

		context("row %zu", i);
		/* Only the largest of those that fit into 2 MiB. */
		largest = 1ULL << (63 - __builtin_clzll(largest));
		want(want_largest_entries(fd, ioas, tables[i], rows[i].page_sizes, AT, HUGE_2M),
		     largest);
	}
	want(unmap(fd, ioas, AT + MIB, PAGE, NULL), 0);
	want_tables_agree(fd, ioas, tables, ARRAY_SIZE(rows), AT, HUGE_2M);
	want(unmap_all(fd, ioas, NULL), 0);
	want_memory(ARRAY_SIZE(rows));
}

FORMAT_TEST(without_large_entries_all_are_small)
{
	char *memory = thp(HUGE_2M);
	uint32_t tables[FORMATS];
	size_t i;

	want(option_set(fd, IOASID_OPTION_LARGE_ENTRIES, ioas, 0), 0);
	make_all_tables(fd, ioas, 0, tables);
	want(map_at(fd, ioas, memory, HUGE_2M, READ_WRITE, AT), 0);
	for (i = 0; i < FORMATS; i++)
		want(want_largest_entries(fd, ioas, tables[i], PAGE, AT, HUGE_2M), PAGE);
	want_memory(FORMATS * 4);
}

/* All six at once */

FORMAT_TEST(all_follow_one_space)
{
	static const uint64_t cuts[][2] = {
		{ 0, PAGE },
		{ 100 * PAGE, 3 * PAGE },
		{ HUGE_2M - PAGE, 2 * PAGE },
		{ HUGE_2M + 64 * KIB, 64 * KIB },
		{ HUGE_2M + 512 * KIB + 4 * KIB, 120 * KIB },
		{ 3 * HUGE_2M, HUGE_2M },
		{ 4 * HUGE_2M + MIB, MIB },
	};
	char *memory = mixed(), *small = anon(16 * PAGE);
	uint32_t early[FORMATS], late[FORMATS];
	size_t i;

	make_all_tables(fd, ioas, 0, early);
	want(map_at(fd, ioas, memory, MIXED, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, small, 16 * PAGE, READ_ONLY, AT + MIXED), 0);
	make_all_tables(fd, ioas, IOASID_TABLE_ALLOC_TRACK, late);
	for (i = 0; i < FORMATS; i++) {
		context("%s", formats[i].name);
		want_largest_entries(fd, ioas, late[i], format_sizes(i, formats[i].usual), AT,
				     MIXED);
	}
	for (i = 0; i < ARRAY_SIZE(cuts); i++)
		want(unmap(fd, ioas, AT + cuts[i][0], cuts[i][1], NULL), 0);
	want_tables_agree(fd, ioas, early, FORMATS, AT - PAGE, MIXED + 18 * PAGE);
	want_tables_agree(fd, ioas, late, FORMATS, AT - PAGE, MIXED + 18 * PAGE);
	/* Into the holes goes something else. */
	for (i = 0; i < ARRAY_SIZE(cuts); i++)
		want(map_at(fd, ioas, small + i * PAGE, PAGE, READ_ONLY, AT + cuts[i][0]), 0);
	want_tables_agree(fd, ioas, early, FORMATS, AT, MIXED + 16 * PAGE);
	for (i = 0; i < FORMATS; i++)
		want(destroy(fd, early[i]), 0);
	want_tables_agree(fd, ioas, late, FORMATS, AT, MIXED + 16 * PAGE);
	want(unmap_all(fd, ioas, NULL), 0);
	want_memory(FORMATS);
	for (i = 0; i < FORMATS; i++)
		want(destroy(fd, late[i]), 0);
	want_memory(0);
}

FORMAT_TEST(what_one_table_cannot_reach_is_in_none)
{
	struct ioasid_table_alloc shorter = { .ioas_id = ioas,
					      .format = IOASID_FORMAT_ARM_S1,
					      .levels = 3 };
	char *memory = anon(4 * PAGE);
	uint32_t tables[FORMATS + 1];
	struct counts before;

	make_all_tables(fd, ioas, 0, tables);
	want(table_alloc(fd, &shorter), 0);
	tables[FORMATS] = shorter.out_id;
	before = counts(fd);
	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, (1ULL << 39) - 2 * PAGE), -ERANGE);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, 1ULL << 39), -ERANGE);
	want_unchanged(fd, &before);
	want_tables_agree(fd, ioas, tables, FORMATS + 1, (1ULL << 39) - 4 * PAGE, 8 * PAGE);
	/* It is the shortest that counts, as long as it is there. */
	want(destroy(fd, shorter.out_id), 0);
	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, (1ULL << 39) - 2 * PAGE), 0);
	want_tables_agree(fd, ioas, tables, FORMATS, (1ULL << 39) - 4 * PAGE, 8 * PAGE);
	want(table_alloc(fd, &shorter), -ERANGE);
}

/* At random, against an array: which page of the memory is mapped where, and with what right. */

#define WINDOW 2048
#define MEMORY 1024
#define WRITABLE 0x8000

static uint16_t model[WINDOW];
static uint64_t frames[MEMORY];

static void want_model_at(uint32_t table, unsigned int page)
{
	struct ioasid_translate entry;
	int ret = translate(fd, table, AT + page * PAGE, IOASID_TRANSLATE_PHYS, &entry);

	want(ret, model[page] ? 0 : -ENOENT);
	if (ret)
		return;
	want(entry.out_phys, frames[(model[page] & ~WRITABLE) - 1]);
	want(entry.out_access, model[page] & WRITABLE ? READ_WRITE : READ_ONLY);
}

static void want_model(const uint32_t *tables, unsigned int count, unsigned int first,
		       unsigned int last)
{
	unsigned int i, page;

	for (page = first; page <= last; page++)
		for (i = 0; i < count; i++)
			want_model_at(tables[i], page);
}

/* Sizes of all orders, and places where they are often congruent. */
static void choose(struct rng *rng, unsigned int limit, unsigned int *first, unsigned int *pages)
{
	unsigned int align = 1 << rng_below(rng, 10);

	*first = rng_below(rng, limit) & -align;
	*pages = 1 + rng_below(rng, 1 << rng_below(rng, 10));
	if (*pages > limit - *first)
		*pages = limit - *first;
}

static void map_some(struct rng *rng, char *memory, unsigned int *first, unsigned int *pages)
{
	uint16_t right = rng_once_in(rng, 3) ? 0 : WRITABLE;
	unsigned int from, i, used = 0;

	choose(rng, MEMORY, &from, pages);
	*first = rng_once_in(rng, 3) ? rng_below(rng, WINDOW) :
				       from % 512 + 512 * rng_below(rng, WINDOW / 512);
	if (*pages > WINDOW - *first)
		*pages = WINDOW - *first;
	for (i = 0; i < *pages; i++)
		used |= model[*first + i];
	want(map_at(fd, ioas, memory + from * PAGE, *pages * PAGE, right ? READ_WRITE : READ_ONLY,
		    AT + *first * PAGE),
	     used ? -EEXIST : 0);
	for (i = 0; !used && i < *pages; i++)
		model[*first + i] = (from + i + 1) | right;
}

static void unmap_some(struct rng *rng, unsigned int *first, unsigned int *pages)
{
	uint64_t unmapped, mapped = 0;
	unsigned int i;

	choose(rng, WINDOW, first, pages);
	for (i = 0; i < *pages; i++)
		mapped += !!model[*first + i] * PAGE;
	want(unmap(fd, ioas, AT + *first * PAGE, *pages * PAGE, &unmapped), 0);
	want(unmapped, mapped);
	memset(&model[*first], 0, *pages * sizeof(*model));
}

FORMAT_TEST(all_agree_with_an_array_at_random)
{
	uint64_t from = seed(), n = steps(300, 40), step;
	struct rng rng = rng_make(from);
	struct ioasid_table_alloc extra = { .ioas_id = ioas, .format = IOASID_FORMAT_AMD_V1 };
	uint32_t tables[FORMATS + 1];
	unsigned int first, pages, i;
	char *memory = thp(MEMORY * PAGE / 2);

	/* Half of it huge, half small, next to each other. */
	memory = mremap(memory, MEMORY * PAGE / 2, MEMORY * PAGE / 2, MREMAP_MAYMOVE | MREMAP_FIXED,
			reserve(MEMORY * PAGE, HUGE_2M));
	want_that(memory != MAP_FAILED);
	want(mprotect(memory + MEMORY * PAGE / 2, MEMORY * PAGE / 2, PROT_READ | PROT_WRITE), 0);
	want(madvise(memory + MEMORY * PAGE / 2, MEMORY * PAGE / 2, MADV_NOHUGEPAGE), 0);
	fill(memory, MEMORY * PAGE, 1);
	for (i = 0; i < MEMORY; i++)
		frames[i] = physical(memory + i * PAGE);
	make_all_tables(fd, ioas, IOASID_TABLE_ALLOC_TRACK, tables);
	extra.page_sizes = PAGE | 16 * KIB | 512 * KIB;
	want(table_alloc(fd, &extra), 0);
	for (step = 0; step < n; step++) {
		context("SEED=%llu, step %llu", (unsigned long long)from, (unsigned long long)step);
		if (rng_once_in(&rng, 2))
			map_some(&rng, memory, &first, &pages);
		else
			unmap_some(&rng, &first, &pages);
		tables[FORMATS] = extra.out_id;
		/* Everywhere now and then, else where something has changed, and beside it. */
		if (step % 100 == 99 || step == n - 1)
			want_model(tables, FORMATS + 1, 0, WINDOW - 1);
		want_model(tables, FORMATS + 1, first ? first - 1 : 0, first);
		if (first + pages < WINDOW)
			want_model(tables, FORMATS + 1, first + pages - 1, first + pages);
		if (rng_once_in(&rng, 10)) {
			want(destroy(fd, extra.out_id), 0);
			want(table_alloc(fd, &extra), 0);
		}
	}
	want(unmap_all(fd, ioas, NULL), 0);
	want_memory(FORMATS + 1);
}
