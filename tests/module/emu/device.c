// SPDX-License-Identifier: GPL-2.0-only
/* Emu: see ioasid-emu.h. Everything that a client can do, by ioctl. */
#include "ioasid-emu.h"

#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/ioasid.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "walker.h"

#define PAGES_MAX 4096
#define BYTES_MAX (1 << 20)

struct emu_hold {
	struct list_head link;
	u64 iova;
	u64 length;
	struct page **pages;
};

struct emu {
	struct mutex calls; /* one call at a time */
	struct mutex lock; /* guards the rest */
	struct ioasid_client *client;
	struct list_head holds;
	enum emu_mode mode;
	u32 told;
	u64 told_iova;
	u64 told_length;
	struct emu_walker walk;
};

static void drop(struct emu *emu, struct emu_hold *hold)
{
	WARN_ON(ioasid_client_release(emu->client, hold->iova, hold->length));
	list_del(&hold->link);
	kvfree(hold->pages);
	kfree(hold);
}

static void told_unmap(void *data, u64 iova, u64 length)
{
	struct emu_hold *hold, *next;
	struct emu *emu = data;

	mutex_lock(&emu->lock);
	emu->told++;
	emu->told_iova = iova;
	emu->told_length = length;
	list_for_each_entry_safe(hold, next, &emu->holds, link)
		if (emu->mode == EMU_RELEASE && hold->iova <= iova + length - 1 &&
		    hold->iova + hold->length - 1 >= iova)
			drop(emu, hold);
	mutex_unlock(&emu->lock);
}

static const struct ioasid_client_ops emu_ops = { .unmap = told_unmap };

static int attach(struct emu *emu, struct emu_args *args)
{
	struct ioasid_client *client;
	struct file *file;

	if (emu->client)
		return -EBUSY;
	file = fget(args->fd);
	if (!file)
		return -EBADF;
	client = ioasid_client_open(file, args->ioas_id, &emu_ops, emu);
	fput(file);
	if (IS_ERR(client))
		return PTR_ERR(client);
	emu->client = client;
	return 0;
}

static int detach(struct emu *emu)
{
	struct emu_hold *hold, *next;

	/* Closing releases what is held. */
	ioasid_client_close(emu->client);
	list_for_each_entry_safe(hold, next, &emu->holds, link) {
		kvfree(hold->pages);
		kfree(hold);
	}
	INIT_LIST_HEAD(&emu->holds);
	emu->client = NULL;
	return 0;
}

static int hold_range(struct emu *emu, struct emu_args *args)
{
	struct emu_hold *hold;
	int ret = -ENOMEM;

	if (args->length >> PAGE_SHIFT > PAGES_MAX)
		return -E2BIG;
	hold = kzalloc(sizeof(*hold), GFP_KERNEL);
	if (!hold)
		return -ENOMEM;
	hold->iova = args->iova;
	hold->length = args->length;
	hold->pages =
		kvcalloc(max(args->length >> PAGE_SHIFT, 1), sizeof(*hold->pages), GFP_KERNEL);
	if (hold->pages) {
		mutex_lock(&emu->lock);
		ret = ioasid_client_hold(emu->client, args->iova, args->length, args->access,
					 hold->pages);
		if (!ret)
			list_add(&hold->link, &emu->holds);
		mutex_unlock(&emu->lock);
	}
	if (ret) {
		kvfree(hold->pages);
		kfree(hold);
	}
	return ret;
}

static int release_range(struct emu *emu, struct emu_args *args)
{
	struct emu_hold *hold;
	int ret = -ENOENT;

	mutex_lock(&emu->lock);
	list_for_each_entry(hold, &emu->holds, link) {
		if (hold->iova != args->iova || hold->length != args->length)
			continue;
		drop(emu, hold);
		ret = 0;
		break;
	}
	if (ret)
		ret = ioasid_client_release(emu->client, args->iova, args->length);
	mutex_unlock(&emu->lock);
	return ret;
}

