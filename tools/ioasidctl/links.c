/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "links.h"
#include "tool.h"

#define BPFFS "/sys/fs/bpf"

static const char *const paths[POLICY_KINDS] = {
	[POLICY_ACCOUNT] = LINK_DIRECTORY "/account",
	[POLICY_PLACE] = LINK_DIRECTORY "/place",
};

const char *link_path(enum policy_kind kind)
{
	return paths[kind];
}

enum link_state link_look(enum policy_kind kind)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);
	int fd = bpf_obj_get(paths[kind]);
	int error;

	if (fd < 0)
		return LINK_NONE;
	error = bpf_link_get_info_by_fd(fd, &info, &size);
	close(fd);
	return !error && info.struct_ops.map_id ? LINK_ALIVE : LINK_DEAD;
}

/* The last reference to a link goes by and by: detaching takes effect now. */
int link_drop(enum policy_kind kind)
{
	int fd = bpf_obj_get(paths[kind]);

	if (fd < 0)
		return fd;
	bpf_link_detach(fd);
	close(fd);
	return unlink(paths[kind]) ? -errno : 0;
}

static bool is_bpffs(void)
{
	struct statfs stats;

	return !statfs(BPFFS, &stats) && stats.f_type == BPF_FS_MAGIC;
}

void link_make_room(enum policy_kind kind)
{
	if (!is_bpffs()) {
		if (mount("bpf", BPFFS, "bpf", 0, "mode=0700"))
			tool_die("bpffs cannot be mounted on %s: %m", BPFFS);
		tool_warn("mounted bpffs on %s", BPFFS);
	}
	if (mkdir(LINK_DIRECTORY, 0700) && errno != EEXIST)
		tool_die("%s cannot be made: %m", LINK_DIRECTORY);
	if (link_look(kind) == LINK_DEAD)
		link_drop(kind);
}
