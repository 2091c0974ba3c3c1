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
#include <linux/ioasid_stat.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>

#include <trace/events/ioasid.h>

#include "commit.h"
#include "fault.h"
#include "policy/account.h"

static DEFINE_SPINLOCK(ledger_lock);
static DEFINE_HASHTABLE(owners, 8);
static LIST_HEAD(owner_list);
static DEFINE_HASHTABLE(accounts, 8);

static const char *const account_names[] = {
	[IOASID_ACCOUNT_MM] = "process",
	[IOASID_ACCOUNT_USER] = "user",
	[IOASID_ACCOUNT_CGROUP] = "cgroup",
};

/* Who NULL is. */
static struct ioasid_payer resolve(const struct ioasid_payer *payer)
{
	if (payer)
		return *payer;
	return (struct ioasid_payer){
		.task = current,
		.mm = current->mm,
		.unlimited = ns_capable_noaudit(&init_user_ns, CAP_IPC_LOCK),
	};
}

static u64 limit_of(const struct ioasid_payer *who, enum ioasid_charge_mode mode)
{
	unsigned long limit = task_rlimit(who->task, RLIMIT_MEMLOCK);

	if (mode == IOASID_CHARGE_NONE || limit == RLIM_INFINITY || who->unlimited)
		return IOASID_NO_LIMIT;
	return limit >> PAGE_SHIFT;
}

/**
 * ioasid_hard_limit() - the hard limit of who is to be charged
 * @payer: who
 * @mode: what counts
 *
 * Return: pages that the process, or its user, may have locked; IOASID_NO_LIMIT for none.
 */
u64 ioasid_hard_limit(const struct ioasid_payer *payer, enum ioasid_charge_mode mode)
{
	struct ioasid_payer who = resolve(payer);

	return limit_of(&who, mode);
}

/* The user, referenced. */
static struct user_struct *user_of(const struct ioasid_payer *who)
{
	struct user_struct *user;

	if (who->task == current)
		return get_uid(current_user());
	rcu_read_lock();
	user = get_uid(__task_cred(who->task)->user);
	rcu_read_unlock();
	return user;
}

static u64 cgroup_of(const struct ioasid_payer *who)
{
	u64 id;

	rcu_read_lock();
	id = cgroup_id(task_dfl_cgroup(who->task));
	rcu_read_unlock();
	return id;
}

