/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASIDCTL_VERIFIER_H
#define IOASIDCTL_VERIFIER_H

/**
 * verifier_die - the kernel did not take an object file: say which program, why, and what to do
 * @file: the object file
 * @error: negative errno of libbpf's
 */
void verifier_die(const char *file, int error) __attribute__((noreturn));

#endif /* IOASIDCTL_VERIFIER_H */
