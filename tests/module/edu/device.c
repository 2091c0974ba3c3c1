// SPDX-License-Identifier: GPL-2.0-only
/* The driver of edu devices behind /dev/ioasid-edu: see ../ioasid-edu.h. */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ioasid.h>
#include <linux/iommu.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../edu.h"
#include "../ioasid-edu.h"

#define EDUS 8

/* A device; it may be attached several times, by as many files. */
struct edu {
	struct mutex lock; /* one DMA at a time; guards regs */
	struct pci_dev *pci; /* NULL: there is none of this number */
	void __iomem *regs;
};

/* An open file. */
struct edu_file {
	struct mutex lock; /* one call at a time */
	struct edu *edu; /* attached, else NULL */
	struct ioasid_device *device;
};

static struct edu edus[EDUS];
static unsigned int edus_count;

static int attach(struct edu_file *ours, const struct edu_attach *args)
{
	struct ioasid_device *device;
	struct file *file;

	if (ours->edu)
		return -EBUSY;
	if (args->device >= edus_count)
		return -EINVAL;
	file = fget(args->fd);
	if (!file)
		return -EBADF;
	device = ioasid_device_attach(file, args->ioas_id, &edus[args->device].pci->dev);
	fput(file);
	if (IS_ERR(device))
		return PTR_ERR(device);
	ours->device = device;
	ours->edu = &edus[args->device];
	return 0;
}

static int detach(struct edu_file *ours)
{
	if (!ours->edu)
		return -EINVAL;
	ioasid_device_detach(ours->device);
	ours->edu = NULL;
	return 0;
}

static int move(struct edu_file *ours, const struct edu_dma *dma)
{
	int ret;

	if (!ours->edu || !dma->length || dma->offset >= EDU_BUFFER_SIZE ||
	    dma->length > EDU_BUFFER_SIZE - dma->offset)
		return -EINVAL;
	mutex_lock(&ours->edu->lock);
	ret = edu_move(ours->edu->regs, dma->iova, dma->length, dma->offset, dma->write);
	mutex_unlock(&ours->edu->lock);
	return ret;
}

static int about(struct edu_about *args)
{
	struct iommu_group *group = iommu_group_get(&edus[0].pci->dev);

	args->devices = edus_count;
	args->group = group ? iommu_group_id(group) : 0;
	strscpy(args->name, pci_name(edus[0].pci));
	iommu_group_put(group);
	return 0;
}

static int run(struct edu_file *ours, unsigned int command, void *args)
{
	switch (command) {
	case EDU_ABOUT:
		return about(args);
	case EDU_ATTACH:
		return attach(ours, args);
	case EDU_DETACH:
		return detach(ours);
	case EDU_DMA:
		return move(ours, args);
	default:
		return -ENOTTY;
	}
}

static long edu_ioctl(struct file *filp, unsigned int command, unsigned long where)
{
	void __user *user = (void __user *)where;
	struct edu_file *ours = filp->private_data;
	unsigned int size = _IOC_SIZE(command);
	void *args = kzalloc(max(size, 1U), GFP_KERNEL);
	int ret;

	if (!args)
		return -ENOMEM;
	if (_IOC_DIR(command) & _IOC_WRITE && copy_from_user(args, user, size)) {
		kfree(args);
		return -EFAULT;
	}
	mutex_lock(&ours->lock);
	ret = run(ours, command, args);
	mutex_unlock(&ours->lock);
	if (!ret && _IOC_DIR(command) & _IOC_READ && copy_to_user(user, args, size))
		ret = -EFAULT;
	kfree(args);
	return ret;
}

static int edu_open(struct inode *inode, struct file *filp)
{
	struct edu_file *ours = kzalloc(sizeof(*ours), GFP_KERNEL);

	if (!ours)
		return -ENOMEM;
	mutex_init(&ours->lock);
	filp->private_data = ours;
	return 0;
}

static int edu_close(struct inode *inode, struct file *filp)
{
	struct edu_file *ours = filp->private_data;

	detach(ours);
	kfree(ours);
	return 0;
}

static const struct file_operations edu_fops = {
	.owner = THIS_MODULE,
	.open = edu_open,
	.release = edu_close,
	.unlocked_ioctl = edu_ioctl,
};

static struct miscdevice edu_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ioasid-edu",
	.fops = &edu_fops,
};

static int edu_probe(struct pci_dev *pci, const struct pci_device_id *id)
{
	struct edu *edu = &edus[edus_count];
	int ret;

	if (edus_count == EDUS)
		return -ENOSPC;
	ret = pcim_enable_device(pci);
	if (ret)
		return ret;
	edu->regs = pcim_iomap(pci, 0, 0);
	if (!edu->regs)
		return -ENOMEM;
	mutex_init(&edu->lock);
	edu->pci = pci;
	pci_set_master(pci);
	edus_count++;
	return 0;
}

static void edu_remove(struct pci_dev *pci)
{
	pci_clear_master(pci);
}

static const struct pci_device_id edu_ids[] = { { PCI_DEVICE(EDU_VENDOR, EDU_DEVICE) }, {} };

static struct pci_driver edu_driver = {
	.name = "ioasid-edu",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
	.driver.suppress_bind_attrs = true,
	.driver_managed_dma = true,
};

static int __init edu_init(void)
{
	int ret = pci_register_driver(&edu_driver);

	if (ret)
		return ret;
	ret = edus_count ? misc_register(&edu_misc) : -ENODEV;
	if (ret)
		pci_unregister_driver(&edu_driver);
	return ret;
}

static void __exit edu_exit(void)
{
	misc_deregister(&edu_misc);
	pci_unregister_driver(&edu_driver);
}

module_init(edu_init);
module_exit(edu_exit);
MODULE_DESCRIPTION("For tests: edu devices that do DMA by address spaces of /dev/ioasid");
MODULE_LICENSE("GPL");
