/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_PIN_ITER_H
#define IOASID_PIN_ITER_H

#include <linux/types.h>

struct ioasid_domain_stat;

/* What BPF programs put on their stack. */
struct bpf_iter_ioasid_domain {
	u64 __opaque[1];
} __aligned(8);

int bpf_iter_ioasid_domain_new(struct bpf_iter_ioasid_domain *it);
const struct ioasid_domain_stat *bpf_iter_ioasid_domain_next(struct bpf_iter_ioasid_domain *it);
void bpf_iter_ioasid_domain_destroy(struct bpf_iter_ioasid_domain *it);

int ioasid_iter_init(void);

#endif /* IOASID_PIN_ITER_H */
