/* SPDX-License-Identifier: GPL-2.0-only */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memo.h"
#include "names.h"
#include "sample.h"
#include "snapshot.h"
#include "tool.h"

#define EXITED \
	(1ULL << 32) /* in the key of a process: another one than the living of this number */

static const char *const stages[] = { "", "check", "charge", "pin", "place", "table", "use" };
/* From IOASID_REASON_PROCESS on. */
static const char *const reasons[] = { "process", "user", "cgroup", "all" };

static struct {
	struct snapshot last;
	const struct sample *sample;
	size_t room[KINDS];
	uint64_t mono_ns;
	uint64_t cpu_ns;
	uint64_t bpf_ns;
} model;

static const struct history no_history;

static uint64_t bytes(uint64_t pages)
{
	return pages > UINT64_MAX / model.sample->page ? ROW_NONE : pages * model.sample->page;
}

static void copy_name(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%.*s", (int)size - 1, from);
}

static struct row *add_row(enum kind kind, uint64_t id)
{
	struct rows *rows = &model.last.rows[kind];
	struct row *row;

	if (rows->count == model.room[kind]) {
		model.room[kind] = model.room[kind] ? model.room[kind] * 2 : 64;
		rows->row = reallocarray(rows->row, model.room[kind], sizeof(*rows->row));
		if (!rows->row)
			tool_die("no memory for %zu rows", model.room[kind]);
	}
	row = &rows->row[rows->count++];
	*row = (struct row){
		.kind = kind,
		.id = id,
		.name = "",
		.command = "",
		.user = "",
		.path = "",
		.policy = "",
		.limit = ROW_NONE,
		.pressure = NAN,
		.p50_ns = ROW_NONE,
		.p99_ns = ROW_NONE,
		.container = ROW_NONE,
		.state = "",
		.policy_kind = "",
		.last_exit = "",
		.history = &no_history,
	};
	return row;
}

/* The row with this key in this snapshot, or NULL. Rows move as others are added. */
static struct row *find_row(enum kind kind, uint64_t id)
{
	const struct memo *memo = memo_find(kind, id);

	return memo && memo->seen == model.last.number ? &model.last.rows[kind].row[memo->index] :
							 NULL;
}

static struct row *get_row(enum kind kind, uint64_t id)
{
	struct row *row = find_row(kind, id);
	struct memo *memo;

	if (row)
		return row;
	memo = memo_of(kind, id);
	memo->seen = model.last.number;
	memo->index = model.last.rows[kind].count;
	return add_row(kind, id);
}

static void add_traffic(struct traffic *sum, const struct traffic *part)
{
	sum->maps += part->maps;
	sum->unmaps += part->unmaps;
	sum->mapped += part->mapped;
	sum->reused += part->reused;
	sum->refused += part->refused;
}

static uint64_t grown(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now;
}

static struct traffic recent_traffic(const struct traffic *now, const struct traffic *before)
{
	return (struct traffic){
		.maps = grown(now->maps, before->maps),
		.unmaps = grown(now->unmaps, before->unmaps),
		.mapped = grown(now->mapped, before->mapped),
		.reused = grown(now->reused, before->reused),
		.refused = grown(now->refused, before->refused),
	};
}

static void count_traffic(struct row *row, struct memo *memo, const struct raw_traffic *raw)
{
	row->total = (struct traffic){
		.maps = raw->maps,
		.unmaps = raw->unmaps,
		.mapped = bytes(raw->pages),
		.reused = raw->reused,
		.refused = raw->refused,
	};
	row->recent = recent_traffic(&row->total, &memo->last);
	memo->last = row->total;
	memo_count_map_times(memo, raw->took);
}

/* Processes. */

static struct row *get_process(uint32_t tgid, bool exited, const char *comm, uint32_t uid,
			       uint64_t cgroup)
{
	uint64_t id = tgid | (exited ? EXITED : 0);
	struct row *row = find_row(KIND_PROCESS, id);

	if (row)
		return row;
	row = get_row(KIND_PROCESS, id);
	row->pid = tgid;
	row->exited = exited;
	row->name = row->command = comm;
	row->uid = uid;
	row->user = name_of_user(uid);
	row->cgroup = cgroup;
	row->path = name_of_cgroup(cgroup);
	row->processes = 1;
	return row;
}

