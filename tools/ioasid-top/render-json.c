/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * First what the lines are, then for each snapshot a line for the system, one for each refusal, and
 * one for each row. docs/ioasid-top.schema.json says it all.
 */
#include <math.h>

#include "json.h"
#include "render.h"

static const char *const records[KINDS] = {
	[KIND_PROCESS] = "process", [KIND_CGROUP] = "cgroup",	[KIND_USER] = "user",
	[KIND_IOAS] = "ioas",	    [KIND_DEVICE] = "device",	[KIND_PIN] = "pin",
	[KIND_POLICY] = "policy",   [KIND_MAPPING] = "mapping",
};

static void start_json(const struct writing *writing)
{
	struct json json = { .out = writing->out };

	json_open(&json, NULL);
	json_string(&json, "record", "schema");
	json_string(&json, "tool", "ioasid-top");
	json_number(&json, "version", 1);
	json_string(&json, "memory", "bytes");
	json_string(&json, "time", "milliseconds since 1970");
	json_close(&json);
}

static void put_known(struct json *json, const char *key, uint64_t value)
{
	if (value == ROW_NONE)
		json_null(json, key);
	else
		json_number(json, key, value);
}

static void put_decimal(struct json *json, const char *key, double value)
{
	if (isnan(value))
		json_null(json, key);
	else
		json_decimal(json, key, value);
}

static void put_text(struct json *json, const char *key, const char *text)
{
	if (*text)
		json_string(json, key, text);
	else
		json_null(json, key);
}

static void put_sizes(struct json *json, const char *key, uint64_t sizes)
{
	json_open_array(json, key);
	for (; sizes; sizes &= sizes - 1)
		json_number(json, NULL, sizes & -sizes);
	json_close_array(json);
}

static void put_traffic(struct json *json, const struct row *all)
{
	json_number(json, "maps", all->recent.maps);
	json_number(json, "unmaps", all->recent.unmaps);
	json_number(json, "reused_maps", all->recent.reused);
	json_number(json, "refusals", all->recent.refused);
	json_number(json, "maps_total", all->total.maps);
	json_number(json, "unmaps_total", all->total.unmaps);
	json_number(json, "reused_maps_total", all->total.reused);
	json_number(json, "refusals_total", all->total.refused);
	put_known(json, "p50_ns", all->p50_ns);
	put_known(json, "p99_ns", all->p99_ns);
}

static void put_policy(struct json *json, const char *key, const struct policy_state *state)
{
	json_open(json, key);
	json_string(json, "name", state->name);
	json_number(json, "asked", state->asked);
	json_number(json, "refused", state->refused);
	json_number(json, "ejections", state->ejections);
	json_close(json);
}

static void show_system(const struct writing *writing, const struct table *table)
{
	struct json json = { .out = writing->out };
	const struct snapshot *snapshot = table->snapshot;
	const struct row *all = &snapshot->all;

	json_open(&json, NULL);
	json_string(&json, "record", "system");
	json_number(&json, "time", snapshot->time_ms);
	json_string(&json, "view", view_name(table->selection->view));
	json_number(&json, "rows", table->count);
	json_number(&json, "interval_ns", snapshot->interval_ns);
	json_number(&json, "processes", all->processes);
	json_number(&json, "pinned", all->pinned);
	json_number(&json, "charged", all->charged);
	json_number(&json, "mapped", all->mapped);
	json_number(&json, "ram", snapshot->ram);
	put_traffic(&json, all);
	json_number(&json, "devices", all->devices);
	json_number(&json, "groups", snapshot->groups);
	json_number(&json, "containers", all->containers);
	for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++)
		put_policy(&json, policy_kind_names[kind], &snapshot->policies[kind]);
	json_string(&json, "module", snapshot->module_version);
	json_string(&json, "kernel", snapshot->kernel);
	put_decimal(&json, "cpu_percent", snapshot->cpu_percent);
	put_decimal(&json, "bpf_percent", snapshot->bpf_percent);
	json_number(&json, "lost", snapshot->lost);
	json_close(&json);
}

static void show_refusal(const struct writing *writing, const struct refusal *refusal)
{
	struct json json = { .out = writing->out };

	json_open(&json, NULL);
	json_string(&json, "record", "refusal");
	json_number(&json, "time", refusal->time_ms);
	json_number(&json, "pid", refusal->pid);
	json_string(&json, "command", refusal->command);
	json_number(&json, "uid", refusal->uid);
	json_number(&json, "cgroup", refusal->cgroup);
	if (refusal->ioas)
		json_number(&json, "ioas", refusal->ioas);
	else
		json_null(&json, "ioas");
	json_number(&json, "asked", refusal->asked);
	put_known(&json, "used", refusal->used);
	put_known(&json, "limit", refusal->limit);
	json_number(&json, "errno", refusal->code);
	json_string(&json, "stage", refusal->stage);
	put_text(&json, "whose", refusal->whose);
	put_text(&json, "policy", refusal->policy);
	json_close(&json);
}

static void put_value(struct json *json, const struct column *column, struct value value)
{
	const char *key = column->key;

	if (!value.is_known) {
		json_null(json, key);
		return;
	}
	switch (column->unit) {
	case UNIT_TEXT:
		json_string(json, key, value.text);
		return;
	case UNIT_BOOL:
		json_bool(json, key, value.number);
		return;
	case UNIT_PERCENT:
	case UNIT_RATIO:
	case UNIT_RATE:
		json_decimal(json, key, value.fraction);
		return;
	case UNIT_SIZES:
		put_sizes(json, key, value.number);
		return;
	default:
		json_number(json, key, value.number);
		return;
	}
}

static void show_row(const struct writing *writing, const struct table *table,
		     const struct line *line)
{
	struct json json = { .out = writing->out };
	const struct row *row = line->row;
	const struct column *column;

	json_open(&json, NULL);
	json_string(&json, "record", records[row->kind]);
	json_number(&json, "time", table->snapshot->time_ms);
	if (table->selection->view == VIEW_TREE)
		json_number(&json, "depth", line->depth);
	for (size_t i = 0; (column = column_of_kind(row->kind, i)); i++)
		put_value(&json, column, column_value(column, table->snapshot, row));
	json_close(&json);
}

static void show_json(const struct writing *writing, const struct table *table)
{
	const struct snapshot *snapshot = table->snapshot;
	uint32_t pid = table->selection->pid;

	show_system(writing, table);
	for (size_t i = snapshot->refusals_fresh; i--;)
		if (!pid || snapshot->refusals[i].pid == pid)
			show_refusal(writing, &snapshot->refusals[i]);
	for (size_t i = 0; i < table->count; i++)
		show_row(writing, table, &table->line[i]);
}

const struct renderer render_json = { .start = start_json, .show = show_json };
