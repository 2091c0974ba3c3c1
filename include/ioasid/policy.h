/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For programs in C that bring a policy of their own: open it, attach it, wait for its end, tell
 * how it ended. All is in this header; link with -lbpf.
 *
 *	struct ioasid_policy_handle handle;
 *
 *	if (ioasid_policy_open(&handle, "quota.bpf.o") || ioasid_policy_load(&handle) ||
 *	    ioasid_policy_attach(&handle))
 *		errx(1, "%s", handle.error);
 *	ioasid_policy_wait(&handle, -1, NULL);
 *	ioasid_policy_report(&handle, stderr);
 *	ioasid_policy_close(&handle);
 *
 * A skeleton's object is given to ioasid_policy_use() instead of ioasid_policy_open(). The object
 * is libbpf's, so everything that libbpf can do with it may be done in between: constants are set
 * between open and load, maps are there after load.
 *
 * Policies stay attached until ioasid_policy_close(), the end of the program, or their ejection.
 * One that shall outlive the program is pinned: bpf_link__pin(handle.policies[0].link, path).
 *
 * Needs libbpf 1.5 or newer. This interface only grows: structures get new members at their end,
 * and a program is compiled with the header that it is written for.
 */
#ifndef IOASID_POLICY_H
#define IOASID_POLICY_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <ioasid/exit.h>

/* Policies in one object file, at most. */
#define IOASID_POLICIES_MOST 16

/**
 * struct ioasid_policy - one policy in an object: a struct_ops variable
 * @map: what libbpf has of it
 * @link: what keeps it attached, NULL when it is not
 * @kind: "account" or "place"
 * @name: its name
 * @named: it is only for address spaces that ask for it by name
 */
struct ioasid_policy {
	struct bpf_map *map;
	struct bpf_link *link;
	const char *kind;
	char name[16];
	int named;
};

/**
 * struct ioasid_policy_handle - the policies of an object
 * @object: the object
 * @owned: ioasid_policy_close() closes the object
 * @policies: in it
 * @count: of these
 * @error: after a call that failed: what, why and what to do, without a newline
 */
struct ioasid_policy_handle {
	struct bpf_object *object;
	int owned;
	struct ioasid_policy policies[IOASID_POLICIES_MOST];
	int count;
	char error[512];
};

/* Keeps the first text: returns the error. */
static inline int __attribute__((format(printf, 3, 4)))
ioasid_policy_fail(struct ioasid_policy_handle *handle, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(handle->error, sizeof(handle->error), format, args);
	va_end(args);
	return error;
}

/* The kind of a struct_ops map; NULL when it is not for ioasid. */
static inline const char *ioasid_policy_kind(const struct bpf_object *object,
					     const struct bpf_map *map)
{
	const struct btf *btf = bpf_object__btf(object);
	const struct btf_type *type = btf__type_by_id(btf, bpf_map__btf_value_type_id(map));
	const char *name = type ? btf__name_by_offset(btf, type->name_off) : "";

	if (!strcmp(name, "ioasid_account_ops"))
		return "account";
	if (!strcmp(name, "ioasid_place_ops"))
		return "place";
	return NULL;
}

/* Copies a member of the struct_ops variable, as the source has it. */
static inline void ioasid_policy_member(const struct bpf_object *object, const struct bpf_map *map,
					const char *name, void *to, size_t size)
{
	const struct btf *btf = bpf_object__btf(object);
	const struct btf_type *type = btf__type_by_id(btf, bpf_map__btf_value_type_id(map));
	const char *value = (const char *)bpf_map__initial_value(map, NULL);

	for (__u32 i = 0; value && i < btf_vlen(type); i++) {
		const struct btf_member *member = btf_members(type) + i;

		if (!strcmp(btf__name_by_offset(btf, member->name_off), name))
			memcpy(to, value + member->offset / 8, size);
	}
}

static inline int ioasid_policy_name_ok(const char *name)
{
	size_t length = strnlen(name, 16);

	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("_.-", name[i]))
			return 0;
	return length && length < 16 && strcmp(name, "builtin");
}

