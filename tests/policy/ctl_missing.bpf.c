/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A place policy that calls what no module has; with ask set it asks first.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

struct ioasid_account_ops___later {
	int (*later)(void);
} __attribute__((preserve_access_index));

enum ioasid_exit_kind___later {
	IOASID_EXIT_LATER___later = 99,
};

extern int ioasid_place_nonsense(struct ioasid_place_request *request) __ksym __weak;

const volatile bool ask = false;

SEC("struct_ops/place")
int BPF_PROG(ctl_missing_place, struct ioasid_place_request *request)
{
	if (ask && !ioasid_has_kfunc(ioasid_place_nonsense) &&
	    !ioasid_has_field(struct ioasid_account_ops___later, later) &&
	    ioasid_has_field(struct ioasid_place_request, node) &&
	    !ioasid_has_enum_value(enum ioasid_exit_kind___later, IOASID_EXIT_LATER___later) &&
	    ioasid_enum_value(enum ioasid_exit_kind, IOASID_EXIT_LENGTH) == 4)
		return ioasid_place_find(request, request->first, request->last, 4096, 0);
	return ioasid_place_nonsense(request);
}

IOASID_PLACE_OPS(ctl_missing, .place = (void *)ctl_missing_place);

char LICENSE[] SEC("license") = "GPL";
