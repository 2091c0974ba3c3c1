/* SPDX-License-Identifier: GPL-2.0-only */
#include <argp.h>
#include <stdio.h>

#include "export.h"
#include "filter.h"
#include "tool.h"

enum {
	OPTION_PERFETTO = 256,
	OPTION_FOLDED,
	OPTION_ADDRESSES,
};

static struct {
	const char *path;
	const char *output; /* NULL: stdout */
	void (*format)(struct recording *recording, const struct export_options *options);
	struct export_options options;
} settings;

static const struct argp_option options[] = {
	{ "perfetto", OPTION_PERFETTO, NULL, 0, "As JSON that ui.perfetto.dev opens", 0 },
	{ "folded", OPTION_FOLDED, NULL, 0, "As folded stacks, for flame graphs", 0 },
	{ "output", 'o', "FILE", 0, "Write to FILE instead of stdout", 0 },
	{ "addresses", OPTION_ADDRESSES, NULL, 0, "With addresses of programs' memory", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", 0 },
	{ 0 },
};

static const char documentation[] =
	"Give what ioasid-trace record has recorded to other programs.\v"
	"--perfetto: a track for each thread and for each address space. Calls are\n"
	"slices, their phases slices in them; failed calls are instants; memory that\n"
	"is pinned is a counter. How long a phase took is exact; in its call the\n"
	"phases lie one after another in the order of the steps. Memory that was\n"
	"pinned before and stays so is not in the counter.\n\n"
	"--folded: a line for each stack, with the operation, the phase and\n"
	"nanoseconds. Stacks are there if 'record --stacks' recorded them. Pins that a\n"
	"map call makes are in its phase; '--op pin' has them by themselves.\n\n"
	"Examples:\n"
	"  ioasid-trace export calls --perfetto -o calls.json\n"
	"  ioasid-trace export calls --folded | flamegraph.pl >calls.svg\n";

static const struct argp_child children[] = { { &filter_argp, 0, "Which calls:", 1 }, { 0 } };

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &settings.options.filter;
		return 0;
	case OPTION_PERFETTO:
		settings.format = export_perfetto;
		return 0;
	case OPTION_FOLDED:
		settings.format = export_folded;
		return 0;
	case 'o':
		settings.output = argument;
		return 0;
	case OPTION_ADDRESSES:
		settings.options.addresses = true;
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		if (settings.path)
			argp_error(state, "what is '%s'?", argument);
		settings.path = argument;
		return 0;
	case ARGP_KEY_END:
		if (!settings.path)
			argp_error(state, "which file? ioasid-trace record has made one");
		if (!settings.format)
			argp_error(state, "as what? Say --perfetto or --folded");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int export_main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "FILE",
		.doc = documentation,
		.children = children,
	};
	const char *output;
	struct recording *recording;

	argv[0] = "ioasid-trace export";
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	output = settings.output ?: "the output";
	recording = recording_open(settings.path);
	settings.options.out = settings.output ? fopen(settings.output, "we") : stdout;
	if (!settings.options.out)
		tool_die("%s cannot be written: %m", output);
	settings.format(recording, &settings.options);
	if (fflush(settings.options.out) || ferror(settings.options.out) ||
	    (settings.output && fclose(settings.options.out)))
		tool_die("%s cannot be written: %m", output);
	recording_close(recording);
	return 0;
}
