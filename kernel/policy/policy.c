// SPDX-License-Identifier: GPL-2.0-only
/* Policy: an attached BPF policy, and its end. See policy.h for the vocabulary. */
#include "policy/policy.h"

#include <linux/ctype.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include <trace/events/ioasid.h>

#include "fault.h"
#include "policy/slot.h"
#include "queue.h"

static atomic_t epochs = ATOMIC_INIT(IOASID_EPOCH_BUILTIN);
static struct workqueue_struct *ejections;

/* Detach the link of a dead policy. */
static void eject_work(struct work_struct *work)
{
	struct ioasid_policy *policy = container_of(work, struct ioasid_policy, eject);
	struct ioasid_slot *slot = policy->slot;
	struct bpf_link *link = NULL;

	spin_lock(&slot->lock);
	if (policy->link)
		link = bpf_link_inc_not_zero(policy->link);
	spin_unlock(&slot->lock);
	/* A link on its way out takes the policy with it. */
	if (!IS_ERR_OR_NULL(link)) {
		link->ops->detach(link);
		bpf_link_put(link);
	}
	ioasid_policy_put(policy);
}

/**
 * ioasid_policy_alloc() - make a policy
 * @slot: where it will be attached
 * @kdata: its struct_ops, valid until it is out
 * @ops: what of these all kinds have
 * @link: what keeps it attached
 *
 * Return: NULL without memory.
 */
struct ioasid_policy *ioasid_policy_alloc(struct ioasid_slot *slot, const void *kdata,
					  const struct ioasid_policy_ops *ops,
					  struct bpf_link *link)
{
	struct ioasid_policy *policy;

	policy = ioasid_fault() ? NULL : kzalloc(sizeof(*policy), GFP_KERNEL);
	if (!policy)
		return NULL;
	kref_init(&policy->refs);
	INIT_WORK(&policy->eject, eject_work);
	policy->slot = slot;
	policy->kdata = kdata;
	policy->ops = *ops;
	policy->link = link;
	strscpy_pad(policy->name, ops->name);
	policy->epoch = atomic_inc_return(&epochs);
	return policy;
}

static void free_policy(struct kref *refs)
{
	kfree(container_of(refs, struct ioasid_policy, refs));
}

/**
 * ioasid_policy_put() - drop a reference
 * @policy: the policy
 */
void ioasid_policy_put(struct ioasid_policy *policy)
{
	kref_put(&policy->refs, free_policy);
}

/**
 * ioasid_policy_trace() - tell of a policy that came or goes
 * @policy: the policy
 * @action: enum ioasid_policy_action
 */
void ioasid_policy_trace(const struct ioasid_policy *policy, u32 action)
{
	struct ioasid_event_policy event = {
		.code = policy->exit.code,
		.asked = atomic64_read(&policy->asked),
		.refused = atomic64_read(&policy->refused),
		.action = action,
		.exit = policy->exit.kind,
		.kind = policy->slot->kind->name,
		.policy = policy->name,
		.text = policy->exit.text,
	};

	trace_ioasid_policy(&event);
}

/* Fill how it leaves, unless that is known. */
static bool set_exit(struct ioasid_policy *policy, enum ioasid_exit_kind kind, s64 code,
		     const char *text, const char *dump)
{
	lockdep_assert_held(&policy->slot->lock);
	if (policy->exit.kind != IOASID_EXIT_NONE)
		return false;
	policy->exit.kind = kind;
	policy->exit.code = code;
	strscpy(policy->exit.text, text);
	strscpy(policy->exit.dump, dump ?: "");
	return true;
}

static void note(struct ioasid_policy *policy)
{
	struct ioasid_exit exit = {
		.info = policy->exit,
		.at = ktime_get_real_seconds(),
		.asked = atomic64_read(&policy->asked),
		.refused = atomic64_read(&policy->refused),
	};

	strscpy(exit.policy, policy->name);
	ioasid_exit_note(&policy->slot->exits, &exit);
}

/**
 * ioasid_policy_eject() - stop using a policy
 * @policy: the policy, which the caller uses (ioasid_slot_enter()) or found under the slot's mutex
 * @kind: why
 * @code: the value that is wrong
 * @text: the same in words
 * @dump: the request that brought it to light, or NULL
 *
 * From now on the built-in policy decides. Nothing happens when it is ejected already.
 *
 * Context: any that may take a spinlock.
 */
