// SPDX-License-Identifier: GPL-2.0-only
/* The file /dev/ioasid-walk: see ../ioasid-walk.h. */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "walk.h"

/* An open file. */
struct walk {
	struct mutex lock; /* one call at a time */
	struct walk_device *device; /* attached, else NULL */
};

static const struct walk_unit *const units[] = { &walk_vtd, &walk_amdvi, &walk_smmu, &walk_riscv };

static DEFINE_MUTEX(attachments); /* guards what is attached where */
static const struct walk_unit *unit;
static struct walk_device devices[WALK_DEVICES];
static unsigned int devices_count;

/**
 * walk_device_by_source() - whose requests these are
 * @source: requester id
 *
 * Return: number of the device, or ~0.
 */
u32 walk_device_by_source(u16 source)
{
	unsigned int i;

	for (i = 0; i < devices_count; i++)
		if (devices[i].source == source)
			return i;
	return ~0;
}

static void flush(void *data, u64 iova, u64 last)
{
	struct walk_device *device = data;

	device->flushes.iova = iova;
	device->flushes.last = last;
	WRITE_ONCE(device->flushes.count, device->flushes.count + 1);
	if (!READ_ONCE(device->flushes.deaf))
		unit->flush(device, iova, last);
}

static const struct ioasid_walker_ops walker_ops = { .flush = flush };

static bool mode_is_free(u32 mode)
{
	unsigned int i;

	for (i = 0; i < devices_count; i++)
		if (devices[i].walker && devices[i].mode != mode)
			return false;
	return true;
}

/* The walker is open, so that no flush is missed from the first walk on. */
static int attach_walker(struct walk_device *device, struct walk_attach *args)
{
	ioasid_walker_table(device->walker, &device->table);
	args->levels = device->table.levels;
	args->address_bits = device->table.address_bits;
	args->sizes = unit->sizes(args->mode, &device->table);
	if (!args->sizes || args->flags & ~unit->flags)
		return -EOPNOTSUPP;
	device->mode = args->mode;
	device->flags = args->flags;
	return unit->attach(device);
}

static int attach_device(struct walk_device *device, struct walk_attach *args)
{
	struct ioasid_walker *walker;
	struct file *file;
	int ret;

	if (device->walker || !mode_is_free(args->mode))
		return -EBUSY;
	file = fget(args->fd);
	if (!file)
		return -EBADF;
	memset(&device->flushes, 0, sizeof(device->flushes));
	walker = ioasid_walker_open(file, args->table_id, &walker_ops, device);
	fput(file);
	if (IS_ERR(walker))
		return PTR_ERR(walker);
	device->walker = walker;
	ret = attach_walker(device, args);
	if (ret) {
		device->walker = NULL;
		ioasid_walker_close(walker);
	}
	return ret;
}

static int attach(struct walk *walk, struct walk_attach *args)
{
	int ret;

	if (walk->device)
		return -EBUSY;
	if (args->device >= devices_count || args->mode > WALK_SCALABLE)
		return -EINVAL;
	mutex_lock(&attachments);
	ret = attach_device(&devices[args->device], args);
	mutex_unlock(&attachments);
	if (!ret)
		walk->device = &devices[args->device];
	return ret;
}

static int detach(struct walk *walk)
{
	struct walk_device *device = walk->device;

	if (!device)
		return -EINVAL;
	mutex_lock(&attachments);
	unit->detach(device);
	ioasid_walker_close(device->walker);
	device->walker = NULL;
	mutex_unlock(&attachments);
	walk->device = NULL;
	return 0;
}

static int move(struct walk *walk, const struct walk_dma *dma)
{
	if (!walk->device || !dma->length || dma->offset >= WALK_BUFFER ||
	    dma->length > WALK_BUFFER - dma->offset)
		return -EINVAL;
	return walk_edu_dma(walk->device, dma);
}

static int flushes(struct walk *walk, struct walk_flushes *args)
{
	if (!walk->device)
		return -EINVAL;
	WRITE_ONCE(walk->device->flushes.deaf, args->deaf);
	*args = walk->device->flushes;
	return 0;
}

static void about(struct walk_about *args)
{
	args->unit = unit->kind;
	args->devices = devices_count;
	unit->about(args);
}

static int run(struct walk *walk, unsigned int command, void *args)
{
	switch (command) {
	case WALK_ABOUT:
		about(args);
		return 0;
	case WALK_ATTACH:
		return attach(walk, args);
	case WALK_DETACH:
		return detach(walk);
	case WALK_DMA:
		return move(walk, args);
	case WALK_FAULTS:
		unit->faults(args);
		return 0;
	case WALK_FLUSHES:
		return flushes(walk, args);
	default:
		return -ENOTTY;
	}
}

static long walk_ioctl(struct file *filp, unsigned int command, unsigned long where)
{
	void __user *user = (void __user *)where;
	struct walk *walk = filp->private_data;
	unsigned int size = _IOC_SIZE(command);
	void *args = kzalloc(max(size, 1U), GFP_KERNEL);
	int ret;

	if (!args)
		return -ENOMEM;
	if (_IOC_DIR(command) & _IOC_WRITE && copy_from_user(args, user, size)) {
		kfree(args);
		return -EFAULT;
	}
	mutex_lock(&walk->lock);
	ret = run(walk, command, args);
	mutex_unlock(&walk->lock);
	if (!ret && _IOC_DIR(command) & _IOC_READ && copy_to_user(user, args, size))
		ret = -EFAULT;
	kfree(args);
	return ret;
}

static int walk_open(struct inode *inode, struct file *filp)
{
	struct walk *walk = kzalloc(sizeof(*walk), GFP_KERNEL);

	if (!walk)
		return -ENOMEM;
	mutex_init(&walk->lock);
	filp->private_data = walk;
	return 0;
}

static int walk_close(struct inode *inode, struct file *filp)
{
	struct walk *walk = filp->private_data;

	if (walk->device)
		detach(walk);
	kfree(walk);
	return 0;
}

static const struct file_operations walk_fops = {
	.owner = THIS_MODULE,
	.open = walk_open,
	.release = walk_close,
	.unlocked_ioctl = walk_ioctl,
};

static struct miscdevice walk_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ioasid-walk",
	.fops = &walk_fops,
};

static int start_unit(void)
{
	unsigned int i;
	int ret = -ENODEV;

	for (i = 0; i < ARRAY_SIZE(units) && ret == -ENODEV; i++) {
		unit = units[i];
		ret = unit->start();
	}
	return ret;
}

static int __init walk_init(void)
{
	int ret = walk_edu_find(devices);

	if (ret < 0)
		return ret;
	devices_count = ret;
	ret = start_unit();
	if (ret)
		goto release;
	ret = misc_register(&walk_device);
	if (ret)
		goto stop;
	return 0;
stop:
	unit->stop();
release:
	walk_edu_release(devices, devices_count);
	return ret;
}

static void __exit walk_exit(void)
{
	misc_deregister(&walk_device);
	unit->stop();
	walk_edu_release(devices, devices_count);
}

module_init(walk_init);
module_exit(walk_exit);
MODULE_DESCRIPTION("For tests: IOMMUs that walk page tables of /dev/ioasid");
MODULE_LICENSE("GPL");
