/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model: what all processes have pinned, charged and mapped at one moment. Renderers show it
 * and change nothing.
 */
#ifndef IOASID_TOP_SNAPSHOT_H
#define IOASID_TOP_SNAPSHOT_H

#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ioasid-top.h"
#include "policy.h"

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
	COLUMNS,
};

/**
 * struct process - one process's pins; amounts of memory in bytes
 * @limit: all ones without limit
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
	pid_t pid;
	uid_t uid;
	char command[16];
	char user[32];
	bool exited;
};

/**
 * struct snapshot - one moment
 * @time_ms: since the epoch
 * @all: processes that have pins
 * @pinned: bytes pinned by all of them, whatever the filter
 * @count: of them, those that the filter lets through
 * @processes: these, sorted
 * @policies: what is active
 */
struct snapshot {
	uint64_t time_ms;
	uint64_t all;
	uint64_t pinned;
	size_t count;
	struct process *processes;
	struct policy_state policies[POLICY_KINDS];
};

/**
 * struct selection - which processes, in which order
 * @pid: only this one, or 0
 * @sort: by this, numbers from the largest on, text and PIDs from the smallest on
 */
struct selection {
	pid_t pid;
	enum column sort;
};

/**
 * snapshot_start - load what takes snapshots; dies with a reason when that cannot be
 */
void snapshot_start(void);

/**
 * snapshot_take - take one; valid until the next is taken
 */
const struct snapshot *snapshot_take(const struct selection *selection);

void snapshot_end(void);

#endif /* IOASID_TOP_SNAPSHOT_H */
