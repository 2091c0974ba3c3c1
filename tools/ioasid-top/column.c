/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "column.h"
#include "term.h"
#include "text.h"

/* Kinds of rows that have a column. */
#define PROCESS (1U << KIND_PROCESS)
#define CGROUP (1U << KIND_CGROUP)
#define USER (1U << KIND_USER)
#define IOAS (1U << KIND_IOAS)
#define DEVICE (1U << KIND_DEVICE)
#define PIN (1U << KIND_PIN)
#define POLICY (1U << KIND_POLICY)
#define MAPPING (1U << KIND_MAPPING)
#define GROUPS (PROCESS | CGROUP | USER)
#define TRAFFIC (GROUPS | IOAS)

static struct value text(const char *s)
{
	return (struct value){ .is_known = *s, .text = s };
}

static struct value fraction(double value)
{
	return (struct value){ .is_known = !isnan(value), .fraction = value };
}

static struct value number(uint64_t value)
{
	return (struct value){ .is_known = value != ROW_NONE, .number = value };
}

static double quotient(double dividend, double divisor)
{
	return divisor ? dividend / divisor : NAN;
}

static struct value per_second(const struct snapshot *snapshot, uint64_t count)
{
	return fraction(quotient(count * 1e9, snapshot->interval_ns));
}

static struct value get_pid(const struct snapshot *snapshot, const struct row *row)
{
	(void)snapshot;
	return number(row->pid);
}

static struct value get_uid(const struct snapshot *snapshot, const struct row *row)
{
	(void)snapshot;
	return number(row->uid == UINT32_MAX ? ROW_NONE : row->uid);
}

static struct value get_maps_rate(const struct snapshot *snapshot, const struct row *row)
{
	return per_second(snapshot, row->recent.maps);
}

static struct value get_unmaps_rate(const struct snapshot *snapshot, const struct row *row)
{
	return per_second(snapshot, row->recent.unmaps);
}

static struct value get_refused_rate(const struct snapshot *snapshot, const struct row *row)
{
	return per_second(snapshot, row->recent.refused);
}

static struct value get_reuse(const struct snapshot *snapshot, const struct row *row)
{
	(void)snapshot;
	return fraction(quotient(100.0 * row->recent.reused, row->recent.maps));
}

static struct value get_share(const struct snapshot *snapshot, const struct row *row)
{
	(void)snapshot;
	return fraction(quotient(row->mapped, row->pinned));
}

static struct value get_average_run(const struct snapshot *snapshot, const struct row *row)
{
	(void)snapshot;
	return number(row->runs ? row->pinned / row->runs : ROW_NONE);
}

static struct value get_huge(const struct snapshot *snapshot, const struct row *row)
{
	(void)snapshot;
	return fraction(row->huge == ROW_NONE ? NAN : quotient(100.0 * row->huge, row->pinned));
}

static struct value get_trend(const struct snapshot *snapshot, const struct row *row)
{
	(void)snapshot;
	return text(row->trend > 0 ? "rising" : row->trend < 0 ? "falling" : "steady");
}

static struct value get_access(const struct snapshot *snapshot, const struct row *row)
{
	static const char *const rights[] = { "--", "r-", "-w", "rw" };

	(void)snapshot;
	return text(rights[row->flags & (IOASID_ENTRY_READ | IOASID_ENTRY_WRITE)]);
}

static struct value get_state(const struct snapshot *snapshot, const struct row *row)
{
	(void)snapshot;
	if (row->flags & IOASID_ENTRY_RESERVED)
		return text("reserved");
	if (row->flags & IOASID_ENTRY_STALE)
		return text("stale");
	return text(row->flags & IOASID_ENTRY_BUSY ? "busy" : "");
}

/* What a row of the tree is called. */
static struct value get_tree_name(const struct snapshot *snapshot, const struct row *row)
{
	static char names[4][64]; /* of the last four rows */
	static unsigned int turn;
	char *name = names[turn++ % 4];

	(void)snapshot;
	if (row->kind == KIND_IOAS)
		snprintf(name, sizeof(names[0]), "ioas %" PRIu64, row->ioas);
	else if (row->kind == KIND_MAPPING)
		snprintf(name, sizeof(names[0]), "0x%" PRIx64 " %s", row->iova,
			 get_access(snapshot, row).text);
	else
		return text(row->name);
	return text(name);
}

