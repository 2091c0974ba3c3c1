/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model: all that there is at one moment, as rows. Everything that is shown comes from here;
 * tables choose from it and order it, renderers write it, and none of them changes it.
 */
#ifndef IOASID_TOP_SNAPSHOT_H
#define IOASID_TOP_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy.h"
#include "selection.h"

/* "There is none", or "it is not known", of the numbers below that can be so. Of fractions: NAN. */
#define ROW_NONE UINT64_MAX

/* Samples that a row's history has at most. */
#define HISTORY_MOST 120

/**
 * struct history - what a row had at the last snapshots, the oldest first
 * @count: how many
 * @pinned: bytes; of an address space: mapped
 */
struct history {
	size_t count;
	uint64_t pinned[HISTORY_MOST];
};

/**
 * struct traffic - calls
 * @maps: map calls that succeeded
 * @unmaps: unmap calls
 * @mapped: bytes that the maps mapped
 * @reused: of the maps, those that pinned nothing
 * @refused: map and pin calls that failed, whatever for
 */
struct traffic {
	uint64_t maps;
	uint64_t unmaps;
	uint64_t mapped;
	uint64_t reused;
	uint64_t refused;
};

/**
 * struct row - one thing to show: a process, a cgroup, a device ...; amounts of memory in bytes
 * @kind: what it is. It decides which of the other fields mean something: column.h
 * @id: with @kind tells it from all others, in this snapshot and the next ones
 * @exited: the process has gone, its pages are still in use
 * @pid: of the process; of the one that allocated, attached, or pinned
 * @uid: user charged
 * @cgroup: number of the cgroup charged
 * @domain: number of the process's pin domain (of several, the first)
 * @name: what it is called: command of the process, path of the cgroup, user, device's address,
 *	policy; never NULL. As it came, may have any bytes
 * @command: of the process @pid; never NULL
 * @user: name of the user @uid; never NULL
 * @path: path of the cgroup @cgroup; never NULL
 * @policy: of an address space: the place policy that it asks for, or ""; never NULL
 * @processes: that it has
 * @spaces: address spaces that it made and that have mappings
 * @pins: groups of pages that are pinned together
 * @pinned: memory that is pinned, each page once
 * @charged: of it, what is charged
 * @limit: the most that may be charged; ROW_NONE without limit
 * @pressure: percent of @limit that is charged; of a group the highest of its processes'; or NAN
 * @trend: of what is charged, over the last five snapshots: more (1), less (-1), the same (0)
 * @mappings: mappings of address spaces that use it
 * @mapped: memory of these, each counted
 * @shared: memory mapped beyond the first time, which cost no pin
 * @runs: physically contiguous runs
 * @huge: pinned memory in runs of 2 MiB or more; ROW_NONE when the module does not tell
 * @stale: pinned memory whose address has got other memory since
 * @devices: devices attached
 * @containers: VFIO containers of these
 * @recent: what it did since the snapshot before; in the first one, since the tool began to look
 * @total: the same since the tool began to look
 * @p50_ns: map calls: half of them took less, in the last interval that had some; or ROW_NONE
 * @p99_ns: 99 of 100 took less
 * @ioas: of an address space, a device, a mapping: number of the address space
 * @table: number of the table that a device goes by
 * @tables: page tables and groups of devices that an address space feeds
 * @container: VFIO container of a device, or ROW_NONE
 * @group: IOMMU group of a device
 * @page_sizes: entries that a device's table can have, a bitmap, in bytes
 * @since_ms: when a device was attached, since the epoch
 * @pin: of a pin, a mapping: number of the pin; 0 of a reserved range
 * @va: its first address
 * @iova: of a mapping: its first and its last IOVA
 * @references: mappings, ids and calls that hold a pin
 * @flags: IOASID_ENTRY_*, of a pin or a mapping
 * @state: of a policy: "default", "named", "dead", "builtin"; never NULL
 * @policy_kind: what a policy decides: "account" or "place"; never NULL
 * @asked: decisions that a policy was asked for
 * @denied: of these, refused
 * @ejections: policies of its kind that were ejected, ever
 * @last_exit: how the last one of its kind went, in words; never NULL
 * @history: never NULL; empty of what has none
 */
