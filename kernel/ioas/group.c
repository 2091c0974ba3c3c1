// SPDX-License-Identifier: GPL-2.0-only
/*
 * Group: see group.h.
 *
 * Groups share a table if their IOMMU's driver lets them, so what is mapped is entered once for
 * all of them. A group brings windows: IOVAs that its hardware doesn't translate, so that nothing
 * can be mapped there. Several groups may have the same window; it is closed until the last of them
 * goes.
 *
 * Invariants. Each group in ioas->groups is attached to its table, which is in ioas->tables; a
 * table that no group is attached to is freed. ioas->windows has the windows of all groups, joined.
 *
 * A group is on a list of all groups, in the order of their coming, for iterators, which may hold
 * it longer than it is attached.
 *
 * Lock order: tables_lock, held for writing all the time; the IOMMU core's lock of the group, or
 * ioas->lock, or groups_lock.
 */
#include "ioas/group.h"

#include <linux/err.h>
#include <linux/ioasid_stat.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include <trace/events/ioasid.h>

#include "fault.h"
#include "ioas/ioas.h"
#include "table/iommu.h"
#include "trace/lap.h"

/**
 * struct ioasid_group - an attached group
 * @link: in ioas->groups
 * @group: the core's; referenced
 * @ioas: what it is attached to
 * @table: what its devices go by
 * @users: so many times it was attached
 * @windows: where nothing can be mapped, in no order
 * @all: in the list of all groups
 * @refs: the attachment's, and iterators'
 * @detached: is only waited for by iterators; guarded by groups_lock
 * @stat: what iterators tell, of its first device when it was attached; @devices of then
 */
struct ioasid_group {
	struct list_head link;
	struct iommu_group *group;
	struct ioasid_ioas *ioas;
	struct ioasid_table *table;
	unsigned int users;
	struct ioasid_ranges *windows;
	struct list_head all;
	refcount_t refs;
	bool detached;
	struct ioasid_device_stat stat;
};

static DEFINE_SPINLOCK(groups_lock); /* guards the list */
static LIST_HEAD(groups);

/* What a group's driver tells, in a list that has to be freed. */
static void free_regions(struct list_head *regions)
{
	struct iommu_resv_region *region, *next;

	list_for_each_entry_safe(region, next, regions, list) {
		list_del(&region->list);
		kfree(region);
	}
}

/* Where devices send MSIs that the IOMMU translates; false when it doesn't. */
static bool find_msi(struct list_head *regions, u64 *iova)
{
	struct iommu_resv_region *region;
	bool found = false;

	list_for_each_entry(region, regions, list) {
		if (region->type == IOMMU_RESV_MSI)
			return false;
		if (region->type == IOMMU_RESV_SW_MSI) {
			*iova = region->start;
			found = true;
		}
	}
	return found;
}

static struct ioasid_ranges *ranges_alloc(u32 count)
{
	struct ioasid_ranges *ranges = NULL;

	if (!ioasid_fault())
		ranges = kzalloc(struct_size(ranges, ranges, count), GFP_KERNEL_ACCOUNT);
	if (ranges)
		ranges->count = count;
	return ranges;
}

/* The windows that a group has behind a table: whole pages. */
static int find_windows(struct ioasid_group *group, const struct list_head *regions)
{
	u64 first = ioasid_iommu_table_first(group->table);
	const struct iommu_resv_region *region;
	u32 n = first > 0;

	list_for_each_entry(region, regions, list)
		n += region->type != IOMMU_RESV_DIRECT_RELAXABLE && region->length;
	group->windows = ranges_alloc(n);
	if (!group->windows)
		return -ENOMEM;
	n = 0;
	if (first)
		group->windows->ranges[n++] = (struct ioasid_range){ 0, (first - 1) | ~PAGE_MASK };
	list_for_each_entry(region, regions, list) {
		if (region->type == IOMMU_RESV_DIRECT_RELAXABLE || !region->length)
			continue;
		group->windows->ranges[n++] = (struct ioasid_range){
			region->start & PAGE_MASK,
			(region->start + region->length - 1) | ~PAGE_MASK,
		};
	}
	return 0;
}

