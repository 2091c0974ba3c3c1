/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which cgroups a cgroup is in: itself and all above it, up to the root. Included after vmlinux.h
 * and bpf_helpers.h by policies that follow the hierarchy.
 */
#ifndef CGROUP_PATH_H
#define CGROUP_PATH_H

/* Levels that are told apart. What is nested deeper counts for its ancestor at the last of them. */
#define CGROUP_LEVELS 32

/**
 * struct cgroup_path - the ids of a cgroup and of those above it
 * @depth: how many
 * @ids: the root's first
 */
struct cgroup_path {
	__u64 depth;
	__u64 ids[CGROUP_LEVELS];
};

/* Fill it. Fails when there is no such cgroup any more. */
static int cgroup_path_fill(struct cgroup_path *path, __u64 id)
{
	struct cgroup *cgroup = bpf_cgroup_from_id(id);
	struct cgroup *above;
	__u32 level;

	if (!cgroup)
		return -1;
	path->depth = 0;
	bpf_for(level, 0, CGROUP_LEVELS) {
		above = bpf_cgroup_ancestor(cgroup, level);
		if (!above)
			break;
		path->ids[level & (CGROUP_LEVELS - 1)] = above->kn->id;
		path->depth = level + 1;
		bpf_cgroup_release(above);
	}
	bpf_cgroup_release(cgroup);
	return 0;
}

#endif /* CGROUP_PATH_H */
