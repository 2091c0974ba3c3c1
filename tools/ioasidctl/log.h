/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASIDCTL_LOG_H
#define IOASIDCTL_LOG_H

/**
 * policy_log - the verb: how the last policies left
 */
int policy_log(int argc, char **argv);

#endif /* IOASIDCTL_LOG_H */
