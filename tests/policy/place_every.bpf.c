/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A place policy that calls all that it may, wherever it may.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

/* The verifier wants a text that is on the stack. */
#define GIVE_UP(kind, why)                                             \
	do {                                                           \
		char text[] = why;                                     \
                                                                       \
		ioasid_##kind##_error(request, text, sizeof(text), 1); \
	} while (0)

/* By place(): what the address space has, by the kfunc and by the iterators; by group(): pins. */
__u64 usage_mappings, ioas_mappings, mappings, pins, domains, ledger;

static __u64 walk_mappings(__u64 ioas)
{
	struct bpf_iter_ioasid_mapping it;
	__u64 n = 0;

	bpf_iter_ioasid_mapping_new(&it, ioas);
	while (bpf_iter_ioasid_mapping_next(&it))
		n++;
	bpf_iter_ioasid_mapping_destroy(&it);
	return n;
}

static __u64 counted_mappings(__u64 number)
{
	const struct ioasid_ioas_stat *ioas;
	struct bpf_iter_ioasid_ioas it;
	__u64 n = 0;

	bpf_iter_ioasid_ioas_new(&it);
	while ((ioas = bpf_iter_ioasid_ioas_next(&it)))
		if (ioas->ioas == number)
			n = ioas->mappings;
	bpf_iter_ioasid_ioas_destroy(&it);
	return n;
}

SEC("struct_ops.s/place")
int BPF_PROG(place_every_place, struct ioasid_place_request *request)
{
	struct ioasid_place_search search = {
		.first = request->first,
		.last = request->last,
		.length = request->length,
		.align = 4096,
	};
	struct ioasid_place_usage usage = {};

	ioasid_place_usage(request, &usage);
	usage_mappings = usage.mappings;
	ioas_mappings = counted_mappings(request->ioas);
	mappings = walk_mappings(request->ioas);
	ledger = ioasid_ledger_pages(IOASID_OWNER_PROCESS, request->tgid);
	if (!request->length)
		GIVE_UP(place, "place");
	ioasid_place_at(request, 0);
	if (ioasid_place_search(request, &search))
		return -1;
	return ioasid_place_find(request, request->first, request->last, 4096, 0);
}

SEC("struct_ops.s/group")
__u64 BPF_PROG(place_every_group, struct ioasid_group_request *request)
{
	const struct ioasid_domain_stat *domain;
	struct bpf_iter_ioasid_domain it;
	struct bpf_iter_ioasid_pin jt;

	domains = 0;
	bpf_iter_ioasid_domain_new(&it);
	while ((domain = bpf_iter_ioasid_domain_next(&it)))
		domains += domain->domain == request->domain;
	bpf_iter_ioasid_domain_destroy(&it);
	pins = 0;
	bpf_iter_ioasid_pin_new(&jt, request->domain);
	while (bpf_iter_ioasid_pin_next(&jt))
		pins++;
	bpf_iter_ioasid_pin_destroy(&jt);
	if (!request->length)
		GIVE_UP(group, "group");
	return request->length;
}

SEC(".struct_ops.link")
struct ioasid_place_ops place_every = {
	.place = (void *)place_every_place,
	.group = (void *)place_every_group,
	.name = "place_every",
};

char LICENSE[] SEC("license") = "GPL";
