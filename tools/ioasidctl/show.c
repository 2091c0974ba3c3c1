/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "constants.h"
#include "entries.h"
#include "json.h"
#include "pins.h"
#include "programs.h"
#include "show.h"
#include "tool.h"
#include "which.h"

enum {
	OPTION_JSON = 256,
};

/**
 * struct request - what the command line asks for
 * @which: policy; NULL for all
 * @as_json: show JSON
 */
struct request {
	const char *which;
	bool as_json;
};

static const struct argp_option options[] = {
	{ "json", OPTION_JSON, NULL, 0, "Show JSON, one object a line", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case OPTION_JSON:
		request->as_json = true;
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		if (request->which)
			argp_error(state, "one policy at a time");
		request->which = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The file that keeps it; NULL when there is none. */
static const char *find_pin(const struct policy_attached *policy, char path[PIN_PATH_SIZE])
{
	bool is_named = !strcmp(policy->state, "named");

	if (!strcmp(policy->state, "dead"))
		return NULL;
	pins_link_path(policy_kind_names[policy->kind], is_named ? policy->name : NULL, path);
	return pins_has(path) ? path : NULL;
}

/* Opens the map that holds the constants. */
static bool find_constants(const struct programs *programs, struct entries *constants)
{
	for (unsigned int i = 0; i < programs->map_count; i++) {
		struct bpf_map_info info = { 0 };
		__u32 size = sizeof(info);
		int fd = bpf_map_get_fd_by_id(programs->maps[i]);

		if (fd < 0)
			continue;
		if (!bpf_map_get_info_by_fd(fd, &info, &size) && constants_are(info.name) &&
		    info.btf_value_type_id) {
			entries_open(constants, info.name, fd, &info);
			return entries_get(constants);
		}
		close(fd);
	}
	return false;
}

static void map_name(__u32 id, char name[BPF_OBJ_NAME_LEN])
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);
	int fd = bpf_map_get_fd_by_id(id);

	if (fd >= 0 && bpf_map_get_info_by_fd(fd, &info, &size))
		info.name[0] = '\0';
	if (fd >= 0)
		close(fd);
	memcpy(name, info.name, BPF_OBJ_NAME_LEN);
}

static void text_programs(const struct programs *programs)
{
	char name[BPF_OBJ_NAME_LEN];
	struct entries constants;

	for (unsigned int i = 0; i < programs->program_count; i++)
		printf("%-9s %s, program %u\n", i ? "" : "callbacks", programs->callbacks[i],
		       programs->programs[i]);
	for (unsigned int i = 0; i < programs->map_count; i++) {
		map_name(programs->maps[i], name);
		printf("%-9s %s, map %u\n", i ? "" : "maps", name, programs->maps[i]);
	}
	if (!find_constants(programs, &constants))
		return;
	fputs("constants ", stdout);
	value_print(&constants.value, stdout);
	fputc('\n', stdout);
	entries_close(&constants);
}

static void show_text(const struct policy_attached *policy)
{
	char path[PIN_PATH_SIZE];
	const char *pin = find_pin(policy, path);
	struct programs programs;

	printf("policy    %s\n", policy->name);
	printf("kind      %s\n", policy_kind_names[policy->kind]);
	printf("state     %s\n", policy->state);
	printf("epoch     %u\n", policy->epoch);
	printf("asked     %" PRIu64 "\n", policy->asked);
	printf("refused   %" PRIu64 "\n", policy->refused);
	if (!programs_find(policy->kind, policy->name, &programs))
		return;
	printf("link      %u%s%s\n", programs.link, pin ? ", in " : ", held by a program",
	       pin ? pin : "");
	text_programs(&programs);
}

static void json_programs(struct json *json, const struct programs *programs)
{
	char name[BPF_OBJ_NAME_LEN];
	struct entries constants;

	json_open_array(json, "callbacks");
	for (unsigned int i = 0; i < programs->program_count; i++) {
		json_open(json, NULL);
		json_string(json, "name", programs->callbacks[i]);
		json_number(json, "program", programs->programs[i]);
		json_close(json);
	}
	json_close_array(json);
	json_open_array(json, "maps");
	for (unsigned int i = 0; i < programs->map_count; i++) {
		map_name(programs->maps[i], name);
		json_open(json, NULL);
		json_string(json, "name", name);
		json_number(json, "map", programs->maps[i]);
		json_close(json);
	}
	json_close_array(json);
	if (!find_constants(programs, &constants)) {
		json_null(json, "constants");
		return;
	}
	value_json(&constants.value, json, "constants");
	entries_close(&constants);
}

static void show_json(const struct policy_attached *policy)
{
	char path[PIN_PATH_SIZE];
	const char *pin = find_pin(policy, path);
	struct json json = { .out = stdout };
	struct programs programs = { 0 };

	programs_find(policy->kind, policy->name, &programs);
	json_open(&json, NULL);
	json_string(&json, "record", "policy");
	json_string(&json, "kind", policy_kind_names[policy->kind]);
	json_string(&json, "name", policy->name);
	json_string(&json, "state", policy->state);
	json_number(&json, "epoch", policy->epoch);
	json_number(&json, "asked", policy->asked);
	json_number(&json, "refused", policy->refused);
	json_number(&json, "link_id", programs.link);
	if (pin)
		json_string(&json, "link", pin);
	else
		json_null(&json, "link");
	json_programs(&json, &programs);
	json_close(&json);
}

static void show(const struct policy_attached *policy, bool as_json)
{
	if (as_json)
		show_json(policy);
	else
		show_text(policy);
}

static void show_all(bool as_json)
{
	struct policy_attached *all;
	int count = which_all(&all);

	for (int i = 0; i < count; i++) {
		if (i && !as_json)
			putchar('\n');
		show(&all[i], as_json);
	}
	free(all);
}

int policy_show(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "[account|place|NAME]",
		.doc = "Show all there is to know of a policy, or of all that are loaded: what it "
		       "was asked itself, what keeps it, its callbacks, maps and constants.\v"
		       "Examples:\n"
		       "  ioasidctl policy show account\n"
		       "  ioasidctl policy show uid_quota --json | jq .constants\n",
	};
	struct policy_attached policy;
	struct request request = { 0 };

	argp_parse(&argp, argc, argv, 0, NULL, &request);
	tool_need_bpf();
	if (!request.which) {
		show_all(request.as_json);
		return 0;
	}
	which_one(request.which, &policy);
	show(&policy, request.as_json);
	return 0;
}
