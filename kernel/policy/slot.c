// SPDX-License-Identifier: GPL-2.0-only
/* Slot: the place of one kind of policy. See slot.h for the vocabulary and the lock order. */
#include "policy/slot.h"

#include <linux/ctype.h>
#include <linux/filter.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/sysfs.h>

/* A callback may sleep one day (struct_ops.s), hence SRCU and not RCU. */
DEFINE_STATIC_SRCU(slot_users);

static const char *const exit_names[] = {
	[IOASID_EXIT_NONE] = "none",
	[IOASID_EXIT_UNREGISTERED] = "unregistered",
	[IOASID_EXIT_ERRNO] = "invalid_errno",
	[IOASID_EXIT_IOVA] = "invalid_iova",
};

/**
 * ioasid_slot_enter() - begin to use the slot's policy
 * @slot: the slot
 * @use: filled with the policy, @use->ops is NULL when the built-in one decides
 *
 * Context: process context; may not nest in the same slot.
 * Return: what ioasid_slot_leave() wants; the policy stays until then.
 */
int ioasid_slot_enter(struct ioasid_slot *slot, struct ioasid_slot_use *use) __acquires(&slot_users)
{
	int id = srcu_read_lock(&slot_users);

	use->ops = NULL;
	use->epoch = 0;
	strscpy(use->name, "builtin");
	spin_lock(&slot->lock);
	if (slot->ops && !slot->dead) {
		use->ops = slot->ops;
		use->epoch = slot->epoch;
		strscpy(use->name, slot->name);
	}
	spin_unlock(&slot->lock);
	return id;
}

/**
 * ioasid_slot_leave() - end what ioasid_slot_enter() began
 * @id: what that returned
 */
void ioasid_slot_leave(int id) __releases(&slot_users)
{
	srcu_read_unlock(&slot_users, id);
}

/**
 * ioasid_slot_refusal_ok() - may a policy refuse with this errno?
 * @ret: what it returned
 */
bool ioasid_slot_refusal_ok(int ret)
{
	return ret == -ENOMEM || ret == -EDQUOT || ret == -EPERM || ret == -EAGAIN;
}

static void set_exit(struct ioasid_slot *slot, enum ioasid_exit_kind kind, s64 code,
		     const char *text)
{
	lockdep_assert_held(&slot->lock);
	slot->exit.kind = kind;
	slot->exit.code = code;
	strscpy(slot->exit.text, text);
	strscpy(slot->exit.policy, slot->name);
}

/**
 * ioasid_slot_eject() - stop using a policy that misbehaved
 * @slot: the slot
 * @epoch: of the policy, from its struct ioasid_slot_use; nothing happens if another has come
 * @kind: what it did
 * @code: the value it returned
 * @text: the same in words
 *
 * From now on the built-in policy decides. Context: any that may take a spinlock.
 */
void ioasid_slot_eject(struct ioasid_slot *slot, u32 epoch, enum ioasid_exit_kind kind, s64 code,
		       const char *text)
{
	bool first;

	spin_lock(&slot->lock);
	first = slot->ops && slot->epoch == epoch && !slot->dead;
	if (first) {
		slot->dead = true;
		set_exit(slot, kind, code, text);
	}
	spin_unlock(&slot->lock);
	if (!first)
		return;

	atomic64_inc(&slot->ejections);
	schedule_work(&slot->eject);
}

/**
 * ioasid_slot_eject_work() - detach the link of a dead policy
 * @work: the slot's
 */
void ioasid_slot_eject_work(struct work_struct *work)
{
	struct ioasid_slot *slot = container_of(work, struct ioasid_slot, eject);
	struct bpf_link *link = NULL;

	spin_lock(&slot->lock);
	if (slot->ops && slot->dead)
		link = bpf_link_inc_not_zero(slot->link);
	spin_unlock(&slot->lock);
	/* A link on its way out takes the policy with it. */
	if (IS_ERR_OR_NULL(link))
		return;
	link->ops->detach(link);
	bpf_link_put(link);
}

/**
 * ioasid_slot_register() - a policy comes into the empty slot
 * @slot: the slot
 * @ops: its struct_ops, valid until ioasid_slot_unregister() returns
 * @name: its name
 * @link: what keeps it attached
 *
 * Return: 0; -EBUSY when another one is there; -EOPNOTSUPP without a link, for it could not be
 * ejected.
 */
int ioasid_slot_register(struct ioasid_slot *slot, const void *ops, const char *name,
			 struct bpf_link *link)
{
	int ret = 0;

	if (!link)
		return -EOPNOTSUPP;
	spin_lock(&slot->lock);
	if (slot->ops) {
		ret = -EBUSY;
	} else {
		slot->ops = ops;
		slot->link = link;
		slot->dead = false;
		slot->epoch++;
		strscpy(slot->name, name);
	}
	spin_unlock(&slot->lock);
	if (!ret)
		static_branch_enable(&slot->loaded);
	return ret;
}

