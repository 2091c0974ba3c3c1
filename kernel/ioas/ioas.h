/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ioas: an I/O address space. It has mappings, and feeds any number of tables with them.
 */
#ifndef IOASID_IOAS_IOAS_H
#define IOASID_IOAS_IOAS_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>

#include "ioas/mapping.h"
#include "refusal.h"
#include "table/table.h"

/**
 * struct ioasid_ioas - an I/O address space
 * @number: system-wide
 * @link: in the list of all address spaces, for the audit
 * @tables_lock: for reading while mappings and tables are made to agree, for writing while they
 *	have to agree: to attach or detach a table
 * @tables: the tables, guarded by @tables_lock
 * @lock: guards all below
 * @tree: the mappings
 * @last: highest IOVA that all tables reach
 * @inserted: mappings ever inserted; tells whether an answer of find() may be out of date
 * @mappings: in the tree
 * @mapped: pages of these
 */
struct ioasid_ioas {
	u64 number;
	struct list_head link;
	struct rw_semaphore tables_lock;
	struct list_head tables;
	rwlock_t lock;
	struct rb_root tree;
	u64 last;
	u64 inserted;
	u64 mappings;
	u64 mapped;
};

/**
 * struct ioasid_map_wish - what and where to map
 * @segments: the memory; on success the mappings take over its references
 * @va: first address, for the placement
 * @iova: where, when @fixed; filled otherwise
 * @access: IOASID_TABLE_READ, IOASID_TABLE_WRITE
 * @fixed: at @iova or not at all
 * @policy: set to the name of the policy that was asked
 */
struct ioasid_map_wish {
	struct ioasid_segments *segments;
	u64 va;
	u64 iova;
	unsigned int access;
	bool fixed;
	char policy[IOASID_NAME_LEN];
};

/**
 * struct ioasid_translation - what an IOVA leads to
 * @pin: number of the pin
 * @pin_offset: the byte's offset in it
 * @va: its address in the process that pinned it
 * @phys: its physical address
 * @length: bytes from there on that are contiguous in memory and in the mapping
 * @access: IOASID_TABLE_READ, IOASID_TABLE_WRITE
 */
struct ioasid_translation {
	u64 pin;
	u64 pin_offset;
	u64 va;
	u64 phys;
	u64 length;
	unsigned int access;
};

struct ioasid_event_map;
struct ioasid_lap;

struct ioasid_ioas *ioasid_ioas_alloc(void);
void ioasid_ioas_free(struct ioasid_ioas *ioas);
int ioasid_ioas_map(struct ioasid_ioas *ioas, struct ioasid_map_wish *wish,
		    struct ioasid_event_map *event, struct ioasid_lap *lap,
		    struct ioasid_refusal *why);
int ioasid_ioas_unmap(struct ioasid_ioas *ioas, u64 start, u64 last, u64 *unmapped);
int ioasid_ioas_attach(struct ioasid_ioas *ioas, struct ioasid_table *table,
		       struct ioasid_refusal *why);
void ioasid_ioas_detach(struct ioasid_ioas *ioas, struct ioasid_table *table);
bool ioasid_ioas_has_tables(struct ioasid_ioas *ioas);
u64 ioasid_ioas_table_memory(struct ioasid_ioas *ioas, u64 *tables);
int ioasid_ioas_audit(u64 *mappings, u64 *mapped, char *text, size_t size,
		      void (*count)(void *arg, const struct ioasid_segment *segment), void *arg);

/* Software access, access.c. */
int ioasid_ioas_look_up(struct ioasid_ioas *ioas, u64 iova, struct ioasid_translation *found);
int ioasid_ioas_check(struct ioasid_ioas *ioas, u64 iova, u64 length, unsigned int access);
int ioasid_ioas_copy(struct ioasid_ioas *ioas, u64 iova, void *buffer, size_t length, bool write);

#endif /* IOASID_IOAS_IOAS_H */
