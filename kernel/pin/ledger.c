// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ledger: see ledger.h for the vocabulary.
 *
 * A charge goes in steps, because a policy must be asked without a lock and the ledger must never
 * be wrong meanwhile:
 *
 *	reserve		find the owner, check the hard limit, count towards RLIMIT_MEMLOCK
 *	commit		add to the accounts (inside a commit, together with the pin)
 *	ask		let the account policy refuse
 *
 * and back again: uncommit (inside a commit), release.
 *
 * Lock order: a commit, the pin domain's lock, ledger_lock. Nothing is taken under ledger_lock.
 */
#include "pin/ledger.h"

#include <linux/capability.h>
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>

#include <trace/events/ioasid.h>

#include "commit.h"
#include "policy/account.h"

static DEFINE_SPINLOCK(ledger_lock);
static DEFINE_HASHTABLE(owners, 8);
static DEFINE_HASHTABLE(accounts, 8);

static const char *const account_names[] = {
	[IOASID_ACCOUNT_MM] = "process",
	[IOASID_ACCOUNT_USER] = "user",
	[IOASID_ACCOUNT_CGROUP] = "cgroup",
};

/**
 * ioasid_hard_limit() - the caller's hard limit
 *
 * Return: pages that the calling process's user may have locked, IOASID_NO_LIMIT for none.
 */
u64 ioasid_hard_limit(void)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK);

	if (limit == RLIM_INFINITY || ns_capable_noaudit(&init_user_ns, CAP_IPC_LOCK))
		return IOASID_NO_LIMIT;
	return limit >> PAGE_SHIFT;
}

static u64 caller_cgroup(void)
{
	u64 id;

	rcu_read_lock();
	id = cgroup_id(task_dfl_cgroup(current));
	rcu_read_unlock();
	return id;
}

static struct ioasid_account *account_find(enum ioasid_account_kind kind, u64 key)
{
	struct ioasid_account *account;

	lockdep_assert_held(&ledger_lock);
	hash_for_each_possible(accounts, account, node, key)
		if (account->kind == kind && account->key == key)
			return account;
	return NULL;
}

/* Use the account that there is, or @fresh, which is NULLed then. */
static struct ioasid_account *account_get(enum ioasid_account_kind kind, u64 key,
					  struct ioasid_account **fresh)
{
	struct ioasid_account *account = account_find(kind, key);

	if (!account) {
		account = *fresh;
		*fresh = NULL;
		account->kind = kind;
		account->key = key;
		hash_add(accounts, &account->node, key);
	}
	account->refs++;
	return account;
}

static void account_put(struct ioasid_account *account)
{
	lockdep_assert_held(&ledger_lock);
	if (--account->refs)
		return;
	WARN_ON_ONCE(atomic64_read(&account->pages));
	hash_del(&account->node);
	kfree(account);
}

static struct ioasid_owner *owner_find(u32 uid, u64 cgroup)
{
	struct ioasid_owner *owner;

	lockdep_assert_held(&ledger_lock);
	hash_for_each_possible(owners, owner, node, (unsigned long)current->mm)
		if (owner->mm == current->mm && owner->uid == uid && owner->cgroup == cgroup)
			return owner;
	return NULL;
}

static void owner_fill(struct ioasid_owner *owner, u32 uid, u64 cgroup,
		       struct ioasid_account *fresh[])
{
	const u64 keys[] = {
		[IOASID_ACCOUNT_MM] = (unsigned long)current->mm,
		[IOASID_ACCOUNT_USER] = uid,
		[IOASID_ACCOUNT_CGROUP] = cgroup,
	};
	int kind;

	owner->mm = current->mm;
	owner->user = get_uid(current_user());
	owner->uid = uid;
	owner->cgroup = cgroup;
	owner->tgid = current->tgid;
	for (kind = 0; kind < IOASID_ACCOUNT_KINDS; kind++)
		owner->accounts[kind] = account_get(kind, keys[kind], &fresh[kind]);
	hash_add(owners, &owner->node, (unsigned long)owner->mm);
}

/* The owner that the caller is, made if this is the first time. */
static struct ioasid_owner *owner_get(void)
{
	struct ioasid_account *fresh[IOASID_ACCOUNT_KINDS] = {};
	u32 uid = from_kuid(&init_user_ns, current_user()->uid);
	struct ioasid_owner *owner, *made = NULL;
	u64 cgroup = caller_cgroup();
	int kind;

	spin_lock(&ledger_lock);
	owner = owner_find(uid, cgroup);
	if (owner)
		owner->refs++;
	spin_unlock(&ledger_lock);
	if (owner)
		return owner;

	made = kzalloc(sizeof(*made), GFP_KERNEL_ACCOUNT);
	if (!made)
		return NULL;
	for (kind = 0; kind < IOASID_ACCOUNT_KINDS; kind++) {
		fresh[kind] = kzalloc(sizeof(*fresh[kind]), GFP_KERNEL_ACCOUNT);
		if (!fresh[kind])
			goto out;
	}

