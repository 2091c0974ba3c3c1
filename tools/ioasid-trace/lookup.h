/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table of pointers by number.
 */
#ifndef IOASID_TRACE_LOOKUP_H
#define IOASID_TRACE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lookup_entry {
	uint64_t key;
	void *value;
	bool taken;
};

/* All zeros is an empty one. */
struct lookup {
	struct lookup_entry *entries;
	size_t size;
	size_t used;
};

/**
 * lookup_find - what is kept by this number, NULL for nothing
 */
void *lookup_find(const struct lookup *lookup, uint64_t key);

/**
 * lookup_slot - where what is kept by this number is; NULL is there for a new one
 *
 * It may move with the next call.
 */
void **lookup_slot(struct lookup *lookup, uint64_t key);

/**
 * lookup_clear - make it empty again
 * @release: called for each value; NULL when that is not needed
 */
void lookup_clear(struct lookup *lookup, void (*release)(void *value));

#endif /* IOASID_TRACE_LOOKUP_H */
