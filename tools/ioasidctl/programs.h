/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs: what BPF has of an attached policy, found by asking the kernel for all its links. So it
 * is found whoever loaded it, and whether it is kept in bpffs or not.
 */
#ifndef IOASIDCTL_PROGRAMS_H
#define IOASIDCTL_PROGRAMS_H

#include <bpf/bpf.h>

#include "policy.h"

#define PROGRAMS_MOST 16
#define PROGRAM_MAPS_MOST 64

/**
 * struct programs - what BPF has of a policy
 * @link: id of its link
 * @map: id of the map that is its struct_ops
 * @programs: ids of its programs
 * @callbacks: what each of them is for
 * @program_count: of these
 * @maps: ids of the maps that the programs use, in the order of their ids
 * @map_count: of these
 */
struct programs {
	__u32 link;
	__u32 map;
	__u32 programs[PROGRAMS_MOST];
	const char *callbacks[PROGRAMS_MOST];
	unsigned int program_count;
	__u32 maps[PROGRAM_MAPS_MOST];
	unsigned int map_count;
};

/**
 * programs_find - those of the policy of this kind and name
 *
 * Returns false when there is no such link, or the module has no BTF.
 */
bool programs_find(enum policy_kind kind, const char *name, struct programs *programs);

/**
 * programs_map - open one of the maps
 * @name: as the source has it
 * @info: filled
 *
 * Returns a file, or -ENOENT.
 */
int programs_map(const struct programs *programs, const char *name, struct bpf_map_info *info);

#endif /* IOASIDCTL_PROGRAMS_H */
