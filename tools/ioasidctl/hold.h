/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASIDCTL_HOLD_H
#define IOASIDCTL_HOLD_H

#include <ioasid/policy.h>

/**
 * hold - keep attached policies until a signal asks to end, or one of them has ended by itself, and
 *	tell how
 *
 * Returns the exit status.
 */
int hold(const struct ioasid_policy_handle *handle);

#endif /* IOASIDCTL_HOLD_H */
