// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracepoints: their fields are ABI, and what they say of a known workload is exact.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "count.h"
#include "memory.h"
#include "user.h"

#define TRACING "/sys/kernel/tracing"
#define INSTANCE TRACING "/instances/ioasid-test"
#define AT 0x10000000ULL

static int fd;
static uint32_t ioas;

/* The fields. */

struct field {
	const char *type;
	const char *name;
	unsigned int offset;
	unsigned int size;
	unsigned int is_signed;
};

#define MAX_FIELDS 20

struct event {
	const char *name;
	struct field fields[MAX_FIELDS]; /* the last one has no name */
};

#define CHARGE_FIELDS                                                                       \
	{                                                                                   \
		{ "u64", "domain", 8, 8, 0 }, { "u64", "cgroup", 16, 8, 0 },                \
			{ "u64", "pages", 24, 8, 0 }, { "u64", "used", 32, 8, 0 },          \
			{ "u64", "limit", 40, 8, 0 }, { "u32", "tgid", 48, 4, 0 },          \
			{ "u32", "uid", 52, 4, 0 }, { "s32", "ret", 56, 4, 1 },             \
			{ "char", "policy[16]", 60, 16, 0 }, { "u32", "reason", 76, 4, 0 }, \
		{                                                                           \
		}                                                                           \
	}

#define TABLE_FIELDS                                                                         \
	{                                                                                    \
		{ "u64", "ioas", 8, 8, 0 }, { "u64", "table", 16, 8, 0 },                    \
			{ "u64", "pages", 24, 8, 0 }, { "u64", "memory", 32, 8, 0 },         \
			{ "u64", "total_ns", 40, 8, 0 }, { "u32", "tgid", 48, 4, 0 },        \
			{ "u32", "format", 52, 4, 0 }, { "u32", "levels", 56, 4, 0 },        \
			{ "s32", "ret", 60, 4, 1 }, { "u64", "container", 64, 8, 0 },        \
			{ "u32", "group", 72, 4, 0 }, { "u32", "devices", 76, 4, 0 },        \
			{ "char", "device[32]", 80, 32, 0 }, { "u32", "reason", 112, 4, 0 }, \
		{                                                                            \
		}                                                                            \
	}

static const struct event events[] = {
	{ "ioasid_pin",
	  {
		  { "u64", "domain", 8, 8, 0 },
		  { "u64", "pin", 16, 8, 0 },
		  { "u64", "va", 24, 8, 0 },
		  { "u64", "pages", 32, 8, 0 },
		  { "u64", "runs", 40, 8, 0 },
		  { "u64", "reused", 48, 8, 0 },
		  { "u64", "total_ns", 56, 8, 0 },
		  { "u64", "charge_ns", 64, 8, 0 },
		  { "u64", "gup_ns", 72, 8, 0 },
		  { "u32", "tgid", 80, 4, 0 },
		  { "s32", "ret", 84, 4, 1 },
		  { "bool", "write", 88, 1, 0 },
		  { "u32", "run_sizes[20]", 92, 80, 0 },
		  {},
	  } },
	{ "ioasid_unpin",
	  {
		  { "u64", "domain", 8, 8, 0 },
		  { "u64", "pin", 16, 8, 0 },
		  { "u64", "va", 24, 8, 0 },
		  { "u64", "pages", 32, 8, 0 },
		  { "u64", "runs", 40, 8, 0 },
		  { "u64", "lived_ns", 48, 8, 0 },
		  { "u64", "total_ns", 56, 8, 0 },
		  { "u32", "tgid", 64, 4, 0 },
		  { "bool", "stale", 68, 1, 0 },
		  {},
	  } },
	{ "ioasid_stale",
	  {
		  { "u64", "domain", 8, 8, 0 },
		  { "u64", "pin", 16, 8, 0 },
		  { "u64", "va", 24, 8, 0 },
		  { "u64", "pages", 32, 8, 0 },
		  { "u64", "mapped", 40, 8, 0 },
		  { "u32", "tgid", 48, 4, 0 },
		  {},
	  } },
	{ "ioasid_table_attach", TABLE_FIELDS },
	{ "ioasid_table_detach", TABLE_FIELDS },
	{ "ioasid_charge", CHARGE_FIELDS },
	{ "ioasid_uncharge", CHARGE_FIELDS },
	{ "ioasid_map",
	  {
		  { "u64", "ioas", 8, 8, 0 },
		  { "u64", "iova", 16, 8, 0 },
		  { "u64", "va", 24, 8, 0 },
		  { "u64", "pages", 32, 8, 0 },
		  { "u64", "pins", 40, 8, 0 },
		  { "u64", "runs", 48, 8, 0 },
		  { "u64", "reused", 56, 8, 0 },
		  { "u64", "total_ns", 64, 8, 0 },
		  { "u64", "pin_ns", 72, 8, 0 },
		  { "u64", "policy_ns", 80, 8, 0 },
		  { "u64", "place_ns", 88, 8, 0 },
		  { "u64", "table_ns", 96, 8, 0 },
		  { "u32", "tgid", 104, 4, 0 },
		  { "s32", "ret", 108, 4, 1 },
		  { "char", "policy[16]", 112, 16, 0 },
		  { "u32", "stage", 128, 4, 0 },
		  { "u32", "reason", 132, 4, 0 },
		  {},
	  } },
	{ "ioasid_unmap",
	  {
		  { "u64", "ioas", 8, 8, 0 },
		  { "u64", "iova", 16, 8, 0 },
		  { "u64", "pages", 24, 8, 0 },
		  { "u64", "unmapped", 32, 8, 0 },
		  { "u64", "total_ns", 40, 8, 0 },
		  { "u64", "place_ns", 48, 8, 0 },
		  { "u64", "table_ns", 56, 8, 0 },
		  { "u64", "flush_ns", 64, 8, 0 },
		  { "u64", "pin_ns", 72, 8, 0 },
		  { "u32", "tgid", 80, 4, 0 },
		  { "s32", "ret", 84, 4, 1 },
		  {},
	  } },
};