	spin_lock(&ledger_lock);
	owner = owner_find(uid, cgroup);
	if (!owner) {
		owner = made;
		made = NULL;
		owner_fill(owner, uid, cgroup, fresh);
	}
	owner->refs++;
	spin_unlock(&ledger_lock);
out:
	for (kind = 0; kind < IOASID_ACCOUNT_KINDS; kind++)
		kfree(fresh[kind]);
	kfree(made);
	return owner;
}

static void owner_put(struct ioasid_owner *owner)
{
	struct user_struct *user = NULL;
	int kind;

	spin_lock(&ledger_lock);
	if (!--owner->refs) {
		for (kind = 0; kind < IOASID_ACCOUNT_KINDS; kind++)
			account_put(owner->accounts[kind]);
		user = owner->user;
		hash_del(&owner->node);
		kfree(owner);
	}
	spin_unlock(&ledger_lock);
	free_uid(user);
}

static u64 account_pages(const struct ioasid_owner *owner, enum ioasid_account_kind kind)
{
	return atomic64_read(&owner->accounts[kind]->pages);
}

static int lock_pages(struct user_struct *user, u64 pages, u64 limit, u64 *used)
{
	long old = atomic_long_read(&user->locked_vm);

	do {
		*used = old;
		if (pages > limit || old > limit - pages)
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &old, old + pages));
	return 0;
}

static void trace_refused(const struct ioasid_owner *owner, u64 domain, u64 pages, u64 used,
			  u64 limit)
{
	struct ioasid_event_charge event = {
		.domain = domain,
		.cgroup = owner->cgroup,
		.pages = pages,
		.used = used,
		.limit = limit,
		.tgid = owner->tgid,
		.uid = owner->uid,
		.ret = -ENOMEM,
		.policy = "builtin",
	};

	trace_ioasid_charge(&event);
}

/**
 * ioasid_charge_reserve() - first step of a charge: the owner and the hard limit
 * @charge: an empty charge
 * @pages: pages to be charged
 * @domain: number of the pin domain, for the tracepoint
 * @why: filled when the limit refuses
 *
 * Context: may sleep, the caller is the one to be charged.
 * Return: 0, or -ENOMEM.
 */
int ioasid_charge_reserve(struct ioasid_charge *charge, u64 pages, u64 domain,
			  struct ioasid_refusal *why)
{
	u64 limit = ioasid_hard_limit();
	u64 used;

	charge->owner = owner_get();
	if (!charge->owner)
		return ioasid_refuse(why, IOASID_STAGE_CHARGE, 0, pages << PAGE_SHIFT, -ENOMEM);
	if (ns_capable_noaudit(&init_user_ns, CAP_IPC_LOCK))
		return 0;
	if (lock_pages(charge->owner->user, pages, limit, &used)) {
		trace_refused(charge->owner, domain, pages, used, limit);
		owner_put(charge->owner);
		charge->owner = NULL;
		if (why->stage == IOASID_STAGE_NONE) {
			ioasid_refuse(why, IOASID_STAGE_CHARGE, 0, pages << PAGE_SHIFT, -ENOMEM);
			why->used = used << PAGE_SHIFT;
			why->limit = limit << PAGE_SHIFT;
		}
		return -ENOMEM;
	}
	charge->locked = true;
	return 0;
}

/**
 * ioasid_charge_commit() - second step: the accounts
 * @charge: reserved
 * @pages: as reserved
 *
 * Context: in a commit.
 */
void ioasid_charge_commit(struct ioasid_charge *charge, u64 pages)
{
	int kind;

	ioasid_assert_commit();
	charge->pages = pages;
	for (kind = 0; kind < IOASID_ACCOUNT_KINDS; kind++)
		atomic64_add(pages, &charge->owner->accounts[kind]->pages);
	atomic64_add(pages, &charge->owner->mm->pinned_vm);
}

static void fill_request(struct ioasid_charge_request *request, const struct ioasid_owner *owner,
			 u64 pages)
{
	request->pages = pages;
	request->mm_pages = account_pages(owner, IOASID_ACCOUNT_MM);
	request->user_pages = account_pages(owner, IOASID_ACCOUNT_USER);
	request->cgroup_pages = account_pages(owner, IOASID_ACCOUNT_CGROUP);
	request->cgroup = owner->cgroup;
	request->tgid = owner->tgid;
	request->uid = owner->uid;
}

/**
 * ioasid_charge_ask() - third step: the account policy
 * @charge: committed
 * @domain: number of the pin domain, for the tracepoint
 * @why: filled when the policy refuses
 *
 * Context: may sleep, no locks held, the caller is the one who is charged.
 * Return: 0, or the policy's refusal. The charge stays committed in any case.
 */
