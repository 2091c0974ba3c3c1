/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a BPF program includes to use ioasid, after vmlinux.h and bpf_helpers.h: the types that the
 * module's BTF has and vmlinux.h has not, and the kfuncs. include/linux/ioasid_policy.h,
 * ioasid_stat.h and ioasid_event.h say what the fields mean.
 *
 * The structures are matched to the running module field by field (CO-RE), so a program needs to be
 * compiled once only.
 */
#ifndef __IOASID_BPF_H
#define __IOASID_BPF_H

#define IOASID_NAME_LEN 16

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Policies. */

struct ioasid_charge_request {
	__u64 pages;
	__u64 mm_pages;
	__u64 user_pages;
	__u64 cgroup_pages;
	__u64 limit_pages;
	__u64 cgroup;
	__u32 tgid;
	__u32 uid;
};

struct ioasid_account_ops {
	int (*charge)(struct ioasid_charge_request *request);
	void (*uncharge)(struct ioasid_charge_request *request);
	char name[IOASID_NAME_LEN];
};

struct ioasid_place_request {
	__u64 length;
	__u64 va;
	__u64 iova;
	__u64 first;
	__u64 last;
	__u64 ioas;
	__u32 tgid;
};

struct ioasid_place_ops {
	int (*place)(struct ioasid_place_request *request);
	char name[IOASID_NAME_LEN];
};

/* Live objects. */

struct ioasid_domain_stat {
	__u64 domain;
	__u64 pins;
	__u64 pinned;
	__u64 charged;
	__u64 limit;
	__u64 mappings;
	__u64 mapped;
	__u64 shared;
	__u64 runs;
	__u64 stale;
	__u64 cgroup;
	__u32 tgid;
	__u32 uid;
	char comm[16];
	bool exited;
};

/*
 * Events, the argument of tp_btf/ioasid_pin and so on. The pointer is never NULL, but the verifier
 * wants to see that of the arguments of a module's tracepoints: begin with "if (!event) return 0;".
 */

struct ioasid_event_pin {
	__u64 domain;
	__u64 pin;
	__u64 va;
	__u64 pages;
	__u64 runs;
	__u64 reused;
	__u64 total_ns;
	__u64 charge_ns;
	__u64 gup_ns;
	__u32 tgid;
	__s32 ret;
	bool write;
};

struct ioasid_event_unpin {
	__u64 domain;
	__u64 pin;
	__u64 va;
	__u64 pages;
	__u64 runs;
	__u64 lived_ns;
	__u64 total_ns;
	__u32 tgid;
	bool stale;
};

struct ioasid_event_charge {
	__u64 domain;
	__u64 cgroup;
	__u64 pages;
	__u64 used;
	__u64 limit;
	__u32 tgid;
	__u32 uid;
	__s32 ret;
	const char *policy;
};

struct ioasid_event_map {
	__u64 ioas;
	__u64 iova;
	__u64 va;
	__u64 pages;
	__u64 pins;
	__u64 runs;
	__u64 reused;
	__u64 total_ns;
	__u64 pin_ns;
	__u64 policy_ns;
	__u64 place_ns;
	__u64 table_ns;
	__u32 tgid;
	__s32 ret;
	const char *policy;
};

struct ioasid_event_unmap {
	__u64 ioas;
	__u64 iova;
	__u64 pages;
	__u64 unmapped;
	__u64 total_ns;
	__u64 place_ns;
	__u64 table_ns;
	__u64 flush_ns;
	__u64 pin_ns;
	__u32 tgid;
	__s32 ret;
};

#pragma clang attribute pop

/*
 * Search downward from the highest IOVA instead of upward from the lowest; find an IOVA that is
 * congruent with the request's va modulo align, instead of a multiple of align.
 */
#define IOASID_FIND_TOP_DOWN (1ULL << 0)
#define IOASID_FIND_CONGRUENT (1ULL << 1)

/*
 * In a place callback: store an IOVA of the policy's own choice as the answer. The fields of a
 * request are for reading.
 */
extern void ioasid_place_at(struct ioasid_place_request *request, __u64 iova) __ksym;

/*
 * In a place callback: find a free range for the request and store it as the answer. The range lies
 * within [first, last] and starts at a multiple of align (bytes, a power of two of at least a
 * page), or as the flags say. Returns 0, -ENOSPC when there is none, or -EINVAL.
 */
extern int ioasid_place_find(struct ioasid_place_request *request, __u64 first, __u64 last,
			     __u64 align, __u64 flags) __ksym;

/*
 * In a program of type "syscall": walk all pin domains.
 *
 *	struct bpf_iter_ioasid_domain it;
 *	const struct ioasid_domain_stat *stat;
 *
 *	bpf_iter_ioasid_domain_new(&it);
 *	while ((stat = bpf_iter_ioasid_domain_next(&it)))
 *		...
 *	bpf_iter_ioasid_domain_destroy(&it);
 */
struct bpf_iter_ioasid_domain {
	__u64 __opaque[1];
} __attribute__((aligned(8)));

extern int bpf_iter_ioasid_domain_new(struct bpf_iter_ioasid_domain *it) __ksym;
extern const struct ioasid_domain_stat *
bpf_iter_ioasid_domain_next(struct bpf_iter_ioasid_domain *it) __ksym;
extern void bpf_iter_ioasid_domain_destroy(struct bpf_iter_ioasid_domain *it) __ksym;

#endif /* __IOASID_BPF_H */
