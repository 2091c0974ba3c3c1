/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/btf.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "missing.h"

/* Kernels without a way to compile BPF programs have no struct_ops either. */
static bool has_struct_ops(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool has = btf && btf__find_by_name_kind(btf, "bpf_struct_ops_map", BTF_KIND_STRUCT) > 0;

	btf__free(btf);
	return has;
}

static bool is_old(void)
{
	struct utsname system;
	unsigned int major, minor;

	return !uname(&system) && sscanf(system.release, "%u.%u", &major, &minor) == 2 &&
	       (major < 6 || (major == 6 && minor < 12));
}

static bool is_jit_off(void)
{
	FILE *file = fopen("/proc/sys/net/core/bpf_jit_enable", "r");
	int c = file ? fgetc(file) : '1';

	if (file)
		fclose(file);
	return c == '0';
}

const char *missing_feature(void)
{
	if (is_old())
		return "policies of a module need Linux 6.12 or newer";
	if (!has_struct_ops())
		return "it has no struct_ops; one built with CONFIG_BPF_SYSCALL, CONFIG_BPF_JIT and "
		       "CONFIG_DEBUG_INFO_BTF is needed";
	if (is_jit_off())
		return "the BPF compiler is off; to switch it on: sysctl net.core.bpf_jit_enable=1";
	return NULL;
}
