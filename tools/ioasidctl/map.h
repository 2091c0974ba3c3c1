/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASIDCTL_MAP_H
#define IOASIDCTL_MAP_H

/**
 * policy_map - the verb: show and change what is in a policy's maps
 */
int policy_map(int argc, char **argv);

#endif /* IOASIDCTL_MAP_H */
