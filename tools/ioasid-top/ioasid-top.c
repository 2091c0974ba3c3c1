/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioasid-top - who has how much memory pinned, charged and mapped for devices, how near the limits
 * are, and what maps and unmaps go on.
 */
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "render.h"
#include "tool.h"
#include "terminal.h"
#include "tui.h"

enum {
	OPTION_JSON = 256,
	OPTION_ONCE,
	OPTION_BYTES,
	OPTION_VIEW,
	OPTION_TREE,
	OPTION_CSV,
	OPTION_METRICS,
	OPTION_ALARM,
};

static struct {
	const struct renderer *renderer;
	struct selection selection;
	struct writing writing;
	const char *sort; /* a column's name; NULL: the view's first choice */
	const char *file; /* to write to, or NULL */
	uint64_t delay_ns;
	uint64_t count; /* snapshots to show, 0 is until a signal */
	bool is_batch;
	bool has_delay;
	bool no_colour;
	unsigned int given; /* TUI_GIVEN_* */
} settings = {
	.delay_ns = 2000000000,
	.writing.width = -1,
	.selection.level = LEVEL_IOAS,
};

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "What is shown:", 1 },
	{ "view", OPTION_VIEW, "VIEW", 0,
	  "processes (the default), cgroups, users, ioas (address spaces), devices, pins (of the "
	  "process that -p names), policies",
	  0 },
	{ "tree", OPTION_TREE, "LEVEL", OPTION_ARG_OPTIONAL,
	  "cgroup > process > ioas > mapping, down to LEVEL, one of these (ioas)", 0 },
	{ "pid", 'p', "PID", 0, "This process only", 0 },
	{ "filter", 'F', "TEXT", 0, "Rows with TEXT in a name, a number of a process and the like",
	  0 },
	{ "sort", 's', "KEY", 0, "Sort by this column; 'help' lists the view's", 0 },
	{ "invert", 'I', NULL, 0, "The other way round", 0 },
	{ "alarm", OPTION_ALARM, "PERCENT", 0, "A limit is near from so much of it on (90)", 0 },

	{ NULL, 0, NULL, 0, "How it is shown:", 2 },
	{ "once", OPTION_ONCE, NULL, 0, "One table, then end", 0 },
	{ "batch", 'b', NULL, 0, "Tables one after another, without keys and colours", 0 },
	{ "json", OPTION_JSON, NULL, 0, "JSON, one object a line", 0 },
	{ "csv", OPTION_CSV, NULL, 0, "Comma-separated values, one line of names first", 0 },
	{ "openmetrics", OPTION_METRICS, "1.0", OPTION_ARG_OPTIONAL,
	  "Metrics in Prometheus's text format, or with =1.0 as OpenMetrics 1.0; see --output", 0 },
	{ "output", 'o', "FILE", 0,
	  "Into FILE; metrics go on and replace it as a whole each time, as collectors of text files "
	  "want it",
	  0 },
	{ "delay", 'd', "SECONDS", 0, "Time between two tables (2)", 0 },
	{ "count", 'n', "COUNT", 0, "End after COUNT tables", 0 },
	{ "width", 'w', "COLUMNS", 0, "Width of tables (the terminal's, or 80)", 0 },
	{ "bytes", OPTION_BYTES, NULL, 0, "All digits and all columns, as wide as it gets", 0 },
	{ "no-colour", 'C', NULL, 0, "No colours; so does NO_COLOR in the environment", 0 },
	{ "ascii", 'U', NULL, 0, "No characters beyond ASCII", 0 },

	{ "verbose", 'v', NULL, 0, "Show what libbpf says", -1 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", -1 },
	{ 0 },
};

