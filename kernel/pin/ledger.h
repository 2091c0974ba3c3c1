/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ledger: who is charged for how many pages.
 *
 * An owner is a process, a user and a cgroup: whoever pinned, or the payer that it named. Each of
 * the three has an account, shared by all owners of the same process, user or cgroup. A charge adds
 * its pages to the three accounts, to the process's VmPin (mm->pinned_vm), and to what its mode
 * says besides:
 *
 *	user	what RLIMIT_MEMLOCK counts for the user (user->locked_vm), unless the owner has
 *		CAP_IPC_LOCK: as io_uring does
 *	mm	what RLIMIT_MEMLOCK counts for the process (mm->locked_vm, VmLck): as VFIO does
 *	none	nothing
 *
 * A charge remembers what it added, so that it takes the same away again.
 *
 * The accounts change inside commits only (commit.h), together with the pin that is charged.
 */
#ifndef IOASID_PIN_LEDGER_H
#define IOASID_PIN_LEDGER_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include "refusal.h"

struct ioasid_owner_stat;
struct mm_struct;
struct task_struct;
struct user_struct;

enum ioasid_account_kind {
	IOASID_ACCOUNT_MM,
	IOASID_ACCOUNT_USER,
	IOASID_ACCOUNT_CGROUP,
	IOASID_ACCOUNT_KINDS,
};

/**
 * struct ioasid_account - pages charged to one process, user or cgroup
 * @node: in the ledger
 * @kind: what it is
 * @key: the mm's address, the uid, or the cgroup's id
 * @refs: owners that share it; guarded by the ledger's lock
 * @pages: pages charged
 * @walked: scratch of the audit
 */
struct ioasid_account {
	struct hlist_node node;
	enum ioasid_account_kind kind;
	u64 key;
	unsigned int refs;
	atomic64_t pages;
	u64 walked;
};

/**
 * struct ioasid_owner - whom a pin is charged to
 * @node: in the ledger
 * @link: in the list of all owners, in the order of their coming
 * @refs: pins that are charged to it, and iterators; guarded by the ledger's lock
 * @mm: the process's memory, referenced (mmgrab)
 * @user: the user, referenced
 * @uid: the same as a number
 * @cgroup: id of the cgroup
 * @tgid: the process
 * @accounts: one of each kind
 * @pages: pages charged
 * @granted: of these, the account policy has granted so many; more while some are given back
 * @told: in a list of those that a policy is told of
 * @walked: scratch of the audit
 */
struct ioasid_owner {
	struct hlist_node node;
	struct list_head link;
	unsigned int refs;
	struct mm_struct *mm;
	struct user_struct *user;
	u32 uid;
	u64 cgroup;
	u32 tgid;
	struct ioasid_account *accounts[IOASID_ACCOUNT_KINDS];
	atomic64_t pages;
	atomic64_t granted;
	struct list_head told;
	u64 walked;
};

/**
 * struct ioasid_payer - whom to charge when that is not the calling process
 * @task: whose RLIMIT_MEMLOCK, user and cgroup count; the caller has a reference
 * @mm: the process's memory; the caller has a reference (mmgrab)
 * @unlimited: it has CAP_IPC_LOCK, or had it when it was noted down
 *
 * Wherever a payer is wanted, NULL is the calling process.
 */
struct ioasid_payer {
	struct task_struct *task;
	struct mm_struct *mm;
	bool unlimited;
};

/**
 * struct ioasid_charge - what one pin is charged
 * @owner: to whom, NULL when nothing is charged
 * @pages: pages, 0 when it isn't committed
 * @mode: what else counts them
 * @locked: with mode user: it did count them
 * @epoch: the account policy that granted them, IOASID_EPOCH_NONE when none has
 */
struct ioasid_charge {
	struct ioasid_owner *owner;
	u64 pages;
	enum ioasid_charge_mode mode;
	bool locked;
	u32 epoch;
};

int ioasid_charge_reserve(struct ioasid_charge *charge, const struct ioasid_payer *payer, u64 pages,
			  u64 domain, struct ioasid_refusal *why);
void ioasid_charge_commit(struct ioasid_charge *charge, u64 pages);
int ioasid_charge_ask(struct ioasid_charge *charge, const struct ioasid_payer *payer, u64 domain,
		      u64 *limit, struct ioasid_refusal *why);
void ioasid_charge_uncommit(struct ioasid_charge *charge);
void ioasid_charge_release(struct ioasid_charge *charge, u64 pages, u64 domain);
int ioasid_charge_dry_run(u64 pages, enum ioasid_charge_mode mode, struct ioasid_refusal *why);
u64 ioasid_hard_limit(const struct ioasid_payer *payer, enum ioasid_charge_mode mode);
u64 ioasid_charged_current(void);
struct ioasid_owner *ioasid_owner_next(struct ioasid_owner *after, struct ioasid_owner_stat *stat);
void ioasid_owner_put(struct ioasid_owner *owner);
u64 ioasid_ledger_count(enum ioasid_account_kind kind, u64 key);
void ioasid_ledger_init(void);

/**
 * struct ioasid_move - charges on their way to the calling process
 * @who: the calling process
 * @fresh: has the new owner, and counts what is not counted by the same counter already
 * @locked: pages that it counts so
 */
struct ioasid_move {
	struct ioasid_payer who;
	struct ioasid_charge fresh;
	u64 locked;
};

int ioasid_move_begin(struct ioasid_move *move, enum ioasid_charge_mode mode);
bool ioasid_move_needed(const struct ioasid_move *move, const struct ioasid_charge *charge);
void ioasid_move_plan(struct ioasid_move *move, const struct ioasid_charge *charge);
int ioasid_move_reserve(struct ioasid_move *move, struct ioasid_refusal *why);
void ioasid_move_one(const struct ioasid_move *move, struct ioasid_charge *charge,
		     struct ioasid_charge *old);
void ioasid_move_back(struct ioasid_charge *charge, struct ioasid_charge *old);
void ioasid_move_drop_old(const struct ioasid_move *move, struct ioasid_charge *old, u64 domain);
void ioasid_move_end(struct ioasid_move *move, bool moved);

void ioasid_ledger_audit_begin(void);
void ioasid_ledger_audit_count(const struct ioasid_charge *charge);
u32 ioasid_ledger_audit_end(u64 *charged, char *text, size_t size);

#endif /* IOASID_PIN_LEDGER_H */
