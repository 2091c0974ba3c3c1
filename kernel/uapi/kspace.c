// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kspace: an address space as other kernel code has it; see include/linux/ioasid.h.
 *
 * There is an object of an address space behind it: one of no file, or one of an open file; then
 * the file's other users map there, too. What is mapped through a kspace bears its number (the
 * maker), and only that is unmapped through it.
 *
 * Pages that are pinned without a mapping count as handles of their pins, so that the audit finds
 * who has them.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/ioasid.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include <trace/events/ioasid.h>

#include "fault.h"
#include "ioas/group.h"
#include "ioas/hold.h"
#include "ioas/ioas.h"
#include "queue.h"
#include "uapi/call.h"
#include "uapi/file.h"

struct ioasid_space {
	u32 number;
	bool joined;
	struct ioasid_object *object;
};

static atomic_t spaces_made;

/* Never 0, which is nobody. */
static u32 next_number(void)
{
	u32 number;

	do {
		number = atomic_inc_return(&spaces_made);
	} while (!number);
	return number;
}

static int tell(struct ioasid_error *error, const struct ioasid_refusal *why, int ret)
{
	if (ret && error)
		ioasid_tell_why(error, why, ret);
	return ret;
}

/* An object of a new address space, whose events nobody reads. */
static struct ioasid_object *new_object(void)
{
	struct ioasid_object *object = ioasid_object_alloc(IOASID_OBJECT_IOAS);
	struct ioasid_queue *queue;

	if (!object)
		return NULL;
	queue = ioasid_queue_alloc();
	if (queue) {
		object->ioas = ioasid_ioas_alloc(queue);
		ioasid_queue_put(queue);
	}
	if (object->ioas)
		return object;
	kfree(object);
	return NULL;
}

static struct ioasid_space *space_alloc(void)
{
	return ioasid_fault() ? NULL : kzalloc(sizeof(struct ioasid_space), GFP_KERNEL_ACCOUNT);
}

/**
 * ioasid_space_alloc() - make an address space of no file
 *
 * Context: may sleep.
 * Return: the address space, or an ERR_PTR: -ENOMEM.
 */
struct ioasid_space *ioasid_space_alloc(void)
{
	struct ioasid_space *space = space_alloc();

	if (!space)
		return ERR_PTR(-ENOMEM);
	space->object = new_object();
	if (!space->object) {
		kfree(space);
		return ERR_PTR(-ENOMEM);
	}
	space->number = next_number();
	return space;
}
EXPORT_SYMBOL_GPL(ioasid_space_alloc);

/**
 * ioasid_space_open() - use an address space of an open file
 * @file: an open file of /dev/ioasid
 * @ioas_id: the address space
 * @as: another one of the caller's, which it leaves for this one and whose number it keeps; or NULL
 *
 * As long as it is open, the address space can't be destroyed (EBUSY); when the file is closed it
 * stays, with all mappings.
 *
 * Context: may sleep.
 * Return: the address space, or an ERR_PTR: -EBADF when @file is none of ours; -ENOENT; -ENOMEM.
 */
