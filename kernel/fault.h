/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault: places where an operation can be made to fail, so that a test can see each way back.
 *
 * A test writes N to /sys/module/ioasid/parameters/fail_nth (root only): the N-th place that any
 * task passes from then on fails, as if memory had run out there, once. Reading tells how many are
 * still to be passed: 0 when it has happened, or when nothing was asked for. While nothing is asked
 * for, a place costs a jump that isn't taken.
 */
#ifndef IOASID_FAULT_H
#define IOASID_FAULT_H

#include <linux/jump_label.h>
#include <linux/types.h>

DECLARE_STATIC_KEY_FALSE(ioasid_faults);

bool ioasid_fault_pass(void);

/* Does it fail here? */
static inline bool ioasid_fault(void)
{
	return static_branch_unlikely(&ioasid_faults) && ioasid_fault_pass();
}

#endif /* IOASID_FAULT_H */
