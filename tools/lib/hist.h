/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Log-linear histogram: which bucket a value falls into. Included by BPF programs too.
 *
 * Each power of two is cut into 16 buckets of equal width, so a bucket is at most 1/16 (6.25 %) as
 * wide as its values are large, and its middle is at most 3.2 % away from them. Values below 32
 * have buckets of their own, values from 2^HIST_BITS on share the last.
 */
#ifndef TOOLS_LIB_HIST_H
#define TOOLS_LIB_HIST_H

#define HIST_STEP_BITS 4
#define HIST_STEPS (1 << HIST_STEP_BITS)
#define HIST_BITS 40 /* of nanoseconds: 18 minutes */
#define HIST_BUCKETS ((HIST_BITS - HIST_STEP_BITS + 1) << HIST_STEP_BITS)

/* Number of bits of a value; written out, as BPF has no instruction for it. */
static inline unsigned int hist_bits(unsigned long long value)
{
	unsigned int bits = 0;

	for (unsigned int half = 32; half; half /= 2) {
		if (value >> half) {
			value >>= half;
			bits += half;
		}
	}
	return bits + (value != 0);
}

static inline unsigned int hist_bucket(unsigned long long value)
{
	unsigned int bits, shift;

	if (value < HIST_STEPS)
		return value;
	bits = hist_bits(value);
	if (bits > HIST_BITS)
		return HIST_BUCKETS - 1;
	shift = bits - 1 - HIST_STEP_BITS;
	return (shift << HIST_STEP_BITS) + (value >> shift);
}

/* The smallest value of a bucket; of HIST_BUCKETS the first value that would need one more. */
static inline unsigned long long hist_from(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < 2 * HIST_STEPS)
		return bucket;
	shift = (bucket >> HIST_STEP_BITS) - 1;
	return (unsigned long long)(bucket - (shift << HIST_STEP_BITS)) << shift;
}

#endif /* TOOLS_LIB_HIST_H */
