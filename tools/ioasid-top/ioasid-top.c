/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioasid-top - which processes have how much memory pinned, charged and mapped, and which devices
 * reach it.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "render.h"
#include "tool.h"

enum {
	OPTION_JSON = 256,
	OPTION_ONCE,
	OPTION_BYTES,
	OPTION_VIEW,
};

static struct {
	const struct renderer *renderer;
	struct selection selection;
	const char *sort; /* a column's name; NULL: the view's first choice */
	uint64_t delay_ns;
	uint64_t count; /* snapshots to show, 0 is until a signal */
	bool is_batch;
} settings = {
	.delay_ns = 2000000000,
};

static const struct argp_option options[] = {
	{ "once", OPTION_ONCE, NULL, 0, "Show one table and end", 0 },
	{ "batch", 'b', NULL, 0, "Show tables one after another, without clearing the screen", 0 },
	{ "count", 'n', "COUNT", 0, "End after COUNT tables", 0 },
	{ "delay", 'd', "SECONDS", 0, "Time between two tables (2)", 0 },
	{ "view", OPTION_VIEW, "VIEW", 0, "Show 'processes' (the default) or 'devices'", 0 },
	{ "pid", 'p', "PID", 0, "Show this process only", 0 },
	{ "sort", 's', "KEY", 0,
	  "Sort by this column (pinned; of devices: device); 'help' lists the view's", 0 },
	{ "bytes", OPTION_BYTES, NULL, 0, "Show all digits; wider than 80 columns", 0 },
	{ "json", OPTION_JSON, NULL, 0, "Show JSON, one object a line", 0 },
	{ "verbose", 'v', NULL, 0, "Show what libbpf says", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", 0 },
	{ 0 },
};

static const char documentation[] =
	"Show which processes have memory pinned and mapped for devices through ioasid,\nand which devices reach it.\v"
	"PINNED   memory that is pinned, each page once however often it is mapped\n"
	"CHARGED  of it, what the process is charged for, at most LIMIT ('-': no limit)\n"
	"MAPPED   memory that devices reach, counted in each I/O address space\n"
	"SHARED   of it, what is mapped more than once and so costs no pin\n"
	"PINS     groups of pages that are pinned together\n"
	"STALE    pinned memory whose address has got other memory since\n"
	"DEVS     devices that the process attached; shown while there are any at all\n\n"
	"--view devices shows the devices that are attached to address spaces:\n"
	"DEVICE     its PCI address; GROUP: its IOMMU group\n"
	"CONTAINER  the VFIO container that it belongs to ('-': none)\n"
	"IOAS       the address space, which devices of the same number share\n"
	"PID        process that attached it\n"
	"MAPPED     memory that it reaches, in so many mappings (MAPS)\n"
	"SINCE      time of day when it was attached; a date when that is long ago\n\n"
	"Sizes are in units of 1024 bytes. 'gone' marks a process that has ended while\n"
	"its pages are still mapped.\n\n"
	"Examples:\n"
	"  ioasid-top                     a table every 2 seconds, until Ctrl-C\n"
	"  ioasid-top --once              one table\n"
	"  ioasid-top -b -n 10 -d 0.5     ten tables, two a second, for a file\n"
	"  ioasid-top -p 4711 --once      one process\n"
	"  ioasid-top --view devices      which devices reach how much of whose memory\n"
	"  ioasid-top --once --json | jq 'select(.record == \"process\") | .pinned'\n"
	"  ioasid-top --once --json --view devices | jq -r 'select(.device) | .device'\n";

static const char *const view_names[VIEWS] = {
	[VIEW_PROCESSES] = "processes",
	[VIEW_DEVICES] = "devices",
};

static const enum column sorted_at_first[VIEWS] = {
	[VIEW_PROCESSES] = COLUMN_PINNED,
	[VIEW_DEVICES] = COLUMN_DEVICE,
};

static enum view parse_view(struct argp_state *state, const char *name)
{
	enum view view = 0;

	while (view < VIEWS && strcmp(name, view_names[view]))
		view++;
	if (view == VIEWS)
		argp_error(state, "there is no view '%s'; there are: processes, devices", name);
	return view;
}

/* When the view is known, which may be said after it. */
static enum column parse_column(struct argp_state *state, enum view view, const char *name)
{
	enum column column;

	if (!name)
		return sorted_at_first[view];
	if (!strcmp(name, "help")) {
		render_list_columns(view);
		exit(0);
	}
	column = render_column(view, name);
	if (column == COLUMNS)
		argp_error(state, "there is no column '%s'; '--sort help' lists them", name);
	return column;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	switch (key) {
	case OPTION_ONCE:
		settings.count = 1;
		settings.is_batch = true;
		return 0;
	case 'b':
		settings.is_batch = true;
		return 0;
	case 'n':
		settings.count = tool_number(state, "number of tables", argument, 1, UINT64_MAX);
		return 0;
	case 'd':
		settings.delay_ns = tool_seconds(state, argument);
		return 0;
	case 'p':
		settings.selection.pid = tool_number(state, "process", argument, 1, INT_MAX);
		return 0;
	case 's':
		settings.sort = argument;
		return 0;
	case OPTION_VIEW:
		settings.selection.view = parse_view(state, argument);
		return 0;
	case OPTION_BYTES:
		settings.renderer = &render_bytes;
		return 0;
	case OPTION_JSON:
		settings.renderer = &render_json;
		return 0;
	case 'v':
		tool_set_verbose();
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "what is '%s'?", argument);
		return 0;
	case ARGP_KEY_END:
		settings.selection.sort =
			parse_column(state, settings.selection.view, settings.sort);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct renderer *default_renderer(void)
{
	const char *terminal = getenv("TERM");
	bool can_clear = isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb");

	return settings.is_batch || !can_clear ? &render_table : &render_screen;
}

static void run(const struct renderer *renderer)
{
	uint64_t next = tool_now_ns();
	uint64_t shown = 0;

	do {
		renderer->show(snapshot_take(&settings.selection));
		if (fflush(stdout))
			tool_die("the output cannot be written: %m");
		if (++shown == settings.count)
			return;
		next += settings.delay_ns;
	} while (tool_wait(next));
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.doc = documentation,
	};
	const struct renderer *renderer;

	tool_start("ioasid-top");
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	renderer = settings.renderer ? settings.renderer : default_renderer();

	snapshot_start();
	tool_catch_signals();
	if (renderer->start)
		renderer->start();
	run(renderer);
	snapshot_end();
	return 0;
}
