/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_POLICY_ACCOUNT_H
#define IOASID_POLICY_ACCOUNT_H

#include <linux/ioasid_policy.h>

#include "policy/slot.h"

extern struct ioasid_slot ioasid_account_slot;

int ioasid_account_charge(struct ioasid_charge_request *request, u32 *epoch, char *name);
void ioasid_account_uncharge(struct ioasid_charge_request *request, u32 epoch);
int ioasid_account_init(void);

#endif /* IOASID_POLICY_ACCOUNT_H */
