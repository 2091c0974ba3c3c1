// SPDX-License-Identifier: GPL-2.0-only
/* Slot: the place of one kind of policy. See slot.h for the vocabulary and the lock order. */
#include "policy/slot.h"

#include <linux/ioasid_event.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/sysfs.h>

static struct ioasid_policy *find(struct ioasid_slot *slot, const char *name)
{
	struct ioasid_policy *policy;

	list_for_each_entry(policy, &slot->policies, node)
		if (!strcmp(policy->name, name))
			return policy;
	return NULL;
}

static struct ioasid_policy *find_kdata(struct ioasid_slot *slot, const void *kdata)
{
	struct ioasid_policy *policy;

	list_for_each_entry(policy, &slot->policies, node)
		if (policy->kdata == kdata)
			return policy;
	return NULL;
}

/**
 * ioasid_slot_enter() - begin to use a policy
 * @slot: the slot
 * @name: of the policy; NULL or empty for the default one
 *
 * The default policy stands in for one that isn't there.
 *
 * Context: may sleep; may not nest.
 * Return: the policy, which stays until ioasid_slot_leave(); NULL when the built-in one decides.
 */
struct ioasid_policy *ioasid_slot_enter(struct ioasid_slot *slot, const char *name)
{
	struct ioasid_policy *policy, *chosen;

	percpu_down_read(slot->users);
	policy = slot->policy;
	if (unlikely(name && name[0])) {
		if (!strcmp(name, IOASID_BUILTIN))
			return NULL;
		chosen = find(slot, name);
		if (chosen && !READ_ONCE(chosen->dead))
			return chosen;
	}
	return policy && !READ_ONCE(policy->dead) ? policy : NULL;
}

/**
 * ioasid_slot_leave() - end what ioasid_slot_enter() began
 * @slot: the slot
 */
void ioasid_slot_leave(struct ioasid_slot *slot)
{
	percpu_up_read(slot->users);
}

/* From now on callers enter the slot for such a policy; those who didn't have ended. */
static void open_slot(struct ioasid_slot *slot, const struct ioasid_policy *policy)
{
	bool loaded = !list_empty(&slot->policies);

	lockdep_assert_held(&slot->mutex);
	if (loaded && slot->hears >= policy->ops.hears)
		return;
	if (!loaded)
		static_branch_enable(&slot->loaded);
	if (policy->ops.hears)
		WRITE_ONCE(slot->hears, true);
	synchronize_rcu();
}

static void close_slot(struct ioasid_slot *slot)
{
	struct ioasid_policy *policy;
	bool hears = false;

	lockdep_assert_held(&slot->mutex);
	list_for_each_entry(policy, &slot->policies, node)
		hears |= policy->ops.hears;
	WRITE_ONCE(slot->hears, hears);
	if (list_empty(&slot->policies))
		static_branch_disable(&slot->loaded);
}

static bool is_default(const struct ioasid_policy *policy)
{
	return !(policy->ops.flags & IOASID_POLICY_NAMED);
}

static void come(struct ioasid_slot *slot, struct ioasid_policy *policy)
{
	percpu_rwsem_assert_held(slot->users);
	if (is_default(policy)) {
		if (slot->kind->take_over)
			slot->kind->take_over(policy);
		slot->policy = policy;
	}
	list_add_tail(&policy->node, &slot->policies);
	ioasid_policy_trace(policy, IOASID_POLICY_ATTACHED);
}

static void go(struct ioasid_slot *slot, struct ioasid_policy *policy, const char *text)
{
	percpu_rwsem_assert_held(slot->users);
	if (slot->policy == policy)
		slot->policy = NULL;
	list_del(&policy->node);
	ioasid_policy_end(policy, text);
}

/* May it come, in the place of @old if that isn't NULL? */
static int may_come(struct ioasid_slot *slot, const struct ioasid_policy *policy,
		    const struct ioasid_policy *old)
{
	const struct ioasid_policy *like = find(slot, policy->name);

	lockdep_assert_held(&slot->mutex);
	if (slot->builtin_only)
		return -EPERM;
	if (like && like != old)
		return -EEXIST;
	if (is_default(policy) && slot->policy && slot->policy != old)
		return -EBUSY;
	return 0;
}

