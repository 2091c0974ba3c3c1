/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of functions: the kernel's by /proc/kallsyms, a process's by /proc/PID/maps and the symbol
 * tables of its files. What was looked up of a process is known after it has gone.
 */
#ifndef IOASID_TRACE_SYMBOLS_H
#define IOASID_TRACE_SYMBOLS_H

#include <sys/types.h>

#include "model.h"

/**
 * symbols_process - read what files a process has mapped, unless it was read already
 *
 * Returns false when it has gone before.
 */
bool symbols_process(pid_t pid);

/**
 * symbols_user - fill in name, offset and object of a frame by its address
 */
void symbols_user(pid_t pid, struct frame *frame);

/**
 * symbols_kernel - the same of the kernel
 */
void symbols_kernel(struct frame *frame);

/**
 * symbols_trim - leave out the innermost frames of a kernel's stack that are of tracing itself
 *
 * Returns how many are left of @depth.
 */
unsigned int symbols_trim(struct frame *frames, unsigned int depth);

void symbols_end(void);

#endif /* IOASID_TRACE_SYMBOLS_H */
