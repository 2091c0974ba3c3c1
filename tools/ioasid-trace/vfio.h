/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The backend for the kernel's own vfio_iommu_type1.
 */
#ifndef IOASID_TRACE_VFIO_H
#define IOASID_TRACE_VFIO_H

#include "tracer.h"

extern const struct backend backend_vfio;

#endif /* IOASID_TRACE_VFIO_H */
