// SPDX-License-Identifier: GPL-2.0-only
/* Fault: see fault.h. */
#include "fault.h"

#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

DEFINE_STATIC_KEY_FALSE(ioasid_faults);
static atomic_t places_left;

/**
 * ioasid_fault_pass() - a place is passed
 *
 * Return: true when this is the one that fails.
 */
bool ioasid_fault_pass(void)
{
	return atomic_read(&places_left) > 0 && atomic_dec_return(&places_left) == 0;
}

static int fail_nth_set(const char *value, const struct kernel_param *param)
{
	unsigned int n;
	int ret = kstrtouint(value, 0, &n);

	if (ret || n > INT_MAX)
		return ret ?: -ERANGE;
	atomic_set(&places_left, n);
	if (n)
		static_branch_enable(&ioasid_faults);
	else
		static_branch_disable(&ioasid_faults);
	return 0;
}

static int fail_nth_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%d\n", max(atomic_read(&places_left), 0));
}

static const struct kernel_param_ops fail_nth_ops = {
	.set = fail_nth_set,
	.get = fail_nth_get,
};
module_param_cb(fail_nth, &fail_nth_ops, NULL, 0600);
MODULE_PARM_DESC(fail_nth, "for tests: the n-th place that can fail does, once; 0: none");
