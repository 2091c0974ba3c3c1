/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Failures, told as what, why and what to do.
 */
#ifndef EXAMPLES_NVME_FAIL_H
#define EXAMPLES_NVME_FAIL_H

/**
 * failed - print "nvme: WHAT: errno; REMEDY" on stderr, errno only where it is not zero
 * @remedy: what to do, or NULL
 * @format: what failed, as for printf()
 *
 * Returns -1 and leaves errno as it is.
 */
int failed(const char *remedy, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif /* EXAMPLES_NVME_FAIL_H */
