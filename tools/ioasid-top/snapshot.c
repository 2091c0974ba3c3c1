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
	const struct domain_row *domains;
	const struct device_row *devices;
	size_t room; /* in each of both */
	struct snapshot last;
} taker;

static size_t rows_size(size_t row)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (taker.room * row + page - 1) / page * page;
}

static const void *map_rows(const struct bpf_map *map, size_t row)
{
	void *rows = mmap(NULL, rows_size(row), PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);

	if (rows == MAP_FAILED)
		tool_die("no memory for %zu rows: %s", taker.room, strerror(errno));
	return rows;
}

/* A map has the size it is loaded with: more room is a new load. */
static void load(size_t room)
{
	struct ioasid_top_bpf *bpf = ioasid_top_bpf__open();
	int error;

	if (!bpf)
		tool_die_bpf(-errno, "the BPF programs cannot be opened");
	bpf_map__set_max_entries(bpf->maps.domain_rows, room);
	bpf_map__set_max_entries(bpf->maps.device_rows, room);
	error = ioasid_top_bpf__load(bpf);
	if (error)
		tool_die_bpf(error, "the kernel does not take the BPF programs");
	taker.bpf = bpf;
	taker.room = room;
	taker.domains = map_rows(bpf->maps.domain_rows, sizeof(*taker.domains));
	taker.devices = map_rows(bpf->maps.device_rows, sizeof(*taker.devices));
}

static void unload(void)
{
	munmap((void *)taker.domains, rows_size(sizeof(*taker.domains)));
	munmap((void *)taker.devices, rows_size(sizeof(*taker.devices)));
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
	free(taker.last.devices);
}

static int run(const struct bpf_program *program)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	int error = bpf_prog_test_run_opts(bpf_program__fd(program), &options);

	if (error)
		tool_die_bpf(error, "the BPF program cannot be run");
	return options.retval;
}

