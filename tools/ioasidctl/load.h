/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASIDCTL_LOAD_H
#define IOASIDCTL_LOAD_H

/**
 * policy_load - the verb: load the policies of a BPF object file and keep them
 */
int policy_load(int argc, char **argv);

#endif /* IOASIDCTL_LOAD_H */
