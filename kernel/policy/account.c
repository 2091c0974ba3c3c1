// SPDX-License-Identifier: GPL-2.0-only
/*
 * The account policy: who may pin how much.
 *
 * The hard limit (RLIMIT_MEMLOCK, see pin/ledger.c) has been checked and the pages are in the
 * ledger already when a policy is asked, so two askers at once can't both get the last page, and a
 * policy can only refuse. The built-in policy grants.
 *
 * A policy hears of the end of each charge that it granted, and of no other: the pin keeps the
 * epoch of the policy that granted it.
 */
#include "policy/account.h"

#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>

struct ioasid_slot ioasid_account_slot = IOASID_SLOT_INIT(ioasid_account_slot, "account");

/**
 * ioasid_account_charge() - ask the account policy
 * @request: what is to be charged
 * @epoch: set to what ioasid_account_uncharge() wants, 0 when no policy granted
 * @name: IOASID_NAME_LEN bytes, set to the policy's name
 *
 * Context: process context, no locks held.
 * Return: 0, -ENOMEM, -EDQUOT, -EPERM or -EAGAIN.
 */
int ioasid_account_charge(struct ioasid_charge_request *request, u32 *epoch, char *name)
{
	struct ioasid_slot *slot = &ioasid_account_slot;
	const struct ioasid_account_ops *ops;
	struct ioasid_slot_use use;
	int id, ret = 0;

	*epoch = 0;
	strscpy(name, "builtin", IOASID_NAME_LEN);
	if (!static_branch_unlikely(&ioasid_account_slot.loaded))
		return 0;
	id = ioasid_slot_enter(slot, &use);
	ops = use.ops;
	if (!ops)
		goto out;
	*epoch = use.epoch;
	if (!ops->charge)
		goto out;

	atomic64_inc(&slot->asked);
	ret = ops->charge(request);
	if (!ret)
		goto out;
	*epoch = 0;
	if (ioasid_slot_refusal_ok(ret)) {
		atomic64_inc(&slot->refused);
		goto out;
	}
	ioasid_slot_eject(slot, use.epoch, IOASID_EXIT_ERRNO, ret,
			  "charge() returned none of 0, -ENOMEM, -EDQUOT, -EPERM, -EAGAIN");
	strscpy(use.name, "builtin");
	ret = 0;
out:
	strscpy(name, use.name, IOASID_NAME_LEN);
	ioasid_slot_leave(id);
	return ret;
}

/**
 * ioasid_account_uncharge() - tell the policy that granted a charge that it ended
 * @request: what was given back
 * @epoch: from ioasid_account_charge()
 *
 * Context: process context, no locks held.
 */
void ioasid_account_uncharge(struct ioasid_charge_request *request, u32 epoch)
{
	const struct ioasid_account_ops *ops;
	struct ioasid_slot_use use;
	int id;

	if (!epoch)
		return;
	id = ioasid_slot_enter(&ioasid_account_slot, &use);
	ops = use.ops;
	if (ops && ops->uncharge && use.epoch == epoch)
		ops->uncharge(request);
	ioasid_slot_leave(id);
}

/* What BPF programs stand in for; the core takes signatures and CFI types from these. */
static int stub_charge(struct ioasid_charge_request *request)
{
	return 0;
}

static void stub_uncharge(struct ioasid_charge_request *request)
{
}

static struct ioasid_account_ops account_stubs = {
	.charge = stub_charge,
	.uncharge = stub_uncharge,
};

static const struct bpf_func_proto *account_func_proto(enum bpf_func_id func,
						       const struct bpf_prog *prog)
{
	return bpf_base_func_proto(func, prog);
}

/* The request is for reading. */
static int account_struct_access(struct bpf_verifier_log *log, const struct bpf_reg_state *reg,
				 int off, int size)
{
	bpf_log(log, "an account policy writes nothing\n");
	return -EACCES;
}

static const struct bpf_verifier_ops account_verifier_ops = {
	.get_func_proto = account_func_proto,
	.is_valid_access = ioasid_slot_access_ok,
	.btf_struct_access = account_struct_access,
};

static int account_init_member(const struct btf_type *type, const struct btf_member *member,
			       void *kdata, const void *udata)
{
	const struct ioasid_account_ops *from = udata;
	struct ioasid_account_ops *to = kdata;

	if (__btf_member_bit_offset(type, member) != offsetof(struct ioasid_account_ops, name) * 8)
		return 0;
	return ioasid_slot_copy_name(to->name, from->name) ?: 1;
}

static int account_reg(void *kdata, struct bpf_link *link)
{
	const struct ioasid_account_ops *ops = kdata;

	return ioasid_slot_register(&ioasid_account_slot, ops, ops->name, link);
}

static void account_unreg(void *kdata, struct bpf_link *link)
{
	ioasid_slot_unregister(&ioasid_account_slot, kdata);
}

static int account_update(void *kdata, void *old_kdata, struct bpf_link *link)
{
	const struct ioasid_account_ops *ops = kdata;

	return ioasid_slot_replace(&ioasid_account_slot, ops, ops->name);
}

static struct bpf_struct_ops account_struct_ops = {
	.verifier_ops = &account_verifier_ops,
	.init = ioasid_slot_init_type,
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