static int move(struct emu *emu, struct emu_args *args, bool write)
{
	void __user *user = u64_to_user_ptr(args->buffer);
	void *buffer;
	int ret;

	if (args->length > BYTES_MAX)
		return -E2BIG;
	buffer = kvzalloc(max(args->length, 1), GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	if (write)
		ret = copy_from_user(buffer, user, args->length) ?
			      -EFAULT :
			      ioasid_client_write(emu->client, args->iova, buffer, args->length);
	else
		ret = ioasid_client_read(emu->client, args->iova, buffer, args->length);
	if (!ret && !write && copy_to_user(user, buffer, args->length))
		ret = -EFAULT;
	kvfree(buffer);
	return ret;
}

static int peek(struct emu *emu, struct emu_args *args, bool poke)
{
	struct emu_hold *hold;
	int ret = -ENOENT;
	u64 *where;

	mutex_lock(&emu->lock);
	hold = list_first_entry_or_null(&emu->holds, struct emu_hold, link);
	if (hold && args->access < hold->length >> PAGE_SHIFT && args->length <= PAGE_SIZE - 8) {
		where = kmap_local_page(hold->pages[args->access]) + args->length;
		if (poke)
			*where = args->buffer;
		else
			args->buffer = *where;
		kunmap_local(where);
		ret = 0;
	}
	mutex_unlock(&emu->lock);
	return ret;
}

static int state(struct emu *emu, struct emu_args *args)
{
	mutex_lock(&emu->lock);
	args->told = emu->told;
	args->iova = emu->told_iova;
	args->length = emu->told_length;
	args->access = list_count_nodes(&emu->holds);
	mutex_unlock(&emu->lock);
	return 0;
}

static int run(struct emu *emu, unsigned int command, struct emu_args *args)
{
	if (command == EMU_ATTACH)
		return attach(emu, args);
	if (!emu->client)
		return -EINVAL;
	switch (command) {
	case EMU_HOLD:
		return hold_range(emu, args);
	case EMU_RELEASE_RANGE:
		return release_range(emu, args);
	case EMU_READ:
		return move(emu, args, false);
	case EMU_WRITE:
		return move(emu, args, true);
	case EMU_MODE:
		emu->mode = args->access;
		return 0;
	case EMU_STATE:
		return state(emu, args);
	case EMU_PEEK:
		return peek(emu, args, false);
	case EMU_POKE:
		return peek(emu, args, true);
	case EMU_DETACH:
		return detach(emu);
	default:
		return -ENOTTY;
	}
}

static long emu_ioctl(struct file *filp, unsigned int command, unsigned long where)
{
	void __user *user = (void __user *)where;
	struct emu *emu = filp->private_data;
	struct emu_args args;
	int ret;

	if (command >= EMU_WALK_OPEN && command <= EMU_WALK_CLOSE) {
		mutex_lock(&emu->calls);
		ret = emu_walker_call(&emu->walk, command, user);
		mutex_unlock(&emu->calls);
		return ret;
	}
	if (copy_from_user(&args, user, sizeof(args)))
		return -EFAULT;
	mutex_lock(&emu->calls);
	ret = run(emu, command, &args);
	mutex_unlock(&emu->calls);
	if (!ret && copy_to_user(user, &args, sizeof(args)))
		return -EFAULT;
	return ret;
}

static int emu_open(struct inode *inode, struct file *filp)
{
	struct emu *emu = kzalloc(sizeof(*emu), GFP_KERNEL);

	if (!emu)
		return -ENOMEM;
	mutex_init(&emu->calls);
	mutex_init(&emu->lock);
	INIT_LIST_HEAD(&emu->holds);
	emu_walker_init(&emu->walk);
	filp->private_data = emu;
	return 0;
}

static int emu_close(struct inode *inode, struct file *filp)
{
	struct emu *emu = filp->private_data;

	if (emu->client)
		detach(emu);
	emu_walker_close(&emu->walk);
	kfree(emu);
	return 0;
}

static const struct file_operations emu_fops = {
	.owner = THIS_MODULE,
	.open = emu_open,
	.release = emu_close,
	.unlocked_ioctl = emu_ioctl,
};

static struct miscdevice emu_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ioasid-emu",
	.fops = &emu_fops,
};
module_misc_device(emu_device);

MODULE_DESCRIPTION("For tests: a device in software, on an address space of /dev/ioasid");
MODULE_LICENSE("GPL");