static void add_domain(struct row *row, const struct raw_domain *domain)
{
	uint64_t limit = bytes(domain->limit);

	if (!row->domain)
		row->domain = domain->domain;
	row->pins += domain->pins;
	row->pinned += bytes(domain->pinned);
	row->charged += bytes(domain->charged);
	if (limit < row->limit)
		row->limit = limit;
	row->mappings += domain->mappings;
	row->mapped += bytes(domain->mapped);
	row->shared += bytes(domain->shared);
	row->runs += domain->runs;
	row->huge = domain->huge == RAW_NONE ? ROW_NONE : row->huge + bytes(domain->huge);
	row->stale += bytes(domain->stale);
}

static void take_domains(void)
{
	for (size_t i = 0; i < model.sample->domain_count; i++) {
		const struct raw_domain *domain = &model.sample->domains[i];

		if (domain->pins)
			add_domain(get_process(domain->tgid, domain->exited, domain->comm,
					       domain->uid, domain->cgroup),
				   domain);
	}
}

/* A process that has gone is shown once more, with what it did at last. */
static void take_processes_traffic(void)
{
	for (size_t i = 0; i < model.sample->process_count; i++) {
		const struct raw_traffic *raw = model.sample->processes[i].traffic;
		uint64_t tgid = model.sample->processes[i].id;
		struct memo *memo = memo_of(KIND_PROCESS, tgid);
		bool is_dead = !probe_is_alive(tgid);
		struct row *row;

		if (memo->is_dead && is_dead) {
			probe_forget_process(tgid);
			continue;
		}
		row = is_dead ? find_row(KIND_PROCESS, tgid | EXITED) : NULL;
		if (!row)
			row = get_process(tgid, false, raw->comm, raw->uid, raw->cgroup);
		row->exited = is_dead;
		memo->is_dead = is_dead;
		count_traffic(row, memo, raw);
	}
}

static void finish_process(struct row *row)
{
	struct memo *memo = memo_of(KIND_PROCESS, row->id);

	if (row->limit != ROW_NONE && row->limit)
		row->pressure = 100.0 * row->charged / row->limit;
	row->trend = memo_trend(memo, row->charged);
	row->p50_ns = memo->p50_ns;
	row->p99_ns = memo->p99_ns;
	memo_history(memo, row->pinned);
	row->history = &memo->history;
}

/* Groups of processes. */

static void add_process(struct row *sum, const struct row *process)
{
	sum->processes += process->pins > 0;
	sum->spaces += process->spaces;
	sum->pins += process->pins;
	sum->pinned += process->pinned;
	sum->charged += process->charged;
	sum->mappings += process->mappings;
	sum->mapped += process->mapped;
	sum->shared += process->shared;
	sum->runs += process->runs;
	sum->huge = sum->huge == ROW_NONE || process->huge == ROW_NONE ? ROW_NONE :
									 sum->huge + process->huge;
	sum->stale += process->stale;
	sum->devices += process->devices;
	sum->containers += process->containers;
	add_traffic(&sum->recent, &process->recent);
	add_traffic(&sum->total, &process->total);
	if (isnan(sum->pressure) || process->pressure > sum->pressure)
		sum->pressure = process->pressure;
}

static void finish_group(struct row *row)
{
	struct memo *memo = memo_of(row->kind, row->id);

	row->trend = memo_trend(memo, row->charged);
	memo_history(memo, row->pinned);
	row->history = &memo->history;
}

static void take_groups(void)
{
	const struct rows *processes = &model.last.rows[KIND_PROCESS];
	struct row *group;

	for (size_t i = 0; i < processes->count; i++) {
		const struct row *process = &processes->row[i];

		group = get_row(KIND_CGROUP, process->cgroup);
		group->cgroup = process->cgroup;
		group->name = group->path = process->path;
		add_process(group, process);
		group = get_row(KIND_USER, process->uid);
		group->uid = process->uid;
		group->name = group->user = process->user;
		add_process(group, process);
	}
}

/* Address spaces and devices. */

/* Who made it, though that one may have pinned nothing: others map there, too. */
static struct row *maker_of(const struct raw_ioas *raw)
{
	struct row *row = find_row(KIND_PROCESS, raw->tgid);

	if (!row)
		row = find_row(KIND_PROCESS, raw->tgid | EXITED);
	if (row || !raw->tgid)
		return row;
	row = get_process(raw->tgid, !probe_is_alive(raw->tgid), raw->comm, UINT32_MAX, ROW_NONE);
	row->user = row->path = "";
	return row;
}