#define FIELD(name) offsetof(struct row, name), NULL

/* clang-format off */
static const struct column columns[] = {
	{ "PID", "pid", "process", UNIT_ID, 7, 0, PROCESS | IOAS | DEVICE, 0,
	  get_pid },
	{ "COMMAND", "command", "its name; 'gone': it has ended, its pages are still in use",
	  UNIT_TEXT, -11, -15, PROCESS | IOAS | DEVICE, FIELD(command) },
	{ "NAME", "name", "cgroup, process, address space or mapping",
	  UNIT_TEXT, -20, -60, PROCESS | CGROUP | IOAS | MAPPING, 0, get_tree_name },
	{ "USER", "user", "user who is charged", UNIT_TEXT, -8, -16, PROCESS, FIELD(user) },
	{ "USER", "user", "user who is charged", UNIT_TEXT, -16, -32, USER, FIELD(user) },
	{ "UID", "uid", "number of the user", UNIT_ID, 6, 0, PROCESS | USER, 0, get_uid },
	{ "CGROUP", "path", "cgroup that is charged", UNIT_TEXT, -26, -100, PROCESS | CGROUP,
	  FIELD(path) },
	{ "CGID", "cgroup", "number of the cgroup", UNIT_ID, 6, 0, PROCESS | CGROUP,
	  FIELD(cgroup) },
	{ "DOMAIN", "domain", "pin domain, as in the tracepoints", UNIT_ID, 6, 0, PROCESS | PIN,
	  FIELD(domain) },
	{ "EXITED", "exited", "it has ended, its pages are still in use", UNIT_BOOL, 6, 0, PROCESS,
	  FIELD(exited) },
	{ "PROCS", "processes", "processes that have memory pinned", UNIT_COUNT, 5, 0,
	  CGROUP | USER, FIELD(processes) },
	{ "SPACES", "spaces", "address spaces that it made, with mappings", UNIT_COUNT, 6, 0, GROUPS,
	  FIELD(spaces) },
	{ "PINS", "pins", "groups of pages that are pinned together", UNIT_COUNT, 5, 0, GROUPS,
	  FIELD(pins) },
	{ "PINNED", "pinned", "memory that is pinned, each page once", UNIT_BYTES, 6, 0,
	  GROUPS | PIN, FIELD(pinned) },
	{ "CHARGED", "charged", "of PINNED, what is charged", UNIT_BYTES, 7, 0, GROUPS | PIN,
	  FIELD(charged) },
	{ "LIMIT", "limit", "the most that may be charged; '-': no limit", UNIT_BYTES, 6, 0,
	  PROCESS, FIELD(limit) },
	{ "PRESS%", "pressure", "CHARGED of LIMIT, with its trend; of groups: the highest",
	  UNIT_PERCENT, 6, 0, GROUPS, FIELD(pressure) },
	{ "TREND", "trend", "of CHARGED, over the last five snapshots", UNIT_TEXT, -7, 0, GROUPS,
	  0, get_trend },
	{ "MAPPED", "mapped", "memory that devices reach, counted in each address space",
	  UNIT_BYTES, 6, 0, GROUPS | IOAS | DEVICE | PIN | MAPPING, FIELD(mapped) },
	{ "SHARED", "shared", "of MAPPED, beyond the first time, which costs no pin", UNIT_BYTES,
	  6, 0, GROUPS | PIN, FIELD(shared) },
	{ "SHARE", "share", "how often a pinned page is mapped: MAPPED / PINNED", UNIT_RATIO, 5, 0,
	  GROUPS | PIN, 0, get_share },
	{ "MAPS", "mappings", "mappings of address spaces", UNIT_COUNT, 5, 0,
	  GROUPS | IOAS | DEVICE | PIN, FIELD(mappings) },
	{ "RUNS", "runs", "physically contiguous pieces of PINNED", UNIT_COUNT, 6, 0, GROUPS | PIN,
	  FIELD(runs) },
	{ "AVGRUN", "average_run", "average size of these; small ones take many table entries",
	  UNIT_BYTES, 6, 0, GROUPS | PIN, 0, get_average_run },
	{ "HUGE", "huge", "of PINNED, in runs of 2 MiB or more", UNIT_BYTES, 6, 0, GROUPS,
	  FIELD(huge) },
	{ "HUGE%", "huge_percent", "of PINNED, what is in runs of 2 MiB or more", UNIT_PERCENT, 5, 0, GROUPS, 0,
	  get_huge },
	{ "STALE", "stale", "of PINNED, whose address has got other memory since", UNIT_BYTES, 5, 0,
	  GROUPS, FIELD(stale) },
	{ "MAP/s", "maps_per_second", "map calls that succeeded", UNIT_RATE, 5, 0, TRAFFIC, 0,
	  get_maps_rate },
	{ "UNMAP/s", "unmaps_per_second", "unmap calls", UNIT_RATE, 7, 0, TRAFFIC, 0,
	  get_unmaps_rate },
	{ "REUSE%", "reuse_percent", "of the maps, those that pinned nothing", UNIT_PERCENT, 6, 0,
	  TRAFFIC, 0, get_reuse },
	{ "REFU/s", "refusals_per_second", "map calls that failed, pins that a limit refused",
	  UNIT_RATE, 6, 0, TRAFFIC, 0, get_refused_rate },
	{ "P50", "p50_ns", "half of the maps of late took less than this", UNIT_NS, 6, 0,
	  PROCESS | IOAS, FIELD(p50_ns) },
	{ "P99", "p99_ns", "99 of 100 maps of late took less than this", UNIT_NS, 6, 0,
	  PROCESS | IOAS, FIELD(p99_ns) },
	{ "+MAP", "maps", "maps since the snapshot before", UNIT_COUNT, 6, 0, TRAFFIC,
	  FIELD(recent.maps) },
	{ "+UNMAP", "unmaps", "unmaps since the snapshot before", UNIT_COUNT, 6, 0, TRAFFIC,
	  FIELD(recent.unmaps) },
	{ "+REUSE", "reused_maps", "maps that pinned nothing since the snapshot before", UNIT_COUNT, 6, 0,
	  TRAFFIC, FIELD(recent.reused) },
	{ "+REFU", "refusals", "refusals since the snapshot before", UNIT_COUNT, 6, 0, TRAFFIC,
	  FIELD(recent.refused) },
	{ "+MAPPED", "mapped_by_maps", "memory that maps mapped since the snapshot before", UNIT_BYTES, 7, 0,
	  TRAFFIC, FIELD(recent.mapped) },
	{ "#MAP", "maps_total", "maps since ioasid-top began", UNIT_COUNT, 6, 0, TRAFFIC,
	  FIELD(total.maps) },
	{ "#UNMAP", "unmaps_total", "unmaps since ioasid-top began", UNIT_COUNT, 6, 0, TRAFFIC,
	  FIELD(total.unmaps) },
	{ "#REUSE", "reused_maps_total", "maps that pinned nothing since ioasid-top began", UNIT_COUNT, 6, 0,
	  TRAFFIC, FIELD(total.reused) },
	{ "#REFU", "refusals_total", "refusals since ioasid-top began", UNIT_COUNT, 6, 0, TRAFFIC,
	  FIELD(total.refused) },
	{ "#MAPPED", "mapped_by_maps_total", "memory that maps mapped since ioasid-top began", UNIT_BYTES, 7,
	  0, TRAFFIC, FIELD(total.mapped) },
	{ "DEVS", "devices", "devices attached", UNIT_COUNT, 4, 0, GROUPS | IOAS, FIELD(devices) },
	{ "CONTS", "containers", "VFIO containers of these", UNIT_COUNT, 5, 0, GROUPS,
	  FIELD(containers) },
	{ "DEVICE", "device", "its PCI address", UNIT_TEXT, -13, -31, DEVICE, FIELD(name) },
	{ "GROUP", "group", "its IOMMU group", UNIT_ID, 5, 0, DEVICE, FIELD(group) },
	{ "CONTAINER", "container", "VFIO container that it belongs to; '-': none", UNIT_ID, 9, 0,
	  DEVICE, FIELD(container) },
	{ "IOAS", "ioas", "address space; devices of the same number share it", UNIT_ID, 5, 0,
	  IOAS | DEVICE | MAPPING, FIELD(ioas) },
	{ "TABLE", "table", "table that the device goes by", UNIT_ID, 5, 0, DEVICE, FIELD(table) },
	{ "SIZES", "page_sizes", "entries that the table can have", UNIT_SIZES, -10, -24, DEVICE,
	  FIELD(page_sizes) },
	{ "SINCE", "since", "time of day when it was attached, or the date", UNIT_MOMENT, 8, 0,
	  DEVICE, FIELD(since_ms) },
	{ "TABLES", "tables", "page tables and groups of devices that it feeds", UNIT_COUNT, 6, 0,
	  IOAS, FIELD(tables) },
	{ "POLICY", "policy", "place policy that it asks for; '-': the default one", UNIT_TEXT, -8,
	  -15, IOAS, FIELD(policy) },
	{ "PIN", "pin", "number of the pin, as in the tracepoints", UNIT_ID, 6, 0, PIN | MAPPING,
	  FIELD(pin) },
	{ "VA", "va", "its first address, or offset in the file", UNIT_ADDRESS, 14, 0,
	  PIN | MAPPING, FIELD(va) },
	{ "REFS", "references", "its mappings, ids and calls at work", UNIT_COUNT, 4, 0, PIN,
	  FIELD(references) },
	{ "ACCESS", "access", "what devices may: r(ead), w(rite)", UNIT_TEXT, -6, 0, PIN | MAPPING,
	  0, get_access },
	{ "STATE", "state", "busy, stale, reserved", UNIT_TEXT, -8, 0, PIN | MAPPING, 0,
	  get_state },
	{ "IOVA", "iova", "first address for devices", UNIT_ADDRESS, 14, 0, MAPPING, FIELD(iova) },
	{ "LAST", "last", "last address for devices", UNIT_ADDRESS, 14, 0, MAPPING, FIELD(last) },
	{ "KIND", "kind", "what it decides: account (who pays) or place (where)", UNIT_TEXT, -7, 0,
	  POLICY, FIELD(policy_kind) },
	{ "POLICY", "policy", "its name", UNIT_TEXT, -15, 0, POLICY, FIELD(name) },
	{ "STATE", "state", "builtin, default, named (on request), dead (ejected)", UNIT_TEXT, -7,
	  0, POLICY, FIELD(state) },
	{ "ASKED", "asked", "decisions that it was asked for", UNIT_COUNT, 8, 0, POLICY,
	  FIELD(asked) },
	{ "REFUSED", "refused", "of these, refused", UNIT_COUNT, 8, 0, POLICY, FIELD(denied) },
	{ "EJECTED", "ejections", "policies of this kind that were ejected, ever", UNIT_COUNT, 7,
	  0, POLICY, FIELD(ejections) },
	{ "LAST EXIT", "last_exit", "how the last one of this kind went", UNIT_TEXT, -20, -100,
	  POLICY, FIELD(last_exit) },
};

