/* SPDX-License-Identifier: GPL-2.0-only */
#include <dirent.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "pins.h"
#include "tool.h"
#include "which.h"

#define BPFFS "/sys/fs/bpf"
#define PINS BPFFS "/ioasid"
#define MAPS "maps"
#define NAME_SIZE 64

/* A name as bpffs takes it. */
static const char *without_dots(const char *name, char buffer[NAME_SIZE])
{
	snprintf(buffer, NAME_SIZE, "%.63s", name);
	for (char *c = buffer; *c; c++)
		if (*c == '.')
			*c = '_';
	return buffer;
}

static bool is_bpffs(void)
{
	struct statfs stats;

	return !statfs(BPFFS, &stats) && stats.f_type == BPF_FS_MAGIC;
}

static void make_directory(const char *path)
{
	if (mkdir(path, 0700) && errno != EEXIST)
		tool_die("%s cannot be made: %m", path);
}

void pins_make_ready(void)
{
	if (!is_bpffs()) {
		if (mount("bpf", BPFFS, "bpf", 0, "mode=0700"))
			tool_die("bpffs, where policies are kept, cannot be mounted on %s: %m; "
				 "without it: ioasidctl policy load --hold",
				 BPFFS);
		tool_warn("mounted bpffs on %s", BPFFS);
	}
	make_directory(PINS);
	make_directory(PINS "/" MAPS);
}

void pins_check(const struct ioasid_policy *policy)
{
	const char *name = policy->name;

	if (policy->named &&
	    (!strcmp(name, "account") || !strcmp(name, "place") || !strcmp(name, MAPS)))
		tool_die("a policy called '%s' cannot be kept: other files are called so in %s; "
			 "give it another name, or load it with --hold",
			 name, PINS);
}

void pins_link_path(const char *kind, const char *name, char path[PIN_PATH_SIZE])
{
	char buffer[NAME_SIZE];

	snprintf(path, PIN_PATH_SIZE, "%s/%s", PINS, name ? without_dots(name, buffer) : kind);
}

bool pins_has(const char *path)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);
	int fd = bpf_obj_get(path);
	int error;

	if (fd < 0)
		return false;
	error = bpf_link_get_info_by_fd(fd, &info, &size);
	close(fd);
	return !error && info.struct_ops.map_id;
}

static void maps_path(const char *policy, char path[PIN_PATH_SIZE])
{
	char buffer[NAME_SIZE];

	snprintf(path, PIN_PATH_SIZE, "%s/%s/%s", PINS, MAPS, without_dots(policy, buffer));
}

/* Remove the files in a directory, and it. */
static void remove_directory(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		unlinkat(dirfd(directory), entry->d_name, 0);
	if (directory)
		closedir(directory);
	rmdir(path);
}

/* What a policy of the same name left is replaced. */
static int keep_maps(const struct ioasid_policy *policy, const struct bpf_object *object)
{
	char directory[PIN_PATH_SIZE], path[2 * PIN_PATH_SIZE], buffer[NAME_SIZE];
	struct bpf_map *map = NULL;

	maps_path(policy->name, directory);
	remove_directory(directory);
	if (mkdir(directory, 0700))
		return -errno;
	while ((map = bpf_object__next_map(object, map))) {
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS || bpf_map__fd(map) < 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory,
			 without_dots(bpf_map__name(map), buffer));
		if (bpf_obj_pin(bpf_map__fd(map), path))
			return -errno;
	}
	return 0;
}

int pins_keep(const struct ioasid_policy *policy, const struct bpf_object *object)
{
	char path[PIN_PATH_SIZE];
	int error = 0;

	pins_link_path(policy->kind, policy->named ? policy->name : NULL, path);
	if (policy->link)
		error = bpf_obj_pin(bpf_link__fd(policy->link), path) ? -errno : 0;
	return error ? error : keep_maps(policy, object);
}

static bool is_attached(const struct policy_attached *all, int count, const char *pin)
{
	char buffer[NAME_SIZE];

	for (int i = 0; i < count; i++)
		if (!strcmp(pin, without_dots(all[i].name, buffer)))
			return true;
	return false;
}

static void sweep_links(void)
{
	DIR *directory = opendir(PINS);
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		char path[sizeof(PINS) + sizeof(entry->d_name)];

		snprintf(path, sizeof(path), "%s/%s", PINS, entry->d_name);
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, MAPS) && !pins_has(path))
			unlink(path);
	}
	if (directory)
		closedir(directory);
}

static void sweep_maps(void)
{
	DIR *directory = opendir(PINS "/" MAPS);
	struct policy_attached *all;
	struct dirent *entry;
	int count = which_all(&all);

	while (directory && (entry = readdir(directory))) {
		char path[PIN_PATH_SIZE];

		if (entry->d_name[0] == '.' || is_attached(all, count, entry->d_name))
			continue;
		maps_path(entry->d_name, path);
		remove_directory(path);
	}
	if (directory)
		closedir(directory);
	free(all);
}

void pins_sweep(void)
{
	sweep_links();
	sweep_maps();
}
