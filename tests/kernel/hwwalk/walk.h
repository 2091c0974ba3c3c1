/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One IOMMU that walks one of our tables, for the DMA of an edu device: see
 * tests/module/ioasid-walk.h for the words unit, device, mode, fault.
 *
 *	walk	a unit, a mode, a format, a number of levels; what a suite tests
 *	lane	one device on one table, with the address space that feeds it
 *	home	two pages of a lane that are always mapped: what the device's buffer is filled from
 *		(the source), and where it is looked at (the sink)
 *	field	the rest of the lane's IOVAs, in the upper half of what the table reaches
 */
#ifndef WALK_H
#define WALK_H

#include <linux/ioasid.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../module/ioasid-walk.h"

/**
 * struct walk_kind - a walk
 * @name: as it is told
 * @unit: enum walk_unit_kind
 * @mode: enum walk_mode
 * @format: enum ioasid_format
 * @levels: of the table
 * @bits: of an IOVA; 0: what so many levels give
 * @flags: IOASID_TABLE_ALLOC_*; with _TRACK the unit has to set accessed and dirty bits
 * @quiet: WALK_QUIET_*, when the unit doesn't tell everything
 */
struct walk_kind {
	const char *name;
	uint32_t unit;
	uint32_t mode;
	uint32_t format;
	uint32_t levels;
	uint32_t bits;
	uint32_t flags;
	unsigned int quiet;
};

/*
 * A unit may refuse without a word: where an entry is empty; where it doesn't give the right; where
 * it doesn't and is cached.
 */
#define WALK_QUIET_EMPTY (1u << 0)
#define WALK_QUIET_RIGHTS (1u << 1)
#define WALK_QUIET_CACHED (1u << 2)

struct lane {
	int fd;
	int device;
	uint32_t ioas;
	uint32_t table;
	uint64_t home;
	uint64_t field;
	uint64_t field_size;
	uint64_t sizes;
	char *source;
	char *sink;
};

extern const struct walk_kind *walk_kind;
extern struct lane lane;

/* Load the module; the unit is this one. */
void walk_load(const struct walk_kind *kind);
/* The lane is open; and closed, with nothing left. */
void walk_begin(const struct walk_kind *kind);
void walk_end(void);

struct lane lane_open(uint32_t number);
void lane_close(struct lane *which);
int lane_attach(int fd, uint32_t table, uint32_t mode, uint32_t number, int *device,
		struct walk_attach *args);
int lane_table(int fd, uint32_t ioas, const struct walk_kind *kind, uint32_t *id);

void lane_dma(struct lane *which, uint64_t iova, uint32_t length, bool write);
struct walk_faults lane_faults(struct lane *which);
struct walk_flushes lane_flushes(struct lane *which, bool deaf);

/* The device's buffer gets a pattern; and what is in it goes to the sink. */
void buffer_fill(struct lane *which, uint64_t from);
void buffer_dump(struct lane *which);

/* What the device reads there is what is in memory; what it writes there comes to be in it. */
void want_reads(struct lane *which, uint64_t iova, const void *memory, uint32_t length);
void want_writes(struct lane *which, uint64_t iova, void *memory, uint32_t length);
void want_moves(struct lane *which, uint64_t iova, void *memory, uint32_t length);
/* A fault was told, at this IOVA's page and of this type, and no other; or the unit is quiet. */
void want_fault(struct lane *which, uint64_t iova, bool write, unsigned int quiet);
void want_no_fault(struct lane *which);
/* DMA there is refused and told, and memory stays what it is. memory may be NULL. */
void want_refused(struct lane *which, uint64_t iova, bool write, void *memory, unsigned int quiet);
/* Both directions, nothing is mapped there. */
void want_unreached(struct lane *which, uint64_t iova, void *memory);

void lane_map(struct lane *which, void *memory, uint64_t length, uint32_t flags, uint64_t iova);
void lane_unmap(struct lane *which, uint64_t iova, uint64_t length);
/* The table's entry there, as software sees it. */
struct ioasid_translate lane_entry(struct lane *which, uint64_t iova);

/* A line that make check shows. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* WALK_H */
