/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <ioasid/exit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "log.h"
#include "policy.h"
#include "tool.h"

#define COLUMNS 80

enum {
	OPTION_JSON = 256,
};

/**
 * struct request - what the command line asks for
 * @kind: of policies; NULL for all
 * @as_json: show JSON
 * @verbose: show the dump as well
 */
struct request {
	const char *kind;
	bool as_json;
	bool verbose;
};

/* An exit, of which kind the policy was, and how many of this kind are newer. */
struct line {
	enum policy_kind kind;
	int newer;
	struct ioasid_policy_exit exit;
};

static const struct argp_option options[] = {
	{ "verbose", 'v', NULL, 0, "Show the request that ejected it, too", 0 },
	{ "json", OPTION_JSON, NULL, 0, "Show JSON, one object a line", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", 0 },
	{ 0 },
};

static bool is_kind(const char *word)
{
	for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++)
		if (!strcmp(word, policy_kind_names[kind]))
			return true;
	return false;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case OPTION_JSON:
		request->as_json = true;
		return 0;
	case 'v':
		request->verbose = true;
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		if (request->kind || !is_kind(argument))
			argp_error(state, "say account or place, or nothing for both");
		request->kind = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The newest first; of those in the same second, as they were read. */
static int compare(const void *left, const void *right)
{
	const struct line *a = left, *b = right;

	if (a->exit.at != b->exit.at)
		return a->exit.at < b->exit.at ? 1 : -1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a->newer - b->newer;
}

static int read_kind(enum policy_kind kind, struct line *lines)
{
	struct ioasid_policy_exit exits[IOASID_EXITS_MOST];
	int count = ioasid_policy_exits(policy_kind_names[kind], exits);

	if (count < 0)
		tool_die("the exits of %s policies cannot be read: %s; the loaded ioasid module is "
			 "probably of another version",
			 policy_kind_names[kind], strerror(-count));
	for (int i = 0; i < count; i++)
		lines[i] = (struct line){ .kind = kind, .newer = i, .exit = exits[i] };
	return count;
}

/* A text in lines that fit, each with four blanks before it. */
static void print_wrapped(const char *text)
{
	const size_t room = COLUMNS - 4;

	while (*text) {
		size_t length = strlen(text);

		if (length > room) {
			for (length = room; length && text[length] != ' '; length--)
				;
			length = length ? length : room;
		}
		printf("    %.*s\n", (int)length, text);
		text += length;
		text += strspn(text, " ");
	}
}

static void show_text(const struct request *request, const struct line *line)
{
	const struct ioasid_policy_exit *exit = &line->exit;
	time_t at = exit->at;
	char moment[32];

	strftime(moment, sizeof(moment), "%F %T", localtime(&at));
	printf("%-19s  %-7s  %-15s  %s %" PRId64 "\n", moment, policy_kind_names[line->kind],
	       exit->policy, exit->kind, exit->code);
	print_wrapped(exit->text);
	printf("    asked %" PRIu64 ", refused %" PRIu64 "\n", exit->asked, exit->refused);
	if (request->verbose)
		print_wrapped(exit->dump);
}

static void show_json(const struct line *line)
{
	const struct ioasid_policy_exit *exit = &line->exit;
	struct json json = { .out = stdout };

	json_open(&json, NULL);
	json_string(&json, "record", "exit");
	json_signed(&json, "at", exit->at);
	json_string(&json, "kind", policy_kind_names[line->kind]);
	json_string(&json, "name", exit->policy);
	json_string(&json, "exit", exit->kind);
	json_signed(&json, "code", exit->code);
	json_string(&json, "text", exit->text);
	json_number(&json, "asked", exit->asked);
	json_number(&json, "refused", exit->refused);
	json_string(&json, "dump", exit->dump);
	json_close(&json);
}

int policy_log(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "[account|place]",
		.doc = "Show how the last policies left, the newest first: when, which one, the "
		       "kind of exit and its code, why, and what it had been asked.\v"
		       "Examples:\n"
		       "  ioasidctl policy log\n"
		       "  ioasidctl policy log -v place\n"
		       "  ioasidctl policy log --json | jq .text\n",
	};
	struct line lines[POLICY_KINDS * IOASID_EXITS_MOST];
	struct request request = { 0 };
	int count = 0;

	argp_parse(&argp, argc, argv, 0, NULL, &request);
	tool_need_module();
	for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++)
		if (!request.kind || !strcmp(request.kind, policy_kind_names[kind]))
			count += read_kind(kind, lines + count);
	qsort(lines, count, sizeof(lines[0]), compare);
	for (int i = 0; i < count; i++) {
		if (request.as_json)
			show_json(&lines[i]);
		else
			show_text(&request, &lines[i]);
	}
	return 0;
}
