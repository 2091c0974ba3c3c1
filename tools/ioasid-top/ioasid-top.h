/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ioasid-top's BPF program hands to ioasid-top.
 */
#ifndef IOASID_TOP_H
#define IOASID_TOP_H

/**
 * struct domain_row - struct ioasid_domain_stat in a layout of our own
 *
 * That one may grow in the module; this one is the same for the BPF program and its reader, always.
 * Amounts of memory are in pages.
 */
struct domain_row {
	__u64 domain;
	__u64 pins;
	__u64 pinned;
	__u64 charged;
	__u64 limit;
	__u64 mappings;
	__u64 mapped;
	__u64 shared;
	__u64 runs;
	__u64 stale;
	__u64 cgroup;
	__u32 tgid;
	__u32 uid;
	char comm[16];
	__u64 exited;
};

/**
 * struct device_row - struct ioasid_device_stat, likewise
 */
struct device_row {
	__u64 ioas;
	__u64 table;
	__u64 container;
	__u64 mappings;
	__u64 mapped;
	__u64 sizes;
	__u64 since_ns;
	__u32 group;
	__u32 tgid;
	char comm[16];
	char device[32];
};

#endif /* IOASID_TOP_H */
