/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Metrics for Prometheus, in its text format (0.0.4) or as OpenMetrics 1.0. The two differ in the
 * names of counters' families, in units, and in the end.
 *
 * A metric is called after its column; that of a process has no kind in its name:
 * ioasid_pinned_bytes, ioasid_cgroup_pinned_bytes. Counters of calls begin when ioasid-top does, so
 * they are there only when it goes on. What is not known, like the limit of one who has none, has
 * no sample.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "json.h"
#include "render.h"

/**
 * struct family - samples of one name
 * @name: as in OpenMetrics: a counter's without _total
 * @unit: the last word of the name, or NULL
 * @is_counter: it only grows
 */
struct family {
	char name[96];
	const char *unit;
	bool is_counter;
};

/* What is being written. */
struct page {
	FILE *out;
	bool is_open; /* OpenMetrics */
	const struct table *table;
};

/* What follows "ioasid_" in the names of what a row has. */
static const char *const prefixes[KINDS] = {
	[KIND_PROCESS] = "",	   [KIND_CGROUP] = "cgroup_",	[KIND_USER] = "user_",
	[KIND_IOAS] = "ioas_",	   [KIND_DEVICE] = "device_",	[KIND_PIN] = "pin_",
	[KIND_POLICY] = "policy_", [KIND_MAPPING] = "mapping_",
};

/* Columns whose cells are a row's labels. */
static const char *const labels[KINDS][6] = {
	[KIND_PROCESS] = { "pid", "command", "user", "path", "exited" },
	[KIND_CGROUP] = { "path", "cgroup" },
	[KIND_USER] = { "user", "uid" },
	[KIND_IOAS] = { "ioas", "pid", "command" },
	[KIND_DEVICE] = { "device", "group", "container", "ioas", "pid", "command" },
	[KIND_PIN] = { "pin", "domain" },
	[KIND_MAPPING] = { "ioas", "iova" },
};

/* The path of a cgroup is what everybody calls its name. */
static const char *label_name(const char *key)
{
	if (!strcmp(key, "path"))
		return "cgroup";
	return !strcmp(key, "cgroup") ? "cgroup_id" : key;
}

static void put_escaped(FILE *out, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c;) {
		unsigned int length = *c < 0x80 ? 1 : utf8_length(c);

		if (*c == '"' || *c == '\\')
			fprintf(out, "\\%c", *c);
		else if (*c == '\n')
			fputs("\\n", out);
		else if (*c < 0x20 || *c == 0x7f || !length)
			putc('?', out);
		else
			fwrite(c, 1, length, out);
		c += length ? length : 1;
	}
}

static void put_family(const struct page *page, const struct family *family, const char *help)
{
	const char *suffix = family->is_counter && !page->is_open ? "_total" : "";
	const char *type = family->is_counter ? "counter" : "gauge";

	fprintf(page->out, "# HELP %s%s %s\n", family->name, suffix, help);
	fprintf(page->out, "# TYPE %s%s %s\n", family->name, suffix, type);
	if (family->unit && page->is_open)
		fprintf(page->out, "# UNIT %s %s\n", family->name, family->unit);
}

static void put_name(const struct page *page, const struct family *family)
{
	fprintf(page->out, "%s%s", family->name, family->is_counter ? "_total" : "");
}

static void put_label(const struct page *page, const char *name, const char *text, bool is_first)
{
	fprintf(page->out, "%s%s=\"", is_first ? "{" : ",", name);
	put_escaped(page->out, text);
	putc('"', page->out);
}

/* One sample without labels. */
static void put_single(const struct page *page, const struct family *family, const char *help,
		       uint64_t value)
{
	put_family(page, family, help);
	put_name(page, family);
	fprintf(page->out, " %" PRIu64 "\n", value);
}

/* The machine. */

