/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ioasidctl.h"
#include "json.h"
#include "links.h"
#include "load.h"
#include "tool.h"

enum {
	OPTION_JSON = 256,
};

static const struct argp_option list_options[] = {
	{ "json", OPTION_JSON, NULL, 0, "Show JSON, one object a line", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", 0 },
	{ 0 },
};

static error_t parse_list_option(int key, char *argument, struct argp_state *state)
{
	bool *as_json = state->input;

	switch (key) {
	case OPTION_JSON:
		*as_json = true;
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "what is '%s'?", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void read_state(enum policy_kind kind, struct policy_state *state)
{
	int error = policy_state_read(kind, state);

	if (error)
		tool_die("the state of the %s policy cannot be read: %s; the loaded ioasid module "
			 "is probably of another version",
			 policy_kind_names[kind], strerror(-error));
}

static void show_text(void)
{
	printf("%-8s %-16s %10s %10s %9s  %s\n", "KIND", "POLICY", "ASKED", "REFUSED", "EJECTIONS",
	       "LAST EXIT");
	for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++) {
		struct policy_state state;

		read_state(kind, &state);
		printf("%-8s %-16s %10" PRIu64 " %10" PRIu64 " %9" PRIu64 "  %s\n",
		       policy_kind_names[kind], state.name, state.asked, state.refused,
		       state.ejections, state.last_exit);
	}
}

static void show_json(void)
{
	struct json json = { .out = stdout };

	for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++) {
		struct policy_state state;

		read_state(kind, &state);
		json_open(&json, NULL);
		json_string(&json, "record", "policy");
		json_string(&json, "kind", policy_kind_names[kind]);
		json_string(&json, "name", state.name);
		json_bool(&json, "builtin", policy_is_builtin(&state));
		json_number(&json, "asked", state.asked);
		json_number(&json, "refused", state.refused);
		json_number(&json, "ejections", state.ejections);
		json_string(&json, "last_exit", state.last_exit);
		if (link_look(kind) == LINK_ALIVE)
			json_string(&json, "link", link_path(kind));
		else
			json_null(&json, "link");
		json_close(&json);
	}
}

static int policy_list(int argc, char **argv)
{
	static const struct argp argp = {
		.options = list_options,
		.parser = parse_list_option,
		.doc = "Show which policies are active, what they were asked, how many were "
		       "ejected and how the last one ended.",
	};
	bool as_json = false;

	argp_parse(&argp, argc, argv, 0, NULL, &as_json);
	tool_need_module();
	if (as_json)
		show_json();
	else
		show_text();
	return 0;
}

static const struct argp_option unload_options[] = {
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", 0 },
	{ 0 },
};

static error_t parse_unload_option(int key, char *argument, struct argp_state *state)
{
	const char **which = state->input;

	switch (key) {
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		if (*which)
			argp_error(state, "one policy at a time");
		*which = argument;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "say which: account, place or a policy's name");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* A kind, or the kind whose active policy is called so. */
static enum policy_kind find_kind(const char *which, struct policy_state *state)
{
	for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++) {
		read_state(kind, state);
		if (!strcmp(which, policy_kind_names[kind]))
			return kind;
	}
	for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++) {
		read_state(kind, state);
		if (!strcmp(which, state->name) && !policy_is_builtin(state))
			return kind;
	}
	tool_die("there is no policy '%s'; 'ioasidctl policy list' shows what is loaded", which);
}

static int policy_unload(int argc, char **argv)
{
	static const struct argp argp = {
		.options = unload_options,
		.parser = parse_unload_option,
		.args_doc = "account|place|NAME",
		.doc = "Take a policy away; the built-in one is active then.",
	};
	struct policy_state state;
	const char *which = NULL;
	enum policy_kind kind;
	int error;

	argp_parse(&argp, argc, argv, 0, NULL, &which);
	tool_need_bpf();
	kind = find_kind(which, &state);
	if (link_look(kind) == LINK_NONE && policy_is_builtin(&state))
		tool_die("no %s policy is loaded", policy_kind_names[kind]);
	if (link_look(kind) == LINK_NONE)
		tool_die("the %s policy '%s' was not loaded by ioasidctl; end the program that "
			 "did, or remove its link",
			 policy_kind_names[kind], state.name);
	error = link_drop(kind);
	if (error)
		tool_die("%s cannot be removed: %s", link_path(kind), strerror(-error));
	return 0;
}

static const struct command commands[] = {
	{ "load", "ioasidctl policy load", policy_load },
	{ "list", "ioasidctl policy list", policy_list },
	{ "unload", "ioasidctl policy unload", policy_unload },
	{ 0 },
};

int command_policy(int argc, char **argv)
{
	const struct command *command = argc > 1 ? command_find(commands, argv[1]) : NULL;

	if (command)
		return command_run(command, argc - 1, argv + 1);
	tool_warn("say 'policy load', 'policy list' or 'policy unload'; see ioasidctl --help");
	return TOOL_USAGE;
}