/* A line of a format file: "field:u64 domain;	offset:8;	size:8;	signed:0;" */
static bool parse_field(char *line, char type[32], char name[32], struct field *field)
{
	char declaration[64], *space;

	if (sscanf(line, " field:%63[^;]; offset:%u; size:%u; signed:%u;", declaration,
		   &field->offset, &field->size, &field->is_signed) != 4)
		return false;
	space = strrchr(declaration, ' ');
	want_that(space);
	*space = '\0';
	snprintf(type, 32, "%.31s", declaration);
	snprintf(name, 32, "%.31s", space + 1);
	return true;
}

static void want_format(const struct event *event)
{
	char path[128], line[256], type[32], name[32];
	const struct field *expected = event->fields;
	struct field field;
	FILE *f;

	snprintf(path, sizeof(path), TRACING "/events/ioasid/%s/format", event->name);
	f = fopen(path, "re");
	if (!f)
		fail("%s: %m", path);
	while (fgets(line, sizeof(line), f)) {
		if (!parse_field(line, type, name, &field) || !strncmp(name, "common_", 7))
			continue;
		context("%s: field %s %s", event->name, type, name);
		if (!expected->name)
			fail("a field that is not known; add it here");
		want(strcmp(name, expected->name), 0);
		want(strcmp(type, expected->type), 0);
		want(field.offset, expected->offset);
		want(field.size, expected->size);
		want(field.is_signed, expected->is_signed);
		expected++;
	}
	fclose(f);
	if (expected->name)
		fail("%s has no field %s", event->name, expected->name);
}

Test(trace, the_fields_are_abi)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(events); i++)
		want_format(&events[i]);
}

/* What they say. */

static void put(const char *file, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), INSTANCE "/%s", file);
	f = fopen(path, "we");
	if (!f)
		fail("%s: %m", path);
	want_that(fputs(text, f) >= 0);
	want(fclose(f), 0);
}

/* The instance stays: making its buffers and waiting until they are unused takes very long. */
static void trace_start(void)
{
	if (mkdir(INSTANCE, 0700))
		want(errno, EEXIST);
	put("buffer_size_kb", "64");
	put("trace", "");
	put("events/ioasid/enable", "1");
	fd = device_open();
	ioas = make_ioas(fd);
}

