/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the keys do, and what the columns mean.
 */
#ifndef IOASID_TOP_HELP_H
#define IOASID_TOP_HELP_H

#include "page.h"
#include "table.h"

/**
 * help_write - write it anew
 * @view: whose columns
 */
void help_write(struct page *page, enum view view);

#endif /* IOASID_TOP_HELP_H */
