/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioasid-trace - where the time of map and unmap calls goes, what is slow, who pins, what is
 * refused.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "export.h"
#include "live.h"
#include "option.h"
#include "record.h"
#include "report.h"
#include "tool.h"

#define NSEC_PER_USEC 1000ULL

enum {
	OPTION_JSON = 256,
	OPTION_EVENTS,
	OPTION_OP,
	OPTION_BY,
	OPTION_CUMULATIVE,
	OPTION_MIN_US,
	OPTION_BUFFER,
	OPTION_ADDRESSES,
	OPTION_BACKEND,
};

static struct json json;

static struct {
	struct live live;
	const char *operations; /* as --op has them, NULL: none are asked for */
	bool has_by;
	bool has_from;
} settings = {
	.live = {
		.model = &model_hist,
		.backend = &backend_ioasid,
		.buffer = 1 << 20,
		.options.from_ns = 1000 * NSEC_PER_USEC,
		.options.stack = live_stack,
	},
};

/* clang-format off */
static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "What is looked at:", 1 },
	{ "pid", 'p', "PID", 0, "Calls of this process only", 0 },
	{ "ioas", 'i', "IOAS", 0, "Calls on this address space only, by its number", 0 },
	{ "op", OPTION_OP, "LIST", 0,
	  "These operations only: map,unmap,pin,unpin,attach,detach", 0 },
	{ "duration", 'd', "SECONDS", 0, "End after SECONDS", 0 },
	{ "buffer", OPTION_BUFFER, "SIZE", 0,
	  "Bytes of the buffer for events, such as 16M [1M]", 0 },
	{ "backend", OPTION_BACKEND, "NAME", 0,
	  "ioasid, or vfio: the kernel's own vfio_iommu_type1 [ioasid]", 0 },
	{ NULL, 0, NULL, 0, "How it is shown:", 2 },
	{ "by", OPTION_BY, "WHAT", 0,
	  "hist: one for each process, ioas, device, size or policy", 0 },
	{ "cumulative", OPTION_CUMULATIVE, NULL, 0,
	  "In each interval, what there was since the start", 0 },
	{ "min-us", OPTION_MIN_US, "N", 0, "slow: N microseconds are slow [1000]", 0 },
	{ "events", OPTION_EVENTS, NULL, 0,
	  "hist: show each attach and detach, and each call that is refused, as it happens", 0 },
	{ "addresses", OPTION_ADDRESSES, NULL, 0, "Show user addresses", 0 },
	{ "json", OPTION_JSON, NULL, 0, "Show JSON, one object a line", 0 },
	{ "verbose", 'v', NULL, 0, "Show what libbpf says", -1 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", -1 },
	{ 0 },
};
/* clang-format on */

static const char documentation[] =
	"Show where the time of map and unmap calls goes, what is slow or refused, and\n"
	"who pins memory. Modes:\n"
	"  hist     calls by the time they take (this is what it does without MODE)\n"
	"  phases   how much of it is policy, pinning, placement, table, flush\n"
	"  slow     each slow or failed call, with its phases, verdict and stacks\n"
	"  pins     who pins, how much, in what runs, for how long\n"
	"Instead of a mode, each with a --help of its own:\n"
	"  record   everything into a file\n"
	"  report   show what was recorded, in any mode\n"
	"  export   for ui.perfetto.dev, or for flame graphs\v"
	"Shows what there was every INTERVAL seconds, COUNT times, and in the end the\n"
	"whole; without INTERVAL only the whole, on Ctrl-C. Only calls that succeed are\n"
	"timed; errors are counted apart. Reused pages were pinned already when a call\n"
	"mapped them. Percentiles are at most 3.2 % off. Lost events are calls that the\n"
	"kernel could not report. Attaches and detaches of devices, and of tables that\n"
	"user space walks, are counted likewise when there are any. By device, a call\n"
	"counts for each device that its address space is attached to.\n\n"
	"A line of --events has the seconds since the start, what was called, the\n"
	"process, the address space, and then\n"
	"  0000:00:04.0 group 5 container 2: 92K, 1.20ms\n"
	"      a group of devices ('+1' after its first: one more) with its VFIO\n"
	"      container, what was mapped when it was attached or detached, the time\n"
	"  4K: ENOMEM charge/builtin, 20K of 20K used by process\n"
	"      what was asked for, the error, which step refused it, for an account\n"
	"      policy's limit or for another reason\n\n"
	"Examples:\n"
	"  ioasid-trace                      count until Ctrl-C, then show\n"
	"  ioasid-trace -p 4711 1            one process, every second\n"
	"  ioasid-trace --by device 5 12     by device, every five seconds, a minute\n"
	"  ioasid-trace phases -d 10         what ten seconds of calls were spent on\n"
	"  ioasid-trace slow --min-us 500    calls of 500 us and more, and why\n"
	"  ioasid-trace pins -p 4711         what a process pins\n"
	"  ioasid-trace --events             devices that come and go, and refusals\n"
	"  ioasid-trace --json 1 | jq 'select(.record == \"hist\") | .p99'\n";

