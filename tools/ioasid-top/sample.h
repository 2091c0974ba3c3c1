/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is read from the kernel for one snapshot, as it comes. probe.c reads it by BPF; tests/top
 * has a probe that makes it up, so that everything above runs without a kernel.
 */
#ifndef IOASID_TOP_SAMPLE_H
#define IOASID_TOP_SAMPLE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ioasid-top.h"
#include "policy.h"

/**
 * struct counted - the calls of one process, or for one address space
 */
struct counted {
	uint64_t id;
	const struct raw_traffic *traffic;
};

/**
 * struct sample - one look at the kernel
 * @mono_ns: when, on CLOCK_MONOTONIC
 * @boot_ns: the same moment on CLOCK_BOOTTIME
 * @time_ms: and since the epoch
 * @page: bytes of a page
 * @processes: calls by process
 * @spaces: calls by address space
 * @refusals: since the sample before, the earliest first
 * @all: calls of all; only its numbers count
 * @lost: events that could not be kept or counted, ever
 * @attached: policies, by kind
 * @cpu_ns: processor time that this process has taken
 * @bpf_ns: processor time that its BPF programs have taken; RAW_NONE when the kernel does not count
 */
struct sample {
	uint64_t mono_ns;
	uint64_t boot_ns;
	uint64_t time_ms;
	uint64_t page;
	const struct raw_domain *domains;
	size_t domain_count;
	const struct raw_ioas *ioases;
	size_t ioas_count;
	const struct raw_device *devices;
	size_t device_count;
	const struct raw_pin *pins;
	size_t pin_count;
	const struct raw_mapping *mappings;
	size_t mapping_count;
	const struct counted *processes;
	size_t process_count;
	const struct counted *spaces;
	size_t space_count;
	const struct raw_refusal *refusals;
	size_t refusal_count;
	const struct raw_traffic *all;
	uint64_t lost;
	struct policy_state policies[POLICY_KINDS];
	const struct policy_attached *attached[POLICY_KINDS];
	size_t attached_count[POLICY_KINDS];
	uint64_t ram;
	char module_version[32];
	char kernel[65];
	uint64_t cpu_ns;
	uint64_t bpf_ns;
};

/**
 * struct wanted - what is read only when it is asked for
 * @devices: it is no use without devices; dies when the module does not tell of them
 * @ioases: the same of address spaces
 * @pins_of: pins of this process, or 0
 * @mappings_of: mappings of these address spaces
 * @mappings_count: how many
 * @all_mappings: of all address spaces
 */
struct wanted {
	bool devices;
	bool ioases;
	uint32_t pins_of;
	const uint64_t *mappings_of;
	size_t mappings_count;
	bool all_mappings;
};

/**
 * probe_start - load what takes samples; dies with a reason when that cannot be
 * @counts: count calls, too, from now on
 */
void probe_start(bool counts);

/**
 * probe_take - take one; valid until the next is taken
 */
const struct sample *probe_take(const struct wanted *wanted);

/**
 * probe_forget - a process, or an address space, is gone and need not be counted any more
 */
void probe_forget_process(uint64_t tgid);
void probe_forget_space(uint64_t ioas);

/**
 * probe_is_alive - is there such a process?
 */
bool probe_is_alive(uint32_t tgid);

/**
 * probe_user - name of a user; NULL when it has none
 */
const char *probe_user(uint32_t uid);

/**
 * probe_cgroup - path of a cgroup; NULL when it cannot be found. Lives until the next call
 */
const char *probe_cgroup(uint64_t cgroup);

void probe_end(void);

#endif /* IOASID_TOP_SAMPLE_H */
