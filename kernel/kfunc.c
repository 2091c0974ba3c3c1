// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kfunc: which of our functions which BPF programs may call. The verifier asks when a program is
 * loaded, so a call that makes no sense never runs:
 *
 *	policies	by callback, see the sets below; of other struct_ops: nothing
 *	syscall		all iterators and the ledger's counts, for tools
 *
 * The numbers in our sets are those of this module's BTF as it was built. The kernel moves all of
 * them by the same distance when it loads a module that was built apart from it; how far, it is
 * told by where it found the type that the program belongs to.
 */
#include "kfunc.h"

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/pid.h>
#include <linux/sched.h>

#include "compat.h"
#include "iter/iter.h"
#include "pin/ledger.h"
#include "policy/account.h"
#include "policy/place.h"
#include "policy/type.h"

/* The memory of a process, as a number only. */
static unsigned long mm_of(u64 tgid)
{
	struct task_struct *task;
	unsigned long mm = 0;

	rcu_read_lock();
	task = pid_task(find_pid_ns(tgid, &init_pid_ns), PIDTYPE_TGID);
	if (task)
		mm = (unsigned long)READ_ONCE(task->mm);
	rcu_read_unlock();
	return mm;
}

__bpf_kfunc_start_defs();

/**
 * ioasid_ledger_pages() - pages charged to somebody
 * @kind: enum ioasid_owner_kind
 * @number: which one
 *
 * Context: in account and place policies, and programs of type "syscall".
 * Return: 0 when there is no such one, too.
 */
