// SPDX-License-Identifier: GPL-2.0-only
#include "policy.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

#define FOLDER "/sys/class/misc/ioasid/policy/"

static const char *const kind_names[POLICY_KINDS] = { "account", "place" };
static const char *const struct_names[POLICY_KINDS] = { "ioasid_account_ops", "ioasid_place_ops" };

static char said[1 << 16];
static size_t said_length;

static int listen_to(enum libbpf_print_level level, const char *format, va_list args)
{
	size_t room = sizeof(said) - said_length;
	int length = level == LIBBPF_DEBUG ? 0 : vsnprintf(said + said_length, room, format, args);

	if (length > 0)
		said_length += (size_t)length < room ? (size_t)length : room - 1;
	return 0;
}

static void forget_said(void)
{
	said_length = 0;
	said[0] = '\0';
	libbpf_set_print(listen_to);
}

const char *policy_log(void)
{
	return said;
}

static const struct btf_type *ops_type(const struct policy *policy, const struct bpf_map *map)
{
	return btf__type_by_id(bpf_object__btf(policy->object), bpf_map__btf_value_type_id(map));
}

static const char *name_at(const struct policy *policy, uint32_t offset)
{
	return btf__name_by_offset(bpf_object__btf(policy->object), offset);
}

struct policy policy_open(const char *name)
{
	struct policy policy = { .kind = POLICY_KINDS };
	struct bpf_map *map;
	const char *type;
	char path[256];

	forget_said();
	snprintf(path, sizeof(path), "build/bpf/bad/%s.bpf.o", name);
	policy.object = bpf_object__open_file(path, NULL);
	if (!policy.object)
		fail("cannot open %s: %s", path, said);
	bpf_object__for_each_map(map, policy.object)
	{
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		type = name_at(&policy, ops_type(&policy, map)->name_off);
		policy.kind = strcmp(type, struct_names[POLICY_PLACE]) ? POLICY_ACCOUNT :
									 POLICY_PLACE;
		policy.map = map;
	}
	return policy;
}

/* Where a variable is in one of the object's sections of variables, if it is there. */
static void *variable_in(const struct policy *policy, const struct btf_type *section,
			 struct bpf_map *map, const char *name, size_t *size)
{
	const struct btf *btf = bpf_object__btf(policy->object);
	const struct btf_var_secinfo *info = btf_var_secinfos(section);
	char *memory;
	int i;

	for (i = 0; i < btf_vlen(section); i++, info++) {
		if (strcmp(name_at(policy, btf__type_by_id(btf, info->type)->name_off), name))
			continue;
		memory = bpf_map__initial_value(map, size);
		if (!memory)
			fail("%s cannot be reached", name);
		*size = info->size;
		return memory + info->offset;
	}
	return NULL;
}

static void *find_variable(const struct policy *policy, const char *name, size_t *size)
{
	const struct btf *btf = bpf_object__btf(policy->object);
	struct bpf_map *map;
	void *found;
	int id;

	bpf_object__for_each_map(map, policy->object)
	{
		id = btf__find_by_name_kind(btf, bpf_map__name(map), BTF_KIND_DATASEC);
		/* libbpf calls the map by the object's name and the section's. */
		if (id < 0 && strchr(bpf_map__name(map), '.'))
			id = btf__find_by_name_kind(btf, strchr(bpf_map__name(map), '.'),
						    BTF_KIND_DATASEC);
		if (id < 0)
			continue;
		found = variable_in(policy, btf__type_by_id(btf, id), map, name, size);
		if (found)
			return found;
	}
	fail("there is no variable %s", name);
}

void *policy_variable(const struct policy *policy, const char *name)
{
	size_t size;

	return find_variable(policy, name, &size);
}

void policy_set(const struct policy *policy, const char *name, uint64_t value)
{
	size_t size;
	void *to = find_variable(policy, name, &size);

	memcpy(to, &value, size);
}

/* A member of the struct_ops, as it will be loaded. */
static void *member(const struct policy *policy, const char *name)
{
	const struct btf_type *type = ops_type(policy, policy->map);
	const struct btf_member *one = btf_members(type);
	size_t size;
	char *ops = bpf_map__initial_value(policy->map, &size);
	int i;

	want_that(ops);
	for (i = 0; i < btf_vlen(type); i++)
		if (!strcmp(name_at(policy, one[i].name_off), name))
			return ops + one[i].offset / 8;
	fail("there is no member %s", name);
}

void policy_rename(const struct policy *policy, const char *name)
{
	char *to = member(policy, "name");

	memset(to, 0, IOASID_NAME_LEN);
	memcpy(to, name, strnlen(name, IOASID_NAME_LEN));
}

void policy_set_flags(const struct policy *policy, uint64_t flags)
{
	memcpy(member(policy, "flags"), &flags, sizeof(flags));
}

void policy_set_timeout(const struct policy *policy, uint32_t timeout_ms)
{
	memcpy(member(policy, "timeout_ms"), &timeout_ms, sizeof(timeout_ms));
}

int policy_load(struct policy *policy)
{
	forget_said();
	return bpf_object__load(policy->object);
}