static const char documentation[] =
	"Show who has memory pinned and mapped for devices through ioasid, how near the\n"
	"limits are, and what goes on.\v"
	"PINNED   memory that is pinned, each page once however often it is mapped\n"
	"LIMIT    the most that may be charged ('-': no limit); PRESS%: how much of it\n"
	"         is, with the trend of the last five snapshots\n"
	"MAPPED   memory that devices reach, counted in each I/O address space\n"
	"SHARE    how often a pinned page is mapped: MAPPED / PINNED\n"
	"MAP/s    map calls that succeeded; REFU/s: those that failed, and pins that a\n"
	"         limit refused ('-' in the first table: rates take two)\n"
	"P99      99 of 100 map calls of late took less than this\n\n"
	"'--sort help' explains all columns of a view; wider terminals have more of\n"
	"them, --bytes, --csv and --json all. Sizes are in units of 1024 bytes. 'gone'\n"
	"marks a process that has ended while its pages are still mapped.\n\n"
	"Examples:\n"
	"  ioasid-top                     with keys; h shows which\n"
	"  ioasid-top --once              one table\n"
	"  ioasid-top -b 0.5 10           ten tables, two a second, for a file\n"
	"  ioasid-top --once -s pressure  who is nearest to the limit first\n"
	"  ioasid-top --tree --once       cgroups, their processes and address spaces\n"
	"  ioasid-top --view devices      which devices reach how much of whose memory\n"
	"  ioasid-top --view pins -p 4711 --once\n"
	"  ioasid-top --once --json | jq 'select(.record == \"process\") | .pinned'\n"
	"  ioasid-top --openmetrics -o /var/lib/prometheus/node-exporter/ioasid.prom\n";

static enum view parse_view(struct argp_state *state, const char *name)
{
	enum view view = view_find(name);

	if (view == VIEWS)
		argp_error(state,
			   "there is no view '%s'; there are: processes, cgroups, users, ioas, "
			   "devices, pins, policies, tree",
			   name);
	return view;
}

static enum level parse_level(struct argp_state *state, const char *name)
{
	static const char *const names[LEVELS] = { "cgroup", "process", "ioas", "mapping" };
	enum level level = 0;

	if (!name)
		return LEVEL_IOAS;
	while (level < LEVELS && strcmp(name, names[level]))
		level++;
	if (level == LEVELS)
		argp_error(state,
			   "the tree has no level '%s'; it has: cgroup, process, ioas, "
			   "mapping",
			   name);
	return level;
}

/* When the view is known, which may be said after it. */
static const struct column *parse_column(struct argp_state *state, enum view view, const char *name)
{
	const struct column *column;

	if (!name)
		return column_default(view);
	if (!strcmp(name, "help")) {
		column_list(view, stdout);
		exit(0);
	}
	column = column_find(view, name);
	if (!column)
		argp_error(state, "there is no column '%s'; '--sort help' lists them", name);
	return column;
}

static const struct renderer *parse_metrics(struct argp_state *state, const char *version)
{
	if (!version)
		return &render_prometheus;
	if (strcmp(version, "1.0"))
		argp_error(state, "there is no OpenMetrics '%s', but 1.0", version);
	return &render_openmetrics;
}

static void parse_position(struct argp_state *state, const char *argument)
{
	if (state->arg_num > 1)
		argp_error(state, "what is '%s'?", argument);
	if (state->arg_num)
		settings.count = tool_number(state, "number of tables", argument, 1, UINT64_MAX);
	else
		settings.delay_ns = tool_seconds(state, argument);
	settings.has_delay = true;
	settings.given |= TUI_GIVEN_DELAY;
}

