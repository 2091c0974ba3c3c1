/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The constants of a BPF object file, const volatile variables in its source, that may get other
 * values before it is loaded.
 */
#ifndef IOASIDCTL_CONSTANTS_H
#define IOASIDCTL_CONSTANTS_H

#include <bpf/libbpf.h>
#include <stdbool.h>

/**
 * constants_are - does a map of this name hold a program's constants?
 */
bool constants_are(const char *map);

/**
 * constant_set - give one another value
 * @assignment: NAME=VALUE; VALUE is a number (K, M, G and T may follow), true, false, or text for
 *	an array of char
 *
 * Dies with a reason when that cannot be.
 */
void constant_set(struct bpf_object *object, const char *assignment);

#endif /* IOASIDCTL_CONSTANTS_H */
