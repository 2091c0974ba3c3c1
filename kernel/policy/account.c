// SPDX-License-Identifier: GPL-2.0-only
/*
 * The account policy: who may pin how much.
 *
 * The hard limit (RLIMIT_MEMLOCK, see pin/ledger.c) has been checked and the pages are in the
 * ledger already when a policy is asked, so two askers at once can't both get the last page, and a
 * policy can only refuse. The built-in policy grants.
 *
 * Each owner knows how many of its pages are granted, by whatever policy. That changes together
 * with the policy's own books, while the slot is entered; or without it, under RCU, when there is
 * no policy, or none that keeps books. So a policy that takes over, while callers are kept out,
 * can be told exactly what it will hear the end of. One that doesn't adopt hears of the end of
 * what it granted itself: a charge keeps the epoch of who granted it.
 */
#include "policy/account.h"

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/rcupdate.h>

#include "policy/type.h"

void (*ioasid_account_each_hook)(ioasid_account_tell tell, void *data);

static struct ioasid_policy_ops ops_of(const void *kdata)
{
	const struct ioasid_account_ops *ops = kdata;

	return (struct ioasid_policy_ops){
		.init = ops->init,
		.exit = ops->exit,
		.name = ops->name,
		.flags = ops->flags,
		.timeout_ms = ops->timeout_ms,
		.hears = ops->uncharge || ops->adopt,
	};
}

static void adopt(struct ioasid_charge_request *request, void *data)
{
	struct ioasid_account_context context = { .request = *request, .policy = data };
	const struct ioasid_account_ops *ops = context.policy->kdata;

	ops->adopt(&context.request);
}

static void take_over(struct ioasid_policy *policy)
{
	const struct ioasid_account_ops *ops = policy->kdata;

	policy->adopts = ops->adopt;
	if (policy->adopts)
		ioasid_account_each_hook(adopt, policy);
}

static const struct ioasid_slot_kind account_kind = {
	.name = "account",
	.ops = ops_of,
	.take_over = take_over,
};

DEFINE_STATIC_PERCPU_RWSEM(account_users);
struct ioasid_slot ioasid_account_slot =
	IOASID_SLOT_INIT(ioasid_account_slot, &account_kind, &account_users);

/* The request in words, for the dump of an exit. */
static void describe(const struct ioasid_charge_request *request, char *dump)
{
	snprintf(
		dump, IOASID_EXIT_DUMP_LEN,
		"pages=%llu tgid=%u uid=%u cgroup=%llu domain=%llu mm_pages=%llu user_pages=%llu cgroup_pages=%llu limit_pages=%lld",
		request->pages, request->tgid, request->uid, request->cgroup, request->domain,
		request->mm_pages, request->user_pages, request->cgroup_pages,
		(s64)request->limit_pages);
}

static void eject(struct ioasid_account_context *context, enum ioasid_exit_kind kind, s64 code,
		  const char *text)
{
	char dump[IOASID_EXIT_DUMP_LEN];

	describe(&context->request, dump);
	ioasid_policy_eject(context->policy, kind, code, text, dump);
}

static bool refusal_ok(int ret)
{
	return ret == -ENOMEM || ret == -EDQUOT || ret == -EPERM || ret == -EAGAIN;
}

/* What the policy would let the owner have, as far as it says. */
static void ask_limit(struct ioasid_account_context *context)
{
	const struct ioasid_account_ops *ops = context->policy->kdata;

	if (ops->limit && !context->explained)
		context->limit = min(context->limit, ops->limit(&context->request));
}

/* Ask the policy that the context has. */
static int ask(struct ioasid_account_context *context)
{
	const struct ioasid_account_ops *ops = context->policy->kdata;
	int ret = 0;

	if (ops->charge) {
		ret = ops->charge(&context->request);
		ioasid_policy_answered(context->policy, refusal_ok(ret));
	}
	if (ret && !refusal_ok(ret)) {
		eject(context, IOASID_EXIT_ERRNO, ret,
		      "charge() returned none of 0, -ENOMEM, -EDQUOT, -EPERM, -EAGAIN");
		return 0;
	}
	/* It may have reported an error of its own: then it decides nothing any more. */
	if (READ_ONCE(context->policy->dead))
		return 0;
	memcpy(context->name, context->policy->name, IOASID_NAME_LEN);
	ask_limit(context);
	return ret;
}

