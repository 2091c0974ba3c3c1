// SPDX-License-Identifier: GPL-2.0-only
/*
 * The place policy: where a mapping goes that asks for no IOVA of its own.
 *
 * The built-in policy takes the lowest free range, never IOVA 0, that is congruent with the
 * memory's address modulo the largest entry that the range could fill (1 GiB, 2 MiB), so that a
 * huge page can be one entry; when no such range is free, the lowest free one.
 *
 * A policy answers without any lock held, so its answer may be out of date when it is used. The
 * caller, ioas/ioas.c, tells a late answer from a wrong one.
 */
#include "policy/place.h"

#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/log2.h>
#include <linux/sizes.h>

#include "compat.h"

struct ioasid_slot ioasid_place_slot = IOASID_SLOT_INIT(ioasid_place_slot, "place");

static u64 entry_size(u64 length)
{
	if (length >= SZ_1G)
		return SZ_1G;
	if (length >= SZ_2M)
		return SZ_2M;
	return PAGE_SIZE;
}

/**
 * ioasid_place_builtin() - the built-in policy's answer
 * @context: the request; its iova is set
 *
 * Context: as its find() wants it.
 * Return: 0 or -ENOSPC.
 */
int ioasid_place_builtin(struct ioasid_place_context *context)
{
	struct ioasid_place_request *request = &context->request;
	struct ioasid_search search = {
		.first = request->first,
		.last = request->last,
		.length = request->length,
		.align = entry_size(request->length),
	};

	search.skew = request->va & (search.align - 1);
	if (!context->find(context->space, &search, &request->iova))
		return 0;
	if (search.align == PAGE_SIZE)
		return -ENOSPC;
	search.align = PAGE_SIZE;
	search.skew = 0;
	return context->find(context->space, &search, &request->iova);
}

static bool answer_ok(const struct ioasid_place_request *request)
{
	u64 last;

	return IS_ALIGNED(request->iova, PAGE_SIZE) && request->iova >= request->first &&
	       !check_add_overflow(request->iova, request->length - 1, &last) &&
	       last <= request->last;
}

/**
 * ioasid_place() - ask the place policy
 * @context: the request; its iova is set
 * @epoch: set to the BPF policy's epoch, or 0: the built-in policy has to be asked
 * @name: IOASID_NAME_LEN bytes, set to the policy's name
 *
 * Context: process context, no locks held.
 * Return: 0 or an errno that refuses.
 */
int ioasid_place(struct ioasid_place_context *context, u32 *epoch, char *name)
{
	struct ioasid_slot *slot = &ioasid_place_slot;
	const struct ioasid_place_ops *ops;
	struct ioasid_slot_use use;
	int id, ret = 0;

	*epoch = 0;
	strscpy(name, "builtin", IOASID_NAME_LEN);
	if (!static_branch_unlikely(&ioasid_place_slot.loaded))
		return 0;
	id = ioasid_slot_enter(slot, &use);
	ops = use.ops;
	if (!ops || !ops->place)
		goto out;

	atomic64_inc(&slot->asked);
	ret = ops->place(&context->request);
	if (!ret && answer_ok(&context->request)) {
		*epoch = use.epoch;
		goto out;
	}
	if (ret == -ENOSPC || ret == -EPERM || ret == -EAGAIN) {
		atomic64_inc(&slot->refused);
		goto out;
	}
	if (ret)
		ioasid_slot_eject(slot, use.epoch, IOASID_EXIT_ERRNO, ret,
				  "place() returned none of 0, -ENOSPC, -EPERM, -EAGAIN");
	else
		ioasid_slot_eject(slot, use.epoch, IOASID_EXIT_IOVA, context->request.iova,
				  "place() chose an IOVA that is unaligned or out of range");
	strscpy(use.name, "builtin");
	ret = 0;
out:
	strscpy(name, use.name, IOASID_NAME_LEN);
	ioasid_slot_leave(id);
	return ret;
}

__bpf_kfunc_start_defs();

/**
 * ioasid_place_at() - store an IOVA as the answer
 * @request: the argument of place()
 * @iova: bytes; checked when place() returns
 *
 * Context: in a place policy only.
 */
__bpf_kfunc void ioasid_place_at(struct ioasid_place_request *request, u64 iova)
{
	request->iova = iova;
}

