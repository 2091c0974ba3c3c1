/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All about one row: its cells, what it had pinned before, and what it was refused.
 */
#ifndef IOASID_TOP_DETAILS_H
#define IOASID_TOP_DETAILS_H

#include "page.h"
#include "table.h"

/**
 * details_write - write it anew
 * @kind: of the row
 * @id: of the row
 */
void details_write(struct page *page, const struct snapshot *snapshot, enum kind kind, uint64_t id,
		   const struct style *style);

/**
 * details_write_refusals - write what was refused, whoever it was
 */
void details_write_refusals(struct page *page, const struct snapshot *snapshot);

#endif /* IOASID_TOP_DETAILS_H */
