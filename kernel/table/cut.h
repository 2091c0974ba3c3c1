/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cut: where the entries lie that iommu_map() made, so where a range can be cut without taking an
 * entry away that the rest needs.
 *
 * iommu_map() goes through a range and takes the largest entry each time that the place, the memory
 * and what is left of the range allow; as many of them as come before a larger one fits are one
 * piece, which it hands to the driver in one call. So the pieces can be computed. What is left and
 * right of a cut at an entry's end has the same entries when it is computed alone.
 *
 * This header and cut.c also compile in user space, for the unit tests.
 */
#ifndef IOASID_TABLE_CUT_H
#define IOASID_TABLE_CUT_H

#include <linux/types.h>

bool ioasid_cut_fits(u64 sizes, bool whole, u64 iova, u64 phys, u64 length, u64 offset);

#endif /* IOASID_TABLE_CUT_H */