static void take_ioases(void)
{
	for (size_t i = 0; i < model.sample->ioas_count; i++) {
		const struct raw_ioas *raw = &model.sample->ioases[i];
		struct row *row = get_row(KIND_IOAS, raw->ioas);

		row->ioas = raw->ioas;
		row->name = row->command = raw->comm;
		row->pid = raw->tgid;
		row->mappings = raw->mappings;
		row->mapped = bytes(raw->mapped);
		row->tables = raw->tables;
		row->policy = raw->policy;
		if (raw->mappings && maker_of(raw))
			maker_of(raw)->spaces++;
	}
}

/* One that is not there was destroyed, or was made since it was looked for. */
static void take_spaces_traffic(void)
{
	for (size_t i = 0; i < model.sample->space_count; i++) {
		uint64_t ioas = model.sample->spaces[i].id;
		struct row *row = find_row(KIND_IOAS, ioas);
		struct memo *memo = memo_of(KIND_IOAS, ioas);

		if (row)
			count_traffic(row, memo, model.sample->spaces[i].traffic);
		else if (!memo->seen)
			memo->seen = model.last.number;
	}
}

static void finish_ioas(struct row *row)
{
	struct memo *memo = memo_of(KIND_IOAS, row->id);

	row->p50_ns = memo->p50_ns;
	row->p99_ns = memo->p99_ns;
	memo_history(memo, row->mapped);
	row->history = &memo->history;
}

static uint64_t since_ms(uint64_t boot_ns)
{
	return model.sample->time_ms - (model.sample->boot_ns - boot_ns) / 1000000;
}

/* The same for the same device, while it is attached. */
static uint64_t device_id(const struct raw_device *raw)
{
	uint64_t id = raw->group;

	for (const char *c = raw->device; *c; c++)
		id = id * 1099511628211 + (unsigned char)*c;
	return id;
}

/* Is it the first of its container, among those of its process or of all? */
static bool is_first_of_container(const struct row *devices, size_t which, bool any_process)
{
	for (size_t i = 0; i < which; i++)
		if (devices[i].container == devices[which].container &&
		    (any_process || devices[i].pid == devices[which].pid))
			return false;
	return devices[which].container != ROW_NONE;
}

static void count_device(const struct row *device, bool is_first)
{
	struct row *process = find_row(KIND_PROCESS, device->pid);
	struct row *ioas = find_row(KIND_IOAS, device->ioas);

	if (ioas)
		ioas->devices += *device->name != 0;
	if (!process)
		return;
	process->devices += *device->name != 0;
	process->containers += is_first;
}

/* In the order of their groups. */
static void take_devices(void)
{
	for (size_t i = 0; i < model.sample->device_count; i++) {
		const struct raw_device *raw = &model.sample->devices[i];
		struct row *row = add_row(KIND_DEVICE, device_id(raw));
		const struct row *all = model.last.rows[KIND_DEVICE].row;

		row->name = raw->device;
		row->command = raw->comm;
		row->pid = raw->tgid;
		row->ioas = raw->ioas;
		row->table = raw->table;
		row->container = raw->container ? raw->container : ROW_NONE;
		row->group = raw->group;
		row->mappings = raw->mappings;
		row->mapped = bytes(raw->mapped);
		row->page_sizes = raw->sizes;
		row->since_ms = since_ms(raw->since_ns);
		model.last.all.devices += *row->name != 0;
		model.last.groups += !i || row->group != row[-1].group;
		model.last.all.containers += is_first_of_container(all, i, true);
		count_device(row, is_first_of_container(all, i, false));
	}
}

/* What was asked for. */

static void take_pins(void)
{
	for (size_t i = 0; i < model.sample->pin_count; i++) {
		const struct raw_pin *raw = &model.sample->pins[i];
		struct row *row = add_row(KIND_PIN, raw->pin);

		row->domain = raw->domain;
		row->pin = raw->pin;
		row->va = raw->va;
		row->pinned = bytes(raw->pages);
		row->charged = bytes(raw->charged);
		row->references = raw->references;
		row->mappings = raw->mappings;
		row->mapped = bytes(raw->mapped);
		row->shared = row->mapped > row->pinned ? row->mapped - row->pinned : 0;
		row->runs = raw->runs == RAW_NONE ? 0 : raw->runs;
		row->flags = raw->flags;
	}
}

