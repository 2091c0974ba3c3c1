/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every place where a call can fail does, one after the other: first with the module's own fault
 * points (kernel/fault.h), then, on the debug kernel, with the kernel's (every allocation and every
 * user copy of the task). A call that passes fewer places than asked for has been swept.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include <stdbool.h>

/* Has no answer that could get lost: only memory runs out, so never -EFAULT by the module. */
#define SWEEP_SILENT (1u << 0)
/* Never fails for want of memory. */
#define SWEEP_STEADY (1u << 1)
/* The number of places differs from time to time, so the last one may be skipped. */
#define SWEEP_VARIES (1u << 2)
/* Has several places where an answer gets lost. */
#define SWEEP_LOSES (1u << 3)
/* Only the module's places: what the kernel does on the way must not fail, as it says itself. */
#define SWEEP_OURS (1u << 4)

/**
 * struct sweep - a call, and what to look at after it
 * @name: of the call
 * @before: makes what the call needs; may be NULL, as all that follow
 * @run: the call, which alone can fail: 0 or a negative errno
 * @worked: checks that all of it is there, and takes it away
 * @failed: checks that nothing has happened, and takes away what was made before
 * @done: did the call do its work, though it told -EFAULT as the answer got lost? NULL: it never
 *	does, it takes its work back
 * @flags: SWEEP_*
 * @min_places: of the module's; fewer would mean that nothing was injected at all
 *
 * After each place everything that can be counted is as it was before the sweep.
 */
struct sweep {
	const char *name;
	void (*before)(void);
	int (*run)(void);
	void (*worked)(void);
	void (*failed)(void);
	bool (*done)(void);
	unsigned int flags;
	int min_places;
};

/* The call just made: who injects, what it returned, and whether a place failed. */
struct sweeping {
	bool by_module;
	bool happened;
	int ret;
};

extern struct sweeping sweeping;

void sweep_prepare(void);
/* fd is the file whose counters stay. */
void sweep(int fd, const struct sweep *what);

#endif /* SWEEP_H */
