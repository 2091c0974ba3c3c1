/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pins: files in bpffs that keep loaded policies when their loader has ended.
 *
 *	/sys/fs/bpf/ioasid/account		link of the default account policy
 *	/sys/fs/bpf/ioasid/place		link of the default place policy
 *	/sys/fs/bpf/ioasid/NAME			link of a place policy for those who ask for it
 *	/sys/fs/bpf/ioasid/maps/NAME/MAP	the maps of a policy
 *
 * bpffs takes no dots in names, they are '_' there. When a policy is ejected its files stay: the
 * link's is dead then, and goes with the next sweep.
 */
#ifndef IOASIDCTL_PINS_H
#define IOASIDCTL_PINS_H

#include <ioasid/policy.h>
#include <stdbool.h>

#define PIN_PATH_SIZE 128

/**
 * pins_make_ready - see that policies can be kept; dies when that cannot be
 */
void pins_make_ready(void);

/**
 * pins_check - die when a policy of this name cannot be kept
 */
void pins_check(const struct ioasid_policy *policy);

/**
 * pins_link_path - the file for the link of a policy
 * @kind: "account" or "place"
 * @name: of a policy that is only for those who ask for it; NULL for the default one
 */
void pins_link_path(const char *kind, const char *name, char path[PIN_PATH_SIZE]);

/**
 * pins_has - is there such a file, and does it keep a policy?
 */
bool pins_has(const char *path);

/**
 * pins_keep - keep a policy that is attached
 * @object: its maps are kept, too
 *
 * Returns 0 or a negative errno.
 */
int pins_keep(const struct ioasid_policy *policy, const struct bpf_object *object);

/**
 * pins_sweep - remove what is left of policies that are not attached any more
 */
void pins_sweep(void);

#endif /* IOASIDCTL_PINS_H */