static void trace_end(void)
{
	want(close(fd), 0);
	put("events/ioasid/enable", "0");
	want_nothing_left();
}

#define TRACE_TEST(name) TEST_BETWEEN(trace_start, trace_end, trace, name)

/* Events of this process since the last look. */
#define MAX_LINES 32

struct line {
	char text[512];
};

struct trace {
	unsigned int count;
	struct line lines[MAX_LINES];
};

static struct trace take_trace(void)
{
	char mine[32], text[512];
	struct trace trace = {};
	FILE *f = fopen(INSTANCE "/trace", "re");

	want_that(f);
	snprintf(mine, sizeof(mine), "tgid=%d ", getpid());
	while (fgets(text, sizeof(text), f)) {
		if (text[0] == '#' || !strstr(text, mine))
			continue;
		want_that(trace.count < MAX_LINES);
		snprintf(trace.lines[trace.count++].text, sizeof(text), "%s", text);
	}
	fclose(f);
	put("trace", "");
	return trace;
}

/* The value of a key, as a number. */
static int64_t value_of(const struct line *line, const char *key)
{
	char word[64];
	const char *at;

	snprintf(word, sizeof(word), " %s=", key);
	at = strstr(line->text, word);
	if (!at)
		fail("no %s in: %s", key, line->text);
	return strtoull(at + strlen(word), NULL, 0);
}

/* The only one of this name in the trace. */
static const struct line *only(const struct trace *trace, const char *name)
{
	const struct line *found = NULL;
	char word[64];
	unsigned int i;

	snprintf(word, sizeof(word), " %s: ", name);
	for (i = 0; i < trace->count; i++) {
		if (!strstr(trace->lines[i].text, word))
			continue;
		if (found)
			fail("two of %s", name);
		found = &trace->lines[i];
	}
	if (!found)
		fail("no %s among %u events", name, trace->count);
	return found;
}

static void want_count(const struct trace *trace, unsigned int count)
{
	unsigned int i;

	if (trace->count == count)
		return;
	for (i = 0; i < trace->count; i++)
		fputs(trace->lines[i].text, stderr);
	fail("%u events, not %u", trace->count, count);
}

static void want_policy(const struct line *line, const char *name)
{
	char word[64];

	snprintf(word, sizeof(word), " policy=%s ", name);
	if (!strstr(line->text, word))
		fail("no%sin: %s", word, line->text);
}

/* The phases are parts of the whole. */
/* So many runs have so many pages, as far as their sizes tell. */
static void want_run_sizes(const struct line *line, uint64_t runs, uint64_t pages)
{
	const char *at = strstr(line->text, " run_sizes={");
	uint64_t count, found = 0, least = 0, most = 0;
	unsigned int i;

	want_that(at);
	at += strlen(" run_sizes={");
	for (i = 0; i < 20; i++, at = strchr(at, ',') ? strchr(at, ',') + 1 : "") {
		count = strtoull(at, NULL, 0);
		found += count;
		least += count << i;
		most += count * ((2 << i) - 1);
	}
	want(found, runs);
	want_that(least <= pages && pages <= most);
}

static void want_times(const struct line *line, const char *const phases[], size_t count)
{
	int64_t sum = 0;
	size_t i;

	for (i = 0; i < count; i++)
		sum += value_of(line, phases[i]);
	want_that(value_of(line, "total_ns") > 0);
	want_that(sum <= value_of(line, "total_ns"));
}

#define WANT_TIMES(line, ...)                                   \
	do {                                                    \
		const char *const phases_[] = { __VA_ARGS__ };  \
                                                                \
		want_times(line, phases_, ARRAY_SIZE(phases_)); \
	} while (0)

