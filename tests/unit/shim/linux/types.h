/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's types, for sources of kernel/ that are compiled in user space. */
#ifndef SHIM_LINUX_TYPES_H
#define SHIM_LINUX_TYPES_H

#include <asm/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define __aligned_u64 __u64 __attribute__((aligned(8)))

typedef unsigned long long u64;
typedef long long s64;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint8_t u8;

#endif
