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
#include <linux/poll.h>
#include <linux/slab.h>

#include "fault.h"
#include "pin/buffer.h"
#include "queue.h"
#include "uapi/ioctl.h"
#include "uapi/object.h"
#include "uapi/policy.h"

static int ioasid_open(struct inode *inode, struct file *filp)
{
	struct ioasid_file *file;

	file = ioasid_fault() ? NULL : kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);
	if (!file)
		return -ENOMEM;
	file->queue = ioasid_queue_alloc();
	if (!file->queue) {
		kfree(file);
		return -ENOMEM;
	}
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
	ioasid_queue_put(file->queue);
	kfree(file);
	return 0;
}

static int wait_for_event(struct file *filp, struct ioasid_queue *queue)
{
	if (filp->f_flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_event_interruptible(queue->ready, !ioasid_queue_empty(queue));
}

/* As many events as there are and the buffer has room for, at least one. */
static ssize_t ioasid_read(struct file *filp, char __user *buffer, size_t size, loff_t *offset)
{
	struct ioasid_file *file = filp->private_data;
	struct ioasid_queue *queue = file->queue;
	struct ioasid_event event;
	ssize_t done = 0;
	int ret;

	if (size < sizeof(event))
		return -EINVAL;
	while (size - done >= sizeof(event)) {
		if (!ioasid_queue_take(queue, &event)) {
			if (done)
				break;
			ret = wait_for_event(filp, queue);
			if (ret)
				return ret;
			continue;
		}
		if (copy_to_user(buffer + done, &event, sizeof(event))) {
			ioasid_queue_give_back(queue, &event);
			return done ?: -EFAULT;
		}
		done += sizeof(event);
	}
	return done;
}

static __poll_t ioasid_poll(struct file *filp, struct poll_table_struct *wait)
{
	struct ioasid_file *file = filp->private_data;

	poll_wait(filp, &file->queue->ready, wait);
	return ioasid_queue_empty(file->queue) ? 0 : EPOLLIN | EPOLLRDNORM;
}

static const struct file_operations ioasid_fops = {
	.owner = THIS_MODULE,
	.open = ioasid_open,
	.release = ioasid_release,
	.unlocked_ioctl = ioasid_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.read = ioasid_read,
	.poll = ioasid_poll,
};

/**
 * ioasid_file_of() - what is behind an open file
 * @filp: any file
 *
 * Return: NULL when it is none of ours.
 */
struct ioasid_file *ioasid_file_of(struct file *filp)
{
	return filp->f_op == &ioasid_fops ? filp->private_data : NULL;
}

static struct miscdevice ioasid_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ioasid",
	.nodename = "ioasid",
	.mode = 0666,
	.fops = &ioasid_fops,
	.groups = ioasid_policy_groups,
};

/**
 * ioasid_file_init() - let user space open /dev/ioasid
 *
 * Return: 0 or a negative errno.
 */
int ioasid_file_init(void)
{
	int ret = misc_register(&ioasid_device);

	if (ret)
		return ret;
	ret = ioasid_buffer_init(ioasid_device.this_device);
	if (ret)
		misc_deregister(&ioasid_device);
	return ret;
}

/**
 * ioasid_file_exit() - undo ioasid_file_init(); no file is open
 */
void ioasid_file_exit(void)
{
	misc_deregister(&ioasid_device);
}