TRACE_TEST(a_map_tells_what_it_did)
{
	char *memory = anon(8 * PAGE);
	const struct line *map, *pin, *charge;
	struct ioasid_translate where;
	struct trace trace;

	want(map_at(fd, ioas, memory, 8 * PAGE, READ_WRITE, AT), 0);
	trace = take_trace();
	want_count(&trace, 3);
	want(translate(fd, ioas, AT, 0, &where), 0);
	charge = only(&trace, "ioasid_charge");
	want(value_of(charge, "pages"), 8);
	want(value_of(charge, "used"), 0);
	want(value_of(charge, "limit"), -1);
	want(value_of(charge, "uid"), 0);
	want(value_of(charge, "ret"), 0);
	want_policy(charge, "builtin");
	pin = only(&trace, "ioasid_pin");
	want(value_of(pin, "domain"), value_of(charge, "domain"));
	want(value_of(pin, "pin"), where.out_pin);
	want(value_of(pin, "va"), ADDRESS(memory));
	want(value_of(pin, "pages"), 8);
	want(value_of(pin, "runs"), physical_runs(memory, 8 * PAGE));
	want_run_sizes(pin, physical_runs(memory, 8 * PAGE), 8);
	want(value_of(pin, "reused"), 0);
	want(value_of(pin, "write"), 1);
	want(value_of(pin, "ret"), 0);
	WANT_TIMES(pin, "charge_ns", "gup_ns");
	map = only(&trace, "ioasid_map");
	want(value_of(map, "iova"), AT);
	want(value_of(map, "va"), ADDRESS(memory));
	want(value_of(map, "pages"), 8);
	want(value_of(map, "pins"), 1);
	want(value_of(map, "runs"), physical_runs(memory, 8 * PAGE));
	want(value_of(map, "reused"), 0);
	want(value_of(map, "ret"), 0);
	want(value_of(map, "stage"), IOASID_STAGE_NONE);
	want_policy(map, "fixed");
	WANT_TIMES(map, "pin_ns", "policy_ns", "place_ns", "table_ns");
}

TRACE_TEST(a_second_map_tells_what_it_shared)
{
	char *memory = anon(8 * PAGE);
	const struct line *map, *pin;
	struct trace trace;
	uint64_t iova;

	want(map_at(fd, ioas, memory, 8 * PAGE, READ_WRITE, AT), 0);
	take_trace();
	iova = make_map(fd, ioas, memory + 2 * PAGE, 3 * PAGE);
	trace = take_trace();
	want_count(&trace, 2);
	pin = only(&trace, "ioasid_pin");
	want(value_of(pin, "va"), ADDRESS(memory) + 2 * PAGE);
	want(value_of(pin, "pages"), 3);
	want(value_of(pin, "reused"), 3);
	want_run_sizes(pin, 0, 0);
	map = only(&trace, "ioasid_map");
	want(value_of(map, "iova"), iova);
	want(value_of(map, "pages"), 3);
	want(value_of(map, "pins"), 1);
	want(value_of(map, "reused"), 3);
	want(value_of(map, "runs"), physical_runs(memory + 2 * PAGE, 3 * PAGE));
	want_policy(map, "builtin");
}

TRACE_TEST(an_unmap_tells_what_went)
{
	char *memory = anon(8 * PAGE);
	const struct line *unmap_line, *unpin_line, *uncharge;
	struct ioasid_translate where;
	struct trace trace;

	make_table(fd, ioas);
	want(map_at(fd, ioas, memory, 8 * PAGE, READ_WRITE, AT), 0);
	want(translate(fd, ioas, AT, 0, &where), 0);
	take_trace();
	want(unmap(fd, ioas, AT + 2 * PAGE, 2 * PAGE, NULL), 0);
	trace = take_trace();
	want_count(&trace, 1);
	unmap_line = only(&trace, "ioasid_unmap");
	want(value_of(unmap_line, "iova"), AT + 2 * PAGE);
	want(value_of(unmap_line, "pages"), 2);
	want(value_of(unmap_line, "unmapped"), 2);

	want(unmap_all(fd, ioas, NULL), 0);
	trace = take_trace();
	want_count(&trace, 3);
	unmap_line = only(&trace, "ioasid_unmap");
	want(value_of(unmap_line, "pages"), -1);
	want(value_of(unmap_line, "unmapped"), 6);
	want(value_of(unmap_line, "ret"), 0);
	WANT_TIMES(unmap_line, "place_ns", "table_ns", "flush_ns", "pin_ns");
	unpin_line = only(&trace, "ioasid_unpin");
	want(value_of(unpin_line, "pin"), where.out_pin);
	want(value_of(unpin_line, "va"), ADDRESS(memory));
	want(value_of(unpin_line, "pages"), 8);
	want(value_of(unpin_line, "runs"), physical_runs(memory, 8 * PAGE));
	want(value_of(unpin_line, "stale"), 0);
	want_that(value_of(unpin_line, "lived_ns") > 0);
	uncharge = only(&trace, "ioasid_uncharge");
	want(value_of(uncharge, "pages"), 8);
	want(value_of(uncharge, "used"), 8);
	want(value_of(uncharge, "limit"), 0);
	want_policy(uncharge, "builtin");
}