/* May the group's windows be closed, and does its table reach all that is mapped? */
static int check_windows(struct ioasid_ioas *ioas, const struct ioasid_group *group,
			 struct ioasid_refusal *why)
{
	const struct ioasid_ranges *windows = group->windows;
	u64 last = group->table->last;
	int ret = 0;
	u32 i;

	if (last != U64_MAX)
		ret = ioasid_ioas_check_window(ioas, last + 1, U64_MAX, why);
	for (i = 0; !ret && i < windows->count; i++)
		ret = ioasid_ioas_check_window(ioas, windows->ranges[i].start,
					       windows->ranges[i].last, why);
	return ret;
}

static int compare_starts(const void *a, const void *b)
{
	const struct ioasid_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static u32 count_windows(const struct ioasid_ioas *ioas)
{
	const struct ioasid_group *group;
	u32 n = 0;

	list_for_each_entry(group, &ioas->groups, link)
		n += group->windows->count;
	return n;
}

/* Fill in the windows of all groups; there is room. */
static void join_windows(const struct ioasid_ioas *ioas, struct ioasid_ranges *windows)
{
	const struct ioasid_group *group;
	u32 n = 0;

	windows->count = count_windows(ioas);
	if (!windows->count)
		return;
	list_for_each_entry(group, &ioas->groups, link) {
		memcpy(&windows->ranges[n], group->windows->ranges,
		       group->windows->count * sizeof(*windows->ranges));
		n += group->windows->count;
	}
	sort(windows->ranges, n, sizeof(*windows->ranges), compare_starts, NULL);
	ioasid_ranges_join(windows);
}

/* Put the group on the list, and close its windows. */
static int add_group(struct ioasid_ioas *ioas, struct ioasid_group *group)
{
	struct ioasid_ranges *windows, *old = ioas->windows;

	windows = ranges_alloc(count_windows(ioas) + group->windows->count);
	if (!windows)
		return -ENOMEM;
	list_add_tail(&group->link, &ioas->groups);
	join_windows(ioas, windows);
	write_lock(&ioas->lock);
	ioas->windows = windows;
	ioas->changes++;
	write_unlock(&ioas->lock);
	kfree(old);
	return 0;
}

/* Take the group off the list, and open those of its windows that no other group has. */
static void remove_group(struct ioasid_ioas *ioas, struct ioasid_group *group)
{
	list_del(&group->link);
	/* There was room for more. */
	write_lock(&ioas->lock);
	join_windows(ioas, ioas->windows);
	write_unlock(&ioas->lock);
}

/*
 * Go over to a table of the address space that suits the group as well as its own new one, if there
 * is any; the new one is freed then.
 */
static int share_table(struct ioasid_ioas *ioas, struct ioasid_group *group)
{
	struct ioasid_table *table, *own = group->table;
	int ret;

	list_for_each_entry(table, &ioas->tables, link) {
		if (!ioasid_iommu_table_alike(table, own))
			continue;
		ioasid_iommu_table_detach(own, group->group);
		if (!ioasid_iommu_table_attach(table, group->group)) {
			group->table = table;
			ioasid_table_free(own);
			return 0;
		}
		ret = ioasid_iommu_table_attach(own, group->group);
		if (ret)
			return ret;
	}
	return 0;
}

static bool is_used(const struct ioasid_ioas *ioas, const struct ioasid_table *table)
{
	const struct ioasid_group *group;

	list_for_each_entry(group, &ioas->groups, link)
		if (group->table == table)
			return true;
	return false;
}

/* Let a new table have what is mapped. */
static int fill(struct ioasid_ioas *ioas, struct ioasid_table *table, struct list_head *regions,
		struct ioasid_refusal *why)
{
	u64 msi;
	int ret;

	ioasid_table_set_small(table, ioas->small);
	ret = ioasid_iommu_table_probe(table);
	if (!ret && find_msi(regions, &msi))
		ret = ioasid_iommu_table_set_msi(table, msi);
	return ret ?: ioasid_ioas_replay(ioas, table, why);
}

static struct ioasid_group *find_group(const struct ioasid_ioas *ioas,
				       const struct iommu_group *wanted)
{
	struct ioasid_group *group;

	list_for_each_entry(group, &ioas->groups, link)
		if (group->group == wanted)
			return group;
	return NULL;
}

static int note_device(struct device *dev, void *data)
{
	struct ioasid_device_stat *stat = data;

	if (!stat->devices++)
		strscpy_pad(stat->device, dev_name(dev));
	return 0;
}

static void tell_devices(struct ioasid_event_table *event, const struct ioasid_group *group)
{
	event->devices = group->stat.devices;
	strscpy_pad(event->device, group->stat.device);
}

static struct ioasid_event_table event_of(const struct ioasid_ioas *ioas,
					  const struct ioasid_group *group)
{
	struct ioasid_event_table event = ioasid_ioas_table_event(ioas, group->table);

	event.container = group->stat.container;
	event.group = group->stat.group;
	tell_devices(&event, group);
	return event;
}

static struct ioasid_group *group_alloc(struct ioasid_ioas *ioas, struct iommu_group *iommu_group,
					u64 container)
{
	struct ioasid_group *group;

	group = ioasid_fault() ? NULL : kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);
	if (!group)
		return NULL;
	group->group = iommu_group_ref_get(iommu_group);
	group->ioas = ioas;
	group->users = 1;
	refcount_set(&group->refs, 1);
	INIT_LIST_HEAD(&group->all);
	group->stat.ioas = ioas->number;
	group->stat.container = container;
	group->stat.group = iommu_group_id(iommu_group);
	group->stat.tgid = current->tgid;
	group->stat.since_ns = ktime_get_boottime_ns();
	get_task_comm(group->stat.comm, current->group_leader);
	iommu_group_for_each_dev(iommu_group, &group->stat, note_device);
	return group;
}

