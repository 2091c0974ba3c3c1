/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "lookup.h"
#include "tool.h"

#define SIZE_LEAST 64

/* The entry of a number, or the free one where it would be. There is always a free one. */
static struct lookup_entry *entry_of(const struct lookup *lookup, uint64_t key)
{
	size_t i = (key * 0x9e3779b97f4a7c15 >> 32) & (lookup->size - 1);

	while (lookup->entries[i].taken && lookup->entries[i].key != key)
		i = (i + 1) & (lookup->size - 1);
	return &lookup->entries[i];
}

static void grow(struct lookup *lookup)
{
	struct lookup larger = { .size = lookup->size ? 2 * lookup->size : SIZE_LEAST };

	larger.entries = calloc(larger.size, sizeof(*larger.entries));
	if (!larger.entries)
		tool_die("no memory");
	larger.used = lookup->used;
	for (size_t i = 0; i < lookup->size; i++)
		if (lookup->entries[i].taken)
			*entry_of(&larger, lookup->entries[i].key) = lookup->entries[i];
	free(lookup->entries);
	*lookup = larger;
}

void *lookup_find(const struct lookup *lookup, uint64_t key)
{
	return lookup->size ? entry_of(lookup, key)->value : NULL;
}

void **lookup_slot(struct lookup *lookup, uint64_t key)
{
	struct lookup_entry *entry;

	if (2 * (lookup->used + 1) > lookup->size)
		grow(lookup);
	entry = entry_of(lookup, key);
	if (!entry->taken) {
		entry->taken = true;
		entry->key = key;
		lookup->used++;
	}
	return &entry->value;
}

void lookup_clear(struct lookup *lookup, void (*release)(void *value))
{
	for (size_t i = 0; release && i < lookup->size; i++)
		if (lookup->entries[i].value)
			release(lookup->entries[i].value);
	free(lookup->entries);
	memset(lookup, 0, sizeof(*lookup));
}
