/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An account policy with all that ioasidctl shows: callbacks, constants, and maps of each kind. It
 * grants what the constants do not forbid, and counts.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ioasid.bpf.h"

struct book {
	__u64 pages;
	__s32 delta;
	bool closed;
	char owner[8];
};

struct pair {
	__u64 cgroup;
	__u32 uid;
	__u32 spare;
};

const volatile __u64 limit = 1 << 18;
const volatile __s16 sign = -1;
const volatile __u8 tiny = 3;
const volatile bool strict = true;
const volatile char owner[8] = "nobody";

__u64 charged;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u64);
	__type(value, struct book);
} books SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} each SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, struct pair);
	__type(value, __s32);
} pairs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

static int closed(struct ioasid_charge_request *request)
{
	struct pair pair = { .cgroup = request->cgroup, .uid = request->uid };
	__u64 key = request->cgroup;
	struct book *book = bpf_map_lookup_elem(&books, &key);

	return (book && book->closed) || bpf_map_lookup_elem(&pairs, &pair);
}

SEC("struct_ops/charge")
int BPF_PROG(ctl_books_charge, struct ioasid_charge_request *request)
{
	__u64 event = request->pages, *count;
	__u32 zero = 0;

	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	count = bpf_map_lookup_elem(&counts, &zero);
	if (count)
		__sync_fetch_and_add(count, 1);
	count = bpf_map_lookup_elem(&each, &zero);
	if (count)
		*count += 1;
	if (strict && (closed(request) || request->pages > limit - tiny * sign || !owner[0]))
		return -EDQUOT;
	charged += request->pages;
	return 0;
}

SEC("struct_ops/uncharge")
void BPF_PROG(ctl_books_uncharge, struct ioasid_charge_request *request)
{
	charged -= request->pages;
}

IOASID_ACCOUNT_OPS(ctl_books, .charge = (void *)ctl_books_charge,
		   .uncharge = (void *)ctl_books_uncharge);

char LICENSE[] SEC("license") = "GPL";
