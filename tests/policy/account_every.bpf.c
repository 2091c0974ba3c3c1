/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An account policy that calls all that it may, wherever it may.
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

/* Owners seen by each callback, and by init() besides domains, pins, address spaces, mappings. */
__u64 seen_charge, seen_uncharge, seen_adopt, seen_limit, seen_init;
__u64 domains, pins, ioases, mappings;

static __u64 owners(void)
{
	struct bpf_iter_ioasid_owner it;
	__u64 n = 0;

	bpf_iter_ioasid_owner_new(&it);
	while (bpf_iter_ioasid_owner_next(&it))
		n++;
	bpf_iter_ioasid_owner_destroy(&it);
	return n;
}

SEC("struct_ops/charge")
int BPF_PROG(account_every_charge, struct ioasid_charge_request *request)
{
	seen_charge = owners();
	/* The accounts have the pages that are asked for already. */
	if (ioasid_ledger_pages(IOASID_OWNER_PROCESS, request->tgid) !=
	    request->mm_pages + request->pages)
		GIVE_UP(account, "ledger");
	ioasid_account_refuse(request, 0, 0, IOASID_OWNER_USER);
	return 0;
}

SEC("struct_ops/uncharge")
void BPF_PROG(account_every_uncharge, struct ioasid_charge_request *request)
{
	seen_uncharge = owners();
	if (!request->pages)
		GIVE_UP(account, "uncharge");
}

SEC("struct_ops/adopt")
void BPF_PROG(account_every_adopt, struct ioasid_charge_request *request)
{
	seen_adopt = owners();
	if (!request->pages)
		GIVE_UP(account, "adopt");
}

SEC("struct_ops/limit")
__u64 BPF_PROG(account_every_limit, struct ioasid_charge_request *request)
{
	seen_limit = owners();
	if (!request->pages)
		GIVE_UP(account, "limit");
	return ioasid_ledger_pages(IOASID_OWNER_USER, request->uid) + 1000;
}

static void walk_pins(__u64 domain)
{
	struct bpf_iter_ioasid_pin it;

	bpf_iter_ioasid_pin_new(&it, domain);
	while (bpf_iter_ioasid_pin_next(&it))
		pins++;
	bpf_iter_ioasid_pin_destroy(&it);
}

static void walk_mappings(__u64 ioas)
{
	struct bpf_iter_ioasid_mapping it;

	bpf_iter_ioasid_mapping_new(&it, ioas);
	while (bpf_iter_ioasid_mapping_next(&it))
		mappings++;
	bpf_iter_ioasid_mapping_destroy(&it);
}

SEC("struct_ops.s/init")
int BPF_PROG(account_every_init)
{
	const struct ioasid_domain_stat *domain;
	const struct ioasid_ioas_stat *ioas;
	struct bpf_iter_ioasid_domain it;
	struct bpf_iter_ioasid_ioas jt;

	seen_init = owners();
	bpf_iter_ioasid_domain_new(&it);
	while ((domain = bpf_iter_ioasid_domain_next(&it))) {
		domains++;
		walk_pins(domain->domain);
	}
	bpf_iter_ioasid_domain_destroy(&it);
	bpf_iter_ioasid_ioas_new(&jt);
	while ((ioas = bpf_iter_ioasid_ioas_next(&jt))) {
		ioases++;
		walk_mappings(ioas->ioas);
	}
	bpf_iter_ioasid_ioas_destroy(&jt);
	return 0;
}

SEC(".struct_ops.link")
struct ioasid_account_ops account_every = {
	.charge = (void *)account_every_charge,
	.uncharge = (void *)account_every_uncharge,
	.adopt = (void *)account_every_adopt,
	.limit = (void *)account_every_limit,
	.init = (void *)account_every_init,
	.name = "account_every",
};

char LICENSE[] SEC("license") = "GPL";
