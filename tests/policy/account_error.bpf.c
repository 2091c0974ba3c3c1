/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An account policy that reports an error of its own, in the callback that the test chooses.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

enum where { CHARGE, UNCHARGE, ADOPT, LIMIT };

__u32 where;
/* What charge() returns. */
int answer;

static void report(struct ioasid_charge_request *request, enum where here)
{
	char text[] = "the books\ndo not balance";

	if (where == here)
		ioasid_account_error(request, text, sizeof(text), -4711);
}

SEC("struct_ops/charge")
int BPF_PROG(account_error_charge, struct ioasid_charge_request *request)
{
	report(request, CHARGE);
	return answer;
}

SEC("struct_ops/uncharge")
void BPF_PROG(account_error_uncharge, struct ioasid_charge_request *request)
{
	report(request, UNCHARGE);
}

SEC("struct_ops/adopt")
void BPF_PROG(account_error_adopt, struct ioasid_charge_request *request)
{
	report(request, ADOPT);
}

SEC("struct_ops/limit")
__u64 BPF_PROG(account_error_limit, struct ioasid_charge_request *request)
{
	report(request, LIMIT);
	return 1;
}

SEC(".struct_ops.link")
struct ioasid_account_ops account_error = {
	.charge = (void *)account_error_charge,
	.uncharge = (void *)account_error_uncharge,
	.adopt = (void *)account_error_adopt,
	.limit = (void *)account_error_limit,
	.name = "account_error",
};

char LICENSE[] SEC("license") = "GPL";
