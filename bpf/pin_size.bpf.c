/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pin_size - memory is pinned in pieces of a set size.
 *
 * Demonstrates group(): pins end at multiples of pin_bytes, so that ranges that overlap share most
 * of their pins, and what is unmapped in part is let go in part. No place() is there, and the
 * built-in policy decides where mappings go.
 *
 *	ioasidctl policy load pin_size.bpf.o --set pin_bytes=16M
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

#define EINVAL 22

#define PAGE (1ULL << 12)
#define GIGA (1ULL << 30)
#define PIN_MOST (64 * GIGA)

/* A power of two of bytes. */
const volatile __u64 pin_bytes = 2 << 20;

SEC("struct_ops/group")
u64 BPF_PROG(pin_size_group, struct ioasid_group_request *request)
{
	__u64 rest = pin_bytes - (request->va & (pin_bytes - 1));

	return rest < request->length ? rest : request->length;
}

SEC("struct_ops/init")
int BPF_PROG(pin_size_init)
{
	bool ok = pin_bytes >= PAGE && pin_bytes <= PIN_MOST && !(pin_bytes & (pin_bytes - 1));

	return ok ? 0 : -EINVAL;
}

SEC(".struct_ops.link")
struct ioasid_place_ops pin_size = {
	.group = (void *)pin_size_group,
	.init = (void *)pin_size_init,
	.name = "pin_size",
};

char LICENSE[] SEC("license") = "GPL";
