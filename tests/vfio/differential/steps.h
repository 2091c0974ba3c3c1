/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The steps of a random sequence, each a line of the record.
 */
#ifndef STEPS_H
#define STEPS_H

#include <stdbool.h>

#include "world.h"

enum kind {
	KIND_MAP,
	KIND_UNMAP,
	KIND_UNMAP_ALL,
	KIND_VADDR,
	KIND_DIRTY,
	KIND_INFO,
	KIND_EXTENSION,
	KIND_ATTACH,
	KIND_DETACH,
	KIND_MEMORY,
	KIND_READ,
	KIND_WRITE,
	KIND_OTHER,
	KINDS
};

/* Numbers that calls are made of, most of them good ones. */
uint64_t some_iova(struct world *world);
uint64_t some_size(struct world *world);
uint64_t some_offset(struct world *world);
uint32_t some_argsz(struct world *world, uint32_t right);

/*
 * Does type1 find what is in this range? Before Linux 6.18 it does not if the range ends with the
 * last IOVA of all, which docs/vfio.md tells; such a call is left out.
 */
bool type1_finds(uint64_t iova, uint64_t size);

/* A line: what the step was, and its result. */
void told(struct world *world, enum kind kind, int ret, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* map_steps.c */
void step_map(struct world *world);
void step_unmap(struct world *world);
void step_unmap_all(struct world *world);
void step_vaddr(struct world *world);
/* dirty_steps.c */
void step_dirty(struct world *world);
void step_unmap_dirty(struct world *world);
/* other_steps.c */
void step_info(struct world *world);
void step_extension(struct world *world);
void step_other(struct world *world);
void step_memory(struct world *world);
/* device_steps.c */
void step_attach(struct world *world);
void step_detach(struct world *world);
void step_read(struct world *world);
void step_write(struct world *world);

/*
 * limit_steps.c: so many of another kind: no memory is mapped twice, so that nothing is shared, and
 * what is charged is the same to the page under any limit.
 */
void limit_steps_make(struct world *world, uint64_t count);

/* So many of them, at random, after each device has been attached once. */
void steps_make(struct world *world, uint64_t count);

#endif /* STEPS_H */