/**
 * ioasid_slot_replace() - another policy takes over on the same link
 * @slot: the slot
 * @ops: its struct_ops
 * @name: its name
 *
 * The old policy is in no use any more on return. Return: 0, or -EBUSY when the old one is being
 * ejected.
 */
int ioasid_slot_replace(struct ioasid_slot *slot, const void *ops, const char *name)
{
	int ret = 0;

	spin_lock(&slot->lock);
	if (slot->dead) {
		ret = -EBUSY;
	} else {
		set_exit(slot, IOASID_EXIT_UNREGISTERED, 0, "replaced by another policy");
		slot->ops = ops;
		slot->epoch++;
		strscpy(slot->name, name);
	}
	spin_unlock(&slot->lock);
	if (!ret)
		synchronize_srcu(&slot_users);
	return ret;
}

/**
 * ioasid_slot_unregister() - the policy leaves, the built-in one decides again
 * @slot: the slot
 * @ops: the policy
 */
void ioasid_slot_unregister(struct ioasid_slot *slot, const void *ops)
{
	bool ours;

	spin_lock(&slot->lock);
	ours = slot->ops == ops;
	if (ours) {
		if (!slot->dead)
			set_exit(slot, IOASID_EXIT_UNREGISTERED, 0, "detached");
		slot->ops = NULL;
		slot->link = NULL;
		slot->dead = false;
		strscpy(slot->name, "builtin");
	}
	spin_unlock(&slot->lock);
	if (!ours)
		return;
	static_branch_disable(&slot->loaded);
	synchronize_srcu(&slot_users);
}

/**
 * ioasid_slot_copy_name() - take a policy's name over from its BPF object
 * @to: IOASID_NAME_LEN bytes
 * @from: as many, not to be trusted
 *
 * Return: 0, or -EINVAL when it is empty, not terminated, or has other characters than a BPF
 * object's name may have.
 */
int ioasid_slot_copy_name(char *to, const char *from)
{
	size_t len = strnlen(from, IOASID_NAME_LEN);
	size_t i;

	if (!len || len == IOASID_NAME_LEN)
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (!isalnum(from[i]) && !strchr("_.-", from[i]))
			return -EINVAL;
	strscpy_pad(to, from, IOASID_NAME_LEN);
	return 0;
}

static bool has_btf;

/**
 * ioasid_slot_init_type() - the core registers a struct_ops type of ours
 * @btf: the module's
 *
 * Without BTF in the module the core succeeds, does nothing, and does not call this.
 */
int ioasid_slot_init_type(struct btf *btf)
{
	has_btf = true;
	return 0;
}

/**
 * ioasid_slot_has_btf() - can BPF policies be loaded?
 *
 * Context: after the types were registered.
 */
bool ioasid_slot_has_btf(void)
{
	return has_btf;
}

/**
 * ioasid_slot_access_ok() - may a policy's program read its arguments like this?
 * @off: offset in the arguments
 * @size: bytes
 * @type: read or write
 * @prog: the program
 * @info: told what the argument is
 */
bool ioasid_slot_access_ok(int off, int size, enum bpf_access_type type,
			   const struct bpf_prog *prog, struct bpf_insn_access_aux *info)
{
	if (off < 0 || off >= (int)sizeof(u64) * MAX_BPF_FUNC_ARGS)
		return false;
	if (type != BPF_READ || off % size)
		return false;
	return btf_ctx_access(off, size, type, prog, info);
}

/**
 * ioasid_slot_show() - the slot's state, a "NAME value" a line
 * @slot: the slot
 * @buf: a page
 *
 * Return: bytes written.
 */
ssize_t ioasid_slot_show(struct ioasid_slot *slot, char *buf)
{
	struct ioasid_exit exit;
	char name[IOASID_NAME_LEN];
	ssize_t n;

	spin_lock(&slot->lock);
	strscpy(name, slot->dead ? "builtin" : slot->name);
	exit = slot->exit;
	spin_unlock(&slot->lock);

	n = sysfs_emit(buf, "name %s\nasked %lld\nrefused %lld\nejections %lld\nlast_exit %s", name,
		       atomic64_read(&slot->asked), atomic64_read(&slot->refused),
		       atomic64_read(&slot->ejections), exit_names[exit.kind]);
	if (exit.kind != IOASID_EXIT_NONE)
		n += sysfs_emit_at(buf, n, " %lld %s: %s", exit.code, exit.policy, exit.text);
	n += sysfs_emit_at(buf, n, "\n");
	return n;
}

/**
 * ioasid_slot_drain() - wait for an ejection that is on its way
 * @slot: the slot
 *
 * For module exit: a registered policy holds a reference to the module, so there is none any more.
 */
void ioasid_slot_drain(struct ioasid_slot *slot)
{
	cancel_work_sync(&slot->eject);
}
