// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries as the specifications have them, worked out by hand: one leaf is mapped, and the entry
 * must be these 64 bits; the one that leads to its table likewise, but for its address.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "subject.h"

#define R IOASID_TABLE_READ
#define RW READ_WRITE
#define SOFT IOASID_TABLE_SOFTWARE
#define TRACK IOASID_TABLE_TRACK
#define COHERENT IOASID_TABLE_COHERENT

struct golden {
	unsigned int levels, features, access;
	u64 iova, length, phys;
	u64 entry; /* the first one of the leaf */
	u64 last; /* the last one of it */
	u64 parent;
};

static void check_row(const struct ioasid_table_format *format, decode_fn *decode,
		      const struct golden *row, int number)
{
	struct subject subject = { .format = format, .decode = decode, .levels = row->levels };
	struct ioasid_root root;
	struct decoded seen;

	subject.bits = format->bits(row->levels);
	subject.features = row->features;
	snprintf(subject.name, sizeof(subject.name), "row %d", number);
	subject_begin(&subject, &root);
	expect_equal(subject_map(&subject, &root, row->iova, row->length, row->phys, row->access),
		     0, "map");
	seen = subject_look(&subject, &root, row->iova);
	expect_equal(seen.size, row->length, "one leaf");
	expect_equal(seen.entry, row->entry, "the entry");
	expect_equal(seen.parent, row->parent, "the entry above");
	seen = subject_look(&subject, &root, row->iova + row->length - 1);
	expect_equal(seen.entry, row->last ?: row->entry, "the last entry of the leaf");
	subject_end(&subject, &root);
}

static void check_all(const struct ioasid_table_format *format, decode_fn *decode,
		      const struct golden *rows, int count)
{
	int i;

	for (i = 0; i < count; i++)
		check_row(format, decode, &rows[i], i);
}

