// SPDX-License-Identifier: GPL-2.0-only
/* /dev/ioasid-pt: see ioasid-pt.h. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "pt/pair.h"

/**
 * struct device_file - an open file
 * @lock: one call at a time
 * @pair: its page tables
 */
struct device_file {
	struct mutex lock;
	struct pair pair;
};

union args {
	struct pt_make make;
	struct pt_map map;
	struct pt_unmap unmap;
	struct pt_look_up look_up;
	struct pt_compare compare;
	struct pt_time time;
};

static int make(struct pair *pair, struct pt_make *args)
{
	pair_free(pair);
	return pair_make(pair, args);
}

static int map(struct pair *pair, const struct pt_map *args)
{
	struct memory memory;
	int ret = memory_get(&memory, args);

	if (ret)
		return ret;
	ret = pair_map_ours(pair, &memory) ?: pair_map_theirs(pair, &memory);
	memory_put(&memory);
	return ret;
}

static int unmap(struct pair *pair, struct pt_unmap *args)
{
	args->ours = pair_unmap_ours(pair, args->iova, args->length);
	args->theirs = peer_unmap(&pair->peer, args->iova, args->length);
	return 0;
}

static int look_up(struct pair *pair, struct pt_look_up *args)
{
	struct ioasid_entry entry = {};

	if (!pair->format->look_up(&pair->root, args->iova, &entry)) {
		args->ours = entry.phys;
		args->left = entry.left;
	} else {
		args->ours = 0;
		args->left = 0;
	}
	args->access = entry.access;
	args->theirs = peer_look_up(&pair->peer, args->iova);
	return 0;
}

static int measure(struct pair *pair, struct pt_time *args)
{
	struct memory memory;
	int ret = memory_get(&memory, &args->map);

	if (ret)
		return ret;
	ret = pair_time(pair, &memory, args);
	memory_put(&memory);
	return ret;
}

static int run(struct pair *pair, unsigned int command, union args *args)
{
	if (command == PT_MAKE)
		return make(pair, &args->make);
	if (!pair->root.page)
		return -EINVAL;
	switch (command) {
	case PT_MAP:
		return map(pair, &args->map);
	case PT_UNMAP:
		return unmap(pair, &args->unmap);
	case PT_LOOK_UP:
		return look_up(pair, &args->look_up);
	case PT_COMPARE:
		pair_compare(pair, &args->compare);
		return 0;
	case PT_TIME:
		return measure(pair, &args->time);
	default:
		return -ENOTTY;
	}
}

static size_t size_of(unsigned int command)
{
	static const u8 sizes[] = {
		[_IOC_NR(PT_MAKE)] = sizeof(struct pt_make),
		[_IOC_NR(PT_MAP)] = sizeof(struct pt_map),
		[_IOC_NR(PT_UNMAP)] = sizeof(struct pt_unmap),
		[_IOC_NR(PT_LOOK_UP)] = sizeof(struct pt_look_up),
		[_IOC_NR(PT_COMPARE)] = sizeof(struct pt_compare),
		[_IOC_NR(PT_TIME)] = sizeof(struct pt_time),
	};

	return _IOC_NR(command) < ARRAY_SIZE(sizes) ? sizes[_IOC_NR(command)] : 0;
}

static long pt_ioctl(struct file *filp, unsigned int command, unsigned long where)
{
	struct device_file *file = filp->private_data;
	void __user *user = (void __user *)where;
	size_t size = size_of(command);
	union args args = {};
	int ret;

	if (command == PT_TICKS)
		return pair_ticks();
	if (copy_from_user(&args, user, size))
		return -EFAULT;
	mutex_lock(&file->lock);
	ret = run(&file->pair, command, &args);
	mutex_unlock(&file->lock);
	if (!ret && copy_to_user(user, &args, size))
		return -EFAULT;
	return ret;
}

static int pt_open(struct inode *inode, struct file *filp)
{
	struct device_file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return -ENOMEM;
	mutex_init(&file->lock);
	filp->private_data = file;
	return 0;
}

static int pt_close(struct inode *inode, struct file *filp)
{
	struct device_file *file = filp->private_data;

	pair_free(&file->pair);
	kfree(file);
	return 0;
}

static const struct file_operations pt_fops = {
	.owner = THIS_MODULE,
	.open = pt_open,
	.release = pt_close,
	.unlocked_ioctl = pt_ioctl,
};

static struct miscdevice pt_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ioasid-pt",
	.fops = &pt_fops,
};

static int __init pt_start(void)
{
	return misc_register(&pt_device);
}

static void __exit pt_stop(void)
{
	misc_deregister(&pt_device);
	/* Tables may still wait to be freed by our code. */
	rcu_barrier();
}

module_init(pt_start);
module_exit(pt_stop);

MODULE_DESCRIPTION("For tests: page tables of ioasid beside those of generic_pt");
MODULE_LICENSE("GPL");