/* A policy that is ready to come. */
static struct ioasid_policy *make(struct ioasid_slot *slot, const void *kdata,
				  struct bpf_link *link, const struct ioasid_policy *old)
{
	struct ioasid_policy_ops ops = slot->kind->ops(kdata);
	struct ioasid_policy *policy = ioasid_policy_alloc(slot, kdata, &ops, link);
	int ret;

	if (!policy)
		return ERR_PTR(-ENOMEM);
	ret = may_come(slot, policy, old);
	if (!ret && ops.init)
		ret = ops.init();
	if (!ret)
		return policy;
	ioasid_policy_put(policy);
	return ERR_PTR(ret < 0 && ret >= -MAX_ERRNO ? ret : -EINVAL);
}

/**
 * ioasid_slot_register() - a policy comes
 * @slot: the slot
 * @kdata: its struct_ops, valid until ioasid_slot_unregister() returns
 * @link: what keeps it attached
 *
 * Context: may sleep.
 * Return: 0; -EBUSY when there is a default policy already; -EEXIST when there is one of this name;
 * -EPERM while there may be none; -EOPNOTSUPP without a link, for it could not be ejected; -ENOMEM;
 * what its init() returned.
 */
int ioasid_slot_register(struct ioasid_slot *slot, const void *kdata, struct bpf_link *link)
{
	struct ioasid_policy *policy;

	if (!link)
		return -EOPNOTSUPP;
	mutex_lock(&slot->mutex);
	policy = make(slot, kdata, link, NULL);
	if (!IS_ERR(policy)) {
		open_slot(slot, policy);
		percpu_down_write(slot->users);
		come(slot, policy);
		percpu_up_write(slot->users);
	}
	mutex_unlock(&slot->mutex);
	return PTR_ERR_OR_ZERO(policy);
}

/**
 * ioasid_slot_replace() - another policy takes over on the same link, without a gap
 * @slot: the slot
 * @kdata: its struct_ops
 * @old_kdata: that of the one that leaves, in no use any more on return
 *
 * Context: may sleep.
 * Return: 0; -EBUSY when the old one is being ejected, or there would be two defaults; else as
 * ioasid_slot_register().
 */
int ioasid_slot_replace(struct ioasid_slot *slot, const void *kdata, const void *old_kdata)
{
	struct ioasid_policy *policy, *old;
	int ret = 0;

	mutex_lock(&slot->mutex);
	old = find_kdata(slot, old_kdata);
	if (!old) {
		ret = -ENOLINK;
		goto out;
	}
	policy = make(slot, kdata, old->link, old);
	if (IS_ERR(policy)) {
		ret = PTR_ERR(policy);
		goto out;
	}
	open_slot(slot, policy);
	percpu_down_write(slot->users);
	if (READ_ONCE(old->dead)) {
		ret = -EBUSY;
		ioasid_policy_end(policy, "what it was to replace is being ejected");
	} else {
		go(slot, old, "replaced by another policy");
		come(slot, policy);
	}
	percpu_up_write(slot->users);
	close_slot(slot);
	ioasid_policy_put(ret ? policy : old);
out:
	mutex_unlock(&slot->mutex);
	return ret;
}

/**
 * ioasid_slot_unregister() - a policy leaves; if it was the default, the built-in one decides
 * @slot: the slot
 * @kdata: its struct_ops, in no use any more on return
 *
 * Context: may sleep.
 */
void ioasid_slot_unregister(struct ioasid_slot *slot, const void *kdata)
{
	struct ioasid_policy *policy;

	mutex_lock(&slot->mutex);
	policy = find_kdata(slot, kdata);
	if (policy) {
		percpu_down_write(slot->users);
		go(slot, policy, "detached");
		percpu_up_write(slot->users);
		close_slot(slot);
		ioasid_policy_put(policy);
	}
	mutex_unlock(&slot->mutex);
}

/**
 * ioasid_slot_eject_late() - eject a policy whose answer turned out to be wrong
 * @slot: the slot
 * @epoch: of the policy; nothing happens when it has left
 * @kind: why
 * @code: the value that is wrong
 * @text: the same in words
 *
 * Context: may sleep.
 */
