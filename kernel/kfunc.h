/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_KFUNC_H
#define IOASID_KFUNC_H

#include <linux/types.h>

u64 ioasid_ledger_pages(u32 kind, u64 number);

int ioasid_kfunc_init(void);

#endif /* IOASID_KFUNC_H */