/* Get all rows, whatever it takes. Returns whether the module tells of devices. */
static bool walk(void)
{
	for (;;) {
		uint64_t domains, devices;
		int told;

		run(taker.bpf->progs.walk_domains);
		told = run(taker.bpf->progs.walk_devices);
		if (told < 0)
			tool_die_bpf(told, "the devices cannot be walked");
		domains = taker.bpf->bss->domains;
		devices = taker.bpf->bss->devices;
		if (domains <= taker.room && devices <= taker.room)
			return told;
		unload();
		load((domains > devices ? domains : devices) * 2);
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

static void convert_process(struct process *process, const struct domain_row *row)
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

/* Both clocks go on while the machine sleeps. */
static uint64_t epoch_ms(uint64_t boottime_ns)
{
	struct timespec now, boot;
	uint64_t now_ns, boot_ns;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	now_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	boot_ns = boot.tv_sec * 1000000000ULL + boot.tv_nsec;
	return (now_ns - boot_ns + boottime_ns) / 1000000;
}

static void convert_device(struct device *device, const struct device_row *row)
{
	*device = (struct device){
		.ioas = row->ioas,
		.table = row->table,
		.container = row->container,
		.mappings = row->mappings,
		.mapped = row->mapped * sysconf(_SC_PAGESIZE),
		.page_sizes = row->sizes,
		.since_ms = epoch_ms(row->since_ns),
		.group = row->group,
		.pid = row->tgid,
	};
	memcpy(device->command, row->comm, sizeof(device->command) - 1);
	memcpy(device->name, row->device, sizeof(device->name) - 1);
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
	case COLUMN_DEVS:
		return order(b->devices, a->devices);
	default:
		return 0;
	}
}

static int compare_processes(const void *a, const void *b, void *selection)
{
	const struct process *left = a, *right = b;
	int result = compare_by(((const struct selection *)selection)->sort, left, right);

	if (result)
		return result;
	return left->pid != right->pid ? order(left->pid, right->pid) :
					 order(left->domain, right->domain);
}

static int compare_devices_by(enum column sort, const struct device *a, const struct device *b)
{
	switch (sort) {
	case COLUMN_GROUP:
		return order(a->group, b->group);
	case COLUMN_CONTAINER:
		return order(a->container, b->container);
	case COLUMN_IOAS:
		return order(a->ioas, b->ioas);
	case COLUMN_PID:
		return order(a->pid, b->pid);
	case COLUMN_COMMAND:
		return strcmp(a->command, b->command);
	case COLUMN_MAPPED:
		return order(b->mapped, a->mapped);
	case COLUMN_MAPS:
		return order(b->mappings, a->mappings);
	case COLUMN_SINCE:
		return order(b->since_ms, a->since_ms);
	default:
		return 0;
	}
}

static int compare_devices(const void *a, const void *b, void *selection)
{
	const struct device *left = a, *right = b;
	int result = compare_devices_by(((const struct selection *)selection)->sort, left, right);

	if (!result)
		result = strcmp(left->name, right->name);
	return result ? result : order(left->group, right->group);
}

static uint64_t time_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/* Is the device the first of its container, among those of its process or of all? */
static bool is_first_of_container(const struct device *devices, size_t which, bool any_process)
{
	for (size_t i = 0; i < which; i++)
		if (devices[i].container == devices[which].container &&
		    (any_process || devices[i].pid == devices[which].pid))
			return false;
	return devices[which].container;
}

/* All devices, in the order of their groups. */
static void take_devices(struct snapshot *snapshot)
{
	size_t rows = taker.bpf->bss->devices;

	snapshot->devices = calloc(rows + 1, sizeof(*snapshot->devices));
	if (!snapshot->devices)
		tool_die("no memory for %zu devices", rows);
	for (size_t i = 0; i < rows; i++) {
		struct device *device = &snapshot->devices[i];

		convert_device(device, &taker.devices[i]);
		snapshot->all_devices += *device->name != 0;
		snapshot->groups += !i || device->group != device[-1].group;
		snapshot->containers += is_first_of_container(snapshot->devices, i, true);
	}
	snapshot->device_count = rows;
}

static void count_devices(const struct snapshot *snapshot, struct process *process)
{
	for (size_t i = 0; i < snapshot->device_count; i++) {
		const struct device *device = &snapshot->devices[i];

		if (device->pid != process->pid)
			continue;
		process->devices += *device->name != 0;
		process->containers += is_first_of_container(snapshot->devices, i, false);
	}
}

static void take_processes(struct snapshot *snapshot, const struct selection *selection)
{
	size_t rows = taker.bpf->bss->domains;

	snapshot->processes = calloc(rows + 1, sizeof(*snapshot->processes));
	if (!snapshot->processes)
		tool_die("no memory for %zu processes", rows);
	for (size_t i = 0; i < rows; i++) {
		struct process *process = &snapshot->processes[snapshot->count];

		if (!taker.domains[i].pins)
			continue;
		convert_process(process, &taker.domains[i]);
		snapshot->all++;
		snapshot->pinned += process->pinned;
		if (selection->pid && process->pid != selection->pid)
			continue;
		count_devices(snapshot, process);
		snapshot->count++;
	}
}

static void filter_devices(struct snapshot *snapshot, const struct selection *selection)
{
	size_t count = 0;

	for (size_t i = 0; i < snapshot->device_count; i++)
		if (!selection->pid || snapshot->devices[i].pid == selection->pid)
			snapshot->devices[count++] = snapshot->devices[i];
	snapshot->device_count = count;
}

const struct snapshot *snapshot_take(const struct selection *selection)
{
	struct snapshot *snapshot = &taker.last;

	if (!walk() && selection->view == VIEW_DEVICES)
		tool_die("the loaded ioasid module is older than this tool and does not tell of "
			 "devices; load the module of this version");
	free(snapshot->processes);
	free(snapshot->devices);
	*snapshot = (struct snapshot){ .view = selection->view, .time_ms = time_ms() };
	take_devices(snapshot);
	take_processes(snapshot, selection);
	filter_devices(snapshot, selection);
	qsort_r(snapshot->processes, snapshot->count, sizeof(*snapshot->processes),
		compare_processes, (void *)selection);
	qsort_r(snapshot->devices, snapshot->device_count, sizeof(*snapshot->devices),
		compare_devices, (void *)selection);
	for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++)
		policy_state_read(kind, &snapshot->policies[kind]);
	return snapshot;
}
