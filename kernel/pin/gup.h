/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_PIN_GUP_H
#define IOASID_PIN_GUP_H

#include "pin/run.h"

struct mm_struct;

int ioasid_gup(struct mm_struct *mm, struct ioasid_runs *runs, unsigned long va, u64 pages,
	       bool write, u64 *bad);
int ioasid_gup_compare(struct mm_struct *mm, const struct ioasid_runs *runs, unsigned long va,
		       u64 page, u64 pages, bool write, u64 *bad);
bool ioasid_gup_gone(struct mm_struct *mm, const struct ioasid_runs *runs, unsigned long va,
		     u64 page, u64 pages);
void ioasid_gup_release(struct ioasid_runs *runs, bool dirty);

#endif /* IOASID_PIN_GUP_H */
