// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which of the module's functions which programs may call: each function from each callback of each
 * kind, from another struct_ops, and from programs of other types. The verifier says so by name
 * before it looks at anything else, so a program of two instructions is enough; that what is
 * allowed works is seen in walk_test.c.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

/* Who may call: a bit for each caller. */
enum caller {
	CHARGE,
	UNCHARGE,
	ADOPT,
	LIMIT,
	ACCOUNT_INIT,
	ACCOUNT_EXIT,
	PLACE,
	GROUP,
	PLACE_INIT,
	PLACE_EXIT,
	SYSCALL,
	TCP_SSTHRESH,
	TRACING,
	XDP,
	CALLERS,
};

#define ACCOUNT (1 << CHARGE | 1 << UNCHARGE | 1 << ADOPT | 1 << LIMIT)
#define INIT (1 << ACCOUNT_INIT | 1 << PLACE_INIT)
#define POLICY ((1 << SYSCALL) - 1)

static const struct {
	const char *name;
	const char *type; /* the struct_ops, or NULL */
	const char *member;
	enum bpf_prog_type program;
	enum bpf_attach_type attach;
} callers[CALLERS] = {
	[CHARGE] = { "charge", "ioasid_account_ops", "charge", BPF_PROG_TYPE_STRUCT_OPS, 0 },
	[UNCHARGE] = { "uncharge", "ioasid_account_ops", "uncharge", BPF_PROG_TYPE_STRUCT_OPS, 0 },
	[ADOPT] = { "adopt", "ioasid_account_ops", "adopt", BPF_PROG_TYPE_STRUCT_OPS, 0 },
	[LIMIT] = { "limit", "ioasid_account_ops", "limit", BPF_PROG_TYPE_STRUCT_OPS, 0 },
	[ACCOUNT_INIT] = { "init", "ioasid_account_ops", "init", BPF_PROG_TYPE_STRUCT_OPS, 0 },
	[ACCOUNT_EXIT] = { "exit", "ioasid_account_ops", "exit", BPF_PROG_TYPE_STRUCT_OPS, 0 },
	[PLACE] = { "place", "ioasid_place_ops", "place", BPF_PROG_TYPE_STRUCT_OPS, 0 },
	[GROUP] = { "group", "ioasid_place_ops", "group", BPF_PROG_TYPE_STRUCT_OPS, 0 },
	[PLACE_INIT] = { "place's init", "ioasid_place_ops", "init", BPF_PROG_TYPE_STRUCT_OPS, 0 },
	[PLACE_EXIT] = { "place's exit", "ioasid_place_ops", "exit", BPF_PROG_TYPE_STRUCT_OPS, 0 },
	[SYSCALL] = { "syscall", NULL, NULL, BPF_PROG_TYPE_SYSCALL, 0 },
	[TCP_SSTHRESH] = { "TCP", "tcp_congestion_ops", "ssthresh", BPF_PROG_TYPE_STRUCT_OPS, 0 },
	[TRACING] = { "tracing", NULL, "vfs_read", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY },
	[XDP] = { "XDP", NULL, NULL, BPF_PROG_TYPE_XDP, 0 },
};

#define ITERATOR(noun, who)                                                                \
	{ "bpf_iter_ioasid_" noun "_new", who }, { "bpf_iter_ioasid_" noun "_next", who }, \
	{                                                                                  \
		"bpf_iter_ioasid_" noun "_destroy", who                                    \
	}

/* clang-format off */
static const struct {
	const char *name;
	unsigned int who;
} functions[] = {
	{ "ioasid_ledger_pages", POLICY | 1 << SYSCALL },
	{ "ioasid_account_refuse", 1 << CHARGE },
	{ "ioasid_account_error", ACCOUNT },
	{ "ioasid_place_at", 1 << PLACE },
	{ "ioasid_place_find", 1 << PLACE },
	{ "ioasid_place_search", 1 << PLACE },
	{ "ioasid_place_usage", 1 << PLACE },
	{ "ioasid_place_error", 1 << PLACE },
	{ "ioasid_group_error", 1 << GROUP },
	ITERATOR("owner", ACCOUNT | INIT | 1 << SYSCALL),
	ITERATOR("domain", 1 << GROUP | INIT | 1 << SYSCALL),
	ITERATOR("pin", 1 << GROUP | INIT | 1 << SYSCALL),
	ITERATOR("ioas", 1 << PLACE | INIT | 1 << SYSCALL),
	ITERATOR("mapping", 1 << PLACE | INIT | 1 << SYSCALL),
	ITERATOR("device", 1 << SYSCALL),
};
/* clang-format on */

