/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for authors of policies, included by ioasid.bpf.h: to write less, and to run with modules
 * that are older or newer than the header.
 *
 * What a compiled policy may rely on: fields, callbacks and kfuncs are found by name when it is
 * loaded, so they may move, and structures may grow. What is there keeps its meaning. A policy that
 * uses what its module has not is refused when it is loaded, unless it asks first:
 *
 *	if (ioasid_has_field(struct ioasid_place_request, node))
 *		node = request->node;
 *	if (ioasid_has_kfunc(ioasid_account_refuse))
 *		ioasid_account_refuse(request, used, limit, IOASID_OWNER_USER);
 *
 * A breaking change gets a name of its own, and docs/policies.md lists it with its version.
 */
#ifndef __IOASID_COMPAT_BPF_H
#define __IOASID_COMPAT_BPF_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Errnos that policies may refuse with; vmlinux.h has none. */
#ifndef EPERM
#define EPERM 1
#endif
#ifndef ENOENT
#define ENOENT 2
#endif
#ifndef EAGAIN
#define EAGAIN 11
#endif
#ifndef ENOMEM
#define ENOMEM 12
#endif
#ifndef EBUSY
#define EBUSY 16
#endif
#ifndef EINVAL
#define EINVAL 22
#endif
#ifndef ENOSPC
#define ENOSPC 28
#endif
#ifndef EDQUOT
#define EDQUOT 122
#endif

/* Has the running module this field? ioasid_has_field(struct ioasid_charge_request, domain) */
#define ioasid_has_field(type, field) bpf_core_field_exists(type, field)

/* Has it this kfunc? One that may be missing is declared __weak. */
#define ioasid_has_kfunc(kfunc) bpf_ksym_exists(kfunc)

/* Has it this value of an enum, and what is its number there? */
#define ioasid_has_enum_value(type, value) bpf_core_enum_value_exists(type, value)
#define ioasid_enum_value(type, value) bpf_core_enum_value(type, value)

/*
 * Define a policy that is called @ops; what follows are its members, a callback with a cast, for
 * BPF_PROG() makes functions of a type of its own:
 *
 *	IOASID_ACCOUNT_OPS(quota, .charge = (void *)quota_charge);
 */
#define IOASID_ACCOUNT_OPS(ops, ...) __IOASID_OPS(ioasid_account_ops, ops, ##__VA_ARGS__)
#define IOASID_PLACE_OPS(ops, ...) __IOASID_OPS(ioasid_place_ops, ops, ##__VA_ARGS__)

#define __IOASID_OPS(type, ops, ...)                                                    \
	_Static_assert(sizeof(#ops) <= IOASID_NAME_LEN, "a policy's name is too long"); \
	SEC(".struct_ops.link") struct type ops = { .name = #ops, ##__VA_ARGS__ }

/*
 * In a callback: give up, with a text and a number for the last exit. The kind is account, place or
 * group, as the request is.
 *
 *	ioasid_give_up(account, request, "my books are wrong", used);
 */
#define ioasid_give_up(kind, request, words, code)                            \
	do {                                                                  \
		static const char __text[] = words;                           \
		ioasid_##kind##_error(request, __text, sizeof(__text), code); \
	} while (0)

#endif /* __IOASID_COMPAT_BPF_H */