static void take_mappings(void)
{
	for (size_t i = 0; i < model.sample->mapping_count; i++) {
		const struct raw_mapping *raw = &model.sample->mappings[i];
		struct row *row = add_row(KIND_MAPPING, raw->ioas * 0x9e3779b97f4a7c15 ^ raw->iova);

		row->ioas = raw->ioas;
		row->iova = raw->iova;
		row->last = raw->last;
		row->mapped = raw->last - raw->iova + 1;
		row->va = raw->va;
		row->pin = raw->pin;
		row->flags = raw->flags;
	}
}

static struct row *add_policy(enum policy_kind kind, unsigned int epoch)
{
	const struct policy_state *state = &model.sample->policies[kind];
	struct row *row = add_row(KIND_POLICY, (uint64_t)kind << 32 | epoch);

	row->policy_kind = policy_kind_names[kind];
	row->ejections = state->ejections;
	row->last_exit = state->last_exit;
	return row;
}

static void take_policies(enum policy_kind kind)
{
	const struct policy_state *state = &model.last.policies[kind];

	if (policy_is_builtin(state)) {
		struct row *row = add_policy(kind, 0);

		row->name = state->name;
		row->state = "builtin";
		row->asked = row->denied = ROW_NONE;
	}
	for (size_t i = 0; i < model.sample->attached_count[kind]; i++) {
		const struct policy_attached *attached = &model.sample->attached[kind][i];
		struct row *row = add_policy(kind, attached->epoch);

		row->name = attached->name;
		row->state = attached->state;
		row->asked = attached->asked;
		row->denied = attached->refused;
	}
}

/* Refusals. */

static const char *stage_word(uint32_t stage)
{
	return stage < sizeof(stages) / sizeof(stages[0]) ? stages[stage] : "?";
}

static const char *reason_word(uint32_t reason)
{
	uint32_t which = reason - IOASID_REASON_PROCESS;

	return which < sizeof(reasons) / sizeof(reasons[0]) ? reasons[which] : "";
}

static void keep_refusal(struct refusal *to, const struct raw_refusal *raw)
{
	*to = (struct refusal){
		.time_ms = since_ms(raw->time_ns),
		.pid = raw->tgid,
		.uid = raw->uid,
		.cgroup = raw->cgroup,
		.ioas = raw->ioas,
		.asked = bytes(raw->pages),
		.used = bytes(raw->used),
		.limit = bytes(raw->limit),
		.code = -raw->code,
		.stage = stage_word(raw->stage),
		.whose = reason_word(raw->reason),
	};
	copy_name(to->command, sizeof(to->command), raw->comm);
	copy_name(to->policy, sizeof(to->policy), raw->policy);
}

static void take_refusals(void)
{
	struct snapshot *snapshot = &model.last;
	size_t count = model.sample->refusal_count;
	size_t fresh = count < REFUSALS_MOST ? count : REFUSALS_MOST;
	size_t kept = snapshot->refusal_count;

	if (kept + fresh > REFUSALS_MOST)
		kept = REFUSALS_MOST - fresh;
	memmove(snapshot->refusals + fresh, snapshot->refusals,
		kept * sizeof(snapshot->refusals[0]));
	for (size_t i = 0; i < fresh; i++)
		keep_refusal(&snapshot->refusals[i], &model.sample->refusals[count - 1 - i]);
	snapshot->refusal_count = kept + fresh;
	snapshot->refusals_fresh = fresh;
}

/* The whole. */

static void take_all(void)
{
	const struct rows *processes = &model.last.rows[KIND_PROCESS];
	struct row *all = &model.last.all;
	struct memo *memo;

	for (size_t i = 0; i < processes->count; i++) {
		uint64_t devices = all->devices, containers = all->containers;

		add_process(all, &processes->row[i]);
		all->devices = devices;
		all->containers = containers;
	}
	memo = memo_of(all->kind, all->id);
	count_traffic(all, memo, model.sample->all);
	memo->seen = model.last.number;
	all->p50_ns = memo->p50_ns;
	all->p99_ns = memo->p99_ns;
	all->trend = memo_trend(memo, all->charged);
	memo_history(memo, all->pinned);
	all->history = &memo->history;
}

static double percent_of(uint64_t now_ns, uint64_t before_ns)
{
	return 100.0 * (now_ns - before_ns) / model.last.interval_ns;
}