static void put_info(const struct page *page)
{
	const struct snapshot *snapshot = page->table->snapshot;

	fprintf(page->out, "# HELP %s versions of the module and the kernel\n",
		page->is_open ? "ioasid" : "ioasid_info");
	fprintf(page->out, page->is_open ? "# TYPE ioasid info\n" : "# TYPE ioasid_info gauge\n");
	fputs("ioasid_info", page->out);
	put_label(page, "version", snapshot->module_version, true);
	put_label(page, "kernel", snapshot->kernel, false);
	fputs("} 1\n", page->out);
}

static void put_active(const struct page *page)
{
	const struct family info = { .name = "ioasid_policy_active" };

	put_family(page, &info, "the policy that decides: its name is in the label");
	for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++) {
		put_name(page, &info);
		put_label(page, "kind", policy_kind_names[kind], true);
		put_label(page, "policy", page->table->snapshot->policies[kind].name, false);
		fputs("} 1\n", page->out);
	}
}

static void put_policies(const struct page *page)
{
	static const struct {
		struct family family;
		const char *help;
		size_t offset;
	} counters[] = {
		{ { .name = "ioasid_policy_asked", .is_counter = true },
		  "decisions that BPF policies were asked for",
		  offsetof(struct policy_state, asked) },
		{ { .name = "ioasid_policy_refused", .is_counter = true },
		  "of the decisions, those that were refusals",
		  offsetof(struct policy_state, refused) },
		{ { .name = "ioasid_policy_ejections", .is_counter = true },
		  "policies that were ejected",
		  offsetof(struct policy_state, ejections) },
	};

	put_active(page);
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		put_family(page, &counters[i].family, counters[i].help);
		for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++) {
			const void *state = &page->table->snapshot->policies[kind];

			put_name(page, &counters[i].family);
			put_label(page, "kind", policy_kind_names[kind], true);
			fprintf(page->out, "} %" PRIu64 "\n",
				*(const uint64_t *)((const char *)state + counters[i].offset));
		}
	}
}

static void put_counters(const struct page *page)
{
	const struct snapshot *snapshot = page->table->snapshot;
	const struct traffic *total = &snapshot->all.total;
	const struct {
		struct family family;
		const char *help;
		uint64_t value;
	} counters[] = {
		{ { .name = "ioasid_all_maps", .is_counter = true },
		  "map calls of all processes that succeeded",
		  total->maps },
		{ { .name = "ioasid_all_unmaps", .is_counter = true },
		  "unmap calls of all processes",
		  total->unmaps },
		{ { .name = "ioasid_all_reused_maps", .is_counter = true },
		  "map calls of all processes that pinned nothing",
		  total->reused },
		{ { .name = "ioasid_all_refusals", .is_counter = true },
		  "map calls of all processes that failed, and pins that a limit refused",
		  total->refused },
		{ { .name = "ioasid_lost_events", .is_counter = true },
		  "events that could not be counted or kept",
		  snapshot->lost },
	};

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		put_single(page, &counters[i].family, counters[i].help, counters[i].value);
}

static void put_system(const struct page *page)
{
	static const struct family pinned = { "ioasid_memory_pinned_bytes", "bytes", false };
	static const struct family total = { "ioasid_memory_total_bytes", "bytes", false };
	static const struct family processes = { "ioasid_processes", NULL, false };
	static const struct family devices = { "ioasid_devices_attached", NULL, false };
	const struct snapshot *snapshot = page->table->snapshot;

	put_info(page);
	put_single(page, &pinned, "memory that all processes have pinned", snapshot->all.pinned);
	put_single(page, &total, "memory of the machine", snapshot->ram);
	put_single(page, &processes, "processes that have memory pinned", snapshot->all.processes);
	put_single(page, &devices, "devices that are attached", snapshot->all.devices);
	put_policies(page);
}

/* Rows. */

/* Totals are told by '#' in their names, what is of an interval by '+'. */
static bool is_total(const struct column *column)
{
	return *column->name == '#';
}

