/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "ioasid-top.skel.h"
#include "sample.h"
#include "tool.h"

#define NSEC_PER_SEC 1000000000ULL

/* Room for more rows than there are, so that growing is rare. */
#define ROWS_AT_FIRST 64

/* Entries of a hash that one call reads. */
#define BATCH 1024

/* Kinds of rows that are walked. */
enum walk {
	WALK_DOMAINS,
	WALK_IOASES,
	WALK_DEVICES,
	WALK_PINS,
	WALK_MAPPINGS,
	WALKS,
};

static const struct {
	const char *what;
	size_t size;
} walks[WALKS] = {
	[WALK_DOMAINS] = { "processes", sizeof(struct raw_domain) },
	[WALK_IOASES] = { "address spaces", sizeof(struct raw_ioas) },
	[WALK_DEVICES] = { "devices", sizeof(struct raw_device) },
	[WALK_PINS] = { "pins", sizeof(struct raw_pin) },
	[WALK_MAPPINGS] = { "mappings", sizeof(struct raw_mapping) },
};

/* What a hash of traffic had. */
struct reading {
	uint64_t *keys;
	struct raw_traffic *values;
	struct counted *counted;
	size_t count;
	size_t room;
};

static struct {
	struct ioasid_top_bpf *walker;
	size_t room[WALKS];
	const void *rows[WALKS];
	struct ioasid_top_bpf *counter;
	struct ring_buffer *ring;
	struct raw_refusal *refusals;
	size_t refusal_count;
	size_t refusal_room;
	struct reading processes;
	struct reading spaces;
	struct raw_traffic *of_cpus;
	struct raw_traffic all;
	struct policy_attached attached[POLICY_KINDS][POLICY_ATTACHED_MOST];
	struct sample last;
} probe;

static void *need(void *memory, const char *what)
{
	if (!memory)
		tool_die("no memory for %s", what);
	return memory;
}

/* What is walked. */

static struct bpf_map *walk_map(const struct ioasid_top_bpf *bpf, enum walk walk)
{
	struct bpf_map *const maps[WALKS] = {
		[WALK_DOMAINS] = bpf->maps.domain_rows,	  [WALK_IOASES] = bpf->maps.ioas_rows,
		[WALK_DEVICES] = bpf->maps.device_rows,	  [WALK_PINS] = bpf->maps.pin_rows,
		[WALK_MAPPINGS] = bpf->maps.mapping_rows,
	};

	return maps[walk];
}

static struct bpf_program *walk_program(const struct ioasid_top_bpf *bpf, enum walk walk)
{
	struct bpf_program *const programs[WALKS] = {
		[WALK_DOMAINS] = bpf->progs.walk_domains,   [WALK_IOASES] = bpf->progs.walk_ioases,
		[WALK_DEVICES] = bpf->progs.walk_devices,   [WALK_PINS] = bpf->progs.walk_pins,
		[WALK_MAPPINGS] = bpf->progs.walk_mappings,
	};

	return programs[walk];
}

static uint64_t walk_count(enum walk walk)
{
	const uint64_t counts[WALKS] = {
		[WALK_DOMAINS] = probe.walker->bss->domains,
		[WALK_IOASES] = probe.walker->bss->ioases,
		[WALK_DEVICES] = probe.walker->bss->devices,
		[WALK_PINS] = probe.walker->bss->pins,
		[WALK_MAPPINGS] = probe.walker->bss->mappings,
	};

	return counts[walk];
}

static size_t rows_size(enum walk walk)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (probe.room[walk] * walks[walk].size + page - 1) / page * page;
}

static struct ioasid_top_bpf *open_programs(void)
{
	struct ioasid_top_bpf *bpf = ioasid_top_bpf__open();

	if (!bpf)
		tool_die_bpf(-errno, "the BPF programs cannot be opened");
	return bpf;
}

static void load_programs(struct ioasid_top_bpf *bpf)
{
	int error = ioasid_top_bpf__load(bpf);

	if (error)
		tool_die_bpf(error, "the kernel does not take the BPF programs");
}

/* A map has the size it is loaded with: more room is a new load. */
static void load_walker(void)
{
	struct ioasid_top_bpf *bpf = open_programs();

	bpf_program__set_autoload(bpf->progs.on_map, false);
	bpf_program__set_autoload(bpf->progs.on_unmap, false);
	bpf_program__set_autoload(bpf->progs.on_charge, false);
	bpf_map__set_autocreate(bpf->maps.by_process, false);
	bpf_map__set_autocreate(bpf->maps.by_ioas, false);
	bpf_map__set_autocreate(bpf->maps.by_all, false);
	bpf_map__set_autocreate(bpf->maps.refusals, false);
	for (enum walk walk = 0; walk < WALKS; walk++)
		bpf_map__set_max_entries(walk_map(bpf, walk), probe.room[walk]);
	load_programs(bpf);
	probe.walker = bpf;
	for (enum walk walk = 0; walk < WALKS; walk++) {
		probe.rows[walk] = mmap(NULL, rows_size(walk), PROT_READ, MAP_SHARED,
					bpf_map__fd(walk_map(bpf, walk)), 0);
		if (probe.rows[walk] == MAP_FAILED)
			tool_die("no memory for %zu %s: %s", probe.room[walk], walks[walk].what,
				 strerror(errno));
	}
}

