// SPDX-License-Identifier: GPL-2.0-only
/*
 * Object: see object.h.
 *
 * An object lives as long as its id, and as any call that found it is at work; so no call finds its
 * object gone half-way. The file's array is guarded by its own lock (xa_lock), the innermost.
 */
#include "uapi/object.h"

#include <linux/slab.h>

#include "commit.h"
#include "fault.h"
#include "ioas/ioas.h"

/**
 * ioasid_object_alloc() - an object without an id
 * @kind: what it will be
 *
 * Return: the object with one reference, or NULL.
 */
struct ioasid_object *ioasid_object_alloc(enum ioasid_object_kind kind)
{
	struct ioasid_object *object;

	object = ioasid_fault() ? NULL : kzalloc(sizeof(*object), GFP_KERNEL_ACCOUNT);
	if (!object)
		return NULL;
	object->kind = kind;
	refcount_set(&object->refs, 1);
	return object;
}

/**
 * ioasid_object_add() - give an object an id
 * @file: whose
 * @object: complete; on success the file takes over the caller's reference
 *
 * Return: 0 or -ENOMEM.
 */
int ioasid_object_add(struct ioasid_file *file, struct ioasid_object *object)
{
	int ret;

	ioasid_commit_begin();
	ioasid_pin_count_handles(&object->pin, 1);
	ioasid_commit_end();
	object->counted = true;
	if (ioasid_fault())
		return -ENOMEM;
	ret = xa_alloc(&file->objects, &object->id, object, XA_LIMIT(1, INT_MAX),
		       GFP_KERNEL_ACCOUNT);
	return ret ? -ENOMEM : 0;
}

/**
 * ioasid_object_get_any() - find an object of any kind
 * @file: whose
 * @id: its id
 *
 * Return: the object with a reference, or NULL.
 */
struct ioasid_object *ioasid_object_get_any(struct ioasid_file *file, u32 id)
{
	struct ioasid_object *object;

	xa_lock(&file->objects);
	object = xa_load(&file->objects, id);
	if (object)
		refcount_inc(&object->refs);
	xa_unlock(&file->objects);
	return object;
}

/**
 * ioasid_object_next() - go on to the next object
 * @file: whose
 * @id: of the object before, 0 to begin; moved on
 *
 * Return: the object with a reference, or NULL.
 */
struct ioasid_object *ioasid_object_next(struct ioasid_file *file, unsigned long *id)
{
	struct ioasid_object *object;

	xa_lock(&file->objects);
	object = xa_find_after(&file->objects, id, ULONG_MAX, XA_PRESENT);
	if (object)
		refcount_inc(&object->refs);
	xa_unlock(&file->objects);
	return object;
}

/**
 * ioasid_object_get() - find an object
 * @file: whose
 * @id: its id
 * @kind: what it has to be
 *
 * Return: the object with a reference, or NULL.
 */
struct ioasid_object *ioasid_object_get(struct ioasid_file *file, u32 id,
					enum ioasid_object_kind kind)
{
	struct ioasid_object *object = ioasid_object_get_any(file, id);

	if (!object || object->kind == kind)
		return object;
	ioasid_object_put(object);
	return NULL;
}

static void free_table(struct ioasid_object *object)
{
	if (object->feeder) {
		ioasid_ioas_detach(object->feeder->ioas, object->table);
		ioasid_object_put(object->feeder);
	}
	ioasid_table_free(object->table);
}

static void free_pin(struct ioasid_object *object)
{
	if (object->counted) {
		ioasid_commit_begin();
		ioasid_pin_count_handles(&object->pin, -1);
		ioasid_commit_end();
	}
	ioasid_segments_put(&object->pin);
}

/**
 * ioasid_object_put() - drop a reference
 * @object: the object; freed with what it stands for by the last one
 *
 * Context: may sleep.
 */
void ioasid_object_put(struct ioasid_object *object)
{
	if (!refcount_dec_and_test(&object->refs))
		return;
	switch (object->kind) {
	case IOASID_OBJECT_IOAS:
		ioasid_ioas_free(object->ioas);
		break;
	case IOASID_OBJECT_TABLE:
		free_table(object);
		break;
	case IOASID_OBJECT_PIN:
		free_pin(object);
		break;
	}
	kfree(object);
}

/**
 * ioasid_object_remove() - take an object's id away
 * @file: whose
 * @object: the object; the file's reference becomes the caller's
 *
 * Return: false when somebody else was faster.
 */
bool ioasid_object_remove(struct ioasid_file *file, struct ioasid_object *object)
{
	return xa_cmpxchg(&file->objects, object->id, object, NULL, 0) == object;
}

/**
 * ioasid_object_retire() - may an object's id go?
 * @object: the object; nothing new uses it from then on, if it may
 *
 * Context: may sleep.
 * Return: false when something uses it.
 */
bool ioasid_object_retire(struct ioasid_object *object)
{
	switch (object->kind) {
	case IOASID_OBJECT_IOAS:
		return ioasid_ioas_retire(object->ioas);
	case IOASID_OBJECT_PIN:
		return !ioasid_pins_mapped(&object->pin);
	case IOASID_OBJECT_TABLE:
		return ioasid_table_retire(object->table);
	}
	return true;
}

/**
 * ioasid_object_destroy() - take an id away, unless the object is in use
 * @file: whose
 * @object: the object; the caller's reference is dropped; or NULL
 * @force: even if it is in use
 *
 * Context: may sleep.
 * Return: 0, -EBUSY, or -ENOENT when there is no object or somebody else was faster.
 */
int ioasid_object_destroy(struct ioasid_file *file, struct ioasid_object *object, bool force)
{
	if (!object)
		return -ENOENT;
	if (!force && !ioasid_object_retire(object)) {
		ioasid_object_put(object);
		return -EBUSY;
	}
	if (!ioasid_object_remove(file, object)) {
		ioasid_object_put(object);
		return -ENOENT;
	}
	ioasid_object_put(object);
	ioasid_object_put(object);
	return 0;
}