/* Pages that count towards an owner's hard limit now. */
static u64 hard_used(const struct ioasid_owner *owner, enum ioasid_charge_mode mode)
{
	if (mode == IOASID_CHARGE_MM)
		return READ_ONCE(owner->mm->locked_vm);
	return atomic_long_read(&owner->user->locked_vm);
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

/* An owner with the mm, user and cgroup of @like. */
static struct ioasid_owner *owner_find(const struct ioasid_owner *like)
{
	struct ioasid_owner *owner;

	lockdep_assert_held(&ledger_lock);
	hash_for_each_possible(owners, owner, node, (unsigned long)like->mm)
		if (owner->mm == like->mm && owner->uid == like->uid &&
		    owner->cgroup == like->cgroup)
			return owner;
	return NULL;
}

static void owner_fill(struct ioasid_owner *owner, const struct ioasid_owner *like,
		       struct ioasid_account *fresh[])
{
	const u64 keys[] = {
		[IOASID_ACCOUNT_MM] = (unsigned long)like->mm,
		[IOASID_ACCOUNT_USER] = like->uid,
		[IOASID_ACCOUNT_CGROUP] = like->cgroup,
	};
	int kind;

	*owner = *like;
	mmgrab(owner->mm);
	get_uid(owner->user);
	for (kind = 0; kind < IOASID_ACCOUNT_KINDS; kind++)
		owner->accounts[kind] = account_get(kind, keys[kind], &fresh[kind]);
	hash_add(owners, &owner->node, (unsigned long)owner->mm);
	list_add_tail(&owner->link, &owner_list);
}

/* The owner that is like this one, made if there is none. */
static struct ioasid_owner *owner_like(const struct ioasid_owner *like)
{
	struct ioasid_account *fresh[IOASID_ACCOUNT_KINDS] = {};
	struct ioasid_owner *owner, *made = NULL;
	int kind;

	spin_lock(&ledger_lock);
	owner = owner_find(like);
	if (owner)
		owner->refs++;
	spin_unlock(&ledger_lock);
	if (owner)
		return owner;

	made = ioasid_fault() ? NULL : kzalloc(sizeof(*made), GFP_KERNEL_ACCOUNT);
	if (!made)
		return NULL;
	for (kind = 0; kind < IOASID_ACCOUNT_KINDS; kind++) {
		if (!ioasid_fault())
			fresh[kind] = kzalloc(sizeof(*fresh[kind]), GFP_KERNEL_ACCOUNT);
		if (!fresh[kind])
			goto out;
	}

	spin_lock(&ledger_lock);
	owner = owner_find(like);
	if (!owner) {
		owner = made;
		made = NULL;
		owner_fill(owner, like, fresh);
	}
	owner->refs++;
	spin_unlock(&ledger_lock);
out:
	for (kind = 0; kind < IOASID_ACCOUNT_KINDS; kind++)
		kfree(fresh[kind]);
	kfree(made);
	return owner;
}

/* The owner that a payer is; NULL when there is no memory for it. */
static struct ioasid_owner *owner_get(const struct ioasid_payer *who)
{
	struct ioasid_owner *owner, like = {
		.mm = who->mm,
		.user = user_of(who),
		.cgroup = cgroup_of(who),
		.tgid = who->task->tgid,
	};

	like.uid = from_kuid(&init_user_ns, like.user->uid);
	owner = owner_like(&like);
	free_uid(like.user);
	return owner;
}

/**
 * ioasid_owner_put() - drop a reference
 * @owner: the owner; freed with the last one
 *
 * Context: any that may take a spinlock.
 */
void ioasid_owner_put(struct ioasid_owner *owner)
{
	bool last;
	int kind;

	spin_lock(&ledger_lock);
	last = !--owner->refs;
	if (last) {
		for (kind = 0; kind < IOASID_ACCOUNT_KINDS; kind++)
			account_put(owner->accounts[kind]);
		hash_del(&owner->node);
		list_del(&owner->link);
	}
	spin_unlock(&ledger_lock);
	if (!last)
		return;
	free_uid(owner->user);
	mmdrop(owner->mm);
	kfree(owner);
}

/* What there is to tell of an owner; false when nothing is charged to it. */
static bool owner_tell(const struct ioasid_owner *owner, struct ioasid_owner_stat *stat)
{
	*stat = (struct ioasid_owner_stat){
		.cgroup = owner->cgroup,
		.pages = atomic64_read(&owner->pages),
		.granted = atomic64_read(&owner->granted),
		.tgid = owner->tgid,
		.uid = owner->uid,
	};
	return stat->pages || stat->granted;
}

/**
 * ioasid_owner_next() - iterate over all owners with charges, in the order of their coming
 * @after: the owner before, whose reference is dropped, or NULL to begin
 * @stat: filled
 *
 * Each owner that has charges all the time comes once. One that comes or goes meanwhile comes once
 * or not at all.
 *
 * Context: any that may take a spinlock.
 * Return: the next owner with a reference, or NULL.
 */
struct ioasid_owner *ioasid_owner_next(struct ioasid_owner *after, struct ioasid_owner_stat *stat)
{
	struct ioasid_owner *owner = after, *next = NULL;

	spin_lock(&ledger_lock);
	owner = list_prepare_entry(owner, &owner_list, link);
	list_for_each_entry_continue(owner, &owner_list, link) {
		if (!owner_tell(owner, stat))
			continue;
		next = owner;
		next->refs++;
		break;
	}
	spin_unlock(&ledger_lock);
	if (after)
		ioasid_owner_put(after);
	return next;
}

static u64 account_pages(const struct ioasid_owner *owner, enum ioasid_account_kind kind)
{
	return atomic64_read(&owner->accounts[kind]->pages);
}

static int lock_user(struct ioasid_charge *charge, const struct ioasid_payer *who, u64 pages)
{
	struct user_struct *user = charge->owner->user;
	long old = atomic_long_read(&user->locked_vm);
	u64 limit = limit_of(who, IOASID_CHARGE_USER);

	if (who->unlimited)
		return 0;
	do {
		if (pages && (pages > limit || old > limit - pages))
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &old, old + pages));
	charge->locked = true;
	return 0;
}

