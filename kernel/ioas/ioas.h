/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ioas: an I/O address space. It has mappings, and feeds any number of tables with them.
 *
 * What may be done with its IOVAs: what all tables reach, is not reserved, and is in no window is
 * usable; mappings that are placed go where it is usable and allowed, which is everywhere unless
 * somebody said where. A window is what the hardware of an attached group does not translate.
 */
#ifndef IOASID_IOAS_IOAS_H
#define IOASID_IOAS_IOAS_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "ioas/mapping.h"
#include "refusal.h"
#include "table/table.h"

/**
 * struct ioasid_ioas - an I/O address space
 * @number: system-wide
 * @tables_lock: for reading while mappings and tables are made to agree, for writing while they
 *	have to agree: to attach or detach a table
 * @tables: the tables, guarded by @tables_lock
 * @groups: the groups of devices that are attached, guarded by @tables_lock
 * @small: tables get the smallest entries only; guarded by @tables_lock
 * @clients: kernel code that uses it; guarded by @tables_lock
 * @retired: gets no more tables and clients; guarded by @tables_lock
 * @queue: where its events go; referenced
 * @lock: guards all below
 * @tree: the mappings and reserved ranges
 * @reserved: the reserved ranges
 * @allowed: where mappings are placed; NULL: everywhere
 * @windows: where nothing can be mapped; NULL: there are none. Changed with @tables_lock held for
 *	writing, too
 * @holds: interval tree of what kernel code holds
 * @last: highest IOVA that all tables reach
 * @changes: ever made to the tree or the ranges that take IOVAs; tells whether an answer of find()
 *	may be out of date
 * @mappings: in the tree, without reserved ranges
 * @mapped: pages of these
 * @table_count: tables
 * @policy: name of the place policy that it asks for, empty for the default one
 * @tgid: process that made it
 * @comm: its name when it did
 */
struct ioasid_ioas {
	u64 number;
	struct rw_semaphore tables_lock;
	struct list_head tables;
	struct list_head groups;
	bool small;
	bool retired;
	unsigned int clients;
	struct ioasid_queue *queue;
	rwlock_t lock;
	struct rb_root tree;
	struct rb_root reserved;
	struct ioasid_ranges *allowed;
	struct ioasid_ranges *windows;
	struct rb_root_cached holds;
	u64 last;
	u64 changes;
	u64 mappings;
	u64 mapped;
	u32 table_count;
	char policy[IOASID_NAME_LEN];
	u32 tgid;
	char comm[TASK_COMM_LEN];
};

/**
 * struct ioasid_map_wish - what and where to map
 * @segments: the memory; on success the mappings take over its references
 * @va: first address, for the placement
 * @iova: where, when @fixed; filled otherwise
 * @access: IOASID_TABLE_READ, IOASID_TABLE_WRITE
 * @maker: as of the mappings that are made
 * @fixed: at @iova or not at all
 * @policy: set to the name of the policy that was asked
 * @window: set when a window was in the way
 */
