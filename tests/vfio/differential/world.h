/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the steps work on: memory of many kinds, containers, devices that are in them or not, and
 * what is mapped, as far as the calls said so.
 *
 * The world decides nothing by what a backend alone can know, so that with the same seed the same
 * calls are made as long as they have the same results.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "backend.h"
#include "call.h"
#include "edu.h"
#include "random.h"
#include "record.h"

#define CONTAINERS 3
#define MOST_MAPPINGS 512
/* Where each container has a page for each device, to see what is in the device's buffer. */
#define SCRATCH_IOVA 0x7f00000000ULL
/* A MiB of IOVAs where MSIs go, on Intel's and AMD's machines. */
#define MSI 0xfee00000ULL

/* The arena: one range of addresses with memory of every kind in it. */
enum area {
	AREA_SMALL, /* anonymous, 4 KiB pages */
	AREA_THP,
	AREA_HUGETLB,
	AREA_FILE, /* a memfd, shared */
	AREA_READ_ONLY,
	AREA_HOLE, /* no memory */
	AREA_LAZY, /* anonymous, not touched so far */
	AREA_GUARD, /* no memory */
	AREAS
};

struct part {
	uint64_t offset;
	uint64_t size;
};

extern const struct part parts[AREAS];
#define ARENA_SIZE (8 * MIB)

struct mapping {
	uint64_t iova;
	uint64_t size;
	uint64_t offset; /* of its memory, in the arena */
	uint32_t flags;
};

struct container {
	int fd;
	bool v1;
	unsigned int groups; /* in it now */
	struct mapping mappings[MOST_MAPPINGS];
	unsigned int count;
	bool all_noted; /* nothing is mapped but these */
};

struct world {
	struct rng rng;
	struct record *record;
	enum backend backend; /* who has to serve every container */
	char *arena;
	int memfd;
	char *scratch; /* a page for each device */
	struct container containers[CONTAINERS];
	struct edu edus[EDUS];
	int where[EDUS]; /* the container that the device is in, or -1 */
};

void world_make(struct world *world, uint64_t from, enum backend backend, struct record *record);
/* Everything is closed, in a random order. */
void world_end(struct world *world);

struct container *some_container(struct world *world);
/* A mapping of this container, or NULL. */
struct mapping *some_mapping(struct world *world, struct container *container);

void note_mapped(struct container *container, uint64_t iova, uint64_t size, uint64_t offset,
		 uint32_t flags);
/* Those that begin in the range. */
void note_unmapped(struct container *container, uint64_t iova, uint64_t last);

/* New patterns in a part of the arena that can be written. */
void arena_fill(struct world *world, uint64_t offset, uint64_t size);
/* A number for all that is in the arena. */
uint64_t arena_sum(const struct world *world);
uint64_t sum(const void *memory, uint64_t size);

#endif /* WORLD_H */