static void unload_walker(void)
{
	for (enum walk walk = 0; walk < WALKS; walk++)
		munmap((void *)probe.rows[walk], rows_size(walk));
	ioasid_top_bpf__destroy(probe.walker);
}

static int run(enum walk walk)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	const struct bpf_program *program = walk_program(probe.walker, walk);
	int error = bpf_prog_test_run_opts(bpf_program__fd(program), &options);

	if (error)
		tool_die_bpf(error, "the BPF program cannot be run");
	if ((int)options.retval < 0)
		tool_die_bpf(options.retval, "the %s cannot be walked", walks[walk].what);
	return options.retval;
}

static void need_told(enum walk walk, int told)
{
	if (!told)
		tool_die("the loaded ioasid module is older than this tool and does not tell of "
			 "%s; load the module of this version",
			 walks[walk].what);
}

/* Those that may have gone meanwhile. */
static void run_of(enum walk walk, uint64_t number)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	const struct bpf_program *program = walk_program(probe.walker, walk);
	int error, told;

	probe.walker->bss->walked = number;
	error = bpf_prog_test_run_opts(bpf_program__fd(program), &options);
	if (error)
		tool_die_bpf(error, "the BPF program cannot be run");
	told = options.retval;
	need_told(walk, told);
	if (told < 0 && told != -ENOENT)
		tool_die_bpf(told, "the %s cannot be walked", walks[walk].what);
}

static void walk_pins(uint32_t tgid)
{
	const struct raw_domain *domains = probe.rows[WALK_DOMAINS];

	probe.walker->bss->pins = 0;
	if (!tgid)
		return;
	for (size_t i = 0; i < walk_count(WALK_DOMAINS) && i < probe.room[WALK_DOMAINS]; i++)
		if (domains[i].tgid == tgid && domains[i].pins)
			run_of(WALK_PINS, domains[i].domain);
}

static void walk_mappings(const struct wanted *wanted)
{
	const struct raw_ioas *ioases = probe.rows[WALK_IOASES];

	probe.walker->bss->mappings = 0;
	if (wanted->all_mappings) {
		for (size_t i = 0; i < walk_count(WALK_IOASES) && i < probe.room[WALK_IOASES]; i++)
			run_of(WALK_MAPPINGS, ioases[i].ioas);
		return;
	}
	for (size_t i = 0; i < wanted->mappings_count; i++)
		run_of(WALK_MAPPINGS, wanted->mappings_of[i]);
}

/* Returns whether there was room for all. If not, there is twice of it next time. */
static bool has_fitted(void)
{
	size_t room[WALKS];
	bool fits = true;

	for (enum walk walk = 0; walk < WALKS; walk++) {
		room[walk] = probe.room[walk];
		if (walk_count(walk) <= room[walk])
			continue;
		room[walk] = walk_count(walk) * 2;
		fits = false;
	}
	if (fits)
		return true;
	unload_walker();
	memcpy(probe.room, room, sizeof(room));
	load_walker();
	return false;
}

/* Get all rows, whatever it takes. */
static void walk(const struct wanted *wanted)
{
	do {
		run(WALK_DOMAINS);
		need_told(WALK_DEVICES, run(WALK_DEVICES) || !wanted->devices);
		need_told(WALK_IOASES, run(WALK_IOASES) || !wanted->ioases);
		walk_pins(wanted->pins_of);
		walk_mappings(wanted);
	} while (!has_fitted());
}

/* What is counted. */

static int keep_refusal(void *context, void *data, size_t size)
{
	(void)context;
	(void)size;
	if (probe.refusal_count == probe.refusal_room) {
		probe.refusal_room = probe.refusal_room ? probe.refusal_room * 2 : 64;
		probe.refusals = need(reallocarray(probe.refusals, probe.refusal_room,
						   sizeof(*probe.refusals)),
				      "refusals");
	}
	memcpy(&probe.refusals[probe.refusal_count++], data, sizeof(*probe.refusals));
	return 0;
}

