// SPDX-License-Identifier: GPL-2.0-only
/* Walker: see ioasid-emu.h. */
#include "walker.h"

#include <linux/err.h>
#include <linux/file.h>
#include <linux/io.h>
#include <linux/ioasid.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#define X86_PRESENT BIT_ULL(0)
#define X86_LEAF BIT_ULL(7)
#define X86_ADDRESS GENMASK_ULL(51, 12)

void emu_walker_init(struct emu_walker *walk)
{
	mutex_init(&walk->lock);
	init_waitqueue_head(&walk->changed);
}

/* What hardware may still use has to be there until it has flushed, but must not be found anew. */
static bool is_early(const struct emu_walker *walk)
{
	struct page *table = virt_to_page(walk->cached_entry);

	return !page_count(table) || READ_ONCE(*walk->cached_entry) ||
	       !folio_maybe_dma_pinned(page_folio(walk->cached_page));
}

static void flush(void *data, u64 iova, u64 last)
{
	struct emu_walker *walk = data;

	mutex_lock(&walk->lock);
	if (walk->flushes < EMU_FLUSHES) {
		walk->ranges[walk->flushes][0] = iova;
		walk->ranges[walk->flushes][1] = last;
	}
	walk->flushes++;
	walk->waiting++;
	mutex_unlock(&walk->lock);

	wait_event(walk->changed, READ_ONCE(walk->mode) == EMU_RELEASE);

	mutex_lock(&walk->lock);
	walk->waiting--;
	if (walk->cached_entry && walk->cached_iova >= iova && walk->cached_iova <= last) {
		walk->early += is_early(walk);
		walk->cached_entry = NULL;
	}
	mutex_unlock(&walk->lock);
}

static const struct ioasid_walker_ops ops = { .flush = flush };

static int walk_open(struct emu_walker *walk, struct emu_walk *args)
{
	struct ioasid_walker_table table;
	struct ioasid_walker *walker;
	struct file *file;

	if (walk->walker)
		return -EBUSY;
	file = fget(args->fd);
	if (!file)
		return -EBADF;
	walker = ioasid_walker_open(file, args->table_id, &ops, walk);
	fput(file);
	if (IS_ERR(walker))
		return PTR_ERR(walker);
	ioasid_walker_table(walker, &table);
	args->format = table.format;
	args->levels = table.levels;
	args->address_bits = table.address_bits;
	args->flags = table.flags;
	walk->walker = walker;
	return 0;
}

static int cache(struct emu_walker *walk, u64 iova)
{
	struct ioasid_walker_table table;
	unsigned int level;
	u64 *entry, at;

	ioasid_walker_table(walk->walker, &table);
	if (table.format != IOASID_FORMAT_X86_64)
		return -EINVAL;
	at = table.root;
	for (level = table.levels;; level--) {
		entry = (u64 *)phys_to_virt(at) + (iova >> (12 + 9 * (level - 1))) % 512;
		at = READ_ONCE(*entry);
		if (!(at & X86_PRESENT))
			return -ENOENT;
		if (level == 1 || at & X86_LEAF)
			break;
		at &= X86_ADDRESS;
	}
	mutex_lock(&walk->lock);
	walk->cached_iova = iova;
	walk->cached_entry = entry;
	walk->cached_page = pfn_to_page((at & X86_ADDRESS) >> PAGE_SHIFT);
	mutex_unlock(&walk->lock);
	return 0;
}

static void set_mode(struct emu_walker *walk, u32 mode)
{
	WRITE_ONCE(walk->mode, mode);
	wake_up_all(&walk->changed);
}

static void tell(struct emu_walker *walk, struct emu_walk *args)
{
	mutex_lock(&walk->lock);
	args->flushes = walk->flushes;
	args->waiting = walk->waiting;
	args->early = walk->early;
	memcpy(args->ranges, walk->ranges, sizeof(args->ranges));
	walk->flushes = 0;
	walk->early = 0;
	memset(walk->ranges, 0, sizeof(walk->ranges));
	mutex_unlock(&walk->lock);
}

void emu_walker_close(struct emu_walker *walk)
{
	if (!walk->walker)
		return;
	set_mode(walk, EMU_RELEASE);
	ioasid_walker_close(walk->walker);
	walk->walker = NULL;
	walk->cached_entry = NULL;
}

static int run(struct emu_walker *walk, unsigned int command, struct emu_walk *args)
{
	if (command == EMU_WALK_OPEN)
		return walk_open(walk, args);
	if (!walk->walker)
		return -EINVAL;
	switch (command) {
	case EMU_WALK_MODE:
		set_mode(walk, args->mode);
		return 0;
	case EMU_WALK_FLUSHES:
		tell(walk, args);
		return 0;
	case EMU_WALK_CACHE:
		return cache(walk, args->iova);
	case EMU_WALK_CLOSE:
		emu_walker_close(walk);
		return 0;
	default:
		return -ENOTTY;
	}
}

int emu_walker_call(struct emu_walker *walk, unsigned int command, void __user *user)
{
	struct emu_walk args;
	int ret;

	if (copy_from_user(&args, user, sizeof(args)))
		return -EFAULT;
	ret = run(walk, command, &args);
	if (!ret && copy_to_user(user, &args, sizeof(args)))
		return -EFAULT;
	return ret;
}
