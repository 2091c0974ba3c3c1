/* SPDX-License-Identifier: GPL-2.0-only */
#include "pattern.h"

/* A multiplication by an odd number and a shift to the right lose nothing: no two are the same. */
static uint64_t word_at(uint64_t seed, uint64_t place)
{
	uint64_t word = (place / 8 + 1) * 0x9e3779b97f4a7c15ULL + seed;

	word = (word ^ word >> 32) * 0xd6e8feb86659fd93ULL;
	return word ^ word >> 32;
}

void pattern_fill(void *memory, size_t length, uint64_t seed, uint64_t place)
{
	uint64_t *words = memory;

	for (size_t i = 0; i < length / 8; i++)
		words[i] = word_at(seed, place + i * 8);
}

uint64_t pattern_wrong(const void *memory, size_t length, uint64_t seed, uint64_t place)
{
	const uint64_t *words = memory;
	uint64_t wrong = 0;

	for (size_t i = 0; i < length / 8; i++) {
		uint64_t difference = words[i] ^ word_at(seed, place + i * 8);

		for (; difference; difference >>= 8)
			wrong += (difference & 0xff) != 0;
	}
	return wrong;
}
