/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pair: a page table of ours and one of theirs, which are given the same.
 */
#ifndef IOASID_PT_PAIR_H
#define IOASID_PT_PAIR_H

#include <linux/types.h>

#include "ioasid-pt.h"
#include "pin/run.h"
#include "pt/peer.h"
#include "table/format.h"

/**
 * struct pair - two page tables
 * @format: of ours
 * @make: how it was made
 * @root: ours; has no page while there are none
 * @peer: theirs
 */
struct pair {
	const struct ioasid_table_format *format;
	struct pt_make make;
	struct ioasid_root root;
	struct peer peer;
};

/**
 * struct memory - what is mapped
 * @iova: where
 * @access: PT_READ, PT_WRITE
 * @count: of @runs
 * @runs: the memory, as theirs gets it
 * @list: the same, as ours gets it
 */
struct memory {
	u64 iova;
	u32 access;
	u32 count;
	struct pt_run *runs;
	struct ioasid_runs list;
};

int memory_get(struct memory *memory, const struct pt_map *map);
void memory_put(struct memory *memory);

int pair_make(struct pair *pair, struct pt_make *make);
void pair_free(struct pair *pair);
int pair_map_ours(struct pair *pair, const struct memory *memory);
int pair_map_theirs(struct pair *pair, const struct memory *memory);
u64 pair_unmap_ours(struct pair *pair, u64 iova, u64 length);
void pair_compare(struct pair *pair, struct pt_compare *result);

int pair_time(struct pair *pair, const struct memory *memory, struct pt_time *args);
int pair_ticks(void);

#endif /* IOASID_PT_PAIR_H */
