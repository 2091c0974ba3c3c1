/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ledger: who is charged for how many pages.
 *
 * An owner is a process, a user and a cgroup: whoever pinned. Each of the three has an account,
 * shared by all owners of the same process, user or cgroup. A charge adds its pages to the three
 * accounts, to the process's VmPin (mm->pinned_vm), and, unless the owner was privileged, to what
 * RLIMIT_MEMLOCK counts for the user (user->locked_vm, as io_uring does). A charge remembers what
 * it added, so that it takes the same away again.
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

struct mm_struct;
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
 * @refs: pins that are charged to it; guarded by the ledger's lock
 * @mm: the process's memory; the pin domain keeps it from being freed
 * @user: the user, referenced
 * @uid: the same as a number
 * @cgroup: id of the cgroup
 * @tgid: the process
 * @accounts: one of each kind
 */
struct ioasid_owner {
	struct hlist_node node;
	unsigned int refs;
	struct mm_struct *mm;
	struct user_struct *user;
	u32 uid;
	u64 cgroup;
	u32 tgid;
	struct ioasid_account *accounts[IOASID_ACCOUNT_KINDS];
};

/**
 * struct ioasid_charge - what one pin is charged
 * @owner: to whom, NULL when nothing is charged
 * @pages: pages, 0 before ioasid_ledger_add()
 * @locked: they count for RLIMIT_MEMLOCK too
 * @epoch: the account policy that granted them, 0 for none
 */
struct ioasid_charge {
	struct ioasid_owner *owner;
	u64 pages;
	bool locked;
	u32 epoch;
};

int ioasid_charge_reserve(struct ioasid_charge *charge, u64 pages, u64 domain,
			  struct ioasid_refusal *why);
void ioasid_charge_commit(struct ioasid_charge *charge, u64 pages);
int ioasid_charge_ask(struct ioasid_charge *charge, u64 domain, struct ioasid_refusal *why);
void ioasid_charge_uncommit(struct ioasid_charge *charge);
void ioasid_charge_release(struct ioasid_charge *charge, u64 pages, u64 domain);
u64 ioasid_hard_limit(void);

void ioasid_ledger_audit_begin(void);
void ioasid_ledger_audit_count(const struct ioasid_charge *charge);
u32 ioasid_ledger_audit_end(u64 *charged, char *text, size_t size);

#endif /* IOASID_PIN_LEDGER_H */
