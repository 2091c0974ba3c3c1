/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "leave.h"
#include "pins.h"
#include "programs.h"
#include "tool.h"
#include "which.h"

/* How long one that is ejected may take to be out, in hundredths of a second. */
#define PATIENCE 3000

/**
 * struct request - what the command line asks for
 * @which: policy
 * @why: it is ejected
 */
struct request {
	const char *which;
	char why[128];
};

static const struct argp_option options[] = {
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", 0 },
	{ 0 },
};

static error_t parse_common(struct request *request, int key, struct argp_state *state)
{
	switch (key) {
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_END:
		if (!request->which)
			argp_error(state, "say which: account, place or a policy's name");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_unload(int key, char *argument, struct argp_state *state)
{
	struct request *request = state->input;

	if (key != ARGP_KEY_ARG)
		return parse_common(request, key, state);
	if (request->which)
		argp_error(state, "one policy at a time");
	request->which = argument;
	return 0;
}

/* The words of the reason may come one by one. */
static error_t parse_eject(int key, char *argument, struct argp_state *state)
{
	struct request *request = state->input;
	size_t length = strlen(request->why);

	if (key != ARGP_KEY_ARG)
		return parse_common(request, key, state);
	if (request->which)
		snprintf(request->why + length, sizeof(request->why) - length, "%s%s",
			 length ? " " : "", argument);
	else
		request->which = argument;
	return 0;
}

static void detach(const struct policy_attached *policy)
{
	struct programs programs;
	int fd, error;

	if (!programs_find(policy->kind, policy->name, &programs))
		return;
	fd = bpf_link_get_fd_by_id(programs.link);
	if (fd < 0)
		return;
	error = bpf_link_detach(fd);
	close(fd);
	if (error && error != -ENOLINK)
		tool_die("the policy '%s' cannot be detached: %s", policy->name, strerror(-error));
}

static bool is_there(const struct policy_attached *policy)
{
	struct policy_attached now;

	return policy_attached_find(policy->kind, policy->name, &now) && now.epoch == policy->epoch;
}

static void wait_until_out(const struct policy_attached *policy)
{
	for (int i = 0; i < PATIENCE; i++) {
		if (!is_there(policy))
			return;
		usleep(10000);
	}
	tool_die("the policy '%s' decides nothing any more, but is not out yet", policy->name);
}

/* The core lets go of the link a moment after the module has let go of the policy. */
static void forget(const struct policy_attached *policy)
{
	bool is_default = strcmp(policy->state, "named") != 0;
	char path[PIN_PATH_SIZE];

	pins_link_path(policy_kind_names[policy->kind], is_default ? NULL : policy->name, path);
	for (int i = 0; i < 100 && pins_has(path); i++)
		usleep(10000);
	pins_sweep();
}

int policy_unload(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_unload,
		.args_doc = "account|place|NAME",
		.doc = "Take a policy away, whoever loaded it. The built-in policy decides when "
		       "it was the default one.\v"
		       "Example:\n"
		       "  ioasidctl policy unload account\n",
	};
	struct policy_attached policy;
	struct request request = { 0 };

	argp_parse(&argp, argc, argv, 0, NULL, &request);
	tool_need_bpf();
	which_one(request.which, &policy);
	detach(&policy);
	wait_until_out(&policy);
	forget(&policy);
	return 0;
}

static void eject(const struct policy_attached *policy, const char *why)
{
	bool is_default = !strcmp(policy->state, "default");
	int fd = open(IOASID_POLICY_DIRECTORY "/eject", O_WRONLY | O_CLOEXEC);
	char text[256];
	int size;

	if (fd < 0)
		tool_die("the policy '%s' cannot be ejected: %m; try: sudo ioasidctl policy eject",
			 policy->name);
	size = snprintf(text, sizeof(text), "%s %s",
			is_default ? policy_kind_names[policy->kind] : policy->name, why);
	if (write(fd, text, size) < 0 && errno != ENOENT)
		tool_die("the policy '%s' cannot be ejected: %m", policy->name);
	close(fd);
}

int policy_eject(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_eject,
		.args_doc = "account|place|NAME [WHY...]",
		.doc = "Let the module throw a policy out, as it does with one that breaks its "
		       "rules: at once nobody is given its answers any more. WHY is kept, see "
		       "'ioasidctl policy log'.\v"
		       "Example:\n"
		       "  ioasidctl policy eject account it refuses my backups\n",
	};
	struct policy_attached policy;
	struct request request = { 0 };

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &request);
	tool_need_module();
	which_one(request.which, &policy);
	eject(&policy, request.why);
	wait_until_out(&policy);
	forget(&policy);
	return 0;
}
