/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Classes of sizes: calls of 1 page, of 2 or 3, of 4 to 7, and so on. And amounts in little room.
 */
#ifndef IOASID_TRACE_SIZE_H
#define IOASID_TRACE_SIZE_H

#include <stdint.h>

#include "json.h"
#include "text.h"

/**
 * size_text - a class: "4K", or "8K-12K", first and last
 */
struct text size_text(unsigned int size_class);

/**
 * size_put - a class: its first and last number of pages
 */
void size_put(struct json *json, unsigned int size_class);

/**
 * size_count - a number in at most six characters: exact below a million, then 1.2M
 */
struct text size_count(uint64_t count);

#endif /* IOASID_TRACE_SIZE_H */