__bpf_kfunc u64 ioasid_ledger_pages(u32 kind, u64 number)
{
	switch (kind) {
	case IOASID_OWNER_PROCESS:
		return ioasid_ledger_count(IOASID_ACCOUNT_MM, mm_of(number));
	case IOASID_OWNER_USER:
		return ioasid_ledger_count(IOASID_ACCOUNT_USER, number);
	case IOASID_OWNER_CGROUP:
		return ioasid_ledger_count(IOASID_ACCOUNT_CGROUP, number);
	default:
		return 0;
	}
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(policy_kfuncs)
BTF_ID_FLAGS(func, ioasid_ledger_pages)
BTF_ID_FLAGS(func, ioasid_account_refuse, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, ioasid_account_error, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, ioasid_place_at, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, ioasid_place_find, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, ioasid_place_search, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, ioasid_place_usage, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, ioasid_place_error, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, ioasid_group_error, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_iter_ioasid_owner_new, KF_ITER_NEW)
BTF_ID_FLAGS(func, bpf_iter_ioasid_owner_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_ioasid_owner_destroy, KF_ITER_DESTROY)
BTF_ID_FLAGS(func, bpf_iter_ioasid_domain_new, KF_ITER_NEW | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_domain_next, KF_ITER_NEXT | KF_RET_NULL | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_domain_destroy, KF_ITER_DESTROY | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_pin_new, KF_ITER_NEW | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_pin_next, KF_ITER_NEXT | KF_RET_NULL | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_pin_destroy, KF_ITER_DESTROY | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_ioas_new, KF_ITER_NEW | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_ioas_next, KF_ITER_NEXT | KF_RET_NULL | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_ioas_destroy, KF_ITER_DESTROY | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_mapping_new, KF_ITER_NEW | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_mapping_next, KF_ITER_NEXT | KF_RET_NULL | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_mapping_destroy, KF_ITER_DESTROY | KF_SLEEPABLE)
BTF_KFUNCS_END(policy_kfuncs)

BTF_KFUNCS_START(syscall_kfuncs)
BTF_ID_FLAGS(func, ioasid_ledger_pages)
BTF_ID_FLAGS(func, bpf_iter_ioasid_owner_new, KF_ITER_NEW)
BTF_ID_FLAGS(func, bpf_iter_ioasid_owner_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_ioasid_owner_destroy, KF_ITER_DESTROY)
BTF_ID_FLAGS(func, bpf_iter_ioasid_domain_new, KF_ITER_NEW | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_domain_next, KF_ITER_NEXT | KF_RET_NULL | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_domain_destroy, KF_ITER_DESTROY | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_pin_new, KF_ITER_NEW | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_pin_next, KF_ITER_NEXT | KF_RET_NULL | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_pin_destroy, KF_ITER_DESTROY | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_ioas_new, KF_ITER_NEW | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_ioas_next, KF_ITER_NEXT | KF_RET_NULL | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_ioas_destroy, KF_ITER_DESTROY | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_mapping_new, KF_ITER_NEW | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_mapping_next, KF_ITER_NEXT | KF_RET_NULL | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_mapping_destroy, KF_ITER_DESTROY | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_device_new, KF_ITER_NEW | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_device_next, KF_ITER_NEXT | KF_RET_NULL | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_ioasid_device_destroy, KF_ITER_DESTROY | KF_SLEEPABLE)
BTF_KFUNCS_END(syscall_kfuncs)

/* Which callbacks may call what; each is in one set or more. */

BTF_SET_START(any_callback)
BTF_ID(func, ioasid_ledger_pages)
BTF_SET_END(any_callback)

BTF_SET_START(init_callback)
BTF_ID(func, bpf_iter_ioasid_owner_new)
BTF_ID(func, bpf_iter_ioasid_owner_next)
BTF_ID(func, bpf_iter_ioasid_owner_destroy)
BTF_ID(func, bpf_iter_ioasid_domain_new)
BTF_ID(func, bpf_iter_ioasid_domain_next)
BTF_ID(func, bpf_iter_ioasid_domain_destroy)
BTF_ID(func, bpf_iter_ioasid_pin_new)
BTF_ID(func, bpf_iter_ioasid_pin_next)
BTF_ID(func, bpf_iter_ioasid_pin_destroy)
BTF_ID(func, bpf_iter_ioasid_ioas_new)
BTF_ID(func, bpf_iter_ioasid_ioas_next)
BTF_ID(func, bpf_iter_ioasid_ioas_destroy)
BTF_ID(func, bpf_iter_ioasid_mapping_new)
BTF_ID(func, bpf_iter_ioasid_mapping_next)
BTF_ID(func, bpf_iter_ioasid_mapping_destroy)
BTF_SET_END(init_callback)

BTF_SET_START(charge_callback)
BTF_ID(func, ioasid_account_refuse)
BTF_SET_END(charge_callback)

BTF_SET_START(account_callbacks)
BTF_ID(func, ioasid_account_error)
BTF_ID(func, bpf_iter_ioasid_owner_new)
BTF_ID(func, bpf_iter_ioasid_owner_next)
BTF_ID(func, bpf_iter_ioasid_owner_destroy)
BTF_SET_END(account_callbacks)

BTF_SET_START(place_callback)
BTF_ID(func, ioasid_place_at)
BTF_ID(func, ioasid_place_find)
BTF_ID(func, ioasid_place_search)
BTF_ID(func, ioasid_place_usage)
BTF_ID(func, ioasid_place_error)
BTF_ID(func, bpf_iter_ioasid_ioas_new)
BTF_ID(func, bpf_iter_ioasid_ioas_next)
BTF_ID(func, bpf_iter_ioasid_ioas_destroy)
BTF_ID(func, bpf_iter_ioasid_mapping_new)
BTF_ID(func, bpf_iter_ioasid_mapping_next)
BTF_ID(func, bpf_iter_ioasid_mapping_destroy)
BTF_SET_END(place_callback)

BTF_SET_START(group_callback)
BTF_ID(func, ioasid_group_error)
BTF_ID(func, bpf_iter_ioasid_domain_new)
BTF_ID(func, bpf_iter_ioasid_domain_next)
BTF_ID(func, bpf_iter_ioasid_domain_destroy)
BTF_ID(func, bpf_iter_ioasid_pin_new)
BTF_ID(func, bpf_iter_ioasid_pin_next)
BTF_ID(func, bpf_iter_ioasid_pin_destroy)
BTF_SET_END(group_callback)

BTF_ID_LIST(types)
BTF_ID(struct, ioasid_account_ops)
BTF_ID(struct, ioasid_place_ops)

enum {
	TYPE_ACCOUNT,
	TYPE_PLACE,
};

static bool has(const struct btf_id_set *set, u32 id)
{
	u32 i;

	for (i = 0; i < set->cnt; i++)
		if (set->ids[i] == id)
			return true;
	return false;
}

static bool account_may(u32 offset, u32 id)
{
	switch (offset) {
	case offsetof(struct ioasid_account_ops, charge):
		return has(&charge_callback, id) || has(&account_callbacks, id);
	case offsetof(struct ioasid_account_ops, uncharge):
	case offsetof(struct ioasid_account_ops, adopt):
	case offsetof(struct ioasid_account_ops, limit):
		return has(&account_callbacks, id);
	case offsetof(struct ioasid_account_ops, init):
		return has(&init_callback, id);
	default:
		return false;
	}
}

static bool place_may(u32 offset, u32 id)
{
	switch (offset) {
	case offsetof(struct ioasid_place_ops, place):
		return has(&place_callback, id);
	case offsetof(struct ioasid_place_ops, group):
		return has(&group_callback, id);
	case offsetof(struct ioasid_place_ops, init):
		return has(&init_callback, id);
	default:
		return false;
	}
}

/* May the program, of a policy, call this? */
static int filter(const struct bpf_prog *prog, u32 id)
{
	const struct btf_type *type;
	u32 offset, distance;
	bool place;

	BUILD_BUG_ON(sizeof(struct ioasid_account_ops) == sizeof(struct ioasid_place_ops));
	if (prog->type != BPF_PROG_TYPE_STRUCT_OPS)
		return 0;
	/* Programs of other modules, or of the kernel's own types. */
	if (!prog->aux->attach_btf || prog->aux->attach_btf != ioasid_type_btf())
		return -EACCES;
	type = btf_type_by_id(prog->aux->attach_btf, prog->aux->attach_btf_id);
	if (!type || !btf_type_is_struct(type) || prog->expected_attach_type >= btf_type_vlen(type))
		return -EACCES;
	place = type->size == sizeof(struct ioasid_place_ops);
	if (!place && type->size != sizeof(struct ioasid_account_ops))
		return -EACCES;
	distance = prog->aux->attach_btf_id - types[place ? TYPE_PLACE : TYPE_ACCOUNT];
	offset = __btf_member_bit_offset(type, btf_type_member(type) + prog->expected_attach_type) /
		 8;
	id -= distance;
	if (has(&any_callback, id))
		return 0;
	return (place ? place_may(offset, id) : account_may(offset, id)) ? 0 : -EACCES;
}

static const struct btf_kfunc_id_set policy_set = {
	.owner = THIS_MODULE,
	.set = &policy_kfuncs,
	.filter = filter,
};

static const struct btf_kfunc_id_set syscall_set = {
	.owner = THIS_MODULE,
	.set = &syscall_kfuncs,
};

/**
 * ioasid_kfunc_init() - offer our functions to BPF programs
 *
 * Return: 0 or a negative errno.
 */
int ioasid_kfunc_init(void)
{
	return register_btf_kfunc_id_set(BPF_PROG_TYPE_STRUCT_OPS, &policy_set) ?:
		       register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &syscall_set);
}
