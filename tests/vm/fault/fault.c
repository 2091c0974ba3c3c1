// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault - does wrong on purpose, one way for each value of what=, so that the self-tests of the VM
 * runner can see that it is noticed.
 */

#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static char *what = "";
module_param(what, charp, 0);
MODULE_PARM_DESC(what, "warn, bug, refcount, leak or lock");

static DEFINE_SPINLOCK(lock_a);
static DEFINE_SPINLOCK(lock_b);

static noinline void lose_memory(void)
{
	int i;

	for (i = 0; i < 8; i++) {
		void *lost = kmalloc(512, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(lost);
	}
}

/* One order, then the other: no deadlock, but lockdep knows that there could be one. */
static void lock_both_ways(void)
{
	spin_lock(&lock_a);
	spin_lock(&lock_b);
	spin_unlock(&lock_b);
	spin_unlock(&lock_a);
	spin_lock(&lock_b);
	spin_lock(&lock_a);
	spin_unlock(&lock_a);
	spin_unlock(&lock_b);
}

static int __init fault_init(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	if (!strcmp(what, "warn"))
		WARN_ON(1);
	else if (!strcmp(what, "bug"))
		BUG();
	else if (!strcmp(what, "refcount"))
		refcount_inc(&count);
	else if (!strcmp(what, "leak"))
		lose_memory();
	else if (!strcmp(what, "lock"))
		lock_both_ways();
	else
		return -EINVAL;
	return 0;
}
module_init(fault_init);

static void __exit fault_exit(void)
{
}
module_exit(fault_exit);

MODULE_DESCRIPTION("ioasid: wrong on purpose, for the VM runner's self-tests");
MODULE_LICENSE("GPL");