/*
 * The columns of a view from the left, by their keys, and how much each matters: 1 is there always,
 * larger ones while there is room, 0 only where there is no table.
 */
struct choice {
	const char *key;
	int rank;
};

static const struct choice process_choices[] = {
	{ "pid", 1 }, { "command", 1 }, { "user", 1 }, { "pinned", 1 }, { "charged", 9 },
	{ "limit", 2 }, { "pressure", 2 }, { "mapped", 3 }, { "shared", 20 }, { "share", 4 },
	{ "mappings", 19 }, { "pins", 18 }, { "runs", 15 }, { "average_run", 14 },
	{ "huge_percent", 13 }, { "stale", 10 }, { "maps_per_second", 5 },
	{ "unmaps_per_second", 11 }, { "reuse_percent", 12 }, { "refusals_per_second", 6 },
	{ "p50_ns", 16 }, { "p99_ns", 8 }, { "path", 17 }, { "devices", 7 },
	{ "uid", 0 }, { "cgroup", 0 }, { "domain", 0 }, { "exited", 0 }, { "trend", 0 }, { "spaces", 0 },
	{ "huge", 0 }, { "containers", 0 }, { "maps", 0 }, { "unmaps", 0 }, { "reused_maps", 0 },
	{ "refusals", 0 }, { "mapped_by_maps", 0 }, { "maps_total", 0 }, { "unmaps_total", 0 },
	{ "reused_maps_total", 0 }, { "refusals_total", 0 }, { "mapped_by_maps_total", 0 },
	{ NULL, 0 },
};

