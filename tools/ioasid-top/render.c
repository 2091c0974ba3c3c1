/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "render.h"
#include "text.h"

/* clang-format off */
/* Negative widths align to the left, as in printf. */
static const struct {
	const char *name;
	int width;
} columns[COLUMNS] = {
	[COLUMN_PID] = { "PID", 7 },
	[COLUMN_COMMAND] = { "COMMAND", 0 }, /* what is left of 80 columns */
	[COLUMN_USER] = { "USER", -8 },
	[COLUMN_PINNED] = { "PINNED", 6 },
	[COLUMN_CHARGED] = { "CHARGED", 7 },
	[COLUMN_LIMIT] = { "LIMIT", 6 },
	[COLUMN_MAPPED] = { "MAPPED", 6 },
	[COLUMN_SHARED] = { "SHARED", 6 },
	[COLUMN_PINS] = { "PINS", 5 },
	[COLUMN_STALE] = { "STALE", 5 },
	[COLUMN_DEVS] = { "DEVS", 4 },
	[COLUMN_DEVICE] = { "DEVICE", -13 },
	[COLUMN_GROUP] = { "GROUP", 5 },
	[COLUMN_CONTAINER] = { "CONTAINER", 9 },
	[COLUMN_IOAS] = { "IOAS", 5 },
	[COLUMN_MAPS] = { "MAPS", 5 },
	[COLUMN_SINCE] = { "SINCE", 8 },
};

/**
 * struct layout - the columns of a table, 80 characters wide with a blank between any two
 * @command: width of COMMAND
 * @count: columns
 * @columns: these, from the left
 */
struct layout {
	int command;
	unsigned int count;
	enum column columns[COLUMNS];
};

static const struct layout process_layout = {
	15, 10, { COLUMN_PID, COLUMN_COMMAND, COLUMN_USER, COLUMN_PINNED, COLUMN_CHARGED,
		  COLUMN_LIMIT, COLUMN_MAPPED, COLUMN_SHARED, COLUMN_PINS, COLUMN_STALE },
};

/* While any device is attached. */
static const struct layout process_layout_with_devices = {
	10, 11, { COLUMN_PID, COLUMN_COMMAND, COLUMN_USER, COLUMN_PINNED, COLUMN_CHARGED,
		  COLUMN_LIMIT, COLUMN_MAPPED, COLUMN_SHARED, COLUMN_PINS, COLUMN_STALE,
		  COLUMN_DEVS },
};

static const struct layout device_layout = {
	14, 9, { COLUMN_DEVICE, COLUMN_GROUP, COLUMN_CONTAINER, COLUMN_IOAS, COLUMN_PID,
		 COLUMN_COMMAND, COLUMN_MAPPED, COLUMN_MAPS, COLUMN_SINCE },
};

/* With every column that there can be. */
static const struct layout *const layouts[VIEWS] = {
	[VIEW_PROCESSES] = &process_layout_with_devices,
	[VIEW_DEVICES] = &device_layout,
};
/* clang-format on */

static bool all_digits;

enum column render_column(enum view view, const char *name)
{
	const struct layout *layout = layouts[view];

	for (unsigned int i = 0; i < layout->count; i++)
		if (!strcasecmp(name, columns[layout->columns[i]].name))
			return layout->columns[i];
	return COLUMNS;
}

void render_list_columns(enum view view)
{
	const struct layout *layout = layouts[view];

	for (unsigned int i = 0; i < layout->count; i++) {
		for (const char *c = columns[layout->columns[i]].name; *c; c++)
			putchar(*c | 0x20);
		putchar('\n');
	}
}

static int width(const struct layout *layout, enum column column)
{
	bool is_memory = column >= COLUMN_PINNED && column <= COLUMN_STALE && column != COLUMN_PINS;

	if (column == COLUMN_COMMAND)
		return -layout->command;
	return all_digits && is_memory ? 14 : columns[column].width;
}

static struct text size_text(uint64_t bytes)
{
	struct text text;

	if (!all_digits || bytes == UINT64_MAX)
		return text_size(bytes);
	snprintf(text.s, sizeof(text.s), "%" PRIu64, bytes);
	return text;
}

static struct text number_text(uint64_t number)
{
	struct text text;

	snprintf(text.s, sizeof(text.s), "%" PRIu64, number);
	return text;
}

/* A program's name is its own choice; a terminal must not act on it. */
static struct text name_text(const char *name, int most)
{
	struct text text;

	snprintf(text.s, sizeof(text.s), "%.*s", most, name);
	for (char *c = text.s; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return text;
}

static struct text command_text(const struct process *process, int most)
{
	struct text text = name_text(process->command, process->exited ? most - 5 : most);

