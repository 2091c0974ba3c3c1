/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "list.h"
#include "pins.h"
#include "tool.h"
#include "which.h"

enum {
	OPTION_JSON = 256,
};

static const struct argp_option options[] = {
	{ "json", OPTION_JSON, NULL, 0, "Show JSON, one object a line", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
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

static const char *state_of(const struct policy_state *state)
{
	return policy_is_builtin(state) ? "builtin" : "default";
}

/* Of "KIND CODE NAME: TEXT" the first word; 'ioasidctl policy log' has all of it. */
static void show_kind(enum policy_kind kind, const struct policy_state *state)
{
	printf("%-7s %-15s %-7s %9" PRIu64 " %9" PRIu64 " %9" PRIu64 "  %.*s\n",
	       policy_kind_names[kind], state->name, state_of(state), state->asked, state->refused,
	       state->ejections, (int)strcspn(state->last_exit, " "), state->last_exit);
}

static void show_other(const struct policy_attached *policy)
{
	printf("%-7s %-15s %-7s %9" PRIu64 " %9" PRIu64 " %9s  -\n",
	       policy_kind_names[policy->kind], policy->name, policy->state, policy->asked,
	       policy->refused, "-");
}

static void json_link(struct json *json, enum policy_kind kind, const char *name)
{
	char path[PIN_PATH_SIZE];

	pins_link_path(policy_kind_names[kind], name, path);
	if (pins_has(path))
		json_string(json, "link", path);
	else
		json_null(json, "link");
}

static void json_kind(enum policy_kind kind, const struct policy_state *state)
{
	struct json json = { .out = stdout };

	json_open(&json, NULL);
	json_string(&json, "record", "policy");
	json_string(&json, "kind", policy_kind_names[kind]);
	json_string(&json, "name", state->name);
	json_string(&json, "state", state_of(state));
	json_bool(&json, "builtin", policy_is_builtin(state));
	json_number(&json, "asked", state->asked);
	json_number(&json, "refused", state->refused);
	json_number(&json, "ejections", state->ejections);
	json_string(&json, "last_exit", state->last_exit);
	json_link(&json, kind, NULL);
	json_close(&json);
}

static void json_other(const struct policy_attached *policy)
{
	bool is_named = !strcmp(policy->state, "named");
	struct json json = { .out = stdout };

	json_open(&json, NULL);
	json_string(&json, "record", "policy");
	json_string(&json, "kind", policy_kind_names[policy->kind]);
	json_string(&json, "name", policy->name);
	json_string(&json, "state", policy->state);
	json_bool(&json, "builtin", false);
	json_number(&json, "asked", policy->asked);
	json_number(&json, "refused", policy->refused);
	if (is_named)
		json_link(&json, policy->kind, policy->name);
	else
		json_null(&json, "link");
	json_close(&json);
}

/* Those that are no default: named ones, and dead ones that are not out yet. */
static void show_others(enum policy_kind kind, bool as_json)
{
	struct policy_attached *all;
	int count = which_all(&all);

	for (int i = 0; i < count; i++) {
		if (all[i].kind != kind || !strcmp(all[i].state, "default"))
			continue;
		if (as_json)
			json_other(&all[i]);
		else
			show_other(&all[i]);
	}
	free(all);
}

int policy_list(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.doc = "Show who decides, and which other policies are attached: named ones, for "
		       "address spaces that ask for them, and dead ones, ejected and on their way "
		       "out.\v"
		       "ASKED and REFUSED of the first line of a kind count the decisions of all\n"
		       "BPF policies of this kind since the module was loaded; 'ioasidctl policy\n"
		       "show' tells each policy's own.\n\n"
		       "Examples:\n"
		       "  ioasidctl policy list\n"
		       "  ioasidctl policy list --json | jq .name\n",
	};
	bool as_json = false;

	argp_parse(&argp, argc, argv, 0, NULL, &as_json);
	tool_need_module();
	if (!as_json)
		printf("%-7s %-15s %-7s %9s %9s %9s  %s\n", "KIND", "POLICY", "STATE", "ASKED",
		       "REFUSED", "EJECTIONS", "LAST EXIT");
	for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++) {
		struct policy_state state;

		which_state(kind, &state);
		if (as_json)
			json_kind(kind, &state);
		else
			show_kind(kind, &state);
		show_others(kind, as_json);
	}
	return 0;
}