static const struct choice cgroup_choices[] = {
	{ "path", 1 }, { "processes", 1 }, { "pinned", 1 }, { "charged", 2 }, { "pressure", 2 },
	{ "mapped", 3 }, { "shared", 16 }, { "share", 4 }, { "mappings", 15 }, { "pins", 14 },
	{ "runs", 13 }, { "average_run", 12 }, { "huge_percent", 11 }, { "stale", 8 },
	{ "maps_per_second", 5 }, { "unmaps_per_second", 9 }, { "reuse_percent", 10 },
	{ "refusals_per_second", 6 }, { "devices", 7 }, { "cgroup", 0 }, { "trend", 0 },
	{ "spaces", 0 },
	{ "huge", 0 }, { "containers", 0 }, { "maps", 0 }, { "unmaps", 0 }, { "reused_maps", 0 },
	{ "refusals", 0 }, { "mapped_by_maps", 0 }, { "maps_total", 0 }, { "unmaps_total", 0 },
	{ "reused_maps_total", 0 }, { "refusals_total", 0 }, { "mapped_by_maps_total", 0 },
	{ NULL, 0 },
};

static const struct choice user_choices[] = {
	{ "user", 1 }, { "processes", 1 }, { "pinned", 1 }, { "charged", 2 }, { "pressure", 2 },
	{ "mapped", 3 }, { "shared", 16 }, { "share", 4 }, { "mappings", 15 }, { "pins", 14 },
	{ "runs", 13 }, { "average_run", 12 }, { "huge_percent", 11 }, { "stale", 8 },
	{ "maps_per_second", 5 }, { "unmaps_per_second", 9 }, { "reuse_percent", 10 },
	{ "refusals_per_second", 6 }, { "devices", 7 }, { "uid", 0 }, { "trend", 0 },
	{ "spaces", 0 },
	{ "huge", 0 }, { "containers", 0 }, { "maps", 0 }, { "unmaps", 0 }, { "reused_maps", 0 },
	{ "refusals", 0 }, { "mapped_by_maps", 0 }, { "maps_total", 0 }, { "unmaps_total", 0 },
	{ "reused_maps_total", 0 }, { "refusals_total", 0 }, { "mapped_by_maps_total", 0 },
	{ NULL, 0 },
};

