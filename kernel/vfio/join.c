// SPDX-License-Identifier: GPL-2.0-only
/*
 * Join: a container leaves its address space for one of an open /dev/ioasid (IOASID_VFIO_JOIN);
 * and the other call of ours, that tells why a call was refused (IOASID_VFIO_ERROR).
 *
 * The groups go one by one: a group has to leave before it can enter. Nothing is mapped for them
 * meanwhile, so no device misses anything.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "vfio/container.h"

/* The first versions' sizes are kept. */
static_assert(sizeof(struct ioasid_vfio_join) == 24);
static_assert(sizeof(struct ioasid_error) == 64);

static int copy_in(void *args, size_t size, void __user *user)
{
	u32 given;

	if (get_user(given, (u32 __user *)user))
		return -EFAULT;
	if (given < size)
		return -EINVAL;
	if (given > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(args, size, user, given);
}

static int move_group(struct ioasid_container_group *group, struct ioasid_space *from,
		      struct ioasid_space *to, struct ioasid_error *error)
{
	int ret;

	if (!group->lost)
		ioasid_space_detach_group(from, group->iommu);
	ret = ioasid_space_attach_group(to, group->iommu, error);
	group->lost = ret;
	return ret == -ERANGE || ret == -EEXIST ? -EINVAL : ret;
}

/* All groups or none. */
static int move_groups(struct ioasid_container *container, struct ioasid_space *to)
{
	struct ioasid_container_group *group;
	int ret = 0;

	list_for_each_entry(group, &container->groups, link) {
		ret = move_group(group, container->space, to, &container->why);
		if (ret)
			break;
	}
	if (!ret)
		return 0;
	/* This one left, and those before entered. */
	list_for_each_entry_from_reverse(group, &container->groups, link)
		move_group(group, to, container->space, NULL);
	return ret;
}

static int move(struct ioasid_container *container, struct ioasid_space *to)
{
	int ret;

	if (IS_ERR(to))
		return PTR_ERR(to);
	if (!RB_EMPTY_ROOT(&container->dmas)) {
		container->why.stage = IOASID_STAGE_USE;
		ret = -EBUSY;
	} else {
		ret = move_groups(container, to);
	}
	if (!ret)
		swap(container->space, to);
	ioasid_space_close(to);
	return ret;
}

static int join(struct ioasid_container *container, const struct ioasid_vfio_join *args)
{
	struct file *file;
	int ret;

	if (args->flags)
		return -EOPNOTSUPP;
	file = fget(args->fd);
	if (!file)
		return -EBADF;
	ret = move(container, ioasid_space_open(file, args->ioas_id, container->space));
	fput(file);
	return ret;
}

static int write_error(const struct ioasid_error *error, void __user *user)
{
	struct ioasid_error copy = *error;
	u32 size;

	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < sizeof(copy))
		return -EINVAL;
	copy.size = size;
	return copy_to_user(user, &copy, sizeof(copy)) ? -EFAULT : 0;
}

/**
 * ioasid_container_join() - IOASID_VFIO_JOIN
 * @container: the container
 * @user: user address of a struct ioasid_vfio_join
 *
 * Return: 0 or a negative errno.
 */
long ioasid_container_join(struct ioasid_container *container, void __user *user)
{
	struct ioasid_vfio_join args;
	struct ioasid_error error;
	int ret;

	ret = copy_in(&args, sizeof(args), user);
	if (ret)
		return ret;
	mutex_lock(&container->lock);
	ret = ioasid_container_note(container, join(container, &args));
	error = container->error;
	mutex_unlock(&container->lock);
	/* The errno stays what it is when the reason can't be told. */
	if (ret && args.error && write_error(&error, u64_to_user_ptr(args.error)))
		return ret;
	return ret;
}

/**
 * ioasid_container_error() - IOASID_VFIO_ERROR
 * @container: the container
 * @user: user address of a struct ioasid_error
 *
 * Return: 0 or a negative errno.
 */
long ioasid_container_error(struct ioasid_container *container, void __user *user)
{
	struct ioasid_error error;
	int ret;

	ret = copy_in(&error, sizeof(error), user);
	if (ret)
		return ret;
	mutex_lock(&container->lock);
	error = container->error;
	mutex_unlock(&container->lock);
	return write_error(&error, user);
}