static void load_counter(void)
{
	struct ioasid_top_bpf *bpf = open_programs();
	int error;

	for (enum walk walk = 0; walk < WALKS; walk++) {
		bpf_program__set_autoload(walk_program(bpf, walk), false);
		bpf_map__set_autocreate(walk_map(bpf, walk), false);
	}
	load_programs(bpf);
	error = ioasid_top_bpf__attach(bpf);
	if (error)
		tool_die_bpf(error, "the BPF programs cannot be attached to the tracepoints");
	probe.counter = bpf;
	probe.ring = ring_buffer__new(bpf_map__fd(bpf->maps.refusals), keep_refusal, NULL, NULL);
	if (!probe.ring)
		tool_die_bpf(-errno, "the ring of refusals cannot be mapped");
	probe.of_cpus =
		need(calloc(libbpf_num_possible_cpus(), sizeof(*probe.of_cpus)), "counters");
}

static void make_room(struct reading *reading)
{
	reading->room = reading->room ? reading->room * 2 : BATCH * 2;
	reading->keys = need(reallocarray(reading->keys, reading->room, sizeof(*reading->keys)),
			     "counters");
	reading->values = need(
		reallocarray(reading->values, reading->room, sizeof(*reading->values)), "counters");
	reading->counted =
		need(reallocarray(reading->counted, reading->room, sizeof(*reading->counted)),
		     "counters");
}

/*
 * A batch ends where a chain of the hash would not fit any more, and says so only when not even one
 * does; there are as many chains as entries at most, so that one is never longer than a batch.
 */
static void read_traffic(struct reading *reading, const struct bpf_map *map)
{
	uint32_t from, to;
	bool is_first = true;
	int error = 0;

	reading->count = 0;
	while (!error) {
		uint32_t count = BATCH;

		if (reading->count + BATCH > reading->room)
			make_room(reading);
		error = bpf_map_lookup_batch(bpf_map__fd(map), is_first ? NULL : &from, &to,
					     reading->keys + reading->count,
					     reading->values + reading->count, &count, NULL);
		if (error && error != -ENOENT)
			tool_die_bpf(error, "the counters cannot be read");
		reading->count += count;
		from = to;
		is_first = false;
	}
	for (size_t i = 0; i < reading->count; i++)
		reading->counted[i] = (struct counted){ reading->keys[i], &reading->values[i] };
}

static void read_all(void)
{
	struct raw_traffic *all = &probe.all;
	uint32_t zero = 0;
	int error =
		bpf_map_lookup_elem(bpf_map__fd(probe.counter->maps.by_all), &zero, probe.of_cpus);

	if (error)
		tool_die_bpf(error, "the counters cannot be read");
	*all = (struct raw_traffic){ 0 };
	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++) {
		const struct raw_traffic *part = &probe.of_cpus[cpu];

		all->maps += part->maps;
		all->unmaps += part->unmaps;
		all->pages += part->pages;
		all->reused += part->reused;
		all->refused += part->refused;
		for (size_t i = 0; i < TRAFFIC_BUCKETS; i++)
			all->took[i] += part->took[i];
	}
}

static void read_counters(void)
{
	int error;

	probe.refusal_count = 0;
	if (!probe.counter)
		return;
	error = ring_buffer__consume(probe.ring);
	if (error < 0)
		tool_die_bpf(error, "the ring of refusals cannot be read");
	read_traffic(&probe.processes, probe.counter->maps.by_process);
	read_traffic(&probe.spaces, probe.counter->maps.by_ioas);
	read_all();
}

void probe_forget_process(uint64_t tgid)
{
	if (probe.counter)
		bpf_map_delete_elem(bpf_map__fd(probe.counter->maps.by_process), &tgid);
}

void probe_forget_space(uint64_t ioas)
{
	if (probe.counter)
		bpf_map_delete_elem(bpf_map__fd(probe.counter->maps.by_ioas), &ioas);
}

/* The rest. */

bool probe_is_alive(uint32_t tgid)
{
	return !kill(tgid, 0) || errno == EPERM;
}

const char *probe_user(uint32_t uid)
{
	const struct passwd *user = getpwuid(uid);

	return user ? user->pw_name : NULL;
}