static const struct choice ioas_choices[] = {
	{ "ioas", 1 }, { "pid", 1 }, { "command", 1 }, { "mapped", 1 }, { "mappings", 1 },
	{ "tables", 3 }, { "devices", 2 }, { "policy", 9 }, { "maps_per_second", 4 },
	{ "unmaps_per_second", 7 }, { "reuse_percent", 8 }, { "refusals_per_second", 5 },
	{ "p50_ns", 10 }, { "p99_ns", 6 }, { "maps", 0 }, { "unmaps", 0 }, { "reused_maps", 0 },
	{ "refusals", 0 }, { "mapped_by_maps", 0 }, { "maps_total", 0 }, { "unmaps_total", 0 },
	{ "reused_maps_total", 0 }, { "refusals_total", 0 }, { "mapped_by_maps_total", 0 },
	{ NULL, 0 },
};

static const struct choice device_choices[] = {
	{ "device", 1 }, { "group", 1 }, { "container", 1 }, { "ioas", 1 }, { "pid", 1 },
	{ "command", 1 }, { "mapped", 1 }, { "mappings", 1 }, { "since", 1 }, { "table", 2 },
	{ "page_sizes", 3 }, { NULL, 0 },
};

static const struct choice pin_choices[] = {
	{ "pin", 1 }, { "va", 1 }, { "pinned", 1 }, { "charged", 1 }, { "mapped", 1 },
	{ "share", 2 }, { "mappings", 1 }, { "references", 3 }, { "runs", 1 },
	{ "average_run", 4 }, { "access", 5 }, { "state", 6 }, { "shared", 0 }, { "domain", 0 },
	{ NULL, 0 },
};

static const struct choice policy_choices[] = {
	{ "kind", 1 }, { "policy", 1 }, { "state", 1 }, { "asked", 1 }, { "refused", 1 },
	{ "ejections", 1 }, { "last_exit", 2 }, { NULL, 0 },
};