int ioasid_charge_ask(struct ioasid_charge *charge, u64 domain, struct ioasid_refusal *why)
{
	const struct ioasid_owner *owner = charge->owner;
	struct ioasid_charge_request request = { .limit_pages = ioasid_hard_limit() };
	struct ioasid_event_charge event;
	char policy[IOASID_NAME_LEN];
	u64 pages = charge->pages;
	int ret;

	/* The accounts have these pages already. */
	fill_request(&request, owner, pages);
	request.mm_pages -= pages;
	request.user_pages -= pages;
	request.cgroup_pages -= pages;
	event = (struct ioasid_event_charge){
		.domain = domain,
		.cgroup = owner->cgroup,
		.pages = pages,
		.used = request.user_pages,
		.limit = request.limit_pages,
		.tgid = owner->tgid,
		.uid = owner->uid,
		.policy = policy,
	};

	ret = ioasid_account_charge(&request, &charge->epoch, policy);
	event.ret = ret;
	trace_ioasid_charge(&event);
	if (ret && why->stage == IOASID_STAGE_NONE) {
		ioasid_refuse(why, IOASID_STAGE_CHARGE, 0, pages << PAGE_SHIFT, ret);
		why->used = event.used << PAGE_SHIFT;
		if (event.limit != IOASID_NO_LIMIT)
			why->limit = event.limit << PAGE_SHIFT;
		strscpy_pad(why->policy, policy);
	}
	return ret;
}

/**
 * ioasid_charge_uncommit() - take the pages out of the accounts again
 * @charge: committed
 *
 * Context: in a commit.
 */
void ioasid_charge_uncommit(struct ioasid_charge *charge)
{
	int kind;

	ioasid_assert_commit();
	for (kind = 0; kind < IOASID_ACCOUNT_KINDS; kind++)
		atomic64_sub(charge->pages, &charge->owner->accounts[kind]->pages);
	atomic64_sub(charge->pages, &charge->owner->mm->pinned_vm);
	charge->pages = 0;
}

/**
 * ioasid_charge_release() - undo ioasid_charge_reserve() and tell the policy
 * @charge: reserved, not committed (any more)
 * @pages: as reserved
 * @domain: number of the pin domain, for the tracepoint
 *
 * Context: may sleep, no locks held.
 */
void ioasid_charge_release(struct ioasid_charge *charge, u64 pages, u64 domain)
{
	struct ioasid_owner *owner = charge->owner;
	struct ioasid_charge_request request = { .limit_pages = IOASID_NO_LIMIT };
	struct ioasid_event_charge event = { .domain = domain, .policy = "builtin" };

	if (!owner)
		return;
	fill_request(&request, owner, pages);
	ioasid_account_uncharge(&request, charge->epoch);

	event.cgroup = owner->cgroup;
	event.pages = pages;
	event.used = request.user_pages + pages;
	event.tgid = owner->tgid;
	event.uid = owner->uid;
	trace_ioasid_uncharge(&event);

	if (charge->locked)
		atomic_long_sub(pages, &owner->user->locked_vm);
	owner_put(owner);
	charge->owner = NULL;
}

/**
 * ioasid_ledger_audit_begin() - begin to count what the accounts should have
 *
 * Context: commits are frozen.
 */
void ioasid_ledger_audit_begin(void)
{
	struct ioasid_account *account;
	int bucket;

	spin_lock(&ledger_lock);
	hash_for_each(accounts, bucket, account, node)
		account->walked = 0;
	spin_unlock(&ledger_lock);
}

/**
 * ioasid_ledger_audit_count() - count what one pin is charged
 * @charge: of a pin
 *
 * Context: commits are frozen.
 */
void ioasid_ledger_audit_count(const struct ioasid_charge *charge)
{
	int kind;

	if (!charge->pages)
		return;
	for (kind = 0; kind < IOASID_ACCOUNT_KINDS; kind++)
		charge->owner->accounts[kind]->walked += charge->pages;
}

/**
 * ioasid_ledger_audit_end() - compare the accounts with what was counted
 * @charged: pages in the accounts of processes
 * @text: the first disagreement in words; left alone when there is none
 * @size: bytes in @text
 *
 * Context: commits are frozen.
 * Return: disagreements.
 */
u32 ioasid_ledger_audit_end(u64 *charged, char *text, size_t size)
{
	struct ioasid_account *account;
	u32 errors = 0;
	u64 pages;
	int bucket;

	*charged = 0;
	spin_lock(&ledger_lock);
	hash_for_each(accounts, bucket, account, node) {
		pages = atomic64_read(&account->pages);
		if (account->kind == IOASID_ACCOUNT_MM)
			*charged += pages;
		if (pages == account->walked)
			continue;
		if (!errors++)
			snprintf(text, size, "%s %llu: ledger has %llu pages, its pins have %llu",
				 account_names[account->kind],
				 account->kind == IOASID_ACCOUNT_MM ? 0 : account->key, pages,
				 account->walked);
	}
	spin_unlock(&ledger_lock);
	return errors;
}
