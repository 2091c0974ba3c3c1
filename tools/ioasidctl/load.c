/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "constants.h"
#include "links.h"
#include "load.h"
#include "tool.h"

static const char *const struct_names[POLICY_KINDS] = {
	[POLICY_ACCOUNT] = "ioasid_account_ops",
	[POLICY_PLACE] = "ioasid_place_ops",
};

/**
 * struct request - what the command line asks for
 * @file: the object file
 * @constants: what follows each --set
 * @count: of these
 */
struct request {
	const char *file;
	const char **constants;
	size_t count;
};

static const struct argp_option options[] = {
	{ "set", 's', "NAME=VALUE", 0, "Give a constant of the policy another value", 0 },
	{ "verbose", 'v', NULL, 0, "Show what libbpf and the verifier say", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", 0 },
	{ 0 },
};

static const char documentation[] =
	"Load the policies in a BPF object file. They stay active when ioasidctl ends, until "
	"'ioasidctl policy unload'.\v"
	"A policy is a variable of type struct ioasid_account_ops or struct\n"
	"ioasid_place_ops in the section .struct_ops.link.\n\n"
	"Example:\n"
	"  ioasidctl policy load uid_quota.bpf.o --set quota_pages=65536\n";

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case 's':
		request->constants[request->count++] = argument;
		return 0;
	case 'v':
		tool_set_verbose();
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		if (request->file)
			argp_error(state, "one file at a time");
		request->file = argument;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "say which object file to load");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static struct bpf_object *open_object(const char *file)
{
	struct bpf_object *object;
	int error;

	if (access(file, R_OK))
		tool_die("%s cannot be read: %m", file);
	object = bpf_object__open_file(file, NULL);
	if (object)
		return object;
	error = -errno;
	tool_show_bpf_log();
	tool_die("%s is no BPF object file: %s", file, strerror(-error));
}

/* The structure that a struct_ops map is filled from. */
static const struct btf_type *ops_type(const struct bpf_object *object, const struct bpf_map *map)
{
	return btf__type_by_id(bpf_object__btf(object), bpf_map__btf_value_type_id(map));
}

static enum policy_kind kind_of(const struct bpf_object *object, const struct bpf_map *map)
{
	const struct btf_type *type = ops_type(object, map);
	const char *name = type ? btf__name_by_offset(bpf_object__btf(object), type->name_off) : "";
	enum policy_kind kind = 0;

	while (kind < POLICY_KINDS && strcmp(name, struct_names[kind]))
		kind++;
	return kind;
}

/* The policies in the object, one of each kind at most; dies when there is none. */
static void find_policies(const struct bpf_object *object, const char *file,
			  struct bpf_map *policies[POLICY_KINDS])
{
	struct bpf_map *map = NULL;
	bool any = false;

	while ((map = bpf_object__next_map(object, map))) {
		enum policy_kind kind;

		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		kind = kind_of(object, map);
		if (kind == POLICY_KINDS)
			tool_die("%s is not for ioasid: '%s' is no struct %s and no struct %s",
				 file, bpf_map__name(map), struct_names[0], struct_names[1]);
		if (policies[kind])
			tool_die("%s has two %s policies, '%s' and '%s'; one can be active", file,
				 policy_kind_names[kind], bpf_map__name(policies[kind]),
				 bpf_map__name(map));
		if (!(bpf_map__map_flags(map) & BPF_F_LINK))
			tool_die("'%s' in %s is in the section .struct_ops; it has to be in "
				 ".struct_ops.link",
				 bpf_map__name(map), file);
		policies[kind] = map;
		any = true;
	}
	if (!any)
		tool_die("%s has no policy: no struct %s or struct %s in .struct_ops.link", file,
			 struct_names[0], struct_names[1]);
}

/* Saves the verifier's work, and says which policy is in the way. */
static void refuse_second(enum policy_kind kind)
{
	struct policy_state state;

	if (policy_state_read(kind, &state) || policy_is_builtin(&state))
		return;
	tool_die("another %s policy, '%s', is loaded; to unload it: ioasidctl policy unload %s",
		 policy_kind_names[kind], state.name, policy_kind_names[kind]);
}

static void load_object(struct bpf_object *object, const char *file)
{
	int error = bpf_object__load(object);

	if (error)
		tool_die_bpf(error, "the kernel does not take %s", file);
}

static struct bpf_link *attach(enum policy_kind kind, struct bpf_map *map)
{
	struct bpf_link *link = bpf_map__attach_struct_ops(map);

	if (link)
		return link;
	if (errno == EBUSY || errno == EEXIST)
		refuse_second(kind);
	if (errno == EINVAL)
		tool_die("ioasid refuses the %s policy '%s'; its name must be given, of letters, "
			 "digits, '_', '.' and '-'",
			 policy_kind_names[kind], bpf_map__name(map));
	tool_die_bpf(-errno, "the %s policy '%s' cannot be attached", policy_kind_names[kind],
		     bpf_map__name(map));
}

/* A link that is not pinned goes with us: what fails half-way leaves nothing loaded. */
static void attach_and_keep(struct bpf_map *policies[POLICY_KINDS])
{
	struct bpf_link *links[POLICY_KINDS] = { NULL };
	enum policy_kind kind;
	int error;

	for (kind = 0; kind < POLICY_KINDS; kind++)
		if (policies[kind])
			links[kind] = attach(kind, policies[kind]);
	for (kind = 0; kind < POLICY_KINDS; kind++) {
		if (!links[kind])
			continue;
		error = bpf_link__pin(links[kind], link_path(kind));
		if (!error)
			continue;
		while (kind--)
			if (links[kind])
				link_drop(kind);
		tool_die("the policy cannot be kept in %s: %s", LINK_DIRECTORY, strerror(-error));
	}
	for (kind = 0; kind < POLICY_KINDS; kind++)
		bpf_link__destroy(links[kind]);
}

int policy_load(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "FILE.bpf.o",
		.doc = documentation,
	};
	struct bpf_map *policies[POLICY_KINDS] = { NULL };
	struct request request = { .constants = calloc(argc, sizeof(char *)) };
	struct bpf_object *object;

	if (!request.constants)
		tool_die("no memory");
	argp_parse(&argp, argc, argv, 0, NULL, &request);
	tool_need_bpf();

	object = open_object(request.file);
	find_policies(object, request.file, policies);
	for (size_t i = 0; i < request.count; i++)
		constant_set(object, request.constants[i]);
	for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++) {
		if (!policies[kind])
			continue;
		refuse_second(kind);
		link_make_room(kind);
	}
	load_object(object, request.file);
	attach_and_keep(policies);
	bpf_object__close(object);
	free(request.constants);
	return 0;
}
