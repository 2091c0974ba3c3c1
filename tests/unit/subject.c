// SPDX-License-Identifier: GPL-2.0-only
/* See subject.h. */
#include "subject.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const struct ioasid_table_format *format;
	decode_fn *decode;
	unsigned int levels, bits;
} shapes[] = {
	{ &ioasid_format_x86_64, decode_x86_64, 4, 47 },
	{ &ioasid_format_x86_64, decode_x86_64, 5, 56 },
	{ &ioasid_format_vtd_ss, decode_vtd_ss, 3, 39 },
	{ &ioasid_format_vtd_ss, decode_vtd_ss, 4, 48 },
	{ &ioasid_format_vtd_ss, decode_vtd_ss, 5, 57 },
	{ &ioasid_format_amd_v1, decode_amd_v1, 1, 21 },
	{ &ioasid_format_amd_v1, decode_amd_v1, 2, 30 },
	{ &ioasid_format_amd_v1, decode_amd_v1, 3, 39 },
	{ &ioasid_format_amd_v1, decode_amd_v1, 4, 48 },
	{ &ioasid_format_amd_v1, decode_amd_v1, 5, 57 },
	{ &ioasid_format_amd_v1, decode_amd_v1, 6, 64 },
	{ &ioasid_format_arm_s1, decode_arm_s1, 3, 39 },
	{ &ioasid_format_arm_s1, decode_arm_s1, 4, 48 },
	{ &ioasid_format_arm_s2, decode_arm_s2, 3, 39 },
	{ &ioasid_format_arm_s2, decode_arm_s2, 4, 48 },
	{ &ioasid_format_arm_s2, decode_arm_s2, 3, 40 },
	{ &ioasid_format_arm_s2, decode_arm_s2, 3, 41 },
	{ &ioasid_format_arm_s2, decode_arm_s2, 3, 42 },
	{ &ioasid_format_arm_s2, decode_arm_s2, 3, 43 },
	{ &ioasid_format_riscv, decode_riscv, 3, 38 },
	{ &ioasid_format_riscv, decode_riscv, 4, 47 },
	{ &ioasid_format_riscv, decode_riscv, 5, 56 },
};

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static bool is_arm(const struct subject *subject)
{
	return subject->decode == decode_arm_s1 || subject->decode == decode_arm_s2;
}

const struct subject *subjects(unsigned int *count)
{
	static struct subject all[4 * SHAPES];
	static unsigned int made;
	unsigned int features, i;
	struct subject *next;

	*count = made;
	if (made)
		return all;
	/* Every shape with every set of features that its format has. */
	for (i = 0; i < SHAPES; i++) {
		for (features = 0; features < 4; features++) {
			if (features & ~shapes[i].format->features)
				continue;
			next = &all[made++];
			next->format = shapes[i].format;
			next->decode = shapes[i].decode;
			next->levels = shapes[i].levels;
			next->bits = shapes[i].bits;
			next->features = features;
			snprintf(next->name, sizeof(next->name), "%s, %u levels, %u bits%s%s",
				 next->format->name, next->levels, next->bits,
				 features & IOASID_TABLE_COHERENT ? ", coherent" : "",
				 features & IOASID_TABLE_TRACK ? ", tracked" : "");
		}
	}
	*count = made;
	return all;
}

u64 subject_last_phys(const struct subject *subject)
{
	return ~0ULL >> (is_arm(subject) ? 16 : 12);
}

u64 subject_largest(const struct subject *subject, u64 limit)
{
	u64 sizes = subject->format->sizes(subject->levels), size = limit;

	while (!(size & sizes))
		size >>= 1;
	return size;
}

unsigned int subject_new(const struct subject *subject, unsigned int access)
{
	unsigned int marks = 0;

	if (subject->decode == decode_x86_64 || subject->decode == decode_riscv || is_arm(subject))
		access |= subject->decode == decode_arm_s2 ? 0 : IOASID_TABLE_READ;
	if (subject->features & IOASID_TABLE_TRACK)
		return access;
	/* Hardware that does not mark faults where a mark is missing, in these formats. */
	if (subject->decode == decode_riscv)
		marks = IOASID_TABLE_MARKS;
	if (is_arm(subject))
		marks = IOASID_TABLE_ACCESSED |
			(access & IOASID_TABLE_WRITE ? IOASID_TABLE_DIRTY : 0);
	return access | marks;
}