struct ioasid_space *ioasid_space_open(struct file *file, u32 ioas_id,
				       const struct ioasid_space *as)
{
	struct ioasid_file *ours = ioasid_file_of(file);
	struct ioasid_object *object;
	struct ioasid_space *space;
	int ret = -ENOENT;

	if (!ours)
		return ERR_PTR(-EBADF);
	object = ioasid_object_get(ours, ioas_id, IOASID_OBJECT_IOAS);
	if (!object)
		return ERR_PTR(-ENOENT);
	if (!ioasid_ioas_use(object->ioas))
		goto put;
	ret = -ENOMEM;
	space = space_alloc();
	if (!space)
		goto unuse;
	space->number = as ? as->number : next_number();
	space->joined = true;
	space->object = object;
	return space;

unuse:
	ioasid_ioas_unuse(object->ioas);
put:
	ioasid_object_put(object);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(ioasid_space_open);

/**
 * ioasid_space_close() - use an address space no longer
 * @space: the caller has unmapped what it mapped there, and detached its groups; freed
 *
 * Context: may sleep.
 */
void ioasid_space_close(struct ioasid_space *space)
{
	if (space->joined)
		ioasid_ioas_unuse(space->object->ioas);
	ioasid_object_put(space->object);
	kfree(space);
}
EXPORT_SYMBOL_GPL(ioasid_space_close);

static struct ioasid_payer payer_of(const struct ioasid_space_memory *memory)
{
	return (struct ioasid_payer){
		.task = memory->task,
		.mm = memory->mm,
		.unlimited = memory->unlimited,
	};
}

static int pin_memory(const struct ioasid_space_map *map, struct ioasid_segments *segments,
		      struct ioasid_refusal *why)
{
	struct ioasid_payer payer = payer_of(&map->memory);
	struct ioasid_pin_wish wish = {
		.va = map->va,
		.pages = map->length >> PAGE_SHIFT,
		.write = map->access & IOASID_MAP_WRITE,
		.mode = IOASID_CHARGE_MM,
		.payer = &payer,
		.device = true,
	};
	int ret;

	wish.domain = ioasid_domain_of(&payer);
	if (IS_ERR(wish.domain))
		return PTR_ERR(wish.domain);
	ret = ioasid_pin_range(&wish, segments, why);
	ioasid_domain_put(wish.domain);
	return ret;
}

/**
 * ioasid_space_map() - pin memory and map it
 * @space: the address space
 * @map: what and where
 * @error: filled on failure, or NULL
 *
 * Context: may sleep.
 * Return: 0; -EINVAL, -EOVERFLOW for such ranges; -EFAULT when some of the memory can't be pinned;
 * -ENOMEM; -ENODEV when the process is gone; -EEXIST, -ERANGE for the IOVAs; -EINTR; a policy's
 * refusal. On failure nothing is left behind.
 */
int ioasid_space_map(struct ioasid_space *space, const struct ioasid_space_map *map,
		     struct ioasid_error *error)
{
	struct ioasid_refusal why = {};
	struct ioasid_mapping_call call = {
		.ioas = space->object->ioas,
		.flags = map->access | IOASID_MAP_FIXED,
		.maker = space->number,
		.va = map->va,
		.length = map->length,
		.iova = map->iova,
		.lap = ioasid_lap_start(trace_ioasid_map_enabled()),
		.why = &why,
	};
	int ret;

	ret = ioasid_check_memory(map->va, map->length, &why) ?:
		      ioasid_check_range(map->iova, map->length);
	if (!ret)
		ret = ioasid_map_segments(&call, pin_memory(map, &call.segments, &why));
	return tell(error, &why, ret);
}
EXPORT_SYMBOL_GPL(ioasid_space_map);

static bool held(struct ioasid_ioas *ioas, u64 iova, u64 last)
{
	bool held;

	read_lock(&ioas->lock);
	held = ioasid_held(ioas, iova, last);
	read_unlock(&ioas->lock);
	return held;
}

/**
 * ioasid_space_unmap() - remove what was mapped through this address space
 * @space: the address space
 * @iova: first IOVA, page-aligned
 * @last: last IOVA, one less than a page-aligned one
 * @error: filled on failure, or NULL
 *
 * When it returns no device reaches it any more. What others have mapped in the range stays.
 *
 * Context: may sleep.
 * Return: 0, or -EBUSY when a client holds pages of it and did not let go; what comes before is
 * unmapped then.
 */
int ioasid_space_unmap(struct ioasid_space *space, u64 iova, u64 last, struct ioasid_error *error)
{
	struct ioasid_ioas *ioas = space->object->ioas;
	struct ioasid_refusal why;
	u64 unmapped;
	int ret;

	for (;;) {
		why = (struct ioasid_refusal){};
		ret = ioasid_ioas_unmap_made(ioas, iova, last, space->number, &unmapped, &why);
		if (ret != -EBUSY || why.reason || held(ioas, iova, last))
			return tell(error, &why, ret);
		/* Somebody else is just unmapping there, by a call on the file. */
		schedule_timeout_uninterruptible(1);
	}
}
EXPORT_SYMBOL_GPL(ioasid_space_unmap);

/**
 * ioasid_space_change_owner() - charge the calling process for what is mapped from now on
 * @space: the address space
 * @iova: first IOVA
 * @last: last IOVA
 * @error: filled on failure, or NULL
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM, -EINTR or a policy's refusal: then nothing has moved.
 */
int ioasid_space_change_owner(struct ioasid_space *space, u64 iova, u64 last,
			      struct ioasid_error *error)
{
	struct ioasid_refusal why = {};
	struct xarray pins;
	u64 moved;
	int ret;

	xa_init_flags(&pins, XA_FLAGS_ACCOUNT);
	ret = ioasid_ioas_collect_pins(space->object->ioas, iova, last, &pins) ?:
		      ioasid_pins_change_owner(&pins, IOASID_CHARGE_MM, &moved, &why);
	ioasid_pins_forget(&pins);
	return tell(error, &why, ret);
}
EXPORT_SYMBOL_GPL(ioasid_space_change_owner);

/**
 * ioasid_space_attach_group() - let the devices of a group use the address space
 * @space: the address space
 * @group: the group, of which the caller has the DMA ownership
 * @error: filled on failure, or NULL
 *
 * Context: may sleep.
 * Return: 0 or a negative errno, as ioasid_ioas_attach_group().
 */
int ioasid_space_attach_group(struct ioasid_space *space, struct iommu_group *group,
			      struct ioasid_error *error)
{
	struct ioasid_refusal why = {};
	int ret;

	ret = ioasid_ioas_attach_group(space->object->ioas, group, space->number, &why);
	return tell(error, &why, ret);
}
EXPORT_SYMBOL_GPL(ioasid_space_attach_group);

/**
 * ioasid_space_detach_group() - the devices of a group use the address space no longer
 * @space: the address space
 * @group: an attached group
 *
 * Context: may sleep.
 */
void ioasid_space_detach_group(struct ioasid_space *space, struct iommu_group *group)
{
	ioasid_ioas_detach_group(space->object->ioas, group);
}
EXPORT_SYMBOL_GPL(ioasid_space_detach_group);

/**
 * ioasid_space_page_sizes() - entry sizes that all IOMMUs of its groups have
 * @space: the address space
 *
 * Return: a bitmap of sizes in bytes; without groups all from the page size on.
 */
u64 ioasid_space_page_sizes(struct ioasid_space *space)
{
	return ioasid_ioas_page_sizes(space->object->ioas);
}
EXPORT_SYMBOL_GPL(ioasid_space_page_sizes);

/**
 * ioasid_space_coherent() - do all IOMMUs of its groups snoop the CPU's caches, whatever a device
 * asks for?
 * @space: the address space
 */
bool ioasid_space_coherent(struct ioasid_space *space)
{
	return ioasid_ioas_coherent(space->object->ioas);
}
EXPORT_SYMBOL_GPL(ioasid_space_coherent);

/**
 * ioasid_space_usable() - may this range be mapped, as far as devices and reservations go?
 * @space: the address space
 * @iova: first IOVA
 * @last: last IOVA
 */
bool ioasid_space_usable(struct ioasid_space *space, u64 iova, u64 last)
{
	return ioasid_ioas_usable_range(space->object->ioas, iova, last);
}
EXPORT_SYMBOL_GPL(ioasid_space_usable);

/**
 * ioasid_space_ranges() - all ranges that may be mapped
 * @space: the address space
 * @ranges: filled, in order, if there is room for all
 * @capacity: room in @ranges
 *
 * Return: how many there are.
 */
u32 ioasid_space_ranges(struct ioasid_space *space, struct ioasid_range *ranges, u32 capacity)
{
	return ioasid_ioas_usable(space->object->ioas, ranges, capacity);
}
EXPORT_SYMBOL_GPL(ioasid_space_ranges);

/**
 * ioasid_page_pin() - pin a page without mapping it
 * @memory: whose
 * @va: its address
 * @write: it will be written
 * @page: filled
 * @error: filled on failure, or NULL
 *
 * Where the page is pinned already, that pin is shared.
 *
 * Context: may sleep.
 * Return: 0; -EFAULT; -ENOMEM; -ENODEV when the process is gone; -EINTR; a policy's refusal.
 */
int ioasid_page_pin(const struct ioasid_space_memory *memory, u64 va, bool write,
		    struct ioasid_page *page, struct ioasid_error *error)
{
	struct ioasid_payer payer = payer_of(memory);
	struct ioasid_pin_wish wish = {
		.va = va,
		.pages = 1,
		.write = write,
		.mode = IOASID_CHARGE_MM,
		.payer = &payer,
	};
	struct ioasid_segment segment;
	struct ioasid_refusal why = {};
	int ret;

	wish.domain = ioasid_domain_of(&payer);
	if (IS_ERR(wish.domain))
		return tell(error, &why, PTR_ERR(wish.domain));
	ret = ioasid_pin_page(&wish, &segment, &page->page, &why);
	ioasid_domain_put(wish.domain);
	if (!ret) {
		page->pin = segment.pin;
		page->offset = segment.page;
	}
	return tell(error, &why, ret);
}
EXPORT_SYMBOL_GPL(ioasid_page_pin);

/**
 * ioasid_page_unpin() - undo ioasid_page_pin()
 * @page: the page
 *
 * Context: may sleep.
 */
void ioasid_page_unpin(struct ioasid_page *page)
{
	struct ioasid_segment segment = {
		.pin = page->pin,
		.page = page->offset,
		.pages = 1,
	};

	ioasid_unpin_page(&segment);
}
EXPORT_SYMBOL_GPL(ioasid_page_unpin);