/* Enter the slot; who is asked goes into the context. */
static bool enter(struct ioasid_account_context *context)
{
	context->policy = ioasid_slot_enter(&ioasid_account_slot, NULL);
	return context->policy;
}

/* Without a BPF policy nobody has to be asked. */
static bool grant_unasked(const struct ioasid_account_context *context, atomic64_t *granted)
{
	bool unasked;

	if (ioasid_slot_loaded(&ioasid_account_slot))
		return false;
	rcu_read_lock();
	unasked = !ioasid_slot_loaded(&ioasid_account_slot);
	if (unasked)
		atomic64_add(context->request.pages, granted);
	rcu_read_unlock();
	return unasked;
}

/* Without a policy that hears of it nobody has to be told. */
static bool end_untold(const struct ioasid_account_context *context, atomic64_t *granted)
{
	bool untold;

	if (READ_ONCE(ioasid_account_slot.hears))
		return false;
	rcu_read_lock();
	untold = !READ_ONCE(ioasid_account_slot.hears);
	if (untold)
		atomic64_sub(context->request.pages, granted);
	rcu_read_unlock();
	return untold;
}

static void prepare(struct ioasid_account_context *context)
{
	context->used = context->request.user_pages;
	context->limit = context->request.limit_pages;
	memcpy(context->name, IOASID_BUILTIN, sizeof(IOASID_BUILTIN));
}

/**
 * ioasid_account_charge() - ask the account policy
 * @context: what is to be charged; told who decided, and by which limit
 * @granted: the owner's pages that are granted; gets those that are
 * @epoch: set to what ioasid_account_uncharge() wants; IOASID_EPOCH_NONE when refused
 *
 * Context: may sleep, no locks held.
 * Return: 0, -ENOMEM, -EDQUOT, -EPERM or -EAGAIN.
 */
int ioasid_account_charge(struct ioasid_account_context *context, atomic64_t *granted, u32 *epoch)
{
	int ret = 0;

	prepare(context);
	*epoch = IOASID_EPOCH_BUILTIN;
	if (grant_unasked(context, granted))
		return 0;
	if (enter(context)) {
		*epoch = context->policy->epoch;
		ret = ask(context);
	}
	if (ret)
		*epoch = IOASID_EPOCH_NONE;
	else
		atomic64_add(context->request.pages, granted);
	ioasid_slot_leave(&ioasid_account_slot);
	return ret;
}

/**
 * ioasid_account_uncharge() - pages that were granted are given back
 * @context: what
 * @granted: the owner's pages that are granted
 * @epoch: from ioasid_account_charge()
 *
 * Context: may sleep, no locks held.
 */
void ioasid_account_uncharge(struct ioasid_account_context *context, atomic64_t *granted, u32 epoch)
{
	const struct ioasid_account_ops *ops;

	if (epoch == IOASID_EPOCH_NONE || end_untold(context, granted))
		return;
	if (enter(context)) {
		ops = context->policy->kdata;
		if (ops->uncharge && (context->policy->adopts || context->policy->epoch == epoch))
			ops->uncharge(&context->request);
	}
	atomic64_sub(context->request.pages, granted);
	ioasid_slot_leave(&ioasid_account_slot);
}

/**
 * ioasid_account_try() - would the account policy grant?
 * @context: as for ioasid_account_charge()
 *
 * A policy that grants hears of the end at once.
 *
 * Context: may sleep, no locks held.
 * Return: as ioasid_account_charge().
 */
int ioasid_account_try(struct ioasid_account_context *context)
{
	const struct ioasid_account_ops *ops;
	int ret = 0;

	prepare(context);
	if (!ioasid_slot_loaded(&ioasid_account_slot))
		return 0;
	if (enter(context)) {
		ret = ask(context);
		ops = context->policy->kdata;
		if (!ret && ops->uncharge)
			ops->uncharge(&context->request);
	}
	ioasid_slot_leave(&ioasid_account_slot);
	return ret;
}

static struct ioasid_account_context *context_of(struct ioasid_charge_request *request)
{
	return container_of(request, struct ioasid_account_context, request);
}

__bpf_kfunc_start_defs();

