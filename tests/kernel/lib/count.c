// SPDX-License-Identifier: GPL-2.0-only
#include "count.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "check.h"

/* The number behind a word at the beginning of a line. */
static uint64_t number_in(const char *path, const char *word)
{
	FILE *f = fopen(path, "re");
	unsigned long long value;
	char text[256];

	if (!f)
		fail("%s: %m", path);
	while (fgets(text, sizeof(text), f)) {
		if (!strncmp(text, word, strlen(word)) &&
		    sscanf(text + strlen(word), "%llu", &value) == 1) {
			fclose(f);
			return value;
		}
	}
	fail("there is no %s in %s", word, path);
}

uint64_t status_of(pid_t pid, const char *line)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return number_in(path, line) << 10;
}

uint64_t vm_pin(void)
{
	return status_of(getpid(), "VmPin:");
}

uint64_t vm_lck(void)
{
	return status_of(getpid(), "VmLck:");
}

uint64_t meminfo(const char *line)
{
	return number_in("/proc/meminfo", line);
}

/* Each processor keeps some of these counts to itself until asked for them. */
static void refresh_vmstat(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);

	want_that(fd >= 0);
	want(write(fd, "1", 1), 1);
	close(fd);
}

int64_t system_pinned(void)
{
	refresh_vmstat();
	return number_in("/proc/vmstat", "nr_foll_pin_acquired ") -
	       number_in("/proc/vmstat", "nr_foll_pin_released ");
}

struct ioasid_audit audit(void)
{
	struct ioasid_audit arg = { .size = sizeof(arg) };
	int fd = device_open();

	want(call(fd, IOASID_AUDIT, &arg), 0);
	close(fd);
	if (arg.errors || arg.text[0])
		fail("audit: %u errors: %.128s", arg.errors, arg.text);
	return arg;
}

void want_nothing_left(void)
{
	struct ioasid_audit now = audit();

	want(now.domains, 0);
	want(now.pins, 0);
	want(now.pinned, 0);
	want(now.charged, 0);
	want(now.mappings, 0);
	want(now.mapped, 0);
	want(now.in_flight, 0);
}

struct counts counts(int fd)
{
	return (struct counts){
		.process = query_process(fd),
		.file = query_file(fd),
		.audit = audit(),
		.vm_pin = vm_pin(),
	};
}

static void same(const char *file, int line, const char *what, uint64_t before, uint64_t after)
{
	if (before != after)
		fail_at(file, line, "%s was %llu and is %llu", what, (unsigned long long)before,
			(unsigned long long)after);
}

static void same_query(const char *file, int line, const char *scope,
		       const struct ioasid_query *before, const struct ioasid_query *after)
{
	const struct {
		const char *name;
		uint64_t before;
		uint64_t after;
	} rows[] = {
#define ROW(name) { #name, before->name, after->name }
		ROW(mappings), ROW(mapped), ROW(tables), ROW(table_memory), ROW(pins),	ROW(pinned),
		ROW(charged),  ROW(limit),  ROW(shared), ROW(runs),	    ROW(stale), ROW(ioases),
#undef ROW
	};
	char what[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(what, sizeof(what), "%s: %s", scope, rows[i].name);
		same(file, line, what, rows[i].before, rows[i].after);
	}
}

void want_same_at(const char *file, int line, const struct counts *before,
		  const struct counts *after)
{
	same_query(file, line, "process", &before->process, &after->process);
	same_query(file, line, "file", &before->file, &after->file);
	same(file, line, "audit: domains", before->audit.domains, after->audit.domains);
	same(file, line, "audit: pins", before->audit.pins, after->audit.pins);
	same(file, line, "audit: pinned", before->audit.pinned, after->audit.pinned);
	same(file, line, "audit: charged", before->audit.charged, after->audit.charged);
	same(file, line, "audit: mappings", before->audit.mappings, after->audit.mappings);
	same(file, line, "audit: mapped", before->audit.mapped, after->audit.mapped);
	same(file, line, "audit: in_flight", before->audit.in_flight, after->audit.in_flight);
	same(file, line, "VmPin", before->vm_pin, after->vm_pin);
}

static void is(const char *file, int line, const char *what, uint64_t actual, uint64_t expected)
{
	if (actual != expected)
		fail_at(file, line, "%s is %llu, not %llu", what, (unsigned long long)actual,
			(unsigned long long)expected);
}

void want_pinned_at(const char *file, int line, int fd, uint64_t pins, uint64_t bytes)
{
	struct ioasid_query now = query_process(fd);

	is(file, line, "process: pinned", now.pinned, bytes);
	is(file, line, "process: charged", now.charged, bytes);
	is(file, line, "process: pins", now.pins, pins);
	is(file, line, "VmPin", vm_pin(), bytes);
}