unsigned int subject_mark(const struct subject *subject, unsigned int access, unsigned int set,
			  unsigned int clear)
{
	/* Arm has no way to say of what may not be written that it was. */
	if (is_arm(subject) && !(access & IOASID_TABLE_WRITE)) {
		set &= ~IOASID_TABLE_DIRTY;
		clear &= ~IOASID_TABLE_DIRTY;
	}
	return (access & ~clear) | set;
}

void subject_begin(const struct subject *subject, struct ioasid_root *root)
{
	struct ioasid_shape shape = {
		.levels = subject->levels,
		.bits = subject->bits,
		.features = subject->features,
	};

	expect_subject = subject->name;
	expect_equal(shim_table_pages, 0, "no table is left of the last test");
	expect_equal(ioasid_root_init(root, subject->format, &shape), 0, "a root");
	expect_equal(ioasid_root_last(root), subject_last(subject), "the last IOVA");
}

static void check_pages(const struct ioasid_root *root)
{
	expect_equal(atomic64_read(&root->pages), shim_table_pages, "table pages are counted");
}

int subject_map_runs(const struct subject *subject, struct ioasid_root *root, u64 iova, u64 last,
		     struct ioasid_run_iter *iter, unsigned int access)
{
	struct ioasid_garbage garbage = {};
	int ret = subject->format->map(root, iova, last, iter, access, &garbage);

	expect(ret || !garbage.first || garbage.flush, "it says so if there is garbage");
	ioasid_garbage_free(&garbage);
	shim_quiesce();
	check_pages(root);
	return ret;
}

int subject_map(const struct subject *subject, struct ioasid_root *root, u64 iova, u64 length,
		u64 phys, unsigned int access)
{
	struct ioasid_run_iter iter;
	struct ioasid_runs runs;

	ioasid_runs_init(&runs);
	expect_equal(ioasid_runs_add(&runs, phys >> 12, length >> 12), 0, "a run");
	iter = ioasid_runs_seek(&runs, 0);
	return subject_map_runs(subject, root, iova, iova + length - 1, &iter, access);
}

u64 subject_unmap(const struct subject *subject, struct ioasid_root *root, u64 iova, u64 length)
{
	struct ioasid_garbage garbage = {};
	u64 unmapped = subject->format->unmap(root, iova, iova + length - 1, &garbage);

	ioasid_garbage_free(&garbage);
	shim_quiesce();
	check_pages(root);
	return unmapped;
}

void subject_visit(const struct subject *subject, struct ioasid_root *root, u64 iova, u64 last,
		   const struct ioasid_visit *visit)
{
	u64 before = iova;

	while (subject->format->visit(root, &iova, last, visit)) {
		expect(iova > before && iova <= last, "from %#llx to %#llx", before, iova);
		before = iova;
	}
}

void subject_expect_empty(const struct subject *subject, const struct ioasid_root *root)
{
	const u64 *table = root->page;
	u64 i;

	expect_equal(atomic64_read(&root->pages), 1LL << root->order, "only the top table is left");
	expect_equal(atomic64_read(&root->unflushed), 0, "all that died was flushed");
	check_pages(root);
	for (i = 0; i < 512ULL << root->order; i++)
		expect_equal(table[i], 0, "entry %llu of the top table", i);
}

void subject_end(const struct subject *subject, struct ioasid_root *root)
{
	struct ioasid_garbage garbage = {};

	subject->format->unmap(root, 0, ioasid_root_last(root), &garbage);
	ioasid_garbage_free(&garbage);
	shim_quiesce();
	subject_expect_empty(subject, root);
	ioasid_root_free(root);
	expect_equal(shim_table_pages, 0, "nothing is left");
}