static const struct choice tree_choices[] = {
	{ "name", 1 }, { "pid", 1 }, { "user", 14 }, { "pinned", 1 }, { "charged", 9 },
	{ "limit", 3 }, { "pressure", 2 }, { "mapped", 1 }, { "share", 8 }, { "mappings", 13 },
	{ "runs", 16 }, { "average_run", 15 }, { "huge_percent", 18 }, { "stale", 10 },
	{ "maps_per_second", 4 }, { "unmaps_per_second", 11 }, { "reuse_percent", 12 },
	{ "refusals_per_second", 5 }, { "p50_ns", 17 }, { "p99_ns", 6 }, { "devices", 7 },
	{ "maps_total", 0 }, { "unmaps_total", 0 }, { "reused_maps_total", 0 },
	{ "refusals_total", 0 }, { "ioas", 0 }, { "iova", 0 }, { "last", 0 }, { "va", 0 },
	{ "pin", 0 }, { NULL, 0 },
};

/* What mappings have of their own, outside of the tree's table. */
static const struct choice mapping_choices[] = {
	{ "ioas", 1 }, { "iova", 1 }, { "last", 1 }, { "mapped", 1 }, { "va", 1 }, { "pin", 1 },
	{ "access", 1 }, { "state", 1 }, { NULL, 0 },
};

static const struct choice *const choices[VIEWS] = {
	[VIEW_PROCESSES] = process_choices, [VIEW_CGROUPS] = cgroup_choices,
	[VIEW_USERS] = user_choices, [VIEW_IOAS] = ioas_choices, [VIEW_DEVICES] = device_choices,
	[VIEW_PINS] = pin_choices, [VIEW_POLICIES] = policy_choices, [VIEW_TREE] = tree_choices,
};

static const char *const first_sorted[VIEWS] = {
	[VIEW_PROCESSES] = "pinned", [VIEW_CGROUPS] = "pinned", [VIEW_USERS] = "pinned",
	[VIEW_IOAS] = "mapped", [VIEW_DEVICES] = "device", [VIEW_PINS] = "va",
	[VIEW_POLICIES] = "kind", [VIEW_TREE] = "pinned",
};
/* clang-format on */

/* Of the tree: of all kinds that it has. */
static unsigned int kinds_of(enum view view)
{
	return view == VIEW_TREE ? CGROUP | PROCESS | IOAS | MAPPING : 1U << view;
}

static const struct column *by_key(const char *key, unsigned int kinds)
{
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (columns[i].kinds & kinds && !strcmp(columns[i].key, key))
			return &columns[i];
	return NULL;
}

const struct column *column_of(enum view view, size_t index)
{
	const char *key = choices[view][index].key;

	return key ? by_key(key, kinds_of(view)) : NULL;
}

const struct column *column_of_kind(enum kind kind, size_t index)
{
	const char *key = kind == KIND_MAPPING ? mapping_choices[index].key :
						 choices[kind][index].key;

	return key ? by_key(key, 1U << kind) : NULL;
}

const struct column *column_find(enum view view, const char *name)
{
	const struct column *column;

	for (size_t i = 0; (column = column_of(view, i)); i++)
		if (!strcasecmp(name, column->name) || !strcasecmp(name, column->key))
			return column;
	return NULL;
}

const struct column *column_default(enum view view)
{
	return by_key(first_sorted[view], kinds_of(view));
}

bool column_has(const struct column *column, const struct row *row)
{
	return column->kinds & 1U << row->kind;
}

static struct value field(const struct column *column, const struct row *row)
{
	const void *at = (const char *)row + column->offset;

	switch (column->unit) {
	case UNIT_TEXT:
		return text(*(const char *const *)at);
	case UNIT_BOOL:
		return number(*(const bool *)at);
	case UNIT_PERCENT:
	case UNIT_RATIO:
	case UNIT_RATE:
		return fraction(*(const double *)at);
	default:
		return number(*(const uint64_t *)at);
	}
}

struct value column_value(const struct column *column, const struct snapshot *snapshot,
			  const struct row *row)
{
	if (!column_has(column, row))
		return (struct value){ .is_known = false };
	return column->get ? column->get(snapshot, row) : field(column, row);
}

/* Order. */

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_values(enum unit unit, struct value a, struct value b)
{
	switch (unit) {
	case UNIT_TEXT:
		return strcmp(a.text, b.text);
	case UNIT_BOOL:
	case UNIT_ID:
	case UNIT_ADDRESS:
	case UNIT_SIZES:
		return order(a.number, b.number);
	case UNIT_PERCENT:
	case UNIT_RATIO:
	case UNIT_RATE:
		return (a.fraction < b.fraction) - (a.fraction > b.fraction);
	default:
		return order(b.number, a.number);
	}
}

