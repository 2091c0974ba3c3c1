/* SPDX-License-Identifier: GPL-2.0-only */
/* Walker: a walker of a table, for the device of ioasid-emu.h. */
#ifndef EMU_WALKER_H
#define EMU_WALKER_H

#include <linux/mutex.h>
#include <linux/wait.h>

#include "ioasid-emu.h"

struct ioasid_walker;
struct page;

/**
 * struct emu_walker - a walker, and what it was told
 * @walker: NULL as long as there is none
 * @lock: guards the rest
 * @mode: what a flush does
 * @changed: woken when @mode changes
 * @flushes: since it was asked last
 * @waiting: flushes that wait for @changed
 * @early: flushes at which what is cached was not as it has to be
 * @ranges: of the first flushes
 * @cached_iova: where to something is cached
 * @cached_entry: the entry of the last table, NULL for none
 * @cached_page: the page that it leads to
 */
struct emu_walker {
	struct ioasid_walker *walker;
	struct mutex lock;
	u32 mode;
	wait_queue_head_t changed;
	u32 flushes;
	u32 waiting;
	u32 early;
	u64 ranges[EMU_FLUSHES][2];
	u64 cached_iova;
	u64 *cached_entry;
	struct page *cached_page;
};

void emu_walker_init(struct emu_walker *walk);
int emu_walker_call(struct emu_walker *walk, unsigned int command, void __user *user);
void emu_walker_close(struct emu_walker *walk);

#endif /* EMU_WALKER_H */