struct row {
	enum kind kind;
	uint64_t id;
	bool exited;
	uint32_t pid;
	uint32_t uid;
	uint64_t cgroup;
	uint64_t domain;
	const char *name;
	const char *command;
	const char *user;
	const char *path;
	const char *policy;
	uint64_t processes;
	uint64_t spaces;
	uint64_t pins;
	uint64_t pinned;
	uint64_t charged;
	uint64_t limit;
	double pressure;
	int trend;
	uint64_t mappings;
	uint64_t mapped;
	uint64_t shared;
	uint64_t runs;
	uint64_t huge;
	uint64_t stale;
	uint64_t devices;
	uint64_t containers;
	struct traffic recent;
	struct traffic total;
	uint64_t p50_ns;
	uint64_t p99_ns;
	uint64_t ioas;
	uint64_t table;
	uint64_t tables;
	uint64_t container;
	uint64_t group;
	uint64_t page_sizes;
	uint64_t since_ms;
	uint64_t pin;
	uint64_t va;
	uint64_t iova;
	uint64_t last;
	uint64_t references;
	uint32_t flags;
	const char *state;
	const char *policy_kind;
	uint64_t asked;
	uint64_t denied;
	uint64_t ejections;
	const char *last_exit;
	const struct history *history;
};

/**
 * struct rows - those of one kind, in no order that means anything
 */
struct rows {
	struct row *row;
	size_t count;
};

/**
 * struct refusal - a map or pin call that failed
 * @time_ms: when, since the epoch
 * @pid: who
 * @uid: as which user
 * @cgroup: in which cgroup
 * @command: what it is called
 * @ioas: number of the address space; 0 when it got no so far
 * @asked: bytes that it asked for
 * @used: bytes in use by the one who is limited, before; ROW_NONE when no limit refused
 * @limit: the most that may be; ROW_NONE
 * @code: positive errno
 * @stage: which step refused, a word: "charge", "pin", "place", "table"
 * @whose: whose limit it is, a word: "process", "user", "cgroup", "all"; or ""
 * @policy: name of the policy that decided; or ""
 */
struct refusal {
	uint64_t time_ms;
	uint32_t pid;
	uint32_t uid;
	uint64_t cgroup;
	char command[16];
	uint64_t ioas;
	uint64_t asked;
	uint64_t used;
	uint64_t limit;
	int code;
	const char *stage;
	const char *whose;
	char policy[16];
};

/* Refusals that are kept. */
#define REFUSALS_MOST 256

/**
 * struct snapshot - one moment
 * @time_ms: since the epoch
 * @number: of snapshots so far, with this one
 * @interval_ns: since the snapshot before; 0 in the first one: nothing is known of rates then
 * @began_ms: when the tool began to look
 * @rows: what there is, all of it, whatever the selection; pins and mappings only of those that the
 *	selection asks for
 * @all: sums over all processes: pinned, recent, total, and so on
 * @ram: bytes of memory that the machine has
 * @groups: IOMMU groups that are attached
 * @policies: what is active
 * @refusals: the last ones, the latest first
 * @refusal_count: how many
 * @refusals_fresh: of these, since the snapshot before
 * @lost: events that could not be kept, since the tool began to look; counters miss them
 * @module_version: of the ioasid module, or "?"
 * @kernel: release of the kernel
 * @cpu_percent: of one processor that this tool took since the snapshot before; NAN in the first
 * @bpf_percent: the same of its BPF programs; NAN when the kernel does not count
 */
struct snapshot {
	uint64_t number;
	uint64_t time_ms;
	uint64_t interval_ns;
	uint64_t began_ms;
	struct rows rows[KINDS];
	struct row all;
	uint64_t ram;
	uint64_t groups;
	struct policy_state policies[POLICY_KINDS];
	struct refusal refusals[REFUSALS_MOST];
	size_t refusal_count;
	size_t refusals_fresh;
	uint64_t lost;
	char module_version[32];
	char kernel[65];
	double cpu_percent;
	double bpf_percent;
};

/**
 * snapshot_start - begin to look; dies with a reason when that cannot be
 * @counts: count calls, too; not for who wants one snapshot only, in which there would be none
 */
void snapshot_start(bool counts);

/**
 * snapshot_take - look once; what it returns is valid until the next one is taken
 * @selection: of which pins and mappings are to be in it; everything else is, always
 */
const struct snapshot *snapshot_take(const struct selection *selection);

/**
 * snapshot_row - the row with this key, NULL when there is none (any more)
 */
const struct row *snapshot_row(const struct snapshot *snapshot, enum kind kind, uint64_t id);

void snapshot_end(void);

#endif /* IOASID_TOP_SNAPSHOT_H */
