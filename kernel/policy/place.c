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
#include <linux/btf.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "pin/run.h"
#include "policy/type.h"

static struct ioasid_policy_ops ops_of(const void *kdata)
{
	const struct ioasid_place_ops *ops = kdata;

	return (struct ioasid_policy_ops){
		.init = ops->init,
		.exit = ops->exit,
		.name = ops->name,
		.flags = ops->flags,
		.timeout_ms = ops->timeout_ms,
	};
}

static const struct ioasid_slot_kind place_kind = {
	.name = "place",
	.ops = ops_of,
};

DEFINE_STATIC_PERCPU_RWSEM(place_users);
struct ioasid_slot ioasid_place_slot =
	IOASID_SLOT_INIT(ioasid_place_slot, &place_kind, &place_users);

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

static void eject(struct ioasid_place_context *context, enum ioasid_exit_kind kind, s64 code,
		  const char *text)
{
	const struct ioasid_place_request *request = &context->request;
	char dump[IOASID_EXIT_DUMP_LEN];

	snprintf(
		dump, sizeof(dump),
		"length=0x%llx va=0x%llx iova=0x%llx first=0x%llx last=0x%llx ioas=%llu tgid=%u node=%d contiguous=0x%llx flags=0x%llx",
		request->length, request->va, request->iova, request->first, request->last,
		request->ioas, request->tgid, request->node, request->contiguous, request->flags);
	ioasid_policy_eject(context->policy, kind, code, text, dump);
}

static bool refusal_ok(int ret)
{
	return ret == -ENOSPC || ret == -EPERM || ret == -EAGAIN;
}

/* Ask the policy that the context has. Return 1 when the built-in one has to be asked. */
static int ask(struct ioasid_place_context *context)
{
	const struct ioasid_place_ops *ops = context->policy->kdata;
	int ret = ops->place(&context->request);

	ioasid_policy_answered(context->policy, refusal_ok(ret));
	if (READ_ONCE(context->policy->dead))
		return 1;
	if (refusal_ok(ret))
		return ret;
	if (!ret && answer_ok(&context->request))
		return 0;
	if (ret)
		eject(context, IOASID_EXIT_ERRNO, ret,
		      "place() returned none of 0, -ENOSPC, -EPERM, -EAGAIN");
	else
		eject(context, IOASID_EXIT_IOVA, context->request.iova,
		      "place() chose an IOVA that is unaligned or out of range");
	return 1;
}

/**
 * ioasid_place() - ask the place policy
 * @context: the request; its iova is set
 * @chosen: name of the policy that the address space asks for, empty for the default
 * @epoch: set to the BPF policy's epoch, or 0: the built-in policy has to be asked
 * @name: IOASID_NAME_LEN bytes, set to the policy's name
 *
 * Context: may sleep, no locks held.
 * Return: 0 or an errno that refuses.
 */
int ioasid_place(struct ioasid_place_context *context, const char *chosen, u32 *epoch, char *name)
{
	const struct ioasid_place_ops *ops;
	int ret = 1;

	*epoch = 0;
	memcpy(name, IOASID_BUILTIN, sizeof(IOASID_BUILTIN));
	if (!ioasid_place_loaded())
		return 0;
	context->policy = ioasid_slot_enter(&ioasid_place_slot, chosen);
	ops = context->policy ? context->policy->kdata : NULL;
	if (ops && ops->place)
		ret = ask(context);
	if (ret != 1)
		memcpy(name, context->policy->name, IOASID_NAME_LEN);
	if (!ret)
		*epoch = context->policy->epoch;
	ioasid_slot_leave(&ioasid_place_slot);
	return ret == 1 ? 0 : ret;
}

/* As much as a run list can tell the pages of. */
#define GROUP_MAX (IOASID_RUNS_MAX << PAGE_SHIFT)

static u64 group_builtin(const struct ioasid_group_request *request)
{
	if (request->length <= GROUP_MAX)
		return request->length;
	return ALIGN_DOWN(request->va + GROUP_MAX, SZ_1G) - request->va;
}

static bool group_ok(const struct ioasid_group_request *request, u64 length)
{
	return length && PAGE_ALIGNED(length) && length <= request->length && length <= GROUP_MAX;
}

