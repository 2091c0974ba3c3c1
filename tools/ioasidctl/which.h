/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which: the policies that a verb is about, as the command line names them.
 */
#ifndef IOASIDCTL_WHICH_H
#define IOASIDCTL_WHICH_H

#include "policy.h"

/**
 * which_all - all that are attached, of both kinds
 * @attached: to be freed
 *
 * Returns how many. Dies when the module does not tell.
 */
int which_all(struct policy_attached **attached);

/**
 * which_one - the one that is called so
 * @which: account or place for the default one of the kind, or a name
 *
 * Dies when there is none.
 */
void which_one(const char *which, struct policy_attached *attached);

/**
 * which_state - the state of a kind; dies when the module does not tell
 */
void which_state(enum policy_kind kind, struct policy_state *state);

#endif /* IOASIDCTL_WHICH_H */