static inline int ioasid_policy_add(struct ioasid_policy_handle *handle, struct bpf_map *map)
{
	struct ioasid_policy *policy = &handle->policies[handle->count];
	uint64_t flags = 0;

	if (handle->count == IOASID_POLICIES_MOST)
		return ioasid_policy_fail(handle, -E2BIG, "there are more than %d policies in it",
					  IOASID_POLICIES_MOST);
	policy->map = map;
	policy->kind = ioasid_policy_kind(handle->object, map);
	if (!policy->kind)
		return ioasid_policy_fail(handle, -EINVAL,
					  "it is not for ioasid: '%s' is no struct "
					  "ioasid_account_ops and no struct ioasid_place_ops",
					  bpf_map__name(map));
	if (!(bpf_map__map_flags(map) & BPF_F_LINK))
		return ioasid_policy_fail(handle, -EINVAL,
					  "'%s' is in the section .struct_ops; it has to be in "
					  ".struct_ops.link",
					  bpf_map__name(map));
	ioasid_policy_member(handle->object, map, "name", policy->name, sizeof(policy->name));
	if (!ioasid_policy_name_ok(policy->name))
		return ioasid_policy_fail(handle, -EINVAL,
					  "the %s policy '%s' has no good .name: it must be given, "
					  "of letters, digits, '_', '.' and '-', at most 15, and "
					  "not be builtin",
					  policy->kind, bpf_map__name(map));
	ioasid_policy_member(handle->object, map, "flags", &flags, sizeof(flags));
	policy->named = !!(flags & 1ULL << 1); /* IOASID_POLICY_NAMED */
	handle->count++;
	return 0;
}

/* One default of a kind can be active. */
static inline int ioasid_policy_check_defaults(struct ioasid_policy_handle *handle)
{
	for (int i = 0; i < handle->count; i++)
		for (int j = 0; j < i; j++) {
			const struct ioasid_policy *a = &handle->policies[j];
			const struct ioasid_policy *b = &handle->policies[i];

			if (a->kind != b->kind || a->named || b->named)
				continue;
			return ioasid_policy_fail(handle, -EINVAL,
						  "it has two %s policies, '%s' and '%s'; one can "
						  "be active",
						  a->kind, a->name, b->name);
		}
	return 0;
}

/**
 * ioasid_policy_use - begin with an object that the caller has opened and will close, such as a
 *	skeleton's
 *
 * Returns 0 or a negative errno; the handle's error tells more.
 */
static inline int ioasid_policy_use(struct ioasid_policy_handle *handle, struct bpf_object *object)
{
	struct bpf_map *map = NULL;
	int error;

	memset(handle, 0, sizeof(*handle));
	handle->object = object;
	while ((map = bpf_object__next_map(object, map))) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		error = ioasid_policy_add(handle, map);
		if (error)
			return error;
	}
	if (!handle->count)
		return ioasid_policy_fail(handle, -ENOENT,
					  "it has no policy: no struct ioasid_account_ops or "
					  "struct ioasid_place_ops in .struct_ops.link");
	return ioasid_policy_check_defaults(handle);
}

/**
 * ioasid_policy_open - begin with an object file
 *
 * Returns 0 or a negative errno; the handle's error tells more.
 */
static inline int ioasid_policy_open(struct ioasid_policy_handle *handle, const char *file)
{
	struct bpf_object *object = bpf_object__open_file(file, NULL);
	int error = -errno;
	char reason[64];

	memset(handle, 0, sizeof(*handle));
	if (!object) {
		libbpf_strerror(error, reason, sizeof(reason));
		return ioasid_policy_fail(handle, error,
					  error == -ENOENT || error == -EACCES ?
						  "it cannot be read: %s" :
						  "it is no BPF object file: %s",
					  reason);
	}
	error = ioasid_policy_use(handle, object);
	handle->owned = 1;
	return error;
}

/**
 * ioasid_policy_load - let the kernel verify the programs; nothing is attached yet
 *
 * What the verifier says of a program that it refuses goes where libbpf_set_print() sends it.
 *
 * Returns 0 or a negative errno; the handle's error tells more.
 */
