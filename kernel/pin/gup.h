/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_PIN_GUP_H
#define IOASID_PIN_GUP_H

#include "pin/run.h"

int ioasid_gup(struct ioasid_runs *runs, unsigned long va, u64 pages, bool write, u64 *bad);
int ioasid_gup_compare(const struct ioasid_runs *runs, unsigned long va, bool write);
void ioasid_gup_release(struct ioasid_runs *runs, bool dirty);

#endif /* IOASID_PIN_GUP_H */
