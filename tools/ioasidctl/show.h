/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASIDCTL_SHOW_H
#define IOASIDCTL_SHOW_H

/**
 * policy_show - the verb: all there is to know of a policy
 */
int policy_show(int argc, char **argv);

#endif /* IOASIDCTL_SHOW_H */