static void name_family(struct family *family, const struct column *column, enum kind kind)
{
	size_t length = strlen(column->key) - (is_total(column) ? strlen("_total") : 0);
	const char *unit = family->unit ? family->unit : "";
	const char *what = column->key;
	const char *prefix = "";

	if (column->unit == UNIT_NS) {
		prefix = "map_";
		length = strlen("p50");
	}
	snprintf(family->name, sizeof(family->name), "ioasid_%s%s%.*s%s%s", prefixes[kind], prefix,
		 (int)length, what, *unit ? "_" : "", unit);
}

/* Returns whether the column is a metric at all. */
static bool make_family(struct family *family, const struct column *column, enum kind kind)
{
	bool is_pressure = !strcmp(column->key, "pressure");

	*family = (struct family){ .is_counter = is_total(column) };
	if (*column->name == '+' || !strcmp(column->key, "average_run"))
		return false;
	if (column->unit == UNIT_BYTES)
		family->unit = "bytes";
	else if (column->unit == UNIT_NS)
		family->unit = "seconds";
	else if (is_pressure)
		family->unit = "ratio";
	else if (column->unit != UNIT_COUNT)
		return false;
	name_family(family, column, kind);
	return true;
}

static void put_labels(const struct page *page, const struct row *row)
{
	static const struct style plain = { .all_digits = true };
	const struct column *column;
	bool is_first = true;

	for (size_t i = 0; (column = column_of_kind(row->kind, i)); i++) {
		struct value value = column_value(column, page->table->snapshot, row);
		bool is_label = false;

		for (size_t k = 0; k < 6 && labels[row->kind][k]; k++)
			is_label = is_label || !strcmp(column->key, labels[row->kind][k]);
		if (!is_label)
			continue;
		if (column->unit == UNIT_TEXT)
			put_label(page, label_name(column->key), value.is_known ? value.text : "",
				  is_first);
		else
			put_label(page, label_name(column->key),
				  column_text(column, page->table->snapshot, row, &plain, 0).s,
				  is_first);
		is_first = false;
	}
	putc('}', page->out);
}

/* Nanoseconds as seconds lose nothing. */
static void put_value(const struct page *page, const struct column *column, struct value value)
{
	if (column->unit == UNIT_NS)
		fprintf(page->out, " %" PRIu64 ".%09" PRIu64 "\n", value.number / 1000000000,
			value.number % 1000000000);
	else if (column->unit == UNIT_PERCENT)
		fprintf(page->out, " %.6f\n", value.fraction / 100);
	else
		fprintf(page->out, " %" PRIu64 "\n", value.number);
}

static void put_samples(const struct page *page, const struct family *family,
			const struct column *column, enum kind kind)
{
	bool is_first = true;

	for (size_t i = 0; i < page->table->count; i++) {
		const struct row *row = page->table->line[i].row;
		struct value value = column_value(column, page->table->snapshot, row);

		if (row->kind != kind || !value.is_known)
			continue;
		if (is_first)
			put_family(page, family, column->help);
		is_first = false;
		put_name(page, family);
		put_labels(page, row);
		put_value(page, column, value);
	}
}

static void put_rows(const struct page *page, enum kind kind, bool is_once)
{
	const struct column *column;
	struct family family;

	for (size_t i = 0; (column = column_of_kind(kind, i)); i++)
		if (make_family(&family, column, kind) && !(is_once && is_total(column)))
			put_samples(page, &family, column, kind);
}

static void show(const struct writing *writing, const struct table *table, bool is_open)
{
	const struct page page = { writing->out, is_open, table };

	put_system(&page);
	if (!writing->is_once)
		put_counters(&page);
	for (enum kind kind = 0; kind < KINDS; kind++)
		if (kind != KIND_POLICY)
			put_rows(&page, kind, writing->is_once);
	if (is_open)
		fputs("# EOF\n", writing->out);
}

static void show_prometheus(const struct writing *writing, const struct table *table)
{
	show(writing, table, false);
}

static void show_openmetrics(const struct writing *writing, const struct table *table)
{
	show(writing, table, true);
}

const struct renderer render_prometheus = { .show = show_prometheus, .replaces = true };
const struct renderer render_openmetrics = { .show = show_openmetrics, .replaces = true };
