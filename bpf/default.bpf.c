/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * default - exactly what the built-in policies do, written in BPF.
 *
 * Demonstrates the smallest policies of both kinds in one file, and what a callback that is left
 * out stands for: to change a single decision, begin with this and delete the others.
 *
 *	ioasidctl policy load default.bpf.o
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

#define PAGE (1ULL << 12)
#define MEGA (2ULL << 20)
#define GIGA (1ULL << 30)
#define PIN_MOST (64 * GIGA)

/* The hard limit was asked before; what it permits is granted. */
SEC("struct_ops/charge")
int BPF_PROG(default_charge, struct ioasid_charge_request *request)
{
	return 0;
}

SEC("struct_ops/limit")
u64 BPF_PROG(default_limit, struct ioasid_charge_request *request)
{
	return request->limit_pages;
}

static int find(struct ioasid_place_request *request, __u64 align)
{
	return ioasid_place_find(request, request->first, request->last, align,
				 IOASID_FIND_CONGRUENT);
}

/* The lowest free range, aligned as its memory is when a large entry may fit. */
SEC("struct_ops/place")
int BPF_PROG(default_place, struct ioasid_place_request *request)
{
	if (request->length >= GIGA && !find(request, GIGA))
		return 0;
	if (request->length >= MEGA && request->length < GIGA && !find(request, MEGA))
		return 0;
	return find(request, PAGE);
}

/* One pin, unless it is more than one can be. */
SEC("struct_ops/group")
u64 BPF_PROG(default_group, struct ioasid_group_request *request)
{
	if (request->length <= PIN_MOST)
		return request->length;
	return ((request->va + PIN_MOST) & -GIGA) - request->va;
}

SEC(".struct_ops.link")
struct ioasid_account_ops default_account_ops = {
	.charge = (void *)default_charge,
	.limit = (void *)default_limit,
	.name = "default",
};

SEC(".struct_ops.link")
struct ioasid_place_ops default_place_ops = {
	.place = (void *)default_place,
	.group = (void *)default_group,
	.name = "default",
};

char LICENSE[] SEC("license") = "GPL";
