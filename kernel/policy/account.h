/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_POLICY_ACCOUNT_H
#define IOASID_POLICY_ACCOUNT_H

#include <linux/ioasid_policy.h>

#include "policy/slot.h"

extern struct ioasid_slot ioasid_account_slot;

/**
 * struct ioasid_account_context - a charge request with what policies can't see
 * @request: what they see
 * @policy: who is asked
 * @used: pages that count against @limit
 * @limit: what keeps the owner from having more, pages: the hard limit, or the policy's
 * @by: enum ioasid_owner_kind of what @used counts, as the policy said
 * @explained: the policy said it
 * @name: name of the policy that decided
 */
struct ioasid_account_context {
	struct ioasid_charge_request request;
	struct ioasid_policy *policy;
	u64 used;
	u64 limit;
	u32 by;
	bool explained;
	char name[IOASID_NAME_LEN];
};

/**
 * typedef ioasid_account_tell - hear of one owner
 * @request: the owner, and its pages that are granted
 * @data: of who asked
 */
typedef void (*ioasid_account_tell)(struct ioasid_charge_request *request, void *data);

/* Tells of each owner that has granted pages; set by the ledger. */
extern void (*ioasid_account_each_hook)(ioasid_account_tell tell, void *data);

int ioasid_account_charge(struct ioasid_account_context *context, atomic64_t *granted, u32 *epoch);
void ioasid_account_uncharge(struct ioasid_account_context *context, atomic64_t *granted,
			     u32 epoch);
int ioasid_account_try(struct ioasid_account_context *context);
int ioasid_account_init(void);

/* For policies. */
void ioasid_account_refuse(struct ioasid_charge_request *request, u64 used, u64 limit, u32 by);
void ioasid_account_error(struct ioasid_charge_request *request, const char *text, u32 text__sz,
			  s64 code);

#endif /* IOASID_POLICY_ACCOUNT_H */
