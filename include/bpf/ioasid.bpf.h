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
#define IOASID_DEVICE_LEN 32
#define IOASID_EXIT_TEXT_LEN 128
#define IOASID_EXIT_DUMP_LEN 256

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Policies. */

enum ioasid_exit_kind {
	IOASID_EXIT_NONE = 0,
	IOASID_EXIT_UNREGISTERED = 1,
	IOASID_EXIT_ERRNO = 2,
	IOASID_EXIT_IOVA = 3,
	IOASID_EXIT_LENGTH = 4,
	IOASID_EXIT_OPERATOR = 5,
	IOASID_EXIT_SYSFS = 6,
	IOASID_EXIT_TIMEOUT = 7,
	IOASID_EXIT_ERROR = 8,
};

struct ioasid_exit_info {
	__s64 code;
	__u32 kind;
	char text[IOASID_EXIT_TEXT_LEN];
	char dump[IOASID_EXIT_DUMP_LEN];
};

enum ioasid_owner_kind {
	IOASID_OWNER_PROCESS = 0,
	IOASID_OWNER_USER = 1,
	IOASID_OWNER_CGROUP = 2,
	IOASID_OWNER_ALL = 3,
};

struct ioasid_charge_request {
	__u64 pages;
	__u64 mm_pages;
	__u64 user_pages;
	__u64 cgroup_pages;
	__u64 limit_pages;
	__u64 cgroup;
	__u32 tgid;
	__u32 uid;
	__u64 domain;
};

struct ioasid_account_ops {
	int (*charge)(struct ioasid_charge_request *request);
	void (*uncharge)(struct ioasid_charge_request *request);
	void (*adopt)(struct ioasid_charge_request *request);
	__u64 (*limit)(struct ioasid_charge_request *request);
	int (*init)(void);
	void (*exit)(struct ioasid_exit_info *info);
	char name[IOASID_NAME_LEN];
	__u64 flags;
	__u32 timeout_ms;
};

struct ioasid_place_request {
	__u64 length;
	__u64 va;
	__u64 iova;
	__u64 first;
	__u64 last;
	__u64 ioas;
	__u32 tgid;
	__s32 node;
	__u64 contiguous;
	__u64 flags;
};

struct ioasid_place_search {
	__u64 first;
	__u64 last;
	__u64 length;
	__u64 align;
	__u64 skew;
	__u64 flags;
};

struct ioasid_place_usage {
	__u64 mappings;
	__u64 mapped;
	__u64 tables;
};

struct ioasid_group_request {
	__u64 va;
	__u64 length;
	__u32 tgid;
	__u32 write;
	__u64 domain;
};

struct ioasid_place_ops {
	int (*place)(struct ioasid_place_request *request);
	__u64 (*group)(struct ioasid_group_request *request);
	int (*init)(void);
	void (*exit)(struct ioasid_exit_info *info);
	char name[IOASID_NAME_LEN];
	__u64 flags;
	__u32 timeout_ms;
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
	__u8 source;
	__u64 metadata;
	__u64 suspected;
	__u64 rechecked;
	__u64 turned_stale;
	__u64 huge;
};

struct ioasid_device_stat {
	__u64 ioas;
	__u64 table;
	__u64 container;
	__u64 mappings;
	__u64 mapped;
	__u64 sizes;
	__u64 since_ns;
	__u32 group;
	__u32 devices;
	__u32 tgid;
	char comm[16];
	char device[IOASID_DEVICE_LEN];
};

struct ioasid_owner_stat {
	__u64 cgroup;
	__u64 pages;
	__u64 granted;
	__u32 tgid;
	__u32 uid;
};

struct ioasid_pin_stat {
	__u64 pin;
	__u64 va;
	__u64 pages;
	__u64 charged;
	__u64 references;
	__u64 mappings;
	__u64 mapped;
	__u32 flags;
	__u64 runs;
};

struct ioasid_ioas_stat {
	__u64 ioas;
	__u64 mappings;
	__u64 mapped;
	__u64 tables;
	char policy[IOASID_NAME_LEN];
	__u32 tgid;
	char comm[16];
};

