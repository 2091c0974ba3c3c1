/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policy: one that a BPF program brought and that is attached, see slot.h.
 *
 * It leaves in two steps. Ejection marks it dead: from then on nobody is given it. A work item then
 * detaches its link, and the BPF core takes it out; that can't be done at once, because the core
 * does it under a mutex that may wait for us. The first error wins.
 */
#ifndef IOASID_POLICY_POLICY_H
#define IOASID_POLICY_POLICY_H

#include <linux/atomic.h>
#include <linux/bpf.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "policy/exit.h"

struct ioasid_slot;

/**
 * struct ioasid_policy_ops - what the struct_ops of all kinds have
 * @init: called before it takes over
 * @exit: called last
 * @name: its name
 * @flags: IOASID_POLICY_...
 * @timeout_ms: how long it may refuse everything
 * @hears: it wants to hear of the end of what is granted
 */
struct ioasid_policy_ops {
	int (*init)(void);
	void (*exit)(struct ioasid_exit_info *info);
	const char *name;
	u64 flags;
	u32 timeout_ms;
	bool hears;
};

/**
 * struct ioasid_policy - an attached policy
 * @node: in its slot's list
 * @refs: the slot's, and the work's
 * @slot: where it is attached
 * @kdata: the program's struct_ops
 * @ops: what of these all kinds have
 * @link: what keeps it attached; guarded by the slot's lock, NULL when it is out
 * @name: its name
 * @epoch: tells it from all others, ever
 * @adopts: it owns the charges that were there before it
 * @dead: ejected, waits to be taken out; guarded by the slot's lock for writers
 * @exit: how it leaves; guarded by the slot's lock
 * @eject: takes it out
 * @asked: decisions it was asked for
 * @refused: of these, refused
 * @refusing_since: jiffies when it began to refuse everything, 0 while it doesn't
 */
struct ioasid_policy {
	struct list_head node;
	struct kref refs;
	struct ioasid_slot *slot;
	const void *kdata;
	struct ioasid_policy_ops ops;
	struct bpf_link *link;
	char name[IOASID_NAME_LEN];
	u32 epoch;
	bool adopts;
	bool dead;
	struct ioasid_exit_info exit;
	struct work_struct eject;
	atomic64_t asked;
	atomic64_t refused;
	u64 refusing_since;
};

struct ioasid_policy *ioasid_policy_alloc(struct ioasid_slot *slot, const void *kdata,
					  const struct ioasid_policy_ops *ops,
					  struct bpf_link *link);
void ioasid_policy_put(struct ioasid_policy *policy);
void ioasid_policy_eject(struct ioasid_policy *policy, enum ioasid_exit_kind kind, s64 code,
			 const char *text, const char *dump);
void ioasid_policy_answered(struct ioasid_policy *policy, bool refused);
void ioasid_policy_end(struct ioasid_policy *policy, const char *text);
int ioasid_policy_copy_name(char *to, const char *from);
void ioasid_policy_copy_text(char *to, const char *from, u32 size);
int ioasid_policy_init(void);
void ioasid_policy_exit(void);
void ioasid_policy_trace(const struct ioasid_policy *policy, u32 action);

#endif /* IOASID_POLICY_POLICY_H */
