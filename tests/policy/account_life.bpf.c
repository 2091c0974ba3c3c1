/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy that notes down when it comes and how it leaves.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

/* What init() and charge() return. */
int init_answer;
int answer;

__u32 inits;
__u32 exits;
__u32 exit_kind;
__s64 exit_code;
char exit_text[IOASID_EXIT_TEXT_LEN];
char exit_dump[IOASID_EXIT_DUMP_LEN];

SEC("struct_ops/charge")
int BPF_PROG(account_life_charge, struct ioasid_charge_request *request)
{
	return answer;
}

SEC("struct_ops/init")
int BPF_PROG(account_life_init)
{
	inits++;
	return init_answer;
}

SEC("struct_ops/exit")
void BPF_PROG(account_life_exit, struct ioasid_exit_info *info)
{
	exits++;
	exit_kind = info->kind;
	exit_code = info->code;
	bpf_probe_read_kernel_str(exit_text, sizeof(exit_text), info->text);
	bpf_probe_read_kernel_str(exit_dump, sizeof(exit_dump), info->dump);
}

SEC(".struct_ops.link")
struct ioasid_account_ops account_life = {
	.charge = (void *)account_life_charge,
	.init = (void *)account_life_init,
	.exit = (void *)account_life_exit,
	.name = "account_life",
};

char LICENSE[] SEC("license") = "GPL";
