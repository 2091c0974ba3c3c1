/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slot: the place of one kind of policy. It is empty, and the built-in policy decides; or BPF
 * programs brought policies: one that is the default, and any number that are only asked by who
 * chose them by name.
 *
 * A caller first looks at the slot's static key, so that an empty slot costs a jump that isn't
 * taken. Then it enters the slot, calls the policy that it is given, if any, and leaves. A policy
 * comes and goes while all callers are kept out, so its programs are never freed while they run,
 * and what it adopts doesn't change meanwhile.
 *
 *	if (!ioasid_slot_loaded(&slot))
 *		return ...;
 *	policy = ioasid_slot_enter(&slot, NULL);
 *	if (policy)
 *		...
 *	ioasid_slot_leave(&slot);
 *
 * Lock order: the core's struct_ops mutex, slot->mutex, slot->users, slot->lock.
 */
#ifndef IOASID_POLICY_SLOT_H
#define IOASID_POLICY_SLOT_H

#include <linux/bpf.h>
#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <uapi/linux/ioasid.h>

#include "policy/policy.h"

#define IOASID_BUILTIN "builtin"

/* Epochs of policies begin after these: of what nobody granted, and of the built-in policy. */
#define IOASID_EPOCH_NONE 0
#define IOASID_EPOCH_BUILTIN 1

/**
 * struct ioasid_slot_kind - what policies of a slot decide
 * @name: "account" or "place"
 * @ops: what of a struct_ops of this kind all kinds have
 * @take_over: the policy will be the default; called while callers are kept out. NULL: nothing
 */
struct ioasid_slot_kind {
	const char *name;
	struct ioasid_policy_ops (*ops)(const void *kdata);
	void (*take_over)(struct ioasid_policy *policy);
};

/**
 * struct ioasid_slot - the place of one kind of policy
 * @kind: what it decides
 * @loaded: BPF policies are there
 * @mutex: guards coming and going
 * @users: read-held by callers, write-held while policies come or go; guards @policies and @policy
 * @policies: those attached
 * @policy: of these the default, NULL for the built-in one
 * @lock: guards what ejection changes
 * @hears: some policy wants to hear of the end of what is granted; who finds it unset, under RCU,
 *	needs not enter the slot to tell; guarded by @mutex for writers
 * @builtin_only: no policy may come; guarded by @mutex
 * @asked: decisions asked of policies that have left
 * @refused: of these, refused
 * @ejections: policies ejected, ever
 * @exits: how they left
 */
struct ioasid_slot {
	const struct ioasid_slot_kind *kind;
	struct static_key_false loaded;
	struct mutex mutex;
	struct percpu_rw_semaphore *users;
	struct list_head policies;
	struct ioasid_policy *policy;
	spinlock_t lock;
	bool hears;
	bool builtin_only;
	u64 asked;
	u64 refused;
	atomic64_t ejections;
	struct ioasid_exit_log exits;
};

#define IOASID_SLOT_INIT(slot, what, sem)                                   \
	{                                                                   \
		.kind = what,                                               \
		.loaded = STATIC_KEY_FALSE_INIT,                            \
		.mutex = __MUTEX_INITIALIZER(slot.mutex),                   \
		.users = sem,                                               \
		.policies = LIST_HEAD_INIT(slot.policies),                  \
		.lock = __SPIN_LOCK_UNLOCKED(slot.lock),                    \
		.exits = { .lock = __SPIN_LOCK_UNLOCKED(slot.exits.lock) }, \
	}

/* Are there BPF policies? */
#define ioasid_slot_loaded(slot) static_branch_unlikely(&(slot)->loaded)

struct ioasid_policy *ioasid_slot_enter(struct ioasid_slot *slot, const char *name);
void ioasid_slot_leave(struct ioasid_slot *slot);

int ioasid_slot_register(struct ioasid_slot *slot, const void *kdata, struct bpf_link *link);
int ioasid_slot_replace(struct ioasid_slot *slot, const void *kdata, const void *old_kdata);
void ioasid_slot_unregister(struct ioasid_slot *slot, const void *kdata);

void ioasid_slot_eject_late(struct ioasid_slot *slot, u32 epoch, enum ioasid_exit_kind kind,
			    s64 code, const char *text);
int ioasid_slot_eject(struct ioasid_slot *slot, const char *name, const char *text);
void ioasid_slot_set_builtin_only(struct ioasid_slot *slot, bool only);
bool ioasid_slot_has(struct ioasid_slot *slot, const char *name);
ssize_t ioasid_slot_show(struct ioasid_slot *slot, char *buf);

#endif /* IOASID_POLICY_SLOT_H */
