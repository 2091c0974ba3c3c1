/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Object: what an id of a file stands for: an address space, a table, a pin.
 */
#ifndef IOASID_UAPI_OBJECT_H
#define IOASID_UAPI_OBJECT_H

#include <linux/refcount.h>
#include <linux/xarray.h>

#include "pin/pin.h"

struct ioasid_ioas;
struct ioasid_queue;
struct ioasid_table;

enum ioasid_object_kind {
	IOASID_OBJECT_IOAS,
	IOASID_OBJECT_TABLE,
	IOASID_OBJECT_PIN,
};

/**
 * struct ioasid_object - what an id stands for
 * @kind: what it is
 * @id: in the file's array
 * @refs: the file's, calls at work, and a table's to its address space
 * @ioas: an address space, or the one that feeds the table
 * @table: a table
 * @feeder: of a table, the address space's object
 * @pin: of a pin, what it covers
 * @write: of a pin, may be mapped for writing
 * @counted: of a pin, its pins count this handle
 */
struct ioasid_object {
	enum ioasid_object_kind kind;
	u32 id;
	refcount_t refs;
	struct ioasid_ioas *ioas;
	struct ioasid_table *table;
	struct ioasid_object *feeder;
	struct ioasid_segments pin;
	bool write;
	bool counted;
};

/**
 * struct ioasid_file - one open of /dev/ioasid
 * @objects: by id
 * @domain: the pin domain of the process that pinned first, kept so that it is not made anew each
 *	time
 * @queue: its events
 * @charge_mode: what else than the ledger counts what is pinned
 */
struct ioasid_file {
	struct xarray objects;
	struct ioasid_domain *domain;
	struct ioasid_queue *queue;
	enum ioasid_charge_mode charge_mode;
};

struct ioasid_object *ioasid_object_alloc(enum ioasid_object_kind kind);
int ioasid_object_add(struct ioasid_file *file, struct ioasid_object *object);
struct ioasid_object *ioasid_object_get(struct ioasid_file *file, u32 id,
					enum ioasid_object_kind kind);
struct ioasid_object *ioasid_object_get_any(struct ioasid_file *file, u32 id);
struct ioasid_object *ioasid_object_next(struct ioasid_file *file, unsigned long *id);
void ioasid_object_put(struct ioasid_object *object);
int ioasid_object_destroy(struct ioasid_file *file, struct ioasid_object *object, bool force);
bool ioasid_object_remove(struct ioasid_file *file, struct ioasid_object *object);
bool ioasid_object_retire(struct ioasid_object *object);

#endif /* IOASID_UAPI_OBJECT_H */