/**
 * ioasid_place_find() - find a free range and store it as the answer
 * @request: the argument of place()
 * @first: lowest IOVA that it may start at
 * @last: highest IOVA that it may end at
 * @align: it starts at a multiple of this, a power of two of at least a page
 * @flags: IOASID_FIND_TOP_DOWN; IOASID_FIND_CONGRUENT: it starts congruent with the memory's
 *	address modulo @align instead
 *
 * Context: in a place policy only.
 * Return: 0; -ENOSPC when there is none; -EINVAL when the arguments make no sense.
 */
__bpf_kfunc int ioasid_place_find(struct ioasid_place_request *request, u64 first, u64 last,
				  u64 align, u64 flags)
{
	struct ioasid_place_context *context =
		container_of(request, struct ioasid_place_context, request);
	struct ioasid_search search = {
		.first = max(first, request->first),
		.last = min(last, request->last),
		.length = request->length,
		.align = align,
		.top_down = flags & IOASID_FIND_TOP_DOWN,
	};

	if (flags & ~(IOASID_FIND_TOP_DOWN | IOASID_FIND_CONGRUENT))
		return -EINVAL;
	if (!is_power_of_2(align) || align < PAGE_SIZE)
		return -EINVAL;
	if (flags & IOASID_FIND_CONGRUENT)
		search.skew = request->va & (align - 1);
	return context->find(context->space, &search, &request->iova);
}

__bpf_kfunc_end_defs();

/*
 * The sets of struct_ops programs are one for all types, but only a program of ours is ever given a
 * trusted pointer to a request.
 */
BTF_KFUNCS_START(place_kfuncs)
BTF_ID_FLAGS(func, ioasid_place_at, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, ioasid_place_find, KF_TRUSTED_ARGS)
BTF_KFUNCS_END(place_kfuncs)

static const struct btf_kfunc_id_set place_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &place_kfuncs,
};

/* What BPF programs stand in for; the core takes signatures and CFI types from these. */
static int stub_place(struct ioasid_place_request *request)
{
	return 0;
}

static struct ioasid_place_ops place_stubs = {
	.place = stub_place,
};

static const struct bpf_func_proto *place_func_proto(enum bpf_func_id func,
						     const struct bpf_prog *prog)
{
	return bpf_base_func_proto(func, prog);
}

/* The request is for reading; the answer goes through the kfuncs. */
static int place_struct_access(struct bpf_verifier_log *log, const struct bpf_reg_state *reg,
			       int off, int size)
{
	bpf_log(log, "a place policy answers through ioasid_place_at() or ioasid_place_find()\n");
	return -EACCES;
}

static const struct bpf_verifier_ops place_verifier_ops = {
	.get_func_proto = place_func_proto,
	.is_valid_access = ioasid_slot_access_ok,
	.btf_struct_access = place_struct_access,
};

static int place_init_member(const struct btf_type *type, const struct btf_member *member,
			     void *kdata, const void *udata)
{
	const struct ioasid_place_ops *from = udata;
	struct ioasid_place_ops *to = kdata;

	if (__btf_member_bit_offset(type, member) != offsetof(struct ioasid_place_ops, name) * 8)
		return 0;
	return ioasid_slot_copy_name(to->name, from->name) ?: 1;
}

static int place_reg(void *kdata, struct bpf_link *link)
{
	const struct ioasid_place_ops *ops = kdata;

	return ioasid_slot_register(&ioasid_place_slot, ops, ops->name, link);
}

static void place_unreg(void *kdata, struct bpf_link *link)
{
	ioasid_slot_unregister(&ioasid_place_slot, kdata);
}

static int place_update(void *kdata, void *old_kdata, struct bpf_link *link)
{
	const struct ioasid_place_ops *ops = kdata;

	return ioasid_slot_replace(&ioasid_place_slot, ops, ops->name);
}

static struct bpf_struct_ops place_struct_ops = {
	.verifier_ops = &place_verifier_ops,
	.init = ioasid_slot_init_type,
	.init_member = place_init_member,
	.reg = place_reg,
	.unreg = place_unreg,
	.update = place_update,
	.cfi_stubs = &place_stubs,
	.name = "ioasid_place_ops",
	.owner = THIS_MODULE,
};

/**
 * ioasid_place_init() - let BPF programs be place policies
 *
 * Return: 0 or a negative errno.
 */
int ioasid_place_init(void)
{
	int ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_STRUCT_OPS, &place_kfunc_set);

	if (ret)
		return ret;
	return register_bpf_struct_ops(&place_struct_ops, ioasid_place_ops);
}