struct ioasid_mapping_stat {
	__u64 iova;
	__u64 last;
	__u64 va;
	__u64 pin;
	__u64 pin_offset;
	__u32 flags;
};

/*
 * Events, the argument of tp_btf/ioasid_pin and so on. The pointer is never NULL, but the verifier
 * wants to see that of the arguments of a module's tracepoints: begin with "if (!event) return 0;".
 */

#define IOASID_RUN_SIZES 20

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
	__u32 run_sizes[IOASID_RUN_SIZES];
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
	__u32 reason;
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
	__u32 stage;
	__u32 reason;
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

struct ioasid_event_stale {
	__u64 domain;
	__u64 pin;
	__u64 va;
	__u64 pages;
	__u64 mapped;
	__u32 tgid;
};

struct ioasid_event_table {
	__u64 ioas;
	__u64 table;
	__u64 pages;
	__u64 memory;
	__u64 total_ns;
	__u32 tgid;
	__u32 format;
	__u32 levels;
	__s32 ret;
	__u64 container;
	__u32 group;
	__u32 devices;
	char device[IOASID_DEVICE_LEN];
	__u32 reason;
};

struct ioasid_event_policy {
	__s64 code;
	__u64 asked;
	__u64 refused;
	__u32 action;
	__u32 exit;
	const char *kind;
	const char *policy;
	const char *text;
};

#pragma clang attribute pop

/* Flags of a policy: eject it when it refuses all for timeout_ms; only for who asks by name. */
#define IOASID_POLICY_WATCHDOG (1ULL << 0)
#define IOASID_POLICY_NAMED (1ULL << 1)

/* Flags of a place request: devices may read, may write. */
#define IOASID_PLACE_READ (1ULL << 0)
#define IOASID_PLACE_WRITE (1ULL << 1)

/* Flags of a pin, or a mapping. */
#define IOASID_ENTRY_READ (1U << 0) /* a device may read; a pin always */
#define IOASID_ENTRY_WRITE (1U << 1) /* a device may write */
#define IOASID_ENTRY_RESERVED (1U << 4) /* a reserved range */
#define IOASID_ENTRY_BUSY (1U << 5) /* just being mapped, unmapped or pinned */
#define IOASID_ENTRY_STALE (1U << 6) /* pin: the address has got other memory since */

/*
 * Search downward from the highest IOVA instead of upward from the lowest; find an IOVA that is
 * congruent with the request's va modulo align, instead of a multiple of align; take the smallest
 * of the free ranges that are large enough, of those among the first 1024.
 */
#define IOASID_FIND_TOP_DOWN (1ULL << 0)
#define IOASID_FIND_CONGRUENT (1ULL << 1)
#define IOASID_FIND_BEST_FIT (1ULL << 2)

/* Anywhere: pages charged to a process (tgid), a user (uid) or a cgroup (its id). */
extern __u64 ioasid_ledger_pages(__u32 kind, __u64 number) __ksym __weak;

/*
 * In charge(): say why it is about to refuse: pages used, the limit in pages, and whose these are.
 * Told in struct ioasid_error and by the tracepoint.
 */
extern void ioasid_account_refuse(struct ioasid_charge_request *request, __u64 used, __u64 limit,
				  __u32 by) __ksym __weak;

/* In callbacks with a request: give up. The policy is ejected; the text is in its last exit. */
extern void ioasid_account_error(struct ioasid_charge_request *request, const char *text,
				 __u32 text__sz, __s64 code) __ksym __weak;
extern void ioasid_place_error(struct ioasid_place_request *request, const char *text,
			       __u32 text__sz, __s64 code) __ksym __weak;
extern void ioasid_group_error(struct ioasid_group_request *request, const char *text,
			       __u32 text__sz, __s64 code) __ksym __weak;

/*
 * In place(): store an IOVA of the policy's own choice as the answer. The fields of a request are
 * for reading.
 */
extern void ioasid_place_at(struct ioasid_place_request *request, __u64 iova) __ksym;

/*
 * In place(): find a free range for the request and store it as the answer. The range lies within
 * [first, last] and starts at a multiple of align (bytes, a power of two of at least a page), or as
 * the flags say. Returns 0, -ENOSPC when there is none, or -EINVAL.
 */
