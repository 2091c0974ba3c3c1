/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Samples that are made up: the same ones in each run, two seconds apart whatever the clock says.
 * In place of tools/ioasid-top/probe.c they make ioasid-top run without a kernel, its screen
 * included.
 *
 *	TOP_PROCESSES=N		N more processes, each with an address space (0)
 *	TOP_NAMES=awkward	names with bytes that no format likes
 *
 * The more ones have 23 pages each, mapped twice, and 7 maps, 5 of which pin nothing, and 3 unmaps
 * in each interval.
 */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "sample.h"
#include "tool.h"

#define PAGE 4096ULL
#define MIB (1048576 / PAGE)
#define SECOND 1000000000ULL
#define BEGIN_MS 1767355200000ULL /* 2 January 2026, noon, UTC */
#define NO_LIMIT (~0ULL)

/**
 * struct actor - a process of the scene; pages, and calls in each interval
 */
struct actor {
	uint32_t tgid;
	uint32_t uid;
	uint64_t cgroup;
	const char *comm;
	uint64_t pinned;
	uint64_t limit;
	uint64_t grows; /* pages more each time */
	uint64_t huge;
	uint64_t runs;
	uint64_t stale;
	unsigned int spaces;
	unsigned int maps;
	unsigned int unmaps;
	unsigned int reused;
	unsigned int refused;
	uint64_t map_ns;
	bool exited;
};

/* clang-format off */
static const struct actor scene[] = {
	{ 1009, 64055, 101, "qemu-system-x86", 8192 * MIB, 8400 * MIB, 0, 8100 * MIB, 113, 0,
	  2, 23, 23, 11, 0, 8192, false },
	{ 1013, 64055, 102, "qemu-system-x86", 3900 * MIB, 4096 * MIB, 8 * MIB, 2048 * MIB, 1511,
	  16 * MIB, 1, 101, 97, 89, 2, 16384, false },
	{ 2003, 0, 103, "dpdk-testpmd", 1024 * MIB, NO_LIMIT, 0, 1024 * MIB, 1, 0,
	  4, 1009, 1009, 1009, 0, 2048, false },
	{ 2011, 0, 104, "spdk_tgt", 512 * MIB, NO_LIMIT, 0, 384 * MIB, 211, 2 * MIB,
	  1, 5003, 5003, 4999, 0, 4096, false },
	{ 3001, 1000, 105, "trainer", 96 * MIB, 128 * MIB, 0, 0, 24571, 0,
	  1, 7, 0, 0, 3, 131072, false },
	{ 3011, 1000, 105, "old-trainer", 64 * MIB, 128 * MIB, 0, 0, 16381, 64 * MIB,
	  1, 0, 0, 0, 0, 0, true },
	{ 4001, 1001, 106, "refused-only", 0, 2 * MIB, 0, 0, 0, 0,
	  0, 0, 0, 0, 5, 0, false },
};

static const struct {
	uint64_t number;
	const char *path;
} cgroups[] = {
	{ 1, "/" },
	{ 101, "/machine.slice/machine-qemu-1-web.scope" },
	{ 102, "/machine.slice/machine-qemu-2-db.scope" },
	{ 103, "/system.slice/testpmd.service" },
	{ 104, "/system.slice/spdk.service" },
	{ 105, "/user.slice/user-1000.slice/session-2.scope" },
	{ 106, "/user.slice/user-1001.slice/session-3.scope" },
};

static const struct {
	uint32_t uid;
	const char *name;
} users[] = { { 0, "root" }, { 1000, "ada" }, { 1001, "grace" }, { 64055, "libvirt-qemu" } };

static const struct {
	unsigned int actor;
	unsigned int space;
	uint64_t container;
	uint32_t group;
	const char *name;
} attached[] = {
	{ 0, 0, 1, 11, "0000:03:00.0" },
	{ 0, 1, 2, 12, "0000:03:00.1" },
	{ 1, 0, 3, 14, "0000:04:00.0" },
	{ 2, 0, 0, 17, "0000:81:00.0" },
	{ 2, 1, 0, 18, "0000:81:00.1" },
	{ 3, 0, 4, 23, "0000:c1:00.0" },
};

