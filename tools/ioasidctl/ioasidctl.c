/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioasidctl - load, look after and unload policies; audit the ledger.
 */
#include <stdio.h>
#include <string.h>

#include "ioasidctl.h"
#include "tool.h"

static const struct command commands[] = {
	{ "policy", "ioasidctl policy", command_policy },
	{ "audit", "ioasidctl audit", command_audit },
	{ 0 },
};

static const struct argp_option options[] = {
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", 0 },
	{ 0 },
};

static const char arguments[] = "policy VERB...\naudit [--json]";

static const char documentation[] =
	"Load, look after and unload the policies of ioasid, and audit its ledger.\v"
	"policy load    load the policies in a BPF object file; they stay when\n"
	"               ioasidctl ends\n"
	"policy swap    load one in the place of the one that is loaded, without a gap\n"
	"policy unload  take a policy away; the built-in one decides then\n"
	"policy eject   have it thrown out, and keep why\n"
	"policy list    show who decides, what was asked, and how the last one ended\n"
	"policy show    show a policy's callbacks, maps and constants\n"
	"policy stats   show what policies are asked and refuse as it goes on\n"
	"policy log     show how the last policies left\n"
	"policy map     show or change what is in a policy's maps\n"
	"audit          compare the ledger with what is pinned and mapped; fails when\n"
	"               they disagree\n\n"
	"Examples:\n"
	"  ioasidctl policy load uid_quota.bpf.o --set quota_pages=64K\n"
	"  ioasidctl policy list --json | jq .name\n"
	"  ioasidctl policy eject account it refuses my backups\n"
	"  ioasidctl policy unload account\n"
	"  ioasidctl audit\n\n"
	"'ioasidctl policy load --help' and so on tell the options of a verb.\n";

const struct command *command_find(const struct command *list, const char *word)
{
	for (; list->word; list++)
		if (!strcmp(list->word, word))
			return list;
	return NULL;
}

int command_run(const struct command *command, int argc, char **argv)
{
	argv[0] = (char *)command->name;
	return command->run(argc, argv);
}

/* Where the verb is, so that what follows it is parsed by the verb. */
struct choice {
	const struct command *list;
	const struct command *command;
	int index;
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct choice *choice = state->input;

	switch (key) {
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		choice->command = command_find(choice->list, argument);
		if (!choice->command)
			argp_error(state, "there is no verb '%s'", argument);
		choice->index = state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "say which verb");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int command_choose(const struct command *list, const char *args_doc, const char *doc, int argc,
		   char **argv)
{
	const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = args_doc,
		.doc = doc,
	};
	struct choice choice = { .list = list };

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &choice);
	return command_run(choice.command, argc - choice.index, argv + choice.index);
}

int main(int argc, char **argv)
{
	tool_start("ioasidctl");
	return command_choose(commands, arguments, documentation, argc, argv);
}
