/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slot: the place of one kind of policy. It is empty (the built-in policy decides) or holds the
 * struct_ops that a BPF program registered.
 *
 * A caller first looks at the slot's static key, so that an empty slot costs a jump that isn't
 * taken. Then it enters the slot, calls the policy if there is one, and leaves. Whoever takes the
 * policy out waits until all have left, so a policy's programs are never freed while they run.
 *
 *	if (!static_branch_unlikely(&slot.loaded))
 *		return ...;
 *	id = ioasid_slot_enter(&slot, &use);
 *	if (use.ops)
 *		...
 *	ioasid_slot_leave(id);
 *
 * Taking out happens in two steps. Ejection marks the policy dead: from then on nobody is given it.
 * A work item then detaches its link, and the BPF core takes it out; it can't be done at once,
 * because the core does that under a mutex that may wait for us. The first error wins.
 *
 * Lock order: the core's struct_ops mutex, then slot->lock.
 */
#ifndef IOASID_POLICY_SLOT_H
#define IOASID_POLICY_SLOT_H

#include <linux/atomic.h>
#include <linux/bpf.h>
#include <linux/jump_label.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <uapi/linux/ioasid.h>

#define IOASID_EXIT_TEXT_LEN 96

/* Why the last BPF policy of a slot left. */
enum ioasid_exit_kind {
	IOASID_EXIT_NONE, /* none has left yet */
	IOASID_EXIT_UNREGISTERED, /* detached or replaced by its owner */
	IOASID_EXIT_ERRNO, /* returned a value that is not in the list */
	IOASID_EXIT_IOVA, /* chose an IOVA that cannot be used */
};

struct ioasid_exit {
	enum ioasid_exit_kind kind;
	s64 code; /* what it returned */
	char text[IOASID_EXIT_TEXT_LEN];
	char policy[IOASID_NAME_LEN];
};

/**
 * struct ioasid_slot - the place of one kind of policy
 * @kind: what it decides, "account" or "place"
 * @loaded: a BPF policy is there
 * @lock: guards @ops, @link, @name, @epoch, @dead, @exit for writers
 * @ops: the policy's struct_ops, NULL for the built-in one; read by ioasid_slot_enter() only
 * @link: what keeps it attached
 * @name: its name
 * @epoch: grows with each policy that comes, so that one can tell its own pins from older ones
 * @dead: ejected, waits to be taken out
 * @eject: takes it out
 * @exit: how the last one left
 * @asked: decisions asked of BPF policies. Rises with work; flat while one is loaded: nothing pins
 * @refused: of these, refused. Rises when owners reach the policy's limits
 * @ejections: policies ejected. Anything but 0 is a broken policy; @exit tells how the last one
 *	broke
 */
struct ioasid_slot {
	const char *kind;
	struct static_key_false loaded;
	spinlock_t lock;
	const void *ops;
	struct bpf_link *link;
	char name[IOASID_NAME_LEN];
	u32 epoch;
	bool dead;
	struct work_struct eject;
	struct ioasid_exit exit;
	atomic64_t asked;
	atomic64_t refused;
	atomic64_t ejections;
};

/* What a caller is given while it is in the slot. */
struct ioasid_slot_use {
	const void *ops;
	u32 epoch;
	char name[IOASID_NAME_LEN];
};

#define IOASID_SLOT_INIT(slot, what)                                             \
	{                                                                        \
		.kind = what,                                                    \
		.loaded = STATIC_KEY_FALSE_INIT,                                 \
		.lock = __SPIN_LOCK_UNLOCKED(slot.lock),                         \
		.name = "builtin",                                               \
		.eject = __WORK_INITIALIZER(slot.eject, ioasid_slot_eject_work), \
	}

void ioasid_slot_eject_work(struct work_struct *work);
int ioasid_slot_enter(struct ioasid_slot *slot, struct ioasid_slot_use *use);
void ioasid_slot_leave(int id);
void ioasid_slot_eject(struct ioasid_slot *slot, u32 epoch, enum ioasid_exit_kind kind, s64 code,
		       const char *text);
bool ioasid_slot_refusal_ok(int ret);

int ioasid_slot_register(struct ioasid_slot *slot, const void *ops, const char *name,
			 struct bpf_link *link);
int ioasid_slot_replace(struct ioasid_slot *slot, const void *ops, const char *name);
void ioasid_slot_unregister(struct ioasid_slot *slot, const void *ops);

bool ioasid_slot_has_btf(void);
int ioasid_slot_copy_name(char *to, const char *from);
int ioasid_slot_init_type(struct btf *btf);
bool ioasid_slot_access_ok(int off, int size, enum bpf_access_type type,
			   const struct bpf_prog *prog, struct bpf_insn_access_aux *info);
ssize_t ioasid_slot_show(struct ioasid_slot *slot, char *buf);
void ioasid_slot_drain(struct ioasid_slot *slot);

#endif /* IOASID_POLICY_SLOT_H */
