/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASIDCTL_STATS_H
#define IOASIDCTL_STATS_H

/**
 * policy_stats - the verb: what policies are asked and refuse, as it goes on
 */
int policy_stats(int argc, char **argv);

#endif /* IOASIDCTL_STATS_H */
