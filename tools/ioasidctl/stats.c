/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "stats.h"
#include "tool.h"
#include "which.h"

enum {
	OPTION_JSON = 256,
};

/**
 * struct request - what the command line asks for
 * @interval_ns: between two looks; 0: one look only
 * @count: of intervals
 * @as_json: show JSON
 */
struct request {
	uint64_t interval_ns;
	uint64_t count;
	bool as_json;
};

/**
 * struct look - the policies at a moment
 * @policies: those attached
 * @count: of these
 */
struct look {
	struct policy_attached *policies;
	int count;
};

static const struct argp_option options[] = {
	{ "json", OPTION_JSON, NULL, 0, "Show JSON, one object a line", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", 0 },
	{ 0 },
};

static void take_argument(struct request *request, char *argument, struct argp_state *state)
{
	if (!request->interval_ns)
		request->interval_ns = tool_seconds(state, argument);
	else if (request->count == UINT64_MAX)
		request->count =
			tool_number(state, "number of intervals", argument, 1, UINT64_MAX - 1);
	else
		argp_error(state, "what is '%s'?", argument);
}

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
		take_argument(request, argument, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_text(double seconds, const struct policy_attached *policy)
{
	printf("%9.1f  %-7s %-15s %-7s %12" PRIu64 " %12" PRIu64 "\n", seconds,
	       policy_kind_names[policy->kind], policy->name, policy->state, policy->asked,
	       policy->refused);
}

static void print_json(double seconds, const struct policy_attached *policy)
{
	struct json json = { .out = stdout };

	json_open(&json, NULL);
	json_string(&json, "record", "stats");
	json_number(&json, "ms", seconds * 1000);
	json_string(&json, "kind", policy_kind_names[policy->kind]);
	json_string(&json, "name", policy->name);
	json_string(&json, "state", policy->state);
	json_number(&json, "epoch", policy->epoch);
	json_number(&json, "asked", policy->asked);
	json_number(&json, "refused", policy->refused);
	json_close(&json);
}

/* What it was when we looked before; zeros for one that has come since. */
static struct policy_attached before(const struct look *last, const struct policy_attached *now)
{
	for (int i = 0; i < last->count; i++)
		if (last->policies[i].epoch == now->epoch)
			return last->policies[i];
	return (struct policy_attached){ 0 };
}

static void print(const struct request *request, double seconds, const struct look *now,
		  const struct look *last)
{
	for (int i = 0; i < now->count; i++) {
		struct policy_attached policy = now->policies[i], then = before(last, &policy);

		policy.asked -= then.asked;
		policy.refused -= then.refused;
		if (request->as_json)
			print_json(seconds, &policy);
		else
			print_text(seconds, &policy);
	}
	fflush(stdout);
}

static void look(struct look *now)
{
	now->count = which_all(&now->policies);
}

static void watch(const struct request *request)
{
	uint64_t start = tool_now_ns();
	struct look last, now;

	look(&last);
	for (uint64_t i = 1; i <= request->count; i++) {
		if (!tool_wait(start + i * request->interval_ns))
			break;
		look(&now);
		print(request, (tool_now_ns() - start) / 1e9, &now, &last);
		free(last.policies);
		last = now;
	}
	free(last.policies);
}

int policy_stats(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "[INTERVAL [COUNT]]",
		.doc = "Show what each policy was asked and has refused: since it was loaded; or "
		       "in each INTERVAL of so many seconds, COUNT times.\v"
		       "Examples:\n"
		       "  ioasidctl policy stats\n"
		       "  ioasidctl policy stats 1 10\n",
	};
	struct request request = { .count = UINT64_MAX };
	struct look now, none = { 0 };

	argp_parse(&argp, argc, argv, 0, NULL, &request);
	tool_need_module();
	tool_catch_signals();
	if (!request.as_json)
		printf("%9s  %-7s %-15s %-7s %12s %12s\n", "SECONDS", "KIND", "POLICY", "STATE",
		       "ASKED", "REFUSED");
	if (request.interval_ns) {
		watch(&request);
		return 0;
	}
	look(&now);
	print(&request, 0, &now, &none);
	free(now.policies);
	return 0;
}