static void take_cost(void)
{
	const struct sample *sample = model.sample;
	struct snapshot *snapshot = &model.last;
	bool is_known = snapshot->interval_ns > 0;
	bool counts = sample->bpf_ns != RAW_NONE && model.bpf_ns != RAW_NONE;

	snapshot->cpu_percent = is_known ? percent_of(sample->cpu_ns, model.cpu_ns) : NAN;
	snapshot->bpf_percent = is_known && counts ? percent_of(sample->bpf_ns, model.bpf_ns) : NAN;
	model.cpu_ns = sample->cpu_ns;
	model.bpf_ns = sample->bpf_ns;
}

static void take_system(void)
{
	const struct sample *sample = model.sample;
	struct snapshot *snapshot = &model.last;

	snapshot->interval_ns = snapshot->number++ ? sample->mono_ns - model.mono_ns : 0;
	model.mono_ns = sample->mono_ns;
	snapshot->time_ms = sample->time_ms;
	if (!snapshot->began_ms)
		snapshot->began_ms = sample->time_ms;
	snapshot->ram = sample->ram;
	snapshot->groups = 0;
	snapshot->lost = sample->lost;
	memcpy(snapshot->policies, sample->policies, sizeof(snapshot->policies));
	memcpy(snapshot->module_version, sample->module_version, sizeof(snapshot->module_version));
	memcpy(snapshot->kernel, sample->kernel, sizeof(snapshot->kernel));
	take_cost();
	for (enum kind kind = 0; kind < KINDS; kind++)
		snapshot->rows[kind].count = 0;
	snapshot->all = *add_row(KIND_USER, ROW_NONE);
	snapshot->rows[KIND_USER].count = 0;
}

static void for_each(enum kind kind, void (*finish)(struct row *row))
{
	for (size_t i = 0; i < model.last.rows[kind].count; i++)
		finish(&model.last.rows[kind].row[i]);
}

static void forget(const struct memo *memo)
{
	if (memo->kind == KIND_IOAS)
		probe_forget_space(memo->id);
}

/* Mappings of address spaces that the tree shows. */
static void ask_for_mappings(struct wanted *wanted, const struct selection *selection,
			     uint64_t *numbers)
{
	if (selection->view != VIEW_TREE)
		return;
	wanted->all_mappings = selection->level == LEVEL_MAPPING;
	wanted->mappings_of = numbers;
	for (size_t i = 0; i < selection->fold_count; i++)
		if (selection->folds[i].kind == KIND_IOAS)
			numbers[wanted->mappings_count++] = selection->folds[i].id;
}

void snapshot_start(bool counts)
{
	probe_start(counts);
}

const struct snapshot *snapshot_take(const struct selection *selection)
{
	uint64_t *numbers = calloc(selection->fold_count + 1, sizeof(*numbers));
	struct wanted wanted = { 0 };

	if (!numbers)
		tool_die("no memory for %zu folds", selection->fold_count);
	wanted.devices = selection->view == VIEW_DEVICES;
	wanted.ioases = selection->view == VIEW_IOAS || selection->view == VIEW_TREE;
	if (selection->view == VIEW_PINS)
		wanted.pins_of = selection->pid;
	ask_for_mappings(&wanted, selection, numbers);
	model.sample = probe_take(&wanted);
	free(numbers);

	take_system();
	take_domains();
	take_processes_traffic();
	take_ioases();
	take_spaces_traffic();
	take_devices();
	for_each(KIND_PROCESS, finish_process);
	for_each(KIND_IOAS, finish_ioas);
	take_groups();
	for_each(KIND_CGROUP, finish_group);
	for_each(KIND_USER, finish_group);
	take_pins();
	take_mappings();
	for (enum policy_kind kind = 0; kind < POLICY_KINDS; kind++)
		take_policies(kind);
	take_refusals();
	take_all();
	memo_sweep(model.last.number, forget);
	return &model.last;
}

const struct row *snapshot_row(const struct snapshot *snapshot, enum kind kind, uint64_t id)
{
	const struct rows *rows = &snapshot->rows[kind];

	for (size_t i = 0; i < rows->count; i++)
		if (rows->row[i].id == id)
			return &rows->row[i];
	return NULL;
}

void snapshot_end(void)
{
	probe_end();
	memo_sweep(0, NULL);
	names_end();
	for (enum kind kind = 0; kind < KINDS; kind++)
		free(model.last.rows[kind].row);
}