int column_compare(const struct column *column, const struct snapshot *snapshot,
		   const struct row *a, const struct row *b, bool invert)
{
	struct value left = column_value(column, snapshot, a);
	struct value right = column_value(column, snapshot, b);
	int result;

	if (!left.is_known || !right.is_known)
		return right.is_known - left.is_known;
	result = compare_values(column->unit, left, right);
	return invert ? -result : result;
}

/* Text. */

static void put_count(char *to, size_t size, uint64_t count, const struct style *style,
		      unsigned int width)
{
	static const char units[] = "KMGTPE";
	int length = snprintf(to, size, "%" PRIu64, count);
	double value = count;

	if (style->all_digits || !width || (unsigned int)length <= width)
		return;
	for (const char *unit = units; *unit; unit++) {
		value /= 1000;
		length = snprintf(to, size, "%.*f%c", value < 9.95 ? 1 : 0, value, *unit);
		if (value < 999.5 && (unsigned int)length <= width)
			return;
	}
}

static void put_bytes(char *to, size_t size, uint64_t bytes, const struct style *style)
{
	if (style->all_digits)
		snprintf(to, size, "%" PRIu64, bytes);
	else
		snprintf(to, size, "%s", text_size(bytes).s);
}

static void put_rate(char *to, size_t size, double rate, const struct style *style,
		     unsigned int width)
{
	if (rate >= 9.95)
		put_count(to, size, rate + 0.5, style, width);
	else
		snprintf(to, size, "%.1f", rate);
}

/* The time of day, or the day when that was not in the last 24 hours. */
static void put_moment(char *to, size_t size, uint64_t moment_ms, uint64_t now_ms)
{
	time_t seconds = moment_ms / 1000;
	struct tm time;

	if (localtime_r(&seconds, &time))
		strftime(to, size, now_ms - moment_ms < 86400000 ? "%H:%M:%S" : "%d%b%y", &time);
}

static void put_sizes(char *to, size_t size, uint64_t sizes)
{
	size_t length = 0;

	*to = '\0';
	for (; sizes && length + 8 < size; sizes &= sizes - 1) {
		static const char units[] = "BKMGTPE";
		unsigned int bit = __builtin_ctzll(sizes);

		length += snprintf(to + length, size - length, "%s%u%c", length ? "," : "",
				   1U << bit % 10, units[bit / 10]);
	}
}

static const char *trend_mark(int trend, const struct style *style)
{
	if (!trend)
		return "";
	if (style->is_ascii)
		return trend > 0 ? "^" : "v";
	return trend > 0 ? "\u2191" : "\u2193";
}

/* A program's name with a remark when it has ended. */
static void put_command(struct cell *cell, const struct row *row, const struct style *style,
			unsigned int width)
{
	static const char gone[] = " gone";
	bool has_gone = row->kind == KIND_PROCESS && row->exited;
	unsigned int most = has_gone && width > strlen(gone) ? width - strlen(gone) : width;

	term_text(cell->s, sizeof(cell->s) - sizeof(gone), row->command, most, style->is_ascii);
	if (has_gone)
		strcat(cell->s, gone);
}

static bool is_path(const struct column *column, const struct row *row)
{
	return !strcmp(column->key, "path") ||
	       (!strcmp(column->key, "name") && row->kind == KIND_CGROUP);
}

static bool is_command(const struct column *column, const struct row *row)
{
	return !strcmp(column->key, "command") ||
	       (!strcmp(column->key, "name") && row->kind == KIND_PROCESS);
}

static void put_text(struct cell *cell, const struct column *column, const struct row *row,
		     const char *s, const struct style *style, unsigned int width)
{
	if (is_command(column, row))
		put_command(cell, row, style, width);
	else if (is_path(column, row))
		term_tail(cell->s, sizeof(cell->s), s, width, style->is_ascii);
	else
		term_text(cell->s, sizeof(cell->s), s, width, style->is_ascii);
}

