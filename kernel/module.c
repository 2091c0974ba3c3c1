// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioasid: process memory pinned once, mapped into I/O address spaces.
 *
 * The floors, from the top; calls go down only:
 *
 *	uapi	the file and its ioctls: decodes and checks, decides nothing
 *	ioas	address spaces: mappings, placement, tables kept in agreement
 *	table	page tables in hardware format
 *	pin	pins, their domains, the ledger
 *	policy	BPF policies, with the built-in ones that they replace
 *	trace	tracepoints
 *
 * What floors share lies beside them: commit and audit, refusals, event queues, fault points.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "fault.h"
#include "ioas/ioas.h"
#include "kfunc.h"
#include "pin/domain.h"
#include "pin/ledger.h"
#include "policy/account.h"
#include "policy/place.h"
#include "policy/type.h"
#include "uapi/file.h"

static int __init ioasid_init(void)
{
	int ret;

	ret = ioasid_pin_init();
	if (ret)
		return ret;
	ret = ioasid_mapping_init();
	if (ret)
		goto out_pin;
	ret = ioasid_domain_init();
	if (ret)
		goto out_mapping;
	ioasid_pin_stale_hook = ioasid_ioas_stale;
	ioasid_ledger_init();
	ret = ioasid_policy_init();
	if (ret)
		goto out_domain;
	ret = ioasid_account_init() ?: ioasid_place_init() ?: ioasid_kfunc_init();
	if (ret) {
		pr_err("ioasid: BPF policies can't be registered (%d)\n", ret);
		goto out_policy;
	}
	if (!ioasid_type_has_btf())
		pr_warn("ioasid: this ioasid.ko has no BTF, so BPF policies and tools can't be loaded; build it with pahole and the kernel's vmlinux at hand\n");
	ret = ioasid_file_init();
	if (ret)
		goto out_policy;
	return 0;

out_policy:
	ioasid_policy_exit();
out_domain:
	ioasid_domain_exit();
out_mapping:
	ioasid_mapping_exit();
out_pin:
	ioasid_pin_exit();
	return ret;
}

static void __exit ioasid_exit(void)
{
	ioasid_file_exit();
	ioasid_policy_exit();
	ioasid_domain_exit();
	ioasid_mapping_exit();
	ioasid_pin_exit();
	/* Table pages may be waiting for readers. */
	rcu_barrier();
}

/* Ours have fault points as well. fault.c itself is compiled elsewhere, too. */
EXPORT_SYMBOL_GPL(ioasid_faults);
EXPORT_SYMBOL_GPL(ioasid_fault_pass);

module_init(ioasid_init);
module_exit(ioasid_exit);

MODULE_DESCRIPTION("Pins process memory once and maps it into I/O address spaces");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
