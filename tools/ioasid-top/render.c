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
/* Negative widths align to the left, as in printf. They add up to 80 columns. */
static const struct {
	const char *name;
	int width;
} columns[COLUMNS] = {
	[COLUMN_PID] = { "PID", 7 },
	[COLUMN_COMMAND] = { "COMMAND", -15 },
	[COLUMN_USER] = { "USER", -8 },
	[COLUMN_PINNED] = { "PINNED", 6 },
	[COLUMN_CHARGED] = { "CHARGED", 7 },
	[COLUMN_LIMIT] = { "LIMIT", 6 },
	[COLUMN_MAPPED] = { "MAPPED", 6 },
	[COLUMN_SHARED] = { "SHARED", 6 },
	[COLUMN_PINS] = { "PINS", 5 },
	[COLUMN_STALE] = { "STALE", 5 },
};
/* clang-format on */

static bool all_digits;

enum column render_column(const char *name)
{
	enum column column = 0;

	while (column < COLUMNS && strcasecmp(name, columns[column].name))
		column++;
	return column;
}

const char *render_column_name(enum column column)
{
	return columns[column].name;
}

static int width(enum column column)
{
	bool is_memory = column >= COLUMN_PINNED && column <= COLUMN_STALE && column != COLUMN_PINS;

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

static struct text command_text(const struct process *process)
{
	struct text text = name_text(process->command, process->exited ? 10 : 15);

	if (process->exited)
		strcat(text.s, " gone");
	return text;
}

static struct text cell(const struct process *process, enum column column)
{
	switch (column) {
	case COLUMN_PID:
		return number_text(process->pid);
	case COLUMN_COMMAND:
		return command_text(process);
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
	default:
		return (struct text){ "" };
	}
}

static void show_header(const struct snapshot *snapshot)
{
	time_t seconds = snapshot->time_ms / 1000;
	char when[16] = "";
	struct tm time;

	if (localtime_r(&seconds, &time))
		strftime(when, sizeof(when), "%H:%M:%S", &time);
	printf("%s  %s pinned by %" PRIu64 " process%s  account: %s  place: %s\n", when,
	       size_text(snapshot->pinned).s, snapshot->all, snapshot->all == 1 ? "" : "es",
	       snapshot->policies[POLICY_ACCOUNT].name, snapshot->policies[POLICY_PLACE].name);
}

static void show_table(const struct snapshot *snapshot)
{
	show_header(snapshot);
	for (enum column i = 0; i < COLUMNS; i++)
		printf("%*s%c", width(i), columns[i].name, i < COLUMNS - 1 ? ' ' : '\n');
	for (size_t row = 0; row < snapshot->count; row++)
		for (enum column i = 0; i < COLUMNS; i++)
			printf("%*s%c", width(i), cell(&snapshot->processes[row], i).s,
			       i < COLUMNS - 1 ? ' ' : '\n');
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

/* JSON: first what the lines are, then for each snapshot a line for the system, one a process. */

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
	json_close(&json);
}

static void show_json(const struct snapshot *snapshot)
{
	show_json_system(snapshot);
	for (size_t i = 0; i < snapshot->count; i++)
		show_json_process(snapshot, &snapshot->processes[i]);
}

const struct renderer render_json = { .start = start_json, .show = show_json };
