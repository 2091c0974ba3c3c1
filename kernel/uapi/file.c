// SPDX-License-Identifier: GPL-2.0-only
/*
 * File: /dev/ioasid. An open file has a set of objects; its last close gives all of them back.
 *
 * Any process that has the file open may use it; what it pins is its own memory, charged to itself.
 * The device is open to all users (0666): what they may pin is limited by RLIMIT_MEMLOCK and
 * policies, and the kernel memory that it takes is charged to their memory cgroup.
 */
#include "uapi/file.h"

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "policy/account.h"
#include "policy/place.h"
#include "uapi/ioctl.h"
#include "uapi/object.h"

static int ioasid_open(struct inode *inode, struct file *filp)
{
	struct ioasid_file *file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);

	if (!file)
		return -ENOMEM;
	xa_init_flags(&file->objects, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	filp->private_data = file;
	return 0;
}

static int ioasid_release(struct inode *inode, struct file *filp)
{
	struct ioasid_file *file = filp->private_data;
	struct ioasid_object *object;
	unsigned long id;

	xa_for_each(&file->objects, id, object) {
		xa_erase(&file->objects, id);
		ioasid_object_put(object);
	}
	xa_destroy(&file->objects);
	if (file->domain)
		ioasid_domain_put(file->domain);
	kfree(file);
	return 0;
}

static const struct file_operations ioasid_fops = {
	.owner = THIS_MODULE,
	.open = ioasid_open,
	.release = ioasid_release,
	.unlocked_ioctl = ioasid_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static ssize_t account_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return ioasid_slot_show(&ioasid_account_slot, buf);
}
static DEVICE_ATTR_RO(account);

static ssize_t place_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return ioasid_slot_show(&ioasid_place_slot, buf);
}
static DEVICE_ATTR_RO(place);

static struct attribute *policy_attrs[] = {
	&dev_attr_account.attr,
	&dev_attr_place.attr,
	NULL,
};

static const struct attribute_group policy_group = {
	.name = "policy",
	.attrs = policy_attrs,
};

static const struct attribute_group *ioasid_groups[] = {
	&policy_group,
	NULL,
};

static struct miscdevice ioasid_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ioasid",
	.nodename = "ioasid",
	.mode = 0666,
	.fops = &ioasid_fops,
	.groups = ioasid_groups,
};

/**
 * ioasid_file_init() - let user space open /dev/ioasid
 *
 * Return: 0 or a negative errno.
 */
int ioasid_file_init(void)
{
	return misc_register(&ioasid_device);
}

/**
 * ioasid_file_exit() - undo ioasid_file_init(); no file is open
 */
void ioasid_file_exit(void)
{
	misc_deregister(&ioasid_device);
}
