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
/* Of any kind: format, levels, flags and so on are the caller's. */
int table_alloc(int fd, struct ioasid_table_alloc *table);
/* x86-64, must work; what is dirty can be read from now on. */
uint32_t make_tracked_table(int fd, uint32_t ioas);
/* Reads; out_dirty may be NULL. */
int dirty_read(int fd, uint32_t table, uint32_t flags, uint64_t iova, uint64_t length,
	       uint64_t granule, uint64_t *bitmap, uint64_t *out_dirty);
int dirty_switch(int fd, uint32_t table, uint32_t op);
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
/* One part of a list: the cursor goes on, count is how many entries were filled in. */
int query_list(int fd, uint32_t scope, uint32_t id, uint64_t *cursor,
	       struct ioasid_query_entry *entries, uint32_t capacity, uint32_t *count);

int map_file_call(int fd, struct ioasid_map_file *map);
int map_file_at(int fd, uint32_t ioas, int file, uint64_t offset, uint64_t length, uint32_t flags,
		uint64_t iova);
/* Fixed, readable and writable, must work; returns the bytes that were pinned already. */
uint64_t make_map_file(int fd, uint32_t ioas, int file, uint64_t offset, uint64_t length,
		       uint64_t iova);

int batch_call(int fd, struct ioasid_map_batch *batch);
int copy_at(int fd, uint32_t dst, uint64_t dst_iova, uint32_t src, uint64_t src_iova,
	    uint64_t length, uint32_t flags);

/* *count: in: room in ranges; out: how many there are. */
int iova_ranges(int fd, uint32_t ioas, struct ioasid_range *ranges, uint32_t *count);
int allow_iovas(int fd, uint32_t ioas, const struct ioasid_range *ranges, uint32_t count);
int reserve_iovas(int fd, uint32_t ioas, uint64_t iova, uint64_t length);
int unreserve_iovas(int fd, uint32_t ioas, uint64_t iova, uint64_t length);

/* out_moved may be NULL. */
int change_owner(int fd, uint64_t *out_moved, struct ioasid_error *error);
int option_set(int fd, uint32_t option, uint32_t id, uint64_t value);
/* Must work; returns the value. */
uint64_t option_get(int fd, uint32_t option, uint32_t id);

/* An error structure that is ready to be filled, and its address as calls want it. */
#define ERROR_INIT { .size = sizeof(struct ioasid_error) }
#define ADDRESS(p) ((uintptr_t)(p))

#endif /* CALL_H */