int policy_attach(struct policy *policy)
{
	forget_said();
	policy->link = bpf_map__attach_struct_ops(policy->map);
	return policy->link ? 0 : -errno;
}

void policy_start(struct policy *policy)
{
	int ret = policy_load(policy) ?: policy_attach(policy);

	if (!ret)
		return;
	fprintf(stderr, "%s\n", said);
	fail("a policy cannot be loaded and attached: %d", ret);
}

int policy_swap(struct policy *policy, struct policy *other)
{
	int ret = bpf_link__update_map(other->link, policy->map);

	if (ret)
		return ret;
	policy->link = other->link;
	other->link = NULL;
	return 0;
}

void policy_detach(struct policy *policy)
{
	if (policy->link)
		bpf_link__destroy(policy->link);
	policy->link = NULL;
}

void policy_close(struct policy *policy)
{
	policy_detach(policy);
	bpf_object__close(policy->object);
	policy->object = NULL;
}

static void take_line(struct slot *slot, char *line)
{
	char *value = strchr(line, ' ');

	if (!value)
		fail("no value in '%s'", line);
	*value++ = '\0';
	if (!strcmp(line, "name"))
		snprintf(slot->name, sizeof(slot->name), "%s", value);
	else if (!strcmp(line, "asked"))
		want(sscanf(value, "%lu", &slot->asked), 1);
	else if (!strcmp(line, "refused"))
		want(sscanf(value, "%lu", &slot->refused), 1);
	else if (!strcmp(line, "ejections"))
		want(sscanf(value, "%lu", &slot->ejections), 1);
	else if (!strcmp(line, "last_exit"))
		snprintf(slot->last_exit, sizeof(slot->last_exit), "%s", value);
	else if (!strcmp(line, "policy"))
		slot->attached++;
	else
		fail("what is '%s'?", line);
}

static void read_file(const char *file, const char *suffix, char *to, size_t size)
{
	char path[128];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), FOLDER "%s%s", file, suffix);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail("%s: %m", path);
	length = read(fd, to, size - 1);
	close(fd);
	want_that(length >= 0);
	to[length] = '\0';
}

struct slot slot_read(enum policy_kind kind)
{
	struct slot slot = {};
	char text[4097], *line, *rest;

	read_file(kind_names[kind], "", text, sizeof(text));
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		take_line(&slot, line);
	return slot;
}

bool slot_has(enum policy_kind kind, const char *name, const char *state)
{
	char text[4097], wanted[64];

	snprintf(wanted, sizeof(wanted), "\npolicy %s %s ", name, state);
	read_file(kind_names[kind], "", text, sizeof(text));
	return strstr(text, wanted);
}

void want_builtin(enum policy_kind kind)
{
	struct slot slot = slot_read(kind);
	int i;

	for (i = 0; slot.attached && i < 1000; i++) {
		usleep(10000);
		slot = slot_read(kind);
	}
	want(slot.attached, 0);
	if (strcmp(slot.name, "builtin"))
		fail("%s decides", slot.name);
}

/* The first line of the file, and the next one if that is a dump. */
static void newest_exit(enum policy_kind kind, char *exit, char *dump, size_t size)
{
	char text[4097], *line, *rest;

	exit[0] = dump[0] = '\0';
	read_file(kind_names[kind], "_exits", text, sizeof(text));
	line = strtok_r(text, "\n", &rest);
	if (line)
		snprintf(exit, size, "%s", line);
	line = line ? strtok_r(NULL, "\n", &rest) : NULL;
	if (line && !strncmp(line, "dump ", 5))
		snprintf(dump, size, "%s", line + 5);
}

void want_exit(enum policy_kind kind, const char *name, const char *exit, int64_t code,
	       const char *text)
{
	char line[512], dump[512], got_name[32], got_exit[32], wanted[512];
	struct slot slot = slot_read(kind);
	long long got_code;
	int n = 0;

	newest_exit(kind, line, dump, sizeof(line));
	if (sscanf(line, "exit %*d %31s %31s %lld %*u %*u %n", got_name, got_exit, &got_code, &n) !=
	    3)
		fail("no exit: '%s'", line);
	if (strcmp(got_name, name) || strcmp(got_exit, exit) || got_code != code ||
	    !strstr(line + n, text))
		fail("'%s', not %s %s %lld %s", line, name, exit, (long long)code, text);
	snprintf(wanted, sizeof(wanted), "%s %lld %s: %s", exit, (long long)code, name, line + n);
	if (strcmp(slot.last_exit, wanted))
		fail("last_exit is '%s', not '%s'", slot.last_exit, wanted);
}

void want_dump(enum policy_kind kind, const char *text)
{
	char line[512], dump[512];

	newest_exit(kind, line, dump, sizeof(line));
	if (text ? !strstr(dump, text) : dump[0] != '\0')
		fail("the dump is '%s', not '%s'", dump, text ? text : "");
}

int sysfs_write(const char *file, const char *text)
{
	char path[128];
	int fd, ret;

	snprintf(path, sizeof(path), FOLDER "%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		fail("%s: %m", path);
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}
