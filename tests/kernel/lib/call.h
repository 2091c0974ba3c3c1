/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The calls of /dev/ioasid as functions: 0 or a negative errno. make_* and query_* are for calls
 * that have to work and return what they made.
 */
#ifndef CALL_H
#define CALL_H

#include <linux/ioasid.h>
#include <stdint.h>

#define PAGE 4096ULL
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define HUGE_2M (2 * MIB)
#define HUGE_1G GIB

#define READ_ONLY IOASID_MAP_READ
#define READ_WRITE (IOASID_MAP_READ | IOASID_MAP_WRITE)

int device_open(void);
int call(int fd, unsigned long request, void *arg);

uint32_t make_ioas(int fd);
uint32_t make_table(int fd, uint32_t ioas);
/* IOASID_PIN_WRITE, must work. */
uint32_t make_pin(int fd, void *va, uint64_t length);

int pin_call(int fd, void *va, uint64_t length, uint32_t flags, struct ioasid_pin *out);
int unpin(int fd, uint32_t id, uint32_t flags);
int destroy(int fd, uint32_t id);

int map_call(int fd, struct ioasid_map *map);
int map_at(int fd, uint32_t ioas, void *va, uint64_t length, uint32_t flags, uint64_t iova);
int map_any(int fd, uint32_t ioas, void *va, uint64_t length, uint32_t flags, uint64_t *iova);
int map_pin_at(int fd, uint32_t ioas, uint32_t pin, uint64_t offset, uint64_t length,
	       uint32_t flags, uint64_t iova);
/* Placed, readable and writable, must work; returns the IOVA. */
uint64_t make_map(int fd, uint32_t ioas, void *va, uint64_t length);

/* out_unmapped may be NULL. */
int unmap(int fd, uint32_t ioas, uint64_t iova, uint64_t length, uint64_t *out_unmapped);
int unmap_all(int fd, uint32_t ioas, uint64_t *out_unmapped);

int table_call(int fd, uint32_t ioas, uint32_t *out_id);
int translate(int fd, uint32_t id, uint64_t iova, uint32_t flags, struct ioasid_translate *out);

/* out_done may be NULL. */
int access_read(int fd, uint32_t ioas, uint64_t iova, void *buffer, uint64_t length,
		uint64_t *out_done);
int access_write(int fd, uint32_t ioas, uint64_t iova, const void *buffer, uint64_t length,
		 uint64_t *out_done);

struct ioasid_query query_process(int fd);
struct ioasid_query query_file(int fd);
struct ioasid_query query_ioas(int fd, uint32_t ioas);

/* An error structure that is ready to be filled, and its address as calls want it. */
#define ERROR_INIT { .size = sizeof(struct ioasid_error) }
#define ADDRESS(p) ((uintptr_t)(p))

#endif /* CALL_H */