static inline int ioasid_policy_load(struct ioasid_policy_handle *handle)
{
	int error = bpf_object__load(handle->object);

	if (error)
		return ioasid_policy_fail(handle, error, "the kernel does not take it: %s",
					  strerror(-error));
	return 0;
}

static inline int ioasid_policy_builtin_only(void)
{
	FILE *file = fopen(IOASID_POLICY_DIRECTORY "/builtin_only", "r");
	int c = file ? fgetc(file) : '0';

	if (file)
		fclose(file);
	return c == '1';
}

/*
 * Is one attached that is called so, or is the default? In @found: its name. The module's files
 * tell "policy NAME STATE ..." of each.
 */
static inline int ioasid_policy_attached(const char *kind, const char *name, char found[16])
{
	char path[64], line[512], state[8];
	FILE *file;
	int there = 0;

	snprintf(path, sizeof(path), IOASID_POLICY_DIRECTORY "/%s", kind);
	file = fopen(path, "r");
	while (file && !there && fgets(line, sizeof(line), file))
		there = sscanf(line, "policy %15s %7s", found, state) == 2 &&
			(name ? !strcmp(found, name) : !strcmp(state, "default"));
	if (file)
		fclose(file);
	return there;
}

/**
 * ioasid_policy_check - may it be attached now? Saves the verifier's work.
 *
 * Returns 0, -EPERM while BPF policies are switched off, -EBUSY when there is a default policy of
 * this kind, -EEXIST when there is one of this name; the handle's error tells more.
 */
static inline int ioasid_policy_check(struct ioasid_policy_handle *handle,
				      const struct ioasid_policy *policy)
{
	const char *kind = policy->kind;
	char other[16];

	if (ioasid_policy_builtin_only())
		return ioasid_policy_fail(handle, -EPERM,
					  "BPF policies are switched off; to let them come: "
					  "echo 0 >" IOASID_POLICY_DIRECTORY "/builtin_only");
	if (!policy->named && ioasid_policy_attached(kind, NULL, other))
		return ioasid_policy_fail(handle, -EBUSY,
					  "another %s policy, '%s', is loaded; to replace it: "
					  "ioasidctl policy swap, to take it away: ioasidctl "
					  "policy unload %s",
					  kind, other, kind);
	if (ioasid_policy_attached(kind, policy->name, other))
		return ioasid_policy_fail(handle, -EEXIST,
					  "a %s policy called '%s' is loaded; to replace it: "
					  "ioasidctl policy swap, to take it away: ioasidctl "
					  "policy unload %s",
					  kind, other, other);
	return 0;
}

/* Says why the module or the kernel did not attach it. */
static inline int ioasid_policy_explain(struct ioasid_policy_handle *handle,
					const struct ioasid_policy *policy, int error)
{
	if ((error == -EPERM || error == -EBUSY || error == -EEXIST) &&
	    ioasid_policy_check(handle, policy))
		return error;
	if (error == -EOPNOTSUPP)
		return ioasid_policy_fail(handle, error,
					  "the kernel gives the %s policy '%s' no link; Linux 6.12 "
					  "or newer is needed",
					  policy->kind, policy->name);
	return ioasid_policy_fail(handle, error,
				  "ioasid refuses the %s policy '%s': %s; either its init() "
				  "returned that, or its flags are none that a policy of its kind "
				  "may have",
				  policy->kind, policy->name, strerror(-error));
}

/**
 * ioasid_policy_attach - attach all policies of the object
 *
 * Returns 0 or a negative errno; the handle's error tells more, and none is attached then.
 */
static inline int ioasid_policy_attach(struct ioasid_policy_handle *handle)
{
	for (int i = 0; i < handle->count; i++) {
		struct ioasid_policy *policy = &handle->policies[i];
		int error;

		policy->link = bpf_map__attach_struct_ops(policy->map);
		if (policy->link)
			continue;
		error = ioasid_policy_explain(handle, policy, -errno);
		while (i--) {
			bpf_link__destroy(handle->policies[i].link);
			handle->policies[i].link = NULL;
		}
		return error;
	}
	return 0;
}