static int lock_mm(const struct ioasid_payer *who, u64 pages)
{
	int ret;

	if (!pages)
		return 0;
	if (mmap_write_lock_killable(who->mm))
		return -EINTR;
	ret = __account_locked_vm(who->mm, pages, true, who->task, who->unlimited);
	mmap_write_unlock(who->mm);
	return ret;
}

/* Count the pages as the charge's mode says, if the limit permits. */
static int lock_pages(struct ioasid_charge *charge, const struct ioasid_payer *who, u64 pages)
{
	switch (charge->mode) {
	case IOASID_CHARGE_USER:
		return lock_user(charge, who, pages);
	case IOASID_CHARGE_MM:
		return lock_mm(who, pages);
	case IOASID_CHARGE_NONE:
		break;
	}
	return 0;
}

static void unlock_pages(struct ioasid_charge *charge, u64 pages)
{
	struct mm_struct *mm = charge->owner->mm;

	if (charge->locked)
		atomic_long_sub(pages, &charge->owner->user->locked_vm);
	charge->locked = false;
	if (charge->mode != IOASID_CHARGE_MM)
		return;
	mmap_write_lock(mm);
	__account_locked_vm(mm, pages, false, current, true);
	mmap_write_unlock(mm);
}

static int refuse(struct ioasid_refusal *why, u64 pages, u64 used, u64 limit, const char *policy,
		  int ret)
{
	if (why->stage != IOASID_STAGE_NONE)
		return ret;
	ioasid_refuse(why, IOASID_STAGE_CHARGE, 0, pages << PAGE_SHIFT, ret);
	why->used = used << PAGE_SHIFT;
	if (limit != IOASID_NO_LIMIT)
		why->limit = limit << PAGE_SHIFT;
	strscpy_pad(why->policy, policy);
	return ret;
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
 * @payer: who is to be charged
 * @pages: pages to be charged
 * @domain: number of the pin domain, for the tracepoint
 * @why: filled when the limit refuses
 *
 * Context: may sleep, takes the mmap lock.
 * Return: 0, -ENOMEM or -EINTR.
 */
int ioasid_charge_reserve(struct ioasid_charge *charge, const struct ioasid_payer *payer, u64 pages,
			  u64 domain, struct ioasid_refusal *why)
{
	struct ioasid_payer who = resolve(payer);
	u64 limit = limit_of(&who, charge->mode);
	u64 used;
	int ret;

	charge->owner = owner_get(&who);
	if (!charge->owner)
		return ioasid_refuse(why, IOASID_STAGE_CHARGE, 0, pages << PAGE_SHIFT, -ENOMEM);
	used = hard_used(charge->owner, charge->mode);
	ret = ioasid_fault() ? -ENOMEM : lock_pages(charge, &who, pages);
	if (!ret)
		return 0;
	if (ret == -ENOMEM)
		trace_refused(charge->owner, domain, pages, used, limit);
	ioasid_owner_put(charge->owner);
	charge->owner = NULL;
	return refuse(why, pages, used, limit, "builtin", ret);
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
	atomic64_add(pages, &charge->owner->pages);
	atomic64_add(pages, &charge->owner->mm->pinned_vm);
}

/* What the policy is told of an owner; the accounts have @counted pages of what it is about. */
static void fill_request(struct ioasid_charge_request *request, const struct ioasid_owner *owner,
			 u64 pages, u64 counted)
{
	request->pages = pages;
	request->mm_pages = account_pages(owner, IOASID_ACCOUNT_MM) - counted;
	request->user_pages = account_pages(owner, IOASID_ACCOUNT_USER) - counted;
	request->cgroup_pages = account_pages(owner, IOASID_ACCOUNT_CGROUP) - counted;
	request->cgroup = owner->cgroup;
	request->tgid = owner->tgid;
	request->uid = owner->uid;
}

/* What the reasons of refusals are for the owners that policies name. */
static u32 reason_of(const struct ioasid_account_context *context)
{
	return context->explained ? IOASID_REASON_PROCESS + context->by : IOASID_REASON_NONE;
}

static int refuse_as(const struct ioasid_account_context *context, struct ioasid_refusal *why,
		     int ret)
{
	bool first = why->stage == IOASID_STAGE_NONE;

	refuse(why, context->request.pages, context->used, context->limit, context->name, ret);
	if (first)
		why->reason = reason_of(context);
	return ret;
}

/**
 * ioasid_charge_ask() - third step: the account policy
 * @charge: committed
 * @payer: who is charged
 * @domain: number of the pin domain
 * @limit: set to the pages that the owner could have, IOASID_NO_LIMIT for any number
 * @why: filled when the policy refuses
 *
 * Context: may sleep, no locks held.
 * Return: 0, or the policy's refusal. The charge stays committed in any case.
 */
int ioasid_charge_ask(struct ioasid_charge *charge, const struct ioasid_payer *payer, u64 domain,
		      u64 *limit, struct ioasid_refusal *why)
{
	struct ioasid_owner *owner = charge->owner;
	struct ioasid_account_context context = {
		.request.limit_pages = ioasid_hard_limit(payer, charge->mode),
		.request.domain = domain,
	};
	struct ioasid_event_charge event;
	int ret;

	/* The accounts have these pages already. */
	fill_request(&context.request, owner, charge->pages, charge->pages);
	ret = ioasid_account_charge(&context, &owner->granted, &charge->epoch);
	*limit = context.limit;
	event = (struct ioasid_event_charge){
		.domain = domain,
		.cgroup = owner->cgroup,
		.pages = charge->pages,
		.used = context.used,
		.limit = context.limit,
		.tgid = owner->tgid,
		.uid = owner->uid,
		.ret = ret,
		.policy = context.name,
		.reason = ret ? reason_of(&context) : IOASID_REASON_NONE,
	};
	trace_ioasid_charge(&event);
	return ret ? refuse_as(&context, why, ret) : 0;
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
	atomic64_sub(charge->pages, &charge->owner->pages);
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
	struct ioasid_account_context context = {
		.request.limit_pages = IOASID_NO_LIMIT,
		.request.domain = domain,
	};
	struct ioasid_event_charge event = { .domain = domain, .policy = "builtin" };

	if (!owner)
		return;
	fill_request(&context.request, owner, pages, 0);
	ioasid_account_uncharge(&context, &owner->granted, charge->epoch);

	event.cgroup = owner->cgroup;
	event.pages = pages;
	event.used = context.request.user_pages + pages;
	event.tgid = owner->tgid;
	event.uid = owner->uid;
	trace_ioasid_uncharge(&event);

	unlock_pages(charge, pages);
	ioasid_owner_put(owner);
	charge->owner = NULL;
}

/**
 * ioasid_charge_dry_run() - would a charge be granted?
 * @pages: pages
 * @mode: what else than the ledger counts them
 * @why: filled when it would not
 *
 * Changes nothing; a policy is asked, and told at once that it ended.
 *
 * Context: may sleep, no locks held, the caller is the one who would be charged.
 * Return: 0, -ENOMEM, or the policy's refusal.
 */
int ioasid_charge_dry_run(u64 pages, enum ioasid_charge_mode mode, struct ioasid_refusal *why)
{
	struct ioasid_payer who = resolve(NULL);
	u64 used, limit = limit_of(&who, mode);
	struct ioasid_account_context context = { .request.limit_pages = limit };
	struct ioasid_owner *owner;
	int ret;

	owner = owner_get(&who);
	if (!owner)
		return ioasid_refuse(why, IOASID_STAGE_CHARGE, 0, pages << PAGE_SHIFT, -ENOMEM);
	used = hard_used(owner, mode);
	if (limit != IOASID_NO_LIMIT && (pages > limit || used > limit - pages)) {
		ret = refuse(why, pages, used, limit, "builtin", -ENOMEM);
		goto out;
	}
	fill_request(&context.request, owner, pages, 0);
	ret = ioasid_account_try(&context);
	if (ret)
		refuse_as(&context, why, ret);
out:
	ioasid_owner_put(owner);
	return ret;
}

/**
 * ioasid_ledger_count() - pages charged to somebody
 * @kind: process, user or cgroup
 * @key: the mm's address, the uid, or the cgroup's id
 *
 * Context: any that may take a spinlock.
 */
u64 ioasid_ledger_count(enum ioasid_account_kind kind, u64 key)
{
	struct ioasid_account *account;
	u64 pages = 0;

	spin_lock(&ledger_lock);
	account = account_find(kind, key);
	if (account)
		pages = atomic64_read(&account->pages);
	spin_unlock(&ledger_lock);
	return pages;
}

/**
 * ioasid_charged_current() - pages charged to the calling process
 */
u64 ioasid_charged_current(void)
{
	return ioasid_ledger_count(IOASID_ACCOUNT_MM, (unsigned long)current->mm);
}

/*
 * Tell of each owner that has granted pages. None of these can go meanwhile, and none can get or
 * give back any, as that is done inside the account policy's slot, which is closed.
 */
static void each_owner(ioasid_account_tell tell, void *data)
{
	struct ioasid_charge_request request;
	struct ioasid_owner *owner;
	LIST_HEAD(list);
	int bucket;
	u64 pages;

	spin_lock(&ledger_lock);
	hash_for_each(owners, bucket, owner, node)
		if (atomic64_read(&owner->granted))
			list_add_tail(&owner->told, &list);
	spin_unlock(&ledger_lock);
	list_for_each_entry(owner, &list, told) {
		pages = atomic64_read(&owner->granted);
		request = (struct ioasid_charge_request){ .limit_pages = IOASID_NO_LIMIT };
		fill_request(&request, owner, pages, pages);
		tell(&request, data);
	}
}

/**
 * ioasid_ledger_init() - let account policies know what is charged
 */
void ioasid_ledger_init(void)
{
	ioasid_account_each_hook = each_owner;
}

/* Would the same counter, outside the ledger, count the charge for its new owner? */
static bool same_counter(const struct ioasid_move *move, const struct ioasid_charge *charge)
{
	const struct ioasid_owner *owner = move->fresh.owner;

	if (charge->mode != move->fresh.mode)
		return false;
	switch (charge->mode) {
	case IOASID_CHARGE_USER:
		if (charge->locked == move->who.unlimited)
			return false;
		return !charge->locked || charge->owner->user == owner->user;
	case IOASID_CHARGE_MM:
		return charge->owner->mm == owner->mm;
	case IOASID_CHARGE_NONE:
		break;
	}
	return true;
}

/**
 * ioasid_move_begin() - begin to move charges to the calling process
 * @move: filled
 * @mode: what else than the ledger counts them from then on
 *
 * A move goes: begin; plan with each charge; reserve; move each of them, ask the policy; drop what
 * each was, or move all back; end.
 *
 * Return: 0 or -ENOMEM.
 */
int ioasid_move_begin(struct ioasid_move *move, enum ioasid_charge_mode mode)
{
	*move = (struct ioasid_move){ .who = resolve(NULL), .fresh.mode = mode };
	move->fresh.owner = owner_get(&move->who);
	return move->fresh.owner ? 0 : -ENOMEM;
}

/**
 * ioasid_move_needed() - does a charge have another owner, or another mode?
 * @move: begun
 * @charge: the charge
 */
bool ioasid_move_needed(const struct ioasid_move *move, const struct ioasid_charge *charge)
{
	return charge->owner && (charge->owner != move->fresh.owner || !same_counter(move, charge));
}

/**
 * ioasid_move_plan() - count what is to be reserved
 * @move: begun
 * @charge: will be moved
 */
void ioasid_move_plan(struct ioasid_move *move, const struct ioasid_charge *charge)
{
	if (!same_counter(move, charge))
		move->locked += charge->pages;
}

/**
 * ioasid_move_reserve() - check the hard limit for all charges at once
 * @move: planned
 * @why: filled when the limit refuses
 *
 * Context: may sleep, no locks held.
 * Return: 0, -ENOMEM or -EINTR.
 */
int ioasid_move_reserve(struct ioasid_move *move, struct ioasid_refusal *why)
{
	enum ioasid_charge_mode mode = move->fresh.mode;
	u64 limit = limit_of(&move->who, mode), used = hard_used(move->fresh.owner, mode);
	int ret = ioasid_fault() ? -ENOMEM : lock_pages(&move->fresh, &move->who, move->locked);

	if (!ret)
		return 0;
	trace_refused(move->fresh.owner, 0, move->locked, used, limit);
	refuse(why, move->locked, used, limit, "builtin", ret);
	move->locked = 0;
	return ret;
}

/**
 * ioasid_move_one() - give a charge its new owner
 * @move: reserved
 * @charge: the charge
 * @old: set to what it was
 *
 * Context: in a commit.
 */
void ioasid_move_one(const struct ioasid_move *move, struct ioasid_charge *charge,
		     struct ioasid_charge *old)
{
	u64 pages = charge->pages;

	*old = *charge;
	ioasid_charge_uncommit(charge);
	*charge = move->fresh;
	charge->epoch = IOASID_EPOCH_NONE;
	spin_lock(&ledger_lock);
	charge->owner->refs++;
	spin_unlock(&ledger_lock);
	ioasid_charge_commit(charge, pages);
}

/**
 * ioasid_move_back() - give a charge its old owner again
 * @charge: moved; what it was becomes an uncommitted charge that counts nothing
 * @old: what it was before
 *
 * Context: in a commit.
 */
void ioasid_move_back(struct ioasid_charge *charge, struct ioasid_charge *old)
{
	u64 pages = charge->pages;

	ioasid_charge_uncommit(charge);
	swap(*charge, *old);
	charge->pages = 0;
	ioasid_charge_commit(charge, pages);
	/* What was reserved for it is the move's. */
	old->mode = IOASID_CHARGE_NONE;
	old->locked = false;
}

/**
 * ioasid_move_drop_old() - end what a charge was
 * @move: reserved
 * @old: what it was; its pages are those of the charge
 * @domain: number of the pin domain, for the tracepoint
 *
 * Context: may sleep, no locks held.
 */
void ioasid_move_drop_old(const struct ioasid_move *move, struct ioasid_charge *old, u64 domain)
{
	u64 pages = old->pages;

	if (same_counter(move, old)) {
		old->mode = IOASID_CHARGE_NONE;
		old->locked = false;
	}
	ioasid_charge_release(old, pages, domain);
}

/**
 * ioasid_move_end() - end a move
 * @move: begun
 * @moved: the charges stay where they are; else all are back
 */
void ioasid_move_end(struct ioasid_move *move, bool moved)
{
	if (!moved && move->locked)
		unlock_pages(&move->fresh, move->locked);
	ioasid_owner_put(move->fresh.owner);
}

/**
 * ioasid_ledger_audit_begin() - begin to count what the accounts should have
 *
 * Context: commits are frozen.
 */
void ioasid_ledger_audit_begin(void)
{
	struct ioasid_account *account;
	struct ioasid_owner *owner;
	int bucket;

	spin_lock(&ledger_lock);
	hash_for_each(accounts, bucket, account, node)
		account->walked = 0;
	list_for_each_entry(owner, &owner_list, link)
		owner->walked = 0;
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
	charge->owner->walked += charge->pages;
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
	struct ioasid_owner *owner;
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
	list_for_each_entry(owner, &owner_list, link) {
		pages = atomic64_read(&owner->pages);
		if (pages == owner->walked)
			continue;
		if (!errors++)
			snprintf(
				text, size,
				"owner %u, user %u, cgroup %llu: ledger has %llu pages, its pins have %llu",
				owner->tgid, owner->uid, owner->cgroup, pages, owner->walked);
	}
	spin_unlock(&ledger_lock);
	return errors;
}