static void put_value(struct cell *cell, const struct column *column,
		      const struct snapshot *snapshot, const struct row *row, struct value value,
		      const struct style *style, unsigned int width)
{
	switch (column->unit) {
	case UNIT_TEXT:
		put_text(cell, column, row, value.text, style, width);
		return;
	case UNIT_BOOL:
		strcpy(cell->s, value.number ? "yes" : "no");
		return;
	case UNIT_ID:
		snprintf(cell->s, sizeof(cell->s), "%" PRIu64, value.number);
		return;
	case UNIT_ADDRESS:
		snprintf(cell->s, sizeof(cell->s), "%" PRIx64, value.number);
		return;
	case UNIT_COUNT:
		put_count(cell->s, sizeof(cell->s), value.number, style, width);
		return;
	case UNIT_BYTES:
		put_bytes(cell->s, sizeof(cell->s), value.number, style);
		return;
	case UNIT_NS:
		snprintf(cell->s, sizeof(cell->s), "%s", text_time(value.number).s);
		return;
	case UNIT_MOMENT:
		put_moment(cell->s, sizeof(cell->s), value.number, snapshot->time_ms);
		return;
	case UNIT_SIZES:
		put_sizes(cell->s, sizeof(cell->s), value.number);
		return;
	case UNIT_PERCENT:
		snprintf(cell->s, sizeof(cell->s), "%.*f%s", value.fraction < 99.95 ? 1 : 0,
			 value.fraction,
			 !strcmp(column->key, "pressure") ? trend_mark(row->trend, style) : "");
		return;
	case UNIT_RATIO:
		snprintf(cell->s, sizeof(cell->s), "%.*f", value.fraction < 99.995 ? 2 : 0,
			 value.fraction);
		return;
	case UNIT_RATE:
		put_rate(cell->s, sizeof(cell->s), value.fraction, style, width);
		return;
	}
}

struct cell column_text(const struct column *column, const struct snapshot *snapshot,
			const struct row *row, const struct style *style, unsigned int width)
{
	struct value value = column_value(column, snapshot, row);
	struct cell cell = { "" };

	if (!column_has(column, row))
		return cell;
	if (value.is_known)
		put_value(&cell, column, snapshot, row, value, style, width);
	else
		strcpy(cell.s, "-");
	return cell;
}

void column_list(enum view view, FILE *out)
{
	const struct column *column;

	for (size_t i = 0; (column = column_of(view, i)); i++)
		fprintf(out, "%-20s %-9s %s\n", column->key, column->name, column->help);
}

/* Layout. */

static int width_of(const struct column *column, const struct style *style)
{
	return style->all_digits && column->unit == UNIT_BYTES ? 14 : column->width;
}

static bool is_shown(const struct snapshot *snapshot, enum view view, const struct choice *choice,
		     int rank)
{
	if (choice->rank != rank)
		return false;
	return strcmp(choice->key, "devices") || view == VIEW_DEVICES || snapshot->all.devices;
}

/* Columns of lower ranks come first, those of the same one from the left. */
static uint64_t choose(const struct snapshot *snapshot, enum view view, const struct style *style,
		       int line)
{
	uint64_t chosen = 0;
	int used = -1;

	for (int rank = 1; rank < 32; rank++) {
		for (size_t i = 0; choices[view][i].key; i++) {
			int width;

			if (!is_shown(snapshot, view, &choices[view][i], rank))
				continue;
			width = abs(width_of(column_of(view, i), style)) + 1;
			if (line && rank > 1 && used + width > line)
				continue;
			chosen |= 1ULL << i;
			used += width;
		}
	}
	return chosen;
}

/* What is left of the line goes to the columns that can have more, the first of them first. */
static void stretch(struct layout *layout, int line)
{
	for (size_t i = 0; i < layout->count && layout->total < line; i++) {
		int more = abs(layout->column[i]->most) - abs(layout->width[i]);

		if (more <= 0)
			continue;
		if (more > line - layout->total)
			more = line - layout->total;
		layout->width[i] += layout->width[i] < 0 ? -more : more;
		layout->total += more;
	}
}

struct layout layout_fit(const struct snapshot *snapshot, enum view view, const struct style *style,
			 int line)
{
	uint64_t chosen = choose(snapshot, view, style, line);
	struct layout layout = { .total = -1 };

	for (size_t i = 0; choices[view][i].key; i++) {
		const struct column *column = column_of(view, i);
		int width = width_of(column, style);

		if (!(chosen >> i & 1))
			continue;
		if (!line && column->most)
			width = column->most;
		layout.column[layout.count] = column;
		layout.width[layout.count++] = width;
		layout.total += abs(width) + 1;
	}
	stretch(&layout, line);
	return layout;
}