/**
 * ioasid_policy_replace - let a policy take over from one that is attached, without a gap
 * @policy: of the handle, loaded
 * @link: file of the other one's link; it is the new one's from then on
 *
 * libbpf hands the struct_ops over to the kernel only when it attaches it, so that is tried first:
 * it is refused, as the other one is there. When that has left just now it succeeds, and the policy
 * has a link of its own.
 *
 * Returns 0 or a negative errno; the handle's error tells more.
 */
static inline int ioasid_policy_replace(struct ioasid_policy_handle *handle,
					struct ioasid_policy *policy, int link)
{
	int error;

	policy->link = bpf_map__attach_struct_ops(policy->map);
	if (policy->link)
		return 0;
	error = -errno;
	if (error == -EBUSY || error == -EEXIST)
		error = bpf_link_update(link, bpf_map__fd(policy->map), NULL);
	return error ? ioasid_policy_explain(handle, policy, error) : 0;
}

/* Has its link lost it? */
static inline int ioasid_policy_has_ended(const struct ioasid_policy *policy)
{
	struct pollfd fd = { .fd = policy->link ? bpf_link__fd(policy->link) : -1 };

	return poll(&fd, 1, 0) > 0 && fd.revents & POLLHUP;
}

/**
 * ioasid_policy_wait - wait until one of the policies has ended: was ejected or detached
 * @timeout_ms: give up after so many milliseconds; a negative one: never
 * @mask: signals that are blocked meanwhile, as in ppoll(2); NULL: those that are blocked anyway
 *
 * A program with an event loop of its own waits for EPOLLHUP on bpf_link__fd() of the links.
 *
 * Returns 1 when one has ended, 0 when the time is over, or a negative errno: -EINTR after a
 * signal.
 */
static inline int ioasid_policy_wait(const struct ioasid_policy_handle *handle, int timeout_ms,
				     const sigset_t *mask)
{
	struct timespec timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };
	struct pollfd fds[IOASID_POLICIES_MOST] = { 0 };
	int ready;

	for (int i = 0; i < handle->count; i++)
		fds[i].fd = handle->policies[i].link ? bpf_link__fd(handle->policies[i].link) : -1;
	ready = ppoll(fds, handle->count, timeout_ms < 0 ? NULL : &timeout, mask);
	return ready < 0 ? -errno : !!ready;
}

/**
 * ioasid_policy_report - say of each policy that it is attached, or how it ended
 */
static inline void ioasid_policy_report(const struct ioasid_policy_handle *handle, FILE *out)
{
	struct ioasid_policy_exit exit;

	for (int i = 0; i < handle->count; i++) {
		const struct ioasid_policy *policy = &handle->policies[i];

		fprintf(out, "%s policy '%s': ", policy->kind, policy->name);
		if (!policy->link) {
			fputs("not attached\n", out);
		} else if (!ioasid_policy_has_ended(policy)) {
			fputs("attached\n", out);
		} else if (ioasid_policy_last_exit(policy->kind, policy->name, &exit)) {
			fputs("ended\n", out);
		} else {
			fprintf(out, "ended: %s %lld: %s\n", exit.kind, (long long)exit.code,
				exit.text);
			fprintf(out, "asked %llu, refused %llu\n", (unsigned long long)exit.asked,
				(unsigned long long)exit.refused);
			if (exit.dump[0])
				fprintf(out, "%s\n", exit.dump);
		}
	}
}

/**
 * ioasid_policy_close - detach what is attached and not pinned, and close what
 *	ioasid_policy_open() opened
 */
static inline void ioasid_policy_close(struct ioasid_policy_handle *handle)
{
	for (int i = 0; i < handle->count; i++) {
		bpf_link__destroy(handle->policies[i].link);
		handle->policies[i].link = NULL;
	}
	if (handle->owned)
		bpf_object__close(handle->object);
	handle->object = NULL;
}

#endif /* IOASID_POLICY_H */