/**
 * ioasid_account_refuse() - say why charge() is about to refuse
 * @request: its argument
 * @used: pages that count against the limit
 * @limit: the limit, in pages
 * @by: enum ioasid_owner_kind of whose pages these are
 *
 * Told in struct ioasid_error and by the tracepoint; without, these tell the user's pages and what
 * limit() says.
 *
 * Context: in an account policy's charge() only.
 */
__bpf_kfunc void ioasid_account_refuse(struct ioasid_charge_request *request, u64 used, u64 limit,
				       u32 by)
{
	struct ioasid_account_context *context = context_of(request);

	context->used = used;
	context->limit = limit;
	context->by = by;
	context->explained = by <= IOASID_OWNER_ALL;
}

/**
 * ioasid_account_error() - give up: the policy is ejected
 * @request: the argument of the callback
 * @text: why, for the last exit; what is more than fits is cut off
 * @text__sz: bytes of it
 * @code: the same as a number
 *
 * Context: in an account policy's charge(), uncharge(), adopt() and limit() only.
 */
__bpf_kfunc void ioasid_account_error(struct ioasid_charge_request *request, const char *text,
				      u32 text__sz, s64 code)
{
	char copy[IOASID_EXIT_TEXT_LEN];

	ioasid_policy_copy_text(copy, text, text__sz);
	eject(context_of(request), IOASID_EXIT_ERROR, code, copy);
}

__bpf_kfunc_end_defs();

/* What BPF programs stand in for; the core takes signatures and CFI types from these. */
static int stub_charge(struct ioasid_charge_request *request)
{
	return 0;
}

static void stub_uncharge(struct ioasid_charge_request *request)
{
}

static void stub_adopt(struct ioasid_charge_request *request)
{
}

static u64 stub_limit(struct ioasid_charge_request *request)
{
	return 0;
}

static int stub_init(void)
{
	return 0;
}

static void stub_exit(struct ioasid_exit_info *info)
{
}

static struct ioasid_account_ops account_stubs = {
	.charge = stub_charge,
	.uncharge = stub_uncharge,
	.adopt = stub_adopt,
	.limit = stub_limit,
	.init = stub_init,
	.exit = stub_exit,
};

static const struct bpf_verifier_ops account_verifier_ops = {
	.get_func_proto = ioasid_type_func_proto,
	.is_valid_access = ioasid_type_access_ok,
	.btf_struct_access = ioasid_type_struct_access,
};

static int account_init_member(const struct btf_type *type, const struct btf_member *member,
			       void *kdata, const void *udata)
{
	const struct ioasid_account_ops *from = udata;
	struct ioasid_account_ops *to = kdata;

	switch (__btf_member_bit_offset(type, member) / 8) {
	case offsetof(struct ioasid_account_ops, name):
		return ioasid_policy_copy_name(to->name, from->name) ?: 1;
	case offsetof(struct ioasid_account_ops, flags):
		to->flags = from->flags;
		return from->flags & ~IOASID_POLICY_WATCHDOG ? -EINVAL : 1;
	case offsetof(struct ioasid_account_ops, timeout_ms):
		to->timeout_ms = from->timeout_ms;
		return 1;
	default:
		return 0;
	}
}

static int account_reg(void *kdata, struct bpf_link *link)
{
	return ioasid_slot_register(&ioasid_account_slot, kdata, link);
}

static void account_unreg(void *kdata, struct bpf_link *link)
{
	ioasid_slot_unregister(&ioasid_account_slot, kdata);
}

static int account_update(void *kdata, void *old_kdata, struct bpf_link *link)
{
	return ioasid_slot_replace(&ioasid_account_slot, kdata, old_kdata);
}

static struct bpf_struct_ops account_struct_ops = {
	.verifier_ops = &account_verifier_ops,
	.init = ioasid_type_init,
	.init_member = account_init_member,
	.reg = account_reg,
	.unreg = account_unreg,
	.update = account_update,
	.cfi_stubs = &account_stubs,
	.name = "ioasid_account_ops",
	.owner = THIS_MODULE,
};

/**
 * ioasid_account_init() - let BPF programs be account policies
 *
 * Return: 0 or a negative errno.
 */
int ioasid_account_init(void)
{
	return register_bpf_struct_ops(&account_struct_ops, ioasid_account_ops);
}