/* What a program may call itself, and a directory be called. */
static const char *const awkward[] = {
	"new\nline", "quo\"te", "back\\slash", "\033[31mred\033[0m", "gr\u00fc\u00dfe", "\xff\xfe\xc3",
	"a,b;c", "tab\tcr\r", "{x=\"1\"}", "\u65e5\u672c\u8a9e", "'='1+1", "",
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct {
	uint64_t takes;
	size_t actors;
	struct actor *actor;
	bool is_awkward;
	struct raw_domain *domains;
	struct raw_ioas *ioases;
	struct raw_device devices[COUNT(attached)];
	struct raw_pin pins[64];
	struct raw_mapping *mappings;
	struct raw_traffic *traffic; /* of the processes, then of the address spaces */
	struct counted *counted;
	size_t spaces;
	struct raw_refusal *refusals;
	struct raw_traffic all;
	struct policy_attached account;
	struct sample last;
} made;

static void *need(size_t count, size_t size)
{
	void *memory = calloc(count + 1, size);

	if (!memory)
		tool_die("no memory for %zu actors", count);
	return memory;
}

static uint64_t number_of_more(void)
{
	const char *text = getenv("TOP_PROCESSES");

	return text ? strtoull(text, NULL, 10) : 0;
}

static const char *name_of(size_t actor)
{
	if (made.is_awkward)
		return awkward[actor % COUNT(awkward)];
	return actor < COUNT(scene) ? scene[actor].comm : "worker";
}

static void invent_actor(size_t i)
{
	if (i < COUNT(scene))
		made.actor[i] = scene[i];
	else
		made.actor[i] = (struct actor){
			.tgid = 100000 + i,
			.uid = 2000 + i % 97,
			.cgroup = 1000 + i % 101,
			.pinned = 23,
			.limit = 2300,
			.runs = 23,
			.spaces = 1,
			.maps = 7,
			.unmaps = 3,
			.reused = 5,
			.map_ns = 4096,
		};
	made.actor[i].comm = name_of(i);
	made.spaces += made.actor[i].spaces;
}

void probe_start(bool counts)
{
	const char *names = getenv("TOP_NAMES");

	(void)counts;
	made.is_awkward = names && !strcmp(names, "awkward");
	made.actors = COUNT(scene) + number_of_more();
	made.actor = need(made.actors, sizeof(*made.actor));
	for (size_t i = 0; i < made.actors; i++)
		invent_actor(i);
	made.domains = need(made.actors, sizeof(*made.domains));
	made.ioases = need(made.spaces, sizeof(*made.ioases));
	made.mappings = need(made.spaces * 3, sizeof(*made.mappings));
	made.traffic = need(made.actors + made.spaces, sizeof(*made.traffic));
	made.counted = need(made.actors + made.spaces, sizeof(*made.counted));
	made.refusals = need(made.actors * 8, sizeof(*made.refusals));
}

static uint64_t pages_of(const struct actor *actor)
{
	uint64_t pages = actor->pinned + actor->grows * made.takes;

	return pages < actor->limit ? pages : actor->limit;
}

static void make_domain(size_t i)
{
	const struct actor *actor = &made.actor[i];
	struct raw_domain *domain = &made.domains[i];

	*domain = (struct raw_domain){
		.domain = i + 1,
		.pins = actor->pinned ? actor->runs % 211 + 1 : 0,
		.pinned = pages_of(actor),
		.charged = pages_of(actor),
		.limit = actor->limit,
		.mappings = 3 * actor->spaces,
		.mapped = pages_of(actor) * (actor->spaces + (i >= COUNT(scene))),
		.runs = actor->runs,
		.huge = actor->huge,
		.stale = actor->stale,
		.cgroup = actor->cgroup,
		.tgid = actor->tgid,
		.uid = actor->uid,
		.exited = actor->exited,
	};
	domain->shared = domain->mapped > domain->pinned ? domain->mapped - domain->pinned : 0;
	snprintf(domain->comm, sizeof(domain->comm), "%s", actor->comm);
}

/* Three mappings each, one after another. */
static void make_mappings(size_t space, uint64_t pages)
{
	uint64_t iova = 0x10000000;

	for (size_t i = 0; i < 3; i++) {
		uint64_t length = (i < 2 ? pages / 3 : pages - 2 * (pages / 3)) * PAGE;

		made.mappings[space * 3 + i] = (struct raw_mapping){
			.ioas = space + 1,
			.iova = iova,
			.last = iova + length - 1,
			.va = 0x7f0000000000 + iova,
			.pin = i + 1,
			.flags = IOASID_ENTRY_READ | (i ? IOASID_ENTRY_WRITE : 0),
		};
		iova += length;
	}
}

static void add_calls(struct raw_traffic *traffic, const struct actor *actor, unsigned int share)
{
	uint64_t times = made.takes;

	traffic->maps += times * (actor->maps / share);
	traffic->unmaps += times * (actor->unmaps / share);
	traffic->pages += times * (actor->maps / share);
	traffic->reused += times * (actor->reused / share);
	traffic->refused += times * (actor->refused / share);
	if (actor->map_ns)
		traffic->took[hist_bucket(actor->map_ns) / 2] += times * (actor->maps / share);
}

static void make_spaces(void)
{
	size_t space = 0;

	for (size_t i = 0; i < made.actors; i++) {
		const struct actor *actor = &made.actor[i];

		for (unsigned int k = 0; k < actor->spaces; k++, space++) {
			struct raw_traffic *traffic = &made.traffic[made.actors + space];
			struct raw_ioas *ioas = &made.ioases[space];

			*ioas = (struct raw_ioas){
				.ioas = space + 1,
				.mappings = 3,
				.mapped = pages_of(actor),
				.tables = 1,
				.tgid = actor->tgid,
			};
			snprintf(ioas->comm, sizeof(ioas->comm), "%s", actor->comm);
			make_mappings(space, pages_of(actor));
			*traffic = (struct raw_traffic){ 0 };
			add_calls(traffic, actor, actor->spaces);
			made.counted[made.actors + space] = (struct counted){ space + 1, traffic };
		}
	}
}

static void make_processes(void)
{
	made.all = (struct raw_traffic){ 0 };
	for (size_t i = 0; i < made.actors; i++) {
		const struct actor *actor = &made.actor[i];
		struct raw_traffic *traffic = &made.traffic[i];

		make_domain(i);
		*traffic = (struct raw_traffic){ .cgroup = actor->cgroup, .uid = actor->uid };
		snprintf(traffic->comm, sizeof(traffic->comm), "%s", actor->comm);
		add_calls(traffic, actor, 1);
		add_calls(&made.all, actor, 1);
		made.counted[i] = (struct counted){ actor->tgid, traffic };
	}
}

/* Number of the first address space of a process. */
static uint64_t first_space(size_t actor)
{
	uint64_t space = 1;

	for (size_t i = 0; i < actor; i++)
		space += made.actor[i].spaces;
	return space;
}

static void make_devices(void)
{
	for (size_t i = 0; i < COUNT(attached); i++) {
		const struct actor *actor = &made.actor[attached[i].actor];
		struct raw_device *device = &made.devices[i];

		*device = (struct raw_device){
			.ioas = first_space(attached[i].actor) + attached[i].space,
			.table = i + 1,
			.container = attached[i].container,
			.mappings = 3,
			.mapped = pages_of(actor),
			.sizes = 4096 | 1 << 21 | 1 << 30,
			.since_ns = 3600 * SECOND,
			.group = attached[i].group,
			.tgid = actor->tgid,
		};
		snprintf(device->comm, sizeof(device->comm), "%s", actor->comm);
		snprintf(device->device, sizeof(device->device), "%s", attached[i].name);
	}
}

/* 23 pins of the process, of 1 to 23 parts. */
static size_t make_pins(uint32_t tgid)
{
	uint64_t va = 0x7f0010000000;

	for (size_t i = 0; i < made.actors; i++) {
		uint64_t part = pages_of(&made.actor[i]) / 276;

		if (made.actor[i].tgid != tgid || !part)
			continue;
		for (size_t k = 0; k < 23; k++) {
			made.pins[k] = (struct raw_pin){
				.domain = i + 1,
				.pin = k + 1,
				.va = va,
				.pages = part * (k + 1),
				.charged = part * (k + 1),
				.references = 2,
				.mappings = 1,
				.mapped = part * (k + 1),
				.runs = k + 1,
				.flags = IOASID_ENTRY_READ | (k % 2 ? IOASID_ENTRY_WRITE : 0) |
					 (k % 11 == 7 ? IOASID_ENTRY_STALE : 0),
			};
			va += made.pins[k].pages * PAGE;
		}
		return 23;
	}
	return 0;
}

/* In turn those of a limit, with who set it, and those of memory that is not there. */
static void make_refusal(struct raw_refusal *refusal, const struct actor *actor, unsigned int n)
{
	*refusal = (struct raw_refusal){
		.time_ns = (7200 + 2 * made.takes - 1) * SECOND,
		.cgroup = actor->cgroup,
		.pages = 64 * MIB,
		.used = pages_of(actor),
		.limit = actor->limit,
		.tgid = actor->tgid,
		.uid = actor->uid,
		.code = -12,
		.stage = IOASID_STAGE_CHARGE,
		.reason = IOASID_REASON_PROCESS + n % 4,
		.policy = "tenant_quota",
	};
	snprintf(refusal->comm, sizeof(refusal->comm), "%s", actor->comm);
	if (n % 3 != 2)
		return;
	refusal->used = refusal->limit = RAW_NONE;
	refusal->code = -14;
	refusal->stage = IOASID_STAGE_PIN;
	refusal->reason = 0;
	refusal->policy[0] = '\0';
}

static size_t make_refusals(void)
{
	size_t count = 0;

	if (!made.takes)
		return 0;
	for (size_t i = 0; i < made.actors; i++)
		for (unsigned int n = 0; n < made.actor[i].refused; n++)
			make_refusal(&made.refusals[count++], &made.actor[i], n);
	return count;
}

static void make_system(struct sample *sample)
{
	sample->mono_ns = (7200 + 2 * made.takes) * SECOND;
	sample->boot_ns = sample->mono_ns;
	sample->time_ms = BEGIN_MS + 2000 * made.takes;
	sample->page = PAGE;
	sample->ram = 32ULL << 30;
	sample->cpu_ns = made.takes * 10000000;
	sample->bpf_ns = made.takes * 2000000;
	strcpy(sample->module_version, "0.1");
	strcpy(sample->kernel, "6.12.0-made-up");
	sample->policies[POLICY_ACCOUNT] = (struct policy_state){
		.name = "tenant_quota",
		.asked = 1009 * made.takes,
		.refused = 10 * made.takes,
		.ejections = 1,
		.last_exit = "errno -22: charge() returned what it must not",
	};
	sample->policies[POLICY_PLACE] =
		(struct policy_state){ .name = "builtin", .last_exit = "none" };
	made.account = (struct policy_attached){
		.kind = POLICY_ACCOUNT,
		.name = "tenant_quota",
		.state = "default",
		.epoch = 2,
		.asked = 1009 * made.takes,
		.refused = 10 * made.takes,
	};
	sample->attached[POLICY_ACCOUNT] = &made.account;
	sample->attached_count[POLICY_ACCOUNT] = 1;
}

const struct sample *probe_take(const struct wanted *wanted)
{
	struct sample *sample = &made.last;

	make_processes();
	make_spaces();
	make_devices();
	*sample = (struct sample){
		.domains = made.domains,
		.domain_count = made.actors,
		.ioases = made.ioases,
		.ioas_count = made.spaces,
		.devices = made.devices,
		.device_count = COUNT(attached),
		.pins = made.pins,
		.pin_count = wanted->pins_of ? make_pins(wanted->pins_of) : 0,
		.mappings = made.mappings,
		.mapping_count = wanted->all_mappings || wanted->mappings_count ? made.spaces * 3 :
										  0,
		.processes = made.counted,
		.process_count = made.actors,
		.spaces = made.counted + made.actors,
		.space_count = made.spaces,
		.refusals = made.refusals,
		.refusal_count = make_refusals(),
		.all = &made.all,
	};
	make_system(sample);
	made.takes++;
	return sample;
}

void probe_forget_process(uint64_t tgid)
{
	(void)tgid;
}

void probe_forget_space(uint64_t ioas)
{
	(void)ioas;
}

bool probe_is_alive(uint32_t tgid)
{
	for (size_t i = 0; i < COUNT(scene); i++)
		if (scene[i].tgid == tgid)
			return !scene[i].exited;
	return true;
}

const char *probe_user(uint32_t uid)
{
	for (size_t i = 0; i < COUNT(users); i++)
		if (users[i].uid == uid)
			return made.is_awkward ? awkward[i] : users[i].name;
	return NULL;
}

const char *probe_cgroup(uint64_t cgroup)
{
	static char path[64];

	if (made.is_awkward && cgroup < 1000) {
		snprintf(path, sizeof(path), "/%s/%s", awkward[cgroup % COUNT(awkward)],
			 awkward[(cgroup + 1) % COUNT(awkward)]);
		return path;
	}
	for (size_t i = 0; i < COUNT(cgroups); i++)
		if (cgroups[i].number == cgroup)
			return cgroups[i].path;
	return NULL;
}

void probe_end(void)
{
	free(made.actor);
	free(made.domains);
	free(made.ioases);
	free(made.mappings);
	free(made.traffic);
	free(made.counted);
	free(made.refusals);
}
