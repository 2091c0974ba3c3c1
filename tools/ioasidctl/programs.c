/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "programs.h"

/**
 * struct ops - a struct_ops type of the module's
 * @btf: the module's
 * @value: number of the type of the map's value
 * @data: the struct in it
 * @offset: of the struct in it
 */
struct ops {
	struct btf *btf;
	__s32 value;
	const struct btf_type *data;
	__u32 offset;
};

/* Parsed once: the kernel's own is large. */
static struct btf *module_btf(void)
{
	static struct btf *btf;

	if (!btf)
		btf = btf__load_module_btf("ioasid", btf__load_vmlinux_btf());
	return btf;
}

static bool find_ops(enum policy_kind kind, struct ops *ops)
{
	const struct btf_type *value;
	char name[64];

	ops->btf = module_btf();
	if (!ops->btf)
		return false;
	snprintf(name, sizeof(name), "bpf_struct_ops_ioasid_%s_ops", policy_kind_names[kind]);
	ops->value = btf__find_by_name_kind(ops->btf, name, BTF_KIND_STRUCT);
	if (ops->value < 0)
		return false;
	value = btf__type_by_id(ops->btf, ops->value);
	for (__u32 i = 0; i < btf_vlen(value); i++) {
		const struct btf_member *member = btf_members(value) + i;

		if (strcmp(btf__name_by_offset(ops->btf, member->name_off), "data"))
			continue;
		ops->data = btf__type_by_id(ops->btf, member->type);
		ops->offset = btf_member_bit_offset(value, i) / 8;
		return true;
	}
	return false;
}

/* Numbers of types are unique in one module's BTF only. */
static bool is_ours(__u32 btf_id)
{
	struct bpf_btf_info info = { 0 };
	__u32 size = sizeof(info);
	int fd = bpf_btf_get_fd_by_id(btf_id);
	char name[16] = "";
	int error;

	if (fd < 0)
		return false;
	info.name = (uintptr_t)name;
	info.name_len = sizeof(name);
	error = bpf_btf_get_info_by_fd(fd, &info, &size);
	close(fd);
	return !error && !strcmp(name, "ioasid");
}

/* The map's value, where it is of this type; to be freed. */
static char *read_ops(const struct ops *ops, __u32 map_id)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info), zero = 0;
	int fd = bpf_map_get_fd_by_id(map_id);
	char *value = NULL;

	if (fd < 0)
		return NULL;
	if (!bpf_map_get_info_by_fd(fd, &info, &size) &&
	    info.btf_vmlinux_value_type_id == (__u32)ops->value && is_ours(info.btf_vmlinux_id))
		value = calloc(1, info.value_size);
	if (value && bpf_map_lookup_elem(fd, &zero, value)) {
		free(value);
		value = NULL;
	}
	close(fd);
	return value;
}

static const struct btf_member *member_called(const struct ops *ops, const char *name)
{
	const struct btf_member *member = btf_members(ops->data);

	for (__u32 i = 0; i < btf_vlen(ops->data); i++, member++)
		if (!strcmp(btf__name_by_offset(ops->btf, member->name_off), name))
			return member;
	return NULL;
}

static bool has_name(const struct ops *ops, const char *value, const char *name)
{
	const struct btf_member *member = member_called(ops, "name");

	return member && !strncmp(value + ops->offset + member->offset / 8, name, IOASID_NAME_LEN);
}

static int compare_ids(const void *left, const void *right)
{
	__u32 a = *(const __u32 *)left, b = *(const __u32 *)right;

	return (a > b) - (a < b);
}

static void add_map(struct programs *programs, __u32 id)
{
	for (unsigned int i = 0; i < programs->map_count; i++)
		if (programs->maps[i] == id)
			return;
	if (programs->map_count < PROGRAM_MAPS_MOST)
		programs->maps[programs->map_count++] = id;
}

static void add_program(struct programs *programs, __u32 id, const char *callback)
{
	__u32 maps[PROGRAM_MAPS_MOST];
	struct bpf_prog_info info = {
		.map_ids = (uintptr_t)maps,
		.nr_map_ids = PROGRAM_MAPS_MOST,
	};
	__u32 size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd < 0)
		return;
	if (programs->program_count < PROGRAMS_MOST) {
		programs->callbacks[programs->program_count] = callback;
		programs->programs[programs->program_count++] = id;
	}
	if (!bpf_prog_get_info_by_fd(fd, &info, &size))
		for (__u32 i = 0; i < info.nr_map_ids && i < PROGRAM_MAPS_MOST; i++)
			add_map(programs, maps[i]);
	close(fd);
}

/* A callback is the id of its program. */
static void add_programs(struct programs *programs, const struct ops *ops, const char *value)
{
	const struct btf_member *member = btf_members(ops->data);

	for (__u32 i = 0; i < btf_vlen(ops->data); i++, member++) {
		__u32 id;

		if (!btf_is_ptr(btf__type_by_id(ops->btf, member->type)))
			continue;
		memcpy(&id, value + ops->offset + member->offset / 8, sizeof(id));
		if (id)
			add_program(programs, id, btf__name_by_offset(ops->btf, member->name_off));
	}
	qsort(programs->maps, programs->map_count, sizeof(__u32), compare_ids);
}

/* The map of a link to a struct_ops; 0 when it is none, or dead. */
static __u32 map_of_link(__u32 id)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);
	int fd = bpf_link_get_fd_by_id(id);
	int error;

	if (fd < 0)
		return 0;
	error = bpf_link_get_info_by_fd(fd, &info, &size);
	close(fd);
	return !error && info.type == BPF_LINK_TYPE_STRUCT_OPS ? info.struct_ops.map_id : 0;
}

bool programs_find(enum policy_kind kind, const char *name, struct programs *programs)
{
	struct ops ops = { 0 };
	__u32 id = 0;

	if (!find_ops(kind, &ops))
		return false;
	while (!bpf_link_get_next_id(id, &id)) {
		__u32 map = map_of_link(id);
		char *value = map ? read_ops(&ops, map) : NULL;
		bool found = value && has_name(&ops, value, name);

		if (found) {
			*programs = (struct programs){ .link = id, .map = map };
			add_programs(programs, &ops, value);
		}
		free(value);
		if (found)
			return true;
	}
	return false;
}

/* The kernel keeps the first 15 characters of a name. */
static bool is_called(const struct bpf_map_info *info, const char *name)
{
	return !strncmp(info->name, name, sizeof(info->name) - 1);
}

int programs_map(const struct programs *programs, const char *name, struct bpf_map_info *info)
{
	for (unsigned int i = 0; i < programs->map_count; i++) {
		__u32 size = sizeof(*info);
		int fd = bpf_map_get_fd_by_id(programs->maps[i]);

		memset(info, 0, sizeof(*info));
		if (fd < 0)
			continue;
		if (!bpf_map_get_info_by_fd(fd, info, &size) && is_called(info, name))
			return fd;
		close(fd);
	}
	return -ENOENT;
}