static void eject_group(struct ioasid_group_context *context, enum ioasid_exit_kind kind, s64 code,
			const char *text)
{
	const struct ioasid_group_request *request = &context->request;
	char dump[IOASID_EXIT_DUMP_LEN];

	snprintf(dump, sizeof(dump), "va=0x%llx length=0x%llx tgid=%u write=%u domain=%llu",
		 request->va, request->length, request->tgid, request->write, request->domain);
	ioasid_policy_eject(context->policy, kind, code, text, dump);
}

/* Ask the policy that the context has; 0 when the built-in one has to be asked. */
static u64 ask_group(struct ioasid_group_context *context)
{
	const struct ioasid_place_ops *ops = context->policy->kdata;
	u64 length = ops->group(&context->request);

	ioasid_policy_answered(context->policy, false);
	if (READ_ONCE(context->policy->dead))
		return 0;
	if (group_ok(&context->request, length))
		return length;
	eject_group(context, IOASID_EXIT_LENGTH, length,
		    "group() returned no length that the range can be cut at");
	return 0;
}

/**
 * ioasid_place_group() - how much of a range becomes one pin
 * @request: the range, not empty
 *
 * Context: may sleep, no locks held.
 * Return: bytes, a multiple of the page size.
 */
u64 ioasid_place_group(const struct ioasid_group_request *request)
{
	struct ioasid_group_context context = { .request = *request };
	const struct ioasid_place_ops *ops;
	u64 length = 0;

	if (!ioasid_place_loaded())
		return group_builtin(request);
	context.policy = ioasid_slot_enter(&ioasid_place_slot, NULL);
	ops = context.policy ? context.policy->kdata : NULL;
	if (ops && ops->group)
		length = ask_group(&context);
	ioasid_slot_leave(&ioasid_place_slot);
	return length ?: group_builtin(request);
}

static struct ioasid_place_context *context_of(struct ioasid_place_request *request)
{
	return container_of(request, struct ioasid_place_context, request);
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
 * ioasid_place_search() - find any free range and store its IOVA as the answer
 * @request: the argument of place()
 * @search: what is wanted; may be longer than what will be mapped, to leave room
 *
 * Where the address space doesn't reach or allow anything placed, nothing is free.
 *
 * Context: in a place policy's place() only.
 * Return: 0; -ENOSPC when there is none; -EINVAL when the search makes no sense.
 */
__bpf_kfunc int ioasid_place_search(struct ioasid_place_request *request,
				    const struct ioasid_place_search *search)
{
	struct ioasid_place_context *context = context_of(request);
	struct ioasid_search wanted = {
		.first = max(search->first, request->first),
		.last = min(search->last, request->last),
		.length = search->length,
		.align = search->align,
		.skew = search->skew,
		.top_down = search->flags & IOASID_FIND_TOP_DOWN,
		.best_fit = search->flags & IOASID_FIND_BEST_FIT,
	};

	if (search->flags & ~(IOASID_FIND_TOP_DOWN | IOASID_FIND_BEST_FIT))
		return -EINVAL;
	if (!is_power_of_2(wanted.align) || wanted.align < PAGE_SIZE)
		return -EINVAL;
	if (wanted.skew >= wanted.align || !PAGE_ALIGNED(wanted.skew))
		return -EINVAL;
	if (!wanted.length || !PAGE_ALIGNED(wanted.length))
		return -EINVAL;
	if (wanted.first > wanted.last)
		return -ENOSPC;
	return context->find(context->space, &wanted, &request->iova);
}

/**
 * ioasid_place_find() - find a free range for the request and store it as the answer
 * @request: the argument of place()
 * @first: lowest IOVA that it may start at
 * @last: highest IOVA that it may end at
 * @align: it starts at a multiple of this, a power of two of at least a page
 * @flags: IOASID_FIND_TOP_DOWN; IOASID_FIND_BEST_FIT; IOASID_FIND_CONGRUENT: it starts congruent
 *	with the memory's address modulo @align instead
 *
 * Context: in a place policy's place() only.
 * Return: 0; -ENOSPC when there is none; -EINVAL when the arguments make no sense.
 */
__bpf_kfunc int ioasid_place_find(struct ioasid_place_request *request, u64 first, u64 last,
				  u64 align, u64 flags)
{
	struct ioasid_place_search search = {
		.first = first,
		.last = last,
		.length = request->length,
		.align = align,
		.flags = flags & ~IOASID_FIND_CONGRUENT,
	};

	if (flags & IOASID_FIND_CONGRUENT)
		search.skew = request->va & PAGE_MASK & (align - 1);
	return ioasid_place_search(request, &search);
}

/**
 * ioasid_place_usage() - what the request's address space has
 * @request: the argument of place()
 * @usage: filled
 *
 * Context: in a place policy's place() only.
 */
__bpf_kfunc void ioasid_place_usage(struct ioasid_place_request *request,
				    struct ioasid_place_usage *usage)
{
	struct ioasid_place_context *context = context_of(request);

