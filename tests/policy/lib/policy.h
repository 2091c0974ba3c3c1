/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies of tests/policy: opened, changed, loaded and attached without ioasidctl, so that
 * every errno is seen; and what sysfs says of them.
 *
 *	struct policy policy = policy_open("place_fixed");
 *
 *	policy_set(&policy, "at", 1 << 30);
 *	policy_start(&policy);
 *	...
 *	policy_close(&policy);
 */
#ifndef POLICY_H
#define POLICY_H

#include <bpf/libbpf.h>
#include <linux/ioasid.h>
#include <stdbool.h>
#include <stdint.h>

enum policy_kind { POLICY_ACCOUNT, POLICY_PLACE, POLICY_KINDS };

/* As in include/linux/ioasid_policy.h. */
#define POLICY_WATCHDOG (1ULL << 0)
#define POLICY_NAMED (1ULL << 1)

enum exit_kind {
	EXIT_UNREGISTERED = 1,
	EXIT_ERRNO,
	EXIT_IOVA,
	EXIT_LENGTH,
	EXIT_OPERATOR,
	EXIT_SYSFS,
	EXIT_TIMEOUT,
	EXIT_ERROR,
};

/**
 * struct policy - a policy of ours
 * @kind: what it decides
 * @object: the BPF object, open from policy_open() on
 * @map: its struct_ops
 * @link: what keeps it attached, or NULL
 */
struct policy {
	enum policy_kind kind;
	struct bpf_object *object;
	struct bpf_map *map;
	struct bpf_link *link;
};

/* The object of this name; must work. It has one policy. */
struct policy policy_open(const char *name);
/* A constant before policy_load(), a global variable after it; never NULL. */
void *policy_variable(const struct policy *policy, const char *name);
/* A constant of any size. */
void policy_set(const struct policy *policy, const char *name, uint64_t value);
/* name, flags or timeout_ms of the policy, before policy_load(). */
void policy_rename(const struct policy *policy, const char *name);
void policy_set_flags(const struct policy *policy, uint64_t flags);
void policy_set_timeout(const struct policy *policy, uint32_t timeout_ms);

/* 0 or a negative errno; what libbpf and the verifier said of it is in policy_log(). */
int policy_load(struct policy *policy);
int policy_attach(struct policy *policy);
const char *policy_log(void);
/* Load and attach, must work. */
void policy_start(struct policy *policy);
/* The other one's link is this one's then: 0 or a negative errno. */
int policy_swap(struct policy *policy, struct policy *other);
/* Only the link: it leaves. */
void policy_detach(struct policy *policy);
void policy_close(struct policy *policy);

/**
 * struct slot - what sysfs says of a kind of policies
 * @name: who decides
 * @asked: as there, as are @refused, @ejections and @last_exit
 * @attached: lines of policies
 */
struct slot {
	char name[IOASID_NAME_LEN];
	uint64_t asked;
	uint64_t refused;
	uint64_t ejections;
	char last_exit[512];
	unsigned int attached;
};

struct slot slot_read(enum policy_kind kind);
/* The built-in policy decides, and all others are out; those that are ejected get some time. */
void want_builtin(enum policy_kind kind);
/* Some policy of this name is attached, in this state: "default", "named", "dead". */
bool slot_has(enum policy_kind kind, const char *name, const char *state);
/* The newest of the exits that are kept: exactly this, and the text has this in it. */
void want_exit(enum policy_kind kind, const char *name, const char *exit, int64_t code,
	       const char *text);
/* Its dump has this in it; NULL: it has none. */
void want_dump(enum policy_kind kind, const char *text);

/* Write to a file of the directory policy: 0 or a negative errno. */
int sysfs_write(const char *file, const char *text);

#endif /* POLICY_H */
