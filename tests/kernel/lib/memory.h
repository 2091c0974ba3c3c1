/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of every kind, what is in it, and where it physically is. Makers fail the test when the
 * kind cannot be had; hugetlb_reserve() tells first where that may well be so.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Private anonymous 4K pages, never huge. lazy: no page is there yet. */
void *anon_lazy(size_t size);
void *anon(size_t size);
/* Addresses without memory, aligned; parts can be replaced with MAP_FIXED. */
void *reserve(size_t size, size_t align);
/* Whole transparent huge pages. */
void *thp(size_t size);
/* Have the kernel set count pages of this size aside; false when it cannot. */
bool hugetlb_reserve(size_t page_size, size_t count);
void *hugetlb(size_t size, size_t page_size);
/* Shared memory of a memfd, whose descriptor goes to *fd. */
void *memfd(size_t size, int *fd);
/* A mapping (mmap() flags) of a file on tmpfs that has no name any more. */
void *file(size_t size, int flags);

/* A pattern that differs in every eight bytes, and with the seed. */
void fill(void *memory, size_t size, uint64_t from);
/*
 * Is the pattern there, starting at offset of what was filled?
 * The first byte that is not, or size.
 */
size_t filled(const void *memory, size_t size, uint64_t from, size_t offset);
/* It is there. */
void want_filled(const void *memory, size_t size, uint64_t from, size_t offset);
/* It is there when read through an IOVA. */
void want_iova_filled(int fd, uint32_t ioas, uint64_t iova, size_t size, uint64_t from,
		      size_t offset);

/* From /proc/self/pagemap: a physical address, 0 when no page is there. */
uint64_t physical(const void *address);
/* Physically contiguous runs of resident memory. */
size_t physical_runs(const void *memory, size_t size);
/* A line of the area around the address in /proc/self/smaps, such as "AnonHugePages:", in bytes. */
uint64_t smaps(const void *address, const char *line);
/* Is a device's memory there, or something else that the kernel has no pages for? */
bool is_device_memory(const void *address);

#endif /* MEMORY_H */
