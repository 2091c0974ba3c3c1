/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASIDCTL_LIST_H
#define IOASIDCTL_LIST_H

/**
 * policy_list - the verb: show who decides, and who else is attached
 */
int policy_list(int argc, char **argv);

#endif /* IOASIDCTL_LIST_H */