struct ioasid_map_wish {
	struct ioasid_segments *segments;
	u64 va;
	u64 iova;
	unsigned int access;
	u32 maker;
	bool fixed;
	bool window;
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

/**
 * struct ioasid_ranges - IOVAs
 * @count: ranges
 * @ranges: in order, with something between any two
 */
struct ioasid_ranges {
	u32 count;
	struct ioasid_range ranges[] __counted_by(count);
};

struct ioasid_event_map;
struct ioasid_event_table;
struct ioasid_ioas_stat;
struct ioasid_lap;
struct ioasid_queue;
struct xarray;

struct ioasid_ioas *ioasid_ioas_alloc(struct ioasid_queue *queue);
void ioasid_ioas_free(struct ioasid_ioas *ioas);
int ioasid_ioas_map(struct ioasid_ioas *ioas, struct ioasid_map_wish *wish,
		    struct ioasid_event_map *event, struct ioasid_lap *lap,
		    struct ioasid_refusal *why);
int ioasid_ioas_unmap(struct ioasid_ioas *ioas, u64 start, u64 last, u64 *unmapped,
		      struct ioasid_refusal *why);
int ioasid_ioas_unmap_made(struct ioasid_ioas *ioas, u64 start, u64 last, u32 maker, u64 *unmapped,
			   struct ioasid_refusal *why);
int ioasid_ioas_attach(struct ioasid_ioas *ioas, struct ioasid_table *table,
		       struct ioasid_refusal *why);
void ioasid_ioas_detach(struct ioasid_ioas *ioas, struct ioasid_table *table);
int ioasid_ioas_replay(struct ioasid_ioas *ioas, struct ioasid_table *table,
		       struct ioasid_refusal *why);
void ioasid_ioas_add_table(struct ioasid_ioas *ioas, struct ioasid_table *table);
void ioasid_ioas_remove_table(struct ioasid_ioas *ioas, struct ioasid_table *table);
struct ioasid_event_table ioasid_ioas_table_event(const struct ioasid_ioas *ioas,
						  struct ioasid_table *table);
bool ioasid_ioas_use(struct ioasid_ioas *ioas);
void ioasid_ioas_unuse(struct ioasid_ioas *ioas);
bool ioasid_ioas_retire(struct ioasid_ioas *ioas);
u64 ioasid_ioas_table_memory(struct ioasid_ioas *ioas, u64 *tables);
void ioasid_ioas_get_policy(struct ioasid_ioas *ioas, char *name);
void ioasid_ioas_set_policy(struct ioasid_ioas *ioas, const char *name);
int ioasid_ioas_set_small(struct ioasid_ioas *ioas, bool small);
int ioasid_ioas_segments(struct ioasid_ioas *ioas, u64 iova, u64 length, unsigned int access,
			 struct ioasid_segments *segments);
int ioasid_ioas_collect_pins(struct ioasid_ioas *ioas, u64 start, u64 last, struct xarray *pins);
void ioasid_ioas_stale(struct ioasid_pin_user *user);

/* All address spaces, and what they have, list.c. */
int ioasid_ioas_enlist(struct ioasid_ioas *ioas);
void ioasid_ioas_delist(struct ioasid_ioas *ioas);
bool ioasid_ioas_next(u64 number, struct ioasid_ioas_stat *stat);
u32 ioasid_ioas_list(struct ioasid_ioas *ioas, u64 *cursor, struct ioasid_query_entry *entries,
		     u32 capacity);
bool ioasid_ioas_list_one(u64 number, u64 *cursor, struct ioasid_query_entry *entry);
int ioasid_ioas_audit(u64 *mappings, u64 *mapped, char *text, size_t size,
		      void (*count)(void *arg, const struct ioasid_segment *segment), void *arg);

/* Usable, allowed and reserved IOVAs, and windows, range.c. */
int ioasid_ioas_reserve(struct ioasid_ioas *ioas, u64 start, u64 last, struct ioasid_refusal *why);
int ioasid_ioas_unreserve(struct ioasid_ioas *ioas, u64 start, u64 last);
void ioasid_ioas_unreserve_all(struct ioasid_ioas *ioas);
int ioasid_ioas_allow(struct ioasid_ioas *ioas, struct ioasid_ranges *allowed,
		      struct ioasid_refusal *why);
u32 ioasid_ioas_usable(struct ioasid_ioas *ioas, struct ioasid_range *ranges, u32 capacity);
bool ioasid_ioas_usable_range(struct ioasid_ioas *ioas, u64 start, u64 last);
void ioasid_ranges_join(struct ioasid_ranges *ranges);
int ioasid_ioas_check_window(struct ioasid_ioas *ioas, u64 start, u64 last,
			     struct ioasid_refusal *why);
bool ioasid_ioas_in_window(const struct ioasid_ioas *ioas, u64 start, u64 last);
bool ioasid_ioas_allows(const struct ioasid_ioas *ioas, u64 start, u64 last);
int ioasid_ioas_find_gap(const struct ioasid_ioas *ioas, const struct ioasid_search *search,
			 u64 *iova);

/* Software access, access.c. */
int ioasid_ioas_look_up(struct ioasid_ioas *ioas, u64 iova, struct ioasid_translation *found);
int ioasid_ioas_check(struct ioasid_ioas *ioas, u64 iova, u64 length, unsigned int access);
int ioasid_ioas_copy(struct ioasid_ioas *ioas, u64 iova, void *buffer, size_t length, bool write);
void ioasid_ioas_mark(struct ioasid_ioas *ioas, u64 iova, u64 length, bool write);

#endif /* IOASID_IOAS_IOAS_H */
