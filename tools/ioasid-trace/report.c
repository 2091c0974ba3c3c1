/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "filter.h"
#include "option.h"
#include "recording.h"
#include "report.h"
#include "tool.h"

#define NSEC_PER_USEC 1000ULL

enum {
	OPTION_BY = 256,
	OPTION_MIN,
	OPTION_JSON,
	OPTION_ADDRESSES,
	OPTION_HEADER,
};

static struct {
	const char *path;
	const struct model *model;
	struct filter filter;
	struct model_options options;
	struct view view;
	bool has_from;
	bool json;
	bool header;
} settings = {
	.model = &model_hist,
	.options.from_ns = 1000 * NSEC_PER_USEC,
};

/* Models ask for stacks without saying whose. */
static struct recording *recording;

static const struct argp_option options[] = {
	{ "by", OPTION_BY, "WHAT", 0, "hist: for each process, ioas, device, size or policy", 0 },
	{ "min-us", OPTION_MIN, "N", 0, "slow: N microseconds are slow [1000]", 0 },
	{ "json", OPTION_JSON, NULL, 0, "Show JSON, one object a line", 0 },
	{ "addresses", OPTION_ADDRESSES, NULL, 0, "Show addresses of programs' memory", 0 },
	{ "header", OPTION_HEADER, NULL, 0, "Show where and when it was recorded", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", 0 },
	{ 0 },
};

static const char documentation[] =
	"Show what ioasid-trace record has recorded, on whatever machine.\v"
	"MODE is hist (default), phases, slow or pins, as of ioasid-trace itself.\n"
	"What of a file that was cut off is there is shown.\n\n"
	"Examples:\n"
	"  ioasid-trace report calls                    times of all calls\n"
	"  ioasid-trace report calls --by process       of each process\n"
	"  ioasid-trace report calls phases --op map    where the time of map calls went\n"
	"  ioasid-trace report calls slow --min-us 500  what took long, or failed\n"
	"  ioasid-trace report calls --header           where it was recorded\n";

static const struct argp_child children[] = { { &filter_argp, 0, "Which calls:", 1 }, { 0 } };

static error_t parse_argument(char *argument, struct argp_state *state)
{
	if (state->arg_num == 0) {
		settings.path = argument;
	} else if (state->arg_num == 1) {
		settings.model = model_find(argument);
		if (!settings.model)
			argp_error(state, "mode '%s' is none of hist, phases, slow, pins",
				   argument);
	} else {
		argp_error(state, "what is '%s'?", argument);
	}
	return 0;
}

/* What goes together. */
static void check(struct argp_state *state)
{
	uint32_t asked = settings.filter.operations;
	uint32_t pins = OPERATION_BIT(OPERATION_PIN) | OPERATION_BIT(OPERATION_UNPIN);

	if (asked & ~settings.model->possible)
		argp_error(state, "%s knows not all operations of --op", settings.model->name);
	if (settings.filter.ioas && (asked & pins || settings.model == &model_pins))
		argp_error(state, "pins belong to processes, not to an address space: use -p");
	if (settings.options.by && settings.model != &model_hist)
		argp_error(state, "--by is for hist");
	if (settings.has_from && settings.model != &model_slow)
		argp_error(state, "--min-us is for slow");
	settings.options.operations = asked;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &settings.filter;
		return 0;
	case OPTION_BY:
		settings.options.by = option_by(state, argument);
		return 0;
	case OPTION_MIN:
		settings.options.from_ns =
			NSEC_PER_USEC *
			tool_number(state, "number of microseconds", argument, 0, UINT32_MAX);
		settings.has_from = true;
		return 0;
	case OPTION_JSON:
		settings.json = true;
		return 0;
	case OPTION_ADDRESSES:
		settings.view.addresses = true;
		return 0;
	case OPTION_HEADER:
		settings.header = true;
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		return parse_argument(argument, state);
	case ARGP_KEY_END:
		check(state);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which file? ioasid-trace record has made one");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static unsigned int stack(const struct event *event, bool of_user, struct frame *frames)
{
	return recording_stack(recording, event, of_user, frames);
}

static void show_header(const struct recording_header *header)
{
	time_t when = header->start_wall_ns / 1000000000;
	char text[64];

	strftime(text, sizeof(text), "%F %T %z", localtime(&when));
	printf("recorded: %s\ncommand:  %s\nkernel:   %s\nmodule:   %s\nbackend:  %s\n"
	       "CPUs:     %u\npage:     %u bytes\nclock:    CLOCK_MONOTONIC\n",
	       text, header->command, header->kernel, header->module[0] ? header->module : "-",
	       header->backend, header->cpus, header->page_size);
}

static void show_header_json(const struct recording_header *header)
{
	struct json json = { .out = stdout };

	json_open(&json, NULL);
	json_string(&json, "record", "header");
	json_number(&json, "recorded", header->start_wall_ns);
	json_string(&json, "command", header->command);
	json_string(&json, "kernel", header->kernel);
	json_string(&json, "module", header->module);
	json_string(&json, "backend", header->backend);
	json_number(&json, "cpus", header->cpus);
	json_number(&json, "page_size", header->page_size);
	json_string(&json, "clock", "CLOCK_MONOTONIC");
	json_close(&json);
}

/* Returns the model with all events that are wanted. */
static void *replay(void)
{
	struct filter filter = settings.filter;
	void *model = settings.model->create(&settings.options);
	struct event *event;

	if (!filter.operations)
		filter.operations = settings.model->operations;
	while ((event = recording_next(recording)))
		if (filter_takes(&filter, event))
			settings.model->add(model, event);
	return model;
}

static void show(void)
{
	struct json json = { .out = stdout };
	struct view *view = &settings.view;
	void *model;

	view->out = stdout;
	view->json = settings.json ? &json : NULL;
	view->start_ns = recording_header(recording)->start_ns;
	view_schema(view);
	model = replay();
	view->duration_ns = recording_duration_ns(recording);
	settings.model->show(model, view);
	losses_show(recording_losses(recording), view);
	settings.model->destroy(model);
}

int report_main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "FILE [MODE]",
		.doc = documentation,
		.children = children,
	};

	settings.options.stack = stack;
	argv[0] = "ioasid-trace report";
	argp_parse(&argp, argc, argv, 0, NULL, NULL);

	recording = recording_open(settings.path);
	bytes_set_page(recording_header(recording)->page_size);
	if (settings.header && settings.json)
		show_header_json(recording_header(recording));
	else if (settings.header)
		show_header(recording_header(recording));
	else
		show();
	recording_close(recording);
	if (fflush(stdout))
		tool_die("the output cannot be written: %m");
	return 0;
}
