/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/bpf.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "ioasid-top.skel.h"
#include "snapshot.h"
#include "tool.h"

/* Room for more rows than there are, so that growing is rare. */
#define ROWS_AT_FIRST 64

static struct {
	struct ioasid_top_bpf *bpf;
	const struct domain_row *rows;
	size_t room;
	struct snapshot last;
} taker;

static size_t rows_size(void)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (taker.room * sizeof(struct domain_row) + page - 1) / page * page;
}

/* A map has the size it is loaded with: more room is a new load. */
static void load(size_t room)
{
	struct ioasid_top_bpf *bpf = ioasid_top_bpf__open();
	void *rows;
	int error;

	if (!bpf)
		tool_die_bpf(-errno, "the BPF program cannot be opened");
	bpf_map__set_max_entries(bpf->maps.rows, room);
	error = ioasid_top_bpf__load(bpf);
	if (error)
		tool_die_bpf(error, "the kernel does not take the BPF program");
	taker.bpf = bpf;
	taker.room = room;
	rows = mmap(NULL, rows_size(), PROT_READ, MAP_SHARED, bpf_map__fd(bpf->maps.rows), 0);
	if (rows == MAP_FAILED)
		tool_die("no memory for %zu processes: %s", room, strerror(errno));
	taker.rows = rows;
}

static void unload(void)
{
	munmap((void *)taker.rows, rows_size());
	ioasid_top_bpf__destroy(taker.bpf);
}

void snapshot_start(void)
{
	tool_need_bpf();
	load(ROWS_AT_FIRST);
}

void snapshot_end(void)
{
	unload();
	free(taker.last.processes);
}

/* Returns how many rows there are; all of them, whatever it takes. */
static size_t walk(void)
{
	for (;;) {
		LIBBPF_OPTS(bpf_test_run_opts, options);
		int program = bpf_program__fd(taker.bpf->progs.walk_domains);
		int error = bpf_prog_test_run_opts(program, &options);
		size_t count = taker.bpf->bss->domains;

		if (error)
			tool_die_bpf(error, "the BPF program cannot be run");
		if (count <= taker.room)
			return count;
		unload();
		load(count * 2);
	}
}

/* Neighbours mostly have the same user; looking one up reads files. */
static const char *user_name(uid_t uid)
{
	static char name[32];
	static uid_t last;
	const struct passwd *user;

	if (*name && last == uid)
		return name;
	user = getpwuid(uid);
	if (user)
		snprintf(name, sizeof(name), "%.31s", user->pw_name);
	else
		snprintf(name, sizeof(name), "%u", uid);
	last = uid;
	return name;
}

static void convert(struct process *process, const struct domain_row *row)
{
	uint64_t page = sysconf(_SC_PAGESIZE);

	*process = (struct process){
		.domain = row->domain,
		.pins = row->pins,
		.pinned = row->pinned * page,
		.charged = row->charged * page,
		.limit = row->limit > UINT64_MAX / page ? UINT64_MAX : row->limit * page,
		.mappings = row->mappings,
		.mapped = row->mapped * page,
		.shared = row->shared * page,
		.runs = row->runs,
		.stale = row->stale * page,
		.cgroup = row->cgroup,
		.pid = row->tgid,
		.uid = row->uid,
		.exited = row->exited,
	};
	memcpy(process->command, row->comm, sizeof(process->command) - 1);
	memcpy(process->user, user_name(row->uid), sizeof(process->user));
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_by(enum column sort, const struct process *a, const struct process *b)
{
	switch (sort) {
	case COLUMN_COMMAND:
		return strcmp(a->command, b->command);
	case COLUMN_USER:
		return strcmp(a->user, b->user);
	case COLUMN_PINNED:
		return order(b->pinned, a->pinned);
	case COLUMN_CHARGED:
		return order(b->charged, a->charged);
	case COLUMN_LIMIT:
		return order(b->limit, a->limit);
	case COLUMN_MAPPED:
		return order(b->mapped, a->mapped);
	case COLUMN_SHARED:
		return order(b->shared, a->shared);
	case COLUMN_PINS:
		return order(b->pins, a->pins);
	case COLUMN_STALE:
		return order(b->stale, a->stale);
	default:
		return 0;
	}
}

static int compare(const void *a, const void *b, void *selection)
{
	const struct process *left = a, *right = b;
	int result = compare_by(((const struct selection *)selection)->sort, left, right);

	if (result)
		return result;
	return left->pid != right->pid ? order(left->pid, right->pid) :
					 order(left->domain, right->domain);
}

static uint64_t time_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

const struct snapshot *snapshot_take(const struct selection *selection)
{
	struct snapshot *snapshot = &taker.last;
	size_t rows = walk();

	free(snapshot->processes);
	*snapshot = (struct snapshot){ .time_ms = time_ms() };
	snapshot->processes = calloc(rows + 1, sizeof(*snapshot->processes));
	if (!snapshot->processes)
		tool_die("no memory for %zu processes", rows);
	for (size_t i = 0; i < rows; i++) {
		struct process *process = &snapshot->processes[snapshot->count];

		if (!taker.rows[i].pins)
			continue;
		convert(process, &taker.rows[i]);
		snapshot->all++;
		snapshot->pinned += process->pinned;
		if (!selection->pid || process->pid == selection->pid)
			snapshot->count++;
	}
	qsort_r(snapshot->processes, snapshot->count, sizeof(*snapshot->processes), compare,
		(void *)selection);
	for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++)
		policy_state_read(kind, &snapshot->policies[kind]);
	return snapshot;
}