/* Refusals are told as well: of the memory, the place and the limit. */
TRACE_TEST(a_refusal_is_told)
{
	char *memory = anon(4 * PAGE);
	struct trace trace;

	want(munmap(memory + 2 * PAGE, 2 * PAGE), 0);
	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT), -EFAULT);
	trace = take_trace();
	want_count(&trace, 4);
	want(value_of(only(&trace, "ioasid_charge"), "ret"), 0);
	want(value_of(only(&trace, "ioasid_pin"), "ret"), -EFAULT);
	want(value_of(only(&trace, "ioasid_pin"), "pin"), 0);
	want(value_of(only(&trace, "ioasid_pin"), "runs"), 0);
	want_run_sizes(only(&trace, "ioasid_pin"), 0, 0);
	want(value_of(only(&trace, "ioasid_uncharge"), "pages"), 4);
	want(value_of(only(&trace, "ioasid_map"), "ret"), -EFAULT);
	want(value_of(only(&trace, "ioasid_map"), "stage"), IOASID_STAGE_PIN);
	want(value_of(only(&trace, "ioasid_map"), "pages"), 4);

	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT), 0);
	take_trace();
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT), -EEXIST);
	trace = take_trace();
	want(value_of(only(&trace, "ioasid_map"), "ret"), -EEXIST);
	want(value_of(only(&trace, "ioasid_map"), "iova"), AT);
	want(value_of(only(&trace, "ioasid_map"), "stage"), IOASID_STAGE_PLACE);
	want(value_of(only(&trace, "ioasid_map"), "reason"), IOASID_REASON_NONE);
}

static void pin_too_much(void *arg)
{
	char *memory = anon(4 * PAGE);
	const struct line *charge;
	struct ioasid_pin pin;
	struct trace trace;

	(void)arg;
	drop_ipc_lock();
	set_limit(user_locked(0) + 2 * PAGE);
	take_trace();
	want(pin_call(fd, memory, 3 * PAGE, IOASID_PIN_WRITE, &pin), -ENOMEM);
	trace = take_trace();
	want_count(&trace, 2);
	charge = only(&trace, "ioasid_charge");
	want(value_of(charge, "ret"), -ENOMEM);
	want(value_of(charge, "pages"), 3);
	want(value_of(charge, "limit"), value_of(charge, "used") + 2);
	want(value_of(charge, "reason"), IOASID_REASON_NONE);
	want(value_of(only(&trace, "ioasid_pin"), "ret"), -ENOMEM);
	want(value_of(only(&trace, "ioasid_pin"), "pin"), 0);
}

TRACE_TEST(a_limit_that_refuses_is_told)
{
	in_child(pin_too_much, NULL);
}

static void map_too_much(void *arg)
{
	char *memory = anon(4 * PAGE);
	const struct line *charge, *map;
	struct trace trace;

	(void)arg;
	drop_ipc_lock();
	set_limit(user_locked(0) + 2 * PAGE);
	take_trace();
	want(map_at(fd, ioas, memory, 3 * PAGE, READ_WRITE, AT), -ENOMEM);
	trace = take_trace();
	want_count(&trace, 3);
	charge = only(&trace, "ioasid_charge");
	want(value_of(charge, "ret"), -ENOMEM);
	want(value_of(charge, "limit"), value_of(charge, "used") + 2);
	map = only(&trace, "ioasid_map");
	want(value_of(map, "ret"), -ENOMEM);
	want(value_of(map, "pages"), 3);
	want(value_of(map, "stage"), IOASID_STAGE_CHARGE);
}