/* Iterators see it from now on. */
static void publish(struct ioasid_group *group)
{
	group->stat.table = group->table->number;
	group->stat.sizes = group->table->sizes;
	spin_lock(&groups_lock);
	list_add_tail(&group->all, &groups);
	spin_unlock(&groups_lock);
}

/* Iterators don't tell of it any more, nor look at its address space; who is there goes on. */
static void unpublish(struct ioasid_group *group)
{
	spin_lock(&groups_lock);
	group->detached = true;
	spin_unlock(&groups_lock);
}

/* Attach a group that isn't: to a table, with its windows. */
static int attach(struct ioasid_ioas *ioas, struct ioasid_group *group, struct ioasid_refusal *why)
{
	struct ioasid_table *table = ioasid_iommu_table_alloc(group->group, why);
	LIST_HEAD(regions);
	bool shared;
	int ret;

	if (IS_ERR(table))
		return ioasid_refuse(why, IOASID_STAGE_TABLE, 0, 0, PTR_ERR(table));
	group->table = table;
	ret = share_table(ioas, group);
	shared = group->table != table;
	if (!ret)
		ret = ioasid_fault() ? -ENOMEM :
				       iommu_get_group_resv_regions(group->group, &regions);
	if (!ret)
		ret = find_windows(group, &regions);
	if (!ret)
		ret = check_windows(ioas, group, why);
	if (!ret && !shared)
		ret = fill(ioas, group->table, &regions, why);
	if (!ret)
		ret = add_group(ioas, group);
	free_regions(&regions);
	if (ret)
		goto undo;
	if (!shared)
		ioasid_ioas_add_table(ioas, group->table);
	return 0;

undo:
	ioasid_iommu_table_detach(group->table, group->group);
	if (!shared)
		ioasid_table_free(group->table);
	return ioasid_refuse(why, IOASID_STAGE_TABLE, 0, 0, ret);
}

