/* SPDX-License-Identifier: GPL-2.0-only */
/* What the measuring programs share: calls that have to work. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <err.h>
#include <fcntl.h>
#include <linux/ioasid.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096ULL
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

static inline int device_open(void)
{
	int fd = open("/dev/ioasid", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		err(1, "/dev/ioasid (is the module loaded?)");
	return fd;
}

static inline uint32_t make_ioas(int fd)
{
	struct ioasid_ioas_alloc alloc = { .size = sizeof(alloc) };

	if (ioctl(fd, IOASID_IOAS_ALLOC, &alloc))
		err(1, "IOAS_ALLOC");
	return alloc.out_id;
}

static inline void map_at(int fd, uint32_t ioas, const void *va, uint64_t length, uint64_t iova)
{
	struct ioasid_map map = {
		.size = sizeof(map),
		.flags = IOASID_MAP_READ | IOASID_MAP_WRITE | IOASID_MAP_FIXED,
		.ioas_id = ioas,
		.va = (uintptr_t)va,
		.length = length,
		.iova = iova,
	};

	if (ioctl(fd, IOASID_MAP, &map))
		err(1, "MAP of %llu bytes", (unsigned long long)length);
}

static inline uint64_t unmap(int fd, uint32_t ioas, uint64_t iova, uint64_t length)
{
	struct ioasid_unmap args = {
		.size = sizeof(args),
		.ioas_id = ioas,
		.iova = iova,
		.length = length,
	};

	if (ioctl(fd, IOASID_UNMAP, &args))
		err(1, "UNMAP");
	return args.out_unmapped;
}

static inline struct ioasid_query query(int fd, uint32_t scope, uint32_t id)
{
	struct ioasid_query q = { .size = sizeof(q), .scope = scope, .id = id };

	if (ioctl(fd, IOASID_QUERY, &q))
		err(1, "QUERY");
	return q;
}

static inline void *memory_of(uint64_t size, int flags)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags,
			    -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

#endif /* BENCH_COMMON_H */