	context->usage(context->space, usage);
}

/**
 * ioasid_place_error() - give up: the policy is ejected
 * @request: the argument of place()
 * @text: why, for the last exit; what is more than fits is cut off
 * @text__sz: bytes of it
 * @code: the same as a number
 *
 * Context: in a place policy's place() only.
 */
__bpf_kfunc void ioasid_place_error(struct ioasid_place_request *request, const char *text,
				    u32 text__sz, s64 code)
{
	char copy[IOASID_EXIT_TEXT_LEN];

	ioasid_policy_copy_text(copy, text, text__sz);
	eject(context_of(request), IOASID_EXIT_ERROR, code, copy);
}

/**
 * ioasid_group_error() - give up: the policy is ejected
 * @request: the argument of group()
 * @text: why, for the last exit; what is more than fits is cut off
 * @text__sz: bytes of it
 * @code: the same as a number
 *
 * Context: in a place policy's group() only.
 */
__bpf_kfunc void ioasid_group_error(struct ioasid_group_request *request, const char *text,
				    u32 text__sz, s64 code)
{
	char copy[IOASID_EXIT_TEXT_LEN];

	ioasid_policy_copy_text(copy, text, text__sz);
	eject_group(container_of(request, struct ioasid_group_context, request), IOASID_EXIT_ERROR,
		    code, copy);
}

__bpf_kfunc_end_defs();

/* What BPF programs stand in for; the core takes signatures and CFI types from these. */
static int stub_place(struct ioasid_place_request *request)
{
	return 0;
}

static u64 stub_group(struct ioasid_group_request *request)
{
	return request->length;
}

static int stub_init(void)
{
	return 0;
}

static void stub_exit(struct ioasid_exit_info *info)
{
}

static struct ioasid_place_ops place_stubs = {
	.place = stub_place,
	.group = stub_group,
	.init = stub_init,
	.exit = stub_exit,
};

static const struct bpf_verifier_ops place_verifier_ops = {
	.get_func_proto = ioasid_type_func_proto,
	.is_valid_access = ioasid_type_access_ok,
	.btf_struct_access = ioasid_type_struct_access,
};

static int place_init_member(const struct btf_type *type, const struct btf_member *member,
			     void *kdata, const void *udata)
{
	const struct ioasid_place_ops *from = udata;
	struct ioasid_place_ops *to = kdata;

	switch (__btf_member_bit_offset(type, member) / 8) {
	case offsetof(struct ioasid_place_ops, name):
		return ioasid_policy_copy_name(to->name, from->name) ?: 1;
	case offsetof(struct ioasid_place_ops, flags):
		to->flags = from->flags;
		return from->flags & ~(IOASID_POLICY_WATCHDOG | IOASID_POLICY_NAMED) ? -EINVAL : 1;
	case offsetof(struct ioasid_place_ops, timeout_ms):
		to->timeout_ms = from->timeout_ms;
		return 1;
	default:
		return 0;
	}
}

static int place_reg(void *kdata, struct bpf_link *link)
{
	return ioasid_slot_register(&ioasid_place_slot, kdata, link);
}

static void place_unreg(void *kdata, struct bpf_link *link)
{
	ioasid_slot_unregister(&ioasid_place_slot, kdata);
}

static int place_update(void *kdata, void *old_kdata, struct bpf_link *link)
{
	return ioasid_slot_replace(&ioasid_place_slot, kdata, old_kdata);
}

static struct bpf_struct_ops place_struct_ops = {
	.verifier_ops = &place_verifier_ops,
	.init = ioasid_type_init,
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
	return register_bpf_struct_ops(&place_struct_ops, ioasid_place_ops);
}