/* A word that is no option: a mode if it is the name of one, else the interval, then the count. */
static void parse_argument(char *argument, struct argp_state *state)
{
	static unsigned int numbers;
	static bool has_mode;
	const struct model *model = model_find(argument);

	if (model && !has_mode && !numbers) {
		settings.live.model = model;
		has_mode = true;
	} else if (numbers == 0) {
		if (!strchr("0123456789.", *argument))
			argp_error(state, "'%s' is no mode; there are: hist, phases, slow, pins",
				   argument);
		settings.live.interval_ns = tool_seconds(state, argument);
		numbers++;
	} else if (numbers == 1) {
		settings.live.count =
			tool_number(state, "number of intervals", argument, 1, UINT64_MAX);
		numbers++;
	} else {
		argp_error(state, "what is '%s'?", argument);
	}
}

/* What goes together. */
static void check(struct argp_state *state)
{
	struct live *live = &settings.live;
	uint32_t pins = OPERATION_BIT(OPERATION_PIN) | OPERATION_BIT(OPERATION_UNPIN);
	uint32_t asked = live->options.operations;

	if (asked & ~live->model->possible)
		argp_error(state, "%s knows not all of '%s'", live->model->name,
			   settings.operations);
	if (live->filter.ioas && (asked & pins || live->model == &model_pins))
		argp_error(state, "pins belong to processes, not to an address space: use -p");
	if (live->options.by && live->model != &model_hist)
		argp_error(state, "--by is for hist");
	if (live->events && live->model != &model_hist)
		argp_error(state, "--events is for hist; slow has each call");
	if (settings.has_from && live->model != &model_slow)
		argp_error(state, "--min-us is for slow");
	if (live->model == &model_slow && live->interval_ns)
		argp_error(state, "slow shows calls as they end, not in intervals");
	if (asked & ~live->backend->operations)
		argp_error(state, "the backend %s knows not all of '%s'", live->backend->name,
			   settings.operations);
	live->filter.operations = (asked ?: live->model->operations) & live->backend->operations;
	if (!live->filter.operations)
		argp_error(state, "the backend %s has nothing for %s", live->backend->name,
			   live->model->name);
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct live *live = &settings.live;

	switch (key) {
	case 'p':
		live->filter.tgid = tool_number(state, "process", argument, 1, INT_MAX);
		return 0;
	case 'i':
		live->filter.ioas =
			tool_number(state, "number of an address space", argument, 1, UINT64_MAX);
		return 0;
	case 'd':
		live->duration_ns = tool_seconds(state, argument);
		return 0;
	case OPTION_OP:
		live->options.operations = option_operations(state, argument);
		settings.operations = argument;
		return 0;
	case OPTION_BY:
		live->options.by = option_by(state, argument);
		return 0;
	case OPTION_CUMULATIVE:
		live->view.cumulative = true;
		return 0;
	case OPTION_MIN_US:
		live->options.from_ns = NSEC_PER_USEC * tool_number(state, "number of microseconds",
								    argument, 0, UINT32_MAX);
		settings.has_from = true;
		return 0;
	case OPTION_BUFFER:
		live->buffer = option_buffer(state, argument);
		return 0;
	case OPTION_BACKEND:
		live->backend = option_backend(state, argument);
		return 0;
	case OPTION_ADDRESSES:
		live->view.addresses = true;
		return 0;
	case OPTION_EVENTS:
		live->events = true;
		return 0;
	case OPTION_JSON:
		live->view.json = &json;
		return 0;
	case 'v':
		tool_set_verbose();
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		parse_argument(argument, state);
		return 0;
	case ARGP_KEY_END:
		check(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool has_colours(void)
{
	const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && terminal &&
	       strcmp(terminal, "dumb");
}

/* What is done instead of a mode when the first word says so. */
static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "record", record_main },
	{ "report", report_main },
	{ "export", export_main },
	{ 0 },
};

static const struct command *find_command(const char *name)
{
	for (const struct command *command = commands; name && command->name; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "[MODE] [INTERVAL [COUNT]]",
		.doc = documentation,
	};
	const struct command *command = find_command(argv[1]);

	tool_start("ioasid-trace");
	if (command)
		return command->run(argc - 1, argv + 1);
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	json.out = stdout;
	settings.live.view.out = stdout;
	settings.live.view.colours = has_colours();
	live_run(&settings.live);
	return 0;
}