/* Where the hierarchy of version 2 is, which ids of cgroups are of. */
static int open_cgroups(void)
{
	int root = open("/sys/fs/cgroup/unified", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return root >= 0 ? root : open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A cgroup's id is its file handle. */
static int open_cgroup(int root, uint64_t cgroup)
{
	struct {
		struct file_handle head;
		unsigned char id[sizeof(cgroup)];
	} handle = { .head = { .handle_bytes = sizeof(cgroup), .handle_type = 0xfe } };

	memcpy(handle.head.f_handle, &cgroup, sizeof(cgroup));
	return open_by_handle_at(root, &handle.head, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool path_of(int file, char *path, size_t size)
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
	length = readlink(link, path, size - 1);
	if (length < 0)
		return false;
	path[length] = '\0';
	return true;
}

const char *probe_cgroup(uint64_t cgroup)
{
	static char path[4096], top[64];
	int root = open_cgroups();
	int file = root < 0 ? -1 : open_cgroup(root, cgroup);
	bool is_good = file >= 0 && path_of(root, top, sizeof(top)) &&
		       path_of(file, path, sizeof(path)) && !strncmp(path, top, strlen(top));

	if (file >= 0)
		close(file);
	if (root >= 0)
		close(root);
	if (!is_good)
		return NULL;
	return path[strlen(top)] ? path + strlen(top) : "/";
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

static uint64_t cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NSEC_PER_SEC +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000ULL;
}

/* The kernel counts when somebody has it count: kernel.bpf_stats_enabled. */
static bool kernel_counts(void)
{
	FILE *file = fopen("/proc/sys/kernel/bpf_stats_enabled", "r");
	int c = file ? fgetc(file) : '0';

	if (file)
		fclose(file);
	return c == '1';
}

static uint64_t bpf_ns(void)
{
	struct bpf_program *program;
	uint64_t sum = 0;

	if (!probe.counter || !kernel_counts())
		return RAW_NONE;
	bpf_object__for_each_program(program, probe.counter->obj)
	{
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);
		int file = bpf_program__fd(program);

		if (file >= 0 && !bpf_prog_get_info_by_fd(file, &info, &size))
			sum += info.run_time_ns;
	}
	return sum;
}

static void read_version(char *version, size_t size)
{
	FILE *file = fopen("/sys/module/ioasid/version", "r");

	snprintf(version, size, "?");
	if (!file)
		return;
	if (fgets(version, size, file))
		version[strcspn(version, "\n")] = '\0';
	fclose(file);
}

static void read_system(struct sample *sample)
{
	struct utsname names;
	struct sysinfo memory;

	if (!uname(&names))
		snprintf(sample->kernel, sizeof(sample->kernel), "%s", names.release);
	if (!sysinfo(&memory))
		sample->ram = (uint64_t)memory.totalram * memory.mem_unit;
	read_version(sample->module_version, sizeof(sample->module_version));
	sample->page = sysconf(_SC_PAGESIZE);
	sample->mono_ns = tool_now_ns();
	sample->boot_ns = clock_ns(CLOCK_BOOTTIME);
	sample->time_ms = clock_ns(CLOCK_REALTIME) / 1000000;
	sample->cpu_ns = cpu_ns();
	sample->bpf_ns = bpf_ns();
}

static void read_policies(struct sample *sample)
{
	for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++) {
		int count = policy_attached_read(kind, probe.attached[kind]);

		policy_state_read(kind, &sample->policies[kind]);
		sample->attached[kind] = probe.attached[kind];
		sample->attached_count[kind] = count > 0 ? count : 0;
	}
}

void probe_start(bool counts)
{
	tool_need_bpf();
	for (enum walk walk = 0; walk < WALKS; walk++)
		probe.room[walk] = ROWS_AT_FIRST;
	if (counts)
		load_counter();
	load_walker();
}

const struct sample *probe_take(const struct wanted *wanted)
{
	struct sample *sample = &probe.last;

	walk(wanted);
	read_counters();
	*sample = (struct sample){
		.domains = probe.rows[WALK_DOMAINS],
		.domain_count = walk_count(WALK_DOMAINS),
		.ioases = probe.rows[WALK_IOASES],
		.ioas_count = walk_count(WALK_IOASES),
		.devices = probe.rows[WALK_DEVICES],
		.device_count = walk_count(WALK_DEVICES),
		.pins = probe.rows[WALK_PINS],
		.pin_count = walk_count(WALK_PINS),
		.mappings = probe.rows[WALK_MAPPINGS],
		.mapping_count = walk_count(WALK_MAPPINGS),
		.processes = probe.processes.counted,
		.process_count = probe.processes.count,
		.spaces = probe.spaces.counted,
		.space_count = probe.spaces.count,
		.refusals = probe.refusals,
		.refusal_count = probe.refusal_count,
		.all = &probe.all,
		.lost = probe.counter ? probe.counter->bss->lost : 0,
	};
	read_system(sample);
	read_policies(sample);
	return sample;
}

static void free_reading(struct reading *reading)
{
	free(reading->keys);
	free(reading->values);
	free(reading->counted);
}

void probe_end(void)
{
	ring_buffer__free(probe.ring);
	ioasid_top_bpf__destroy(probe.counter);
	unload_walker();
	free_reading(&probe.processes);
	free_reading(&probe.spaces);
	free(probe.refusals);
	free(probe.of_cpus);
}
