/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Object: a BPF object file with policies, as the verbs that load one are given it.
 */
#ifndef IOASIDCTL_OBJECT_H
#define IOASIDCTL_OBJECT_H

#include <argp.h>
#include <ioasid/policy.h>
#include <stddef.h>

/**
 * struct object - what the command line asks for
 * @file: the object file
 * @constants: what follows each --set
 * @constant_count: of these
 */
struct object {
	const char *file;
	const char **constants;
	size_t constant_count;
};

/* Options of all verbs that load one. */
#define OBJECT_OPTIONS                                                                       \
	{ "set", 's', "NAME=VALUE", 0, "Give a constant of the policy another value", 0 },   \
		{ "verbose", 'v', NULL, 0, "Show all that libbpf and the verifier say", 0 }, \
		{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", 0 }

/**
 * object_init - nothing is asked for yet
 * @words: of the command line, at most
 */
void object_init(struct object *object, int words);

/**
 * object_parse - the parser of argp for the options and the file
 */
error_t object_parse(struct object *object, int key, char *argument, struct argp_state *state);

/**
 * object_open - open it and set its constants; dies with a reason
 */
void object_open(const struct object *object, struct ioasid_policy_handle *handle);

/**
 * object_load - let the kernel take it; dies with what the verifier says
 */
void object_load(const struct object *object, struct ioasid_policy_handle *handle);

#endif /* IOASIDCTL_OBJECT_H */
