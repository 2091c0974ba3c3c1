/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entries of a BPF map: its keys and values, with their types.
 */
#ifndef IOASIDCTL_ENTRIES_H
#define IOASIDCTL_ENTRIES_H

#include <bpf/bpf.h>
#include <stdbool.h>

#include "value.h"

/**
 * struct entries - an open map
 * @fd: of the map
 * @info: what the kernel says of it
 * @key: a key, to be filled
 * @value: a value, to be filled; the bytes have room for all processors' when it is per-CPU
 * @processors: values that each key has: 1 when it is not per-CPU
 */
struct entries {
	int fd;
	struct bpf_map_info info;
	struct value key;
	struct value value;
	unsigned int processors;
};

/**
 * entries_open - get ready to look into a map
 * @name: for messages
 * @fd: of the map; is the entries' from now on
 *
 * Dies when its entries can't be shown.
 */
void entries_open(struct entries *entries, const char *name, int fd,
		  const struct bpf_map_info *info);

/**
 * entries_close - undo it
 */
void entries_close(struct entries *entries);

/**
 * entries_keys - all its keys, in order
 * @count: how many
 *
 * Returns them one behind the other, to be freed.
 */
char *entries_keys(const struct entries *entries, size_t *count);

/**
 * entries_get - fill in the value of the key
 *
 * Returns false when there is no such entry; the value is zeros then.
 */
bool entries_get(const struct entries *entries);

/**
 * entries_value - the value of one processor, after entries_get()
 */
struct value entries_value(const struct entries *entries, unsigned int processor);

/**
 * entries_put - store the value for the key
 *
 * Returns 0 or a negative errno.
 */
int entries_put(const struct entries *entries);

/**
 * entries_delete - remove the key's entry
 *
 * Returns 0 or a negative errno.
 */
int entries_delete(const struct entries *entries);

#endif /* IOASIDCTL_ENTRIES_H */