/**
 * ioasid_ioas_attach_group() - let the devices of a group reach what is mapped
 * @ioas: the address space
 * @iommu_group: the group; the caller owns its DMA, and has a reference to it
 * @container: number of the VFIO container that it belongs to, or 0
 * @why: filled on failure
 *
 * A group without a container may be attached several times; it is detached as often.
 *
 * Context: may sleep. Stops maps and unmaps while it enters what is mapped.
 * Return: 0; -EINVAL when the group is attached already, or something is mapped that its hardware
 * does not translate; -EBUSY when such is allowed, or when the group is attached elsewhere; -ENODEV
 * when there is no IOMMU; -ENOENT when the address space is retired; -ENOMEM; what else the
 * IOMMU's driver says.
 */
int ioasid_ioas_attach_group(struct ioasid_ioas *ioas, struct iommu_group *iommu_group,
			     u64 container, struct ioasid_refusal *why)
{
	struct ioasid_lap lap = ioasid_lap_start(trace_ioasid_table_attach_enabled());
	struct ioasid_event_table event = {
		.ioas = ioas->number,
		.container = container,
		.group = iommu_group_id(iommu_group),
	};
	struct ioasid_group *group;
	int ret;

	down_write(&ioas->tables_lock);
	group = find_group(ioas, iommu_group);
	if (group) {
		ret = container || group->stat.container ? -EINVAL : 0;
		group->users += !ret;
		up_write(&ioas->tables_lock);
		return ret ? ioasid_refuse(why, IOASID_STAGE_TABLE, 0, 0, ret) : 0;
	}
	group = group_alloc(ioas, iommu_group, container);
	ret = group ? 0 : -ENOMEM;
	if (!ret && ioas->retired)
		ret = -ENOENT;
	if (!ret)
		ret = attach(ioas, group, why);
	if (!ret) {
		publish(group);
		event = event_of(ioas, group);
	}
	up_write(&ioas->tables_lock);

	if (ret && group) {
		tell_devices(&event, group);
		ioasid_group_put(group);
	}
	event.tgid = current->tgid;
	event.ret = ret;
	event.reason = ret ? why->reason : IOASID_REASON_NONE;
	event.total_ns = ioasid_lap_total(&lap);
	trace_ioasid_table_attach(&event);
	return ret;
}

/**
 * ioasid_ioas_detach_group() - the devices of a group reach nothing any more
 * @ioas: the address space
 * @iommu_group: the group, attached; what is mapped stays mapped
 *
 * Context: may sleep.
 */
void ioasid_ioas_detach_group(struct ioasid_ioas *ioas, struct iommu_group *iommu_group)
{
	struct ioasid_lap lap = ioasid_lap_start(trace_ioasid_table_detach_enabled());
	struct ioasid_event_table event;
	struct ioasid_group *group;

	down_write(&ioas->tables_lock);
	group = find_group(ioas, iommu_group);
	if (WARN_ON_ONCE(!group) || --group->users) {
		up_write(&ioas->tables_lock);
		return;
	}
	event = event_of(ioas, group);
	unpublish(group);
	ioasid_iommu_table_detach(group->table, iommu_group);
	remove_group(ioas, group);
	if (!is_used(ioas, group->table)) {
		ioasid_ioas_remove_table(ioas, group->table);
		ioasid_table_free(group->table);
	}
	up_write(&ioas->tables_lock);
	ioasid_group_put(group);

	event.total_ns = ioasid_lap_total(&lap);
	trace_ioasid_table_detach(&event);
}