void ioasid_policy_eject(struct ioasid_policy *policy, enum ioasid_exit_kind kind, s64 code,
			 const char *text, const char *dump)
{
	struct ioasid_event event = { .kind = IOASID_EVENT_EJECTION, .code = kind };
	struct ioasid_slot *slot = policy->slot;
	bool first;

	spin_lock(&slot->lock);
	first = set_exit(policy, kind, code, text, dump);
	if (first)
		WRITE_ONCE(policy->dead, true);
	spin_unlock(&slot->lock);
	if (!first)
		return;

	note(policy);
	atomic64_inc(&slot->ejections);
	strscpy_pad(event.policy, policy->name);
	ioasid_queue_post_all(&event);
	ioasid_policy_trace(policy, IOASID_POLICY_EJECTED);
	kref_get(&policy->refs);
	queue_work(ejections, &policy->eject);
}

/* It refuses: has it done nothing else for too long? */
static void watch(struct ioasid_policy *policy)
{
	u64 now = get_jiffies_64() | 1, since = READ_ONCE(policy->refusing_since);
	u32 timeout_ms = policy->ops.timeout_ms ?: IOASID_POLICY_TIMEOUT_MS;

	if (!(policy->ops.flags & IOASID_POLICY_WATCHDOG))
		return;
	if (!since)
		WRITE_ONCE(policy->refusing_since, now);
	else if (now > since + msecs_to_jiffies(timeout_ms))
		ioasid_policy_eject(policy, IOASID_EXIT_TIMEOUT, jiffies64_to_msecs(now - since),
				    "it refused everything for longer than its timeout", NULL);
}

/**
 * ioasid_policy_answered() - count a decision
 * @policy: who decided; the caller uses it
 * @refused: it refused
 */
void ioasid_policy_answered(struct ioasid_policy *policy, bool refused)
{
	atomic64_inc(&policy->asked);
	if (!refused) {
		if (READ_ONCE(policy->refusing_since))
			WRITE_ONCE(policy->refusing_since, 0);
		return;
	}
	atomic64_inc(&policy->refused);
	watch(policy);
}

/**
 * ioasid_policy_end() - a policy is out of its slot: tell it, and keep how it left
 * @policy: in no use any more
 * @text: how it left, when it wasn't ejected
 *
 * Context: may sleep, the slot's users are kept out.
 */
void ioasid_policy_end(struct ioasid_policy *policy, const char *text)
{
	struct ioasid_slot *slot = policy->slot;
	bool fresh;

	spin_lock(&slot->lock);
	policy->link = NULL;
	fresh = set_exit(policy, IOASID_EXIT_UNREGISTERED, 0, text, NULL);
	slot->asked += atomic64_read(&policy->asked);
	slot->refused += atomic64_read(&policy->refused);
	spin_unlock(&slot->lock);

	if (fresh)
		note(policy);
	if (policy->ops.exit)
		policy->ops.exit(&policy->exit);
	ioasid_policy_trace(policy, IOASID_POLICY_DETACHED);
}

/**
 * ioasid_policy_copy_name() - take a policy's name over from its BPF object
 * @to: IOASID_NAME_LEN bytes
 * @from: as many, not to be trusted
 *
 * Return: 0, or -EINVAL when it is empty, not terminated, taken by the built-in policy, or has
 * other characters than a BPF object's name may have.
 */
int ioasid_policy_copy_name(char *to, const char *from)
{
	size_t len = strnlen(from, IOASID_NAME_LEN);
	size_t i;

	if (!len || len == IOASID_NAME_LEN)
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (!isalnum(from[i]) && !strchr("_.-", from[i]))
			return -EINVAL;
	strscpy_pad(to, from, IOASID_NAME_LEN);
	return strcmp(to, IOASID_BUILTIN) ? 0 : -EINVAL;
}

/**
 * ioasid_policy_copy_text() - take over what a policy says of itself
 * @to: IOASID_EXIT_TEXT_LEN bytes; one line of printable characters
 * @from: the text
 * @size: bytes of it, if no zero comes before; what is more than fits is cut off
 */
void ioasid_policy_copy_text(char *to, const char *from, u32 size)
{
	u32 i;

	for (i = 0; i < min(size, IOASID_EXIT_TEXT_LEN - 1) && from[i]; i++)
		to[i] = isascii(from[i]) && isprint(from[i]) ? from[i] : '?';
	to[i] = 0;
}

/**
 * ioasid_policy_init() - get ready for policies
 *
 * Return: 0 or -ENOMEM.
 */
int ioasid_policy_init(void)
{
	ejections = ioasid_fault() ? NULL : alloc_workqueue("ioasid_eject", WQ_UNBOUND, 0);
	return ejections ? 0 : -ENOMEM;
}

/**
 * ioasid_policy_exit() - undo ioasid_policy_init()
 *
 * A registered policy holds a reference to the module, so there is none any more; but a work item
 * may be at its last lines.
 */
void ioasid_policy_exit(void)
{
	destroy_workqueue(ejections);
}