static unsigned int access_of(const struct decoded *seen)
{
	return (seen->readable ? IOASID_TABLE_READ : 0) |
	       (seen->writable ? IOASID_TABLE_WRITE : 0) |
	       (seen->accessed ? IOASID_TABLE_ACCESSED : 0) |
	       (seen->dirty ? IOASID_TABLE_DIRTY : 0) |
	       (seen->software ? IOASID_TABLE_SOFTWARE : 0);
}

struct decoded subject_look(const struct subject *subject, const struct ioasid_root *root, u64 iova)
{
	struct decoded seen = subject->decode(root->page, root->levels, root->bits, iova);
	bool coherent = subject->format->features & root->features & IOASID_TABLE_COHERENT;
	struct ioasid_entry entry;
	int ret;

	if (seen.fault)
		expect_failed(__FILE__, __LINE__, "at %#llx, entry %#llx: %s", iova, seen.entry,
			      seen.fault);
	ret = subject->format->look_up(root, iova, &entry);
	expect_equal(ret, seen.present ? 0 : -ENOENT, "look_up of %#llx", iova);
	if (!seen.present)
		return seen;
	expect_equal(seen.coherent, coherent, "at %#llx, entry %#llx", iova, seen.entry);
	expect_equal(entry.phys, seen.phys, "at %#llx, entry %#llx", iova, seen.entry);
	expect_equal(entry.left, seen.size - (iova & (seen.size - 1)), "at %#llx", iova);
	expect_equal(entry.access, access_of(&seen), "at %#llx, entry %#llx", iova, seen.entry);
	return seen;
}

unsigned int subject_access(const struct subject *subject, const struct ioasid_root *root, u64 iova)
{
	struct decoded seen = subject_look(subject, root, iova);

	return seen.present ? access_of(&seen) : 0;
}

bool subject_write(const struct subject *subject, struct ioasid_root *root, u64 iova, s64 other)
{
	struct decoded seen = subject->decode(root->page, root->levels, root->bits, iova);
	struct decoded there = subject->decode(root->page, root->levels, root->bits, iova + other);

	if (!seen.present)
		return false;
	if (there.present && there.size == seen.size && !((iova ^ (iova + other)) & -seen.size))
		seen = there;
	/* The only mark that a bit which is clear stands for. */
	if (subject->decode == decode_arm_s1)
		__atomic_fetch_and(seen.slot, ~0x80ULL, __ATOMIC_SEQ_CST);
	__atomic_fetch_or(seen.slot,
			  subject->decode == decode_x86_64 ? 0x60 :
			  subject->decode == decode_vtd_ss ? 0x300 :
			  subject->decode == decode_amd_v1 ? 0x60 :
			  subject->decode == decode_arm_s1 ? 0x400 :
			  subject->decode == decode_arm_s2 ? 0x480 :
							     0xc0,
			  __ATOMIC_SEQ_CST);
	return true;
}

void subject_expect(const struct subject *subject, const struct ioasid_root *root, u64 iova,
		    u64 length, u64 phys, unsigned int access)
{
	u64 at = iova, last = iova + length - 1, end;
	struct decoded seen;

	for (;; at = end + 1) {
		seen = subject_look(subject, root, at);
		expect(seen.present, "at %#llx", at);
		expect_equal(at & (seen.size - 1), 0, "the leaf of %#llx starts before", at);
		expect_equal(seen.phys, phys + (at - iova), "at %#llx", at);
		expect_equal(access_of(&seen), access, "at %#llx", at);
		end = at + (seen.size - 1);
		expect(end <= last, "the leaf of %#llx reaches out of the range", at);
		expect_equal(subject_look(subject, root, end).phys, phys + (end - iova), "%#llx",
			     end);
		if (end == last)
			return;
	}
}

void subject_expect_nothing(const struct subject *subject, const struct ioasid_root *root, u64 iova,
			    u64 length)
{
	u64 at, last = iova + length - 1;

	for (at = iova;; at += DECODE_PAGE) {
		expect(!subject_look(subject, root, at).present, "at %#llx", at);
		if (last - at < DECODE_PAGE)
			return;
	}
}
