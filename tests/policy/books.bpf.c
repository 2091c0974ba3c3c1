/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An account policy that keeps its own books: how many pages each owner has, from what it is told
 * alone. It adopts who was there before, so the books are right at any time.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

#define EDQUOT 122

struct owner {
	__u64 cgroup;
	__u32 tgid;
	__u32 uid;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct owner);
	__type(value, __s64);
} books SEC(".maps");

/* One charge in so many is refused; 0: none. */
const volatile __u32 refuse_every;

__u64 charges, uncharges, adoptions, refusals;
/* Of pages that it did not know of, and owners that it could not note down. */
__u64 errors;

static void add(struct ioasid_charge_request *request, __s64 pages)
{
	struct owner owner = {
		.cgroup = request->cgroup,
		.tgid = request->tgid,
		.uid = request->uid,
	};
	__s64 zero = 0, *have;

	bpf_map_update_elem(&books, &owner, &zero, BPF_NOEXIST);
	have = bpf_map_lookup_elem(&books, &owner);
	if (!have || __sync_fetch_and_add(have, pages) + pages < 0)
		__sync_fetch_and_add(&errors, 1);
}

SEC("struct_ops/charge")
int BPF_PROG(books_charge, struct ioasid_charge_request *request)
{
	__u64 number = __sync_fetch_and_add(&charges, 1);

	if (refuse_every && number % refuse_every == 0) {
		__sync_fetch_and_add(&refusals, 1);
		return -EDQUOT;
	}
	add(request, request->pages);
	return 0;
}

SEC("struct_ops/uncharge")
void BPF_PROG(books_uncharge, struct ioasid_charge_request *request)
{
	__sync_fetch_and_add(&uncharges, 1);
	add(request, -request->pages);
}

SEC("struct_ops/adopt")
void BPF_PROG(books_adopt, struct ioasid_charge_request *request)
{
	__sync_fetch_and_add(&adoptions, 1);
	add(request, request->pages);
}

SEC(".struct_ops.link")
struct ioasid_account_ops policy = {
	.charge = (void *)books_charge,
	.uncharge = (void *)books_uncharge,
	.adopt = (void *)books_adopt,
	.name = "books",
};

char LICENSE[] SEC("license") = "GPL";
