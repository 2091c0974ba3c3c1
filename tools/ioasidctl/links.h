/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the verbs on policies share: where a loaded policy is kept.
 *
 * A policy is active as long as its BPF link exists. The link is pinned in bpffs, one file for each
 * kind, so that it outlives its loader. After an ejection the file is left with a dead link.
 */
#ifndef IOASIDCTL_LINKS_H
#define IOASIDCTL_LINKS_H

#include <stdbool.h>

#include "policy.h"

#define LINK_DIRECTORY "/sys/fs/bpf/ioasid"

enum link_state {
	LINK_NONE,
	LINK_DEAD,
	LINK_ALIVE,
};

/**
 * link_path - the file for this kind of policy
 */
const char *link_path(enum policy_kind kind);

/**
 * link_look - is there one, and does it hold a policy?
 */
enum link_state link_look(enum policy_kind kind);

/**
 * link_drop - detach it and remove the file; the built-in policy is active on return
 *
 * Returns 0 or a negative errno.
 */
int link_drop(enum policy_kind kind);

/**
 * link_make_room - see that links can be kept: bpffs is mounted, the directory is there, and
 * no dead link is in the way; dies when that cannot be
 */
void link_make_room(enum policy_kind kind);

#endif /* IOASIDCTL_LINKS_H */