extern int ioasid_place_find(struct ioasid_place_request *request, __u64 first, __u64 last,
			     __u64 align, __u64 flags) __ksym;

/* In place(): the same for any free range, which may be longer than what is mapped. */
extern int ioasid_place_search(struct ioasid_place_request *request,
			       const struct ioasid_place_search *search) __ksym __weak;

/* In place(): what the address space has. */
extern void ioasid_place_usage(struct ioasid_place_request *request,
			       struct ioasid_place_usage *usage) __ksym __weak;

/*
 * In a program of type "syscall", and in init() and group() of section struct_ops.s: walk all pin
 * domains.
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

/*
 * In a program of type "syscall": the same, over the devices that are attached to address spaces.
 * Whether the module has these is told by bpf_ksym_exists(bpf_iter_ioasid_device_new).
 */
struct bpf_iter_ioasid_device {
	__u64 __opaque[1];
} __attribute__((aligned(8)));

extern int bpf_iter_ioasid_device_new(struct bpf_iter_ioasid_device *it) __ksym __weak;
extern const struct ioasid_device_stat *
bpf_iter_ioasid_device_next(struct bpf_iter_ioasid_device *it) __ksym __weak;
extern void bpf_iter_ioasid_device_destroy(struct bpf_iter_ioasid_device *it) __ksym __weak;

/*
 * In a program of type "syscall", in init(), and in charge(), uncharge(), adopt() and limit(): over
 * those who have pages charged. Never sleeps.
 */
struct bpf_iter_ioasid_owner {
	__u64 __opaque[8];
} __attribute__((aligned(8)));

extern int bpf_iter_ioasid_owner_new(struct bpf_iter_ioasid_owner *it) __ksym __weak;
extern const struct ioasid_owner_stat *
bpf_iter_ioasid_owner_next(struct bpf_iter_ioasid_owner *it) __ksym __weak;
extern void bpf_iter_ioasid_owner_destroy(struct bpf_iter_ioasid_owner *it) __ksym __weak;

/*
 * In a program of type "syscall", and in init() and group() of section struct_ops.s: over the pins
 * of a domain, by its number.
 */
struct bpf_iter_ioasid_pin {
	__u64 __opaque[1];
} __attribute__((aligned(8)));

extern int bpf_iter_ioasid_pin_new(struct bpf_iter_ioasid_pin *it, __u64 domain) __ksym __weak;
extern const struct ioasid_pin_stat *
bpf_iter_ioasid_pin_next(struct bpf_iter_ioasid_pin *it) __ksym __weak;
extern void bpf_iter_ioasid_pin_destroy(struct bpf_iter_ioasid_pin *it) __ksym __weak;

/*
 * In a program of type "syscall", and in init() and place() of section struct_ops.s: over all
 * address spaces; and over the mappings and reserved ranges of one, by its number.
 */
struct bpf_iter_ioasid_ioas {
	__u64 __opaque[1];
} __attribute__((aligned(8)));

extern int bpf_iter_ioasid_ioas_new(struct bpf_iter_ioasid_ioas *it) __ksym __weak;
extern const struct ioasid_ioas_stat *
bpf_iter_ioasid_ioas_next(struct bpf_iter_ioasid_ioas *it) __ksym __weak;
extern void bpf_iter_ioasid_ioas_destroy(struct bpf_iter_ioasid_ioas *it) __ksym __weak;

struct bpf_iter_ioasid_mapping {
	__u64 __opaque[1];
} __attribute__((aligned(8)));

extern int bpf_iter_ioasid_mapping_new(struct bpf_iter_ioasid_mapping *it,
				       __u64 ioas) __ksym __weak;
extern const struct ioasid_mapping_stat *
bpf_iter_ioasid_mapping_next(struct bpf_iter_ioasid_mapping *it) __ksym __weak;
extern void bpf_iter_ioasid_mapping_destroy(struct bpf_iter_ioasid_mapping *it) __ksym __weak;

#include "ioasid_compat.bpf.h"

#endif /* __IOASID_BPF_H */
