/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Subject: a page table that is tested: a format, so many levels, features. And the operations on
 * it as the tests want them: they check what can be checked every time.
 */
#ifndef UNIT_SUBJECT_H
#define UNIT_SUBJECT_H

#include "decode.h"
#include "expect.h"
#include "shim.h"
#include "table/format.h"
#include "table/page.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define READ_WRITE (IOASID_TABLE_READ | IOASID_TABLE_WRITE)

struct subject {
	char name[48];
	const struct ioasid_table_format *format;
	decode_fn *decode;
	unsigned int levels;
	unsigned int bits;
	unsigned int features;
};

/* All of them; subject_count is filled in. The order never changes. */
const struct subject *subjects(unsigned int *count);

/* Highest IOVA. */
static inline u64 subject_last(const struct subject *subject)
{
	return ~0ULL >> (64 - subject->bits);
}

/* The largest physical address that a leaf can hold and a run list can name. */
u64 subject_last_phys(const struct subject *subject);

/* Size of the largest leaf that is at most @limit bytes. */
u64 subject_largest(const struct subject *subject, u64 limit);

/* What a new leaf says when it was entered for @access. */
unsigned int subject_new(const struct subject *subject, unsigned int access);

/* What becomes of a leaf's access when marks are set or cleared. */
unsigned int subject_mark(const struct subject *subject, unsigned int access, unsigned int set,
			  unsigned int clear);

void subject_begin(const struct subject *subject, struct ioasid_root *root);
/* Unmaps all that is left. */
void subject_end(const struct subject *subject, struct ioasid_root *root);

/* What is at an IOVA; what look_up says of it is the same. */
struct decoded subject_look(const struct subject *subject, const struct ioasid_root *root,
			    u64 iova);

/* The same as an access, 0 when nothing is there. */
unsigned int subject_access(const struct subject *subject, const struct ioasid_root *root,
			    u64 iova);

/*
 * A device wrote: hardware marks an entry of the leaf, the one for the IOVA or, if it is an entry
 * of the same leaf, the one @other bytes from there. False when nothing is there.
 */
bool subject_write(const struct subject *subject, struct ioasid_root *root, u64 iova, s64 other);

/* The operations, with whatever garbage they make freed, and table pages counted. */
int subject_map_runs(const struct subject *subject, struct ioasid_root *root, u64 iova, u64 last,
		     struct ioasid_run_iter *iter, unsigned int access);
int subject_map(const struct subject *subject, struct ioasid_root *root, u64 iova, u64 length,
		u64 phys, unsigned int access);
u64 subject_unmap(const struct subject *subject, struct ioasid_root *root, u64 iova, u64 length);
void subject_visit(const struct subject *subject, struct ioasid_root *root, u64 iova, u64 last,
		   const struct ioasid_visit *visit);

/* Everything in the range, page by page: that much from @phys on, with that access. */
void subject_expect(const struct subject *subject, const struct ioasid_root *root, u64 iova,
		    u64 length, u64 phys, unsigned int access);
/* Nothing is in the range. */
void subject_expect_nothing(const struct subject *subject, const struct ioasid_root *root, u64 iova,
			    u64 length);
/* The table is as it was made: no table but the top one, and that is all zero. */
void subject_expect_empty(const struct subject *subject, const struct ioasid_root *root);

#endif