/**
 * ioasid_group_next() - iterate over all attached groups, in the order of their coming
 * @after: the group before, whose reference is dropped, or NULL to begin
 *
 * Context: may sleep.
 * Return: the next group with a reference, or NULL.
 */
struct ioasid_group *ioasid_group_next(struct ioasid_group *after)
{
	struct ioasid_group *next = NULL, *group;
	struct list_head *from = after ? &after->all : &groups;

	spin_lock(&groups_lock);
	for (; !next && from->next != &groups; from = from->next) {
		group = list_entry(from->next, struct ioasid_group, all);
		if (!group->detached)
			next = group;
	}
	if (next)
		refcount_inc(&next->refs);
	spin_unlock(&groups_lock);
	if (after)
		ioasid_group_put(after);
	return next;
}

/**
 * ioasid_group_put() - drop a reference
 * @group: the group; freed with the last one
 *
 * Context: may sleep.
 */
void ioasid_group_put(struct ioasid_group *group)
{
	bool last;

	spin_lock(&groups_lock);
	last = refcount_dec_and_test(&group->refs);
	if (last)
		list_del(&group->all);
	spin_unlock(&groups_lock);
	if (!last)
		return;
	iommu_group_put(group->group);
	kfree(group->windows);
	kfree(group);
}

/* Find the device of a number in its group. */
struct device_search {
	struct ioasid_device_stat *stat;
	u32 wanted;
};

static int find_device(struct device *dev, void *data)
{
	struct device_search *search = data;

	if (search->stat->devices++ == search->wanted)
		strscpy_pad(search->stat->device, dev_name(dev));
	return 0;
}

/**
 * ioasid_group_stat() - tell of a device that is in a group now
 * @group: the group, referenced
 * @number: which of its devices, from 0; 0 is told of even if the group has no device any more
 * @stat: filled
 *
 * Context: may sleep.
 * Return: false when the group is detached, or has no such device.
 */
bool ioasid_group_stat(struct ioasid_group *group, u32 number, struct ioasid_device_stat *stat)
{
	struct device_search search = { .stat = stat, .wanted = number };
	bool attached;

	*stat = group->stat;
	stat->devices = 0;
	memset(stat->device, 0, sizeof(stat->device));
	iommu_group_for_each_dev(group->group, &search, find_device);
	spin_lock(&groups_lock);
	attached = !group->detached;
	/* The address space is there as long as the group is attached. */
	if (attached) {
		stat->mappings = READ_ONCE(group->ioas->mappings);
		stat->mapped = READ_ONCE(group->ioas->mapped);
	}
	spin_unlock(&groups_lock);
	return attached && (!number || number < stat->devices);
}

/**
 * ioasid_ioas_page_sizes() - the entry sizes that all tables have
 * @ioas: the address space
 *
 * Context: may sleep.
 * Return: a bitmap, in bytes. Sizes below the processor's page count as that, for mappings are
 * made of pages; without tables all from the page size on.
 */
u64 ioasid_ioas_page_sizes(struct ioasid_ioas *ioas)
{
	struct ioasid_table *table;
	u64 sizes = U64_MAX;

	down_read(&ioas->tables_lock);
	list_for_each_entry(table, &ioas->tables, link)
		sizes &= table->sizes;
	up_read(&ioas->tables_lock);
	if (sizes & ~PAGE_MASK)
		sizes = (sizes & PAGE_MASK) | PAGE_SIZE;
	return sizes;
}

/**
 * ioasid_ioas_coherent() - does DMA through all tables snoop caches, whatever a device asks for?
 * @ioas: the address space
 *
 * Context: may sleep.
 */
bool ioasid_ioas_coherent(struct ioasid_ioas *ioas)
{
	struct ioasid_table *table;
	bool coherent = true;

	down_read(&ioas->tables_lock);
	list_for_each_entry(table, &ioas->tables, link)
		coherent &= ioasid_iommu_table_coherent(table);
	up_read(&ioas->tables_lock);
	return coherent;
}
