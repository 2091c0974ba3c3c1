/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between the kernels that ioasid is built for, 6.12 to 7.x; nowhere else does the
 * source ask which kernel it is. Each entry says what changed and when, so that it can go one day.
 */
#ifndef IOASID_COMPAT_H
#define IOASID_COMPAT_H

#include <linux/btf.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/version.h>

/* Trusted arguments became what every kfunc has, and the flag went away, in 7.0. */
#ifndef KF_TRUSTED_ARGS
#define KF_TRUSTED_ARGS 0
#endif

/* The names of symbol namespaces became strings in 6.13. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define IOASID_IMPORT_DMA_BUF MODULE_IMPORT_NS(DMA_BUF)
#else
#define IOASID_IMPORT_DMA_BUF MODULE_IMPORT_NS("DMA_BUF")
#endif

/* VFIO type1's nested translation, which no IOMMU of a PC ever had, went away in 6.13. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define IOASID_VFIO_NESTING(type) ((type) == VFIO_TYPE1_NESTING_IOMMU)
#else
#define IOASID_VFIO_NESTING(type) false
#endif

/* VFIO type1 tells ranges that wrap around from others that are wrong since 6.18. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define IOASID_VFIO_EOVERFLOW EINVAL
#else
#define IOASID_VFIO_EOVERFLOW EOVERFLOW
#endif

/*
 * The bits of an address by which the page table led to this memory of a device. Before 6.15 it
 * didn't tell, and an entry may have been of one page.
 */
static inline unsigned long ioasid_pfnmap_mask(const struct follow_pfnmap_args *args)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
	return PAGE_MASK;
#else
	return args->addr_mask;
#endif
}

#endif /* IOASID_COMPAT_H */
