/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "filter.h"
#include "live.h"
#include "option.h"
#include "record.h"
#include "recording.h"
#include "symbols.h"
#include "tool.h"
#include "tracer.h"

#define NSEC_PER_SEC 1000000000ULL
/* What was recorded is in the file after so long. */
#define FLUSH_EVERY_NS NSEC_PER_SEC

enum {
	OPTION_STACKS = 256,
	OPTION_BUFFER,
	OPTION_BACKEND,
};

static struct {
	const char *path;
	const struct backend *backend;
	struct filter filter;
	uint64_t duration_ns; /* 0: until a signal */
	size_t buffer;
	bool stacks;
} settings = {
	.path = "ioasid-trace.data",
	.backend = &backend_ioasid,
	.buffer = 4 << 20,
};

static const struct argp_option options[] = {
	{ "output", 'o', "FILE", 0, "The file (ioasid-trace.data)", 0 },
	{ "duration", 'd', "SECONDS", 0, "End after SECONDS", 0 },
	{ "stacks", OPTION_STACKS, NULL, 0, "With the stacks of each call", 0 },
	{ "backend", OPTION_BACKEND, "NAME", 0, "ioasid (default), or vfio: the kernel's type1",
	  0 },
	{ "buffer", OPTION_BUFFER, "BYTES", 0, "Of the buffer in the kernel (4M)", 0 },
	{ "verbose", 'v', NULL, 0, "Show what libbpf says", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", 0 },
	{ 0 },
};

static const char documentation[] =
	"Record each call into a file, for ioasid-trace report and export.\v"
	"Ctrl-C ends. What was recorded until a second ago can be reported even if\n"
	"the tool is killed. Only root can read the file: it has addresses of\n"
	"programs' memory.\n\n"
	"Examples:\n"
	"  ioasid-trace record -o calls       until Ctrl-C\n"
	"  ioasid-trace record -d 10 --stacks ten seconds, with stacks\n"
	"  ioasid-trace record -p 4711        one process only\n"
	"  ioasid-trace report calls slow     what took long, from the file\n";

static const struct argp_child children[] = { { &filter_argp, 0, "Which calls:", 1 }, { 0 } };

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &settings.filter;
		return 0;
	case 'o':
		settings.path = argument;
		return 0;
	case 'd':
		settings.duration_ns = tool_seconds(state, argument);
		return 0;
	case OPTION_STACKS:
		settings.stacks = true;
		return 0;
	case OPTION_BUFFER:
		settings.buffer = option_buffer(state, argument);
		return 0;
	case OPTION_BACKEND:
		settings.backend = option_backend(state, argument);
		return 0;
	case 'v':
		tool_set_verbose();
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "what is '%s'? The file is named by -o", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void read_module_version(char *version, size_t size)
{
	FILE *file = fopen("/sys/module/ioasid/version", "re");

	if (!file)
		return;
	if (fgets(version, size, file))
		version[strcspn(version, "\n")] = '\0';
	fclose(file);
}

static void join_command(char *command, size_t size, int argc, char **argv)
{
	size_t used = 0;

	for (int i = 0; i < argc && used < size; i++)
		used += snprintf(command + used, size - used, "%s%s", i ? " " : "", argv[i]);
}

static struct recording *create(int argc, char **argv)
{
	struct recording_header header = {
		.page_size = sysconf(_SC_PAGESIZE),
		.cpus = libbpf_num_possible_cpus(),
		.start_ns = tracer_started_ns(),
	};
	struct timespec wall;
	struct utsname name;

	clock_gettime(CLOCK_REALTIME, &wall);
	header.start_wall_ns = wall.tv_sec * NSEC_PER_SEC + wall.tv_nsec;
	uname(&name);
	snprintf(header.kernel, sizeof(header.kernel), "%s", name.release);
	snprintf(header.backend, sizeof(header.backend), "%s", settings.backend->name);
	read_module_version(header.module, sizeof(header.module));
	join_command(header.command, sizeof(header.command), argc, argv);
	return recording_create(settings.path, &header);
}

/* Its name, or what its thread was called if it has gone already. */
static void add_process(struct recording *recording, const struct event *event)
{
	char path[64], name[COMM_LEN + 1] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/comm", event->tgid);
	file = fopen(path, "re");
	if (file) {
		if (fgets(name, sizeof(name), file))
			name[strcspn(name, "\n")] = '\0';
		fclose(file);
	}
	recording_add_process(recording, event->tgid, name[0] ? name : event->comm);
	if (settings.stacks)
		symbols_process(event->tgid);
}

static void add_stack(struct recording *recording, const struct event *event, bool of_user)
{
	static struct frame frames[STACK_DEPTH];
	unsigned int count;

	if (recording_has_stack(recording, event, of_user))
		return;
	memset(frames, 0, sizeof(frames));
	count = live_stack(event, of_user, frames);
	recording_add_stack(recording, event, of_user, frames, count);
}

static void add_event(const struct event *event, void *context)
{
	struct recording *recording = context;

	if (!recording_has_process(recording, event->tgid))
		add_process(recording, event);
	if (event->kernel_stack >= 0)
		add_stack(recording, event, false);
	if (event->user_stack >= 0)
		add_stack(recording, event, true);
	recording_add(recording, event);
}

static void record_until(struct recording *recording, uint64_t end)
{
	uint64_t flush = tool_now_ns() + FLUSH_EVERY_NS;
	bool goes_on = true;

	while (goes_on && tool_now_ns() < end) {
		goes_on = tracer_wait(flush < end ? flush : end);
		tracer_events(add_event, recording);
		if (tool_now_ns() < flush)
			continue;
		recording_flush(recording);
		flush = tool_now_ns() + FLUSH_EVERY_NS;
	}
}

static void finish(struct recording *recording, uint64_t stopped_ns)
{
	static struct losses losses;
	uint64_t events, lost = 0;

	tracer_events(add_event, recording);
	tracer_losses(&losses);
	for (unsigned int i = 0; i < losses.cpus; i++)
		lost += losses.of_cpu[i];
	events = recording_count(recording, OPERATIONS);
	recording_finish(recording, &losses, stopped_ns - tracer_started_ns());
	tool_warn("%" PRIu64 " events in %s, lost events: %" PRIu64, events, settings.path,
		  lost + losses.missed);
}

int record_main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.doc = documentation,
		.children = children,
	};
	struct wish wish = { .devices = true };
	struct recording *recording;

	argv[0] = "ioasid-trace record";
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	wish.tgid = settings.filter.tgid;
	wish.ioas = settings.filter.ioas;
	wish.operations = settings.filter.operations ?: settings.backend->operations;
	wish.pass = wish.operations;
	wish.stacks = settings.stacks;
	wish.wake_from = settings.buffer / 4;

	if (settings.stacks)
		symbols_kernel(&(struct frame){ 0 }); /* reads them, which takes its time */
	tracer_start(settings.backend, &wish, settings.buffer);
	recording = create(argc, argv);
	tool_catch_signals();
	tool_warn("tracing... %s", settings.duration_ns ? "" : "Ctrl-C ends");
	record_until(recording,
		     settings.duration_ns ? tool_now_ns() + settings.duration_ns : UINT64_MAX);
	tracer_stop();
	finish(recording, tool_now_ns());
	tracer_end();
	return 0;
}