void ioasid_slot_eject_late(struct ioasid_slot *slot, u32 epoch, enum ioasid_exit_kind kind,
			    s64 code, const char *text)
{
	struct ioasid_policy *policy;

	percpu_down_read(slot->users);
	list_for_each_entry(policy, &slot->policies, node)
		if (policy->epoch == epoch)
			ioasid_policy_eject(policy, kind, code, text, NULL);
	percpu_up_read(slot->users);
}

/**
 * ioasid_slot_eject() - an operator ejects a policy
 * @slot: the slot
 * @name: of the policy, or of the slot for the default one
 * @text: why
 *
 * Context: may sleep.
 * Return: 0, or -ENOENT when it isn't there.
 */
int ioasid_slot_eject(struct ioasid_slot *slot, const char *name, const char *text)
{
	struct ioasid_policy *policy;

	percpu_down_read(slot->users);
	policy = strcmp(name, slot->kind->name) ? find(slot, name) : slot->policy;
	if (policy)
		ioasid_policy_eject(policy, IOASID_EXIT_OPERATOR, 0, text, NULL);
	percpu_up_read(slot->users);
	return policy ? 0 : -ENOENT;
}

/**
 * ioasid_slot_set_builtin_only() - eject all policies, and let none come; or let them come again
 * @slot: the slot
 * @only: the former
 *
 * Context: may sleep.
 */
void ioasid_slot_set_builtin_only(struct ioasid_slot *slot, bool only)
{
	struct ioasid_policy *policy;

	mutex_lock(&slot->mutex);
	slot->builtin_only = only;
	list_for_each_entry(policy, &slot->policies, node)
		if (only)
			ioasid_policy_eject(policy, IOASID_EXIT_SYSFS, 0,
					    "all BPF policies were switched off", NULL);
	mutex_unlock(&slot->mutex);
}

/**
 * ioasid_slot_has() - is there a policy of this name?
 * @slot: the slot
 * @name: the name; the built-in policy is always there
 *
 * Context: may sleep.
 */
bool ioasid_slot_has(struct ioasid_slot *slot, const char *name)
{
	bool there;

	percpu_down_read(slot->users);
	there = !strcmp(name, IOASID_BUILTIN) || find(slot, name);
	percpu_up_read(slot->users);
	return there;
}

static ssize_t show_policy(const struct ioasid_policy *policy, char *buf, ssize_t n)
{
	return sysfs_emit_at(buf, n, "policy %s %s %u %lld %lld\n", policy->name,
			     READ_ONCE(policy->dead) ? "dead" :
			     is_default(policy)	     ? "default" :
						       "named",
			     policy->epoch, atomic64_read(&policy->asked),
			     atomic64_read(&policy->refused));
}

/**
 * ioasid_slot_show() - the slot's state, a "NAME value" a line
 * @slot: the slot
 * @buf: a page
 *
 * Context: may sleep.
 * Return: bytes written.
 */
ssize_t ioasid_slot_show(struct ioasid_slot *slot, char *buf)
{
	const struct ioasid_policy *policy;
	struct ioasid_exit exit;
	u64 asked, refused;
	ssize_t n;

	percpu_down_read(slot->users);
	policy = slot->policy;
	n = sysfs_emit(buf, "name %s\n",
		       policy && !READ_ONCE(policy->dead) ? policy->name : IOASID_BUILTIN);
	spin_lock(&slot->lock);
	asked = slot->asked;
	refused = slot->refused;
	spin_unlock(&slot->lock);
	list_for_each_entry(policy, &slot->policies, node) {
		asked += atomic64_read(&policy->asked);
		refused += atomic64_read(&policy->refused);
	}
	n += sysfs_emit_at(buf, n, "asked %llu\nrefused %llu\nejections %lld\n", asked, refused,
			   atomic64_read(&slot->ejections));
	if (ioasid_exit_last(&slot->exits, 0, &exit))
		n += sysfs_emit_at(buf, n, "last_exit %s %lld %s: %s\n",
				   ioasid_exit_name(exit.info.kind), exit.info.code, exit.policy,
				   exit.info.text);
	else
		n += sysfs_emit_at(buf, n, "last_exit none\n");
	list_for_each_entry(policy, &slot->policies, node)
		n += show_policy(policy, buf, n);
	percpu_up_read(slot->users);
	return n;
}