#define CHECK(format, rows) \
	check_all(&ioasid_format_##format, decode_##format, rows, sizeof(rows) / sizeof((rows)[0]))

/* Intel SDM 3A, tables 5-20 (4 KiB), 5-18 (2 MiB), 5-16 (1 GiB); 5-19 for the entry above. */
Test(table_golden, x86_64)
{
	static const struct golden rows[] = {
		/* P, R/W, U/S; A is set in what leads to a table. */
		{ 4, 0, RW, 0x1000, 4 * KIB, 0x123456789000, 0x123456789007, 0, 0x27 },
		{ 4, TRACK, RW, 0x1000, 4 * KIB, 0x123456789000, 0x123456789007, 0, 0x27 },
		{ 4, 0, R, 0x2000, 4 * KIB, 0x1000, 0x1005, 0, 0x27 },
		/* All the address there is; an ignored bit, 9. */
		{ 4, 0, R | SOFT, 0x2000, 4 * KIB, 0xffffffffff000, 0xffffffffff205, 0, 0x27 },
		/* PS. */
		{ 4, 0, RW, 2 * MIB, 2 * MIB, 0x40000000, 0x40000087, 0, 0x27 },
		{ 5, TRACK, R, GIB, GIB, 0x8000000000, 0x8000000085, 0, 0x27 },
	};

	CHECK(x86_64, rows);
}

/* VT-d 9.9, tables "SS-PTE", "SS-PDE: 2 MiB page", "SS-PDPE: 1 GiB page", "SS-PDE". */
Test(table_golden, vtd_ss)
{
	static const struct golden rows[] = {
		/* R, W. */
		{ 4, 0, RW, 0x1000, 4 * KIB, 0x123456789000, 0x123456789003, 0, 0x3 },
		{ 3, TRACK, R, 0x1000, 4 * KIB, 0x1000, 0x1001, 0, 0x3 },
		{ 3, 0, IOASID_TABLE_WRITE, 0x1000, 4 * KIB, 0x1000, 0x1002, 0, 0x3 },
		/* SNP; bit 52 is ignored. */
		{ 4, COHERENT, RW, 0, 4 * KIB, 0xffffffffff000, 0xffffffffff803, 0, 0x3 },
		{ 4, 0, R | SOFT, 0, 4 * KIB, 0x5000, 0x10000000005001, 0, 0x3 },
		/* PS. */
		{ 5, COHERENT | TRACK, RW, 2 * MIB, 2 * MIB, 0x600000, 0x600883, 0, 0x3 },
		{ 3, 0, R, GIB, GIB, 0x8000000000, 0x8000000081, 0, 0 },
	};

	CHECK(vtd_ss, rows);
}

/* AMD IOMMU 2.2.3: PTE and PDE formats; page sizes as in its table of example encodings. */
Test(table_golden, amd_v1)
{
	static const struct golden rows[] = {
		/* PR, IR, IW; PDE: NextLevel, PR, IR, IW. */
		{ 4, 0, RW, 0x1000, 4 * KIB, 0x123456789000, 0x6000123456789001, 0,
		  0x6000000000000201 },
		{ 1, 0, RW, 0x1000, 4 * KIB, 0x1000, 0x6000000000001001, 0, 0 },
		{ 2, TRACK, R, 0, 4 * KIB, 0x1000, 0x2000000000001001, 0, 0x6000000000000201 },
		{ 2, 0, IOASID_TABLE_WRITE, 0, 4 * KIB, 0x1000, 0x4000000000001001, 0,
		  0x6000000000000201 },
		/* FC; bit 1 is ignored. */
		{ 6, COHERENT, R | SOFT, 0, 4 * KIB, 0xffffffffff000, 0x300ffffffffff003, 0,
		  0x6000000000000201 },
		/* NextLevel = 7: 8, 16, 32 and 64 KiB, 1 MiB. */
		{ 4, 0, RW, 0x2000, 8 * KIB, 0xa000, 0x600000000000ae01, 0, 0x6000000000000201 },
		{ 4, 0, RW, 0x4000, 16 * KIB, 0x4000, 0x6000000000005e01, 0, 0x6000000000000201 },
		{ 4, 0, RW, 0x8000, 32 * KIB, 0x8000, 0x600000000000be01, 0, 0x6000000000000201 },
		{ 4, 0, RW, 0x10000, 64 * KIB, 0x30000, 0x6000000000037e01, 0, 0x6000000000000201 },
		{ 3, 0, RW, MIB, MIB, MIB, 0x600000000017fe01, 0, 0x6000000000000201 },
		/* The level's own size: NextLevel = 0. The entry above says 2. */
		{ 4, 0, RW, 2 * MIB, 2 * MIB, 0x600000, 0x6000000000600001, 0, 0x6000000000000401 },
		/* 4 MiB, 256 MiB on level 2; 1 GiB, 2 GiB on level 3. */
		{ 4, 0, RW, 4 * MIB, 4 * MIB, 0xc00000, 0x6000000000dffe01, 0, 0x6000000000000401 },
		{ 4, 0, RW, 0, 256 * MIB, 0x10000000, 0x6000000017fffe01, 0, 0x6000000000000401 },
		{ 4, 0, RW, GIB, GIB, GIB, 0x6000000040000001, 0, 0x6000000000000601 },
		{ 3, 0, RW, 2 * GIB, 2 * GIB, 2 * GIB, 0x60000000bffffe01, 0, 0 },
	};

	CHECK(amd_v1, rows);
}

/*
 * Arm ARM D8.3.1, stage 1. AttrIndx 1 with SH 3 is 0x304, SH 2 with AttrIndx 0 0x200; AP[1] and nG
 * 0x840; UXN and PXN 0x60...; AP[2] 0x80; AF 0x400; DBM 0x8...; Contiguous 0x10...
 */
Test(table_golden, arm_s1)
{
	static const struct golden rows[] = {
		{ 4, COHERENT, RW, 0x1000, 4 * KIB, 0x123456789000, 0x60123456789f47, 0, 3 },
		{ 4, COHERENT, R, 0x1000, 4 * KIB, 0x123456789000, 0x60123456789fc7, 0, 3 },
		{ 3, 0, RW, 0x1000, 4 * KIB, 0xfffffffff000, 0x60fffffffffe43, 0, 3 },
		/* With marks: neither AF nor a dirty state; DBM where it may be written. */
		{ 4, COHERENT | TRACK, RW, 0, 4 * KIB, 0x1000, 0x68000000001bc7, 0, 3 },
		{ 4, COHERENT | TRACK, R, 0, 4 * KIB, 0x1000, 0x60000000001bc7, 0, 3 },
		{ 4, COHERENT, R | SOFT, 0, 4 * KIB, 0x1000, 0xe0000000001fc7, 0, 3 },
		/* Contiguous: 16 pages. */
		{ 4, COHERENT, RW, 0x10000, 64 * KIB, 0x20000, 0x70000000020f47, 0x7000000002ff47,
		  3 },
		/* Blocks on Arm's levels 2 and 1, alone and contiguous. */
		{ 4, COHERENT, RW, 2 * MIB, 2 * MIB, 0x600000, 0x60000000600f45, 0, 3 },
		{ 4, COHERENT, RW, 32 * MIB, 32 * MIB, 0x2000000, 0x70000002000f45,
		  0x70000003e00f45, 3 },
		{ 3, COHERENT, RW, GIB, GIB, GIB, 0x60000040000f45, 0, 0 },
		{ 4, COHERENT, RW, 16 * GIB, 16 * GIB, 16 * GIB, 0x70000400000f45, 0x700007c0000f45,
		  3 },
	};

	CHECK(arm_s1, rows);
}

/*
 * Arm ARM D8.3.1, stage 2. MemAttr 15 with SH 3 is 0x33c, MemAttr 5 with SH 2 0x214; XN 2 0x40...;
 * S2AP 0x40 and 0x80.
 */
Test(table_golden, arm_s2)
{
	static const struct golden rows[] = {
		{ 4, COHERENT, RW, 0x1000, 4 * KIB, 0x123456789000, 0x401234567897ff, 0, 3 },
		{ 4, COHERENT, R, 0x1000, 4 * KIB, 0x1000, 0x4000000000177f, 0, 3 },
		{ 4, COHERENT, IOASID_TABLE_WRITE, 0, 4 * KIB, 0x1000, 0x400000000017bf, 0, 3 },
		{ 3, 0, RW, 0x1000, 4 * KIB, 0xfffffffff000, 0x40fffffffff6d7, 0, 3 },
		{ 4, COHERENT | TRACK, RW, 0, 4 * KIB, 0x1000, 0x4800000000137f, 0, 3 },
		{ 4, COHERENT | TRACK, R, 0, 4 * KIB, 0x1000, 0x4000000000137f, 0, 3 },
		{ 4, 0, R | SOFT, 0, 4 * KIB, 0x1000, 0xc0000000001657, 0, 3 },
		{ 4, COHERENT, RW, 0x10000, 64 * KIB, 0x20000, 0x500000000207ff, 0x5000000002f7ff,
		  3 },
		{ 4, COHERENT, RW, 2 * MIB, 2 * MIB, 0x600000, 0x400000006007fd, 0, 3 },
		{ 4, COHERENT, RW, 32 * MIB, 32 * MIB, 0x2000000, 0x500000020007fd,
		  0x50000003e007fd, 3 },
		{ 3, COHERENT, RW, GIB, GIB, GIB, 0x400000400007fd, 0, 0 },
	};

	CHECK(arm_s2, rows);
}

/* RISC-V privileged, "Sv39" to "Sv57": PPN is address / 4 there. "Svnapot": N, PPN[3:0] = 8. */
Test(table_golden, riscv)
{
	static const struct golden rows[] = {
		/* V, R, W, U; without marks A and D stand from the start. */
		{ 4, TRACK, RW, 0x1000, 4 * KIB, 0x123456789000, 0x48d159e2417, 0, 1 },
		{ 4, 0, RW, 0x1000, 4 * KIB, 0x123456789000, 0x48d159e24d7, 0, 1 },
		{ 3, TRACK, R, 0x1000, 4 * KIB, 0x1000, 0x413, 0, 1 },
		{ 5, TRACK, R | SOFT, 0x1000, 4 * KIB, 0xffffffffff000, 0x3fffffffffd13, 0, 1 },
		{ 4, TRACK, RW, 0x10000, 64 * KIB, 0x30000, 0x800000000000e017, 0, 1 },
		{ 4, TRACK, RW, 2 * MIB, 2 * MIB, 0x600000, 0x180017, 0, 1 },
		{ 3, 0, RW, GIB, GIB, GIB, 0x100000d7, 0, 0 },
	};

	CHECK(riscv, rows);
}
