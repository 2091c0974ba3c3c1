/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Iter: open-coded BPF iterators, for programs of type "syscall" that want to know what there is,
 * and for policies, see kfunc.c. None holds a lock between two calls.
 */
#ifndef IOASID_ITER_ITER_H
#define IOASID_ITER_ITER_H

#include <linux/types.h>

struct ioasid_device_stat;
struct ioasid_domain_stat;
struct ioasid_ioas_stat;
struct ioasid_mapping_stat;
struct ioasid_owner_stat;
struct ioasid_pin_stat;

/* What BPF programs put on their stack. */
struct bpf_iter_ioasid_domain {
	u64 __opaque[1];
} __aligned(8);

struct bpf_iter_ioasid_device {
	u64 __opaque[1];
} __aligned(8);

struct bpf_iter_ioasid_owner {
	u64 __opaque[8];
} __aligned(8);

struct bpf_iter_ioasid_pin {
	u64 __opaque[1];
} __aligned(8);

struct bpf_iter_ioasid_ioas {
	u64 __opaque[1];
} __aligned(8);

struct bpf_iter_ioasid_mapping {
	u64 __opaque[1];
} __aligned(8);

int bpf_iter_ioasid_domain_new(struct bpf_iter_ioasid_domain *it);
const struct ioasid_domain_stat *bpf_iter_ioasid_domain_next(struct bpf_iter_ioasid_domain *it);
void bpf_iter_ioasid_domain_destroy(struct bpf_iter_ioasid_domain *it);

int bpf_iter_ioasid_device_new(struct bpf_iter_ioasid_device *it);
const struct ioasid_device_stat *bpf_iter_ioasid_device_next(struct bpf_iter_ioasid_device *it);
void bpf_iter_ioasid_device_destroy(struct bpf_iter_ioasid_device *it);

int bpf_iter_ioasid_owner_new(struct bpf_iter_ioasid_owner *it);
const struct ioasid_owner_stat *bpf_iter_ioasid_owner_next(struct bpf_iter_ioasid_owner *it);
void bpf_iter_ioasid_owner_destroy(struct bpf_iter_ioasid_owner *it);

int bpf_iter_ioasid_pin_new(struct bpf_iter_ioasid_pin *it, u64 domain);
const struct ioasid_pin_stat *bpf_iter_ioasid_pin_next(struct bpf_iter_ioasid_pin *it);
void bpf_iter_ioasid_pin_destroy(struct bpf_iter_ioasid_pin *it);

int bpf_iter_ioasid_ioas_new(struct bpf_iter_ioasid_ioas *it);
const struct ioasid_ioas_stat *bpf_iter_ioasid_ioas_next(struct bpf_iter_ioasid_ioas *it);
void bpf_iter_ioasid_ioas_destroy(struct bpf_iter_ioasid_ioas *it);

int bpf_iter_ioasid_mapping_new(struct bpf_iter_ioasid_mapping *it, u64 ioas);
const struct ioasid_mapping_stat *bpf_iter_ioasid_mapping_next(struct bpf_iter_ioasid_mapping *it);
void bpf_iter_ioasid_mapping_destroy(struct bpf_iter_ioasid_mapping *it);

#endif /* IOASID_ITER_ITER_H */
