/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entries.h"
#include "tool.h"

static bool is_percpu(__u32 type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool is_shown(__u32 type)
{
	return is_percpu(type) || type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_HASH;
}

/* Values of several processors lie at multiples of 8 bytes. */
static size_t stride(const struct entries *entries)
{
	return (entries->info.value_size + 7) / 8 * 8;
}

static void *allocate(size_t count, size_t size)
{
	void *bytes = calloc(count, size);

	if (!bytes)
		tool_die("no memory");
	return bytes;
}

/* A section of variables has no type for its key. */
static __u32 key_type(const struct btf *btf, const struct bpf_map_info *info)
{
	__s32 id = info->btf_key_type_id;

	if (!id)
		id = btf__find_by_name_kind(btf, "int", BTF_KIND_INT);
	return id > 0 ? id : 0;
}

void entries_open(struct entries *entries, const char *name, int fd,
		  const struct bpf_map_info *info)
{
	struct btf *btf;

	if (!is_shown(info->type))
		tool_die("the map '%s' is a %s: it has no entries that could be shown", name,
			 libbpf_bpf_map_type_str(info->type) ?: "map of an unknown type");
	btf = info->btf_id ? btf__load_from_kernel_by_id(info->btf_id) : NULL;
	if (!btf || !info->btf_value_type_id || !key_type(btf, info))
		tool_die("the map '%s' does not tell its types; in the policy's source it needs "
			 "__type(key, ...) and __type(value, ...)",
			 name);
	*entries = (struct entries){ .fd = fd, .info = *info, .processors = 1 };
	if (is_percpu(info->type))
		entries->processors = libbpf_num_possible_cpus();
	entries->key = (struct value){
		.btf = btf,
		.type = key_type(btf, info),
		.bytes = allocate(1, info->key_size),
		.size = info->key_size,
	};
	entries->value = (struct value){
		.btf = btf,
		.type = info->btf_value_type_id,
		.bytes = allocate(entries->processors, stride(entries)),
		.size = info->value_size,
	};
}

void entries_close(struct entries *entries)
{
	btf__free((struct btf *)entries->key.btf);
	free(entries->key.bytes);
	free(entries->value.bytes);
	close(entries->fd);
}

static size_t key_size;

static int compare_keys(const void *left, const void *right)
{
	unsigned long long a = 0, b = 0;

	if (key_size > sizeof(a))
		return memcmp(left, right, key_size);
	memcpy(&a, left, key_size);
	memcpy(&b, right, key_size);
	return (a > b) - (a < b);
}

char *entries_keys(const struct entries *entries, size_t *count)
{
	char *keys = allocate(entries->info.max_entries, entries->info.key_size);
	void *last = NULL, *next = keys;

	for (*count = 0; *count < entries->info.max_entries; ++*count) {
		if (bpf_map_get_next_key(entries->fd, last, next))
			break;
		last = next;
		next = (char *)next + entries->info.key_size;
	}
	key_size = entries->info.key_size;
	qsort(keys, *count, key_size, compare_keys);
	return keys;
}

bool entries_get(const struct entries *entries)
{
	memset(entries->value.bytes, 0, entries->processors * stride(entries));
	return !bpf_map_lookup_elem(entries->fd, entries->key.bytes, entries->value.bytes);
}

struct value entries_value(const struct entries *entries, unsigned int processor)
{
	struct value value = entries->value;

	value.bytes = (char *)value.bytes + processor * stride(entries);
	return value;
}

int entries_put(const struct entries *entries)
{
	return bpf_map_update_elem(entries->fd, entries->key.bytes, entries->value.bytes, BPF_ANY);
}

int entries_delete(const struct entries *entries)
{
	return bpf_map_delete_elem(entries->fd, entries->key.bytes);
}