TRACE_TEST(a_map_tells_that_a_limit_refused_it)
{
	in_child(map_too_much, NULL);
}

TRACE_TEST(a_stale_pin_says_so_when_it_goes)
{
	char *memory = anon(4 * PAGE);
	struct trace trace;

	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT), 0);
	want(madvise(memory, 4 * PAGE, MADV_DONTNEED), 0);
	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT + MIB), 0);
	take_trace();
	want(unmap(fd, ioas, AT, 4 * PAGE, NULL), 0);
	trace = take_trace();
	want(value_of(only(&trace, "ioasid_unpin"), "stale"), 1);
	want(unmap(fd, ioas, AT + MIB, 4 * PAGE, NULL), 0);
	trace = take_trace();
	want(value_of(only(&trace, "ioasid_unpin"), "stale"), 0);
}

/* Whoever finds it out: the map that follows, or the look at what is mapped. */
TRACE_TEST(memory_that_is_lost_is_told_once)
{
	char *memory = anon(4 * PAGE);
	struct ioasid_translate where;
	const struct line *stale;
	struct ioasid_event event;
	struct trace trace;

	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT), 0);
	want(map_at(fd, ioas, memory, 2 * PAGE, READ_WRITE, AT + MIB), 0);
	want(translate(fd, ioas, AT, 0, &where), 0);
	take_trace();
	want(munmap(memory + PAGE, PAGE), 0);
	want(read(fd, &event, sizeof(event)), sizeof(event));
	trace = take_trace();
	stale = only(&trace, "ioasid_stale");
	want(value_of(stale, "pin"), where.out_pin);
	want(value_of(stale, "va"), ADDRESS(memory));
	want(value_of(stale, "pages"), 4);
	want(value_of(stale, "mapped"), 6);
	want(value_of(stale, "tgid"), getpid());
	want(unmap_all(fd, ioas, NULL), 0);
}

TRACE_TEST(tables_come_and_go)
{
	struct ioasid_table_alloc arg = {
		.ioas_id = ioas,
		.format = IOASID_FORMAT_RISCV,
		.levels = 5,
	};
	char *memory = anon(4 * PAGE);
	const struct line *attach, *detach;
	struct trace trace;

	want(map_at(fd, ioas, memory, 4 * PAGE, READ_WRITE, AT), 0);
	take_trace();
	want(table_alloc(fd, &arg), 0);
	trace = take_trace();
	attach = only(&trace, "ioasid_table_attach");
	want(value_of(attach, "tgid"), getpid());
	want(value_of(attach, "format"), IOASID_FORMAT_RISCV);
	want(value_of(attach, "levels"), 5);
	want(value_of(attach, "container"), 0);
	want(value_of(attach, "devices"), 0);
	want(value_of(attach, "pages"), 4);
	want(value_of(attach, "memory"), 5);
	want(value_of(attach, "ret"), 0);
	want(value_of(attach, "container"), 0);
	want(value_of(attach, "group"), 0);
	want(value_of(attach, "devices"), 0);
	want(value_of(attach, "reason"), IOASID_REASON_NONE);
	want_that(value_of(attach, "total_ns") > 0);
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, AT + GIB), 0);
	take_trace();
	want(destroy(fd, arg.out_id), 0);
	trace = take_trace();
	detach = only(&trace, "ioasid_table_detach");
	want(value_of(detach, "ioas"), value_of(attach, "ioas"));
	want(value_of(detach, "table"), value_of(attach, "table"));
	want(value_of(detach, "pages"), 5);
	want(value_of(detach, "memory"), 7);
	want(value_of(detach, "ret"), 0);
	/* What is refused is told, too. */
	want(map_at(fd, ioas, memory, PAGE, READ_WRITE, 1ULL << 60), 0);
	take_trace();
	want(table_alloc(fd, &arg), -ERANGE);
	trace = take_trace();
	attach = only(&trace, "ioasid_table_attach");
	want(value_of(attach, "ret"), -ERANGE);
	want(value_of(attach, "pages"), 0);
	want(value_of(attach, "memory"), 0);
	want(unmap_all(fd, ioas, NULL), 0);
}
