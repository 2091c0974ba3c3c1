/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the ABI promises of each format of page tables, and that tables say what their address space
 * says.
 */
#ifndef FORMAT_H
#define FORMAT_H

#include <linux/ioasid.h>
#include <stdbool.h>
#include <stdint.h>

#define FORMATS (IOASID_FORMAT_RISCV + 1)
#define MOST_LEVELS 6

/**
 * struct format - a format, as include/uapi/linux/ioasid.h describes it
 * @name: for messages
 * @usual: levels when nothing is said
 * @coherent: has IOASID_TABLE_ALLOC_COHERENT
 * @bits: width of an IOVA by levels, 0 where there is no such number of levels
 * @most_bits: the same when address_bits asks for more, where more than @bits is possible
 */
struct format {
	const char *name;
	unsigned int usual;
	bool coherent;
	unsigned int bits[MOST_LEVELS + 1];
	unsigned int most_bits[MOST_LEVELS + 1];
};

extern const struct format formats[FORMATS];

/* Widest and narrowest IOVA of a table with so many levels. */
unsigned int format_most_bits(uint32_t format, unsigned int levels);
unsigned int format_least_bits(uint32_t format, unsigned int levels);
/* Bitmap of the entry sizes that a table with so many levels has. */
uint64_t format_sizes(uint32_t format, unsigned int levels);

/* A table with nothing special, must work. */
uint32_t make_format_table(int fd, uint32_t ioas, uint32_t format, uint32_t flags);
/* One of each format. */
void make_all_tables(int fd, uint32_t ioas, uint32_t flags, uint32_t tables[FORMATS]);

/* Page for page, the tables lead where the address space does, with the same rights. */
void want_tables_agree(int fd, uint32_t ioas, const uint32_t *tables, unsigned int count,
		       uint64_t iova, uint64_t length);
/*
 * A range that is mapped without holes, and was not cut since, has the largest of these entries
 * that fit; returns the sizes there are. The table agrees with the address space.
 */
uint64_t want_largest_entries(int fd, uint32_t ioas, uint32_t table, uint64_t sizes, uint64_t iova,
			      uint64_t length);

#endif /* FORMAT_H */
