/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model: what all processes have pinned, charged and mapped at one moment, and which devices
 * reach it. Renderers show it and change nothing.
 */
#ifndef IOASID_TOP_SNAPSHOT_H
#define IOASID_TOP_SNAPSHOT_H

#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ioasid-top.h"
#include "policy.h"

/* What there is a row of. */
enum view {
	VIEW_PROCESSES,
	VIEW_DEVICES,
	VIEWS,
};

/* What a row can be sorted by and a column can show, all in bytes or as the kernel counts it. */
enum column {
	COLUMN_PID,
	COLUMN_COMMAND,
	COLUMN_USER,
	COLUMN_PINNED,
	COLUMN_CHARGED,
	COLUMN_LIMIT,
	COLUMN_MAPPED,
	COLUMN_SHARED,
	COLUMN_PINS,
	COLUMN_STALE,
	COLUMN_DEVS,
	COLUMN_DEVICE,
	COLUMN_GROUP,
	COLUMN_CONTAINER,
	COLUMN_IOAS,
	COLUMN_MAPS,
	COLUMN_SINCE,
	COLUMNS,
};

/**
 * struct process - one process's pins; amounts of memory in bytes
 * @limit: all ones without limit
 * @devices: that it attached
 * @containers: VFIO containers of these
 */
struct process {
	uint64_t domain;
	uint64_t pins;
	uint64_t pinned;
	uint64_t charged;
	uint64_t limit;
	uint64_t mappings;
	uint64_t mapped;
	uint64_t shared;
	uint64_t runs;
	uint64_t stale;
	uint64_t cgroup;
	uint64_t devices;
	uint64_t containers;
	pid_t pid;
	uid_t uid;
	char command[16];
	char user[32];
	bool exited;
};

/**
 * struct device - a device that is attached to an address space
 * @ioas: the address space
 * @table: the table that it goes by
 * @container: VFIO container of its group, or 0
 * @mappings: that it reaches
 * @mapped: bytes of these
 * @page_sizes: what one entry of the table may be, a bitmap, in bytes
 * @since_ms: when its group was attached, since the epoch
 * @group: its IOMMU group
 * @pid: process that attached it
 * @command: its name
 * @name: PCI address; empty for a group whose last device has gone
 */
struct device {
	uint64_t ioas;
	uint64_t table;
	uint64_t container;
	uint64_t mappings;
	uint64_t mapped;
	uint64_t page_sizes;
	uint64_t since_ms;
	uint32_t group;
	pid_t pid;
	char command[16];
	char name[32];
};

/**
 * struct snapshot - one moment
 * @view: what is asked for
 * @time_ms: since the epoch
 * @all: processes that have pins
 * @pinned: bytes pinned by all of them, whatever the filter
 * @count: of them, those that the filter lets through
 * @processes: these, sorted
 * @all_devices: devices that are attached
 * @groups: their IOMMU groups
 * @containers: their VFIO containers
 * @device_count: of the devices, those that the filter lets through
 * @devices: these, sorted
 * @policies: what is active
 */
struct snapshot {
	enum view view;
	uint64_t time_ms;
	uint64_t all;
	uint64_t pinned;
	size_t count;
	struct process *processes;
	uint64_t all_devices;
	uint64_t groups;
	uint64_t containers;
	size_t device_count;
	struct device *devices;
	struct policy_state policies[POLICY_KINDS];
};

/**
 * struct selection - which rows, in which order
 * @view: of what
 * @pid: of this process only, or 0
 * @sort: by this, a column of the view: amounts from the largest on, text and numbers that are
 *	names from the smallest on, times from the latest on
 */
struct selection {
	enum view view;
	pid_t pid;
	enum column sort;
};

/**
 * snapshot_start - load what takes snapshots; dies with a reason when that cannot be
 */
void snapshot_start(void);

/**
 * snapshot_take - take one; valid until the next is taken. Dies when devices are asked for and the
 * module does not tell of them
 */
const struct snapshot *snapshot_take(const struct selection *selection);

void snapshot_end(void);

#endif /* IOASID_TOP_SNAPSHOT_H */