/* Metrics without a file are asked for once: a second page would not be one with the first. */
static void finish_options(struct argp_state *state)
{
	const struct selection *selection = &settings.selection;

	settings.selection.sort = parse_column(state, selection->view, settings.sort);
	if (selection->view == VIEW_PINS && !selection->pid)
		argp_error(state, "whose pins? Name the process with -p");
	if (!settings.renderer || !settings.renderer->replaces || settings.file)
		return;
	if (settings.count > 1 || settings.has_delay)
		argp_error(state, "metrics that go on need a file; name it with -o");
	settings.count = 1;
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
		settings.has_delay = true;
		settings.given |= TUI_GIVEN_DELAY;
		return 0;
	case 'p':
		settings.selection.pid = tool_number(state, "process", argument, 1, INT_MAX);
		return 0;
	case 'F':
		settings.selection.filter = argument;
		return 0;
	case 's':
		settings.sort = argument;
		settings.given |= TUI_GIVEN_SORT;
		return 0;
	case 'I':
		settings.selection.is_inverted = true;
		return 0;
	case OPTION_ALARM:
		table_alarm = tool_number(state, "percentage", argument, 1, 100);
		return 0;
	case OPTION_VIEW:
		settings.selection.view = parse_view(state, argument);
		settings.given |= TUI_GIVEN_VIEW;
		return 0;
	case OPTION_TREE:
		settings.selection.view = VIEW_TREE;
		settings.selection.level = parse_level(state, argument);
		settings.given |= TUI_GIVEN_VIEW;
		return 0;
	case OPTION_BYTES:
		settings.writing.style.all_digits = true;
		settings.writing.width = 0;
		settings.is_batch = true;
		return 0;
	case OPTION_JSON:
		settings.renderer = &render_json;
		settings.is_batch = true;
		return 0;
	case OPTION_CSV:
		settings.renderer = &render_csv;
		settings.is_batch = true;
		return 0;
	case OPTION_METRICS:
		settings.renderer = parse_metrics(state, argument);
		settings.is_batch = true;
		return 0;
	case 'o':
		settings.file = argument;
		settings.is_batch = true;
		return 0;
	case 'w':
		settings.writing.width = tool_number(state, "width", argument, 20, 10000);
		return 0;
	case 'C':
		settings.no_colour = true;
		return 0;
	case 'U':
		settings.writing.style.is_ascii = true;
		return 0;
	case 'v':
		tool_set_verbose();
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		parse_position(state, argument);
		return 0;
	case ARGP_KEY_END:
		finish_options(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int terminal_width(void)
{
	struct winsize size;

	if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col >= 20)
		return size.ws_col;
	return 80;
}

/* Beside the file, so that it can take its place in one step. */
static FILE *open_page(char *name, size_t size)
{
	FILE *file;

	if ((size_t)snprintf(name, size, "%s.new", settings.file) >= size)
		tool_die("the name of %s is too long", settings.file);
	file = fopen(name, "w");
	if (!file)
		tool_die("%s cannot be written: %m", name);
	return file;
}

static void replace_file(const struct renderer *renderer, const struct table *table)
{
	struct writing writing = settings.writing;
	char name[PATH_MAX];

	writing.out = open_page(name, sizeof(name));
	renderer->show(&writing, table);
	if (fclose(writing.out) || rename(name, settings.file))
		tool_die("%s cannot be written: %m", settings.file);
}

static void show(const struct renderer *renderer)
{
	struct table table = table_make(snapshot_take(&settings.selection), &settings.selection);

	if (renderer->replaces && settings.file) {
		replace_file(renderer, &table);
	} else {
		renderer->show(&settings.writing, &table);
		if (fflush(settings.writing.out))
			tool_die("the output cannot be written: %m");
	}
	table_free(&table);
}

static void open_output(const struct renderer *renderer)
{
	struct writing *writing = &settings.writing;

	writing->out = stdout;
	writing->is_once = settings.count == 1;
	if (settings.file && !renderer->replaces)
		writing->out = fopen(settings.file, "w");
	if (!writing->out)
		tool_die("%s cannot be written: %m", settings.file);
	if (writing->width < 0)
		writing->width = terminal_width();
}

static void run_batch(void)
{
	const struct renderer *renderer = settings.renderer ? settings.renderer : &render_table;
	uint64_t next = tool_now_ns();
	uint64_t shown = 0;

	open_output(renderer);
	if (renderer->start)
		renderer->start(&settings.writing);
	do {
		show(renderer);
		if (++shown == settings.count)
			return;
		next += settings.delay_ns;
	} while (tool_wait(next));
}

static void run_on_terminal(void)
{
	const char *no_colour = getenv("NO_COLOR");
	const struct tui_options tui = {
		.selection = &settings.selection,
		.style = settings.writing.style,
		.delay_ns = settings.delay_ns,
		.count = settings.count,
		.no_colour = settings.no_colour || (no_colour && *no_colour),
		.given = settings.given,
	};

	tui_run(&tui);
}

/* A screen with keys, where somebody looks on. */
static bool is_on_terminal(void)
{
	const char *name = getenv("TERM");

	if (settings.is_batch || !isatty(STDOUT_FILENO))
		return false;
	if (terminal_is_able())
		return true;
	if (!isatty(STDIN_FILENO))
		tool_warn("no keys can be typed, as standard input is no terminal: tables instead");
	else
		tool_warn("nothing can be drawn on the terminal '%s': tables instead, as with -b",
			  name ? name : "");
	return false;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "[INTERVAL [COUNT]]",
		.doc = documentation,
	};

	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	tool_start("ioasid-top");
	settings.writing.style.is_ascii = !term_has_utf8();
	argp_parse(&argp, argc, argv, 0, NULL, NULL);

	snapshot_start(settings.count != 1);
	tool_catch_signals();
	if (is_on_terminal())
		run_on_terminal();
	else
		run_batch();
	snapshot_end();
	free(settings.selection.folds);
	return 0;
}
