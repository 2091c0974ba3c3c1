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
 * commit.h is what the audit and every floor above policy share.
 */
#include <linux/module.h>

#include "ioas/mapping.h"
#include "pin/domain.h"
#include "pin/iter.h"
#include "policy/account.h"
#include "policy/place.h"
#include "uapi/file.h"

static int __init ioasid_init(void)
{
	int ret;

	ret = ioasid_mapping_init();
	if (ret)
		return ret;
	ret = ioasid_account_init() ?: ioasid_place_init() ?: ioasid_iter_init();
	if (ret) {
		pr_err("ioasid: BPF policies can't be registered (%d)\n", ret);
		goto out_mapping;
	}
	if (!ioasid_slot_has_btf())
		pr_warn("ioasid: this ioasid.ko has no BTF, so BPF policies and tools can't be loaded; build it with pahole and the kernel's vmlinux at hand\n");
	ret = ioasid_file_init();
	if (ret)
		goto out_mapping;
	return 0;

out_mapping:
	ioasid_mapping_exit();
	return ret;
}

static void __exit ioasid_exit(void)
{
	ioasid_file_exit();
	ioasid_slot_drain(&ioasid_account_slot);
	ioasid_slot_drain(&ioasid_place_slot);
	ioasid_domain_exit();
	ioasid_mapping_exit();
}

module_init(ioasid_init);
module_exit(ioasid_exit);

MODULE_DESCRIPTION("Pins process memory once and maps it into I/O address spaces");
MODULE_LICENSE("GPL");
