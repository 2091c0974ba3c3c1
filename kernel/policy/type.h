/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Type: a struct_ops type as the BPF core knows it, and which of our kfuncs its programs may call.
 */
#ifndef IOASID_POLICY_TYPE_H
#define IOASID_POLICY_TYPE_H

#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include <linux/types.h>

bool ioasid_type_has_btf(void);
const struct btf *ioasid_type_btf(void);
int ioasid_type_init(struct btf *btf);
bool ioasid_type_access_ok(int off, int size, enum bpf_access_type type,
			   const struct bpf_prog *prog, struct bpf_insn_access_aux *info);
const struct bpf_func_proto *ioasid_type_func_proto(enum bpf_func_id func,
						    const struct bpf_prog *prog);
int ioasid_type_struct_access(struct bpf_verifier_log *log, const struct bpf_reg_state *reg,
			      int off, int size);

#endif /* IOASID_POLICY_TYPE_H */
