/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verbs that make a policy leave.
 */
#ifndef IOASIDCTL_LEAVE_H
#define IOASIDCTL_LEAVE_H

/**
 * policy_unload - the verb: detach it
 */
int policy_unload(int argc, char **argv);

/**
 * policy_eject - the verb: let the module throw it out
 */
int policy_eject(int argc, char **argv);

#endif /* IOASIDCTL_LEAVE_H */
