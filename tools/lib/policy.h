/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's state of its policies, as its files in sysfs tell it. How they left is in
 * include/ioasid/exit.h.
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
 * @asked: decisions that BPF policies were asked for, all there have been
 * @refused: of these, refused
 * @ejections: policies that were ejected
 * @last_exit: kind, code and text of the last exit, or "none"
 */
struct policy_state {
	char name[IOASID_NAME_LEN];
	uint64_t asked;
	uint64_t refused;
	uint64_t ejections;
	char last_exit[256];
};

/* As many as a file of sysfs can name. */
#define POLICY_ATTACHED_MOST 200

/**
 * struct policy_attached - a BPF policy that is attached
 * @kind: what it decides
 * @name: its name
 * @state: "default"; "named": only for those who ask for it; "dead": ejected, on its way out
 * @epoch: tells it from all others since the module was loaded
 * @asked: decisions that it was asked for
 * @refused: of these, refused
 */
struct policy_attached {
	enum policy_kind kind;
	char name[IOASID_NAME_LEN];
	char state[8];
	unsigned int epoch;
	uint64_t asked;
	uint64_t refused;
};

/**
 * policy_state_read - read it
 *
 * Returns 0 or a negative errno; the state is "builtin" and zeros then.
 */
int policy_state_read(enum policy_kind kind, struct policy_state *state);

/**
 * policy_attached_read - those of this kind that are attached, oldest first
 *
 * Returns how many, or a negative errno.
 */
int policy_attached_read(enum policy_kind kind,
			 struct policy_attached attached[POLICY_ATTACHED_MOST]);

/**
 * policy_attached_find - the one of this kind and name
 *
 * Returns false when it is not attached.
 */
bool policy_attached_find(enum policy_kind kind, const char *name,
			  struct policy_attached *attached);

/**
 * policy_is_builtin - is no BPF policy loaded?
 */
bool policy_is_builtin(const struct policy_state *state);

#endif /* TOOLS_LIB_POLICY_H */
