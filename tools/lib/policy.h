/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's state of its policies, as its files in sysfs tell it.
 */
#ifndef TOOLS_LIB_POLICY_H
#define TOOLS_LIB_POLICY_H

#include <linux/ioasid.h>
#include <stdbool.h>
#include <stdint.h>

enum policy_kind {
	POLICY_ACCOUNT,
	POLICY_PLACE,
	POLICY_KINDS,
};

/* "account" and "place" */
extern const char *const policy_kind_names[POLICY_KINDS];

/**
 * struct policy_state - one kind of policy
 * @name: of the active policy, "builtin" when no BPF policy is loaded
 * @asked: decisions that a BPF policy was asked for
 * @refused: of these, refused
 * @ejections: policies that were ejected
 * @last_exit: kind, code and text of the last ejection, or "none"
 */
struct policy_state {
	char name[IOASID_NAME_LEN];
	uint64_t asked;
	uint64_t refused;
	uint64_t ejections;
	char last_exit[256];
};

/**
 * policy_state_read - read it
 *
 * Returns 0 or a negative errno; the state is "builtin" and zeros then.
 */
int policy_state_read(enum policy_kind kind, struct policy_state *state);

/**
 * policy_is_builtin - is no BPF policy loaded?
 */
bool policy_is_builtin(const struct policy_state *state);

#endif /* TOOLS_LIB_POLICY_H */
