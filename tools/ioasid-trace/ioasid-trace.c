/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioasid-trace - how long map and unmap calls take, what is refused, when devices come and go.
 */
#include <limits.h>
#include <stdio.h>

#include "report.h"
#include "tool.h"

#define NSEC_PER_SEC 1000000000ULL
/* Events are looked for so often. */
#define EVENTS_EVERY_NS (NSEC_PER_SEC / 10)

enum {
	OPTION_JSON = 256,
	OPTION_EVENTS,
};

static struct {
	const struct report *report;
	pid_t pid;
	uint64_t interval_ns; /* 0: no intervals */
	uint64_t count; /* of intervals, 0 is until a signal */
	uint64_t duration_ns; /* 0: until a signal */
	bool wants_events;
} settings = {
	.report = &report_text,
};

static const struct argp_option options[] = {
	{ "pid", 'p', "PID", 0, "Count the calls of this process only", 0 },
	{ "duration", 'd', "SECONDS", 0, "End after SECONDS", 0 },
	{ "events", OPTION_EVENTS, NULL, 0,
	  "Show each attach and detach, and each call that is refused, as it happens", 0 },
	{ "json", OPTION_JSON, NULL, 0, "Show JSON, one object a line", 0 },
	{ "verbose", 'v', NULL, 0, "Show what libbpf says", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", 0 },
	{ 0 },
};

static const char documentation[] =
	"Count map and unmap calls by the time they take; show what is refused, and\nwhen devices come and go.\v"
	"Shows what was counted every INTERVAL seconds, COUNT times, and in the end the\n"
	"whole; without INTERVAL only the whole, on Ctrl-C. Only calls that succeed are\n"
	"timed; errors are counted apart. Reused pages were pinned already when a call\n"
	"mapped them. Percentiles are at most 3.2 % off. Lost events are calls that the\n"
	"kernel could not report. Attaches and detaches of devices, and of tables that\n"
	"user space walks, are counted likewise when there are any.\n\n"
	"A line of --events has the seconds since the start, what was called, the\n"
	"process, the address space, and then\n"
	"  0000:00:04.0 group 5 container 2: 92K, 1.20ms\n"
	"      a group of devices ('+1' after its first: one more) with its VFIO\n"
	"      container, what was mapped when it was attached or detached, the time\n"
	"  4K: ENOMEM charge/builtin, 20K of 20K used\n"
	"      what was asked for, the error, which step refused it, for an account\n"
	"      policy's limit or for another reason\n\n"
	"Examples:\n"
	"  ioasid-trace                 count until Ctrl-C, then show\n"
	"  ioasid-trace -d 10           count for ten seconds\n"
	"  ioasid-trace -p 4711 1       one process, every second\n"
	"  ioasid-trace 5 12            every five seconds for a minute\n"
	"  ioasid-trace --events        devices that come and go, and refusals\n"
	"  ioasid-trace --json 1 | jq 'select(.record == \"hist\") | .p99'\n";

static error_t parse_argument(char *argument, struct argp_state *state)
{
	if (state->arg_num == 0)
		settings.interval_ns = tool_seconds(state, argument);
	else if (state->arg_num == 1)
		settings.count = tool_number(state, "number of intervals", argument, 1, UINT64_MAX);
	else
		argp_error(state, "what is '%s'?", argument);
	return 0;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	switch (key) {
	case 'p':
		settings.pid = tool_number(state, "process", argument, 1, INT_MAX);
		return 0;
	case 'd':
		settings.duration_ns = tool_seconds(state, argument);
		return 0;
	case OPTION_EVENTS:
		settings.wants_events = true;
		return 0;
	case OPTION_JSON:
		settings.report = &report_json;
		return 0;
	case 'v':
		tool_set_verbose();
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		return parse_argument(argument, state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void show(const struct reading *reading, uint64_t interval)
{
	settings.report->show(reading, interval);
	if (fflush(stdout))
		tool_die("the output cannot be written: %m");
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void show_events(void)
{
	tracer_events(settings.report->show_event);
	if (fflush(stdout))
		tool_die("the output cannot be written: %m");
}

/* As tool_wait(), and show events meanwhile. */
static bool wait_until(uint64_t deadline)
{
	bool goes_on = true;
	uint64_t next;

	if (!settings.wants_events)
		return tool_wait(deadline);
	do {
		next = earlier(tool_now_ns() + EVENTS_EVERY_NS, deadline);
		goes_on = tool_wait(next);
		show_events();
	} while (goes_on && next < deadline);
	return goes_on;
}

/* What comes before this is counted and shown; nothing after it. */
static void stop(void)
{
	tracer_stop();
	if (settings.wants_events)
		show_events();
}

/*
 * Show intervals until the end has come or a signal asks for it; the last may be a short one. They
 * add up to what the last reading has.
 */
static void show_intervals(uint64_t start, uint64_t end, struct reading *now)
{
	static struct reading before, difference;
	uint64_t next = start;
	bool goes_on = true;

	for (uint64_t interval = 1; goes_on && next < end; interval++) {
		next = earlier(next + settings.interval_ns, end);
		goes_on = wait_until(next);
		if (!goes_on || next == end)
			stop();
		tracer_read(now);
		difference = *now;
		reading_since(&difference, &before);
		show(&difference, interval);
		before = *now;
	}
}

static void wait_for_end(uint64_t end, struct reading *whole)
{
	wait_until(end);
	stop();
	tracer_read(whole);
}

static uint64_t end_of(uint64_t start)
{
	uint64_t end = UINT64_MAX;

	if (settings.duration_ns)
		end = start + settings.duration_ns;
	if (settings.count && settings.count < (UINT64_MAX - start) / settings.interval_ns)
		end = earlier(end, start + settings.count * settings.interval_ns);
	return end;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "[INTERVAL [COUNT]]",
		.doc = documentation,
	};
	static struct reading whole;
	uint64_t start;

	tool_start("ioasid-trace");
	argp_parse(&argp, argc, argv, 0, NULL, NULL);

	tracer_start(settings.pid, settings.wants_events);
	tool_catch_signals();
	if (settings.report->start)
		settings.report->start();
	fflush(stdout);
	start = tool_now_ns();
	tool_warn("tracing... %s", end_of(start) == UINT64_MAX ? "Ctrl-C ends" : "");
	if (settings.interval_ns)
		show_intervals(start, end_of(start), &whole);
	else
		wait_for_end(end_of(start), &whole);
	show(&whole, 0);
	tracer_end();
	return 0;
}
