/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entries.h"
#include "json.h"
#include "map.h"
#include "programs.h"
#include "tool.h"
#include "which.h"

#define CGROUPS "/sys/fs/cgroup"

enum {
	OPTION_JSON = 256,
	OPTION_DELETE,
};

/**
 * struct request - what the command line asks for
 * @which: policy
 * @policy: the same, found
 * @map: name of the map
 * @key: of one entry, NULL for all
 * @fields: what follows it
 * @field_count: of these
 * @remove: remove the entry
 * @as_json: show JSON
 */
struct request {
	const char *which;
	struct policy_attached policy;
	const char *map;
	const char *key;
	const char **fields;
	size_t field_count;
	bool remove;
	bool as_json;
};

static const struct argp_option options[] = {
	{ "delete", OPTION_DELETE, NULL, 0, "Remove the entry", 0 },
	{ "json", OPTION_JSON, NULL, 0, "Show JSON, one object a line", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", 0 },
	{ 0 },
};

static const char documentation[] =
	"Show or change what is in a map of a policy: all of it, or the entry of a KEY.\v"
	"KEY is a number, or the path of a cgroup below " CGROUPS ", beginning with\n"
	"'/', which stands for its id; of a key with fields FIELD=VALUE,FIELD=VALUE.\n"
	"VALUE is a number, true, false or text; K, M, G and T may follow a number and\n"
	"are powers of 1024. An entry that is changed keeps the fields that are not\n"
	"named; one that is new has 0 there. A value without fields is just VALUE; put\n"
	"-- before one that begins with a minus.\n\n"
	"Examples:\n"
	"  ioasidctl policy map cgroup_quota quotas\n"
	"  ioasidctl policy map cgroup_quota quotas /vm1 hard=8G soft=6G\n"
	"  ioasidctl policy map cgroup_quota quotas /vm1 --json | jq .value\n"
	"  ioasidctl policy map cgroup_quota quotas /vm1 --delete\n";

static void take_argument(struct request *request, const char *argument)
{
	if (!request->which)
		request->which = argument;
	else if (!request->map)
		request->map = argument;
	else if (!request->key)
		request->key = argument;
	else
		request->fields[request->field_count++] = argument;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case OPTION_DELETE:
		request->remove = true;
		return 0;
	case OPTION_JSON:
		request->as_json = true;
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		take_argument(request, argument);
		return 0;
	case ARGP_KEY_END:
		if (!request->map)
			argp_error(state, "say which policy and which map");
		if (request->remove && (!request->key || request->field_count))
			argp_error(state, "--delete takes a key and no fields");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void die_of_maps(const struct request *request, const struct programs *programs)
{
	char names[512] = "";

	for (unsigned int i = 0; i < programs->map_count; i++) {
		struct bpf_map_info info = { 0 };
		__u32 size = sizeof(info);
		int fd = bpf_map_get_fd_by_id(programs->maps[i]);

		if (fd < 0)
			continue;
		if (!bpf_map_get_info_by_fd(fd, &info, &size))
			snprintf(names + strlen(names), sizeof(names) - strlen(names), " %s",
				 info.name);
		close(fd);
	}
	tool_die("the policy '%s' has no map '%s'; it has:%s", request->policy.name, request->map,
		 *names ? names : " none");
}

static void open_map(struct request *request, struct entries *entries)
{
	struct policy_attached *policy = &request->policy;
	struct programs programs;
	struct bpf_map_info info;
	int fd;

	which_one(request->which, policy);
	if (!programs_find(policy->kind, policy->name, &programs))
		tool_die("the policy '%s' has just left; see: ioasidctl policy log", policy->name);
	fd = programs_map(&programs, request->map, &info);
	if (fd < 0)
		die_of_maps(request, &programs);
	entries_open(entries, request->map, fd, &info);
}

/* The id of a cgroup is the number of its directory. */
static void set_cgroup(const struct value *key, const char *path)
{
	char text[24], full[4096];
	struct stat status;

	snprintf(full, sizeof(full), "%s%s", CGROUPS, path);
	if (stat(full, &status))
		tool_die("there is no cgroup %s: %s: %m", path, full);
	snprintf(text, sizeof(text), "%ju", (uintmax_t)status.st_ino);
	if (!value_set(key, text))
		tool_die("the map's key is no number of 8 bytes, as the id of a cgroup is");
}

/* "NAME=VALUE" into the member of this name. */
static void set_field(const struct value *value, const char *field)
{
	const char *text = strchr(field, '=');
	struct value member;
	char name[128];

	if (!text)
		tool_die("'%s' is not FIELD=VALUE", field);
	snprintf(name, sizeof(name), "%.*s", (int)(text - field), field);
	if (!value_member(value, name, &member))
		tool_die("there is no field '%s'", name);
	if (!value_set(&member, text + 1))
		tool_die("'%s' is no value for '%s' of %zu bytes", text + 1, name, member.size);
}

static void set_key(const struct value *key, const char *text)
{
	char *fields, *rest, *field;

	if (*text == '/') {
		set_cgroup(key, text);
		return;
	}
	if (!value_is_compound(key)) {
		if (!value_set(key, text))
			tool_die("'%s' is no key of %zu bytes", text, key->size);
		return;
	}
	fields = rest = strdup(text);
	while ((field = strsep(&rest, ",")))
		set_field(key, field);
	free(fields);
}

static void show_text(const struct entries *entries, unsigned int processor)
{
	struct value value = entries_value(entries, processor);

	value_print(&entries->key, stdout);
	if (entries->processors > 1)
		printf(" cpu %u", processor);
	fputs(": ", stdout);
	value_print(&value, stdout);
	fputc('\n', stdout);
}

static void show_json(const struct request *request, const struct entries *entries,
		      unsigned int processor)
{
	struct value value = entries_value(entries, processor);
	struct json json = { .out = stdout };

	json_open(&json, NULL);
	json_string(&json, "record", "entry");
	json_string(&json, "policy", request->policy.name);
	json_string(&json, "map", request->map);
	value_json(&entries->key, &json, "key");
	if (entries->processors > 1)
		json_number(&json, "cpu", processor);
	value_json(&value, &json, "value");
	json_close(&json);
}

static void show(const struct request *request, const struct entries *entries)
{
	for (unsigned int i = 0; i < entries->processors; i++) {
		if (request->as_json)
			show_json(request, entries, i);
		else
			show_text(entries, i);
	}
}

static void show_all(const struct request *request, const struct entries *entries)
{
	size_t count;
	char *keys = entries_keys(entries, &count);

	for (size_t i = 0; i < count; i++) {
		memcpy(entries->key.bytes, keys + i * entries->key.size, entries->key.size);
		if (entries_get(entries))
			show(request, entries);
	}
	free(keys);
}

static void set_fields(const struct request *request, const struct entries *entries)
{
	int error;

	if (entries->processors > 1)
		tool_die("the map '%s' has a value for each processor; these are for reading",
			 request->map);
	entries_get(entries);
	for (size_t i = 0; i < request->field_count; i++) {
		const char *field = request->fields[i];

		if (value_is_compound(&entries->value))
			set_field(&entries->value, field);
		else if (!value_set(&entries->value, field))
			tool_die("'%s' is no value of %zu bytes", field, entries->value.size);
	}
	error = entries_put(entries);
	if (error == -EPERM)
		tool_die("the map '%s' holds constants; to change these: ioasidctl policy swap "
			 "FILE.bpf.o --set NAME=VALUE",
			 request->map);
	if (error)
		tool_die("the entry cannot be stored in '%s': %s%s", request->map, strerror(-error),
			 error == -E2BIG ? "; the map is full" : "");
}

static void change(const struct request *request, const struct entries *entries)
{
	int error;

	if (!request->remove) {
		set_fields(request, entries);
		return;
	}
	error = entries_delete(entries);
	if (error == -ENOENT)
		tool_die("the map '%s' has no entry %s", request->map, request->key);
	if (error)
		tool_die("the entry %s of '%s' cannot be removed: %s", request->key, request->map,
			 strerror(-error));
}

static void serve(const struct request *request, const struct entries *entries)
{
	if (!request->key) {
		show_all(request, entries);
		return;
	}
	set_key(&entries->key, request->key);
	if (request->remove || request->field_count) {
		change(request, entries);
		return;
	}
	if (!entries_get(entries))
		tool_die("the map '%s' has no entry %s", request->map, request->key);
	show(request, entries);
}

int policy_map(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "account|place|NAME MAP [KEY [FIELD=VALUE...]]",
		.doc = documentation,
	};
	struct request request = { .fields = calloc(argc, sizeof(char *)) };
	struct entries entries;

	if (!request.fields)
		tool_die("no memory");
	argp_parse(&argp, argc, argv, 0, NULL, &request);
	tool_need_bpf();
	open_map(&request, &entries);
	serve(&request, &entries);
	entries_close(&entries);
	free(request.fields);
	return 0;
}