static struct btf *kernel_btf, *module_btf;
static int module_fd;

/* The module's types, and a descriptor of them. */
static void find_module_btf(void)
{
	struct bpf_btf_info info;
	char name[64];
	uint32_t id = 0, size;

	kernel_btf = btf__load_vmlinux_btf();
	want_that(kernel_btf);
	while (!bpf_btf_get_next_id(id, &id)) {
		module_fd = bpf_btf_get_fd_by_id(id);
		memset(&info, 0, sizeof(info));
		info.name = (uintptr_t)name;
		info.name_len = sizeof(name);
		size = sizeof(info);
		if (module_fd < 0 || bpf_btf_get_info_by_fd(module_fd, &info, &size))
			continue;
		if (!strcmp(name, "ioasid")) {
			module_btf = btf__load_from_kernel_by_id_split(id, kernel_btf);
			want_that(module_btf);
			return;
		}
		close(module_fd);
	}
	fail("the module has no BTF");
}

static int member_of(const struct btf *btf, int type, const char *name)
{
	const struct btf_type *of = btf__type_by_id(btf, type);
	int i;

	for (i = 0; i < btf_vlen(of); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(of)[i].name_off), name))
			return i;
	fail("there is no member %s", name);
}

static void aim(enum caller caller, struct bpf_prog_load_opts *options)
{
	bool is_ours = callers[caller].type && !strncmp(callers[caller].type, "ioasid", 6);
	const struct btf *btf = is_ours ? module_btf : kernel_btf;
	int id;

	options->expected_attach_type = callers[caller].attach;
	if (callers[caller].program == BPF_PROG_TYPE_SYSCALL)
		options->prog_flags = BPF_F_SLEEPABLE;
	if (callers[caller].type) {
		id = btf__find_by_name_kind(btf, callers[caller].type, BTF_KIND_STRUCT);
		want_that(id > 0);
		options->expected_attach_type = member_of(btf, id, callers[caller].member);
	} else if (callers[caller].member) {
		id = btf__find_by_name_kind(btf, callers[caller].member, BTF_KIND_FUNC);
		want_that(id > 0);
	} else {
		return;
	}
	options->attach_btf_id = id;
	if (is_ours)
		options->attach_btf_obj_fd = module_fd;
}

/* What the verifier says of a call, whose arguments are nothing. */
static char log_of[65536];

static int try_call(enum caller caller, const char *function)
{
	int id = btf__find_by_name_kind(module_btf, function, BTF_KIND_FUNC), fds[2] = {};
	const struct bpf_insn insns[] = {
		{ .code = BPF_JMP | BPF_CALL,
		  .src_reg = BPF_PSEUDO_KFUNC_CALL,
		  .off = 1,
		  .imm = id },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .fd_array = fds, .log_buf = log_of,
		    .log_size = sizeof(log_of), .log_level = 1);
	int program;

	if (id <= 0)
		fail("the module's BTF has no %s()", function);
	fds[1] = module_fd;
	log_of[0] = '\0';
	aim(caller, &options);
	program = bpf_prog_load(callers[caller].program, "wrong", "GPL", insns, 3, &options);
	if (program < 0)
		return -errno;
	close(program);
	return 0;
}

Test(kfunc, calls_are_allowed_where_they_make_sense)
{
	char refusal[128];
	enum caller caller;
	bool is_refused;
	unsigned int i;
	int ret;

	find_module_btf();
	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		snprintf(refusal, sizeof(refusal), "calling kernel function %s is not allowed",
			 functions[i].name);
		for (caller = 0; caller < CALLERS; caller++) {
			ret = try_call(caller, functions[i].name);
			is_refused = strstr(log_of, refusal);
			context("%s() from %s: %d: %s", functions[i].name, callers[caller].name,
				ret, log_of);
			if (is_refused)
				want(ret, -EACCES);
			/* Without its arguments a call is refused in any case. */
			if (!is_refused && ret && !strstr(log_of, "R1"))
				fail("refused for another reason");
			want(is_refused, !(functions[i].who & 1 << caller));
		}
	}
}
