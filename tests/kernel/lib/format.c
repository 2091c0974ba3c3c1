// SPDX-License-Identifier: GPL-2.0-only
#include "format.h"

#include <errno.h>

#include "call.h"
#include "check.h"

const struct format formats[FORMATS] = {
	[IOASID_FORMAT_X86_64] = { "x86-64", 4, false, { [4] = 47, 56 } },
	[IOASID_FORMAT_VTD_SS] = { "VT-d second stage", 4, true, { [3] = 39, 48, 57 } },
	[IOASID_FORMAT_AMD_V1] = { "AMD v1", 4, true, { [1] = 21, 30, 39, 48, 57, 64 } },
	[IOASID_FORMAT_ARM_S1] = { "ARM stage 1", 4, true, { [3] = 39, 48 } },
	[IOASID_FORMAT_ARM_S2] = { "ARM stage 2", 4, true, { [3] = 39, 48 }, { [3] = 43 } },
	[IOASID_FORMAT_RISCV] = { "RISC-V", 4, false, { [3] = 38, 47, 56 } },
};

unsigned int format_most_bits(uint32_t format, unsigned int levels)
{
	return formats[format].most_bits[levels] ?: formats[format].bits[levels];
}

/* One level covers nine bits; with so few that a level less would do, there has to be one less. */
unsigned int format_least_bits(uint32_t format, unsigned int levels)
{
	unsigned int above = format == IOASID_FORMAT_AMD_V1 && levels == 6 ? 7 : 9;

	return formats[format].bits[levels] - above + 1;
}

uint64_t format_sizes(uint32_t format, unsigned int levels)
{
	const uint64_t tib = 1ULL << 40;

	switch (format) {
	case IOASID_FORMAT_AMD_V1:
		if (levels == 6)
			return (1ULL << 52) - PAGE;
		return ((1ULL << formats[format].bits[levels]) - PAGE) & ((1ULL << 52) - 1);
	case IOASID_FORMAT_ARM_S1:
	case IOASID_FORMAT_ARM_S2:
		return 17 * PAGE | 17 * HUGE_2M | 17 * HUGE_1G;
	case IOASID_FORMAT_RISCV:
		return 17 * PAGE | HUGE_2M | HUGE_1G | (levels > 3 ? 512 * GIB : 0) |
		       (levels > 4 ? 256 * tib : 0);
	default:
		return PAGE | HUGE_2M | HUGE_1G;
	}
}

uint32_t make_format_table(int fd, uint32_t ioas, uint32_t format, uint32_t flags)
{
	struct ioasid_table_alloc table = { .flags = flags, .ioas_id = ioas, .format = format };

	want(table_alloc(fd, &table), 0);
	return table.out_id;
}

void make_all_tables(int fd, uint32_t ioas, uint32_t flags, uint32_t tables[FORMATS])
{
	uint32_t i;

	for (i = 0; i < FORMATS; i++)
		tables[i] = make_format_table(fd, ioas, i, flags);
}

static void want_agrees(int fd, uint32_t table, uint64_t iova, int ret,
			const struct ioasid_translate *mapping)
{
	const uint32_t marks = IOASID_ENTRY_ACCESSED | IOASID_ENTRY_DIRTY;
	struct ioasid_translate entry;
	int found = translate(fd, table, iova, IOASID_TRANSLATE_PHYS, &entry);

	if (found != ret)
		fail("table %u at 0x%llx: %d, not %d", table, (unsigned long long)iova, found, ret);
	if (ret)
		return;
	if (entry.out_phys != mapping->out_phys)
		fail("table %u at 0x%llx leads to 0x%llx, not 0x%llx", table,
		     (unsigned long long)iova, (unsigned long long)entry.out_phys,
		     (unsigned long long)mapping->out_phys);
	want(entry.out_access & ~marks, mapping->out_access);
	/* It never reaches farther than its mapping, or than the memory is contiguous. */
	want_that(entry.out_length <= mapping->out_length);
}

void want_tables_agree(int fd, uint32_t ioas, const uint32_t *tables, unsigned int count,
		       uint64_t iova, uint64_t length)
{
	struct ioasid_translate mapping;
	unsigned int i;
	uint64_t at;
	int ret;

	for (at = iova; at - iova < length; at += PAGE) {
		ret = translate(fd, ioas, at, IOASID_TRANSLATE_PHYS, &mapping);
		want_that(!ret || ret == -ENOENT);
		for (i = 0; i < count; i++)
			want_agrees(fd, tables[i], at, ret, &mapping);
	}
}

static uint64_t largest(uint64_t sizes, uint64_t addresses, uint64_t length)
{
	uint64_t size;

	for (size = 1ULL << 63; size; size /= 2)
		if (sizes & size && !(addresses & (size - 1)) && size <= length)
			return size;
	fail("no entry fits at 0x%llx", (unsigned long long)addresses);
}

uint64_t want_largest_entries(int fd, uint32_t ioas, uint32_t table, uint64_t sizes, uint64_t iova,
			      uint64_t length)
{
	struct ioasid_translate mapping, entry;
	uint64_t at, size, seen = 0;

	for (at = iova; at - iova < length; at += size) {
		want(translate(fd, ioas, at, IOASID_TRANSLATE_PHYS, &mapping), 0);
		size = largest(sizes, at | mapping.out_phys, mapping.out_length);
		want(translate(fd, table, at, IOASID_TRANSLATE_PHYS, &entry), 0);
		if (entry.out_length != size)
			fail("at 0x%llx is an entry of 0x%llx bytes, not 0x%llx",
			     (unsigned long long)at, (unsigned long long)entry.out_length,
			     (unsigned long long)size);
		want(entry.out_phys, mapping.out_phys);
		/* And it is the same one up to its last byte. */
		want(translate(fd, table, at + size - 1, IOASID_TRANSLATE_PHYS, &entry), 0);
		want(entry.out_length, 1);
		want(entry.out_phys, mapping.out_phys + size - 1);
		seen |= size;
	}
	return seen;
}
