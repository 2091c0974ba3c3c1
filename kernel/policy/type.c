// SPDX-License-Identifier: GPL-2.0-only
/* Type: what all our struct_ops types have in common. */
#include "policy/type.h"

#include <linux/filter.h>

static const struct btf *our_btf;

/**
 * ioasid_type_init() - the core registers a struct_ops type of ours
 * @btf: the module's
 *
 * Without BTF in the module the core succeeds, does nothing, and does not call this.
 */
int ioasid_type_init(struct btf *btf)
{
	our_btf = btf;
	return 0;
}

/**
 * ioasid_type_has_btf() - can BPF policies be loaded?
 *
 * Context: after the types were registered.
 */
bool ioasid_type_has_btf(void)
{
	return our_btf;
}

/**
 * ioasid_type_btf() - the module's BTF, NULL without
 */
const struct btf *ioasid_type_btf(void)
{
	return our_btf;
}

/**
 * ioasid_type_access_ok() - may a policy's program read its arguments like this?
 * @off: offset in the arguments
 * @size: bytes
 * @type: read or write
 * @prog: the program
 * @info: told what the argument is
 */
bool ioasid_type_access_ok(int off, int size, enum bpf_access_type type,
			   const struct bpf_prog *prog, struct bpf_insn_access_aux *info)
{
	if (off < 0 || off >= (int)sizeof(u64) * MAX_BPF_FUNC_ARGS)
		return false;
	if (type != BPF_READ || off % size)
		return false;
	return btf_ctx_access(off, size, type, prog, info);
}

/**
 * ioasid_type_func_proto() - may a policy's program call this helper?
 * @func: the helper
 * @prog: the program
 */
const struct bpf_func_proto *ioasid_type_func_proto(enum bpf_func_id func,
						    const struct bpf_prog *prog)
{
	return bpf_base_func_proto(func, prog);
}

/**
 * ioasid_type_struct_access() - may a policy's program write to what it is given?
 * @log: what the verifier tells its author
 * @reg: the pointer
 * @off: offset
 * @size: bytes
 *
 * Return: -EACCES.
 */
int ioasid_type_struct_access(struct bpf_verifier_log *log, const struct bpf_reg_state *reg,
			      int off, int size)
{
	bpf_log(log,
		"a policy's arguments are for reading; it answers by what it returns, and by ioasid's kfuncs\n");
	return -EACCES;
}