	if (process->exited)
		strcat(text.s, " gone");
	return text;
}

static struct text process_cell(const struct process *process, const struct layout *layout,
				enum column column)
{
	switch (column) {
	case COLUMN_PID:
		return number_text(process->pid);
	case COLUMN_COMMAND:
		return command_text(process, layout->command);
	case COLUMN_USER:
		return name_text(process->user, 8);
	case COLUMN_PINNED:
		return size_text(process->pinned);
	case COLUMN_CHARGED:
		return size_text(process->charged);
	case COLUMN_LIMIT:
		return size_text(process->limit);
	case COLUMN_MAPPED:
		return size_text(process->mapped);
	case COLUMN_SHARED:
		return size_text(process->shared);
	case COLUMN_PINS:
		return number_text(process->pins);
	case COLUMN_STALE:
		return size_text(process->stale);
	case COLUMN_DEVS:
		return number_text(process->devices);
	default:
		return (struct text){ "" };
	}
}

/* The time of day, or the day when that was not in the last 24 hours. */
static struct text since_text(uint64_t since_ms, uint64_t now_ms)
{
	time_t seconds = since_ms / 1000;
	struct text text = { "" };
	struct tm time;

	if (localtime_r(&seconds, &time))
		strftime(text.s, sizeof(text.s),
			 now_ms - since_ms < 86400000 ? "%H:%M:%S" : "%d%b%y", &time);
	return text;
}

static struct text device_cell(const struct snapshot *snapshot, const struct device *device,
			       const struct layout *layout, enum column column)
{
	switch (column) {
	case COLUMN_DEVICE:
		return name_text(*device->name ? device->name : "-", 23);
	case COLUMN_GROUP:
		return number_text(device->group);
	case COLUMN_CONTAINER:
		return device->container ? number_text(device->container) : (struct text){ "-" };
	case COLUMN_IOAS:
		return number_text(device->ioas);
	case COLUMN_PID:
		return number_text(device->pid);
	case COLUMN_COMMAND:
		return name_text(device->command, layout->command);
	case COLUMN_MAPPED:
		return size_text(device->mapped);
	case COLUMN_MAPS:
		return number_text(device->mappings);
	case COLUMN_SINCE:
		return since_text(device->since_ms, snapshot->time_ms);
	default:
		return (struct text){ "" };
	}
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void show_header(const struct snapshot *snapshot)
{
	time_t seconds = snapshot->time_ms / 1000;
	char when[16] = "";
	struct tm time;

	if (localtime_r(&seconds, &time))
		strftime(when, sizeof(when), "%H:%M:%S", &time);
	if (snapshot->view == VIEW_DEVICES)
		printf("%s  %" PRIu64 " device%s in %" PRIu64 " group%s, %" PRIu64 " container%s\n",
		       when, snapshot->all_devices, plural(snapshot->all_devices), snapshot->groups,
		       plural(snapshot->groups), snapshot->containers,
		       plural(snapshot->containers));
	else
		printf("%s  %s pinned by %" PRIu64 " process%s  account: %s  place: %s\n", when,
		       size_text(snapshot->pinned).s, snapshot->all, snapshot->all == 1 ? "" : "es",
		       snapshot->policies[POLICY_ACCOUNT].name,
		       snapshot->policies[POLICY_PLACE].name);
}

static struct text cell(const struct snapshot *snapshot, size_t row, const struct layout *layout,
			enum column column)
{
	if (snapshot->view == VIEW_DEVICES)
		return device_cell(snapshot, &snapshot->devices[row], layout, column);
	return process_cell(&snapshot->processes[row], layout, column);
}

static const struct layout *layout_of(const struct snapshot *snapshot)
{
	if (snapshot->view == VIEW_PROCESSES && !snapshot->all_devices)
		return &process_layout;
	return layouts[snapshot->view];
}

static void show_table(const struct snapshot *snapshot)
{
	bool of_devices = snapshot->view == VIEW_DEVICES;
	size_t rows = of_devices ? snapshot->device_count : snapshot->count;
	const struct layout *layout = layout_of(snapshot);
	unsigned int last = layout->count - 1;

	show_header(snapshot);
	for (unsigned int i = 0; i <= last; i++)
		printf("%*s%c", width(layout, layout->columns[i]), columns[layout->columns[i]].name,
		       i < last ? ' ' : '\n');
	for (size_t row = 0; row < rows; row++)
		for (unsigned int i = 0; i <= last; i++)
			printf("%*s%c", width(layout, layout->columns[i]),
			       cell(snapshot, row, layout, layout->columns[i]).s,
			       i < last ? ' ' : '\n');
}

static void show_next_table(const struct snapshot *snapshot)
{
	static bool is_next;

	if (is_next)
		putchar('\n');
	is_next = true;
	show_table(snapshot);
}

static void choose_bytes(void)
{
	all_digits = true;
}

static void show_screen(const struct snapshot *snapshot)
{
	fputs("\033[H\033[J", stdout);
	show_table(snapshot);
}

const struct renderer render_table = { .show = show_next_table };
const struct renderer render_bytes = { .start = choose_bytes, .show = show_next_table };
const struct renderer render_screen = { .show = show_screen };

/*
 * JSON: first what the lines are, then for each snapshot a line for the system, and one for each
 * process or device.
 */

static struct json json;

static void start_json(void)
{
	json.out = stdout;
	json_open(&json, NULL);
	json_string(&json, "record", "schema");
	json_string(&json, "tool", "ioasid-top");
	json_number(&json, "version", 1);
	json_string(&json, "memory", "bytes");
	json_string(&json, "time", "milliseconds since 1970");
	json_close(&json);
}

static void show_json_system(const struct snapshot *snapshot)
{
	json_open(&json, NULL);
	json_string(&json, "record", "system");
	json_number(&json, "time", snapshot->time_ms);
	json_number(&json, "processes", snapshot->all);
	json_number(&json, "pinned", snapshot->pinned);
	json_number(&json, "devices", snapshot->all_devices);
	json_number(&json, "groups", snapshot->groups);
	json_number(&json, "containers", snapshot->containers);
	for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++) {
		const struct policy_state *state = &snapshot->policies[kind];

		json_open(&json, policy_kind_names[kind]);
		json_string(&json, "name", state->name);
		json_number(&json, "asked", state->asked);
		json_number(&json, "refused", state->refused);
		json_number(&json, "ejections", state->ejections);
		json_close(&json);
	}
	json_close(&json);
}

static void show_json_process(const struct snapshot *snapshot, const struct process *process)
{
	json_open(&json, NULL);
	json_string(&json, "record", "process");
	json_number(&json, "time", snapshot->time_ms);
	json_number(&json, "pid", process->pid);
	json_string(&json, "command", process->command);
	json_number(&json, "uid", process->uid);
	json_string(&json, "user", process->user);
	json_number(&json, "cgroup", process->cgroup);
	json_number(&json, "domain", process->domain);
	json_bool(&json, "exited", process->exited);
	json_number(&json, "pins", process->pins);
	json_number(&json, "pinned", process->pinned);
	json_number(&json, "charged", process->charged);
	if (process->limit == UINT64_MAX)
		json_null(&json, "limit");
	else
		json_number(&json, "limit", process->limit);
	json_number(&json, "mappings", process->mappings);
	json_number(&json, "mapped", process->mapped);
	json_number(&json, "shared", process->shared);
	json_number(&json, "runs", process->runs);
	json_number(&json, "stale", process->stale);
	json_number(&json, "devices", process->devices);
	json_number(&json, "containers", process->containers);
	json_close(&json);
}

static void put_name_or_null(const char *key, const char *name)
{
	if (*name)
		json_string(&json, key, name);
	else
		json_null(&json, key);
}

static void put_page_sizes(uint64_t sizes)
{
	json_open_array(&json, "page_sizes");
	for (; sizes; sizes &= sizes - 1)
		json_number(&json, NULL, sizes & -sizes);
	json_close_array(&json);
}

static void show_json_device(const struct snapshot *snapshot, const struct device *device)
{
	json_open(&json, NULL);
	json_string(&json, "record", "device");
	json_number(&json, "time", snapshot->time_ms);
	put_name_or_null("device", device->name);
	json_number(&json, "group", device->group);
	if (device->container)
		json_number(&json, "container", device->container);
	else
		json_null(&json, "container");
	json_number(&json, "ioas", device->ioas);
	json_number(&json, "table", device->table);
	put_page_sizes(device->page_sizes);
	json_number(&json, "pid", device->pid);
	json_string(&json, "command", device->command);
	json_number(&json, "mappings", device->mappings);
	json_number(&json, "mapped", device->mapped);
	json_number(&json, "since", device->since_ms);
	json_close(&json);
}

static void show_json(const struct snapshot *snapshot)
{
	show_json_system(snapshot);
	if (snapshot->view == VIEW_DEVICES)
		for (size_t i = 0; i < snapshot->device_count; i++)
			show_json_device(snapshot, &snapshot->devices[i]);
	else
		for (size_t i = 0; i < snapshot->count; i++)
			show_json_process(snapshot, &snapshot->processes[i]);
}

const struct renderer render_json = { .start = start_json, .show = show_json };
