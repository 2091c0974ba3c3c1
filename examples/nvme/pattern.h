/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What blocks are filled with: every 8 bytes differ from all others, by seed and place.
 */
#ifndef EXAMPLES_NVME_PATTERN_H
#define EXAMPLES_NVME_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/**
 * pattern_fill - fill memory
 * @place: of its first byte on the disk, in bytes
 * @length: a multiple of 8
 */
void pattern_fill(void *memory, size_t length, uint64_t seed, uint64_t place);

/**
 * pattern_wrong - how many bytes of it differ from the pattern
 */
uint64_t pattern_wrong(const void *memory, size_t length, uint64_t seed, uint64_t place);

#endif /* EXAMPLES_NVME_PATTERN_H */
