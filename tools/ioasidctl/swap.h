/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASIDCTL_SWAP_H
#define IOASIDCTL_SWAP_H

/**
 * policy_swap - the verb: let a policy take over from the one that is loaded, without a gap
 */
int policy_swap(int argc, char **argv);

#endif /* IOASIDCTL_SWAP_H */
